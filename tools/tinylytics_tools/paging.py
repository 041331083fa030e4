"""Reads all pages of a list: their order is not promised, so no part stands for the whole (field notes 7)."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

from tinylytics_tools.api import Api
from tinylytics_tools.replies import Pagination

T = TypeVar("T")


async def rest(api: Api, first: Pagination, ask: Callable[[int], Awaitable[T]], *, most: int) -> list[T]:
    """The pages after the first, in their order, up to page `most`."""
    return await api.gather(*(partial(ask, page) for page in range(2, min(first.total_pages, most) + 1)))
