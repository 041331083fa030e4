"""Output that cannot be written: a reader that has seen enough is no error, a full disk is told in one plain line."""

import subprocess
import time
from pathlib import Path

import anyio
import pytest
from support.client import record_of
from support.processes import START, Finished, environment
from tinylytics_mcp.http.settings import TOKENS_FILE
from tinylytics_mcp.http.tokens import add_token, read_tokens
from tinylytics_tools.access import Access
from tinylytics_tools.transport.database import Database
from tinylytics_tools.writes.record import Write

COMMANDS = {
    "demo": ["demo"],
    "tools": ["tools", "--demo"],
    "an answer": ["call", "summarize_traffic", "site=example.com", "--demo"],
    "an answer as JSON": ["call", "summarize_traffic", "site=example.com", "--json", "--demo"],
    "writes": ["writes"],
    "tokens": ["token", "list"],
    "the help": ["--help"],
    "the version": ["--version"],
}
"""Every command that prints, but those that print a single line."""
FULL = Path("/dev/full")
INITIALIZE = (
    '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},'
    '"clientInfo":{"name":"test","version":"1"}}}\n'
)

every_command = pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
on_a_full_disk = pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """Settings under which every command has something to print, and Python holds output back as it usually does."""
    tokens = tmp_path / "tokens.json"
    add_token(tokens, "team", Access.READ_ONLY, None)
    state = tmp_path / "state"
    state.mkdir()
    record = record_of(Database(state / "state.sqlite3"))
    anyio.run(lambda: record.begin(Write("create_hit", 456, {"path": "/hello"}), time.time()))
    return environment(tmp_path, **{TOKENS_FILE: str(tokens), "PYTHONUNBUFFERED": ""})


def cut_off(command: list[str], env: dict[str, str], *, after: int) -> Finished:
    """Run a command whose reader goes away after some lines of its output."""
    pipe = subprocess.PIPE
    with subprocess.Popen([*START, *command], env=env, stdout=pipe, stderr=pipe, encoding="utf-8") as process:  # noqa: S603 - our own program
        assert process.stdout is not None
        assert process.stderr is not None
        read = "".join(process.stdout.readline() for _ in range(after))
        process.stdout.close()
        told = process.stderr.read()  # ends when no process that was started holds it any more
        return Finished(process.wait(timeout=30), read, told)


def printing_to(redirection: str, command: list[str], env: dict[str, str], given: str = "") -> Finished:
    """Run a command whose output a shell redirects."""
    shell = ["/bin/sh", "-c", f'exec "$@" {redirection}', "sh", *START, *command]
    done = subprocess.run(shell, env=env, input=given, capture_output=True, encoding="utf-8", timeout=30, check=False)  # noqa: S603 - our own program
    return Finished(done.returncode, done.stdout, done.stderr)


@every_command
def test_a_reader_that_has_seen_enough_is_no_error(command: list[str], env: dict[str, str]) -> None:
    done = cut_off(command, env, after=1)
    assert (done.status, done.err) == (0, "")
    assert done.out.count("\n") == 1


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("command", [COMMANDS["tokens"], COMMANDS["the help"]])
def test_a_reader_that_reads_nothing_is_no_error(command: list[str], unbuffered: str, env: dict[str, str]) -> None:
    done = cut_off(command, env | {"PYTHONUNBUFFERED": unbuffered}, after=0)
    assert (done.status, done.err) == (0, "")


@on_a_full_disk
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("command", [["demo"], *(COMMANDS[name] for name in ("tools", "tokens", "the version"))])
def test_a_full_disk_is_told_in_one_line(command: list[str], unbuffered: str, env: dict[str, str]) -> None:
    done = printing_to(">/dev/full", command, env | {"PYTHONUNBUFFERED": unbuffered})
    assert (done.status, done.err) == (
        1,
        "tinylytics-mcp: the output cannot be written: No space left on device.\n",
    )


@pytest.mark.parametrize("command", [["demo"], COMMANDS["tools"], COMMANDS["an answer"], ["serve", "--demo"]])
def test_an_output_that_was_closed_from_the_start_is_told_in_one_line(command: list[str], env: dict[str, str]) -> None:
    done = printing_to(">&-", command, env)
    assert done.status == 1
    assert "standard" in done.err
    assert done.err.count("\n") == 1


def test_that_nobody_reads_errors_either_is_no_error(env: dict[str, str]) -> None:
    command = [*START, "tools", "--demo"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=env, stdout=pipe, stderr=subprocess.STDOUT) as process:  # noqa: S603 - our own program
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(timeout=30) == 0


@on_a_full_disk
def test_a_host_that_cannot_be_answered_is_told_in_one_line(env: dict[str, str]) -> None:
    done = printing_to(">/dev/full", ["serve", "--demo"], env, given=INITIALIZE)
    assert (done.status, done.err) == (
        1,
        "tinylytics-mcp: the host cannot be answered: the standard output cannot be written.\n",
    )


@on_a_full_disk
def test_a_token_that_cannot_be_shown_is_taken_back(env: dict[str, str]) -> None:
    done = printing_to(">/dev/full", ["token", "add", "new", "--access", "read_only"], env)
    assert done.status == 1
    assert done.err.endswith("the token of new could not be printed and was revoked: nobody would know it.\n")
    assert [token.name for token in read_tokens(Path(env[TOKENS_FILE]))] == ["team"]
