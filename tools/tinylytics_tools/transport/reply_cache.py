"""The cache's rows: stored answers, packed, and no more of them than the file has room for."""

import sqlite3
import zlib

from tinylytics_tools.transport.database import Database
from tinylytics_tools.transport.interface import KEPT_AFTER_END_S, Found, StoredReply, StoreUnavailable

LARGEST_FILE = 64_000_000
"""Bytes of the file's pages in use; past that, answers that were not asked for longest go."""
_PACK_LEVEL = 1  # a page of 1,000 hits (350 kB) packs to a tenth in 3 ms; higher levels cost time and win little
_USE_NOTED_S = 60.0


class SqliteReplies:
    """`Replies` in SQLite."""

    def __init__(self, file: Database, largest_file: int) -> None:
        self._file = file
        self._largest = largest_file

    async def find(self, fingerprint: str, address: str, now: float) -> Found:
        """See `Replies`."""
        query = (
            "SELECT content_type, body, fetched_at, expires_at, used_at, id FROM replies"
            " WHERE fingerprint = ? AND address = ?"
        )
        with self._file.reading() as rows:
            generation = _generation(rows, fingerprint)
            row = rows.execute(query, (fingerprint, address)).fetchone()
        if row is None:
            return Found(None, generation)
        content_type, body, fetched_at, expires_at, used_at, number = row
        if abs(now - used_at) > _USE_NOTED_S:
            self._note_use(number, now)
        try:
            return Found(StoredReply(content_type, zlib.decompress(body), fetched_at, expires_at), generation)
        except zlib.error:  # a damaged file
            return Found(None, generation)

    async def keep(self, fingerprint: str, address: str, reply: StoredReply, generation: int) -> None:
        """See `Replies`."""
        body = zlib.compress(reply.body, _PACK_LEVEL)
        now = reply.fetched_at
        with self._file.transaction() as rows:
            if _generation(rows, fingerprint) != generation:
                return
            rows.execute("DELETE FROM replies WHERE expires_at < ?", (now - KEPT_AFTER_END_S,))
            rows.execute(
                "INSERT OR REPLACE INTO replies (fingerprint, address, path, content_type, body, fetched_at,"
                " expires_at, used_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (fingerprint, address, _path(address), reply.content_type, body, now, reply.expires_at, now),
            )
            self._make_room(rows)

    async def forget(self, fingerprint: str, paths: frozenset[str]) -> None:
        """See `Replies`."""

        def work(rows: sqlite3.Connection) -> None:
            rows.execute(_NEXT_GENERATION, (fingerprint,))
            drop = "DELETE FROM replies WHERE fingerprint = ? AND path = ?"
            rows.executemany(drop, [(fingerprint, path) for path in paths])

        await self._file.patiently(work)

    async def clear(self, fingerprint: str) -> int:
        """See `Replies`."""

        def work(rows: sqlite3.Connection) -> int:
            rows.execute(_NEXT_GENERATION, (fingerprint,))
            return rows.execute("DELETE FROM replies WHERE fingerprint = ?", (fingerprint,)).rowcount

        return await self._file.erase(work)

    def _note_use(self, number: int, now: float) -> None:
        try:
            with self._file.transaction() as rows:
                rows.execute("UPDATE replies SET used_at = ? WHERE id = ?", (now, number))
        except StoreUnavailable:
            return  # a read goes on where nothing can be written

    def _make_room(self, rows: sqlite3.Connection) -> None:
        """Deleted pages are used again before the file grows, so bounding the pages in use bounds the file."""
        while _bytes_in_use(rows) > self._largest:
            oldest = "DELETE FROM replies WHERE id IN (SELECT id FROM replies ORDER BY used_at LIMIT 16)"
            if rows.execute(oldest).rowcount == 0:
                return


_NEXT_GENERATION = (
    "INSERT INTO generations (fingerprint, number) VALUES (?, 1)"
    " ON CONFLICT (fingerprint) DO UPDATE SET number = number + 1"
)


def _generation(rows: sqlite3.Connection, fingerprint: str) -> int:
    row = rows.execute("SELECT number FROM generations WHERE fingerprint = ?", (fingerprint,)).fetchone()
    return 0 if row is None else row[0]


def _bytes_in_use(rows: sqlite3.Connection) -> int:
    pages, free, size = (
        rows.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
    )
    return (pages - free) * size


def _path(address: str) -> str:
    return address.partition("?")[0]
