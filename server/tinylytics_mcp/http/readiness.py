"""Answers `/ready`: whether this process reaches Tinylytics and its store."""

from collections.abc import Awaitable, Callable
from contextlib import aclosing, suppress
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


def readiness(backend: Backend, *, clock: Callable[[], float] = monotonic) -> Callable[[Request], Awaitable[Response]]:
    """Return what answers 503 where Tinylytics is out of reach, and 200 with the status degraded where only the store
    is. Tinylytics is asked at most once a minute."""
    lock, is_reachable, checked_at = anyio.Lock(), False, float("-inf")

    async def reaches_tinylytics() -> bool:
        with anyio.move_on_after(TIMEOUT_S), suppress(TinylyticsError):
            async with aclosing(backend.open(None, cached=False)) as client:
                await CallContext(client).call(ROOT)
                return True
        return False

    async def ready(_: Request) -> Response:
        nonlocal is_reachable, checked_at
        async with lock:
            if clock() - checked_at >= CHECK_EVERY_S:
                is_reachable, checked_at = await reaches_tinylytics(), clock()
        store, status = "ok", "ready" if is_reachable else "not ready"
        try:
            await backend.store.requests.usage(NO_KEY_OWNER, lambda: datetime.now(UTC))
        except StoreUnavailable:
            store = "out of reach: no cache, no writes, 100 requests an hour"
            status = "degraded" if is_reachable else status
        report = {"status": status, "tinylytics": "ok" if is_reachable else "out of reach", "store": store}
        return JSONResponse(report, status_code=200 if is_reachable else 503)

    return ready
