"""The database behind the fake API: schema, connection and the forms that rows take in replies."""

import sqlite3
import weakref
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.resources import files
from threading import RLock

_SCHEMA = files("tinylytics_mcp.fake_api").joinpath("schema.sql").read_text("utf-8")

SITE_FIELDS = ("id", "uid", "url", "label")
"""The columns by which replies name their site."""
KUDO_FIELDS = ("id", "uid", "path", "created_at")
_HIT_VALUES = ("url", "path", "referrer", "country", "browser_name", "platform_name", "is_mobile", "source")
HIT_FIELDS = ("id", *_HIT_VALUES, "created_at")
"""The columns of a hit in a list; the hashes are shown only to who creates a hit."""
HIT_COLUMNS = ("site_id", *_HIT_VALUES, "unique_hash", "visitor_hash", "created_at")
_TRUTHS = {"is_mobile", "active", "public", "partial", "ignored"}

Value = str | int | None


class Store:
    """A SQLite database in memory that any thread may use; times in it are epoch seconds, truth values 0 or 1."""

    def __init__(self) -> None:
        self.lock = RLock()
        self.connection = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
        weakref.finalize(self, self.connection.close)
        self.connection.row_factory = sqlite3.Row
        self.connection.executescript(_SCHEMA)
        self._counted: dict[tuple[str, int], tuple[int, int]] = {}
        self.rankings: dict[int, tuple[int, list[sqlite3.Row]]] = {}
        """The leaderboard of each site as it was last counted, and when: the API keeps it for an hour."""

    def rows(self, sql: str, values: Sequence[Value] = ()) -> list[sqlite3.Row]:
        """Return all rows of a query."""
        return self.connection.execute(sql, values).fetchall()

    def row(self, sql: str, values: Sequence[Value] = ()) -> sqlite3.Row | None:
        """Return the first row of a query, or None."""
        return self.connection.execute(sql, values).fetchone()

    def number(self, sql: str, values: Sequence[Value] = ()) -> int:
        """Return the one whole number that a query gives."""
        return int(self.connection.execute(sql, values).fetchone()[0])

    def lasting_number(self, sql: str, site_id: int) -> int:
        """Return a count, made once until something is written: a million distinct hashes take a second."""
        changes = self.connection.total_changes
        counted = self._counted.get((sql, site_id))
        if counted is None or counted[0] != changes:
            counted = self._counted[sql, site_id] = (changes, self.number(sql, (site_id,)))
        return counted[1]

    def insert(self, table: str, fields: Mapping[str, Value]) -> int:
        """Store one row under the column names given, and return its id."""
        columns, marks = ", ".join(fields), ", ".join("?" * len(fields))
        statement = f"INSERT INTO {table} ({columns}) VALUES ({marks})"  # noqa: S608  (names come from this package and its tests)
        return self.connection.execute(statement, tuple(fields.values())).lastrowid or 0

    def insert_rows(self, table: str, columns: Sequence[str], rows: Iterable[tuple[Value, ...]]) -> None:
        """Store many rows, each a tuple in the order of the columns."""
        marks = ", ".join("?" * len(columns))
        statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608  (constants only)
        with self.lock:
            self.connection.execute("BEGIN")
            self.connection.executemany(statement, rows)
            self.connection.execute("COMMIT")


def stamp(moment: int | None) -> str | None:
    """Return epoch seconds as the API writes times: `2026-02-14T10:00:00Z`."""
    return None if moment is None else datetime.fromtimestamp(moment, UTC).isoformat().replace("+00:00", "Z")


def fields(row: sqlite3.Row, names: Iterable[str]) -> dict[str, object]:
    """Return the columns named as JSON has them: times as text, truth values as true and false."""
    return {name: _field(name, value) if isinstance(value := row[name], int) else value for name in names}


def _field(name: str, value: int) -> object:
    if name in _TRUTHS:
        return bool(value)
    return stamp(value) if name.endswith("_at") else value
