"""Says what stands out in a series of days, weeks or months."""

from collections.abc import Sequence
from datetime import date, timedelta
from statistics import median
from typing import Any

from tinylytics_tools.answer import Table
from tinylytics_tools.periods import Series
from tinylytics_tools.traffic import unusual

OUTLYING = 3 * 1.4826
"""How many median absolute deviations from the median an ordinary value keeps to; 1.4826 of them are a standard
deviation where values are normally spread. What `unusual` takes for little is no outlier either."""
FEWEST = 7
"""Fewer values than these have no outliers: their median says too little."""
_NAMES = {"month": "%Y-%m", "year": "%Y"}


def summarize_series(
    series: Series | None, hits: Sequence[int], *, today: date, born: date
) -> tuple[dict[str, Any], list[str]]:
    """Return a series as a table of (unit, hits), with what stands out, as fields of an answer; and notes.

    `partial` names the windows that are not whole units, or not over: they are neither worst nor outliers, and best
    only where no whole one has as many ("so far"). `born` is the first day on which the site can have had hits: windows
    before it are none of these.
    """
    if series is None:
        return {**dict.fromkeys(("best", "worst", "median", "series")), "outliers": [], "partial": []}, []
    windows, unit = series.windows, series.unit
    names = [f"{window.first:{_NAMES.get(unit, '%Y-%m-%d')}}" for window in windows]
    # a day on which the site began is not a whole one; of a week or month it is a small part
    since = born + timedelta(days=1) if unit == "day" else born
    whole = [series.is_whole(window) and since <= window.first and window.last < today for window in windows]
    # of a window that begins before the site does, nothing can have been counted before its first hit
    begins = next((number for number, value in enumerate(hits) if value), 0) if windows[0].first <= born else 0
    rows = list(zip(names, hits, strict=True))
    counted = [rows[number] for number in range(begins, len(rows)) if whole[number]]
    values = [value for _, value in counted]
    best, worst = (max(values), min(values)) if len(values) > 1 else (None, None)
    is_best_so_far = today in windows[-1] and best is not None and hits[-1] >= max(best, 1)
    middle = median(values) if values else None
    of_unit = " in the week" if unit == "week" else ""  # its name is that of a day
    fields = {
        "best": f"{names[-1]}: {hits[-1]}{of_unit} so far" if is_best_so_far else _windows_with(counted, best, of_unit),
        "worst": _windows_with(counted, worst, of_unit),
        "median": middle,
        "outliers": _outliers(counted, middle or 0),
        "partial": [names[n] for n, one in enumerate(windows) if not whole[n] and (one.last >= born or hits[n])],
        "series": Table(columns=[unit, "hits"], rows=[list(row) for row in rows], of=len(rows)),
    }
    note = f"the first hits are of {names[begins]}: what is before is neither worst nor in the median"
    return fields, [note] if begins else []


def _outliers(values: Sequence[tuple[str, int]], middle: float) -> list[str]:
    if len(values) < FEWEST:
        return []
    distances = [abs(value - middle) for _, value in values]
    reach = max(OUTLYING * median(distances), unusual.SHARE * middle, unusual.FEWEST)
    return [name for (name, _), distance in zip(values, distances, strict=True) if distance > reach]


def _windows_with(values: Sequence[tuple[str, int]], hits: int | None, of_unit: str) -> str | None:
    names = [name for name, value in values if value == hits]
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return f"{names[0]}{more}: {hits}{of_unit}" if names else None
