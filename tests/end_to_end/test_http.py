"""The server on a port: both eras, both transports, and nobody but this computer's own programs."""

import signal
import socket
import sys
from collections.abc import Generator
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path

import pytest
from mcp import Client
from mcp.client.sse import sse_client
from support.client import MODES, Mode, text_of
from support.processes import address_told, environment, running
from tinylytics_mcp.errors import CommandError
from tinylytics_mcp.http.run import bind
from tinylytics_tools.access import Access
from tinylytics_tools.catalogue import ALL_TOOLS, tools_for

pytestmark = pytest.mark.anyio

ROUTES = [("GET", "/health"), ("GET", "/sse"), ("POST", "/messages/?session_id=0"), ("POST", "/mcp"), ("GET", "/no")]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    """A server of the made-up account, set to read only, for all tests of this file."""
    env = environment(tmp_path_factory.mktemp("http"), TINYLYTICS_READ_ONLY="1")
    with running("serve", "--demo", "--transport", "http", "--port", "0", env=env) as process:
        yield address_told(process)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=5) == 0


async def use(client: Client) -> None:
    """List and call, as a read-only session must."""
    listed = await client.list_tools()
    assert [tool.name for tool in listed.tools] == [tool.name for tool in tools_for(Access.READ_ONLY)]
    assert "My Blog" in text_of(await client.call_tool("list_sites", {}))
    for tool in ALL_TOOLS:
        if tool.access is Access.FULL_ACCESS:
            refused = await client.call_tool(tool.name, {})
            assert refused.is_error
            assert "TINYLYTICS_READ_ONLY" in text_of(refused)


@pytest.mark.parametrize("mode", MODES)
async def test_streamable_http_serves_both_eras(address: str, mode: Mode) -> None:
    async with Client(f"{address}/mcp", mode=mode) as client:
        await use(client)


@pytest.mark.parametrize("mode", MODES)
async def test_sse_serves_both_eras_on_the_same_port(address: str, mode: Mode) -> None:
    async with Client(sse_client(f"{address}/sse"), mode=mode) as client:
        await use(client)


def status_of(address: str, method: str, path: str, **headers: str) -> int:
    """What a request with these headers is answered; the body is not waited for."""
    connection = HTTPConnection(address.removeprefix("http://"), timeout=5)
    try:
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_a_page_of_another_site_reaches_no_route(address: str, method: str, path: str) -> None:
    port = address.rpartition(":")[2]
    for host in ("evil.example", f"evil.example:{port}", "127.0.0.1.evil.example", ""):
        assert status_of(address, method, path, Host=host, Content_Type="application/json") == 421
    for origin in ("http://evil.example", "https://localhost", "null", "http://localhost.evil.example"):
        assert status_of(address, method, path, Origin=origin, Content_Type="application/json") == 403


def test_this_computers_programs_are_let_in_by_any_of_its_names(address: str) -> None:
    port = address.rpartition(":")[2]
    for host in ("localhost", f"localhost:{port}", "127.0.0.1", "[::1]", f"[::1]:{port}"):
        assert status_of(address, "GET", "/health", Host=host) == 200
    assert status_of(address, "GET", "/health", Origin="http://localhost:6274") == 200


def test_sse_alone_serves_nothing_else_and_ends_with_an_open_stream(tmp_path: Path) -> None:
    with running("serve", "--demo", "--transport", "sse", "--port", "0", env=environment(tmp_path)) as process:
        address = address_told(process)
        assert status_of(address, "POST", "/mcp", Content_Type="application/json") == 404
        assert status_of(address, "GET", "/health") == 200
        stream = HTTPConnection(address.removeprefix("http://"), timeout=5)
        stream.request("GET", "/sse")
        assert stream.getresponse().readline().startswith(b"event: endpoint")
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=5) == 0
        stream.close()
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_a_stranger_with_more_connections_than_there_are_descriptors_silences_nothing(tmp_path: Path) -> None:
    command = ("serve", "--demo", "--transport", "http", "--port", "0")
    with running(*command, env=environment(tmp_path), descriptors=256) as process, ExitStack() as opened:
        address = address_told(process)
        port = int(address.rpartition(":")[2])
        for _ in range(3):
            for number in range(300):
                stranger = opened.enter_context(socket.create_connection(("127.0.0.1", port)))
                if number % 2:
                    stranger.send(b"POST /mcp HTTP/1.1\r\nHost: localhost\r\n")
            assert status_of(address, "GET", "/health") == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_a_port_that_is_taken_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CommandError, match=rf"cannot serve on 127\.0\.0\.1 port {port}"):
            bind("127.0.0.1", port)
