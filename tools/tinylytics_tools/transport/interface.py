"""What the wire asks of the place where it keeps things, whatever that place is made of."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

Clock = Callable[[], datetime]
"""Tells the time in UTC. Times are kept as seconds since 1970."""

HOUR_S = 3600.0
FIRST_PAUSE_S = 60.0
"""A refusal that names no time: a minute the first time, then doubled up to `LONGEST_GROWN_S` until one is answered."""
LONGEST_GROWN_S = 900.0
LONGEST_ASKED_S = 86_400.0
"""A day at most, so that a wrong number cannot shut a key out for good; after 503 no longer than `LONGEST_GROWN_S`."""
KEPT_AFTER_END_S = 7 * 86_400.0
"""An answer past its end is kept for another week, to be served with its age where the service is away."""


class StoreUnavailable(Exception):
    """The store cannot be used now; the text says why, for a person."""


@dataclass(frozen=True)
class Place:
    """What came of asking for a place in this hour.

    `wait_s`: None where the place was given, else the seconds until asking again can succeed.
    `since`: when the place was given, in the store's time. `refused_before`: the service's last answer was a refusal.
    `is_outage`: the wait is for a service that was out of order (503), not for the hourly limit.
    """

    wait_s: float | None
    since: float
    refused_before: bool = False
    is_outage: bool = False


@dataclass(frozen=True)
class Usage:
    """Places given within the hour that ends now, when the first of them was given (None: there is none), and the
    seconds that a pause still takes (0: none)."""

    used: int
    oldest: float | None
    pause_s: float


class Requests(Protocol):
    """The requests of each key within the last hour, and the pauses that the service asked for. All methods raise
    `StoreUnavailable` where nothing was counted or changed."""

    async def reserve(self, fingerprint: str, most: int, clock: Clock, *, in_outage: bool = False) -> Place:
        """Take a place if fewer than `most` are taken and no pause is on; atomic over all processes.

        `in_outage`: a pause that an outage began does not count.
        """
        ...

    async def refused(
        self, fingerprint: str, asked_s: float | None, sent: float, clock: Clock, *, is_outage: bool
    ) -> float:
        """The request that took its place at `sent` was refused; begins or prolongs the pause and returns its seconds.

        `asked_s`: the seconds that the service asked for, None where it named none. `is_outage`: refused with 503; a
        pause after that takes a quarter hour at most.
        """
        ...

    async def answered(self, fingerprint: str, sent: float) -> None:
        """The request that took its place at `sent` was answered: refusals before it no longer lengthen a pause."""
        ...

    async def usage(self, fingerprint: str, clock: Clock) -> Usage: ...

    async def clear(self, fingerprint: str) -> int:
        """Remove all that is counted of a key, and its pause; return how many requests that were."""
        ...


@dataclass(frozen=True)
class StoredReply:
    """A stored answer of status 200: its body and content type; times in seconds since 1970."""

    content_type: str
    body: bytes
    fetched_at: float
    expires_at: float


@dataclass(frozen=True)
class Found:
    """`generation` counts the `forget`s of the key, so that an answer asked for before one is not kept after it."""

    reply: StoredReply | None
    generation: int


class Replies(Protocol):
    """Stored answers, by key and address; two keys never share. All methods raise `StoreUnavailable` where nothing was
    found or changed."""

    async def find(self, fingerprint: str, address: str, now: float) -> Found:
        """The answer stored for an address, fresh or not."""
        ...

    async def keep(self, fingerprint: str, address: str, reply: StoredReply, generation: int) -> None:
        """Store an answer, unless something of the key was forgotten since `generation` was read."""
        ...

    async def forget(self, fingerprint: str, paths: frozenset[str]) -> None:
        """Drop the answers of these addresses, whatever their queries."""
        ...

    async def clear(self, fingerprint: str) -> int:
        """Remove all answers of a key, and return how many there were; those asked for before are not kept either."""
        ...


@dataclass(eq=False)
class Store:
    """Where the wire keeps what outlives a request."""

    requests: Requests
    replies: Replies


def pause_length_s(asked_s: float | None, refusals: int, *, is_outage: bool) -> float:
    """Seconds of the pause after a refusal, which is the last of so many in a row."""
    if asked_s is None:
        return min(FIRST_PAUSE_S * 2.0 ** (min(refusals, 30) - 1), LONGEST_GROWN_S)
    return min(max(asked_s, 1.0), LONGEST_GROWN_S if is_outage else LONGEST_ASKED_S)
