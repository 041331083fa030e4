"""Text for people in a terminal, and the same text plain for programs."""

import io
import os
import re
from itertools import product
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len
from support.client import NOW, connect
from support.properties import examples
from tinylytics_mcp.fake_api import FakeApi
from tinylytics_mcp.rendering import shortened
from tinylytics_mcp.terminal import Terminal, for_person
from tinylytics_tools import failures

ANSWER: dict[str, Any] = {
    "headline": "2835 hits on “Blog 2835”, 2026-10-31 to 2026-11-29; +1419 against 1416",
    "complete": True,
    "notes": [],
    "visitor_data": None,
    "next_step": None,
    "requests_used": 9,
    "requests_left": 891,
    "stored_s": None,
    "hits": 2835,
    "change": 1419,
    "earlier_hits": 1416,
}
COLOUR = re.compile("\x1b\\[[0-9;]*m")


class Screen(io.TextIOWrapper):
    """A stream that says it is a terminal."""

    def __init__(self, encoding: str = "utf-8") -> None:
        super().__init__(io.BytesIO(), encoding=encoding, errors="replace", newline="\n")

    def isatty(self) -> bool:
        """Yes."""
        return True


@pytest.fixture(autouse=True)
def _narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    _resize(monkeypatch, 60)


def _resize(monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("LINES", "20")


def shown(answer: dict[str, Any], encoding: str = "utf-8") -> str:
    """Return what a terminal shows of an answer, without its colours."""
    return COLOUR.sub("", "\n".join(Terminal(Screen(encoding)).answer("the text half", answer)))


def table(columns: list[str], *rows: list[Any], of: int | None = None) -> dict[str, Any]:
    """Return a table of an answer."""
    return {"columns": columns, "rows": list(rows), "of": of or len(rows), "next_offset": None}


def test_a_pipe_gets_the_text_as_it_is() -> None:
    out = Terminal(io.StringIO())
    text = "pages: 2 of 2\npath\thits\n/a\t10\n/longer\t2\n\nrequests: 1 used"
    assert "\n".join(out.answer(text, ANSWER)) == text
    assert out.answer("a\n\nb", None, margin="  | ") == ["  | a", "  |", "  | b"]
    assert out.wrapped("word " * 100, first="> ") == ["> " + "word " * 100]
    assert out.strong("x") + out.faint("x") + out.accent("x") + out.warning("x") == "xxxx"
    assert out.table(["a", "b"], [["[bold]x", 1]]) == ["a\tb", "[bold]x\t1"]
    out.progress("Reading …")


def test_a_terminal_gets_lines_that_fit_and_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    _resize(monkeypatch, 40)
    out = Terminal(Screen())
    lines = out.wrapped("word " * 20, first="> ", rest="  ")
    assert len(lines) > 1
    assert all(len(line) <= 40 for line in lines)
    assert out.strong("x") == "\x1b[1mx\x1b[0m"


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_colour_can_be_switched_off_and_the_width_stays(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b[" in "\n".join(Terminal(Screen()).answer("", ANSWER))
    monkeypatch.setitem(os.environ, name, value)
    monkeypatch.delenv("LINES")
    assert Terminal(Screen()).strong("x") == "x"
    lines = Terminal(Screen()).answer("", ANSWER | {"pages": table(["path", "hits"], [f"/{'long-' * 20}", 3])})
    assert "\x1b" not in "\n".join(lines)
    assert max(map(len, lines)) <= 60


def test_figures_have_separators_and_names_dates_and_years_do_not() -> None:
    first, second, *_ = shown(ANSWER).splitlines()
    assert f"{first.strip()} {second.strip()}" == (
        "2,835 hits on “Blog 2835”, 2026-10-31 to 2026-11-29; +1,419 against 1,416"
    )
    assert "+1,419" in shown(ANSWER).partition("change")[2]


def test_numbers_stand_to_the_right_and_the_bar_is_as_long_as_its_share() -> None:
    pages = table(["path", "hits", "percent"], ["/", 2000, 66.7], ["/a", 1000, 33.3], ["other", 9000, 0.0], of=9)
    lines = shown(ANSWER | {"pages": pages}).splitlines()
    at = lines.index("Pages  2 of 9")
    assert [line.rstrip() for line in lines[at + 1 : at + 5]] == [
        "path    hits                 %",
        "/      2,000  ██████████  66.7",
        "/a     1,000  █████       33.3",
        "other  9,000               0.0",
    ]


def test_a_bar_is_that_of_what_a_table_is_about() -> None:
    row = ["/a", 10, -5]
    for name, beside in (("ranking", r"/a +10  █{10} +-5"), ("fell", r"/a +10 +-5  █{10}")):
        assert re.search(beside, shown(ANSWER | {name: table(["name", "hits", "change"], row)}))


def test_a_change_is_told_by_its_sign_too() -> None:
    fell = table(["name", "change", "change_percent"], ["/a", -7, -87.5], ["/b", 0, 0.0], ["/c", 3, None])
    drawn = shown(ANSWER | {"fell": fell})
    assert re.search(r"/a +-7  ██████████ +-87\.5", drawn)
    assert re.search(r"/b +0 ", drawn)
    assert re.search(r"/c +\+3  ████▎ +unknown", drawn)


def test_a_chart_stands_in_place_of_the_rows_and_a_spike_is_cut_and_told() -> None:
    days = [[f"2026-11-{day:02}", 50] for day in range(1, 31)]
    days[9][1] = 900
    lines = shown(ANSWER | {"series": table(["day", "hits"], *days)}).splitlines()
    at = lines.index("Hits by day")
    assert lines[at + 1].startswith("150 ")
    assert "█" in lines[at + 1]
    assert lines[at + 1].strip("150 ") == "█"
    assert lines[at + 6].split() == ["█" * 30]
    assert "higher than drawn: 2026-11-10 900" in lines[at + 9]
    assert "2026-11-02" not in "\n".join(lines)


def test_a_long_path_loses_its_middle_and_wide_characters_stay_in_their_columns() -> None:
    long = "/blog/" + "very-" * 30 + "end"
    pages = table(["path", "hits"], [long, 1], ["/日本語の道", 22], ["/é", 333])
    lines = shown(ANSWER | {"pages": pages}).splitlines()
    rows = lines[lines.index("Pages") + 2 :][:3]
    assert rows[0].startswith("/blog/very-")
    assert re.search("…[a-z-]*end +1", rows[0])
    assert len({cell_len(re.sub(r"\D*$", "", row)) for row in rows}) == 1  # where the last digit ends
    assert max(map(cell_len, rows)) <= 60


@given(st.text(max_size=80), st.integers(4, 40))
@example("/日本語" * 9, 9)
@examples(200)
def test_what_is_shortened_fits_and_keeps_what_fits(text: str, width: int) -> None:
    cut = shortened(text, width)
    assert cell_len(cut) <= max(width, 1)
    assert cut == text or cell_len(text) > width


@given(st.text(max_size=60))
@example("[bold red]x[/] [link=https://evil.example]y[/link]")
@example("\x1b]0;title\x07\x1b[2J\x9b31m:smile: \u202e")
@examples(60)
def test_no_value_is_a_command_to_the_terminal_or_markup(value: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NO_COLOR", "1")
        _resize(patch, 300)
        answer = ANSWER | {
            "headline": value,
            "notes": [value],
            "best_content": value,
            "rows": table(["name", "detail"], [value, value]),
        }
        drawn = shown(answer)
        out = Terminal(Screen())
        drawn += "\n".join(out.wrapped(value) + out.table(["a"], [[value]]))
    assert all(character.isprintable() or character == "\n" for character in drawn)
    if value.isascii() and value.isprintable() and value == value.strip() and "  " not in value:
        assert drawn.count(value) >= 6


@pytest.mark.anyio
async def test_every_answer_fits_into_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    async with connect(FakeApi(now=lambda: NOW)) as connected:
        for tool in (await connected.client.list_tools()).tools:
            if tool.annotations is None or not tool.annotations.read_only_hint:
                continue
            given = {"site": "456", "dimension": "path"}
            taken = {name: value for name, value in given.items() if name in tool.input_schema["properties"]}
            answer = await connected.answer(tool.name, **taken)
            for columns, encoding in product((60, 100, 160), ("utf-8", "ascii")):
                _resize(monkeypatch, columns)
                drawn = shown(answer, encoding)
                assert max(map(cell_len, drawn.splitlines())) <= columns, tool.name
                if encoding == "ascii":
                    assert not {*drawn} & {*"█▁…“”·─"}, tool.name


def test_progress_is_one_line_that_is_replaced_and_cleared(monkeypatch: pytest.MonkeyPatch) -> None:
    def written(*texts: str) -> str:
        screen = Screen()
        out = Terminal(screen)
        for text in texts:
            out.progress(text)
        screen.flush()
        assert isinstance(screen.buffer, io.BytesIO)
        return screen.buffer.getvalue().decode()

    assert written("") == ""
    assert written("one", "\x1b[2J", "") == ("\r\x1b[K\x1b[2mone\x1b[0m\r\x1b[K\x1b[2m\ufffd[2J\x1b[0m\r\x1b[K")
    monkeypatch.setenv("TERM", "dumb")
    assert written("one", "") == ""


def test_an_error_of_a_tool_is_told_to_the_one_who_typed() -> None:
    for said in (failures.OWN_KEY.no_key, failures.OWN_KEY.new_key, failures.OWN_KEY.full_key):
        told = for_person(said)
        assert "TINYLYTICS_API_KEY" in told
        assert not any(word in told for word in ("restart", "serve", "The user"))
    assert for_person("The user can switch it on.") == "You can switch it on."
