"""How visitors go through a site: `GET /sites/:id/user_journeys`."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from tinylytics_tools import paging, sanitize
from tinylytics_tools.answer import Cell, Table
from tinylytics_tools.arguments import EndDate, Limit, Offset, Path, Period, Referrer, Site, StartDate, TimeZone
from tinylytics_tools.client import CallContext, CurrentApi
from tinylytics_tools.dimensions import Raw, key, merged, spellings
from tinylytics_tools.endpoint import Endpoint, by_window
from tinylytics_tools.errors import InvalidArgument
from tinylytics_tools.filters import has_part, named_host
from tinylytics_tools.hits.api import HITS
from tinylytics_tools.periods import LONGEST_WINDOW
from tinylytics_tools.planner import MOST_REQUESTS, batches
from tinylytics_tools.replies import Count, Paged, Percent, Reply, Seconds, Time
from tinylytics_tools.scope import Scope, WindowAnswer, resolve_scope
from tinylytics_tools.site_lookup import SITES
from tinylytics_tools.tables import SMALL, counted, is_small, listing, percent, ranking
from tinylytics_tools.tool import tool

DEFAULT_ROWS = 5
PER_PAGE = 50
"""The most that the API gives (API document, section 3)."""
NOTHING_MORE = "nothing more"
"""Stands for no page; a real path has no space."""
_SPELLING = "rank_traffic with dimension path or referrer and search finds how a name is spelled."
_AGAIN = "Ask the same again: stored answers are free, so it reads on. Or ask for a shorter period."
TOP_PAGES = 5
_COLUMNS = ["time", "pages", "duration_s", "referrer", "country", "browser"]
HASH_LASTS_S = 12 * 3600
"""After so long a visitor gets another hash (field notes 13), so that no journey can last longer."""
STEPS_SHOWN = 3
"""Of a longer chain, besides its last."""


class StepReply(Reply):
    path: str | None = None


class JourneyReply(Reply):
    """One visitor hash; `session_duration` is in seconds (field notes 14)."""

    visitor_hash: str | None = None
    page_count: Count | None = None
    first_hit: Time | None = None
    pages: list[StepReply] | None = None
    session_duration: Seconds | None = None
    referrer: str | None = None
    country: str | None = None
    browser: str | None = None

    @property
    def paths(self) -> list[str | None]:
        return [page.path for page in self.pages or []]


class SummaryReply(Reply):
    """Of the whole window, whatever page was asked for; `bounce_rate` is 0 to 100 (field notes 14, 15)."""

    total_visitors: Count | None = None
    multi_page_visitors: Count | None = None
    single_page_visitors: Count | None = None
    bounce_rate: Percent | None = None


class PageVisitorsReply(Reply):
    path: str | None = None
    visitors: Count


class EndsReply(Reply):
    top_entry_pages: list[PageVisitorsReply]
    top_exit_pages: list[PageVisitorsReply]


class JourneysReply(Paged):
    """`GET /sites/:id/user_journeys`."""

    user_journeys: list[JourneyReply]
    summary: SummaryReply
    insights: EndsReply


JOURNEYS = Endpoint("GET", "/sites/{site_id}/user_journeys", JourneysReply, ttl=by_window)


class Journeys(WindowAnswer):
    """Visitors of some days. Summary and pages are of all of them; `journeys` shows a few, times in UTC.

    With filters all figures are of those that match among the `journeys_read`, of `journeys_in_all`; `visitors` and
    what follows from them are null where not all were read. `next_pages` counts by the first other page read after
    `page`, else after the entry, or nothing more; it stands in place of `journeys`, and `offset` moves it.
    """

    from_visitors = ("path", "pages", "referrer", "country", "browser", "filters")
    may_not_apply = ("journeys_read", "journeys_in_all", "matching_read", "next_pages", "journeys")
    side_tables = ("entry_pages", "exit_pages")

    visitors: int | None
    multi_page_visitors: int | None
    single_page_visitors: int | None
    bounce_rate_percent: float | None
    journeys_read: int | None = None
    journeys_in_all: int | None = None
    matching_read: int | None = None
    next_pages: Table | None = None
    entry_pages: Table
    exit_pages: Table
    journeys: Table | None = None


@dataclass(frozen=True)
class Wanted:
    """Which journeys are meant: by referring host or a part of its address, by first page, by a page on the way; pages
    are exact, with or without a closing slash."""

    referrer: str | None
    entry: str | None
    page: str | None

    @property
    def text(self) -> str:
        """The filters, safe to show; empty without any."""
        parts: list[str] = []
        if self.referrer:
            host = named_host(self.referrer)
            parts.append(f"referrer host {host}" if host else f"referrer containing {sanitize.referrer(self.referrer)}")
        pages = (("entry", self.entry), ("page", self.page))
        return ", ".join([*parts, *(f"{name} {sanitize.path(page)}" for name, page in pages if page)])

    def means(self, journey: JourneyReply) -> bool:
        """Return whether a journey, all of whose pages are listed, is one of these."""
        paths = journey.paths
        return (
            (self.referrer is None or _is_from(self.referrer, journey.referrer))
            and (self.entry is None or _is_page(self.entry, paths[0]))
            and (self.page is None or any(_is_page(self.page, path) for path in paths))
        )

    def next_page(self, journey: JourneyReply) -> str | None:
        """Return the first other page that was read after `page`, or after the entry; None where there is none."""
        paths = journey.paths
        start = next((n for n, path in enumerate(paths) if self.page and _is_page(self.page, path)), 0)
        same = key("path", paths[start])
        return next((path for path in paths[start:] if key("path", path) != same), None)


@tool(SITES, HITS, JOURNEYS, title="Visitor journeys")
async def get_user_journeys(
    api: CurrentApi,
    site: Site = None,
    period: Period = None,
    start_date: StartDate = None,
    end_date: EndDate = None,
    time_zone: TimeZone = None,
    referrer: Referrer = None,
    entry: Path = None,
    page: Path = None,
    limit: Limit = None,
    offset: Offset = None,
) -> Journeys:
    """Show how many visitors came, their bounce rate, and the pages they come and leave by, with sample journeys. With
    referrer, entry (their first page) or page: what these visitors read next.
    """
    scope = await resolve_scope(api, site, period, start_date, end_date, time_zone)
    if scope.window.days > LONGEST_WINDOW:
        raise InvalidArgument(
            f"Visitors can be counted over at most {LONGEST_WINDOW} days at once, and these are {scope.window.days}: "
            "counts of shorter windows do not add up. Give a shorter period, for example last_12_months."
        )
    most, start = limit or DEFAULT_ROWS, offset or 0
    wanted = Wanted(referrer, entry, page)
    if wanted.text:
        return await _matching(api, scope, wanted, most, start)
    pages = range(start // PER_PAGE + 1, (start + most - 1) // PER_PAGE + 2)
    read, first = await _read(api, scope, pages)
    skipped = (pages[0] - 1) * PER_PAGE
    missing = len(read.rows) < min(read.total - skipped, len(pages) * PER_PAGE)
    summary, ends = first.summary, first.insights
    visitors = summary.total_visitors
    shown = read.rows[start - skipped :][:most]
    return Journeys(
        **scope.fields(),
        headline=_headline(scope, summary),
        complete=visitors is not None and not missing,
        notes=[*_notes(scope, read.rows, visitors), *_doubts(read.rows, missing=missing)],
        next_step=None if visitors else "summarize_traffic counts hits, which need no visitor tracking.",
        visitors=visitors,
        multi_page_visitors=summary.multi_page_visitors,
        single_page_visitors=summary.single_page_visitors,
        bounce_rate_percent=summary.bounce_rate if visitors else None,
        entry_pages=_top(ends.top_entry_pages, visitors),
        exit_pages=_top(ends.top_exit_pages, visitors),
        journeys=listing(_COLUMNS, [_row(one) for one in shown], limit=most, offset=start, of=read.total),
    )


async def _matching(api: CallContext, scope: Scope, wanted: Wanted, most: int, start: int) -> Journeys:
    """Return what journeys that match have in common, of as many as the requests of one call can read."""
    read, _ = await _read(api, scope, None)
    listed = [one for one in read.rows if one.paths and None not in one.paths]
    listed = [one for one in listed if len(one.paths) >= (one.page_count or 0)]
    found = [one for one in listed if wanted.means(one)]
    number, of, unlisted = len(found), read.total, len(read.rows) - len(listed)
    complete = read.is_complete and not unlisted
    single = sum(len(one.paths) == 1 for one in found)
    headline = f"{number} of {counted(of, 'visitor')} of {scope.site.quoted} {scope.days} match: {wanted.text}."
    notes = [f"next_pages: the first other page after {'that page' if wanted.page else 'the entry'}"]
    if unlisted:
        notes.insert(0, f"{counted(unlisted, 'journey')} without a full list of pages: in no figure here")
    if not read.is_complete:
        among = f"{len(read.rows)} of {of} journeys read"
        headline = f"{number} of {among} of {scope.site.quoted} {scope.days} match: {wanted.text}."
        notes.insert(0, f"{among}, as the service orders them: no sample, so they say nothing of the others")
    return Journeys(
        **scope.fields(),
        filters=wanted.text,
        headline=headline,
        complete=complete,
        notes=[*notes, *_notes(scope, read.rows, number)],
        next_step=_AGAIN if not read.is_complete else None if found else _SPELLING,
        visitors=number if complete else None,
        multi_page_visitors=number - single if complete else None,
        single_page_visitors=single if complete else None,
        bounce_rate_percent=percent(single, number) if complete else None,
        journeys_read=len(read.rows),
        journeys_in_all=of,
        matching_read=number,
        next_pages=_ranked([wanted.next_page(one) for one in found], most, start),
        entry_pages=_ranked([one.paths[0] for one in found], most).without_offset(),
        exit_pages=_ranked([one.paths[-1] for one in found], most).without_offset(),
    )


async def _read(
    api: CallContext, scope: Scope, numbers: range | None
) -> tuple[paging.Listed[JourneyReply], JourneysReply]:
    """Return the journeys of some pages, or of as many as there are requests for, each once; and the first reply."""

    async def page(number: int) -> JourneysReply:
        query = {**scope.query(), "page": number, "per_page": PER_PAGE}
        return await api.call(JOURNEYS, query, site_id=scope.site.id)

    replies = await api.gather(*(partial(page, number) for number in numbers or (1,)))
    if numbers is None:  # stored pages cost nothing, so that asking again reads on
        rest = range(2, replies[0].pagination.total_pages + 1)
        for part in batches(api, rest, cost=1, at_once=MOST_REQUESTS):
            replies += await api.gather(*(partial(page, number) for number in part))
    read = paging.listed(
        replies,
        lambda reply: reply.user_journeys,
        lambda journey: None if journey.visitor_hash is None else (journey.visitor_hash, journey.first_hit),
    )
    return read, replies[0]


def _is_page(wanted: str, raw: str | None) -> bool:
    return raw is not None and sanitize.path(wanted) in map(sanitize.path, spellings(raw))


def _is_from(wanted: str, raw: str | None) -> bool:
    host = named_host(wanted)
    return has_part(wanted, raw or "") if host is None else sanitize.host(raw) == host


def _ranked(paths: Sequence[str | None], limit: int, offset: int = 0) -> Table:
    """Return how many visitors have each page; None stands for no other page."""
    counts: Counter[Raw] = Counter(path for path in paths if path is not None)
    named = [(page.name, page.hits) for page in merged("path", counts).values()]
    left = len(paths) - counts.total()
    named = sorted([*named, *([(NOTHING_MORE, left)] if left else [])], key=lambda one: -one[1])
    return ranking(["path", "visitors", "percent"], named, total=len(paths), limit=limit, offset=offset)


def _row(journey: JourneyReply) -> list[Cell]:
    return [
        sanitize.time(journey.first_hit),
        _chain(journey.pages or [], journey.page_count),
        None if journey.session_duration is None else round(journey.session_duration),
        sanitize.host(journey.referrer),
        sanitize.country(journey.country),
        sanitize.browser(journey.browser),
    ]


def _chain(pages: list[StepReply], count: int | None) -> str:
    """Return the paths in their order; of a long journey the first few and the last."""
    paths = [sanitize.path(page.path) for page in pages]
    left_out = max(count or 0, len(paths)) - STEPS_SHOWN - 1
    if left_out > 0 and len(paths) > STEPS_SHOWN:
        paths = [*paths[:STEPS_SHOWN], f"… {left_out} more", paths[-1]]
    return " → ".join(paths) or sanitize.UNKNOWN


def _top(pages: list[PageVisitorsReply], visitors: int | None) -> Table:
    """Return the top pages, each once, with its larger count. Each visitor enters by one page and leaves by one, so the
    shares are of all visitors."""
    ordered = sorted(pages, key=lambda page: (-page.visitors, page.path or ""))
    ranked = paging.distinct(ordered, lambda page: (page.path,))
    rows: list[list[Cell]] = [[sanitize.path(page.path), page.visitors] for page in ranked]
    total = None if sum(page.visitors for page in ranked) > (visitors or 0) else visitors
    return ranking(["path", "visitors", "percent"], rows, total=total, limit=TOP_PAGES).without_offset()


def _headline(scope: Scope, summary: SummaryReply) -> str:
    if summary.total_visitors is None:
        return f"The service does not say how many visitors {scope.site.quoted} had {scope.days}."
    bounced = summary.bounce_rate
    left = "" if not summary.total_visitors or bounced is None else f"; {bounced:g} % of them saw a single page"
    return f"{scope.site.quoted} had {counted(summary.total_visitors, 'visitor')} {scope.days}{left}."


def _notes(scope: Scope, journeys: Sequence[JourneyReply], visitors: int | None) -> list[str]:
    longest_s = max((journey.session_duration or 0 for journey in journeys), default=0)
    notes = ["visitors are salted hashes that rotate every 12 hours: not people, and never added up"]
    if longest_s > HASH_LASTS_S:
        notes = [
            f"a journey here lasts {round(longest_s)} s, so hashes of visitors outlive {HASH_LASTS_S} s here: visitors "
            "pile up over the window, and bounce rates of windows of different length are not comparable",
            "visitors are hashes: not people, and never added up",
        ]
    if not journeys and not visitors:
        since = scope.site.created_at.date()
        notes.append(f"none: nobody came, or visitor tracking is off for this site, which was added on {since}")
    elif visitors and is_small(visitors):
        notes.append(f"per cents rest on fewer than {SMALL} visitors: small numbers")
    if scope.today in scope.window:
        notes.append(f"{scope.today} is today and not over yet")
    return notes


def _doubts(journeys: Sequence[JourneyReply], *, missing: bool) -> list[str]:
    """Return notes on a list that is not in order of time, or misses a journey."""
    times = [journey.first_hit for journey in journeys if journey.first_hit]
    notes: list[str] = []
    if times != sorted(times, reverse=True):
        notes.append("journeys: in the order of the service, which is not that of time, so these are not the newest")
    if missing:
        notes.append("journeys: the service lists one twice or not at all, so some may be missing here; ask again")
    return notes


TOOLS = [get_user_journeys]
