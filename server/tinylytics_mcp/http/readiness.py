"""Answers `/health` and `/ready`: whether this process reaches Tinylytics and its store."""

from collections.abc import Callable
from contextlib import aclosing
from datetime import UTC, datetime
from time import monotonic

import anyio
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from tinylytics_tools.api_info import ROOT
from tinylytics_tools.client import CallContext
from tinylytics_tools.errors import TinylyticsError
from tinylytics_tools.transport.interface import StoreUnavailable

from tinylytics_mcp.backend import NO_KEY_OWNER, Backend

CHECK_EVERY_S = 60.0
TIMEOUT_S = 10.0


async def health(_: Request) -> Response:
    """Return 200 while the process answers at all."""
    return JSONResponse({"status": "ok"})


class Readiness:
    """What this process reaches. Tinylytics is asked at most once a minute."""

    def __init__(self, backend: Backend, *, clock: Callable[[], float] = monotonic) -> None:
        self._backend = backend
        self._clock = clock
        self._lock = anyio.Lock()
        self._is_reachable = False
        self._checked_at = float("-inf")

    async def ready(self, _: Request) -> Response:
        """Return 503 where Tinylytics is out of reach, and 200 with the status degraded where only the store is."""
        async with self._lock:
            if self._clock() - self._checked_at >= CHECK_EVERY_S:
                self._is_reachable, self._checked_at = await self._reaches_tinylytics(), self._clock()
        store, status = "ok", "ready" if self._is_reachable else "not ready"
        try:
            await self._backend.store.requests.usage(NO_KEY_OWNER, lambda: datetime.now(UTC))
        except StoreUnavailable:
            store = "out of reach: no cache, no writes, 100 requests an hour"
            status = "degraded" if self._is_reachable else status
        tinylytics = "ok" if self._is_reachable else "out of reach"
        report = {"status": status, "tinylytics": tinylytics, "store": store}
        return JSONResponse(report, status_code=200 if self._is_reachable else 503)

    async def _reaches_tinylytics(self) -> bool:
        with anyio.move_on_after(TIMEOUT_S):
            async with aclosing(self._backend.open(None, cached=False)) as client:
                try:
                    await CallContext(client).call(ROOT)
                except TinylyticsError:
                    return False
                return True
        return False
