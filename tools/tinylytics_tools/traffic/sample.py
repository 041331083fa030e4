"""Estimates the shares of a dimension from pages of hits that lie all over a window."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import sqrt
from statistics import stdev

from tinylytics_tools.client import CallContext
from tinylytics_tools.count_rows import RowCounts
from tinylytics_tools.dimensions import Dimension, merged
from tinylytics_tools.hits import api as hits_api
from tinylytics_tools.hits.api import Count, Slice
from tinylytics_tools.planner import pages, spread

SAMPLE_PAGES = 24
"""How many thousands of hits an estimate rests on."""


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
        tally = RowCounts(part.host, seen=seen)
        tally.add((await hits_api.page(api, part, number)).hits)
        return tally

    tallies = await api.gather(*(partial(read, part, number) for part, number in chosen))
    whole = RowCounts()
    for tally in tallies:
        whole.absorb(tally)
    hits = sum(count.hits for count in counts.values())
    found = merged(dimension, whole.by[dimension])
    shares = [(named.name, round(100 * named.hits / whole.hits)) for named in found.values()]
    margin = max((_margin([_share(tally, dimension, name) for tally in tallies]) for name, _ in shares), default=0)
    basis = f"{whole.hits} of {hits} hits, {len(chosen)} pages spread over the window, give or take {margin} points"
    return Estimate(shares, basis)


def _pages(counts: Mapping[Slice, Count], wanted: int) -> list[tuple[Slice, int]]:
    """Pages of each slice in proportion to its hits, at least one of each that has any."""
    rows = sum(count.rows for count in counts.values())
    return [
        (part, number)
        for part, count in counts.items()
        if count.rows
        for number in spread(pages(count.rows), max(1, int(wanted * count.rows / rows)))
    ]


def _share(tally: RowCounts, dimension: Dimension, name: str) -> float:
    found = [named.hits for named in merged(dimension, tally.by[dimension]).values() if named.name == name]
    return 100 * sum(found) / tally.hits if tally.hits else 0.0


def _margin(shares: Sequence[float]) -> int:
    """Two standard errors, in points: hits of one page are alike, so the pages are what counts as the sample."""
    return 0 if len(shares) < 2 else max(1, round(2 * stdev(shares) / sqrt(len(shares))))
