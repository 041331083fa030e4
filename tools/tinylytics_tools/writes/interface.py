"""The interface of the record of writes, wherever it is kept."""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from tinylytics_tools.writes.record import Entry, Outcome, Write


class Writes(Protocol):
    """The writes of one key, for all processes that share the record. All methods raise `StoreUnavailable` where
    nothing was recorded or can be read."""

    pause: Callable[[float], Awaitable[None]]
    """Waits, in seconds."""

    async def begin(self, write: Write, now: float, *, again: bool = False) -> int | Entry:
        """Record the intent and return its id; or the same write of the last minute, unless `again`.

        A write that was refused or never left does not count: trying again is right.
        """
        ...

    async def end(self, entry: int, outcome: Outcome, result: dict[str, Any] | None = None) -> None:
        """Record the outcome; the last one recorded holds."""

    async def entry(self, number: int) -> Entry:
        """Return one write as it is recorded now."""
        ...

    async def undone(self, action: str, site_id: int, uid: str) -> None:
        """Forget that a kudo was created, now that it is gone: creating it once more is no repeat."""

    async def clear(self) -> int:
        """Remove all writes of the key, and return how many there were."""
        ...

    async def last(self, action: str, site_id: int, uid: str | None = None, *, limit: int = 1) -> list[Entry]:
        """Return the latest writes of a kind on a site, of one uid or all; newest first."""
        ...

    async def latest(self, *, limit: int) -> list[Entry]:
        """Return the latest writes of all keys that share the record, newest first; paths and uids are raw."""
        ...

    async def secret(self) -> bytes:
        """Return what nobody outside of those who share the record knows."""
        ...
