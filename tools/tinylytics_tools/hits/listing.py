"""Lists single hits, newest first: `GET /sites/:id/hits`."""

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import groupby

from tinylytics_tools import arguments as arg
from tinylytics_tools import filters, paging, sanitize
from tinylytics_tools.answer import Cell, Table
from tinylytics_tools.client import CallContext, CurrentApi
from tinylytics_tools.errors import InvalidArgument
from tinylytics_tools.hits import api as hits_api
from tinylytics_tools.hits.api import HITS, Count, HitReply, Slice
from tinylytics_tools.planner import MOST_REQUESTS, pages
from tinylytics_tools.scope import WindowAnswer, resolve_scope
from tinylytics_tools.site_lookup import SITES, site_host
from tinylytics_tools.tables import counted, listing
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


@tool(SITES, HITS, title="Single hits")
async def list_hits(
    api: CurrentApi,
    site: arg.Site = None,
    period: arg.Period = None,
    start_date: arg.StartDate = None,
    end_date: arg.EndDate = None,
    time_zone: arg.TimeZone = None,
    country: arg.Country = None,
    path: arg.Path = None,
    referrer: arg.Referrer = None,
    limit: arg.Limit = None,
    offset: arg.Offset = None,
) -> HitList:
    """List single hits, newest first, with time, page, referrer, country and browser. For counts and rankings use
    summarize_traffic or rank_traffic.
    """
    scope = await resolve_scope(api, site, period, start_date, end_date, time_zone)
    match = await filters.resolve_filters(api, scope, scope.window, country=country, path=path, referrer=referrer)
    running = match.slices(scope, scope.running)
    counts = await hits_api.count_all(api, match.parts(scope))
    total = sum(count.hits for count in counts.values())
    today = sum(counts[part].hits for part in running) if running else None
    most, start = limit or DEFAULT_ROWS, offset or 0
    rows, doubt = await _newest(api, counts, start, most)
    own = site_host(scope.site.url)
    internal = [f"the referrer {own} is the site itself and no source"] if own in map(_host, rows) else []
    which = " that match the filters" if match else ""
    so_far = "" if today is None else f", {today} of them today so far"
    return HitList(
        **scope.fields(),
        headline=f"{counted(total, 'hit')}{which} on {scope.site.quoted}, {scope.window}{so_far}.",
        complete=doubt is None,
        notes=[*match.notes, *([doubt] if doubt else []), *internal],
        next_step=None if total else "No hit matches. rank_traffic with search finds how a name is spelled.",
        filters=match.text,
        hits=total,
        hits_today=today,
        rows=listing(COLUMNS, [_row(hit) for hit in rows], limit=most, offset=start, of=total),
    )


async def _newest(
    api: CallContext, counts: Mapping[Slice, Count], offset: int, limit: int
) -> tuple[list[HitReply], str | None]:
    """Return `limit` hits from `offset` on, out of slices that were counted, and why others may be missing."""
    rows: list[HitReply] = []
    doubt: str | None = None
    by_days = sorted(counts, key=lambda part: part.window.first, reverse=True)
    for _, together in groupby(by_days, key=lambda part: part.window.first):
        parts = {part: counts[part] for part in together}
        hits = sum(count.hits for count in parts.values())
        if offset < hits and len(rows) < limit:
            more, why = await _of_same_days(api, parts, offset, limit - len(rows))
            rows += more
            doubt = doubt or why
        offset = max(0, offset - hits)
    return rows, doubt


async def _of_same_days(
    api: CallContext, parts: Mapping[Slice, Count], offset: int, limit: int
) -> tuple[list[HitReply], str | None]:
    """Return hits of slices of the same days, or raise `InvalidArgument` where they are too far down for one call. The
    order of the API is verified, never trusted (field notes 7)."""
    end = min(offset + limit, sum(count.hits for count in parts.values()))
    before = offset // hits_api.PER_PAGE if len(parts) == 1 else 0
    needed = {part: range(before + 1, pages(min(end, count.rows)) + 1) for part, count in parts.items()}
    whole = {part: range(1, pages(count.rows) + 1) for part, count in parts.items()}
    requests_left = MOST_REQUESTS - api.requests
    if sum(map(len, needed.values())) > requests_left:
        raise InvalidArgument(
            "offset: rows so far down take more requests than one call may use. Give a shorter period and a smaller "
            "offset."
        )
    start = offset - before * hits_api.PER_PAGE
    in_order, doubt = False, None
    if needed != whole and all(part.host is None for part in parts):
        # The first page is read besides, since a page of few rows can be in order by chance.
        top = [1] if before else []
        lists, doubt = await _read(api, {part: [*top, *numbers] for part, numbers in needed.items()}, parts)
        in_order = all(rows == sorted(rows, key=lambda hit: hit.created_at, reverse=True) for rows in lists)
        if in_order and doubt is None:
            rows = lists[0] if len(lists) == 1 else _sorted(lists)
            start += len(top) * hits_api.PER_PAGE
            return rows[start : start + end - offset], None
    if sum(map(len, whole.values())) > requests_left:
        lists, _ = await _read(api, needed, parts)
        return _sorted(lists)[start:][:limit], doubt if in_order else _UNSORTED
    lists, doubt = await _read(api, whole, parts)
    return _sorted(lists)[offset:end], doubt


async def _read(
    api: CallContext, wanted: Mapping[Slice, Sequence[int]], counts: Mapping[Slice, Count]
) -> tuple[list[list[HitReply]], str | None]:
    """Return the rows of some pages, a list for each slice, each hit once, and why one may be missing."""
    numbered = [(part, number) for part, numbers in wanted.items() for number in numbers]
    replies = iter(await api.gather(*(partial(hits_api.page, api, part, number) for part, number in numbered)))
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
        lists.append([hit for hit in hits if part.host is None or _host(hit) == part.host])
    return lists, doubt


def _sorted(lists: Sequence[Sequence[HitReply]]) -> list[HitReply]:
    return sorted((hit for rows in lists for hit in rows), key=lambda hit: (hit.created_at, hit.id or 0), reverse=True)


def _host(hit: HitReply) -> str:
    return sanitize.host(hit.referrer)


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
