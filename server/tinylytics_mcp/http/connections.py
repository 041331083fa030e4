"""Keeps room for those who are let in: past a limit, the connection that let in nobody for longest is dropped."""

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

from tinylytics_mcp.http.limits import Limits

CONNECTION = "tinylytics-connection"
"""In the state of a request's scope: its connection."""


class Connection(H11Protocol):
    """uvicorn's connection, which can be told that somebody is let in by it, and be dropped."""

    def admit(self) -> None:
        """Keep it, however many others come, until it is released."""

    def release(self) -> None:
        """Let it be dropped when others need its place."""

    def drop(self) -> None:
        """Close it, so that the app sees its client leave."""
        self.transport.close()


def guarded(limits: Limits) -> type[Connection]:
    """Return a class of connections, of which there are no more than the limit."""
    waiting: dict[Connection, None] = {}  # where nobody is let in now, the one that is so for longest first

    class Guarded(Connection):
        def connection_made(self, transport: asyncio.Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride] - as uvicorn has it
            super().connection_made(transport)
            self.app_state = {**self.app_state, CONNECTION: self}
            if len(self.connections) > limits.connections:
                idle = (other for other in waiting if other.cycle is None or other.cycle.response_complete)  # pyright: ignore[reportUnnecessaryComparison] - None before the first request
                dropped = next(idle, None) or next(iter(waiting), self)
                waiting.pop(dropped, None)
                dropped.transport.abort()
            self.release()

        def connection_lost(self, exc: Exception | None) -> None:
            waiting.pop(self, None)
            super().connection_lost(exc)

        def shutdown(self) -> None:
            super().shutdown()
            if not self.transport.is_closing():  # when the process ends, open requests have a moment
                self.loop.call_later(limits.parting_s, self.transport.close)

        def admit(self) -> None:
            waiting.pop(self, None)

        def release(self) -> None:
            if not self.transport.is_closing():
                waiting[self] = None

    return Guarded
