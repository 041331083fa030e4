"""Estimates the shares of a dimension from pages of hits, or from whole weeks, that lie all over a window."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from math import sqrt
from statistics import stdev

from tinylytics_tools.client import CallContext
from tinylytics_tools.count_rows import DimensionCounts, RowCounts
from tinylytics_tools.dimensions import WEEKDAYS, Dimension, merged
from tinylytics_tools.errors import InvalidArgument
from tinylytics_tools.hits import api as hits_api
from tinylytics_tools.hits.api import Count, Slice
from tinylytics_tools.periods import Window
from tinylytics_tools.planner import pages, spread
from tinylytics_tools.tables import counted

SAMPLE_PAGES = 24
"""How many thousands of hits an estimate rests on."""
SAMPLE_WEEKS = 5


@dataclass(frozen=True)
class Estimate:
    """Shares in whole per cents, the largest first, and in words what they rest on."""

    shares: list[tuple[str, int]]
    basis: str


async def estimate(api: CallContext, dimension: Dimension, counts: Mapping[Slice, Count], room: int) -> Estimate:
    """Read pages spread over the window, never just the newest, and take their shares for those of all hits."""
    chosen = _pages(counts, min(SAMPLE_PAGES, room))
    seen: set[int] = set()

    async def read(part: Slice, number: int) -> RowCounts:
        rows = RowCounts(part.host, seen=seen)
        rows.add((await hits_api.page(api, part, number)).hits)
        return rows

    sample = await api.gather(*(partial(read, part, number) for part, number in chosen))
    whole = RowCounts.joined(sample)
    hits = sum(count.hits for count in counts.values())
    names = merged(dimension, whole.of(dimension).hits)
    shares = [(named.name, round(100 * named.hits / whole.hits)) for named in names.values()]
    parts = [(merged(dimension, rows.of(dimension).hits), rows.hits) for rows in sample]
    of_name = ([100 * part[key].hits / hits if key in part else 0.0 for part, hits in parts] for key in names)
    margin = max(map(_margin, of_name), default=0)
    spread_over = f"{counted(len(chosen), 'page')} spread over the window"
    basis = f"{whole.hits} of {hits} hits, {spread_over}, give or take {counted(margin, 'point')}"
    return Estimate(shares, basis)


def sample_of_days(window: Window, room: int, *, width: int) -> list[date]:
    """Return the days of some whole weeks that lie all over the window, each taking `width` requests; raise
    `InvalidArgument` where not even one week fits into `room` requests."""
    weeks = window.days // 7
    wanted = min(SAMPLE_WEEKS, room // (7 * width))
    if not wanted or not weeks:
        raise InvalidArgument("The weekdays of this take too many requests. Give a shorter period or fewer filters.")
    starts = [window.first + timedelta(days=7 * (number - 1)) for number in spread(weeks, wanted)]
    return [start + timedelta(days=n) for start in starts for n in range(7)]


def estimate_of_weekdays(counts: DimensionCounts, days: Sequence[date]) -> Estimate:
    """Take the shares of whole weeks for those of all hits."""
    shares = [(WEEKDAYS[int(raw or 0)], round(100 * hits / counts.total)) for raw, hits in counts.hits.items()]
    basis = f"{counts.total} hits of {counted(len(days) // 7, 'whole week')} spread over the window"
    return Estimate(sorted(shares, key=lambda share: -share[1]), basis)


def _pages(counts: Mapping[Slice, Count], wanted: int) -> list[tuple[Slice, int]]:
    """Pages of each slice in proportion to its hits, at least one of each that has any."""
    rows = sum(count.rows for count in counts.values())
    return [
        (part, number)
        for part, count in counts.items()
        if count.rows
        for number in spread(pages(count.rows), max(1, int(wanted * count.rows / rows)))
    ]


def _margin(shares: Sequence[float]) -> int:
    """Two standard errors, in points: hits of one page are alike, so the pages are what counts as the sample."""
    return 0 if len(shares) < 2 else max(1, round(2 * stdev(shares) / sqrt(len(shares))))
