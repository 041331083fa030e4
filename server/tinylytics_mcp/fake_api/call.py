"""One request to the fake API: its site, its window of days, its page and its filters, checked as they are read.

A wrong query parameter is a 400 that names it (API document, section 3); an empty one is the same as none.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from sqlite3 import Row
from typing import TypeVar
from zlib import crc32
from zoneinfo import ZoneInfo

from tinylytics_mcp.fake_api.access import refused
from tinylytics_mcp.fake_api.openapi import Operation
from tinylytics_mcp.fake_api.quirks import Quirk
from tinylytics_mcp.fake_api.store import Store, Value

_Item = TypeVar("_Item")
Body = dict[str, object]

_MAX_DAYS = 730
"""The document says "max 730 days" without saying how they are counted: both ends count, the stricter reading."""

_DEFAULT_DAYS_BACK = 30
_FARTHEST_OFFSET = 2**62
_LONGEST_ID = 18
_ZONES = {"utc": UTC, "user": ZoneInfo("America/New_York")}
"""What `time_zone=user` means here; no endpoint names it (field notes 16)."""


@dataclass(frozen=True)
class Window:
    """The days asked for: `since` ≤ t < `before` in epoch seconds, and `filters`, their part of a reply."""

    since: int
    before: int
    filters: Body


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

    @property
    def seconds(self) -> int:
        """The time of the request in epoch seconds."""
        return int(self.now.timestamp())

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

    def choice(self, name: str, default: str) -> str:
        """Return one of the values that the document allows, or raise 400."""
        value = self.text(name) or default
        allowed = self.operation.query[name].get("enum", ("true", "false"))
        if value not in allowed:
            raise refused(400, f"Invalid {name}. Use one of: {', '.join(allowed)}")
        return value

    def window(self) -> Window:
        """Return the days asked for; missing ends are 30 days ago and today in the zone asked for."""
        name = self.choice("time_zone", "utc")
        zone = _ZONES[name]
        today = self.now.astimezone(zone).date()
        start = self._day("start_date", today - timedelta(days=_DEFAULT_DAYS_BACK))
        end = self._day("end_date", today)
        if start > end:
            raise refused(400, "Invalid date range: start_date must not be after end_date")
        if (end - start).days + 1 > _MAX_DAYS:
            raise refused(400, f"Invalid date range: start_date to end_date cannot exceed {_MAX_DAYS} days")
        midnights = [datetime.combine(day, time(), zone) for day in (start, end + timedelta(days=1))]
        since, before = (int(midnight.timestamp()) for midnight in midnights)
        return Window(since, before, {"start_date": f"{start}", "end_date": f"{end}", "time_zone": name})

    def stored(self, table: str, condition: str, values: Sequence[Value]) -> tuple[list[Row], Body]:
        """Return the rows of the page asked for, newest first, and `pagination`.

        Table and condition are constants of this package; every value is bound.
        """
        found = f"FROM {table} WHERE {condition}"
        offset, size, pagination = self._page(self.store.number(f"SELECT COUNT(*) {found}", values))
        order = "(id * 7919) % 10007, id" if Quirk.UNSORTED in self.quirks else "created_at DESC, id DESC"
        rows = self.store.rows(f"SELECT * {found} ORDER BY {order} LIMIT ? OFFSET ?", [*values, size, offset])
        return rows, pagination

    def listed(self, items: list[_Item], name: Callable[[_Item], object] | None = None) -> tuple[list[_Item], Body]:
        """Return the items of the page asked for and `pagination`; a quirk scrambles those that have a name."""
        offset, size, pagination = self._page(len(items))
        if name and Quirk.UNSORTED in self.quirks:
            items = sorted(items, key=lambda item: crc32(repr(name(item)).encode("utf-8", "replace")))
        return items[offset : offset + size], pagination

    def _page(self, total: int) -> tuple[int, int, Body]:
        """Return how many items stand before the page asked for, its size and the `pagination` object.

        An empty list has 0 pages, and too large a page is 400, as all invalid parameters; the document does not say.
        """
        schema = self.operation.query["per_page"]
        number, size = self._count("page", 1), self._count("per_page", schema["default"])
        if size > schema["maximum"]:
            raise refused(400, f"Invalid per_page. The maximum is {schema['maximum']}")
        pages = -(-total // size)
        pagination: Body = {"current_page": number, "per_page": size, "total_count": total, "total_pages": pages}
        return min((number - 1) * size, _FARTHEST_OFFSET), size, pagination

    def _day(self, name: str, default: date) -> date:
        value = self.text(name)
        if value is None:
            return default
        with suppress(ValueError):
            day = date.fromisoformat(value)
            if day.isoformat() == value and date.min < day < date.max:
                return day
        raise refused(400, f"Invalid {name}. Use YYYY-MM-DD")

    def _count(self, name: str, default: int) -> int:
        value = self.text(name) or str(default)
        if not re.fullmatch(r"[0-9]{1,18}", value) or int(value) < 1:
            raise refused(400, f"Invalid {name}. Use a whole number from 1")
        return int(value)


Handler = Callable[[Call], tuple[int, Body]]
