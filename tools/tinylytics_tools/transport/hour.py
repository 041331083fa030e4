"""The requests of each key within the last hour, and the pauses that the service asked for."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from struct import iter_unpack, pack
from typing import TypeVar

T = TypeVar("T")

Clock = Callable[[], datetime]
"""Tells the time in UTC. Times are kept as seconds since 1970."""

HOUR_S = 3600.0
FIRST_PAUSE_S = 60.0
"""A refusal that names no time: a minute the first time, then doubled up to `LONGEST_GROWN_S` until one is answered."""
LONGEST_GROWN_S = 900.0
LONGEST_ASKED_S = 86_400.0
"""A day at most, so that a wrong number cannot shut a key out for good; after 503 no longer than `LONGEST_GROWN_S`."""


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


class Hour:
    """What is known of one key: when its requests left, and its last pause, with how many refusals in a row it follows.
    Where the clock was set back, requests and pauses from the future count from now."""

    def __init__(self, packed: bytes = b"") -> None:
        self._since, self._until, self._refusals, self._is_outage, *self.sent = (
            [number for (number,) in iter_unpack("<d", packed)] if packed else [0.0] * 4
        )

    def packed(self) -> bytes:
        """Return all of it in bytes, of which a new one can be made."""
        values = (self._since, self._until, self._refusals, self._is_outage, *self.sent)
        return pack(f"<{len(values)}d", *values)

    @property
    def ends(self) -> float:
        """When nothing of it counts any more, unless more is sent."""
        return max([self._until, *(at + HOUR_S for at in self.sent[-1:])])

    def reserve(self, now: float, most: int, *, in_outage: bool) -> Place:
        self.sent = sorted(min(at, now) for at in self.sent if at > now - HOUR_S)
        if self._since > now:
            self._since, self._until = now, now + self._until - self._since
        refused_before = self._refusals > 0
        if self._until > now and not (in_outage and self._is_outage):
            return Place(self._until - now, now, refused_before=True, is_outage=bool(self._is_outage))
        used = len(self.sent)
        if used >= most:
            return Place(self.sent[used - most] + HOUR_S - now, now, refused_before=refused_before)
        self.sent.append(now)
        return Place(None, now, refused_before=refused_before)

    def refused(self, now: float, asked_s: float | None, sent: float, *, is_outage: bool) -> float:
        if not sent <= self._since <= now:  # requests that were under way together are refused together: one refusal
            self._since, self._refusals = now, min(self._refusals + 1, 30)
        if asked_s is None:
            pause_s = min(FIRST_PAUSE_S * 2.0 ** (self._refusals - 1), LONGEST_GROWN_S)
        else:
            pause_s = min(max(asked_s, 1.0), LONGEST_GROWN_S if is_outage else LONGEST_ASKED_S)
        if self._until <= now + pause_s:
            self._until, self._is_outage = now + pause_s, is_outage
        return self._until - now

    def answered(self, sent: float) -> None:
        if self._since < sent:
            self._since = self._until = self._refusals = 0.0

    def usage(self, now: float) -> Usage:
        within = [min(at, now) for at in self.sent if at > now - HOUR_S]
        return Usage(len(within), min(within, default=None), max(0.0, self._until - now))


class Requests:
    """The hours of all keys: in memory, or in a store, where all methods raise `StoreUnavailable` where nothing was
    counted or changed."""

    def __init__(self) -> None:
        self._packed: dict[str, bytes] = {}

    async def reserve(self, fingerprint: str, most: int, clock: Clock, *, in_outage: bool = False) -> Place:
        """Take a place if fewer than `most` are taken and no pause is on; atomic over all processes.

        `in_outage`: a pause that an outage began does not count.
        """
        return await self.change(fingerprint, clock, lambda hour, now: hour.reserve(now, most, in_outage=in_outage))

    async def refused(
        self, fingerprint: str, asked_s: float | None, sent: float, clock: Clock, *, is_outage: bool
    ) -> float:
        """The request that took its place at `sent` was refused; begins or prolongs the pause and returns its seconds.

        `asked_s`: the seconds that the service asked for, None where it named none. `is_outage`: refused with 503; a
        pause after that takes a quarter hour at most.
        """
        return await self.change(
            fingerprint, clock, lambda hour, now: hour.refused(now, asked_s, sent, is_outage=is_outage)
        )

    async def answered(self, fingerprint: str, sent: float, clock: Clock) -> None:
        """The request that took its place at `sent` was answered: refusals before it no longer lengthen a pause."""
        await self.change(fingerprint, clock, lambda hour, _: hour.answered(sent))

    async def usage(self, fingerprint: str, clock: Clock) -> Usage:
        """What is taken now."""
        return (await self.read(fingerprint)).usage(clock().timestamp())

    async def change(self, fingerprint: str, clock: Clock, work: Callable[[Hour, float], T]) -> T:
        """Change the hour of a key, alone among all processes, and return what `work` does."""
        hour = await self.read(fingerprint)
        result = work(hour, clock().timestamp())
        self._packed[fingerprint] = hour.packed()
        return result

    async def read(self, fingerprint: str) -> Hour:
        """The hour of a key."""
        return Hour(self._packed.get(fingerprint, b""))

    async def clear(self, fingerprint: str) -> int:
        """Remove all that is counted of a key, and its pause; return how many requests that were."""
        return len(Hour(self._packed.pop(fingerprint, b"")).sent)
