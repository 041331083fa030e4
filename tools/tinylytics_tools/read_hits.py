"""Reads single hits and grouped lists of several slices to their ends."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar, cast

from tinylytics_tools.client import CallContext
from tinylytics_tools.count_rows import DimensionCounts, RowCounts
from tinylytics_tools.dimensions import GROUPED, Dimension
from tinylytics_tools.hits import api as hits_api
from tinylytics_tools.hits.api import Count, Grouping, Groups, Slice
from tinylytics_tools.planner import MOST_REQUESTS, pages
from tinylytics_tools.replies import Pagination

A = TypeVar("A")
B = TypeVar("B")


@dataclass(frozen=True)
class Rows:
    """Single hits of a slice, counted. `missing`: how many more the service counts than it showed."""

    counts: RowCounts
    missing: int


async def both(api: CallContext, one: Callable[[], Awaitable[A]], other: Callable[[], Awaitable[B]]) -> tuple[A, B]:
    first, second = await api.gather(cast("Callable[[], Awaitable[A | B]]", one), other)
    return cast("A", first), cast("B", second)


async def read_rows(api: CallContext, counts: Mapping[Slice, Count], *, with_pairs: bool = False) -> dict[Slice, Rows]:
    """Read every single hit of slices that were counted; one that changes meanwhile is read a second time."""
    reads = (partial(_read_part, api, part, count.rows, with_pairs=with_pairs) for part, count in counts.items())
    parts = await api.gather(*reads)
    return dict(zip(counts, parts, strict=True))


async def read_lists(
    api: CallContext, requests: Sequence[tuple[Dimension, Sequence[Slice]]], room: int
) -> list[DimensionCounts]:
    """Read grouped lists, each to its end while the pages after the first fit into `room`, in the order given."""
    first_pages: list[tuple[Slice, Grouping]] = [(part, GROUPED[name]) for name, parts in requests for part in parts]
    groups = iter(await api.gather(*(partial(hits_api.first_groups, api, part, by) for part, by in first_pages)))
    lists = [[(part, next(groups)) for part in parts] for _, parts in requests]
    unfinished: list[tuple[Slice, Groups]] = []
    for one in lists:
        left = sum(groups.pages_left for _, groups in one)
        if left <= room:
            room -= left
            unfinished += one
    await api.gather(*(partial(hits_api.more_groups, api, part, groups) for part, groups in unfinished))
    return [DimensionCounts.of_groups([groups for _, groups in one]) for one in lists]


async def _read_part(api: CallContext, part: Slice, total: int, *, with_pairs: bool) -> Rows:
    counts = RowCounts(part.host, with_pairs)
    totals, size = await _read_pages(api, part, counts, pages(total))
    if totals <= {total} and counts.rows == total:
        return Rows(counts, 0)
    # Rows that changed places between two pages are found by a second reading; a new total means other rows. So are
    # the pages that are missing where the service gives fewer rows a page than it was asked for.
    latest = max(totals)
    if latest != total:
        counts, total = RowCounts(part.host, with_pairs), latest
    last = -(-total // size)
    if last <= MOST_REQUESTS - api.requests:
        totals, _ = await _read_pages(api, part, counts, last)
    return Rows(counts, max(totals, default=total) - counts.rows)


async def _read_pages(api: CallContext, part: Slice, counts: RowCounts, last: int) -> tuple[set[int], int]:
    """Count the pages up to `last`; return how many rows the service counts, and how many it gives a page."""

    async def read(number: int) -> Pagination:
        reply = await hits_api.page(api, part, number)
        counts.add(reply.hits)
        return reply.pagination

    paginations = await api.gather(*(partial(read, number) for number in range(1, last + 1)))
    return {one.total_count for one in paginations}, min([hits_api.PER_PAGE, *(one.per_page for one in paginations)])
