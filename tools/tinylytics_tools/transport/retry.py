"""Asks again for a read that failed by accident."""

import random
from collections.abc import Awaitable, Callable

import anyio
import httpx2 as httpx

from tinylytics_tools.transport.retry_after import asks_to_wait
from tinylytics_tools.transport.size_limit import BodyTooLarge

TRIES = 3
FIRST_WAIT_S = 0.5
"""The first wait is anything up to this, the second up to twice this (full jitter): many who failed together must not
come back together."""

_SURE_TO_FAIL_AGAIN = (BodyTooLarge, httpx.UnsupportedProtocol, httpx.LocalProtocolError)


class Retry(httpx.AsyncBaseTransport):
    """Two further tries after a fault of transport or a 5xx; for reads only, the caller's deadline bounds them all.

    A refusal (429, 503) is handed on at once: its time is the ledger's matter.
    """

    def __init__(
        self,
        inner: httpx.AsyncBaseTransport,
        *,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
        between: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._inner = inner
        self._sleep = sleep
        self._between = between

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send up to three times."""
        if request.method != "GET":
            raise ValueError(f"a {request.method} is never sent twice")
        for tried in range(TRIES - 1):
            try:
                response = await self._inner.handle_async_request(request)
                if response.status_code < 500 or asks_to_wait(response):
                    return response
            except _SURE_TO_FAIL_AGAIN:
                raise
            except httpx.TransportError:
                pass
            await self._sleep(self._between(0.0, FIRST_WAIT_S * 2**tried))
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        """Close what is wrapped."""
        await self._inner.aclose()
