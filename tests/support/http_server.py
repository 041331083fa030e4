"""The gateway on a real port, served by uvicorn, before a made-up Tinylytics that has two accounts."""

import contextlib
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio.lowlevel
import httpx2 as httpx
import uvicorn
from mcp import Client
from mcp.client.session import ElicitationFnT
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client
from support.client import Mode
from support.writes import fake_api
from tinylytics_mcp.backend import Backend
from tinylytics_mcp.fake_api import FULL_ACCESS_KEY, READ_ONLY_KEY, FakeApi
from tinylytics_mcp.http.app import http_app
from tinylytics_mcp.http.limits import LIMITS, Limits, guarded
from tinylytics_mcp.http.run import bind
from tinylytics_mcp.http.settings import read_http_settings
from tinylytics_mcp.http.tokens import add_token
from tinylytics_mcp.settings import read_settings
from tinylytics_tools.access import Access
from tinylytics_tools.transport import open_store
from tinylytics_tools.transport.interface import Store
from tinylytics_tools.writes.record import WriteRecord

NOTHING_SET: Mapping[str, str] = {}
ANNA, BERT, ANNA_READS = "tly-fa-anna", "tly-fa-bert", "tly-ro-anna"
"""Keys of two accounts."""
MODERN = "2026-07-28"
META: dict[str, Any] = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientCapabilities": {"elicitation": {"form": {}}},
}
ACCEPT = {"accept": "application/json, text/event-stream"}
INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}
PING = {"jsonrpc": "2.0", "id": 2, "method": "ping"}
QUICK = Limits(look_s=0.05)


@dataclass
class Service(httpx.AsyncBaseTransport):
    """A Tinylytics with the accounts of Anna and Bert, whose main sites are named for them."""

    accounts: dict[str, FakeApi] = field(default_factory=dict[str, FakeApi])
    asked: list[tuple[str, str, str]] = field(default_factory=list[tuple[str, str, str]])
    is_away: bool = False

    def __post_init__(self) -> None:
        for name in ("anna", "bert"):
            account = self.accounts[name] = fake_api()
            account.connection.execute("UPDATE sites SET label = ? WHERE id = 456", (f"Site of {name}",))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer as the account whose key it is."""
        level, _, name = request.headers.get("authorization", "Bearer none").removeprefix("Bearer ").rpartition("-")
        self.asked.append((name, request.method, request.url.path.removeprefix("/api/v1")))
        if self.is_away:
            raise httpx.ConnectError("away")
        request.headers["authorization"] = f"Bearer {FULL_ACCESS_KEY if level == 'tly-fa' else READ_ONLY_KEY}"
        if name not in self.accounts:
            request.headers["authorization"] = "Bearer tly-ro-unknown"
        account = self.accounts.get(name, self.accounts["anna"])
        return await httpx.ASGITransport(app=account).handle_async_request(request)


def backend_of(service: httpx.AsyncBaseTransport, store: Store | None = None, **environment: str) -> Backend:
    """The backend of a server with these settings, before a service."""
    kept = open_store(None)
    settings = read_settings({"TINYLYTICS_STATE_DIR": "/nowhere", **environment})
    return Backend(settings, lambda: service, store or kept, lambda owner: WriteRecord(kept.file, owner))


@dataclass(frozen=True)
class Served:
    """A gateway that is being served."""

    address: str
    plain: httpx.AsyncClient

    @asynccontextmanager
    async def client(
        self, path: str = "/mcp", *, mode: Mode = "auto", elicitation: ElicitationFnT | None = None, **headers: str
    ) -> AsyncGenerator[Client]:
        """A client over one of the transports; `x_tinylytics_key` is `X-Tinylytics-Key`."""
        sent = named(headers)
        if path == "/sse":
            transport = sse_client(f"{self.address}/sse", headers=sent)
            async with Client(transport, mode=mode, elicitation_callback=elicitation) as client:
                yield client
            return
        async with httpx.AsyncClient(headers=sent, timeout=httpx.Timeout(30, read=300)) as http:
            transport = streamable_http_client(f"{self.address}{path}", http_client=http)
            async with Client(transport, mode=mode, elicitation_callback=elicitation) as client:
                yield client

    async def ask(self, method: str, path: str, *, json: object = None, **headers: str) -> httpx.Response:
        """One plain request."""
        return await self.plain.request(method, f"{self.address}{path}", json=json, headers=named(headers))

    @asynccontextmanager
    async def stream(self, path: str, **headers: str) -> AsyncGenerator[AsyncIterator[str]]:
        """The lines of an answer that goes on."""
        sent = named({**ACCEPT, **headers})
        async with self.plain.stream("GET", f"{self.address}{path}", headers=sent) as response:
            assert response.status_code == 200
            yield response.aiter_lines()

    @asynccontextmanager
    async def listening(self, uri: str, **headers: str) -> AsyncGenerator[AsyncIterator[str]]:
        """The lines of a subscription of the new protocol."""
        about = {"mcp-protocol-version": MODERN, "mcp-method": "subscriptions/listen", **ACCEPT, **named(headers)}
        params = {"notifications": {"resourceSubscriptions": [uri]}, "_meta": META}
        body = {"jsonrpc": "2.0", "id": 1, "method": "subscriptions/listen", "params": params}
        async with self.plain.stream("POST", f"{self.address}/mcp", headers=about, json=body) as response:
            assert response.status_code == 200
            yield response.aiter_lines()

    async def modern(self, method: str, params: dict[str, Any], **headers: str) -> dict[str, Any]:
        """One request of the new protocol, as a client with forms sends it; its answer's JSON."""
        body: dict[str, Any] = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {**params, "_meta": META}}
        about = {"mcp_protocol_version": MODERN, "mcp_method": method, "mcp_name": str(params.get("name", ""))}
        return (await self.ask("POST", "/mcp", json=body, **ACCEPT, **about, **headers)).json()


def named(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers from arguments."""
    return {name.replace("_", "-"): value for name, value in headers.items()}


@asynccontextmanager
async def serving(
    backend: Backend,
    environment: Mapping[str, str] = NOTHING_SET,
    *,
    limits: Limits = LIMITS,
    sse_only: bool = False,
    send_buffer: int | None = None,
    port: int = 0,
) -> AsyncGenerator[Served]:
    """Serve a backend with these settings of the gateway, on a free port of this computer unless one is given."""
    app = http_app(backend, read_http_settings(environment, host="127.0.0.1"), sse_only=sse_only, limits=limits)
    config = uvicorn.Config(
        app, http=guarded(limits), ws="none", log_config=None, access_log=False, timeout_graceful_shutdown=1
    )
    server = _Server(config)
    with bind("127.0.0.1", port) as listener:
        async with httpx.AsyncClient(timeout=10, trust_env=False) as plain, anyio.create_task_group() as tasks:
            if send_buffer is not None:
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)
            tasks.start_soon(server.serve, [listener])
            while not server.started:
                await anyio.lowlevel.checkpoint()
            try:
                yield Served(f"http://127.0.0.1:{listener.getsockname()[1]}", plain)
            finally:
                server.should_exit = True


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Leave the signals of the tests alone."""
        yield


def tokens_in(folder: Path, **tokens: tuple[str, str]) -> tuple[str, dict[str, str]]:
    """A file of tokens, each with its access and the key in a file of its own; its path, and the headers to show."""
    path = folder / "tokens.json"
    shown: dict[str, str] = {}
    for name, (access, key) in tokens.items():
        key_file = folder / f"{name}.key"
        key_file.write_text(key)
        key_file.chmod(0o600)
        shown[name] = "Bearer " + add_token(path, name, Access(access), str(key_file))
    return str(path), shown


def confirmed(params: dict[str, Any], asked: dict[str, Any]) -> dict[str, Any]:
    """The same call again, with what was asked ticked."""
    yes = {name: {"action": "accept", "content": {"confirm": True}} for name in asked["inputRequests"]}
    return {**params, "requestState": asked["requestState"], "inputResponses": yes}


async def events_until_dropped(lines: AsyncIterator[str]) -> list[str]:
    """What else a stream tells until the server closes it."""
    told: list[str] = []
    with contextlib.suppress(httpx.RemoteProtocolError, httpx.ReadError, StopAsyncIteration):
        while True:
            told.append(await anext(lines))
    return [line for line in told if line.startswith("event:")]
