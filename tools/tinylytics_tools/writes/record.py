"""The record of writes: each intent, committed before it is sent, and its outcome."""

import json
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b
from typing import Any, Protocol

import anyio

from tinylytics_tools.replies import json_object
from tinylytics_tools.transport.database import Database

REPEAT_S = 60.0
"""The same write within so many seconds is a repeat, by a client that lost the answer."""
KEPT_S = 90 * 86_400.0
EVERY = 2**53
"""As `past` of a write: none of those before is the same one."""


class Outcome(StrEnum):
    """The outcome of one attempt to write."""

    NOT_SENT = "not sent"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    DONE = "done"


@dataclass(frozen=True)
class Write:
    """A write to be sent. `body` is all that makes it the same write; only a keyed hash of it is kept. The rest
    describes it in the record."""

    action: str
    site_id: int
    body: Any
    path: str | None = None
    uid: str | None = None
    rows: int = 1


@dataclass(frozen=True)
class Entry:
    """One recorded write; `at` in seconds since 1970, `result` what its answer showed of the reply. One that `is_open`
    has no outcome yet, or never will: its process died."""

    id: int
    at: float
    action: str
    site_id: int
    path: str | None
    uid: str | None
    rows: int
    outcome: Outcome
    is_open: bool
    result: dict[str, Any]


class Writes(Protocol):
    """The writes of one key, for all processes that share the record. All methods raise `StoreUnavailable` where
    nothing was recorded or can be read."""

    pause: Callable[[float], Awaitable[None]]
    """Waits, in seconds."""

    async def begin(self, write: Write, now: float, *, past: int = 0) -> int | Entry:
        """Record the intent and return its id; or the same write of the last minute, where its id is above `past`.

        A write that was refused or never left does not count: trying again is right.
        """
        ...

    async def end(self, entry: int, outcome: Outcome, result: dict[str, Any] | None = None) -> None:
        """Record the outcome; the last one recorded holds."""

    async def entry(self, number: int) -> Entry | None:
        """Return one write as it is recorded now; None where it is not in the record any more."""
        ...

    async def clear(self) -> int:
        """Remove all writes of the key, and return how many there were."""
        ...

    async def latest(self, of_kind: tuple[str, int] | None = None, *, limit: int) -> list[Entry]:
        """Return the key's latest writes of an action on a site, or those of all keys that share the record; newest
        first. Paths and uids are raw."""
        ...

    async def secret(self) -> bytes:
        """Return what nobody outside of those who share the record knows."""
        ...


class WriteRecord(Writes):
    """The record in the state file; `owner` tells keys apart.

    Neither key nor body is kept: addresses, visitors and agents go into a hash with a secret of the file, and that
    is forgotten once it is too old to find a repeat.
    """

    def __init__(
        self, file: Database, owner: str = "", *, pause: Callable[[float], Awaitable[None]] = anyio.sleep
    ) -> None:
        self._file = file
        self._owner = owner
        self.pause = pause

    async def begin(self, write: Write, now: float, *, past: int = 0) -> int | Entry:
        def work(rows: sqlite3.Connection) -> int | Entry:
            forgotten = "UPDATE writes SET fingerprint = NULL WHERE fingerprint IS NOT NULL AND at < ?"
            rows.execute(forgotten, (now - REPEAT_S,))
            rows.execute("UPDATE writes SET at = ?1 WHERE at > ?1", (now,))  # the clock was set back
            rows.execute("DELETE FROM writes WHERE at < ?", (now - KEPT_S,))
            text = json.dumps([write.action, write.site_id, write.body], sort_keys=True)
            fingerprint = blake2b(text.encode(), key=_secret(rows), digest_size=16).hexdigest()
            found = rows.execute(
                _SELECT + " WHERE owner = ? AND fingerprint = ? AND id > ?"
                " AND (outcome IS NULL OR outcome NOT IN ('not sent', 'refused')) ORDER BY id DESC LIMIT 1",
                (self._owner, fingerprint, past),
            ).fetchone()
            if found is not None:
                return _entry(found)
            made = rows.execute(
                "INSERT INTO writes (owner, at, action, site_id, path, uid, rows, fingerprint)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (self._owner, now, write.action, write.site_id, write.path, write.uid, write.rows, fingerprint),
            )
            return made.lastrowid or 0

        return await self._file.patiently(work)

    async def end(self, entry: int, outcome: Outcome, result: dict[str, Any] | None = None) -> None:
        recorded = json.dumps(result or {}, ensure_ascii=False)
        await self._file.patiently(
            lambda rows: rows.execute(
                "UPDATE writes SET outcome = ?, result = ? WHERE id = ?", (outcome, recorded, entry)
            )
        )

    async def entry(self, number: int) -> Entry | None:
        with self._file.reading() as rows:
            found = rows.execute(_SELECT + " WHERE id = ?", (number,)).fetchone()
        return found and _entry(found)

    async def clear(self) -> int:
        drop = "DELETE FROM writes WHERE owner = ?"
        return await self._file.erase(lambda rows: rows.execute(drop, (self._owner,)).rowcount)

    async def latest(self, of_kind: tuple[str, int] | None = None, *, limit: int) -> list[Entry]:
        those = " WHERE owner = ? AND action = ? AND site_id = ?" if of_kind else ""
        values = (self._owner, *of_kind, limit) if of_kind else (limit,)
        with self._file.reading() as rows:
            return [_entry(row) for row in rows.execute(f"{_SELECT}{those} ORDER BY id DESC LIMIT ?", values)]

    async def secret(self) -> bytes:
        with self._file.reading() as rows:
            return _secret(rows)


_SELECT = "SELECT id, at, action, site_id, path, uid, rows, outcome, result FROM writes"


def _entry(row: tuple[Any, ...]) -> Entry:
    number, at, action, site_id, path, uid, count, outcome, result = row
    return Entry(
        number, at, action, site_id, path, uid, count, outcome_of(outcome), outcome is None, json_object(result)
    )


def outcome_of(recorded: str | None) -> Outcome:
    """Return a recorded outcome; one that this version does not know is unknown."""
    return Outcome(recorded) if recorded in frozenset(Outcome) else Outcome.UNKNOWN


def _secret(rows: sqlite3.Connection) -> bytes:
    return rows.execute("SELECT secret FROM write_secret").fetchone()[0]
