"""Compares two windows, and says where the comparison is not like for like (ANSWERS 3)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from tinylytics_tools import tables
from tinylytics_tools.periods import Compare, Comparison, RequestedPeriod, Window
from tinylytics_tools.tables import counted


@dataclass(frozen=True)
class Compared:
    """Hits of as many finished days, later and earlier; both None where nothing is compared.

    `days` names the days of both. `earlier_days` says in a headline which days the earlier ones are.
    """

    days: str | None = None
    later: int | None = None
    earlier: int | None = None
    percent: float | None = None
    notes: tuple[str, ...] = ()
    earlier_days: str = ""

    @property
    def change(self) -> int | None:
        """The later hits minus the earlier ones."""
        return None if self.later is None or self.earlier is None else self.later - self.earlier

    def fields(self) -> dict[str, Any]:
        """The comparison as fields of an answer."""
        return {
            "compared_hits": self.later,
            "earlier_hits": self.earlier,
            "change": self.change,
            "change_percent": self.percent,
            "compared": self.days,
        }

    def words(self, left_out: Iterable[str] = ()) -> str:
        """The comparison as the end of a headline, the absolute change before the relative one; empty without one.

        `left_out` names what the headline's own figure counts and the comparison does not. Only then is the later
        figure printed: without it, it is the headline's own.
        """
        if self.change is None:
            return ""
        without = " and ".join(f"without {what}" for what in left_out)
        later = f"{without} {self.later}, " if without else ""
        relative = "" if self.percent is None else f", {self.percent:+g} %"
        return f"; {later}{self.change:+d}{relative} against {self.earlier} {self.earlier_days}"


def compared(comparison: Comparison | None, *, later: int, earlier: int, born: date) -> Compared:
    """Compare the hits of the later and the earlier days; no per cent where the site did not exist on all of these."""
    if comparison is None:
        return Compared()
    then = comparison.earlier
    length = counted(then.days, "day")
    days = f"{length} to {comparison.current.last} against {length} to {then.last}"
    if note := too_young(comparison, born):
        return Compared(days, notes=(note,))
    earlier_days = _earlier_days(comparison)
    if born > then.first:
        note = f"the site began on {born} and is younger than the earlier days, so there is no per cent"
        return Compared(
            days, later, earlier, None, (note,), f"{earlier_days}, though the site did not exist on all of them"
        )
    _, percent = tables.change(later, earlier)
    is_marked = percent is not None and tables.is_small(later, earlier)
    return Compared(days, later, earlier, percent, (tables.SMALL_NUMBERS,) if is_marked else (), earlier_days)


def too_young(comparison: Comparison | None, born: date) -> str | None:
    """Why a site that began after the earlier days cannot be compared with them; None where it can."""
    if comparison is None or born <= comparison.earlier.last:
        return None
    return f"no comparison: the site began on {born}, after the days that it would be compared with"


def nothing_finished(requested: RequestedPeriod, compare: Compare, today: date) -> list[str]:
    """Why a comparison that was asked for cannot be, where none of its days is over: on a Monday this week has none."""
    if compare == "none" or requested.period == "all_time" or requested.window.finished(today) is not None:
        return []
    return ["no comparison: there is no finished day yet to compare"]


def so_far(today: int | None) -> str:
    """How many of a headline's hits are of the running day; empty where it is not among the days asked about."""
    return "" if today is None else f", {today} of them today so far"


def spoken(window: Window) -> str:
    """A window in words: both days and their number."""
    if window.days == 1:
        return f"{window.first}"
    return f"{window.first} to {window.last}, {window.days} days"


def _earlier_days(comparison: Comparison) -> str:
    """The earlier days by what they are to the later ones, or by their dates."""
    now, then = comparison.current, comparison.earlier
    if _is_year_apart(now.first, then.first) and _is_year_apart(now.last, then.last):
        return f"on the same days {f'of {then.first.year}' if then.first.year == then.last.year else 'a year before'}"
    if then.days == now.days and then.last + timedelta(days=1) == now.first:
        return "on the day before" if now.days == 1 else "on as many days before"
    return f"on {spoken(then)}"


def _is_year_apart(day: date, before: date) -> bool:
    return (before.year + 1, before.month, before.day) == (day.year, day.month, day.day)
