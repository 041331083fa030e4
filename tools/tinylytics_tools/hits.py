"""Lists single hits, newest first: `GET /sites/:id/hits`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby, pairwise

from tinylytics_tools import filters as meaning
from tinylytics_tools import hit_log, visitor_text
from tinylytics_tools.answer import Cell, Table
from tinylytics_tools.api import Api, CurrentApi
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
from tinylytics_tools.condense import listing
from tinylytics_tools.declare import tool
from tinylytics_tools.hit_log import HITS, Count, HitReply, Slice
from tinylytics_tools.periods import Window
from tinylytics_tools.plan import MOST_REQUESTS, pages
from tinylytics_tools.scope import WindowAnswer, settle
from tinylytics_tools.which_site import SITES

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
    """The rows of some pages, a list for each slice, each hit once; `are_full` if none had fewer than it counts."""

    lists: list[list[HitReply]]
    are_full: bool


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
    scope = await settle(api, site=site, period=period, start_date=start_date, end_date=end_date, time_zone=time_zone)
    meant = await meaning.settle(api, scope, scope.window, country=country, path=path, referrer=referrer)
    running = meant.slices(scope, Window(scope.today, scope.today)) if scope.today in scope.window else []
    counts = await hit_log.count_all(api, [*meant.slices(scope, scope.window.finished(scope.today)), *running])
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
        filters=meant.said,
        hits=total,
        hits_today=today,
        rows=table,
    )


async def newest(api: Api, counts: Mapping[Slice, Count], offset: int, limit: int) -> Stretch:
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


async def _of_parts(api: Api, parts: Mapping[Slice, Count], offset: int, limit: int) -> Stretch:
    """Hits of slices of the same days. The order of the API is verified, never trusted (field notes 7)."""
    end = min(offset + limit, sum(count.hits for count in parts.values()))
    before = offset // hit_log.PER_PAGE if len(parts) == 1 else 0
    wanted = {part: range(before + 1, pages(min(end, count.rows)) + 1) for part, count in parts.items()}
    whole = {part: range(1, pages(count.rows) + 1) for part, count in parts.items()}
    if wanted != whole and all(part.host is None for part in parts):
        # The first page is read besides, since a page of few rows can be in order by chance.
        first = await _read(api, {part: range(1, 2) for part in parts} if before else {})
        read = await _read(api, wanted)
        tops = first.lists or [[] for _ in read.lists]
        in_order = all(_is_newest_first([*top, *rows]) for top, rows in zip(tops, read.lists, strict=True))
        if in_order and first.are_full and read.are_full:
            rows = read.lists[0] if len(read.lists) == 1 else _sorted(read.lists)
            return Stretch(rows[offset - before * hit_log.PER_PAGE : end - before * hit_log.PER_PAGE])
    if sum(len(numbers) for numbers in whole.values()) > MOST_REQUESTS - api.requests:
        return Stretch(_sorted((await _read(api, wanted)).lists)[:limit], _UNSORTED)
    read = await _read(api, whole)
    return Stretch(_sorted(read.lists)[offset:end], None if read.are_full else _SHORT)


async def _read(api: Api, wanted: Mapping[Slice, Sequence[int]]) -> Pages:
    asked = [(part, number) for part, numbers in wanted.items() for number in numbers]
    replies = await api.gather(*(partial(hit_log.page, api, part, number) for part, number in asked))
    rows: dict[Slice, dict[object, HitReply]] = {part: {} for part in wanted}
    are_full = True
    for (part, number), reply in zip(asked, replies, strict=True):
        due = reply.pagination.total_count - (number - 1) * hit_log.PER_PAGE
        are_full = are_full and len(reply.hits) >= min(due, hit_log.PER_PAGE)
        for hit in reply.hits:
            if part.host is None or visitor_text.host(hit.referrer) == part.host:
                rows[part].setdefault(hit.id if hit.id is not None else object(), hit)
    return Pages([list(found.values()) for found in rows.values()], are_full)


def _is_newest_first(rows: Sequence[HitReply]) -> bool:
    return all(one.created_at >= following.created_at for one, following in pairwise(rows))


def _sorted(lists: Sequence[Sequence[HitReply]]) -> list[HitReply]:
    return sorted((hit for rows in lists for hit in rows), key=lambda hit: (hit.created_at, hit.id or 0), reverse=True)


def _row(hit: HitReply) -> list[Cell]:
    return [
        visitor_text.time(hit.created_at),
        visitor_text.path(hit.path),
        visitor_text.referrer(hit.referrer),
        visitor_text.country(hit.country),
        visitor_text.browser(hit.browser_name),
        visitor_text.platform(hit.platform_name),
        hit.is_mobile,
        visitor_text.source(hit.source),
    ]


_UNSORTED = (
    "Tinylytics does not list these hits newest first, and there are too many to sort in one call: newer ones may be "
    "missing. A shorter period, such as today, can be sorted."
)

_SHORT = "Tinylytics shows fewer hits than it counts, so some are missing here. A shorter period may show them all."

TOOLS = [list_hits]
