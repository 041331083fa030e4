"""No client takes what others need: streams, sessions, accounts, bodies, and patience with the slow."""

import json
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import anyio
import pytest
from anyio.abc import SocketAttribute, SocketStream
from mcp import Client
from support.client import text_of
from support.http_server import (
    ACCEPT,
    ANNA,
    BERT,
    INITIALIZE,
    META,
    MODERN,
    PING,
    QUICK,
    Served,
    Service,
    backend_of,
    events_until_dropped,
    serving,
    tokens_in,
)
from tinylytics_mcp.http.limits import LIMITS, Limits
from tinylytics_mcp.http.settings import CLIENT_KEYS, TOKENS_FILE

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def limited(limits: Limits) -> AsyncGenerator[Served]:
    """A server that takes clients' keys, within limits."""
    async with serving(backend_of(Service()), {CLIENT_KEYS: "1"}, limits=limits) as served:
        yield served


@pytest.mark.parametrize(
    ("limits", "others"), [(replace(LIMITS, streams=2), 503), (replace(LIMITS, streams_each=2), 200)]
)
async def test_no_more_streams_are_opened_than_there_may_be(limits: Limits, others: int) -> None:
    async with limited(limits) as served:
        async with (
            served.stream("/sse", x_tinylytics_key=ANNA) as one,
            served.stream("/sse", x_tinylytics_key=ANNA) as two,
        ):
            for lines in (one, two):
                assert (await anext(lines)).startswith("event: endpoint")
            refused = await served.ask("GET", "/sse", x_tinylytics_key=ANNA)
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
            async with served.plain.stream("GET", f"{served.address}/sse", headers={"x-tinylytics-key": BERT}) as bert:
                assert bert.status_code == others
        with anyio.fail_after(5):
            while (await _status_of_a_stream(served)) != 200:
                pass


async def _status_of_a_stream(served: Served) -> int:
    async with served.plain.stream("GET", f"{served.address}/sse", headers={"x-tinylytics-key": ANNA}) as answer:
        return answer.status_code


async def test_no_more_sessions_are_opened_than_there_may_be_and_modern_clients_need_none() -> None:
    async with limited(replace(LIMITS, sessions=1)) as served:
        first = await served.ask("POST", "/mcp", json=INITIALIZE, x_tinylytics_key=ANNA, **ACCEPT)
        session = first.headers["mcp-session-id"]
        second = await served.ask("POST", "/mcp", json=INITIALIZE, x_tinylytics_key=BERT, **ACCEPT)
        assert (first.status_code, second.status_code) == (200, 503)
        own = {"x_tinylytics_key": ANNA, "mcp_session_id": session, **ACCEPT}
        assert (await served.ask("POST", "/mcp", json=PING, **own)).status_code == 200
        assert "result" in await served.modern("tools/list", {}, x_tinylytics_key=BERT)
        assert (await served.ask("DELETE", "/mcp", **own)).status_code == 200
        again = await served.ask("POST", "/mcp", json=INITIALIZE, x_tinylytics_key=BERT, **ACCEPT)
        assert again.status_code == 200


async def test_an_idle_session_is_closed_and_its_place_given_to_another() -> None:
    async with limited(replace(LIMITS, sessions=1, session_idle_s=0.1)) as served:
        opened = await served.ask("POST", "/mcp", json=INITIALIZE, x_tinylytics_key=ANNA, **ACCEPT)
        own = {"x_tinylytics_key": ANNA, "mcp_session_id": opened.headers["mcp-session-id"], **ACCEPT}
        with anyio.fail_after(5):
            while (await served.ask("POST", "/mcp", json=INITIALIZE, x_tinylytics_key=BERT, **ACCEPT)).is_error:
                pass
        assert (await served.ask("DELETE", "/mcp", **own)).status_code == 404


async def test_the_account_that_was_asked_for_longest_ago_goes_unless_it_has_a_session(tmp_path: Path) -> None:
    file, shown = tokens_in(
        tmp_path, a=("full_access", ANNA), b=("full_access", BERT), c=("read_only", ANNA), d=("read_only", BERT)
    )
    service = Service()
    limits = replace(LIMITS, accounts=2)
    async with (
        serving(backend_of(service), {TOKENS_FILE: file}, limits=limits) as served,
        served.client(mode="legacy", authorization=shown["a"]) as with_session,
    ):
        for name in ("b", "c", "d", "b"):
            async with served.client(authorization=shown[name]) as client:
                await client.list_tools()
        async with served.client(mode="legacy", authorization=shown["b"]):
            full = await served.ask("POST", "/mcp", json=PING, authorization=shown["c"])
            assert full.status_code == 503
        assert "Site of anna" in text_of(await with_session.call_tool("list_sites", {}))


@pytest.mark.parametrize("path", ["/mcp", "/messages/?session_id=0"])
async def test_a_body_that_is_too_large_is_not_read(path: str) -> None:
    async with limited(replace(LIMITS, body=1000)) as served:
        sent = {**PING, "params": {"x": "x" * 1000}}
        assert (await served.ask("POST", path, json=sent, x_tinylytics_key=ANNA, **ACCEPT)).status_code == 413


async def test_an_sse_connection_on_which_the_client_says_nothing_is_closed_and_one_that_talks_is_not() -> None:
    async with (
        limited(replace(QUICK, stream_idle_s=1.0)) as served,
        served.stream("/sse", x_tinylytics_key=ANNA) as silent,
        served.client("/sse", x_tinylytics_key=ANNA) as talks,
        anyio.create_task_group() as tasks,
    ):
        enough = anyio.Event()
        tasks.start_soon(_talk, talks, enough)
        with anyio.fail_after(10):
            assert await events_until_dropped(silent) == ["event: endpoint"]
            await anyio.sleep(1.3)  # longer than who says nothing has
        enough.set()


async def _talk(client: Client, enough: anyio.Event) -> None:
    while not enough.is_set():
        with anyio.fail_after(5):
            await client.call_tool("list_sites", {})


HEAD = b"POST /mcp HTTP/1.1\r\nHost: localhost\r\n"
SLOW = {
    "nothing at all": b"",
    "half a head": HEAD,
    "half a body": HEAD + b"Content-Type: application/json\r\nContent-Length: 50\r\n\r\n{",
    "a second head": b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n" + HEAD,
}


@pytest.mark.parametrize("sent", SLOW.values(), ids=SLOW.keys())
async def test_who_does_not_go_on_is_dropped(sent: bytes) -> None:
    backend = backend_of(Service(), TINYLYTICS_API_KEY=ANNA)
    async with serving(backend, limits=QUICK) as served, await _connect(served) as stream:
        if sent:
            await stream.send(sent)
        with anyio.fail_after(3):
            await _read_to_the_end(stream)


async def test_a_connection_is_kept_for_the_next_request() -> None:
    backend = backend_of(Service(), TINYLYTICS_API_KEY=ANNA)
    async with serving(backend, limits=QUICK) as served, await _connect(served) as stream:
        for _ in range(2):
            await stream.send(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert b"200 OK" in await stream.receive()
            await anyio.sleep(3 * (QUICK.head_s + QUICK.look_s))


async def test_who_does_not_read_is_dropped_and_holds_up_nobody() -> None:
    backend = backend_of(Service(), TINYLYTICS_API_KEY=ANNA)
    async with serving(backend, limits=QUICK, send_buffer=4096) as served, await _connect(served) as stream:
        raw = stream.extra(SocketAttribute.raw_socket)  # noqa: S610 - not Django's
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        with anyio.fail_after(10):
            await _ask_and_never_read(stream)
        assert (await served.ask("GET", "/health")).status_code == 200


async def _ask_and_never_read(stream: SocketStream) -> None:
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": META}})
    about = f"Accept: application/json, text/event-stream\r\nMcp-Method: tools/list\r\nMCP-Protocol-Version: {MODERN}"
    head = f"Content-Type: application/json\r\n{about}\r\nContent-Length: {len(body)}\r\n\r\n"
    try:
        while True:
            await stream.send((HEAD + head.encode() + body.encode()) * 10)
    except (anyio.BrokenResourceError, anyio.ClosedResourceError):
        return


async def _connect(served: Served) -> SocketStream:
    return await anyio.connect_tcp("127.0.0.1", int(served.address.rpartition(":")[2]))


async def _read_to_the_end(stream: SocketStream) -> None:
    try:
        while True:
            await stream.receive()
    except (anyio.EndOfStream, anyio.BrokenResourceError):
        return
