"""The limits of one process, so that no client takes what others need, and the connections that keep them."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import ClassVar

from uvicorn.protocols.http.h11_impl import H11Protocol

CONNECTION = "tinylytics-connection"
"""In the state of a request's scope: its connection."""


@dataclass(frozen=True)
class Limits:
    """Counts are of one process; times are in seconds, sizes in bytes."""

    connections: int = 8_000
    """Past it the connection that nobody was let in by for longest is dropped."""
    open_each: int = 250
    """Requests of one caller in progress: its streams, subscriptions and calls."""
    sessions: int = 5_000
    """Of the older protocol over Streamable HTTP, of all callers; one takes about 37 kB."""
    sessions_each: int = 1_250
    session_idle_s: float = 1_800.0
    accounts: int = 200
    """Clients of Tinylytics held open; past it the one used longest ago is closed, unless a request uses it."""
    account_idle_s: float = 1_800.0
    body: int = 2_000_000
    parting_s: float = 1.5
    """How long an open request has when the process ends; less than `run.GRACE_S`."""
    look_s: float = 5.0
    """How often open requests are checked."""


LIMITS = Limits()


def limits_here() -> Limits:
    """Return the limits for the file descriptors that this process may have.

    Half of them are for connections, since a burst takes some before it is turned away, and a quarter of those at most
    for one caller.
    """
    try:
        from resource import RLIMIT_NOFILE, getrlimit, setrlimit  # not on Windows
    except ImportError:
        return replace(LIMITS, connections=250, open_each=62)
    wanted = 2 * LIMITS.connections
    soft, hard = getrlimit(RLIMIT_NOFILE)
    if 0 <= soft < wanted:
        with suppress(OSError, ValueError):  # a system may allow less than it says
            setrlimit(RLIMIT_NOFILE, (wanted if hard < 0 else min(hard, wanted), hard))
        soft, _ = getrlimit(RLIMIT_NOFILE)
    connections = LIMITS.connections if soft < 0 else min(LIMITS.connections, soft // 2)
    return replace(LIMITS, connections=connections, open_each=min(LIMITS.open_each, max(1, connections // 4)))


class Connection(H11Protocol):
    """uvicorn's connection. Past the limit, that which let in nobody for longest is dropped."""

    limits: ClassVar[Limits] = LIMITS
    waiting: ClassVar[dict["Connection", None]] = {}
    """Those that let in nobody now, the one that does so for longest first."""

    def admit(self) -> None:
        """Keep it, however many others come, until it is released: somebody is let in by it."""
        self.waiting.pop(self, None)

    def release(self) -> None:
        """Let it be dropped when others need its place."""
        if not self.transport.is_closing():
            self.waiting[self] = None

    def drop(self) -> None:
        """Close it, so that the app sees its client leave."""
        self.transport.close()

    def connection_made(self, transport: asyncio.Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride] - as uvicorn has it
        """Take a place, from another if there is none."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, CONNECTION: self}
        if len(self.connections) > self.limits.connections:
            idle = (other for other in self.waiting if other.cycle is None or other.cycle.response_complete)  # pyright: ignore[reportUnnecessaryComparison] - None before the first request
            dropped = next(idle, None) or next(iter(self.waiting), self)
            self.waiting.pop(dropped, None)
            dropped.transport.abort()
        self.release()

    def connection_lost(self, exc: Exception | None) -> None:
        """Leave the place to others."""
        self.waiting.pop(self, None)
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """End it, an open request a moment later, since the process ends."""
        super().shutdown()
        if not self.transport.is_closing():
            self.loop.call_later(self.limits.parting_s, self.transport.close)


def guarded(limits: Limits) -> type[Connection]:
    """Return a class of connections, of which there are no more than the limit."""
    return type("Guarded", (Connection,), {"limits": limits, "waiting": {}})
