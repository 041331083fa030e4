"""What the log tells of strangers, callers and floods: enough to act on, and never more than a little."""

import json
import logging
from pathlib import Path

import anyio
import pytest
from support.http_server import (
    ACCEPT,
    ANNA,
    INITIALIZE,
    META,
    MODERN,
    QUICK,
    Service,
    backend_of,
    serving,
    tokens_in,
)
from support.oauth import oauth_serving
from tinylytics_mcp import logs
from tinylytics_mcp.http.settings import TOKENS_FILE

pytestmark = pytest.mark.anyio

CALL = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "tools/call",
    "params": {"name": "list_sites", "arguments": {}, "_meta": META},
}
ABOUT = {"MCP-Protocol-Version": MODERN, "Mcp-Method": "tools/call", "Mcp-Name": "list_sites"}


def sent(method: str, path: str, body: object = None, **headers: str) -> bytes:
    """A whole request of a program on this computer."""
    content = b"" if body is None else json.dumps(body).encode()
    about = {"Host": "localhost", "Content-Type": "application/json", **ACCEPT, **headers}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in about.items())]
    return "\r\n".join([*lines, f"Content-Length: {len(content)}", "", ""]).encode() + content


async def test_a_client_that_hangs_up_leaves_no_trace_of_a_crash(caplog: pytest.LogCaptureFixture) -> None:
    async with serving(backend_of(Service(), TINYLYTICS_API_KEY=ANNA)) as served:
        opened = await served.ask("POST", "/mcp", json=INITIALIZE, **ACCEPT)
        session = {"Mcp-Session-Id": opened.headers["mcp-session-id"]}
        port = int(served.address.rpartition(":")[2])
        for whole in (
            sent("POST", "/mcp", CALL, **ABOUT),
            sent("POST", "/mcp", INITIALIZE),
            sent("POST", "/mcp", CALL, **session),
            sent("POST", "/messages/?session_id=0", CALL),
            sent("GET", "/mcp", **session),
            sent("GET", "/sse"),
        ):
            for part in (whole, whole[:-1], whole[: whole.index(b"\r\n\r\n") + 4]):
                for wait_s in (0.0, 0.003, 0.05):
                    stream = await anyio.connect_tcp("127.0.0.1", port)
                    await stream.send(part)
                    await anyio.sleep(wait_s)
                    await stream.aclose()
        assert (await served.ask("GET", "/health")).status_code == 200
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []


async def test_who_hangs_up_while_logging_in_leaves_no_trace_of_a_crash_either(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with oauth_serving() as server:
        port = int(server.served.address.rpartition(":")[2])
        for path in ("/register", "/token", "/revoke", "/authorize"):
            whole = sent("POST", path, {"x": "x" * 100})
            for part in (whole, whole[:-1], whole[: whole.index(b"\r\n\r\n") + 4]):
                stream = await anyio.connect_tcp("127.0.0.1", port)
                await stream.send(part)
                await anyio.sleep(0.01)
                await stream.aclose()
        assert (await server.served.ask("GET", "/health")).status_code == 200
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []


async def test_strangers_are_counted_in_one_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file, _ = tokens_in(tmp_path, anna=("full_access", ANNA))
    async with serving(backend_of(Service()), {TOKENS_FILE: file}, limits=QUICK) as served:
        async with anyio.create_task_group() as tasks:
            for _ in range(20):
                tasks.start_soon(served.ask, "POST", "/mcp")
        await anyio.sleep(3 * QUICK.look_s)
        for _ in range(5):
            await served.ask("GET", "/sse")
        await anyio.sleep(3 * QUICK.look_s)
    told = [record.getMessage() for record in caplog.records if record.name.startswith("tinylytics_mcp")]
    assert len(told) == 1  # the next one comes after a minute
    assert told[0].endswith("requests without valid credentials were refused")
    assert 0 < int(told[0].split()[0]) <= 20


async def test_a_line_of_a_call_names_the_token_and_not_its_secret(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logs.CALLS.name)
    file, shown = tokens_in(tmp_path, anna=("full_access", ANNA))
    async with serving(backend_of(Service()), {TOKENS_FILE: file}) as served:
        for path in ("/mcp", "/sse"):
            async with served.client(path, authorization=shown["anna"]) as client:
                await client.call_tool("list_sites", {})
    facts = [vars(record)["facts"] for record in caplog.records if record.name == logs.CALLS.name]
    assert [line["caller"] for line in facts] == ["anna", "anna"]
    assert shown["anna"].removeprefix("Bearer ") not in json.dumps(facts)


def test_a_line_that_anybody_can_cause_comes_once_a_minute_with_how_many_were_left_out(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr("tinylytics_mcp.logs.monotonic", lambda: now[0])
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    logs.configure()
    try:
        log = logging.getLogger("any")
        for seconds in (0, 1, 58, 1, 1):
            now[0] += seconds
            for number in range(10):
                log.warning("refused %d", number)
            log.error("another place")
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
    assert capsys.readouterr().err.splitlines() == [
        "tinylytics-mcp: WARNING: refused 0",
        "tinylytics-mcp: ERROR: another place",
        "tinylytics-mcp: WARNING: refused 0 (and 29 more like it)",
        "tinylytics-mcp: ERROR: another place (and 2 more like it)",
    ]
