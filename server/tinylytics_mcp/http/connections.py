"""Drops connections that keep the server waiting: slow heads, slow bodies and slow readers."""

import asyncio
from time import monotonic

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from tinylytics_mcp.http.limits import Limits

DROP = "tinylytics-drop"
"""In the state of a request's scope: closes its connection, so that the app sees its client leave."""


def guarded(limits: Limits) -> type[H11Protocol]:
    """Return uvicorn's protocol class with timeouts: a connection that waits for its client too long is dropped."""
    timeouts = {"head": limits.head_s, "body": limits.body_s, "reader": limits.stalled_s}

    class Guarded(H11Protocol):
        _timer: asyncio.TimerHandle | None = None
        _waiting: tuple[str, int] | None = None
        _since = 0.0

        def connection_made(self, transport: asyncio.Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride] - as uvicorn has it
            super().connection_made(transport)
            self.app_state = {**self.app_state, DROP: transport.close}
            self._check()

        def connection_lost(self, exc: Exception | None) -> None:
            if self._timer is not None:
                self._timer.cancel()
            super().connection_lost(exc)

        def shutdown(self) -> None:
            """Give open requests a moment, then close their connections, when the process ends."""
            super().shutdown()
            if not self.transport.is_closing():
                self.loop.call_later(limits.parting_s, self.transport.close)

        def _check(self) -> None:
            waiting = self._waiting_for()
            if waiting != self._waiting:
                self._waiting, self._since = waiting, monotonic()
            elif waiting is not None and monotonic() - self._since >= timeouts[waiting[0]]:
                self.transport.abort()
                return
            self._timer = self.loop.call_later(limits.look_s, self._check)

        def _waiting_for(self) -> tuple[str, int] | None:
            """Return what the client must send or read next, and for which request; None where it is our turn."""
            cycle = self.cycle
            if cycle is None:  # pyright: ignore[reportUnnecessaryComparison] - before the first request
                return "head", id(cycle)
            if cycle.response_complete:
                between = self.conn.their_state is h11.IDLE and not self.conn.trailing_data[0]
                return None if between else ("head", id(cycle))  # between requests uvicorn's keep-alive counts
            if self.flow.write_paused:
                return "reader", id(cycle)
            return ("body", id(cycle)) if cycle.more_body else None

    return Guarded
