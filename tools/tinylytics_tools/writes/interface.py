"""What a tool that writes asks of the record of writes, whatever that is kept in."""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from tinylytics_tools.writes.record import Entry, Outcome, Write


class Writes(Protocol):
    """The writes of one key, for all processes that share the record; `WriteRecord` says what each method does.

    Raises (all methods):
        StoreUnavailable: nothing was recorded or can be read.
    """

    pause: Callable[[float], Awaitable[None]]
    """Waits, in seconds."""

    async def begin(self, write: Write, now: float, *, again: bool = False) -> int | Entry:
        """Record the intent and return its id; or the same write of the last minute, unless `again` is meant."""
        ...

    async def end(self, entry: int, outcome: Outcome, result: dict[str, Any] | None = None) -> None:
        """Record what came of it."""
        ...

    async def entry(self, number: int) -> Entry:
        """One write as it is recorded now."""
        ...

    async def undone(self, action: str, site_id: int, uid: str) -> None:
        """The kudo is gone: creating it once more is no repeat."""
        ...

    async def last(self, action: str, site_id: int, uid: str | None = None, *, limit: int = 1) -> list[Entry]:
        """The latest writes of a kind on a site, newest first."""
        ...

    async def latest(self, *, limit: int) -> list[Entry]:
        """The latest writes of all keys that share the record, newest first; paths and uids are raw."""
        ...
