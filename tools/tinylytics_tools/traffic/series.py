"""Says what stands out in a series of days, weeks or months."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from statistics import median

from tinylytics_tools.answer import Cell, Table
from tinylytics_tools.periods import Series, Window

OUTLYING = 3 * 1.4826
"""How many median absolute deviations from the median an ordinary value keeps to; 1.4826 of them are a standard
deviation where values are normally spread."""
FEWEST = 7
"""Fewer values than these have no outliers: their median says too little."""


@dataclass(frozen=True)
class SeriesSummary:
    """A series with what stands out. `partial` names the windows that are not whole units, or not over: they are
    neither worst nor outliers, and best only where no whole one has as many ("so far"). `before_first` says since when
    there are hits, where windows before that are left out: nothing was counted in them, which is not zero."""

    table: Table | None = None
    best: str | None = None
    worst: str | None = None
    median: float | None = None
    outliers: list[str] = field(default_factory=list[str])
    partial: list[str] = field(default_factory=list[str])
    before_first: str | None = None


def summarize_series(series: Series | None, hits: Sequence[int], *, today: date, born: date) -> SeriesSummary:
    """Return a series as a table of (unit, hits) with what stands out; nothing of none.

    `born` is the first day on which the site can have had hits.
    """
    if series is None:
        return SeriesSummary()
    names = [_name(series, window) for window in series.windows]
    whole = [series.is_whole(window) and born <= window.first and window.last < today for window in series.windows]
    # of a window that begins before the site does, nothing can have been counted before its first hit
    begins = next((number for number, value in enumerate(hits) if value), 0) if series.windows[0].first <= born else 0
    counted = [
        (name, value)
        for number, (name, value, is_whole) in enumerate(zip(names, hits, whole, strict=True))
        if is_whole and number >= begins
    ]
    values = [value for _, value in counted]
    low, high = ordinary(values)
    best, worst = (max(values), min(values)) if len(values) > 1 else (None, None)
    is_best_so_far = today in series.windows[-1] and best is not None and hits[-1] >= best and hits[-1] > 0
    rows: list[list[Cell]] = [[name, value] for name, value in zip(names, hits, strict=True)]
    return SeriesSummary(
        Table(columns=[series.unit, "hits"], rows=rows, of=len(rows)),
        f"{names[-1]}: {hits[-1]} so far" if is_best_so_far else _windows_with(counted, best),
        _windows_with(counted, worst),
        median(values) if values else None,
        [name for name, value in counted if not low <= value <= high],
        [name for name, is_whole in zip(names, whole, strict=True) if not is_whole],
        f"the first hits are of {names[begins]}: what is before is neither worst nor in the median" if begins else None,
    )


def ordinary(values: Sequence[int]) -> tuple[float, float]:
    """Between which two numbers a value is no outlier: `OUTLYING` deviations around the median."""
    if len(values) < FEWEST:
        return float("-inf"), float("inf")
    middle = median(values)
    reach = OUTLYING * median(abs(value - middle) for value in values)
    return middle - reach, middle + reach


def _name(series: Series, window: Window) -> str:
    match series.unit:
        case "month":
            return f"{window.first:%Y-%m}"
        case "year":
            return f"{window.first:%Y}"
        case _:
            return window.first.isoformat()


def _windows_with(values: Sequence[tuple[str, int]], hits: int | None) -> str | None:
    names = [name for name, value in values if value == hits]
    if not names:
        return None
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return f"{names[0]}{more}: {hits}"
