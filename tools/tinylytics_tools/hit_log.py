"""Reads a site's hits from the API: one endpoint with two forms, single hits and groups."""

from datetime import date, datetime

from tinylytics_tools.api import Api
from tinylytics_tools.endpoint import Endpoint
from tinylytics_tools.errors import UnexpectedReply
from tinylytics_tools.replies import Dates, Pagination, Reply


class HitReply(Reply):
    """One hit. Times are UTC; `path` has no query string, `url` keeps it (field notes 10)."""

    id: int | None = None
    url: str | None = None
    path: str | None = None
    referrer: str | None = None
    country: str | None = None
    browser_name: str | None = None
    platform_name: str | None = None
    is_mobile: bool | None = None
    source: str | None = None
    created_at: datetime


class GroupReply(Reply):
    """One group: `views` where pages are grouped, `hit_count` elsewhere (field notes 8)."""

    path: str | None = None
    country: str | None = None
    referrer: str | None = None
    browser_name: str | None = None
    platform_name: str | None = None
    source: str | None = None
    views: int | None = None
    unique_views: int | None = None
    hit_count: int | None = None


class HitsReply(Reply):
    """`GET /sites/:id/hits`, single or grouped."""

    hits: list[HitReply] = []
    grouped_hits: list[GroupReply] = []
    pagination: Pagination
    filters: Dates | None = None


HITS = Endpoint("GET", "/sites/{site_id}/hits", HitsReply)


async def today(api: Api, site_id: int, zone: str) -> date:
    """The running day. The account's zone has no name in the API: its day is the last one of a window that the
    service chose itself (DESIGN, The surface)."""
    if zone == "utc":
        return api.now().date()
    reply = await api.call(HITS, {"time_zone": zone, "page": 1, "per_page": 1}, site_id=site_id)
    if reply.filters is None:
        raise UnexpectedReply("Tinylytics did not say which days it used. Ask again with time_zone utc.")
    return reply.filters.end_date
