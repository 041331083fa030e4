"""Compares two windows, and says where the comparison is not like for like (ANSWERS 3)."""

from dataclasses import dataclass
from datetime import date

from tinylytics_tools import condense
from tinylytics_tools.periods import Comparison, Window


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
    days = f"{then.days} days to {comparison.current.last} against {then.days} days to {then.last}"
    if note := too_young(comparison, born):
        return Compared(days, notes=(note,))
    change, percent = condense.change(now, before)
    notes = [condense.SMALL_NUMBERS] if percent is not None and condense.is_small(now, before) else []
    if born > then.first:
        notes.append(f"the site began on {born} and is younger than the earlier days, so there is no per cent")
        percent = None
    return Compared(days, before, change, percent, tuple(notes))


def too_young(comparison: Comparison | None, born: date) -> str | None:
    """Why a site that began after the earlier days cannot be compared with them; None where it can."""
    if comparison is None or born <= comparison.earlier.last:
        return None
    return f"no comparison: the site began on {born}, after the days that it would be compared with"


def spoken(window: Window) -> str:
    """A window in words: both days and their number."""
    if window.days == 1:
        return f"{window.first}"
    return f"{window.first} to {window.last}, {window.days} days"
