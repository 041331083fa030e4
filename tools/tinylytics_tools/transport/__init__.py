"""Everything between a question and the network: httpx transports, each wrapping the next."""

import re
from dataclasses import replace
from datetime import UTC, datetime

import anyio
import httpx2 as httpx

from tinylytics_tools.transport.allowance import Allowance, Status
from tinylytics_tools.transport.cache import Cache
from tinylytics_tools.transport.call_stats import Purpose, asked_of, attach, report_of, requests_sent, start_count
from tinylytics_tools.transport.interface import Clock, Store
from tinylytics_tools.transport.network import network
from tinylytics_tools.transport.rate_limit import RateLimit
from tinylytics_tools.transport.redact import Redact
from tinylytics_tools.transport.retry import Retry
from tinylytics_tools.transport.size_limit import SizeLimit
from tinylytics_tools.transport.store import open_store
from tinylytics_tools.transport.timeout import Timeout

__all__ = ["Status", "Transport", "build_transport", "network", "open_store"]

READ_S = 30.0
WRITE_S = 45.0
"""A write gets longer, since giving up on one leaves its outcome unknown."""

_OF_A_SITE = re.compile(r"(?P<sites>.*/sites)/(?P<id>\d+)/")
_CHANGE_NOTHING = (400, 401, 403)
_CHANGED_BY_WRITES = ("/hits", "/kudos", "/leaderboard", "/user_journeys", "")


class Transport(httpx.AsyncBaseTransport):
    """One key's way to the network: reads and writes have a road each, and share the ledger and the cache.

    Every answer carries a complete `Report`; of a call that failed, `report.requests_sent(request)` tells what left.
    """

    def __init__(self, reads: Cache, writes: httpx.AsyncBaseTransport, allowance: Allowance) -> None:
        self._reads = reads
        self._writes = writes
        self._allowance = allowance

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a GET down the road of reads, and all else down that of writes."""
        start_count(request)
        if request.method == "GET":
            response = await self._reads.handle_async_request(request)
        else:
            response = await self._write(request)
        status = await self.status()
        told = replace(
            report_of(response),
            requests=requests_sent(request),
            left=status.left_for_reads if asked_of(request).purpose is Purpose.READ else status.left_for_writes,
            alone=status.alone is not None,
        )
        return attach(response, told)

    async def status(self) -> Status:
        """What is used and left of the hour, and whether the service wants silence."""
        return await self._allowance.status()

    async def holds(self, request: httpx.Request) -> bool:
        """Whether a read would be answered from the cache, as good as new."""
        return await self._reads.holds(request)

    async def generation(self) -> int | None:
        """Changes when a write made stored answers stale; None where answers are not to be used again."""
        return await self._reads.generation()

    async def _write(self, request: httpx.Request) -> httpx.Response:
        """Whatever became of a write, the stored answers may be stale now, unless it was turned away.

        A 404 or 422 shows that they are: the kudo is gone, or its uid was taken, perhaps by this very request.
        """
        is_refused = False
        try:
            response = await self._writes.handle_async_request(request)
            is_refused = response.status_code in _CHANGE_NOTHING or not requests_sent(request)
            return response
        finally:
            if not is_refused:
                with anyio.CancelScope(shield=True):
                    await self._reads.forget(*_made_stale(request.url))

    async def aclose(self) -> None:
        """Close both transports and what is under way."""
        await self._reads.aclose()
        await self._writes.aclose()


def build_transport(
    network_reads: httpx.AsyncBaseTransport,
    network_writes: httpx.AsyncBaseTransport,
    *,
    store: Store,
    fingerprint: str,
    cache: bool = True,
    clock: Clock = lambda: datetime.now(UTC),
) -> Transport:
    """The wire of one key over two transports (which may be one).

    `fingerprint` tells keys apart in the store; the key itself only passes through in its header. `cache=False` asks
    everything anew.
    """
    allowance = Allowance(store.requests, fingerprint=fingerprint, clock=clock)
    reads, writes = Redact(SizeLimit(network_reads)), Redact(SizeLimit(network_writes))
    reads = Timeout(Retry(RateLimit(reads, allowance, clock=clock)), seconds=READ_S)
    writes = Timeout(RateLimit(writes, allowance, clock=clock), seconds=WRITE_S)
    cached = Cache(reads, store.replies, fingerprint=fingerprint, clock=clock, enabled=cache)
    return Transport(cached, writes, allowance)


def _made_stale(url: httpx.URL) -> list[httpx.URL]:
    """What a write of hits or kudos changes: the site's figures, its counters, and the list that shows them."""
    site = _OF_A_SITE.match(url.path)
    if site is None:
        return []
    paths = [f"{site['sites']}/{site['id']}{what}" for what in _CHANGED_BY_WRITES]
    return [url.copy_with(path=path) for path in (site["sites"], *paths)]
