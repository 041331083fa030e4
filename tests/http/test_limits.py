"""No client takes what others need: requests, sessions, accounts, bodies, and connections."""

import json
import socket
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import anyio
import httpx2 as httpx
import pytest
from anyio.abc import SocketAttribute, SocketStream
from mcp import MCPError
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


async def test_no_caller_has_more_requests_open_than_it_may_and_the_others_do_not_notice() -> None:
    async with limited(replace(LIMITS, open_each=2)) as served:
        async with (
            served.stream("/sse", x_tinylytics_key=ANNA) as one,
            served.stream("/sse", x_tinylytics_key=ANNA) as two,
        ):
            for lines in (one, two):
                assert (await anext(lines)).startswith("event: endpoint")
            for method, path in (("GET", "/sse"), ("POST", "/mcp"), ("POST", "/messages/?session_id=0")):
                refused = await served.ask(method, path, x_tinylytics_key=ANNA)
                assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
            async with served.client("/sse", x_tinylytics_key=BERT) as bert:
                assert "Site of bert" in text_of(await bert.call_tool("list_sites", {}))
        with anyio.fail_after(5):
            while (await served.ask("POST", "/mcp", json=PING, x_tinylytics_key=ANNA)).status_code == 503:
                pass


async def test_subscriptions_that_share_a_connection_are_counted_for_their_caller() -> None:
    uri = ["tinylytics://sites"]
    async with (
        limited(replace(LIMITS, open_each=4)) as served,
        served.client("/sse", x_tinylytics_key=ANNA) as anna,
        served.client("/sse", x_tinylytics_key=BERT) as bert,
        AsyncExitStack() as stack,
    ):
        for _ in range(4):
            await stack.enter_async_context(anna.listen(resource_subscriptions=uri))
        with pytest.raises(MCPError, match="try again later"):
            await stack.enter_async_context(anna.listen(resource_subscriptions=uri))
        await stack.enter_async_context(bert.listen(resource_subscriptions=uri))


@pytest.mark.parametrize(("limits", "others"), [({"sessions_each": 1}, 200), ({"sessions": 1}, 503)])
async def test_no_more_sessions_are_opened_than_there_may_be_and_modern_clients_need_none(
    limits: dict[str, int], others: int
) -> None:
    async with limited(replace(LIMITS, **limits)) as served:
        first = await served.ask("POST", "/mcp", json=INITIALIZE, x_tinylytics_key=ANNA, **ACCEPT)
        second = await served.ask("POST", "/mcp", json=INITIALIZE, x_tinylytics_key=ANNA, **ACCEPT)
        another = await served.ask("POST", "/mcp", json=INITIALIZE, x_tinylytics_key=BERT, **ACCEPT)
        assert (first.status_code, second.status_code, another.status_code) == (200, 503, others)
        own = {"x_tinylytics_key": ANNA, "mcp_session_id": first.headers["mcp-session-id"], **ACCEPT}
        assert (await served.ask("POST", "/mcp", json=PING, **own)).status_code == 200
        assert "result" in await served.modern("tools/list", {}, x_tinylytics_key=ANNA)
        assert (await served.ask("DELETE", "/mcp", **own)).status_code == 200
        again = await served.ask("POST", "/mcp", json=INITIALIZE, x_tinylytics_key=ANNA, **ACCEPT)
        assert again.status_code == 200


@pytest.mark.parametrize("limits", [{"sessions_each": 1}, {"sessions": 1}])
async def test_an_idle_session_is_closed_and_its_place_given_to_another(limits: dict[str, int]) -> None:
    async with limited(replace(LIMITS, session_idle_s=0.1, **limits)) as served:
        opened = await served.ask("POST", "/mcp", json=INITIALIZE, x_tinylytics_key=ANNA, **ACCEPT)
        own = {"x_tinylytics_key": ANNA, "mcp_session_id": opened.headers["mcp-session-id"], **ACCEPT}
        with anyio.fail_after(5):
            while (await served.ask("POST", "/mcp", json=INITIALIZE, x_tinylytics_key=ANNA, **ACCEPT)).is_error:
                pass
        await anyio.sleep(0.3)
        assert (await served.ask("DELETE", "/mcp", **own)).status_code == 404


class Network(httpx.AsyncBaseTransport):
    """A network that tells when it is opened and closed."""

    def __init__(self, service: Service, told: list[str]) -> None:
        self._service = service
        self._told = told
        told.append("opened")

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Ask the service."""
        return await self._service.handle_async_request(request)

    async def aclose(self) -> None:
        """Tell it."""
        self._told.append("closed")


@asynccontextmanager
async def watched(folder: Path, limits: Limits) -> AsyncGenerator[tuple[Served, dict[str, str], list[str]]]:
    """A server with tokens of three, two of them of one account, and what its networks tell."""
    file, shown = tokens_in(folder, anna=("full_access", ANNA), second=("full_access", ANNA), bert=("read_only", BERT))
    told, service = list[str](), Service()
    backend = replace(backend_of(service), transports=lambda: Network(service, told))
    async with serving(backend, {TOKENS_FILE: file}, limits=limits) as served:
        yield served, shown, told


async def test_callers_of_an_account_share_a_client_that_is_closed_when_others_need_its_place(tmp_path: Path) -> None:
    async with watched(tmp_path, replace(LIMITS, accounts=1)) as (served, shown, told):
        for name in ("anna", "second", "anna"):
            await served.modern("tools/list", {}, authorization=shown[name])
        assert told == ["opened"]
        await served.modern("tools/list", {}, authorization=shown["bert"])
        assert told == ["opened", "closed", "opened"]
        async with served.stream("/sse", authorization=shown["bert"]) as lines:
            await anext(lines)
            refused = await served.ask("POST", "/mcp", authorization=shown["anna"])
            assert refused.status_code == 503
        with anyio.fail_after(5):
            while (await served.ask("POST", "/mcp", authorization=shown["anna"])).status_code == 503:
                pass


async def test_a_client_that_nobody_uses_is_closed_and_one_in_use_is_not(tmp_path: Path) -> None:
    limits = replace(QUICK, account_idle_s=0.1)
    async with (
        watched(tmp_path, limits) as (served, shown, told),
        served.stream("/sse", authorization=shown["anna"]) as lines,
    ):
        await anext(lines)
        await served.modern("tools/list", {}, authorization=shown["bert"])
        await anyio.sleep(1)
        assert told == ["opened", "opened", "closed"]


@pytest.mark.parametrize("path", ["/mcp", "/messages/?session_id=0"])
async def test_a_body_that_is_too_large_is_not_read(path: str) -> None:
    async with limited(replace(LIMITS, body=1000)) as served:
        sent = {**PING, "params": {"x": "x" * 1000}}
        assert (await served.ask("POST", path, json=sent, x_tinylytics_key=ANNA, **ACCEPT)).status_code == 413


HEAD = b"POST /mcp HTTP/1.1\r\nHost: localhost\r\n"
SLOW = {
    "nothing at all": b"",
    "half a head": HEAD,
    "a body that nobody waits for": HEAD + b"Content-Type: application/json\r\nContent-Length: 50\r\n\r\n{",
    "a second head": b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n" + HEAD,
}


@pytest.mark.parametrize("sent", SLOW.values(), ids=SLOW.keys())
async def test_strangers_take_no_place_of_those_who_come_or_are_let_in(sent: bytes) -> None:
    async with (
        limited(replace(LIMITS, connections=10)) as served,
        served.stream("/sse", x_tinylytics_key=ANNA) as lines,
        AsyncExitStack() as stack,
    ):
        where = [await anext(lines) for _ in range(2)][1].removeprefix("data: ")
        strangers = [await stack.enter_async_context(await _connect(served)) for _ in range(40)]
        for stranger in strangers[20:]:
            if sent:
                await stranger.send(sent)
        async with httpx.AsyncClient(trust_env=False) as plain:
            assert (await plain.get(f"{served.address}/health")).status_code == 200
            own = {"x-tinylytics-key": ANNA}
            assert (await plain.post(served.address + where, json=PING, headers=own)).status_code == 202
        with anyio.fail_after(5):
            assert any([line.startswith("event: message") async for line in _until_empty(lines)])
            for stranger in strangers[:20]:
                await _read_to_the_end(stranger)


class Slow(Service):
    """A Tinylytics that takes its time to tell of a wrong key."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer good ones."""
        if "wrong" in request.headers.get("authorization", ""):
            await anyio.sleep_forever()
        return await super().handle_async_request(request)


async def test_strangers_whose_keys_are_being_checked_take_no_place_of_others() -> None:
    async with (
        serving(backend_of(Slow()), {CLIENT_KEYS: "1"}, limits=replace(LIMITS, connections=10)) as served,
        served.stream("/sse", x_tinylytics_key=ANNA) as lines,
        AsyncExitStack() as stack,
    ):
        where = [await anext(lines) for _ in range(2)][1].removeprefix("data: ")
        for number in range(20):
            stranger = await stack.enter_async_context(await _connect(served))
            await stranger.send(HEAD + f"X-Tinylytics-Key: tly-ro-wrong{number}\r\n\r\n".encode())
            await anyio.sleep(0.01)
        assert (await served.ask("GET", "/health")).status_code == 200
        assert (await served.ask("POST", where, json=PING, x_tinylytics_key=ANNA)).status_code == 202


async def _until_empty(lines: AsyncIterator[str]) -> AsyncIterator[str]:
    """The lines of one event."""
    async for line in lines:
        yield line
        if line.startswith("data:"):
            return


async def test_a_connection_is_kept_for_the_next_request() -> None:
    backend = backend_of(Service(), TINYLYTICS_API_KEY=ANNA)
    async with serving(backend, limits=QUICK) as served, await _connect(served) as stream:
        for _ in range(2):
            await stream.send(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert b"200 OK" in await stream.receive()
            await anyio.sleep(4 * QUICK.look_s)


async def test_who_does_not_read_holds_up_nobody() -> None:
    backend = backend_of(Service(), TINYLYTICS_API_KEY=ANNA)
    async with serving(backend, limits=QUICK, send_buffer=4096) as served, await _connect(served) as stream:
        raw = stream.extra(SocketAttribute.raw_socket)  # noqa: S610 - not Django's
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        with anyio.move_on_after(1):
            await _ask_and_never_read(stream)
        assert (await served.ask("GET", "/health")).status_code == 200


async def _ask_and_never_read(stream: SocketStream) -> None:
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": META}})
    about = f"Accept: application/json, text/event-stream\r\nMcp-Method: tools/list\r\nMCP-Protocol-Version: {MODERN}"
    head = f"Content-Type: application/json\r\n{about}\r\nContent-Length: {len(body)}\r\n\r\n"
    while True:
        await stream.send((HEAD + head.encode() + body.encode()) * 10)


async def _connect(served: Served) -> SocketStream:
    return await anyio.connect_tcp("127.0.0.1", int(served.address.rpartition(":")[2]))


async def _read_to_the_end(stream: SocketStream) -> None:
    try:
        while True:
            await stream.receive()
    except (anyio.EndOfStream, anyio.BrokenResourceError):
        return
