"""Says which days a question is about."""

from calendar import monthrange
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Final, Literal, get_args

from tinylytics_tools.errors import InvalidArgument

Period = Literal[
    "today",
    "yesterday",
    "last_7_days",
    "last_30_days",
    "last_90_days",
    "this_week",
    "last_week",
    "this_month",
    "last_month",
    "this_year",
    "last_year",
    "last_12_months",
    "all_time",
]
PERIODS: Final[tuple[Period, ...]] = get_args(Period)
DEFAULT_PERIOD: Final[Period] = "last_30_days"

Compare = Literal["previous_period", "previous_year", "all_before", "none"]
Unit = Literal["day", "week", "month", "year"]

LONGEST_WINDOW: Final = 730
"""Days one request may cover (API document, section 3)."""

FIRST_START: Final = date(2000, 1, 1)
"""No start_date before this one: nothing was counted then, and a mistyped year would cost a request for every two."""

_DAY: Final = timedelta(days=1)
_WEEK: Final = timedelta(weeks=1)
_WHOLE_DAYS: Final[dict[Period, int]] = {"yesterday": 1, "last_7_days": 7, "last_30_days": 30, "last_90_days": 90}
_RUNNING: Final[dict[Period | None, Unit]] = {"this_week": "week", "this_month": "month", "this_year": "year"}
_FINISHED: Final[dict[Period | None, Unit]] = {"last_week": "week", "last_month": "month", "last_year": "year"}
_MOST_BUCKETS: Final[tuple[tuple[Unit, int], ...]] = (("day", 31), ("week", 26), ("month", 60))


@dataclass(frozen=True)
class Window:
    """Whole days, both ends included (field notes 4)."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.first > self.last:
            raise ValueError(f"a window cannot end ({self.last}) before it starts ({self.first})")

    def __str__(self) -> str:
        return f"{self.first}" if self.days == 1 else f"{self.first} to {self.last}"

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    def dates(self) -> Iterator[date]:
        return (self.first + timedelta(days=n) for n in range(self.days))

    def query(self, zone: str) -> dict[str, str]:
        return {"start_date": self.first.isoformat(), "end_date": self.last.isoformat(), "time_zone": zone}

    def pieces(self, longest: int = LONGEST_WINDOW) -> list["Window"]:
        """The same days as consecutive windows of at most `longest` days, oldest first."""
        starts = (self.first + timedelta(days=n) for n in range(0, self.days, longest))
        return [Window(start, min(self.last, start + timedelta(days=longest - 1))) for start in starts]

    def without(self, days: Collection[date]) -> list["Window"]:
        """The same days but some, as consecutive windows, oldest first."""
        kept, first = list["Window"](), self.first
        for day in [*sorted(day for day in days if day in self), self.last + _DAY]:
            if first < day:
                kept.append(Window(first, day - _DAY))
            first = day + _DAY
        return kept

    def common(self, other: "Window") -> "Window | None":
        first, last = max(self.first, other.first), min(self.last, other.last)
        return Window(first, last) if first <= last else None

    def finished(self, today: date) -> "Window | None":
        last = min(self.last, today - _DAY)
        return Window(self.first, last) if self.first <= last else None


@dataclass(frozen=True)
class RequestedPeriod:
    """The days asked for; `period` is None where dates were given, `defaulted` where neither was."""

    window: Window
    period: Period | None
    defaulted: bool


@dataclass(frozen=True)
class Comparison:
    """Finished days and the days before that they are compared with; no day in common (ANSWERS 3)."""

    current: Window
    earlier: Window


@dataclass(frozen=True)
class Series:
    """A window cut into calendar units, oldest first; the first and the last may be parts of their unit."""

    unit: Unit
    windows: list[Window]

    def is_whole(self, window: Window) -> bool:
        """Whether a window has every day of its unit."""
        after = window.last + _DAY
        return window.first == _start_of(self.unit, window.first) and after == _start_of(self.unit, after)


def resolve(
    period: str | None, start_date: date | None, end_date: date | None, *, today: date, earliest: date
) -> RequestedPeriod:
    """The days of the time arguments of a tool: without any, the default period; `start_date` alone runs to today. A
    window of dates may be longer than one request may cover (see `Window.pieces`). `earliest` is the site's first day;
    only `all_time` starts there. Raises `InvalidArgument`."""
    if start_date is None and end_date is None:
        named = DEFAULT_PERIOD if period is None else period
        if named not in PERIODS:
            raise InvalidArgument(f"period is not known. Give one of: {', '.join(PERIODS)}.")
        return RequestedPeriod(_named(named, today, earliest), named, defaulted=period is None)
    if period is not None:
        raise InvalidArgument("Both a period and dates were given. Give either period, or start_date and end_date.")
    if start_date is None:
        raise InvalidArgument("end_date was given alone. Give start_date too, or a period instead.")
    return RequestedPeriod(_between(start_date, today if end_date is None else end_date, today), None, defaulted=False)


def earlier(
    requested: RequestedPeriod, compare: Compare, *, today: date, born: date | None = None
) -> Comparison | None:
    """Which finished days are compared with which; None where nothing can be or is to be compared.

    `all_before`: with all days since the site was `born`. `previous_period`: of a calendar period the one before
    (`_calendar_period_before`), otherwise as many days immediately before. `previous_year`: the same dates one calendar
    year earlier (29 February: the 28th). Where these would reach into the days they are compared with (more than a
    year), they are as many that end just before those.
    """
    current = requested.window.finished(today)
    if current is None or compare == "none" or requested.period == "all_time":
        return None
    if compare == "all_before":
        return Comparison(current, Window(born, current.first - _DAY)) if born and born < current.first else None
    adjacent = Window(current.first - timedelta(days=current.days), current.first - _DAY)
    if compare == "previous_year":
        before = _a_year_before(current)
    else:
        before = _calendar_period_before(current, requested.period) or adjacent
    return Comparison(current, before if before.last < current.first else adjacent)


def _calendar_period_before(days: Window, period: Period | None) -> Window | None:
    """The calendar period before one, which may be shorter or longer; None where the days are not of a calendar period.

    Of a week, month or year, and of dates that begin a month or a year: the same days of the one before, as far as it
    has them (1 to 30 March: 1 to 28 February). Of whole months: as many months.
    """
    unit = _RUNNING.get(period) or _FINISHED.get(period)
    if unit == "week":
        return Window(days.first - _WEEK, days.last - _WEEK)
    if unit == "year":
        return _a_year_before(days)
    if period in _WHOLE_DAYS or days.first.day != 1:
        return None
    months = 12 * (days.last.year - days.first.year) + days.last.month - days.first.month + 1
    if (days.last + _DAY).day == 1:
        return Window(_months_before(days.first, months), days.first - _DAY)
    if months == 1:
        return Window(_months_before(days.first, 1), _months_before(days.last, 1))
    return _a_year_before(days) if days.first.month == 1 and months < 12 else None


def series_in_order(window: Window) -> list[Series]:
    """The series that fit an answer (ANSWERS 2), the finest first: days, weeks from Monday, months, always years."""
    fitting = [Series(unit, found) for unit, most in _MOST_BUCKETS if len(found := _cut(window, unit)) <= most]
    return [*fitting, Series("year", _cut(window, "year"))]


def _named(period: Period, today: date, earliest: date) -> Window:
    if days := _WHOLE_DAYS.get(period):
        return Window(today - timedelta(days=days), today - _DAY)
    if unit := _RUNNING.get(period):
        return Window(_start_of(unit, today), today)
    if unit := _FINISHED.get(period):
        last = _start_of(unit, today) - _DAY
        return Window(_start_of(unit, last), last)
    if period == "last_12_months":
        month = _start_of("month", today)
        return Window(_months_before(month, 12), month - _DAY)
    # A site made today in UTC can be a day ahead of the account's zone.
    return Window(today if period == "today" else min(earliest, today), today)


def _between(start: date, end: date, today: date) -> Window:
    first = f"start_date {start}" if start != end else start  # one day may be asked for by another name
    if start > today:
        raise InvalidArgument(f"{first} is in the future. Today is {today}: give that day or an earlier one.")
    if end > today:
        raise InvalidArgument(
            f"end_date {end} is in the future. Today is {today}: give that day, or leave end_date out."
        )
    if start > end:
        raise InvalidArgument(f"start_date {start} is after end_date {end}. Give the earlier day as start_date.")
    if start < FIRST_START:
        raise InvalidArgument(f"{first} is too early. Give {FIRST_START} or later, or period=all_time.")
    return Window(start, end)


def _cut(window: Window, unit: Unit) -> list[Window]:
    units = (list(days) for _, days in groupby(window.dates(), key=lambda day: _start_of(unit, day)))
    return [Window(days[0], days[-1]) for days in units]


def _start_of(unit: Unit, day: date) -> date:
    match unit:
        case "day":
            return day
        case "week":
            return day - timedelta(days=day.weekday())
        case "month":
            return day.replace(day=1)
        case "year":
            return day.replace(month=1, day=1)


def _a_year_before(days: Window) -> Window:
    return Window(_months_before(days.first, 12), _months_before(days.last, 12))


def _months_before(day: date, months: int) -> date:
    """The same day of an earlier month, or its last where it is shorter."""
    year, month = divmod(12 * day.year + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
