"""Text for people in a terminal, and the same text plain for programs."""

import io
import os

import pytest
from tinylytics_mcp.terminal import Terminal, for_person
from tinylytics_tools import failures


class Screen(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Yes."""
        return True


@pytest.fixture(autouse=True)
def _narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("LINES", "20")


def test_a_pipe_gets_the_text_as_it_is() -> None:
    out = Terminal(io.StringIO())
    text = "pages: 2 of 2\npath\thits\n/a\t10\n/longer\t2\n\nrequests: 1 used"
    assert "\n".join(out.answer(text)) == text
    assert out.answer("a\n\nb", margin="  | ") == ["  | a", "  |", "  | b"]
    assert out.wrapped("word " * 100, first="> ") == ["> " + "word " * 100]
    assert out.strong("x") + out.faint("x") + out.accent("x") + out.warning("x") == "xxxx"


def test_a_terminal_gets_columns_lines_that_fit_and_colour() -> None:
    out = Terminal(Screen())
    text = "pages: 2 of 2\npath\thits\n/a\t10\n/longer\t2\n\nrequests: 1 used"
    assert "\n".join(out.answer(text)) == "pages: 2 of 2\npath     hits\n/a       10\n/longer  2\n\nrequests: 1 used"
    assert out.answer("note: " + "word " * 10, margin="| ") == [
        "| note: word word word word word word",
        "|   word word word word",
    ]
    lines = out.wrapped("word " * 20, first="> ", rest="  ")
    assert len(lines) > 1
    assert all(len(line) <= 40 for line in lines)
    assert out.strong("x") == "\x1b[1mx\x1b[0m"


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_colour_can_be_switched_off(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, name, value)
    assert Terminal(Screen()).strong("x") == "x"


def test_an_error_of_a_tool_is_told_to_the_one_who_typed() -> None:
    for said in (failures.NO_KEY, failures.BAD_KEY, failures.FULL_KEY_NEEDED):
        told = for_person(said)
        assert "TINYLYTICS_API_KEY" in told
        assert not any(word in told for word in ("restart", "serve", "The user"))
    assert for_person("The user can switch it on.") == "You can switch it on."
