"""The server as a host runs it: a process that speaks on its standard streams."""

import io
import json
import signal
from pathlib import Path

import pytest
from mcp import Client
from mcp.client.stdio import stdio_client
from support.client import MODES, Mode, text_of
from support.processes import NOBODY_LISTENS, as_a_host_starts_it, environment, finished, running, state_left
from tinylytics_mcp.server import LONGEST_LINE
from tinylytics_tools.access import Access
from tinylytics_tools.catalogue import ALL_TOOLS, tools_for

pytestmark = pytest.mark.anyio

INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}},
}

MODERN: dict[str, object] = {"protocolVersion": "2026-07-28", "clientCapabilities": {}}


@pytest.mark.parametrize("mode", MODES)
async def test_an_assistant_can_be_connected_to_a_made_up_account(mode: Mode, tmp_path: Path) -> None:
    env = environment(tmp_path)
    with (tmp_path / "stderr").open("w+") as said:
        server = stdio_client(as_a_host_starts_it("serve", "--demo", env=env), errlog=said)
        async with Client(server, mode=mode) as client:
            assert client.server_info is not None
            assert client.server_info.name == "tinylytics"
            listed = await client.list_tools()
            assert [tool.name for tool in listed.tools] == [tool.name for tool in ALL_TOOLS]
            result = await client.call_tool("list_sites", {})
            assert "My Blog" in text_of(result)
        said.seek(0)
        assert said.read() == ""
    assert not state_left(tmp_path)


@pytest.mark.parametrize(
    "settings",
    [
        {"TINYLYTICS_API_KEY": "tly-ro-x", "TINYLYTICS_BASE_URL": NOBODY_LISTENS},
        {"TINYLYTICS_API_KEY": "tly-fa-x", "TINYLYTICS_READ_ONLY": "on", "TINYLYTICS_BASE_URL": NOBODY_LISTENS},
    ],
    ids=["read-only key", "lowered key"],
)
async def test_who_may_only_read_is_offered_no_writing_tool_and_cannot_call_one(
    settings: dict[str, str], tmp_path: Path
) -> None:
    async with Client(as_a_host_starts_it(env=environment(tmp_path, **settings))) as client:
        listed = await client.list_tools()
        assert [tool.name for tool in listed.tools] == [tool.name for tool in tools_for(Access.READ_ONLY)]
        for tool in ALL_TOOLS:
            if tool.access is Access.FULL_ACCESS:
                refused = await client.call_tool(tool.name, {})
                assert refused.is_error
                assert "Nothing was sent" in text_of(refused)


async def test_without_a_key_the_server_starts_and_says_what_is_missing(tmp_path: Path) -> None:
    with (tmp_path / "stderr").open("w+") as said:
        server = stdio_client(as_a_host_starts_it(env=environment(tmp_path)), errlog=said)
        async with Client(server) as client:
            listed = await client.list_tools()
            assert [tool.name for tool in listed.tools] == [tool.name for tool in tools_for(Access.READ_ONLY)]
            refused = await client.call_tool("get_account", {})
            assert refused.is_error
            assert "TINYLYTICS_API_KEY" in text_of(refused)
            uris = [resource.uri for resource in (await client.list_resources()).resources]
            assert {"tinylytics://account", "tinylytics://sites"} <= set(uris)
        said.seek(0)
        assert "No Tinylytics API key is set" in said.read()


def test_the_end_of_input_ends_the_server(tmp_path: Path) -> None:
    done = finished("serve", "--demo", env=environment(tmp_path), given=json.dumps(INITIALIZE) + "\n")
    assert (done.status, done.err) == (0, "")
    (line,) = done.out.splitlines()
    assert json.loads(line)["result"]["serverInfo"]["name"] == "tinylytics"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_server_at_once_and_quietly(number: signal.Signals, tmp_path: Path) -> None:
    with running("serve", "--demo", env=environment(tmp_path)) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write(json.dumps(INITIALIZE) + "\n")
        process.stdin.flush()
        process.stdout.readline()
        process.send_signal(number)
        assert process.wait(timeout=1) == 0
        assert process.stderr.read() == ""


def test_rubbish_on_the_input_is_survived_and_not_repeated(tmp_path: Path) -> None:
    given = io.StringIO()
    given.write('{"jsonrpc": "canary"}\nnot json canary\n\x00\n[]\n' + "[" * 5000 + "\n")
    given.write(json.dumps(INITIALIZE) + "\n")
    done = finished("serve", "--demo", env=environment(tmp_path), given=given.getvalue())
    assert done.status == 0
    assert "canary" not in done.err
    assert "Traceback" not in done.err
    assert any('"serverInfo"' in line for line in done.out.splitlines())


@pytest.mark.parametrize(
    ("sent", "meant"),
    [(r"\ud83d", "%00"), (r"\ude00\ud83d", "%00%00"), (r"\ud83d\ude00", "%F0%9F%98%80"), (r"\\ud83d", "%5Cud83d")],
)
def test_half_an_emoji_leaves_no_call_without_an_answer(sent: str, meant: str, tmp_path: Path) -> None:
    meta = {f"io.modelcontextprotocol/{name}": value for name, value in MODERN.items()}
    params = {"name": "list_hits", "arguments": {"site": "456", "path": "/HALF"}, "_meta": meta}
    call = json.dumps({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": params}).replace("HALF", sent)
    with running("serve", "--demo", env=environment(tmp_path)) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(call + "\n")
        process.stdin.flush()
        answer = json.loads(process.stdout.readline())
    assert answer["result"]["structuredContent"]["filters"] == f"path /{meant}"


def test_a_line_without_end_is_neither_kept_nor_in_the_way_of_the_next(tmp_path: Path) -> None:
    with running("serve", "--demo", env=environment(tmp_path)) as process:
        assert process.stdin is not None
        assert process.stdout is not None

        def told() -> tuple[str, int]:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(json.dumps(INITIALIZE) + "\n")
            process.stdin.flush()
            while '"serverInfo"' not in (line := process.stdout.readline()):
                assert line
            status = Path(f"/proc/{process.pid}/status").read_text("utf-8")
            return line, int(status.partition("VmHWM:")[2].split()[0])

        first, before_kb = told()
        for _ in range(32):
            process.stdin.write("x" * LONGEST_LINE)
        process.stdin.write("\n")
        again, after_kb = told()
        assert again == first
        assert after_kb - before_kb < 32_000  # of 64 million characters


def test_a_key_file_that_others_may_open_is_told_on_stderr(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("tly-ro-canary")
    file.chmod(0o644)
    done = finished(env=environment(tmp_path, TINYLYTICS_API_KEY_FILE=str(file)))
    assert done.status == 0
    assert done.err.startswith("tinylytics-mcp: TINYLYTICS_API_KEY_FILE: other users")
    assert "canary" not in done.err
