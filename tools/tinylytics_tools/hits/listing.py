"""Lists single hits, newest first: `GET /sites/:id/hits`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby, pairwise

from tinylytics_tools import filters, paging, sanitize
from tinylytics_tools.answer import Cell, Table
from tinylytics_tools.arguments import (
    Country,
    EndDate,
    Limit,
    Offset,
    Path,
    Period,
    Referrer,
    Site,
    StartDate,
    TimeZone,
)
from tinylytics_tools.client import CallContext, CurrentApi
from tinylytics_tools.errors import InvalidArgument
from tinylytics_tools.hits import api as hits_api
from tinylytics_tools.hits.api import HITS, Count, HitReply, Slice
from tinylytics_tools.periods import Window
from tinylytics_tools.planner import MOST_REQUESTS, pages
from tinylytics_tools.scope import WindowAnswer, resolve_scope
from tinylytics_tools.site_lookup import SITES
from tinylytics_tools.tables import listing
from tinylytics_tools.tool import tool

DEFAULT_ROWS = 15
COLUMNS = ("time", "path", "referrer", "country", "browser", "platform", "mobile", "source")


class HitList(WindowAnswer):
    """Single hits, times in UTC. `hits` counts all that match, not only those shown; `hits_today` is a part day's."""

    from_visitors = ("path", "referrer", "country", "browser", "platform", "source", "filters")
    may_not_apply = ("hits_today",)

    hits: int
    hits_today: int | None = None
    rows: Table


@dataclass(frozen=True)
class Stretch:
    """Some hits in a row, newest first; `doubt` says why others may be missing, where that can be."""

    rows: list[HitReply]
    doubt: str | None = None


@dataclass(frozen=True)
class Pages:
    """The rows of some pages, a list for each slice, each hit once; `doubt` says why one may be missing."""

    lists: list[list[HitReply]]
    doubt: str | None = None


@tool(SITES, HITS, title="Single hits")
async def list_hits(
    api: CurrentApi,
    site: Site = None,
    period: Period = None,
    start_date: StartDate = None,
    end_date: EndDate = None,
    time_zone: TimeZone = None,
    country: Country = None,
    path: Path = None,
    referrer: Referrer = None,
    limit: Limit = None,
    offset: Offset = None,
) -> HitList:
    """List single hits, newest first, with time, page, referrer, country and browser. For counts and rankings use
    summarize_traffic or rank_traffic.
    """
    scope = await resolve_scope(
        api, site=site, period=period, start_date=start_date, end_date=end_date, time_zone=time_zone
    )
    meant = await filters.resolve_filters(api, scope, scope.window, country=country, path=path, referrer=referrer)
    running = meant.slices(scope, Window(scope.today, scope.today)) if scope.today in scope.window else []
    counts = await hits_api.count_all(api, [*meant.slices(scope, scope.window.finished(scope.today)), *running])
    total = sum(count.hits for count in counts.values())
    today = sum(counts[part].hits for part in running) if running else None
    found = await newest(api, counts, offset or 0, limit or DEFAULT_ROWS)
    notes = [*meant.notes, *filter(None, [found.doubt])]
    table = listing(
        COLUMNS, [_row(hit) for hit in found.rows], limit=limit or DEFAULT_ROWS, offset=offset or 0, of=total
    )
    which = " that match the filters" if meant else ""
    so_far = "" if today is None else f", {today} of them today so far"
    return HitList(
        **scope.fields(),
        headline=f"{total} hits{which} on {scope.site.name}, {scope.window.first} to {scope.window.last}{so_far}.",
        complete=found.doubt is None,
        notes=notes,
        next_step=None if total else "No hit matches. rank_traffic with search finds how a name is spelled.",
        filters=meant.text,
        hits=total,
        hits_today=today,
        rows=table,
    )


async def newest(api: CallContext, counts: Mapping[Slice, Count], offset: int, limit: int) -> Stretch:
    """`limit` hits from `offset` on, out of slices that were counted."""
    rows: list[HitReply] = []
    doubt: str | None = None
    by_days = sorted(counts, key=lambda part: part.window.first, reverse=True)
    for _, together in groupby(by_days, key=lambda part: part.window.first):
        parts = {part: counts[part] for part in together}
        hits = sum(count.hits for count in parts.values())
        if offset < hits and len(rows) < limit:
            stretch = await _of_parts(api, parts, offset, limit - len(rows))
            rows += stretch.rows
            doubt = doubt or stretch.doubt
        offset = max(0, offset - hits)
    return Stretch(rows, doubt)


async def _of_parts(api: CallContext, parts: Mapping[Slice, Count], offset: int, limit: int) -> Stretch:
    """Hits of slices of the same days. The order of the API is verified, never trusted (field notes 7).

    Raises:
        InvalidArgument: the rows are further down than one call can read.
    """
    end = min(offset + limit, sum(count.hits for count in parts.values()))
    before = offset // hits_api.PER_PAGE if len(parts) == 1 else 0
    wanted = {part: range(before + 1, pages(min(end, count.rows)) + 1) for part, count in parts.items()}
    whole = {part: range(1, pages(count.rows) + 1) for part, count in parts.items()}
    room = MOST_REQUESTS - api.requests
    if sum(map(len, wanted.values())) > room:
        raise InvalidArgument(
            "offset: rows so far down take more requests than one call may use. Give a shorter period and a smaller "
            "offset."
        )
    start = offset - before * hits_api.PER_PAGE
    in_order, doubt = False, None
    if wanted != whole and all(part.host is None for part in parts):
        # The first page is read besides, since a page of few rows can be in order by chance.
        top = [1] if before else []
        read = await _read(api, {part: [*top, *numbers] for part, numbers in wanted.items()}, parts)
        in_order, doubt = all(_is_newest_first(rows) for rows in read.lists), read.doubt
        if in_order and doubt is None:
            rows = read.lists[0] if len(read.lists) == 1 else _sorted(read.lists)
            start += len(top) * hits_api.PER_PAGE
            return Stretch(rows[start : start + end - offset])
    if sum(map(len, whole.values())) > room:
        rows = _sorted((await _read(api, wanted, parts)).lists)
        return Stretch(rows[start:][:limit], doubt if in_order else _UNSORTED)
    read = await _read(api, whole, parts)
    return Stretch(_sorted(read.lists)[offset:end], read.doubt)


async def _read(api: CallContext, wanted: Mapping[Slice, Sequence[int]], counts: Mapping[Slice, Count]) -> Pages:
    """Different pages of slices that were counted."""
    asked = [(part, number) for part, numbers in wanted.items() for number in numbers]
    replies = iter(await api.gather(*(partial(hits_api.page, api, part, number) for part, number in asked)))
    lists: list[list[HitReply]] = []
    doubt: str | None = None
    for part, numbers in wanted.items():
        read = [next(replies) for _ in numbers]
        hits = paging.distinct((hit for reply in read for hit in reply.hits), lambda hit: hit.id)
        totals = {reply.pagination.total_count for reply in read}
        due = sum(min(max(0, max(totals) - (number - 1) * hits_api.PER_PAGE), hits_api.PER_PAGE) for number in numbers)
        if len(hits) < due:
            doubt = _SHORT
        elif len(hits) > due or not totals <= {counts[part].rows}:
            doubt = doubt or _MOVED
        lists.append([hit for hit in hits if part.host is None or sanitize.host(hit.referrer) == part.host])
    return Pages(lists, doubt)


def _is_newest_first(rows: Sequence[HitReply]) -> bool:
    return all(one.created_at >= following.created_at for one, following in pairwise(rows))


def _sorted(lists: Sequence[Sequence[HitReply]]) -> list[HitReply]:
    return sorted((hit for rows in lists for hit in rows), key=lambda hit: (hit.created_at, hit.id or 0), reverse=True)


def _row(hit: HitReply) -> list[Cell]:
    return [
        sanitize.time(hit.created_at),
        sanitize.path(hit.path),
        sanitize.referrer(hit.referrer),
        sanitize.country(hit.country),
        sanitize.browser(hit.browser_name),
        sanitize.platform(hit.platform_name),
        hit.is_mobile,
        sanitize.source(hit.source),
    ]


_UNSORTED = (
    "Tinylytics does not list these hits newest first, and there are too many to sort in one call: newer ones may be "
    "missing. A shorter period, such as today, can be sorted."
)

_SHORT = "Tinylytics shows fewer hits than it counts, so some are missing here. A shorter period may show them all."
_MOVED = "Hits came or went while these were read, so one may be missing or out of its place. Ask again in a minute."

TOOLS = [list_hits]
