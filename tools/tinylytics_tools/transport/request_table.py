"""The ledger's rows: each request of the last hour, and the pauses that the service asked for."""

import sqlite3
from typing import NamedTuple

from tinylytics_tools.transport.database import Database
from tinylytics_tools.transport.interface import Clock, Place, Usage

HOUR_S = 3600.0
FIRST_PAUSE_S = 60.0
"""A refusal that names no time: a minute the first time, then doubled up to `LONGEST_GROWN_S` until one is answered."""
LONGEST_GROWN_S = 900.0
LONGEST_ASKED_S = 86_400.0
"""A day at most, so that a wrong number cannot shut a key out for good; after 503 no longer than `LONGEST_GROWN_S`."""


class SqliteRequests:
    """`Requests` in SQLite: one row a request, with the key's fingerprint and the time.

    A place is counted, taken and committed under the file's write lock before the request leaves, so a process that
    dies can only leave one place too many taken. The clock is read under the lock: rows are in the order of their
    times, whoever wrote them. Where the clock was set back, rows and pauses from the future count from now.
    """

    def __init__(self, file: Database) -> None:
        self._file = file

    async def reserve(self, fingerprint: str, most: int, clock: Clock, *, in_outage: bool = False) -> Place:
        """See `Requests`."""

        def work(rows: sqlite3.Connection) -> Place:
            now = clock().timestamp()
            rows.execute("DELETE FROM requests WHERE at <= ?", (now - HOUR_S,))
            rows.execute("UPDATE requests SET at = ?1 WHERE at > ?1", (now,))
            rows.execute("UPDATE pauses SET since = ?1, until = ?1 + until - since WHERE since > ?1", (now,))
            pause = _pause(rows, fingerprint)
            if pause is not None and pause.until > now and not (in_outage and pause.is_outage):
                wait_s = pause.until - now
                return Place(wait_s=wait_s, since=now, refused_before=True, is_outage=pause.is_outage)
            count = "SELECT count(*) FROM requests WHERE fingerprint = ?"
            used: int = rows.execute(count, (fingerprint,)).fetchone()[0]
            if used >= most:
                oldest = "SELECT at FROM requests WHERE fingerprint = ? ORDER BY at LIMIT 1 OFFSET ?"
                leaves: float = rows.execute(oldest, (fingerprint, used - most)).fetchone()[0]
                return Place(wait_s=leaves + HOUR_S - now, since=now, refused_before=pause is not None)
            rows.execute("INSERT INTO requests (fingerprint, at) VALUES (?, ?)", (fingerprint, now))
            return Place(wait_s=None, since=now, refused_before=pause is not None)

        return await self._file.patiently(work)

    async def refused(
        self, fingerprint: str, asked_s: float | None, sent: float, clock: Clock, *, is_outage: bool
    ) -> float:
        """See `Requests`."""

        def work(rows: sqlite3.Connection) -> float:
            now = clock().timestamp()
            last = _pause(rows, fingerprint) or Pause(0.0, 0.0, 0, is_outage)
            since, refusals = last.since, last.refusals
            if not sent <= since <= now:  # requests that were under way together are refused together: one refusal
                since, refusals = now, refusals + 1
            until = now + pause_length_s(asked_s, refusals, is_outage=is_outage)
            goes_on = last.until > until
            rows.execute(
                "INSERT OR REPLACE INTO pauses (fingerprint, since, until, refusals, is_outage) VALUES (?, ?, ?, ?, ?)",
                (
                    fingerprint,
                    since,
                    last.until if goes_on else until,
                    min(refusals, 30),
                    last.is_outage if goes_on else is_outage,
                ),
            )
            return max(last.until, until) - now

        return await self._file.patiently(work)

    async def answered(self, fingerprint: str, sent: float) -> None:
        """See `Requests`."""
        await self._file.patiently(
            lambda rows: rows.execute("DELETE FROM pauses WHERE fingerprint = ? AND since < ?", (fingerprint, sent))
        )

    async def usage(self, fingerprint: str, clock: Clock) -> Usage:
        """See `Requests`."""
        now = clock().timestamp()
        count = "SELECT count(*) FROM requests WHERE fingerprint = ? AND at > ?"
        with self._file.reading() as rows:
            used: int = rows.execute(count, (fingerprint, now - HOUR_S)).fetchone()[0]
            pause = _pause(rows, fingerprint)
        return Usage(used, 0.0 if pause is None else max(0.0, pause.until - now))


def pause_length_s(asked_s: float | None, refusals: int, *, is_outage: bool) -> float:
    """Seconds of the pause after a refusal, which is the last of so many in a row."""
    if asked_s is None:
        return min(FIRST_PAUSE_S * 2.0 ** (min(refusals, 30) - 1), LONGEST_GROWN_S)
    return min(max(asked_s, 1.0), LONGEST_GROWN_S if is_outage else LONGEST_ASKED_S)


class Pause(NamedTuple):
    """A key's last pause, and how many refusals in a row it follows."""

    since: float
    until: float
    refusals: int
    is_outage: bool


def _pause(rows: sqlite3.Connection, fingerprint: str) -> Pause | None:
    found = rows.execute(
        "SELECT since, until, refusals, is_outage FROM pauses WHERE fingerprint = ?", (fingerprint,)
    ).fetchone()
    return None if found is None else Pause(found[0], found[1], found[2], bool(found[3]))
