"""Reads the pages of a list, and keeps each of its rows once.

The order of a list is not promised, so no part stands for the whole (field notes 7). Where a list moves while it is
read, a row can stand on two pages and another on none: only different rows say whether all of them were read.
"""

from collections.abc import Awaitable, Callable, Hashable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

from tinylytics_tools.client import CallContext
from tinylytics_tools.replies import Pagination

T = TypeVar("T")


@dataclass(frozen=True)
class Listed(Generic[T]):
    """Different rows of a list, and the most that one of its pages counts."""

    rows: list[T]
    total: int

    @property
    def is_complete(self) -> bool:
        """Whether there are as many different rows as the service counts."""
        return len(self.rows) >= self.total


async def rest(api: CallContext, first: Pagination, read: Callable[[int], Awaitable[T]], *, most: int) -> list[T]:
    """Return the pages after the first, in their order, up to page `most`."""
    return await api.gather(*(partial(read, page) for page in range(2, min(first.total_pages, most) + 1)))


def distinct(rows: Iterable[T], key: Callable[[T], Hashable | None]) -> list[T]:
    """Return the first of all rows that have the same key, in their order; a row whose key is None is like no other."""
    unique: dict[Hashable, T] = {}
    for row in rows:
        same = key(row)
        unique.setdefault(object() if same is None else same, row)
    return list(unique.values())


def listed(rows: Iterable[T], key: Callable[[T], Hashable | None], pages: Iterable[Pagination]) -> Listed[T]:
    """Return the different rows of some pages (see `distinct`), beside the most that one of these pages counts."""
    return Listed(distinct(rows, key), max(page.total_count for page in pages))
