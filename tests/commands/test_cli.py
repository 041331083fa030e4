"""The commands as they are typed: what they print, where, and the exit status."""

import gc
import json
import os
import signal
import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path

import pytest
from support.processes import address_told, environment, finished, running
from tinylytics_mcp import cli, settings
from tinylytics_mcp.version import VERSION
from tinylytics_tools.access import Access
from tinylytics_tools.catalogue import ALL_TOOLS, tools_for

HEAVY = ("mcp", "pydantic", "httpx2", "starlette", "anyio", "tinylytics_tools")


@pytest.mark.parametrize(("option", "told"), [("--version", f"tinylytics-mcp {VERSION}"), ("--help", "COMMAND")])
def test_the_version_and_the_help_are_told_without_loading_the_sdk(option: str, told: str, tmp_path: Path) -> None:
    code = (
        "import sys\nfrom tinylytics_mcp.cli import main\n"
        "try: main(sys.argv[1:])\nexcept SystemExit as end: print(end.code)\n"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    command = [sys.executable, "-c", code, option]
    env = environment(tmp_path)
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)  # noqa: S603 - our own code
    assert told in done.stdout
    assert done.stdout.endswith("0\n[]\n")


def test_a_server_starts_without_what_only_terminals_need(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom tinylytics_mcp.cli import main\nmain(sys.argv[1:])\n"
        "print([name for name, module in sys.modules.items() if module and name.partition('.')[0] == 'rich'])"
    )
    command = [sys.executable, "-c", code, "serve", "--demo"]
    env = environment(tmp_path)
    done = subprocess.run(command, env=env, input="", capture_output=True, text=True, check=True)  # noqa: S603 - our own code
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_every_setting_is_in_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        cli.main(["--help"])
    told = capsys.readouterr().out
    names = {value for value in vars(settings).values() if isinstance(value, str) and value.startswith("TINYLYTICS_")}
    assert len(names) == 9
    assert all(name in told for name in names)


def test_garbage_is_collected_again_once_a_command_is_loaded(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["tools", "--demo"]) == 0
    assert capsys.readouterr().out
    assert gc.isenabled()


def test_a_call_prints_the_answer_and_nothing_else(tmp_path: Path) -> None:
    done = finished("call", "list_sites", "--demo", env=environment(tmp_path))
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith("3 sites")
    assert "complete: yes" in done.out


def test_a_bad_setting_ends_the_server_with_status_two_and_one_line(tmp_path: Path) -> None:
    done = finished(env=environment(tmp_path, TINYLYTICS_READ_ONLY="perhaps"))
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith("tinylytics-mcp: TINYLYTICS_READ_ONLY takes")
    assert done.err.count("\n") == 1


def test_the_stand_in_can_be_asked_on_its_port(tmp_path: Path) -> None:
    with running("fake-api", "--port", "0", env=environment(tmp_path)) as process:
        connection = HTTPConnection(address_told(process).removeprefix("http://"), timeout=5)
        connection.request("GET", "/api/v1/me", headers={"Authorization": "Bearer tly-ro-fake-api"})
        assert json.loads(connection.getresponse().read())["api_key"]["access_type"] == "read_only"
        connection.close()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=2) == 0


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """Lets a command run in this process, without settings and without its logs."""
    for name in [name for name in os.environ if name.startswith("TINYLYTICS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv(settings.STATE_DIR, str(tmp_path / "state"))
    monkeypatch.setattr("tinylytics_mcp.logs.configure", lambda: None)
    return monkeypatch


@pytest.mark.parametrize("typed", [["tools"], ["call", "list_sites", "--demo"], ["serve", "--transport", "http"]])
def test_a_bad_setting_ends_every_other_command_alike(
    typed: list[str], here: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    here.setenv(settings.READ_ONLY, "perhaps")
    assert cli.main(typed) == 2
    assert capsys.readouterr().err.startswith("tinylytics-mcp: TINYLYTICS_READ_ONLY takes")


def test_a_proxy_that_cannot_be_used_is_a_bad_setting_and_is_not_shown(
    here: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    here.setenv("HTTPS_PROXY", "socks5://user:canary@127.0.0.1:1")
    here.setenv("NO_PROXY", "")
    assert cli.main(["call", "list_sites"]) == 2
    err = capsys.readouterr().err
    assert "proxy" in err
    assert "canary" not in err


@pytest.mark.usefixtures("here")
def test_json_is_the_structured_half_as_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["call", "rank_traffic", "--json", "dimension=path", "site=example.com", "limit=3", "--demo"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["site"] == "My Blog"
    assert len(answer["rows"]["rows"] if "rows" in answer else answer["ranking"]["rows"]) == 4


@pytest.mark.usefixtures("here")
def test_a_value_can_come_from_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "hits.json"
    file.write_text('[{"path": "/from-a-file"}]')
    assert cli.main(["call", "create_hits", "site=example.com", f"hits=@{file}", "dry_run=true", "--demo"]) == 0
    assert "1" in capsys.readouterr().out.splitlines()[0]


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (["call", "list_site"], "did you mean list_sites"),
        (["call", "zzz"], "`tinylytics-mcp tools` lists them"),
        (["call", "list_sites", "limit"], "name=value"),
        (["call", "list_sites", "=3"], "name=value"),
        (["call", "list_sites", "limit=1", "limit=2"], "given twice"),
        (["call", "create_hits", "hits=@no-such-file.json"], "cannot be read"),
        (["call", "create_hits", f"hits=@{__file__}"], "does not hold JSON"),
    ],
)
def test_what_cannot_be_called_is_a_usage_error(
    typed: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*typed, "--demo"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert told in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    "typed",
    [["fly"], ["serve", "--port", "x"], ["serve", "--port", "70000"], ["serve", "--transport", "carrier-pigeon"],
     ["tools", "extra"], ["call", "list_sites", "--loud"], ["call"]],
)  # fmt: skip
def test_what_the_command_line_does_not_know_is_a_usage_error(
    typed: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        cli.main(typed)
    assert capsys.readouterr().err.startswith("usage: tinylytics-mcp")


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (["list_sites", "limit=many"], "limit: "),
        (["list_sites", "limt=3"], "the nearest is limit"),
        (["get_site", "site=no-such-site"], "No site of this account"),
    ],
)
def test_a_call_that_fails_tells_why_on_stderr(typed: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["call", *typed, "--demo"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert told in err


@pytest.mark.usefixtures("here")
def test_a_report_that_fails_tells_why_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["report", "nowhere", "-o", str(tmp_path / "report.md"), "--demo"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("tinylytics-mcp: No site of this account is called that.")
    assert len(said.err.splitlines()) == 1


def test_without_a_key_a_call_tells_where_one_is_made(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["call", "get_account"]) == 1
    assert "API Access" in capsys.readouterr().err


def test_the_tools_of_a_key_are_listed_with_their_first_sentence(
    here: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["tools", "--demo"]) == 0
    out, err = capsys.readouterr()
    assert [line.split()[0] for line in out.splitlines()] == [tool.name for tool in ALL_TOOLS]
    assert err == ""
    for line, tool in zip(out.splitlines(), ALL_TOOLS, strict=True):
        assert ("  full access  " if tool.access is Access.FULL_ACCESS else "  read  ") in line
        assert line.endswith(".")
    here.setenv(settings.READ_ONLY, "1")
    assert cli.main(["tools", "--demo"]) == 0
    out, err = capsys.readouterr()
    assert [line.split()[0] for line in out.splitlines()] == [tool.name for tool in tools_for(Access.READ_ONLY)]
    assert err.endswith("more tools change data and need a full-access key.\n")
