"""Connect a test to the server: a real client, the real server, and the fake API or a mock as the only fake."""

import itertools
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, TypeAlias

import anyio.lowlevel
import httpx2 as httpx
from jsonschema import Draft202012Validator  # pyright: ignore[reportMissingTypeStubs]  (it has none)
from mcp import Client
from mcp.client.session import ElicitationFnT
from mcp.types import CallToolResult, TextContent
from referencing import Registry
from tinylytics_mcp.fake_api import FULL_ACCESS_KEY, FakeApi
from tinylytics_mcp.server import create_server
from tinylytics_tools.access import ApiKey
from tinylytics_tools.catalogue import ALL_TOOLS
from tinylytics_tools.client import Client as ApiClient
from tinylytics_tools.client import Preferences
from tinylytics_tools.transport import Transport, build_transport, open_store
from tinylytics_tools.transport.database import Database
from tinylytics_tools.transport.interface import Store
from tinylytics_tools.writes.record import WriteRecord, Writes

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
"""A Monday morning: the clock of all tests that do not need another."""
BASE_URL = "https://tinylytics.test/api/v1"

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"
"""A value of a structured answer."""
Mode = Literal["auto", "legacy"]
MODES: tuple[Mode, ...] = ("auto", "legacy")
"""Both eras of the protocol."""


@dataclass
class Recorder(httpx.AsyncBaseTransport):
    """A transport that passes requests on and keeps them."""

    inner: httpx.AsyncBaseTransport
    requests: list[httpx.Request] = field(default_factory=list[httpx.Request])

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Keep the request, then send it."""
        self.requests.append(request)
        return await self.inner.handle_async_request(request)


@dataclass(frozen=True)
class Connected:
    """A client, and the requests that its server sent."""

    client: Client
    wire: Recorder

    async def call(self, tool: str, /, **arguments: Any) -> CallToolResult:
        """Return the result of a tool as the host gets it."""
        return await self.client.call_tool(tool, arguments)

    async def answer(self, tool: str, /, **arguments: Any) -> dict[str, Any]:
        """Return the structured half of a call that must work."""
        result = await self.call(tool, **arguments)
        assert not result.is_error, text_of(result)
        assert result.structured_content is not None
        return result.structured_content

    async def error(self, tool: str, /, **arguments: Any) -> str:
        """Return the text of a call that must fail."""
        result = await self.call(tool, **arguments)
        assert result.is_error, text_of(result)
        return text_of(result)


@asynccontextmanager
async def connect(
    service: FakeApi | httpx.AsyncBaseTransport | Callable[[httpx.Request], httpx.Response],
    *,
    key: str = FULL_ACCESS_KEY,
    mode: Mode = "auto",
    preferences: Preferences = Preferences(),
    clock: Callable[[], datetime] = lambda: NOW,
    elicitation: ElicitationFnT | None = None,
    writes: Writes | None = None,
    store: Store | None = None,
    network_clock: Callable[[], datetime] | None = None,
) -> AsyncGenerator[Connected]:
    """A client connected in memory to a server whose service is a stand-in, a transport or a function.

    All transports stand between them; replies are stored and used again only where there is a `store`.
    `network_clock`: the clock by which they count the hour and wait, where that is another.
    """
    wire = Recorder(network_of(service))
    record = writes or record_of(Database(None))
    own = ApiKey(key)
    account = ApiClient(
        own,
        transport=transport_over(wire, store=store, clock=network_clock or clock, fingerprint=own.fingerprint),
        base_url=BASE_URL,
        preferences=preferences,
        clock=clock,
        writes=record,
    )
    server = create_server(account)
    async with Client(server, mode=mode, elicitation_callback=elicitation, raise_exceptions=True) as client:
        _tell_of_tools(client)
        yield Connected(client, wire)
    await account.aclose()


def _tell_of_tools(client: Client) -> None:
    """Give a client the output schemas, as if it had listed the tools: each would for its first answer, which takes
    four times as long as the call. Every answer is checked against its schema all the same."""
    session: Any = client.session
    session._tool_output_schemas = {**_OUTPUT_SCHEMAS}
    session._tool_output_validators = {**_VALIDATORS}


_OUTPUT_SCHEMAS = {tool.name: tool.output_schema for tool in ALL_TOOLS}
_VALIDATORS = {
    name: Draft202012Validator(schema, registry=Registry()) for name, schema in _OUTPUT_SCHEMAS.items() if schema
}


def an_hour_later_each_time() -> Callable[[], datetime]:
    """A clock for a test that asks more than an hour's requests."""
    hours = itertools.count()
    return lambda: NOW + timedelta(hours=next(hours))


def transport_over(
    service: FakeApi | httpx.AsyncBaseTransport | Callable[[httpx.Request], httpx.Response],
    *,
    store: Store | None = None,
    clock: Callable[[], datetime] = lambda: NOW,
    fingerprint: str = "key",
) -> Transport:
    """All transports before a service; replies are stored and used again only where there is a `store`."""
    network, is_cached = network_of(service), store is not None
    kept = store or open_store(None)
    return build_transport(network, store=kept, fingerprint=fingerprint, cache=is_cached, clock=clock)


def record_of(file: Database, owner: str = "") -> WriteRecord:
    """Return a record of writes that does not pause."""

    async def pause(_: float) -> None:
        await anyio.lowlevel.checkpoint()

    return WriteRecord(file, owner, pause=pause)


def network_of(
    service: FakeApi | httpx.AsyncBaseTransport | Callable[[httpx.Request], httpx.Response],
) -> httpx.AsyncBaseTransport:
    """Return the transport that reaches a service."""
    if isinstance(service, FakeApi):
        return httpx.ASGITransport(app=service)
    return service if isinstance(service, httpx.AsyncBaseTransport) else httpx.MockTransport(service)


def text_of(result: CallToolResult) -> str:
    """Return the text half of a result."""
    (block,) = result.content
    assert isinstance(block, TextContent)
    return block.text


def rows_of(table: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of a table as objects."""
    return [dict(zip(table["columns"], row, strict=True)) for row in table["rows"]]
