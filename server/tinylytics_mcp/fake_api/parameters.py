"""Reads query parameters as the API document's section 3 states them; a wrong one is a 400 that names it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from tinylytics_mcp.fake_api.access import refused
from tinylytics_mcp.fake_api.operations import Operation

ACCOUNT_ZONE = ZoneInfo("America/New_York")
"""What `time_zone=user` means here; no endpoint names it (field notes 16)."""

MAX_DAYS = 730
_DEFAULT_DAYS_BACK = 30
_FARTHEST_OFFSET = 2**62
_ZONES = {"utc": UTC, "user": ACCOUNT_ZONE}
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True)
class Window:
    """Days from `start` to `end`, both included; `since` ≤ t < `before` in epoch seconds."""

    start: date
    end: date
    time_zone: str
    since: int
    before: int

    def filters(self) -> dict[str, object]:
        """The part of `filters` that every windowed reply echoes."""
        return {
            "start_date": self.start.isoformat(),
            "end_date": self.end.isoformat(),
            "time_zone": self.time_zone,
        }


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
        """The `pagination` object. An empty list has 0 pages; the document does not say."""
        return {
            "current_page": self.number,
            "per_page": self.size,
            "total_count": total,
            "total_pages": -(-total // self.size),
        }


def text(query: Mapping[str, str], name: str) -> str | None:
    """A filter's value; an empty one is the same as none."""
    return query.get(name) or None


def choice(query: Mapping[str, str], name: str, choices: tuple[str, ...], default: str) -> str:
    """One of a few words, or 400."""
    value = query.get(name) or default
    if value not in choices:
        raise refused(400, f"Invalid {name}. Use one of: {', '.join(choices)}")
    return value


def window(query: Mapping[str, str], now: datetime) -> Window:
    """The days asked for; missing ends are 30 days ago and today in the zone asked for.

    The document says "max 730 days" without saying how they are counted: here both ends count, the stricter reading.
    """
    name = choice(query, "time_zone", tuple(_ZONES), "utc")
    zone = _ZONES[name]
    today = now.astimezone(zone).date()
    start = _day(query, "start_date", today - timedelta(days=_DEFAULT_DAYS_BACK))
    end = _day(query, "end_date", today)
    if start > end:
        raise refused(400, "Invalid date range: start_date must not be after end_date")
    if (end - start).days + 1 > MAX_DAYS:
        raise refused(400, f"Invalid date range: start_date to end_date cannot exceed {MAX_DAYS} days")
    midnights = [datetime.combine(day, time(), zone) for day in (start, end + timedelta(days=1))]
    since, before = (int(midnight.timestamp()) for midnight in midnights)
    return Window(start, end, name, since, before)


def page(query: Mapping[str, str], operation: Operation) -> Page:
    """The page asked for. Too large a `per_page` is 400, the status the document has for invalid parameters."""
    number = _count(query, "page", 1)
    size = _count(query, "per_page", operation.default_per_page)
    if size > operation.per_page:
        raise refused(400, f"Invalid per_page. The maximum is {operation.per_page}")
    return Page(number, size)


def _day(query: Mapping[str, str], name: str, default: date) -> date:
    value = query.get(name)
    if not value:
        return default
    try:
        day = date.fromisoformat(value) if _DATE.fullmatch(value) else None
    except ValueError:
        day = None
    if day is None or day in (date.min, date.max):
        raise refused(400, f"Invalid {name}. Use YYYY-MM-DD")
    return day


def _count(query: Mapping[str, str], name: str, default: int) -> int:
    value = query.get(name)
    if not value:
        return default
    if not re.fullmatch(r"[0-9]{1,18}", value) or int(value) < 1:
        raise refused(400, f"Invalid {name}. Use a whole number from 1")
    return int(value)
