"""One request to the fake API: its site, its window of days, its page and its filters, checked as they are read.

A wrong query parameter is a 400 that names it (API document, section 3); an empty one is the same as none.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from sqlite3 import Row
from zoneinfo import ZoneInfo

from tinylytics_mcp.fake_api.access import refused
from tinylytics_mcp.fake_api.openapi import Operation, choices
from tinylytics_mcp.fake_api.quirks import Quirk, scrambled
from tinylytics_mcp.fake_api.store import Store, Value

MAX_DAYS = 730
"""The document says "max 730 days" without saying how they are counted: both ends count, the stricter reading."""

_DEFAULT_DAYS_BACK = 30
_FARTHEST_OFFSET = 2**62
_LONGEST_ID = 18
_ZONES = {"utc": UTC, "user": ZoneInfo("America/New_York")}
"""What `time_zone=user` means here; no endpoint names it (field notes 16)."""


@dataclass(frozen=True)
class Window:
    """Days from `start` to `end`, both included; `since` ≤ t < `before` in epoch seconds."""

    start: date
    end: date
    time_zone: str
    since: int
    before: int

    def filters(self) -> dict[str, object]:
        """Return the part of `filters` that every windowed reply repeats."""
        return {"start_date": self.start.isoformat(), "end_date": self.end.isoformat(), "time_zone": self.time_zone}


@dataclass(frozen=True)
class Page:
    """One page of a list; numbers start at 1."""

    number: int
    size: int

    @property
    def offset(self) -> int:
        """How many rows stand before this page; bounded by what SQLite takes."""
        return min((self.number - 1) * self.size, _FARTHEST_OFFSET)

    def of(self, total: int) -> dict[str, object]:
        """Return the `pagination` object. An empty list has 0 pages; the document does not say."""
        pages = -(-total // self.size)
        return {"current_page": self.number, "per_page": self.size, "total_count": total, "total_pages": pages}

    def rows(self, rows: list[Row]) -> list[Row]:
        """Return the rows of this page."""
        return rows[self.offset : self.offset + self.size]


@dataclass(frozen=True)
class Call:
    """One request to one operation, past authentication and the hourly limit."""

    operation: Operation
    store: Store
    now: datetime
    quirks: frozenset[Quirk]
    key: str
    subscribed: bool
    base_url: str
    segments: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes

    def site(self) -> Row:
        """Return the site in the path, 404 where there is none (500 for what is not a number, by a quirk)."""
        text = self.segments["id"]
        is_number = text.isascii() and text.isdigit()
        if not is_number and Quirk.SERVER_ERROR_FOR_UID in self.quirks:
            raise refused(500, "Internal server error")
        site = None
        if is_number and len(text) <= _LONGEST_ID:
            site = self.store.row("SELECT * FROM sites WHERE id = ?", (int(text),))
        if site is None:
            raise refused(404, "Site not found")
        return site

    def text(self, name: str) -> str | None:
        """Return the value of a filter, or None."""
        return self.query.get(name) or None

    def choice(self, name: str, values: tuple[str, ...], default: str) -> str:
        """Return one of a few values, or raise 400."""
        value = self.text(name) or default
        if value not in values:
            raise refused(400, f"Invalid {name}. Use one of: {', '.join(values)}")
        return value

    def window(self) -> Window:
        """Return the days asked for; missing ends are 30 days ago and today in the zone asked for."""
        name = self.choice("time_zone", choices("time_zone"), "utc")
        zone = _ZONES[name]
        today = self.now.astimezone(zone).date()
        start = self._day("start_date", today - timedelta(days=_DEFAULT_DAYS_BACK))
        end = self._day("end_date", today)
        if start > end:
            raise refused(400, "Invalid date range: start_date must not be after end_date")
        if (end - start).days + 1 > MAX_DAYS:
            raise refused(400, f"Invalid date range: start_date to end_date cannot exceed {MAX_DAYS} days")
        midnights = [datetime.combine(day, time(), zone) for day in (start, end + timedelta(days=1))]
        since, before = (int(midnight.timestamp()) for midnight in midnights)
        return Window(start, end, name, since, before)

    def page(self) -> Page:
        """Return the page asked for; 400 where it is too large, the document's status for invalid parameters."""
        number = self._count("page", 1)
        size = self._count("per_page", self.operation.default_per_page)
        if size > self.operation.per_page:
            raise refused(400, f"Invalid per_page. The maximum is {self.operation.per_page}")
        return Page(number, size)

    def rows(self, table: str, condition: str, values: list[Value], page: Page) -> tuple[list[Row], int]:
        """Return the rows of one page, newest first, and how many there are in all.

        Table and condition are constants of this package; every value is bound.
        """
        order = "(id * 7919) % 10007, id" if Quirk.UNSORTED in self.quirks else "created_at DESC, id DESC"
        found = f"FROM {table} WHERE {condition}"
        rows = self.store.rows(f"SELECT * {found} ORDER BY {order} LIMIT ? OFFSET ?", [*values, page.size, page.offset])
        return rows, self.store.number(f"SELECT COUNT(*) {found}", values)

    def ordered(self, rows: list[Row], key: Callable[[Row], object]) -> list[Row]:
        """Return rows that come in their usual order, scrambled by `key` where a quirk says so."""
        return scrambled(rows, key) if Quirk.UNSORTED in self.quirks else rows

    def _day(self, name: str, default: date) -> date:
        value = self.text(name)
        if value is None:
            return default
        try:
            day = date.fromisoformat(value) if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value) else None
        except ValueError:
            day = None
        if day is None or day in (date.min, date.max):
            raise refused(400, f"Invalid {name}. Use YYYY-MM-DD")
        return day

    def _count(self, name: str, default: int) -> int:
        value = self.text(name)
        if value is None:
            return default
        if not re.fullmatch(r"[0-9]{1,18}", value) or int(value) < 1:
            raise refused(400, f"Invalid {name}. Use a whole number from 1")
        return int(value)


Body = dict[str, object]
Handler = Callable[[Call], tuple[int, Body]]
