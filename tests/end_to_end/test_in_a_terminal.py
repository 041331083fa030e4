"""The commands in a real terminal, as a person sees them; piped they are as programs know them."""

import re
from pathlib import Path

from support.processes import (
    NOBODY_LISTENS,
    address_told,
    environment,
    finished,
    in_terminal,
    running,
    state_left,
)
from tinylytics_mcp.fake_api import FULL_ACCESS_KEY
from tinylytics_tools.catalogue import ALL_TOOLS

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


def test_the_demo_is_the_same_in_a_terminal_and_in_a_pipe(tmp_path: Path) -> None:
    env = environment(tmp_path, TINYLYTICS_READ_ONLY="1", TINYLYTICS_SITE="not of the demo", FORCE_COLOR="1")
    piped, shown = finished("demo", env=env), in_terminal("demo", env=env, columns=80)
    assert (piped.status, piped.err, shown.status) == (0, "", 0)
    assert "\x1b" not in piped.out
    plain = COLOUR.sub("", shown.out)
    assert [line.rstrip() for line in plain.splitlines()] == [line.rstrip() for line in piped.out.splitlines()]
    assert not state_left(tmp_path)


def test_the_record_of_writes_goes_only_when_that_was_agreed_to(tmp_path: Path) -> None:
    env = environment(tmp_path, TINYLYTICS_API_KEY=FULL_ACCESS_KEY, TINYLYTICS_BASE_URL=NOBODY_LISTENS)
    declined, agreed = (in_terminal("forget", "all", env=env, typed=typed) for typed in ("n\n", "y\n"))
    assert declined.status == 1
    assert "nothing was removed." in declined.out
    assert agreed.status == 0
    assert "0 recorded writes removed" in agreed.out
