"""The one SQLite file of the state directory, shared by all processes of the machine."""

import contextlib
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import anyio

from tinylytics_tools.wire.interface import StoreUnavailable
from tinylytics_tools.wire.reply_table import SqliteReplies
from tinylytics_tools.wire.request_table import SqliteRequests
from tinylytics_tools.wire.schema import STEPS

T = TypeVar("T")

BUSY_S = 0.25
"""SQLite itself waits so long for another process; the event loop stands still meanwhile, so it is short."""
BUSY_TRIES = 12
"""`patiently` tries so often, with pauses that leave the event loop to others."""
LARGEST_FILE = 64_000_000


class StoreBusy(StoreUnavailable):
    """Another process holds the file's lock; the next try may succeed."""


class SqliteStore:
    """Reply cache, request ledger and record of writes in one file (or in memory, where `path` is None).

    The file is opened at the first use and again after a fault, so that no fault outlives its cause: a file that is
    corrupt, read-only, locked, on a full disk or made by a newer version raises `StoreUnavailable` at each use and
    is never repaired or replaced from here, since it holds the record of writes. Calls take well under a
    millisecond and run in the thread that makes them; threads take turns. A store is not handed on by `fork`.

    `largest_file`: bytes that the cache keeps the file within.
    """

    def __init__(self, path: Path | None, *, largest_file: int = LARGEST_FILE) -> None:
        self.path = path
        self.trouble: str | None = None
        """Why the last use failed, for a person; None where it did not."""
        self.requests = SqliteRequests(self)
        self.replies = SqliteReplies(self, largest_file)
        self._turn = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._inode: int | None = None

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A connection that holds the write lock of the file; committed at the end, undone on any exception.

        Raises:
            StoreBusy: another process holds the lock; nothing was done.
            StoreUnavailable: nothing was done.
        """
        with self._connected() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection for single queries; never waits for a writer.

        Raises:
            StoreUnavailable: nothing can be read.
        """
        with self._connected() as connection:
            yield connection

    async def patiently(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do `work` in a transaction; a lock is waited for, about four seconds at most, while others run on.

        Raises:
            StoreUnavailable: nothing was done.
        """
        for _ in range(BUSY_TRIES - 1):
            try:
                with self.transaction() as connection:
                    return work(connection)
            except StoreBusy:
                await anyio.sleep(0.1)
        with self.transaction() as connection:
            return work(connection)

    def close(self) -> None:
        """Close the file; the next use opens it again. What is kept in memory only is gone."""
        with self._turn:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    @contextlib.contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        with self._turn:
            try:
                yield self._open()
                self.trouble = None
            except (sqlite3.Error, OSError) as error:
                raise self._unavailable(error) from error

    def _open(self) -> sqlite3.Connection:
        if self.path is None:
            if self._connection is None:
                self._connection = _connect(":memory:")
            return self._connection
        if self._connection is not None and _inode(self.path) != self._inode:
            self.close()  # the file was deleted or replaced: what is counted in the old one nobody else sees
        if self._connection is None:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.path.touch(mode=0o600)
            self.path.chmod(0o600)
            self._inode = _inode(self.path)
            self._connection = _connect(str(self.path))
        return self._connection

    def _unavailable(self, error: Exception) -> StoreUnavailable:
        code = getattr(error, "sqlite_errorcode", None)
        busy = code is not None and code & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
        if not busy and self.path is not None:
            self.close()
        self.trouble = f"the state file {self.path} cannot be used: {error}"
        return (StoreBusy if busy else StoreUnavailable)(self.trouble)


def open_store(path: Path | None, *, largest_file: int = LARGEST_FILE) -> SqliteStore:
    """The store of a file, made with mode 0600 in a directory of mode 0700, or one in memory where `path` is None.

    Never raises: what is wrong with the file is told where it is used, and the wire goes on without it.
    """
    return SqliteStore(path, largest_file=largest_file)


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return None


def _connect(name: str) -> sqlite3.Connection:
    connection = sqlite3.connect(name, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")  # with WAL, `kill -9` loses nothing that was committed
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
