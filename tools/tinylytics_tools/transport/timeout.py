"""Bounds one whole call, with its retries and its body, in time."""

import anyio
import httpx2 as httpx


class Timeout(httpx.AsyncBaseTransport):
    """Gives a call `seconds` from start to the last byte; an answer that drips does not prolong them.

    Raises:
        httpx.ReadTimeout: the time is over; the request may have left.
    """

    def __init__(self, inner: httpx.AsyncBaseTransport, *, seconds: float) -> None:
        self._inner = inner
        self._seconds = seconds

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send within the time there is."""
        with anyio.move_on_after(self._seconds):
            return await self._inner.handle_async_request(request)
        raise httpx.ReadTimeout(f"no complete answer within {self._seconds:g} s", request=request)

    async def aclose(self) -> None:
        """Close what is wrapped."""
        await self._inner.aclose()
