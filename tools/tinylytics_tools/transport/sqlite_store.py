"""Where the wire of one machine keeps what outlives a request: tables of the state file."""

import contextlib
import sqlite3
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from tinylytics_tools.transport.database import Database
from tinylytics_tools.transport.hour import Clock, Hour, Requests
from tinylytics_tools.transport.interface import KEPT_AFTER_END_S, Found, Replies, Store, StoredReply, StoreUnavailable

T = TypeVar("T")

LARGEST_FILE = 64_000_000
"""Bytes of the file's pages in use; past that, answers that were not asked for longest go."""
_PACK_LEVEL = 1  # a page of 1,000 hits (350 kB) packs to a tenth in 3 ms; higher levels cost time and win little
_USE_NOTED_S = 60.0


class SqliteStore(Store):
    """The `Store` of one machine. `file` gives connections to whoever has a table of its own in it."""

    def __init__(self, file: Database, *, largest_file: int = LARGEST_FILE) -> None:
        super().__init__(SqliteRequests(file), SqliteReplies(file, largest_file))
        self.file = file

    def close(self) -> None:
        self.file.close()


def open_store(path: Path | None, *, largest_file: int = LARGEST_FILE) -> SqliteStore:
    """Return the store in the file at `path`, or in memory (for the demo and for tests) where it is None.

    Never raises: what is wrong with a file shows where it is used, as `StoreUnavailable`, and the transport goes on
    without it. `largest_file`: bytes within which the reply cache keeps the file.
    """
    return SqliteStore(Database(path), largest_file=largest_file)


@dataclass(eq=False)
class SqliteRequests(Requests):
    """One row a key.

    A place is counted, taken and committed under the file's write lock before the request leaves, so a process that
    dies can only leave one place too many taken. The clock is read under the lock: places are in the order of their
    times, whoever took them.
    """

    file: Database

    async def change(self, fingerprint: str, clock: Clock, work: Callable[[Hour, float], T]) -> T:
        def change(rows: sqlite3.Connection) -> T:
            now, hour = clock().timestamp(), _hour(rows, fingerprint)
            result = work(hour, now)
            rows.execute("DELETE FROM hours WHERE ends <= ?", (now,))
            rows.execute(
                "INSERT OR REPLACE INTO hours (fingerprint, value, ends) VALUES (?, ?, ?)",
                (fingerprint, hour.packed(), hour.ends),
            )
            return result

        return await self.file.patiently(change)

    async def read(self, fingerprint: str) -> Hour:
        with self.file.reading() as rows:
            return _hour(rows, fingerprint)

    async def clear(self, fingerprint: str) -> int:
        def work(rows: sqlite3.Connection) -> int:
            removed = len(_hour(rows, fingerprint).sent)
            rows.execute("DELETE FROM hours WHERE fingerprint = ?", (fingerprint,))
            return removed

        return await self.file.erase(work)


def _hour(rows: sqlite3.Connection, fingerprint: str) -> Hour:
    found = rows.execute("SELECT value FROM hours WHERE fingerprint = ?", (fingerprint,)).fetchone()
    try:
        return Hour(found[0] if found else b"")
    except (ValueError, struct.error) as error:
        raise StoreUnavailable("the state file is damaged: the requests of this hour cannot be read") from error


@dataclass(eq=False)
class SqliteReplies(Replies):
    """One row an answer, packed, and no more of them than the file has room for."""

    file: Database
    largest_file: int

    async def find(self, fingerprint: str, address: str, now: float) -> Found:
        query = (
            "SELECT content_type, body, fetched_at, expires_at, used_at, id FROM replies"
            " WHERE fingerprint = ? AND address = ?"
        )
        with self.file.reading() as rows:
            generation = _generation(rows, fingerprint)
            row = rows.execute(query, (fingerprint, address)).fetchone()
        if row is None:
            return Found(None, generation)
        content_type, body, fetched_at, expires_at, used_at, number = row
        if abs(now - used_at) > _USE_NOTED_S:
            with contextlib.suppress(StoreUnavailable), self.file.transaction() as rows:  # a read goes on without
                rows.execute("UPDATE replies SET used_at = ? WHERE id = ?", (now, number))
        try:
            return Found(StoredReply(content_type, zlib.decompress(body), fetched_at, expires_at), generation)
        except zlib.error:  # a damaged file
            return Found(None, generation)

    async def keep(self, fingerprint: str, address: str, reply: StoredReply, generation: int) -> None:
        body, path, now = zlib.compress(reply.body, _PACK_LEVEL), address.partition("?")[0], reply.fetched_at
        with self.file.transaction() as rows:
            if _generation(rows, fingerprint) != generation:
                return
            rows.execute("DELETE FROM replies WHERE expires_at < ?", (now - KEPT_AFTER_END_S,))
            rows.execute(
                "INSERT OR REPLACE INTO replies (fingerprint, address, path, content_type, body, fetched_at,"
                " expires_at, used_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (fingerprint, address, path, reply.content_type, body, now, reply.expires_at, now),
            )
            # Deleted pages are used again before the file grows, so bounding the pages in use bounds the file.
            while _bytes_in_use(rows) > self.largest_file:
                oldest = "DELETE FROM replies WHERE id IN (SELECT id FROM replies ORDER BY used_at LIMIT 16)"
                if rows.execute(oldest).rowcount == 0:
                    return

    async def forget(self, fingerprint: str, paths: frozenset[str]) -> None:
        def work(rows: sqlite3.Connection) -> None:
            rows.execute(_NEXT_GENERATION, (fingerprint,))
            drop = "DELETE FROM replies WHERE fingerprint = ? AND path = ?"
            rows.executemany(drop, [(fingerprint, path) for path in paths])

        await self.file.patiently(work)

    async def clear(self, fingerprint: str) -> int:
        def work(rows: sqlite3.Connection) -> int:
            rows.execute(_NEXT_GENERATION, (fingerprint,))
            return rows.execute("DELETE FROM replies WHERE fingerprint = ?", (fingerprint,)).rowcount

        return await self.file.erase(work)


_NEXT_GENERATION = (
    "INSERT INTO generations (fingerprint, number) VALUES (?, 1)"
    " ON CONFLICT (fingerprint) DO UPDATE SET number = number + 1"
)


def _generation(rows: sqlite3.Connection, fingerprint: str) -> int:
    row = rows.execute("SELECT number FROM generations WHERE fingerprint = ?", (fingerprint,)).fetchone()
    return 0 if row is None else row[0]


def _bytes_in_use(rows: sqlite3.Connection) -> int:
    used = "SELECT (page_count - freelist_count) * page_size FROM pragma_page_count, pragma_freelist_count,"
    return rows.execute(f"{used} pragma_page_size").fetchone()[0]
