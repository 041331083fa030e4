"""Lets a request leave only while the key's hour has room for it and the service wants to be asked."""

import math

import httpx2 as httpx

from tinylytics_tools.wire import report
from tinylytics_tools.wire.allowance import Allowance
from tinylytics_tools.wire.interface import Clock
from tinylytics_tools.wire.refusal import is_refusal, retry_after_s


class Ledger(httpx.AsyncBaseTransport):
    """Takes a place before each request; without one the request is answered here, with 429 and `Retry-After`.

    A refusal made here is the service's own in form, so that all above treat both alike; `report.requests_sent` tells
    that nothing left. A refusal by the service stops every process that shares the store, and its `Retry-After` is
    rewritten to the seconds that it will take. `most`: the hour's requests up to which this road may go on.
    """

    def __init__(self, inner: httpx.AsyncBaseTransport, allowance: Allowance, *, most: int, clock: Clock) -> None:
        self._inner = inner
        self._allowance = allowance
        self._most = most
        self._clock = clock

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send, if it may be sent."""
        place = await self._allowance.reserve(self._most)
        if place.wait_s is not None:
            return httpx.Response(
                429, headers=_retry_after(place.wait_s), json={"error": "not sent: no requests left"}, request=request
            )
        report.count(request)
        response = await self._inner.handle_async_request(request)
        if is_refusal(response):
            pause_s = await self._allowance.refused(retry_after_s(response, self._clock()), place)
            if response.status_code == 429 or "retry-after" in response.headers:
                response.headers.update(_retry_after(pause_s))
        else:
            await self._allowance.answered(place)
        return response

    async def aclose(self) -> None:
        """Close what is wrapped."""
        await self._inner.aclose()


def _retry_after(wait_s: float) -> dict[str, str]:
    return {"retry-after": str(math.ceil(wait_s))}
