"""Reads a site's hits from the API: one endpoint with two forms, single hits and groups."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Literal

from tinylytics_tools import replies, sanitize
from tinylytics_tools.client import CallContext
from tinylytics_tools.endpoint import Endpoint, by_window
from tinylytics_tools.errors import UnexpectedReply
from tinylytics_tools.periods import Window
from tinylytics_tools.replies import Dates, Id, Paged, Reply, Time

PER_PAGE = 1000
"""The most that the API gives (API document, section 3)."""

MOST_PAGES = 40
"""Pages of one grouped list that are read after its first."""
FURTHEST_TODAY = 2
"""Days between this machine's clock and the account's running day: zones reach from 12 hours behind UTC to 14 ahead."""

Grouping = Literal["path", "country", "referrer", "browser_name", "platform_name", "source"]


class HitFields(Reply):
    """What a hit has, and a group of hits has one of; `path` has no query string (field notes 10)."""

    path: str | None = None
    referrer: str | None = None
    country: str | None = None
    browser_name: str | None = None
    platform_name: str | None = None
    source: str | None = None


class HitReply(HitFields):
    """One hit; its time is in UTC."""

    id: Id | None = None
    is_mobile: bool | None = None
    created_at: Time


class GroupReply(HitFields):
    """One group: `views` where pages are grouped, `hit_count` elsewhere (field notes 8)."""

    views: replies.Count | None = None
    unique_views: replies.Count | None = None
    hit_count: replies.Count | None = None


class HitsReply(Paged):
    """`GET /sites/:id/hits`, single or grouped."""

    hits: list[HitReply] = []
    grouped_hits: list[GroupReply] = []
    filters: Dates | None = None


HITS = Endpoint("GET", "/sites/{site_id}/hits", HitsReply, ttl=by_window)
CHANGED_BY_HITS = ("sites", "hits", "user_journeys", "leaderboard")
"""What shows a new hit."""


@dataclass(frozen=True)
class Slice:
    """Hits that one request can ask for: at most 730 days of a site, and the API's own filters. `referrer` finds every
    address that contains it (API document, section 3). Where that is more than is meant, `host` says which referring
    host is: only groups by referrer and single rows can then be told apart, by the reader."""

    site_id: int
    window: Window
    zone: str
    country: str | None = None
    path: str | None = None
    referrer: str | None = None
    host: str | None = None

    def query(self) -> dict[str, str | int | None]:
        """The slice as the API's parameters."""
        filters = {"country": self.country, "path": self.path, "referrer": self.referrer}
        return {**self.window.query(self.zone), **filters}


@dataclass
class Groups:
    """Hits by raw value, as far as they are read; with `host`, only those that a slice of that host means. There are
    `of` groups, of which the service gives `per_page`, which may be fewer than it was asked for. A value that came
    twice, because the list moved while it was read, counts once, with the larger count."""

    by: Grouping
    host: str | None = None
    of: int = 0
    per_page: int = PER_PAGE
    hits: dict[str | None, int] = field(default_factory=dict[str | None, int])
    unique: dict[str | None, int | None] = field(default_factory=dict[str | None, int | None])
    _others: dict[str | None, int] = field(default_factory=dict[str | None, int])

    def add(self, reply: HitsReply) -> None:
        """Take in one page."""
        self.of = max(self.of, reply.pagination.total_count)
        self.per_page = min(self.per_page, reply.pagination.per_page)
        for group in reply.grouped_hits:
            hits = group.hit_count if group.views is None else group.views
            if hits is None:
                raise UnexpectedReply(f"Tinylytics did not say how many hits each {self.by} has. Try again later.")
            value: str | None = getattr(group, self.by)
            is_other = self.host is not None and sanitize.host(value) != self.host
            counts = self._others if is_other else self.hits
            if hits < counts.get(value, 0):
                continue
            counts[value] = hits
            if not is_other:
                self.unique[value] = group.unique_views

    @property
    def is_complete(self) -> bool:
        """Whether all groups are read."""
        return len(self.hits) + len(self._others) >= self.of

    def must_be_complete(self) -> None:
        """Raise `UnexpectedReply` if groups are missing, where a part of them would tell something wrong."""
        if not self.is_complete:
            raise UnexpectedReply(
                f"Tinylytics showed only {len(self.hits) + len(self._others)} of {self.of} different values of "
                f"{self.by}, so what is asked for cannot be told apart from the rest. Ask again, or for a shorter "
                "period."
            )

    @property
    def pages_left(self) -> int:
        """How many requests would read what the first page does not hold."""
        return max(0, -(-self.of // self.per_page) - 1)

    @property
    def count(self) -> "Count":
        """The hits of the groups that were read."""
        hits = sum(self.hits.values())
        return Count(hits, hits + sum(self._others.values()), self.of)


@dataclass(frozen=True)
class Count:
    """`hits` are meant; `rows` the API finds: more, where a slice is of a host that has to be told apart here. For that
    as many `groups` by referrer were read; 0 where one request was enough."""

    hits: int
    rows: int
    groups: int = 0


async def today(api: CallContext, site_id: int, zone: str) -> date:
    """The running day. The account's zone has no name in the API: its day is the last one of a window that the
    service chose itself (DESIGN, The surface)."""
    if zone == "utc":
        return api.now().date()
    reply = await api.call(HITS, {"time_zone": zone, "page": 1, "per_page": 1}, site_id=site_id)
    if reply.filters is None:
        raise UnexpectedReply("Tinylytics did not say which days it used. Ask again with time_zone utc.")
    day = reply.filters.end_date
    if abs((day - api.now().date()).days) > FURTHEST_TODAY:
        raise UnexpectedReply(
            f"Tinylytics says at filters.end_date that today is {day}, more than {FURTHEST_TODAY} days from "
            f"{api.now().date()} by the clock of this machine: one of the two is wrong. Ask again with time_zone utc."
        )
    return day


async def page(
    api: CallContext, part: Slice, number: int, *, by: Grouping | None = None, per_page: int | None = None
) -> HitsReply:
    """One page of single hits, or of groups, in the API's order, which nobody promises (field notes 7)."""
    grouping = {} if by is None else {"grouped": "true", "group_by": by}
    query = {**part.query(), **grouping, "page": number, "per_page": per_page or PER_PAGE}
    return await api.call(HITS, query, site_id=part.site_id)


async def count(api: CallContext, part: Slice) -> Count:
    """How many hits there are: one request (field notes 5), or one a thousand referrers where `host` is set; raises
    `UnexpectedReply` where some of these cannot be read."""
    if part.host is None:
        total = (await page(api, part, 1, per_page=1)).pagination.total_count
        return Count(total, total)
    groups = await first_groups(api, part, "referrer")
    await more_groups(api, part, groups)
    groups.must_be_complete()
    return groups.count


async def count_all(api: CallContext, parts: Sequence[Slice]) -> dict[Slice, Count]:
    """Several counts at the same time."""
    counts = await api.gather(*(partial(count, api, part) for part in parts))
    return dict(zip(parts, counts, strict=True))


async def first_groups(api: CallContext, part: Slice, by: Grouping) -> Groups:
    """The first thousand groups, in the API's order; raises `Refused` where this grouping is not offered (`source`)."""
    groups = Groups(by, part.host)
    groups.add(await page(api, part, 1, by=by))
    return groups


async def more_groups(api: CallContext, part: Slice, groups: Groups) -> None:
    """Read the pages after the first into `groups`, `MOST_PAGES` of them at most."""
    numbers = range(2, 2 + min(groups.pages_left, MOST_PAGES))
    for reply in await api.gather(*(partial(page, api, part, number, by=groups.by) for number in numbers)):
        groups.add(reply)
