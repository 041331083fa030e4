"""The real network: kept connections for reads and new ones for writes, and the environment's proxy."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio
import httpx2 as httpx
import pytest
from anyio.abc import ByteStream, SocketAttribute, TaskStatus
from tinylytics_tools.transport import Network

pytestmark = pytest.mark.anyio

PROXIES = ["http_proxy", "https_proxy", "all_proxy", "no_proxy"]


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine's own proxies are not the tests'."""
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@dataclass
class Server:
    """Answers each request with an empty object, and remembers connections and first lines."""

    port: int = 0
    connections: int = 0
    lines: list[bytes] = field(default_factory=list[bytes])

    async def serve(self, *, task_status: TaskStatus[None]) -> None:
        listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
        self.port = listener.extra(SocketAttribute.local_port)  # noqa: S610 -- of anyio, not of Django
        task_status.started()
        async with listener:
            await listener.serve(self._connection)

    async def _connection(self, stream: ByteStream) -> None:
        self.connections += 1
        async with stream:
            try:
                while True:
                    head = await stream.receive()
                    self.lines.append(head.partition(b"\r\n")[0])
                    await stream.send(
                        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"
                    )
            except (anyio.EndOfStream, anyio.BrokenResourceError):
                return


@asynccontextmanager
async def serving() -> AsyncGenerator[Server]:
    server = Server()
    async with anyio.create_task_group() as tasks:
        await tasks.start(server.serve)
        yield server
        tasks.cancel_scope.cancel()


async def ask(transport: httpx.AsyncBaseTransport, method: str, url: str) -> None:
    response = await transport.handle_async_request(httpx.Request(method, url))
    assert await response.aread() == b"{}"
    await response.aclose()


async def test_reads_keep_a_connection_and_writes_do_not() -> None:
    async with serving() as server:
        url = f"http://127.0.0.1:{server.port}"
        network = Network(url)
        for _ in range(3):
            await ask(network, "GET", url)
        assert server.connections == 1
        for _ in range(3):
            await ask(network, "POST", url)
        assert server.connections == 4
        await network.aclose()


async def test_at_most_eight_connections_are_open() -> None:
    async with serving() as server:
        url = f"http://127.0.0.1:{server.port}"
        network = Network(url)
        async with anyio.create_task_group() as tasks:
            for _ in range(40):
                tasks.start_soon(ask, network, "GET", url)
        assert server.connections <= 8
        assert len(server.lines) == 40
        await network.aclose()


async def test_a_proxy_of_the_environment_is_used_and_never_for_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving() as server, serving() as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"127.0.0.1:{proxy.port}")  # the scheme is often left out
        elsewhere = "http://tinylytics.test/api/v1"
        for url, asked in ((f"http://127.0.0.1:{server.port}/", server), (elsewhere, proxy)):
            network = Network(url)
            for method in ("GET", "POST"):
                await ask(network, method, url)
            await network.aclose()
            assert len(asked.lines) == 2
        assert proxy.lines[0] == b"GET http://tinylytics.test/api/v1 HTTP/1.1"


@pytest.mark.parametrize(
    ("base_url", "environment", "proxied"),
    [
        ("https://tinylytics.app/api/v1", {}, False),
        ("https://tinylytics.app/api/v1", {"HTTPS_PROXY": "http://proxy.test:3128"}, True),
        ("https://tinylytics.app/api/v1", {"HTTP_PROXY": "http://proxy.test:3128"}, False),
        ("https://tinylytics.app/api/v1", {"ALL_PROXY": "http://proxy.test:3128"}, True),
        ("https://tinylytics.app/api/v1", {"ALL_PROXY": "http://proxy.test", "NO_PROXY": "tinylytics.app"}, False),
        ("https://tinylytics.app/api/v1", {"ALL_PROXY": "http://proxy.test", "NO_PROXY": "*"}, False),
        ("http://localhost:3000/api/v1", {"ALL_PROXY": "http://proxy.test:3128"}, False),
        ("http://127.9.9.9:3000/api/v1", {"ALL_PROXY": "http://proxy.test:3128"}, False),
        ("http://[::1]:3000/api/v1", {"ALL_PROXY": "http://proxy.test:3128"}, False),
    ],
)
async def test_which_addresses_go_through_the_proxy(
    monkeypatch: pytest.MonkeyPatch, base_url: str, environment: dict[str, str], *, proxied: bool
) -> None:
    made: list[httpx.Proxy | None] = []
    init = httpx.AsyncHTTPTransport.__init__

    def spy(self: httpx.AsyncHTTPTransport, **options: httpx.Proxy | None) -> None:
        made.append(options["proxy"])
        init(self)

    async def sent(_: httpx.AsyncHTTPTransport, __: httpx.Request) -> httpx.Response:
        return httpx.Response(200)

    monkeypatch.setattr(httpx.AsyncHTTPTransport, "__init__", spy)
    monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", sent)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    network = Network(base_url)
    for method in ("GET", "POST"):
        await network.handle_async_request(httpx.Request(method, base_url))
    assert [proxy is not None for proxy in made] == [proxied, proxied]


@pytest.mark.parametrize(
    "proxy", ["socks5://user:secret@proxy.test", "ftp://user:secret@proxy.test", "http://user:secret@proxy.test:port"]
)
def test_a_proxy_that_cannot_be_used_is_told_without_its_password(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    with pytest.raises(ValueError, match="HTTPS_PROXY") as error:
        Network("https://tinylytics.app/api/v1")
    assert "secret" not in str(error.value)


async def test_only_connecting_has_a_time_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[object] = []

    async def spy(_: httpx.AsyncHTTPTransport, request: httpx.Request) -> httpx.Response:
        seen.append(request.extensions["timeout"])
        return httpx.Response(200)

    monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", spy)
    for method in ("GET", "POST"):
        await Network("http://127.0.0.1:1").handle_async_request(httpx.Request(method, "http://127.0.0.1:1"))
    assert seen == [{"connect": 10.0, "read": None, "write": None, "pool": None}] * 2
