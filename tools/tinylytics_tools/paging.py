"""Reads the pages of a list, and keeps each of its rows once.

The order of a list is not promised, so no part stands for the whole (field notes 7). Where a list moves while it is
read, a row can stand on two pages and another on none: only different rows say whether all of them were read.
"""

from collections.abc import Awaitable, Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

from tinylytics_tools.client import CallContext
from tinylytics_tools.replies import Paged

T = TypeVar("T")
P = TypeVar("P", bound=Paged)


@dataclass(frozen=True)
class Listed(Generic[T]):
    """Different rows of a list, and the most that one of its pages counts."""

    rows: list[T]
    total: int

    @property
    def is_complete(self) -> bool:
        """Whether there are as many different rows as the service counts."""
        return len(self.rows) >= self.total


async def pages(api: CallContext, first: P, read: Callable[[int], Awaitable[T]], *, most: int) -> list[P | T]:
    """Return the first page and those after it, in their order, up to page `most`."""
    numbers = range(2, min(first.pagination.total_pages, most) + 1)
    return [first, *await api.gather(*(partial(read, number) for number in numbers))]


def distinct(rows: Iterable[T], key: Callable[[T], Hashable | None]) -> list[T]:
    """Return the first of all rows that have the same key, in their order; a row whose key is None is like no other."""
    unique: dict[Hashable, T] = {}
    for row in rows:
        same = key(row)
        unique.setdefault(object() if same is None else same, row)
    return list(unique.values())


def listed(
    pages: Sequence[P],
    rows_of: Callable[[P], Iterable[T]],
    key: Callable[[T], Hashable | None],
    *,
    order: Callable[[T], Any] | None = None,
) -> Listed[T]:
    """Return the different rows of some pages (see `distinct`), sorted by `order` before any is left out."""
    rows = [row for page in pages for row in rows_of(page)]
    total = max(page.pagination.total_count for page in pages)
    return Listed(distinct(sorted(rows, key=order) if order else rows, key), total)
