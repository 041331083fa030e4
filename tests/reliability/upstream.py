"""A Tinylytics on a real port that answers right, or with a fault."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any

import httpx2 as httpx
from canary import FOUND, KEY
from fault_list import MEGABYTE, Exchange, Fault
from tinylytics_mcp.fake_api import FULL_ACCESS_KEY, FakeApi


@dataclass
class Upstream:
    """The service; `armed` says which requests get which fault, all others are answered right."""

    api: FakeApi
    keys: tuple[str, ...] = (KEY,)
    rng: Random = field(default_factory=lambda: Random(1))  # noqa: S311 - faults, not secrets
    armed: tuple[Callable[[str, str], bool], Fault] | None = None
    asked: int = 0
    """Requests that arrived."""
    port: int = 0
    elsewhere: int = 0
    """The port of a service that is not this one, to which nothing may go."""
    _open: set[asyncio.Task[Any]] = field(default_factory=set[asyncio.Task[Any]])

    @property
    def base_url(self) -> str:
        """The address of the API."""
        return f"http://127.0.0.1:{self.port}/api/v1"

    @asynccontextmanager
    async def serving(self) -> AsyncGenerator["Upstream"]:
        """Listen on a free port of this computer."""
        strays = list[bytes]()

        async def stray(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            strays.append(await reader.read(65_536))
            writer.close()

        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=4 * MEGABYTE)
        other = await asyncio.start_server(stray, "127.0.0.1", 0)
        self.port, self.elsewhere = (one.sockets[0].getsockname()[1] for one in (server, other))
        try:
            yield self
        finally:
            server.close()
            other.close()
            for task in self._open:
                task.cancel()
            await asyncio.gather(*self._open, return_exceptions=True)
            FOUND.cell("requests", f"{len(strays)} went to another host" if strays else None)
            FOUND.counted["requests to other hosts"] += len(strays)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._open.add(task)
        task.add_done_callback(self._open.discard)
        try:
            while await self._answer(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError):
            pass
        finally:
            with suppress(ConnectionError):
                writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.split("\r\n")
        method, target, _ = first.split(" ", 2)
        self.asked += 1
        headers = dict(line.lower().split(": ", 1) for line in lines if ": " in line)
        content = await reader.readexactly(int(headers.get("content-length", 0)))
        sent = {name: value for name, value in headers.items() if name not in ("host", "connection")}
        key = headers.get("authorization", "").removeprefix("bearer ")
        sent["authorization"] = f"Bearer {FULL_ACCESS_KEY if key in self.keys else key}"

        async def carry_out() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.api)
            async with httpx.AsyncClient(transport=transport, base_url="http://upstream") as client:
                return await client.request(method, target, headers=sent, content=content)

        exchange = Exchange(target, method, headers, reader, writer, carry_out, self.rng, self.elsewhere)
        if self.armed and self.armed[0](method, target):
            await self.armed[1](exchange)
            return False
        response = await carry_out()
        kind = response.headers.get("content-type", "application/json")
        body = response.content
        await exchange.raw(
            f"HTTP/1.1 {response.status_code} X\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n\r\n".encode()
            + body
        )
        return True
