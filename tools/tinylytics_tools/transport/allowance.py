"""One key's share of the service: what it may still send this hour, and when it has to be silent."""

from dataclasses import dataclass

from tinylytics_tools.transport.interface import Clock, Place, Requests, StoreUnavailable
from tinylytics_tools.transport.store import open_store

ALLOWED = 950
"""Requests in any hour: the API allows 1000 (API document, section 8); the rest is for clocks and delays, since the
service counts a request when it arrives and this side when it leaves."""
KEPT_FOR_WRITES = 50
FOR_READS = ALLOWED - KEPT_FOR_WRITES
ALONE = 100
"""Requests in any hour while the store cannot be used. Nobody knows then what the other processes send: nine that count
alone stay within the 950 together, and one that alone lost the file sends little on top of the others."""


@dataclass(frozen=True)
class Status:
    """Requests of the last hour, of what is left for reads and for writes; `pause_s`: how long the service wants
    silence (0: it does not). `alone`: why this process counts alone, with a lower allowance; None where it does not."""

    used: int
    left_for_reads: int
    left_for_writes: int
    pause_s: float
    alone: str | None


class Allowance:
    """Counts in the store, and beside it in this process, to go on from there where the store is lost."""

    def __init__(self, shared: Requests, *, fingerprint: str, clock: Clock) -> None:
        self._shared = shared
        self._own = open_store(None).requests
        self._fingerprint = fingerprint
        self._clock = clock

    async def reserve(self, most: int, *, in_outage: bool = False) -> Place:
        """A place for one request, if fewer than `most` were given in the last hour and no pause is on.

        `in_outage`: a pause after a 503 does not count.
        """
        try:
            place = await self._shared.reserve(self._fingerprint, most, self._clock, in_outage=in_outage)
        except StoreUnavailable:
            most = min(most, ALONE)
            return await self._own.reserve(self._fingerprint, most, self._clock, in_outage=in_outage)
        if place.wait_s is None:
            await self._own.reserve(self._fingerprint, ALLOWED, self._clock, in_outage=in_outage)
        return place

    async def refused(self, asked_s: float | None, place: Place, *, is_outage: bool) -> float:
        """The request of a place was refused; returns the seconds of the pause that follows for every process."""
        refusal = self._fingerprint, asked_s, place.since, self._clock
        pause_s = await self._own.refused(*refusal, is_outage=is_outage)
        try:
            return await self._shared.refused(*refusal, is_outage=is_outage)
        except StoreUnavailable:
            return pause_s

    async def answered(self, place: Place) -> None:
        """The request of a place was answered; matters only where the answer before was a refusal."""
        if not place.refused_before:
            return
        await self._own.answered(self._fingerprint, place.since)
        try:
            await self._shared.answered(self._fingerprint, place.since)
        except StoreUnavailable:
            return  # the next pause is longer than it had to be

    async def status(self) -> Status:
        """What is used and left now."""
        alone = None
        try:
            usage = await self._shared.usage(self._fingerprint, self._clock)
        except StoreUnavailable as error:
            usage, alone = await self._own.usage(self._fingerprint, self._clock), str(error)
        reads, writes = (FOR_READS, ALLOWED) if alone is None else (ALONE, ALONE)
        return Status(usage.used, max(0, reads - usage.used), max(0, writes - usage.used), usage.pause_s, alone)
