"""The help of the program and of its tools, held against what they take."""

import json
import re
import shlex
import sys
from pathlib import Path

import pytest
from support.commands import Typed
from tinylytics_mcp import cli
from tinylytics_tools.catalogue import ALL_TOOLS
from tinylytics_tools.tool import ApiTool


@pytest.mark.parametrize("tool", ALL_TOOLS, ids=lambda tool: tool.name)
def test_the_help_of_a_tool_names_each_argument_and_an_example_that_works(
    tool: ApiTool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tinylytics_mcp.logs.configure", lambda: None)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "hits.json").write_text(json.dumps([{"path": "/hello"}]))
    assert cli.main(["call", tool.name, "--help"]) == 0
    told = capsys.readouterr().out
    assert tool.description in told
    named = re.findall(r"^  (\w+) +(?:required; )?\S", told.partition("arguments:")[2], re.MULTILINE)
    assert [name for name in named if name != "none"] == list(tool.parameters["properties"])
    program, *typed = shlex.split(told.splitlines()[-1])
    assert program == "tinylytics-mcp"
    assert cli.main(typed) == 0
    assert capsys.readouterr().out


def test_help_without_a_tool_is_that_of_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        cli.main(["call", "--help"])
    assert "name=@file.json" in capsys.readouterr().out


def test_what_a_call_lacks_is_told_and_nothing_that_it_does_not(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        cli.main(["call"])
    assert capsys.readouterr().err.endswith("error: the following arguments are required: TOOL\n")


@pytest.mark.parametrize("typed", [["tools", "--demo"], ["demo"]])
def test_forty_columns_are_enough(typed: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Typed()
    monkeypatch.setattr("tinylytics_mcp.logs.configure", lambda: None)
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("NO_COLOR", "1")
    assert cli.main(typed) == 0
    shown = screen.getvalue()
    lines = shown[: shown.rfind("In all ") if typed == ["demo"] else None].splitlines()  # then come lines to be typed
    assert max(map(len, lines)) <= 40
    assert len(lines) < 120


def test_tools_tell_what_they_take_where_asked(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["tools", "--demo", "--verbose"]) == 0
    lines = capsys.readouterr().out.splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("rank_traffic "))
    assert lines[at + 1].startswith("  dimension   required; path, referrer, ")
    assert "  limit       a number from 1 to 50." in lines
    arguments = [line for line in lines if line.startswith("  ") and line != "  none"]
    assert len(arguments) == sum(len(tool.parameters["properties"]) for tool in ALL_TOOLS)
