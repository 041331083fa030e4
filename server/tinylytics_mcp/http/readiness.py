"""Answers `/health` and `/ready`: whether this process reaches Tinylytics and its store."""

from collections.abc import Callable
from contextlib import aclosing
from datetime import UTC, datetime
from time import monotonic
from typing import Any

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


class Readiness:
    """The answers of `/health` and `/ready`. Tinylytics is asked at most once a minute."""

    def __init__(self, backend: Backend, *, clock: Callable[[], float] = monotonic) -> None:
        self._backend = backend
        self._clock = clock
        self._lock = anyio.Lock()
        self._is_reachable = False
        self._checked_at = float("-inf")

    async def health(self, _: Request) -> Response:
        """Return 200 while the process answers at all."""
        return JSONResponse({"status": "ok"})

    async def ready(self, _: Request) -> Response:
        """Return 503 where Tinylytics is out of reach, and 200 with the status degraded where only the store is."""
        async with self._lock:
            if self._clock() - self._checked_at >= CHECK_EVERY_S:
                self._is_reachable, self._checked_at = await self._check(), self._clock()
        store = await self._store()
        report: dict[str, Any] = {
            "status": "not ready" if not self._is_reachable else "ready" if store == "ok" else "degraded",
            "tinylytics": "ok" if self._is_reachable else "out of reach",
            "store": store,
        }
        return JSONResponse(report, status_code=200 if self._is_reachable else 503)

    async def _check(self) -> bool:
        with anyio.move_on_after(TIMEOUT_S):
            async with aclosing(self._backend.open(None, cached=False)) as client:
                try:
                    await CallContext(client).call(ROOT)
                except TinylyticsError:
                    return False
                return True
        return False

    async def _store(self) -> str:
        try:
            await self._backend.store.requests.usage(NO_KEY_OWNER, lambda: datetime.now(UTC))
        except StoreUnavailable:
            return "out of reach: no cache, no writes, 100 requests an hour"
        return "ok"
