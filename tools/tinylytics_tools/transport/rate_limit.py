"""Lets a request leave only while the key's hour has room for it and the service wants to be asked."""

import math

import httpx2 as httpx

from tinylytics_tools.transport import call_stats
from tinylytics_tools.transport.allowance import ALLOWED, FOR_READS, Allowance
from tinylytics_tools.transport.interface import Clock
from tinylytics_tools.transport.retry_after import asks_to_wait, retry_after_s


class RateLimit(httpx.AsyncBaseTransport):
    """Takes a place before each request; without one the request is answered here, with `Retry-After`.

    A refusal made here has the status of what it waits for, 429 for the hourly limit and 503 for an outage, so that
    all above treat it as the service's own; `requests_sent` tells that nothing left. A refusal by the service
    stops every process that shares the store, and its `Retry-After` is rewritten to the seconds that it will take.
    Reads leave a part of the hour to writes and to what writes need. A look-up after a write does not wait for the end
    of an outage, since it keeps the write from being doubled.
    """

    def __init__(
        self,
        inner: httpx.AsyncBaseTransport,
        allowance: Allowance,
        *,
        clock: Clock,
        for_reads: int = FOR_READS,
        allowed: int = ALLOWED,
    ) -> None:
        self._inner = inner
        self._allowance = allowance
        self._clock = clock
        self._for_reads = for_reads
        self._allowed = allowed

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send, if it may be sent."""
        purpose = call_stats.asked_of(request).purpose
        most = self._for_reads if purpose is call_stats.Purpose.READ else self._allowed
        place = await self._allowance.reserve(most, in_outage=purpose is call_stats.Purpose.LOOK_UP)
        if place.wait_s is not None:
            return httpx.Response(
                503 if place.is_outage else 429,
                headers=_retry_after(place.wait_s),
                json={"error": "not sent: the service wants no requests now"},
                request=request,
            )
        call_stats.count(request)
        response = await self._inner.handle_async_request(request)
        if asks_to_wait(response):
            asked_s, is_outage = retry_after_s(response, self._clock()), response.status_code == 503
            pause_s = await self._allowance.refused(asked_s, place, is_outage=is_outage)
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
