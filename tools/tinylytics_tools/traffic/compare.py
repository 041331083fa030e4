"""Compares two windows, as a whole and name by name, and says where that is not like for like (ANSWERS 3)."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from tinylytics_tools import tables
from tinylytics_tools.answer import Cell, Table
from tinylytics_tools.dimensions import Named
from tinylytics_tools.periods import Compare, Comparison, RequestedPeriod, Window
from tinylytics_tools.scope import Scope
from tinylytics_tools.tables import counted

A_DAY = ("compared_a_day", "earlier_a_day", "change_a_day")
"""Fields of an answer that apply only where days of two lengths are compared."""
NOT_ON_ALL = ", though the site did not exist on all of them"


@dataclass(frozen=True)
class Compared:
    """Hits of finished days, later and earlier; both None where nothing is compared. `days` names the days of both,
    `earlier_days` in a headline the earlier ones. `lengths`: how many days the later and the earlier ones are, where
    these are not as many: only then are there hits a day."""

    days: str | None = None
    later: int | None = None
    earlier: int | None = None
    percent: float | None = None
    notes: tuple[str, ...] = ()
    earlier_days: str = ""
    lengths: tuple[int, int] | None = None

    @property
    def change(self) -> int | None:
        """The later hits minus the earlier ones."""
        return None if self.later is None or self.earlier is None else self.later - self.earlier

    def fields(self) -> dict[str, Any]:
        """The comparison as fields of an answer."""
        later, earlier, change = self._a_day or (None, None, None)
        return {
            "compared_hits": self.later,
            "earlier_hits": self.earlier,
            "change": self.change,
            "change_percent": self.percent,
            "compared_a_day": later,
            "earlier_a_day": earlier,
            "change_a_day": change,
            "compared": self.days,
        }

    def words(self, left_out: Sequence[str] = ()) -> str:
        """The comparison as the end of a headline; empty without one. `left_out` names what the headline's own figure
        counts and the comparison does not: only then is the later figure printed."""
        if self.change is None:
            return ""
        later = f"{' and '.join(f'without {what}' for what in left_out)} {self.later}, " if left_out else ""
        text = f"; {later}{moved(self.change, self.percent, self.earlier)} {self.earlier_days}"
        if self._a_day is None:
            return text
        now, then, change = self._a_day
        return f"{text}; a day {tables.plain(now)}, {moved(change, None, then)}"

    @property
    def _a_day(self) -> tuple[float, float, float] | None:
        if self.later is None or self.earlier is None or self.lengths is None:
            return None
        later, earlier = round(self.later / self.lengths[0], 1), round(self.earlier / self.lengths[1], 1)
        return later, earlier, round(later - earlier, 1)


def moved(change: float, percent: float | None, earlier: float | None) -> str:
    """Return a change from an earlier figure in words, the absolute change before the relative one."""
    if not change:
        return f"no change from {tables.plain(earlier or 0)}"
    relative = "" if percent is None else f", {percent:+g} %" if percent else ", 0 %"
    return f"{'+' if change > 0 else ''}{tables.plain(change)}{relative} against {tables.plain(earlier or 0)}"


def compared(
    comparison: Comparison | None, *, later: int, earlier: int, born: date, without: Collection[date] = ()
) -> Compared:
    """Compare the hits of the later and the earlier days, none of them in `without`; no per cent where the site did not
    exist on all of the earlier ones."""
    if comparison is None:
        return Compared()
    now, then = comparison.current, comparison.earlier
    days_now, days_then = (sum(day not in without for day in one.dates()) for one in (now, then))
    days = f"{counted(days_now, 'day')} to {now.last} against {counted(days_then, 'day')} to {then.last}"
    if note := too_young(comparison, born):
        return Compared(notes=(note,))
    is_whole = (days_now, days_then) == (now.days, then.days)
    which = earlier_days(comparison) if is_whole else f"on {counted(days_then, 'day')} to {then.last}"
    percent, notes = None, list[str]()
    lengths = (days_now, days_then) if days_now != days_then else None
    if born > then.first:
        notes.append(f"the site has no day before {born} and is younger than the earlier days, so there is no per cent")
        which, lengths = f"{which}{NOT_ON_ALL}", None
    elif max(days_now, days_then) > 2 * min(days_now, days_then):
        notes.append(f"{counted(days_now, 'day')} against {days_then}: only the hits a day can be compared")
    else:
        _, percent = tables.change(later, earlier)
        notes += [tables.SMALL_NUMBERS] if percent is not None and tables.is_small(later, earlier) else []
        if lengths is not None:
            same = tables.percent(days_now - days_then, days_then)
            against = f"{counted(days_now, 'day')} against {days_then}"
            notes.append(f"{against}: with as many hits a day the change would be {same:+g} %")
    return Compared(days, later, earlier, percent, tuple(notes), which, lengths)


def too_young(comparison: Comparison | None, born: date) -> str | None:
    """Why a site that began after the earlier days cannot be compared with them; None where it can."""
    if comparison is None or born <= comparison.earlier.last:
        return None
    return f"no comparison: the site has no day before {born}, and so none to compare with"


def not_compared(
    requested: RequestedPeriod, comparison: Comparison | None, compare: Compare | None, today: date
) -> list[str]:
    """Why a comparison that was asked for cannot be: none of its days is over (on a Monday this week has none), or the
    site has none before."""
    if comparison is not None or compare == "none" or requested.period == "all_time":
        return []
    if requested.window.finished(today) is None:
        return ["no comparison: there is no finished day yet to compare"]
    return ["no comparison: the site has no day before these"]


def span(scope: Scope, comparison: Comparison | None) -> Window:
    """Return all days of a question and of what it is compared with."""
    return Window(comparison.earlier.first if comparison else scope.window.first, scope.window.last)


def so_far(today: int | None) -> str:
    """How many of a headline's hits are of the running day; empty where it is not among the days asked about."""
    return "" if today is None else f", {today} of them today so far"


def spoken(window: Window) -> str:
    """A window in words: both days and their number."""
    return f"{window}" if window.days == 1 else f"{window}, {window.days} days"


def earlier_days(comparison: Comparison) -> str:
    """Return in words which days the earlier ones are: what they are to the later ones, or their dates."""
    now, then = comparison.current, comparison.earlier
    if _is_year_apart(now.first, then.first) and _is_year_apart(now.last, then.last):
        return f"on the same days {f'of {then.first.year}' if then.first.year == then.last.year else 'a year before'}"
    if then.days == now.days and then.last + timedelta(days=1) == now.first:
        return "on the day before" if now.days == 1 else "on as many days before"
    return f"on {spoken(then)}"


def _is_year_apart(day: date, before: date) -> bool:
    return (before.year + 1, before.month, before.day) == (day.year, day.month, day.day)


def movers(
    now: Mapping[str, Named], before: Mapping[str, Named], limit: int, *, later: str, has_percent: bool, is_ever: bool
) -> dict[str, Table]:
    """Compare two complete lists by key: four tables that have no name in common, each with its length.

    A name that is missing in one list has no hits there, and never merely few. `later` names the column of the hits in
    `now`. With `is_ever` the earlier days are all there are: then only what is new can be told, being of other lengths.
    """
    moved = {key: named.hits - before[key].hits for key, named in now.items() if key in before}

    def changed(keys: Iterable[str]) -> list[list[Cell]]:
        both = [
            (now[key].name, now[key].hits, before[key].hits)
            for key in sorted(keys, key=lambda key: (-abs(moved[key]), key))
        ]
        return [[name, *pair, *tables.change(*pair)[: 2 if has_percent else 1]] for name, *pair in both]

    def missing(one: Mapping[str, Named], other: Mapping[str, Named]) -> list[list[Cell]]:
        return [[named.name, named.hits] for key, named in one.items() if key not in other]

    columns = ["name", later, "earlier_hits", "change", *(["change_percent"] if has_percent else [])]
    lists = {
        "rose": (columns, changed(key for key in moved if moved[key] > 0)),
        "fell": (columns, changed(key for key in moved if moved[key] < 0)),
        "new": (["name", later], missing(now, before)),
        "gone": (["name", "earlier_hits"], missing(before, now)),
    }
    # without an offset, which is the ranking's: `limit` shows more of these
    return {
        name: tables.listing(columns, rows, limit=limit).without_offset()
        for name, (columns, rows) in lists.items()
        if name == "new" or not is_ever
    }
