"""Says whether this process can do its work: it reaches Tinylytics, and its store."""

from collections.abc import Callable
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

from tinylytics_mcp.backend import NOBODY, Backend

ASKED_AGAIN_S = 60.0
PATIENCE_S = 10.0


class Readiness:
    """The answers of `/health` and `/ready`. Tinylytics is asked at most once a minute, whoever asks us."""

    def __init__(self, backend: Backend, *, clock: Callable[[], float] = monotonic) -> None:
        self._backend = backend
        self._clock = clock
        self._asking = anyio.Lock()
        self._reaches = False
        self._asked_at = float("-inf")

    async def health(self, _: Request) -> Response:
        """200 while the process answers at all."""
        return JSONResponse({"status": "ok"})

    async def ready(self, _: Request) -> Response:
        """503 where Tinylytics is out of reach. Without the store it goes on, with less: 200, and said to be."""
        async with self._asking:
            if self._clock() - self._asked_at >= ASKED_AGAIN_S:
                self._reaches, self._asked_at = await self._ask(), self._clock()
        store = await self._store()
        told: dict[str, Any] = {
            "status": "not ready" if not self._reaches else "ready" if store == "ok" else "degraded",
            "tinylytics": "ok" if self._reaches else "out of reach",
            "store": store,
        }
        return JSONResponse(told, status_code=200 if self._reaches else 503)

    async def _ask(self) -> bool:
        with anyio.move_on_after(PATIENCE_S):
            async with self._backend.account(None, cached=False) as account:
                try:
                    await CallContext(account).call(ROOT)
                except TinylyticsError:
                    return False
                return True
        return False

    async def _store(self) -> str:
        try:
            await self._backend.store.requests.usage(NOBODY, lambda: datetime.now(UTC))
        except StoreUnavailable:
            return "out of reach: no cache, no writes, 100 requests an hour"
        return "ok"
