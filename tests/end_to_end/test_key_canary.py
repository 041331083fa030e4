"""Whatever the service or the network does, the key shows nowhere."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import anyio
import anyio.abc
import pytest
from mcp import Client, MCPError
from mcp.client.stdio import stdio_client
from support.processes import as_a_host_starts_it, environment

pytestmark = pytest.mark.anyio

CANARY = "tly-fa-canary0123456789"


def answer(status: str, body: str, *headers: str, kind: str = "application/json") -> str:
    """An HTTP answer; `KEY` in it becomes the authorization that the request carried."""
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", "Connection: close", *headers]
    return "\r\n".join([*lines, "", body])


ECHO = '{"error": "KEY", "errors": ["KEY"], "message": "KEY"}'
SITES = answer(
    "200 OK", '{"sites": [{"id": 456, "label": "My Blog", "created_at": "2025-06-01T12:00:00Z", "uid": "KEY"}]}'
)
FAILURES = {
    "bad request": answer("400 Bad Request", ECHO),
    "unauthorized": answer("401 Unauthorized", ECHO, "WWW-Authenticate: KEY"),
    "forbidden": answer("403 Forbidden", ECHO),
    "not found": answer("404 Not Found", ECHO),
    "unprocessable": answer("422 Unprocessable Entity", ECHO),
    "teapot": answer("418 KEY", ECHO),
    "html": answer("200 OK", "<h1>KEY</h1>", kind="text/html"),
    "elsewhere": answer("302 Found", "KEY", "Location: http://127.0.0.1:9/KEY"),
    "other shape": answer("200 OK", '{"sites": "KEY", "KEY": "KEY", "pagination": {"current_page": "KEY"}}'),
    "no json": answer("200 OK", "KEY {"),
    "not utf-8": answer("200 OK", '{"KEY": "\xff"}'),
    "bad header": answer("200 OK", "{}", "KEY\x01: \x02"),
    "no http": "KEY\r\n\r\n",
    "nothing": "",
    "server error": answer("500 KEY", ECHO),
    "too many": answer("429 Too Many Requests", ECHO, "Retry-After: KEY"),  # the last: it is followed by a pause
}


@dataclass
class FailingService:
    """Knows one site, answers all else with one failure, and remembers whether the key arrived."""

    failure: str = ""
    keys: list[str] = field(default_factory=list[str])
    port: int = 0

    async def handle(self, stream: anyio.abc.SocketStream) -> None:
        """One connection."""
        async with stream:
            head = b""
            while b"\r\n\r\n" not in head:
                head += await stream.receive()
            found = [line for line in head.decode("latin-1").split("\r\n") if line.lower().startswith("authorization:")]
            self.keys += found
            key = found[0].partition(": ")[2] if found else "none"
            said = SITES if head.startswith(b"GET /api/v1/sites ") else self.failure
            await stream.send(said.replace("KEY", key).encode("latin-1"))


@asynccontextmanager
async def failing_service() -> AsyncGenerator[FailingService]:
    """A service on a port of this computer."""
    service = FailingService()
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    service.port = listener.extra(anyio.abc.SocketAttribute.local_port)  # noqa: S610 - not of Django
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, service.handle)
        yield service
        tasks.cancel_scope.cancel()


async def everything_said(client: Client, number: int) -> str:
    """All that a client gets from calls of every kind of endpoint and from resources, asked at the same time."""
    said: list[str] = []

    async def call(name: str, **arguments: str) -> None:
        said.append((await client.call_tool(name, arguments)).model_dump_json())

    async def read(uri: str) -> None:
        try:
            said.append((await client.read_resource(uri)).model_dump_json())
        except MCPError as error:
            said.append(error.error.model_dump_json())

    async with anyio.create_task_group() as tasks:
        for name in ("get_account", "list_sites", "get_api_info"):
            tasks.start_soon(call, name)
        tasks.start_soon(partial(call, "create_hit", site="456", path=f"/canary-{number}"))
        tasks.start_soon(read, "tinylytics://sites/456")
    said.append((await client.list_resources()).model_dump_json())
    return "\n".join(said)


async def test_no_failure_brings_the_key_to_light(tmp_path: Path) -> None:
    async with failing_service() as service:
        env = environment(
            tmp_path,
            TINYLYTICS_API_KEY=f" {CANARY}\n",
            TINYLYTICS_BASE_URL=f"http://127.0.0.1:{service.port}/api/v1",
            NO_PROXY="127.0.0.1",
        )
        with (tmp_path / "stderr").open("w+") as stderr:
            parameters = as_a_host_starts_it("serve", "--no-cache", env=env)
            async with Client(stdio_client(parameters, errlog=stderr)) as client:
                for number, (name, failure) in enumerate(FAILURES.items()):
                    service.failure = failure
                    service.keys.clear()
                    said = await everything_said(client, number)
                    assert any(CANARY in key for key in service.keys), name
                    assert "canary0123" not in said, name
            stderr.seek(0)
            assert "canary0123" not in stderr.read()
    for file in (tmp_path / "state").iterdir():
        assert b"canary0123" not in file.read_bytes()
