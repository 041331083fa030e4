"""Reads single hits and grouped lists of several slices to their ends."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar, cast

from tinylytics_tools.client import CallContext
from tinylytics_tools.count_rows import RowCounts
from tinylytics_tools.dimensions import GROUPED, Dimension, Raw
from tinylytics_tools.hits import api as hits_api
from tinylytics_tools.hits.api import Count, Grouping, Groups, Slice
from tinylytics_tools.planner import MOST_REQUESTS, pages
from tinylytics_tools.replies import Pagination

A = TypeVar("A")
B = TypeVar("B")


@dataclass
class Values:
    """One dimension of some hits, by raw value. `of`: how many values there are; all are read if `is_complete`."""

    hits: dict[Raw, int] = field(default_factory=dict[Raw, int])
    unique: dict[Raw, int | None] = field(default_factory=dict[Raw, int | None])
    of: int = 0
    is_complete: bool = True

    @property
    def total(self) -> int:
        """The hits of the values that were read."""
        return sum(self.hits.values())

    def is_complete_but_not(self, total: int) -> bool:
        """Whether the whole list was read and adds up to something else."""
        return self.is_complete and self.total != total

    @classmethod
    def joined(cls, lists: Sequence[Groups]) -> "Values":
        """Lists of different hits as one; a value's uniques are not known where it stands in several."""
        together = cls(is_complete=all(groups.is_complete for groups in lists))
        for groups in lists:
            for raw, hits in groups.hits.items():
                together.unique[raw] = None if raw in together.hits else groups.unique[raw]
                together.hits[raw] = together.hits.get(raw, 0) + hits
        together.of = max([len(together.hits), *(groups.of for groups in lists if groups.host is None)])
        return together

    def plus(self, other: "Values") -> "Values":
        """The values of two sets of hits that have none in common."""
        hits = {raw: self.hits.get(raw, 0) + other.hits.get(raw, 0) for raw in [*self.hits, *other.hits]}
        unique = {**self.unique, **other.unique} | {raw: None for raw in self.hits if raw in other.hits}
        of = len(hits) if self.is_complete and other.is_complete else max(self.of, other.of, len(hits))
        return Values(hits, unique, of, self.is_complete and other.is_complete)


def counted(tally: RowCounts, dimension: Dimension) -> Values:
    """One dimension of single hits."""
    hits = dict(tally.by.get(dimension, {}))
    return Values(hits, {}, len(hits))


@dataclass(frozen=True)
class Rows:
    """Single hits of a slice, counted. `missing`: how many more the service counts than it showed; below zero where
    it showed more."""

    tally: RowCounts
    missing: int


async def both(api: CallContext, one: Callable[[], Awaitable[A]], other: Callable[[], Awaitable[B]]) -> tuple[A, B]:
    """Ask two different things at the same time."""
    first, second = await api.gather(cast("Callable[[], Awaitable[A | B]]", one), other)
    return cast("A", first), cast("B", second)


async def read_rows(api: CallContext, counts: Mapping[Slice, Count]) -> dict[Slice, Rows]:
    """Read every single hit of slices that were counted; one that changes meanwhile is read a second time."""
    parts = await api.gather(*(partial(_read_part, api, part, count.rows) for part, count in counts.items()))
    return dict(zip(counts, parts, strict=True))


async def read_lists(api: CallContext, wanted: Sequence[tuple[Dimension, Sequence[Slice]]], room: int) -> list[Values]:
    """Grouped lists, read to their ends while the pages after the first fit into `room`, in the order wanted."""
    asked: list[tuple[Slice, Grouping]] = [(part, GROUPED[dimension]) for dimension, parts in wanted for part in parts]
    found = iter(await api.gather(*(partial(hits_api.first_groups, api, part, by) for part, by in asked)))
    lists = [[(part, next(found)) for part in parts] for _, parts in wanted]
    more: list[tuple[Slice, Groups]] = []
    for groups in lists:
        left = sum(one.pages_left for _, one in groups)
        if left <= room:
            room -= left
            more += groups
    await api.gather(*(partial(hits_api.more_groups, api, part, groups.by, groups) for part, groups in more))
    return [Values.joined([one for _, one in groups]) for groups in lists]


async def _read_part(api: CallContext, part: Slice, expected: int) -> Rows:
    tally, total = RowCounts(part.host), expected
    totals, size = await _read_pages(api, part, tally, pages(total))
    if totals <= {total} and tally.rows == total:
        return Rows(tally, 0)
    # Rows that changed places between two pages are found by a second reading; a new total means other rows. So are
    # the pages that are missing where the service gives fewer rows a page than it was asked for.
    latest = max(totals)
    if latest != total:
        tally, total = RowCounts(part.host), latest
    last = -(-total // size)
    if last <= MOST_REQUESTS - api.requests:
        totals, _ = await _read_pages(api, part, tally, last)
    return Rows(tally, max(totals, default=total) - tally.rows)


async def _read_pages(api: CallContext, part: Slice, tally: RowCounts, last: int) -> tuple[set[int], int]:
    """Read the pages up to `last` into the tally; how many rows the service counts, and how many it gives a page."""

    async def take(number: int) -> Pagination:
        reply = await hits_api.page(api, part, number)
        tally.add(reply.hits)
        return reply.pagination

    said = await api.gather(*(partial(take, number) for number in range(1, last + 1)))
    return {one.total_count for one in said}, min([hits_api.PER_PAGE, *(one.per_page for one in said)])
