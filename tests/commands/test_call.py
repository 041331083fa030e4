"""A deletion from a terminal: the person is asked, and a script brings the code."""

import io
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
from support.commands import Typed
from tinylytics_mcp import cli
from tinylytics_mcp.fake_api import READ_ONLY_KEY
from tinylytics_mcp.hosts import key_file

DELETE = ["call", "delete_kudo", "--demo", "site=example.com", "uid=test-kudo-1"]


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tinylytics_mcp.logs.configure", lambda: None)
    for name in ("TINYLYTICS_READ_ONLY", "TINYLYTICS_TIME_ZONE"):
        monkeypatch.delenv(name, raising=False)


def at_a_terminal(monkeypatch: pytest.MonkeyPatch, typed: str) -> io.StringIO:
    """Type this; what is shown on stderr."""
    screen = Typed()
    monkeypatch.setattr(sys, "stdin", Typed(typed))
    monkeypatch.setattr(sys, "stderr", screen)
    return screen


def test_a_person_who_says_yes_deletes(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    screen = at_a_terminal(monkeypatch, "y\n")
    assert cli.main(DELETE) == 0
    assert "Delete the kudo “test-kudo-1” on /hello of “My Blog”" in screen.getvalue()
    assert screen.getvalue().endswith("[y/N] ")
    assert capsys.readouterr().out.startswith("Deleted the kudo “test-kudo-1”")


@pytest.mark.parametrize("typed", ["n\n", "\n", "", "yeah\n"])
def test_anything_else_deletes_nothing(
    typed: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    at_a_terminal(monkeypatch, typed)
    cli.main(DELETE)
    assert "Deleted" not in capsys.readouterr().out


def test_ctrl_c_ends_at_the_question_and_deletes_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    waited: list[str] = []

    class Waiting(Typed):
        def readline(self, *_: Any) -> str:
            signal.raise_signal(signal.SIGINT)
            waited.append("a terminal waits on for a line")
            return "y\n"

    at_a_terminal(monkeypatch, "")
    monkeypatch.setattr(sys, "stdin", Waiting("y\n"))
    assert cli.main(DELETE) == 0
    assert waited == []
    assert capsys.readouterr().out.startswith("Nothing was deleted: the user did not agree.")


def test_the_key_that_install_keeps_is_used_in_a_terminal_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("TINYLYTICS_STATE_DIR", str(tmp_path))
    key_file().parent.mkdir(parents=True)
    key_file().write_text(READ_ONLY_KEY)
    key_file().chmod(0o600)
    assert cli.main(["forget", "replies"]) == 0
    assert capsys.readouterr().out == "0 stored answers removed\n"
    monkeypatch.setenv("TINYLYTICS_API_KEY", "of another form")
    assert cli.main(["forget", "replies"]) == 2


def test_a_script_deletes_by_the_code_of_its_first_call(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TINYLYTICS_STATE_KEY", "k" * 32)
    assert cli.main(DELETE) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("Nothing was deleted yet. What would go: the kudo “test-kudo-1” on /hello of “My Blog”")
    code = next(line.removeprefix("code: ") for line in shown.splitlines() if line.startswith("code: "))
    assert cli.main([*DELETE, "confirm=test-kudo-1"]) == 0
    assert capsys.readouterr().out.startswith("Nothing was deleted: confirm is not the code")
    assert cli.main([*DELETE, f"confirm={code}"]) == 0
    assert capsys.readouterr().out.startswith("Deleted the kudo “test-kudo-1”")
