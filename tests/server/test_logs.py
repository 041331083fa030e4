"""What reaches stderr when something breaks: where, and nothing of what was said."""

import logging
from collections.abc import Generator

import pytest
from tinylytics_mcp import logs


@pytest.fixture(autouse=True)
def _as_before() -> Generator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def test_a_crash_is_told_by_its_place_and_type_only(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure()
    try:
        int("what a visitor wrote: tly-fa-canary")
    except ValueError:
        logging.getLogger("any").exception("the tool %r failed", "list_hits")
    said = capsys.readouterr().err
    assert "canary" not in said
    assert "visitor" not in said
    assert "the tool 'list_hits' failed" in said
    assert "test_logs.py" in said
    assert "ValueError" in said


def test_chained_crashes_do_not_bring_their_texts(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure()
    try:
        try:
            int("canary-1")
        except ValueError as error:
            raise RuntimeError("canary-2") from error
    except RuntimeError:
        logging.getLogger("any").exception("failed", stack_info=True)
    assert "canary" not in capsys.readouterr().err


def test_addresses_and_refusals_that_are_told_at_info_are_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure()
    for name in ("httpx2", "mcp.server.mcpserver.server", "uvicorn.error"):
        logging.getLogger(name).info("GET https://tinylytics.app/api/v1/sites?path=/secret")
    assert capsys.readouterr() == ("", "")


def test_a_message_stays_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure()
    logging.getLogger("any").warning("a\nb\x1b[31m%s", "x" * 1000)
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "\x1b" not in said
    assert len(said) < 310


def test_strangers_requests_are_not_repeated(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure()
    logging.getLogger("mcp.server.sse").warning("Could not find session for ID: evil.example")
    assert capsys.readouterr().err == ""
