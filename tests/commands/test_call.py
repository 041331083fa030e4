"""A deletion from a terminal: the person is asked, and a script brings the code."""

import io
import sys

import pytest
from support.commands import Typed
from tinylytics_mcp import cli

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
