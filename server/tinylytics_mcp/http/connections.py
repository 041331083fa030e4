"""Drops connections that keep the server waiting: slow heads, slow bodies and slow readers."""

import asyncio
from time import monotonic

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from tinylytics_mcp.http.limits import Limits

DROP = "tinylytics-drop"
"""In the state of a request's scope: closes its connection, so that the app sees its client leave."""


def guarded(limits: Limits) -> type[H11Protocol]:
    """uvicorn's connection, looked at every few seconds; one that waits for its client too long is cut off."""
    patience = {"head": limits.head_s, "body": limits.body_s, "reader": limits.stalled_s}

    class Guarded(H11Protocol):
        _timer: asyncio.TimerHandle | None = None
        _waits: tuple[str, int] | None = None
        _since = 0.0

        def connection_made(self, transport: asyncio.Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride] - as uvicorn has it
            super().connection_made(transport)
            self.app_state = {**self.app_state, DROP: transport.close}
            self._look()

        def connection_lost(self, exc: Exception | None) -> None:
            if self._timer is not None:
                self._timer.cancel()
            super().connection_lost(exc)

        def shutdown(self) -> None:
            """The process ends: what is under way has a moment, then it is told that its client left."""
            super().shutdown()
            if not self.transport.is_closing():
                self.loop.call_later(limits.parting_s, self.transport.close)

        def _look(self) -> None:
            waits = self._waits_for()
            if waits != self._waits:
                self._waits, self._since = waits, monotonic()
            elif waits is not None and monotonic() - self._since >= patience[waits[0]]:
                self.transport.abort()
                return
            self._timer = self.loop.call_later(limits.look_s, self._look)

        def _waits_for(self) -> tuple[str, int] | None:
            """What the client owes, and to which request; None where it is our turn."""
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
