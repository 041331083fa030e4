"""Everything between a question and the network.

cache ─► retry, within a time ─► rate limit ─► receive: a bounded body without the key ─► network
"""

from datetime import UTC, datetime

import httpx2 as httpx

from tinylytics_tools.transport.cache import Transport
from tinylytics_tools.transport.hour import Clock
from tinylytics_tools.transport.interface import Store
from tinylytics_tools.transport.network import Network
from tinylytics_tools.transport.rate_limit import RateLimit
from tinylytics_tools.transport.sqlite_store import SqliteStore, open_store

__all__ = ["Network", "SqliteStore", "Transport", "build_transport", "open_store"]


def build_transport(
    network: httpx.AsyncBaseTransport,
    *,
    store: Store,
    fingerprint: str,
    cache: bool = True,
    clock: Clock = lambda: datetime.now(UTC),
) -> Transport:
    """Return one key's way to a network.

    `fingerprint` tells keys apart in the store; the key itself only passes through in its header. `cache=False` asks
    everything anew.
    """
    rate_limit = RateLimit(network, store.requests, fingerprint=fingerprint, clock=clock)
    return Transport(rate_limit, store.replies, fingerprint=fingerprint, clock=clock, enabled=cache)
