"""Compares two windows, and says where the comparison is not like for like (ANSWERS 3)."""

from dataclasses import dataclass
from datetime import date

from tinylytics_tools import condense
from tinylytics_tools.periods import Asked, Compare, Comparison, Window
from tinylytics_tools.wording import counted


@dataclass(frozen=True)
class Compared:
    """Hits of as many finished days, now and earlier; None where there is nothing to compare with."""

    days: str | None = None
    earlier: int | None = None
    change: int | None = None
    percent: float | None = None
    notes: tuple[str, ...] = ()

    def words(self) -> str:
        """For a headline: the absolute change before the relative one."""
        if self.change is None:
            return ""
        relative = "" if self.percent is None else f", {self.percent:+g} %"
        return f"; {self.change:+d}{relative} against {self.earlier} on as many finished days before"


def compared(comparison: Comparison | None, *, now: int, before: int, born: date) -> Compared:
    """The change; no per cent where the site did not exist on all of the earlier days."""
    if comparison is None:
        return Compared()
    then = comparison.earlier
    length = counted(then.days, "day")
    days = f"{length} to {comparison.current.last} against {length} to {then.last}"
    if note := too_young(comparison, born):
        return Compared(days, notes=(note,))
    change, percent = condense.change(now, before)
    if born > then.first:
        note = f"the site began on {born} and is younger than the earlier days, so there is no per cent"
        return Compared(days, before, change, None, (note,))
    is_marked = percent is not None and condense.is_small(now, before)
    return Compared(days, before, change, percent, (condense.SMALL_NUMBERS,) if is_marked else ())


def too_young(comparison: Comparison | None, born: date) -> str | None:
    """Why a site that began after the earlier days cannot be compared with them; None where it can."""
    if comparison is None or born <= comparison.earlier.last:
        return None
    return f"no comparison: the site began on {born}, after the days that it would be compared with"


def nothing_finished(asked: Asked, compare: Compare, today: date) -> list[str]:
    """Why a comparison that was asked for cannot be, where none of its days is over: on a Monday this week has none."""
    if compare == "none" or asked.period == "all_time" or asked.window.finished(today) is not None:
        return []
    return ["no comparison: there is no finished day yet to compare"]


def spoken(window: Window) -> str:
    """A window in words: both days and their number."""
    if window.days == 1:
        return f"{window.first}"
    return f"{window.first} to {window.last}, {window.days} days"
