"""Everything between a question and the network: httpx transports, each wrapping the next.

cache ─► retry, within a time ─► rate limit ─► receive: a bounded body without the key ─► network
"""

from datetime import UTC, datetime
from pathlib import Path

import httpx2 as httpx

from tinylytics_tools.transport.cache import Transport
from tinylytics_tools.transport.database import Database
from tinylytics_tools.transport.interface import Clock, Store
from tinylytics_tools.transport.network import Network
from tinylytics_tools.transport.rate_limit import RateLimit, SqliteRequests
from tinylytics_tools.transport.receive import Receive
from tinylytics_tools.transport.reply_cache import LARGEST_FILE, SqliteReplies
from tinylytics_tools.transport.retry import Retry

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
    rate_limit = RateLimit(Receive(network), store.requests, fingerprint=fingerprint, clock=clock)
    return Transport(Retry(rate_limit), store.replies, rate_limit, fingerprint=fingerprint, clock=clock, enabled=cache)


class SqliteStore:
    """The `Store` of one machine. `file` gives connections to whoever has a table of its own in it."""

    def __init__(self, file: Database, *, largest_file: int = LARGEST_FILE) -> None:
        self.file = file
        self.requests = SqliteRequests(file)
        self.replies = SqliteReplies(file, largest_file)

    def close(self) -> None:
        """Close the file."""
        self.file.close()


def open_store(path: Path | None, *, largest_file: int = LARGEST_FILE) -> SqliteStore:
    """Return the store in the file at `path`, or in memory (for the demo and for tests) where it is None.

    Never raises: what is wrong with a file shows where it is used, as `StoreUnavailable`, and the transport goes on
    without it. `largest_file`: bytes within which the reply cache keeps the file.
    """
    return SqliteStore(Database(path), largest_file=largest_file)
