"""The one SQLite file of the state directory: opened, locked, and given up on without harm."""

import contextlib
import sqlite3
import threading
import weakref
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TypeVar

import anyio

from tinylytics_tools.transport.interface import StoreUnavailable

T = TypeVar("T")

BUSY_S = 0.1
"""SQLite itself waits so long for another process; the event loop stands still meanwhile, so it is short."""
TRIES = 20
"""So often `patiently` tries, and lets others run in between: four seconds in all."""


class StoreBusy(StoreUnavailable):
    """Another process holds the file's lock; the next try may succeed."""


class Database:
    """Connections to a file that several processes and threads share, or to memory where `path` is None.

    The file is opened at its first use, with mode 0600 in a directory made with mode 0700, and opened again after a
    fault, so that no fault outlives its cause. A file that is corrupt, read-only, on a full disk or made by a newer
    version raises `StoreUnavailable` at each use; it is never repaired or replaced from here, since the record of
    writes is in it. A transaction takes about 0.1 ms and runs in the thread that asks; threads take turns.
    Nothing may be awaited inside one, and an open file is not handed on by `fork`. All methods raise `StoreUnavailable`
    where nothing was done.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._turn = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._inode: int | None = None

    @contextlib.contextmanager
    def transaction(self) -> Generator[sqlite3.Connection]:
        """A connection that holds the write lock of the file; committed at the end, undone on any exception. Raises
        `StoreBusy` where another process holds the lock."""
        with self.reading() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    @contextlib.contextmanager
    def reading(self) -> Generator[sqlite3.Connection]:
        """A connection for single queries; writers do not hold it up."""
        with self._turn:
            try:
                connection = self._open()
            except (sqlite3.Error, OSError) as error:
                raise self._unavailable(error) from error
            try:
                yield connection
            except sqlite3.IntegrityError:
                raise  # a row that a table does not take is the caller's matter
            except sqlite3.Error as error:
                raise self._unavailable(error) from error

    async def patiently(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do `work` in a transaction; the lock is waited for, four seconds at most."""
        for _ in range(TRIES - 1):
            try:
                with self.transaction() as connection:
                    return work(connection)
            except StoreBusy:
                await anyio.sleep(BUSY_S)
        with self.transaction() as connection:
            return work(connection)

    async def erase(self, work: Callable[[sqlite3.Connection], int]) -> int:
        """Do `work` as `patiently` does; what it deletes is not left in the unused parts of the file."""
        with self.reading() as connection:
            connection.execute("PRAGMA secure_delete = ON")
        removed = await self.patiently(work)
        with contextlib.suppress(StoreUnavailable), self.reading() as connection:  # another process may be reading
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return removed

    def close(self) -> None:
        """Close the file; the next use opens it again. What was kept in memory only is gone."""
        with self._turn:
            if self._connection is not None:
                self._at_end()
                self._connection = None

    def _open(self) -> sqlite3.Connection:
        if self.path is not None and self._connection is not None and _inode(self.path) != self._inode:
            self.close()  # deleted or replaced: what is counted in the old file nobody else sees
        if self._connection is None:
            if self.path is not None:
                _make_private(self.path)
                self._inode = _inode(self.path)
            self._connection = _connect(":memory:" if self.path is None else str(self.path))
            self._at_end = weakref.finalize(self, self._connection.close)
        return self._connection

    def _unavailable(self, error: Exception) -> StoreUnavailable:
        busy = getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
        if self.path is not None and not busy:
            self.close()
        why = getattr(error, "strerror", None) or error
        return (StoreBusy if busy else StoreUnavailable)(f"the state file {self.path} cannot be used: {why}")


def _make_private(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        path.touch(mode=0o600)
    if (mode := path.stat().st_mode) & 0o077:
        path.chmod(mode & 0o700)


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return None


def _connect(name: str) -> sqlite3.Connection:
    connection = sqlite3.connect(name, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")  # in WAL mode `kill -9` loses nothing that was committed
        connection.execute("PRAGMA journal_size_limit = 4000000")
        if _version(connection) != len(STEPS):
            _bring_up_to_date(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _bring_up_to_date(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    version = _version(connection)  # another process may have been here first
    if version > len(STEPS):
        raise sqlite3.DatabaseError("a newer version of this program made it; update this one")
    for statement in (statement for step in STEPS[version:] for statement in step):
        connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {len(STEPS)}")
    connection.execute("COMMIT")


def _version(connection: sqlite3.Connection) -> int:
    return connection.execute("PRAGMA user_version").fetchone()[0]


STEPS: tuple[tuple[str, ...], ...] = (
    (
        "CREATE TABLE requests (id INTEGER PRIMARY KEY, fingerprint TEXT NOT NULL, at REAL NOT NULL) STRICT",
        "CREATE INDEX requests_of_key ON requests (fingerprint, at)",
        "CREATE INDEX requests_by_time ON requests (at)",
        "CREATE TABLE pauses (fingerprint TEXT PRIMARY KEY, since REAL NOT NULL, until REAL NOT NULL,"
        " refusals INTEGER NOT NULL) STRICT",
        "CREATE TABLE replies (id INTEGER PRIMARY KEY, fingerprint TEXT NOT NULL, address TEXT NOT NULL,"
        " path TEXT NOT NULL, content_type TEXT NOT NULL, body BLOB NOT NULL, fetched_at REAL NOT NULL,"
        " expires_at REAL NOT NULL, used_at REAL NOT NULL, UNIQUE (fingerprint, address)) STRICT",
        "CREATE INDEX replies_by_path ON replies (fingerprint, path)",
        "CREATE INDEX replies_by_use ON replies (used_at)",
        "CREATE INDEX replies_by_end ON replies (expires_at)",
        "CREATE TABLE generations (fingerprint TEXT PRIMARY KEY, number INTEGER NOT NULL) STRICT",
    ),
    (
        "CREATE TABLE writes (id INTEGER PRIMARY KEY AUTOINCREMENT, owner TEXT NOT NULL, at REAL NOT NULL,"
        " action TEXT NOT NULL, site_id INTEGER NOT NULL, path TEXT, uid TEXT, rows INTEGER NOT NULL,"
        " fingerprint TEXT, outcome TEXT, result TEXT NOT NULL DEFAULT '{}') STRICT",
        "CREATE INDEX writes_to_repeat ON writes (fingerprint) WHERE fingerprint IS NOT NULL",
        "CREATE INDEX writes_by_site ON writes (owner, site_id, action, uid)",
        "CREATE INDEX writes_by_time ON writes (at)",
        "CREATE TABLE write_secret (secret BLOB NOT NULL) STRICT",
        "INSERT INTO write_secret VALUES (randomblob(32))",
    ),
    ("ALTER TABLE pauses ADD COLUMN is_outage INTEGER NOT NULL DEFAULT 0",),
    (
        "CREATE TABLE oauth (kind TEXT NOT NULL, id TEXT NOT NULL, value BLOB NOT NULL, until REAL NOT NULL,"
        " PRIMARY KEY (kind, id)) STRICT",
        "CREATE INDEX oauth_by_end ON oauth (until)",
    ),
    (
        "DROP TABLE requests",
        "DROP TABLE pauses",
        "CREATE TABLE hours (fingerprint TEXT PRIMARY KEY, value BLOB NOT NULL, ends REAL NOT NULL) STRICT",
        "CREATE INDEX hours_by_end ON hours (ends)",
    ),
)
"""The tables, step by step: a step is added at the end and never changed afterwards.

`PRAGMA user_version` is the number of steps that a file has been through.
"""
