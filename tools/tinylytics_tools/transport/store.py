"""Where the wire keeps what outlives a request: one SQLite file, shared by all processes of the machine."""

from pathlib import Path

from tinylytics_tools.transport.database import Database
from tinylytics_tools.transport.reply_cache import LARGEST_FILE, SqliteReplies
from tinylytics_tools.transport.request_table import SqliteRequests


class SqliteStore:
    """The `Store` of one machine. `file` gives connections to whoever has a table of its own in it."""

    def __init__(self, file: Database, *, largest_file: int = LARGEST_FILE) -> None:
        self.file = file
        self.requests = SqliteRequests(file)
        self.replies = SqliteReplies(file, largest_file)

    def close(self) -> None:
        """Close the file."""
        self.file.close()


def open_store(path: Path | None, *, largest_file: int = LARGEST_FILE) -> SqliteStore:
    """The store in the file at `path`, or in memory (for the demo and for tests) where it is None.

    Never raises: what is wrong with a file shows where it is used, as `StoreUnavailable`, and the wire goes on
    without it. `largest_file`: bytes within which the reply cache keeps the file.
    """
    return SqliteStore(Database(path), largest_file=largest_file)
