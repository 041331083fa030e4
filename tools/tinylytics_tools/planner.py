"""Finds the fewest requests that answer a question about hits exactly."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from tinylytics_tools.client import CallContext
from tinylytics_tools.hits import api as hits_api
from tinylytics_tools.periods import Series, Window

T = TypeVar("T")

MOST_REQUESTS = 40
"""What one tool call may spend; past that it answers what it has and says how to get the rest."""


@dataclass(frozen=True)
class Plan:
    """`by_rows`: read all single hits, which tell every dimension; else grouped lists. `series` is the finest there is
    room for, or None. `requests`: what it takes if every list fits a page."""

    by_rows: bool
    series: Series | None
    requests: int


def pages(rows: int) -> int:
    """How many requests read so many rows or groups; an empty list costs none, its length being known."""
    return -(-rows // hits_api.PER_PAGE)


def cheapest(
    totals: Sequence[int],
    *,
    lists: int,
    candidates: Sequence[Series],
    known: Collection[Window],
    width: int,
    rows_tell_days: bool,
    room: int,
) -> Plan:
    """The cheapest exact plan for a window whose hits are counted already.

    `totals`: hits of each part that is read by rows. `lists`: first pages of grouped lists. `candidates`: series from
    the finest to the coarsest, of whose windows those in `known` are counted. `width`: requests that count one window.
    `rows_tell_days`: whether single hits can be sorted into days, which needs UTC days (field notes 16).

    The finest series decides; a coarser one is taken only where the finer does not fit into `room` requests.
    """
    by_rows = sum(pages(total) for total in totals)
    for series in candidates:
        counts = width * sum(window not in known for window in series.windows)
        rows_cost = by_rows + (0 if rows_tell_days else counts)
        groups_cost = lists + counts
        if min(rows_cost, groups_cost) <= room:
            return Plan(rows_cost <= groups_cost, series, min(rows_cost, groups_cost))
    return Plan(by_rows <= min(lists, room), None, min(by_rows, lists))


def batches(api: CallContext, items: Sequence[T], *, cost: int, at_once: int) -> Iterator[Sequence[T]]:
    """Yield the items in parts that may be asked at the same time, each taking `cost` requests at most; after each part
    the requests left are counted anew, and what there is no room for is not yielded."""
    done = 0
    while done < len(items):
        part = items[done : done + min(at_once, max(0, MOST_REQUESTS - api.requests) // cost)]
        if not part:
            return
        yield part
        done += len(part)


def spread(last_page: int, wanted: int) -> list[int]:
    """Page numbers from all over a list of `last_page` pages: one in each of `wanted` equal stretches, at a place that
    differs from stretch to stretch, so that no rhythm of the hits (a day, a week) can fall in step with them."""
    if wanted >= last_page:
        return list(range(1, last_page + 1))
    golden = 0.618_033_988_749_895
    places = {1 + int((stretch + (stretch * golden) % 1) * last_page / wanted) for stretch in range(wanted)}
    return sorted(places)
