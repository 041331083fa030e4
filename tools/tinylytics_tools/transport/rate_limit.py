"""Lets a request leave only while the key's hour has room for it and the service wants to be asked."""

import math
import re
from dataclasses import KW_ONLY, dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import anyio
import httpx2 as httpx

from tinylytics_tools.transport.call_stats import Purpose, info_of
from tinylytics_tools.transport.hour import Clock, Place, Requests
from tinylytics_tools.transport.interface import StoreUnavailable
from tinylytics_tools.transport.receive import receive

ALLOWED = 950
"""Requests in any hour: the API allows 1000 (API document, section 8); the rest is for clocks and delays, since the
service counts a request when it arrives and this side when it leaves."""
KEPT_FOR_WRITES = 50
FOR_READS = ALLOWED - KEPT_FOR_WRITES
WITHOUT_STORE = 100
"""Requests in any hour while the store cannot be used. Nobody knows then what the other processes send: nine that count
alone stay within the 950 together, and one that alone lost the file sends little on top of the others."""

MOST_AT_ONCE = 8


@dataclass(frozen=True)
class Status:
    """Requests of the last hour, and what is left for reads and for writes, of `for_reads` and some more; `oldest`:
    when the first of them was sent, in seconds since 1970. `pause_s`: how long the service wants silence (0: it does
    not). `lost`: why the store cannot be used, so that this process counts alone; else None."""

    used: int
    oldest: float | None
    for_reads: int
    left_for_reads: int
    left_for_writes: int
    pause_s: float
    lost: str | None


@dataclass(eq=False)
class RateLimit(httpx.AsyncBaseTransport):
    """Takes a place before each request; without one the request is answered here, with `Retry-After`.

    A refusal made here has the status of what it waits for, 429 for the hourly limit and 503 for an outage, so that
    all above treat it as the service's own; `was_sent` tells them apart. A refusal by the service stops every process
    that shares the store, and its `Retry-After` is rewritten to the seconds that it will take. Reads leave a part of
    the hour to writes and to what writes need. A look-up after a write does not wait for the end of an outage, since
    it keeps the write from being doubled. Where the store cannot be used, a small number of requests is counted in
    memory instead.
    """

    network: httpx.AsyncBaseTransport
    requests: Requests
    _: KW_ONLY
    fingerprint: str
    clock: Clock
    for_reads: int = FOR_READS
    allowed: int = ALLOWED
    in_memory: Requests = field(default_factory=Requests, init=False)
    slots: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(MOST_AT_ONCE), init=False)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send, if it may be sent; at most eight requests are under way at the same time."""
        info = info_of(request)
        most = self.for_reads if info.purpose is Purpose.READ else self.allowed
        in_outage = info.purpose is Purpose.LOOK_UP
        requests = self.requests
        async with self.slots:
            try:
                place = await requests.reserve(self.fingerprint, most, self.clock, in_outage=in_outage)
            except StoreUnavailable:
                info.stats.store_is_lost = True
                requests, most = self.in_memory, min(most, WITHOUT_STORE)
                place = await requests.reserve(self.fingerprint, most, self.clock, in_outage=in_outage)
            if place.wait_s is not None:
                return httpx.Response(
                    503 if place.is_outage else 429,
                    headers=_retry_after(place.wait_s),
                    json={"error": "not sent: the service wants no requests now"},
                    request=request,
                    extensions={_NOT_SENT: True},
                )
            info.stats.requests += 1
            response = await receive(self.network, request)
            try:
                await self._learn(requests, place, response)
            except StoreUnavailable:
                info.stats.store_is_lost = True
            return response

    async def _learn(self, requests: Requests, place: Place, response: httpx.Response) -> None:
        """Begin a pause after a refusal, and end the growing of pauses after an answer."""
        if asks_to_wait(response):
            asked_s, is_outage = retry_after_s(response, self.clock()), response.status_code == 503
            pause_s = await requests.refused(self.fingerprint, asked_s, place.since, self.clock, is_outage=is_outage)
            if response.status_code == 429 or "retry-after" in response.headers:
                response.headers.update(_retry_after(pause_s))
        elif place.refused_before:  # else there is nothing to end
            await requests.answered(self.fingerprint, place.since, self.clock)

    async def status(self) -> Status:
        lost = None
        try:
            usage = await self.requests.usage(self.fingerprint, self.clock)
        except StoreUnavailable as error:
            usage, lost = await self.in_memory.usage(self.fingerprint, self.clock), str(error)
        reads, writes = (self.for_reads, self.allowed) if lost is None else (WITHOUT_STORE, WITHOUT_STORE)
        left = max(0, reads - usage.used), max(0, writes - usage.used)
        return Status(usage.used, usage.oldest, reads, *left, usage.pause_s, lost)

    async def aclose(self) -> None:
        await self.network.aclose()


_NOT_SENT = "tinylytics-not-sent"


def was_sent(response: httpx.Response) -> bool:
    """Return whether an answer is the service's; a refusal that was made here answers a request that never left."""
    return _NOT_SENT not in response.extensions


def asks_to_wait(response: httpx.Response) -> bool:
    """Return whether the service refuses for now: 429, or 503 whether or not it names a time."""
    return response.status_code in (429, 503)


def retry_after_s(response: httpx.Response, now: datetime) -> float | None:
    """Seconds that `Retry-After` asks for, as seconds or as an HTTP date; None where there is none or it is neither."""
    text = response.headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,12})?", text):
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
        return max(0.0, ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now).total_seconds())
    except (ValueError, OverflowError):
        return None


def _retry_after(wait_s: float) -> dict[str, str]:
    return {"retry-after": str(math.ceil(wait_s))}
