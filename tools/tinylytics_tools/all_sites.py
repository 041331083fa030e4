"""Asks the same of all sites of the account, as far as the requests of one call allow."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

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
        asked = len(self.found)
        return (
            counted(self.of, "site") if asked == self.of else f"{asked} of {self.of} sites, from offset {self.start} on"
        )

    @property
    def notes(self) -> list[str]:
        """What was not asked."""
        follows = self.start + len(self.found)
        are = "was" if self.left_out == 1 else "were"
        return [f"{self.left_out} of {self.of} sites {are} not asked yet: those from offset {follows} on"] * bool(
            self.left_out
        )


def ordered(sites: Sequence[SiteReply], start: int) -> list[SiteReply]:
    """Return the sites by id, the order that an offset goes by.

    Raises:
        NotFound: the account has no site.
        InvalidArgument: there is none at the offset.
    """
    if not sites:
        raise NotFound("This Tinylytics account has no site yet. Add one on tinylytics.app first.")
    if start >= len(sites):
        raise InvalidArgument(
            f"offset: {counted(len(sites), 'site')} in all, so the last one is at offset {len(sites) - 1}."
        )
    return sorted(sites, key=lambda site: site.id)


def table(columns: Sequence[str], rows: Sequence[Sequence[Cell]], *, start: int, of: int) -> Table:
    """Return a row a site, given in the order of the offset, the most of the third column first, what is not known
    last; a shorter table ends at an earlier site, for `next_offset`."""
    most_first = sorted(rows, key=lambda row: -row[2] if isinstance(row[2], int) else 1)
    whole = listing(columns, most_first, limit=len(rows), offset=start, of=of)
    return whole.shortened_by(lambda: table(columns, rows[:-1], start=start, of=of) if rows else None)


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
