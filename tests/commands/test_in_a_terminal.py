"""The commands in a real terminal, as a person sees them; piped they are as programs know them."""

import json
import re
import shlex
from pathlib import Path

import pytest
from support.processes import address_told, environment, finished, in_terminal, running
from tinylytics_mcp import cli
from tinylytics_mcp.fake_api import FULL_ACCESS_KEY
from tinylytics_tools.catalogue import ALL_TOOLS
from tinylytics_tools.tool import ApiTool

COLOUR = re.compile("\x1b\\[[0-9;]*[mK]")


def test_a_call_shows_a_chart_and_a_pipe_gets_every_row(tmp_path: Path) -> None:
    env = environment(tmp_path)
    call = ("call", "summarize_traffic", "site=example.com", "--demo")
    piped = finished(*call, env=env).out
    shown = in_terminal(*call, env=env, columns=60)
    assert "\x1b" not in piped
    assert len(re.findall(r"^\d{4}-\d\d-\d\d\t\d+$", piped, re.MULTILINE)) == 30
    plain = COLOUR.sub("", shown.out)
    assert "Hits by day" in plain
    assert "█" in plain
    hits = re.findall(r"^hits: (\d+)$", piped, re.MULTILINE)
    assert f"{int(hits[0]):,} hits on “My Blog”" in plain
    assert max(len(line.rpartition("\r")[2]) for line in plain.splitlines()) <= 60
    assert shown.status == 0


def test_colour_and_blocks_are_left_out_where_they_cannot_be_shown(tmp_path: Path) -> None:
    env = environment(tmp_path, TERM="dumb", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    shown = in_terminal("call", "rank_traffic", "dimension=path", "site=example.com", "--demo", env=env).out
    assert shown.isascii()
    assert "\x1b" not in shown
    assert re.search(r"/blog +\d+ +#+", shown)


def test_an_error_names_the_program_in_red_and_fits(tmp_path: Path) -> None:
    shown = in_terminal("call", "rank_traffic", "dimension=no", "--demo", env=environment(tmp_path), columns=60)
    assert shown.status == 1
    assert "\x1b[31mtinylytics-mcp:\x1b[0m Invalid arguments. dimension:" in shown.out
    assert max(map(len, COLOUR.sub("", shown.out).splitlines())) <= 60


def test_a_long_read_tells_how_far_it_is_and_clears_the_line(tmp_path: Path) -> None:
    shown = in_terminal("call", "get_overview", "--demo", env=environment(tmp_path)).out
    first = shown.partition("3 sites")[0]
    assert re.search(r"\r\x1b\[K\x1b\[2mReading: \d+ answers read …\x1b\[0m", first)
    assert re.search(r"\r\x1b\[K(\x1b\[1m)?[\d,]+ hits on $", first)


def test_tools_and_writes_and_tokens_are_tables_in_a_terminal(tmp_path: Path) -> None:
    env = environment(tmp_path, TINYLYTICS_TOKENS_FILE=str(tmp_path / "tokens.json"))
    listed = COLOUR.sub("", in_terminal("tools", "--demo", env=env, columns=60).out)
    assert [line.split()[0] for line in listed.splitlines() if line[0] != " "] == [tool.name for tool in ALL_TOOLS]
    assert max(map(len, listed.splitlines())) <= 60
    assert finished("token", "add", "alice", "--access", "read_only", env=env).status == 0
    assert finished("token", "list", env=env).out.startswith("alice\tread_only\tthe key of the server\t")
    shown = COLOUR.sub("", in_terminal("token", "list", env=env).out)
    assert [line.split()[0] for line in shown.splitlines()] == ["name", "alice"]
    assert finished("token", "revoke", "alice", env=env).status == 0
    assert in_terminal("token", "list", env=env).status == 0
    with running("fake-api", "--port", "0", env=env) as service:
        base_url = f"{address_told(service)}/api/v1"
        env |= {"TINYLYTICS_BASE_URL": base_url, "TINYLYTICS_API_KEY": FULL_ACCESS_KEY}
        assert finished("call", "create_kudo", "site=456", "path=/[bold]x", env=env).status == 0
    written = COLOUR.sub("", in_terminal("writes", env=env, columns=120).out)
    assert re.search(r"Z +done +create_kudo +456 +1 +/%5Bbold%5Dx", written)


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


def test_tools_tell_what_they_take_where_asked(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["tools", "--demo", "--verbose"]) == 0
    lines = capsys.readouterr().out.splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("rank_traffic "))
    assert lines[at + 1].startswith("  dimension   required; path, referrer, ")
    assert "  limit       a number from 1 to 50." in lines
    arguments = [line for line in lines if line.startswith("  ") and line != "  none"]
    assert len(arguments) == sum(len(tool.parameters["properties"]) for tool in ALL_TOOLS)
