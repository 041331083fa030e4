"""Keeps room for those who are let in: past a limit, the connection that let in nobody for longest is dropped."""

import asyncio
from typing import ClassVar

from uvicorn.protocols.http.h11_impl import H11Protocol

from tinylytics_mcp.http.limits import Limits

CONNECTION = "tinylytics-connection"
"""In the state of a request's scope: its connection."""


class Connection(H11Protocol):
    """uvicorn's connection, which can be told that somebody is let in by it, and be dropped."""

    limits: ClassVar[Limits]
    waiting: ClassVar[dict["Connection", None]]
    """Those by which nobody is let in now, the one that is so for longest first."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride] - as uvicorn has it
        """Take the place of another where there is no room."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, CONNECTION: self}
        self.waiting[self] = None
        if len(self.connections) > self.limits.connections:
            dropped = next(iter(self.waiting))
            del self.waiting[dropped]
            dropped.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self.waiting.pop(self, None)
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """Give open requests a moment, then close their connections, when the process ends."""
        super().shutdown()
        if not self.transport.is_closing():
            self.loop.call_later(self.limits.parting_s, self.transport.close)

    def admit(self) -> None:
        """Keep it, however many others come, until it is released."""
        self.waiting.pop(self, None)

    def release(self) -> None:
        """Let it be dropped when others need its place."""
        if not self.transport.is_closing():
            self.waiting[self] = None

    def drop(self) -> None:
        """Close it, so that the app sees its client leave."""
        self.transport.close()


def guarded(limits: Limits) -> type[Connection]:
    """Return a class of connections with limits of its own."""
    return type("Guarded", (Connection,), {"limits": limits, "waiting": {}})
