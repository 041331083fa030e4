"""Asks the same of all sites of the account, as far as the requests of one call allow."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

from tinylytics_tools.answer import Cell, Table
from tinylytics_tools.client import CallContext
from tinylytics_tools.errors import InvalidArgument, NotFound
from tinylytics_tools.planner import batches
from tinylytics_tools.site_lookup import SiteReply
from tinylytics_tools.tables import counted, listing

T = TypeVar("T")

AT_ONCE = 4
"""Sites asked at the same time; after them the requests left are counted anew."""


@dataclass(frozen=True)
class Asked(Generic[T]):
    """What was found of sites, by id from offset `start` on; `left_out` more had to wait for want of requests, and `of`
    counts the sites of the account."""

    found: list[tuple[SiteReply, T]]
    start: int
    left_out: int
    of: int

    @property
    def which(self) -> str:
        """The sites in a sentence."""
        all_of_them, asked = counted(self.of, "site"), len(self.found)
        return all_of_them if asked == self.of else f"{asked} of {self.of} sites, from offset {self.start} on"

    @property
    def notes(self) -> list[str]:
        """What was not asked."""
        if not self.left_out:
            return []
        are, follows = "was" if self.left_out == 1 else "were", self.start + len(self.found)
        return [f"{self.left_out} of {self.of} sites {are} not asked yet: those from offset {follows} on"]


def ordered(sites: Sequence[SiteReply], start: int) -> list[SiteReply]:
    """Return the sites by id, the order that an offset goes by; raise `NotFound` where the account has none, and
    `InvalidArgument` where there is none at the offset."""
    if not sites:
        raise NotFound("This Tinylytics account has no site yet. Add one on tinylytics.app first.")
    if start >= len(sites):
        raise InvalidArgument(
            f"offset: {counted(len(sites), 'site')} in all, so the last one is at offset {len(sites) - 1}."
        )
    return sorted(sites, key=lambda site: site.id)


def table(
    columns: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    *,
    start: int,
    of: int,
    order: Callable[[Sequence[Cell]], Any] = lambda row: -row[2] if isinstance(row[2], int) else 1,
) -> Table:
    """Return a row a site, given in the order of the offset, and sorted by `order`: the most of the third column first,
    what is not known last. A shorter table ends at an earlier site, for `next_offset`."""
    whole = listing(columns, sorted(rows, key=order), limit=len(rows), offset=start, of=of)
    return whole.shortened_by(lambda: table(columns, rows[:-1], start=start, of=of, order=order) if rows else None)


async def ask(
    api: CallContext,
    sites: Sequence[SiteReply],
    question: Callable[[SiteReply], Awaitable[T]],
    *,
    cost: int,
    start: int,
    limit: int | None,
) -> Asked[T]:
    """Ask `limit` sites from `start` on, or all; `cost` is the most requests that one of them takes."""
    by_id = ordered(sites, start)
    wanted = by_id[start:] if limit is None else by_id[start : start + limit]
    answers: list[T] = []
    for part in batches(api, wanted, cost=cost, at_once=AT_ONCE):
        answers += await api.gather(*(partial(question, site) for site in part))
    found = list(zip(wanted, answers, strict=False))
    return Asked(found, start, len(wanted) - len(found), len(by_id))
