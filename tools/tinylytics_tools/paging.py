"""Reads the pages of a list whose order the API does not promise (field notes 7)."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from functools import partial
from itertools import pairwise
from typing import TypeVar

from tinylytics_tools.api import Api
from tinylytics_tools.replies import Pagination

T = TypeVar("T")


async def rest(api: Api, first: Pagination, ask: Callable[[int], Awaitable[T]], *, most: int) -> list[T]:
    """The pages after the first, in their order, up to page `most`."""
    return await api.gather(*(partial(ask, page) for page in range(2, min(first.total_pages, most) + 1)))


def is_newest_first(moments: Sequence[date]) -> bool:
    """Whether a page proves by its own rows that the list begins with the newest."""
    return all(one >= next_one for one, next_one in pairwise(moments)) and len(set(moments)) > 1
