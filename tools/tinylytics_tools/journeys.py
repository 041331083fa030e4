"""How visitors go through a site: `GET /sites/:id/user_journeys`."""

from functools import partial

from tinylytics_tools import paging, sanitize
from tinylytics_tools.answer import Cell, Table
from tinylytics_tools.arguments import EndDate, Limit, Offset, Period, Site, StartDate, TimeZone
from tinylytics_tools.client import CallContext, CurrentApi
from tinylytics_tools.endpoint import Endpoint, by_window
from tinylytics_tools.errors import InvalidArgument
from tinylytics_tools.hits.api import HITS
from tinylytics_tools.periods import LONGEST_WINDOW
from tinylytics_tools.replies import Count, Paged, Percent, Reply, Seconds, Time
from tinylytics_tools.scope import Scope, WindowAnswer, resolve_scope
from tinylytics_tools.site_lookup import SITES
from tinylytics_tools.tables import SMALL, counted, is_small, listing, ranking
from tinylytics_tools.tool import tool

DEFAULT_ROWS = 5
MOST_ROWS = 50
"""Of journeys in one request (API document, section 3)."""
TOP_PAGES = 5
_COLUMNS = ["time", "pages", "duration_s", "referrer", "country", "browser"]
HASH_LASTS_S = 12 * 3600
"""After so long a visitor gets another hash (field notes 13), so that no journey can last longer."""
STEPS_SHOWN = 3
"""Of a longer chain, besides its last."""


class StepReply(Reply):
    """One page of a journey."""

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


class SummaryReply(Reply):
    """Of the whole window, whatever page was asked for; `bounce_rate` is 0 to 100 (field notes 14, 15)."""

    total_visitors: Count | None = None
    multi_page_visitors: Count | None = None
    single_page_visitors: Count | None = None
    bounce_rate: Percent | None = None


class PageVisitorsReply(Reply):
    """How many visitors came in, or left, by a page."""

    path: str | None = None
    visitors: Count


class EndsReply(Reply):
    """First and last pages of the whole window."""

    top_entry_pages: list[PageVisitorsReply]
    top_exit_pages: list[PageVisitorsReply]


class JourneysReply(Paged):
    """`GET /sites/:id/user_journeys`."""

    user_journeys: list[JourneyReply]
    summary: SummaryReply
    insights: EndsReply


JOURNEYS = Endpoint("GET", "/sites/{site_id}/user_journeys", JourneysReply, ttl=by_window)


class Journeys(WindowAnswer):
    """Visitors of some days. Summary and pages are of all of them; `journeys` shows a few, times in UTC."""

    from_visitors = ("path", "pages", "referrer", "country", "browser")

    visitors: int | None
    multi_page_visitors: int | None
    single_page_visitors: int | None
    bounce_rate_percent: float | None
    entry_pages: Table
    exit_pages: Table
    journeys: Table


@tool(SITES, HITS, JOURNEYS, title="Visitor journeys")
async def get_user_journeys(
    api: CurrentApi,
    site: Site = None,
    period: Period = None,
    start_date: StartDate = None,
    end_date: EndDate = None,
    time_zone: TimeZone = None,
    limit: Limit = None,
    offset: Offset = None,
) -> Journeys:
    """Show how many visitors came, their bounce rate, and the pages they come and leave by, with sample journeys."""
    scope = await resolve_scope(api, site, period, start_date, end_date, time_zone)
    if scope.window.days > LONGEST_WINDOW:
        raise InvalidArgument(
            f"Visitors can be counted over at most {LONGEST_WINDOW} days at once, and these are {scope.window.days}: "
            "counts of shorter windows do not add up. Give a shorter period, for example last_12_months."
        )
    most, start = limit or DEFAULT_ROWS, offset or 0
    first, journeys, missing = await _read(api, scope, most, start)
    summary, ends = first.summary, first.insights
    visitors = summary.total_visitors
    rows = [_row(journey) for journey in journeys]
    return Journeys(
        **scope.fields(),
        headline=_headline(scope, summary),
        complete=visitors is not None and not missing,
        notes=_notes(scope, summary, journeys, missing=missing),
        next_step=None if visitors else "summarize_traffic counts hits, which need no visitor tracking.",
        visitors=visitors,
        multi_page_visitors=summary.multi_page_visitors,
        single_page_visitors=summary.single_page_visitors,
        bounce_rate_percent=summary.bounce_rate if visitors else None,
        entry_pages=_top(ends.top_entry_pages, visitors),
        exit_pages=_top(ends.top_exit_pages, visitors),
        journeys=listing(_COLUMNS, rows, limit=most, offset=start, of=first.pagination.total_count),
    )


async def _read(
    api: CallContext, scope: Scope, most: int, start: int
) -> tuple[JourneysReply, list[JourneyReply], bool]:
    """Return the first reply, the `most` journeys after the first `start`, each once, and whether one may be missing.
    It takes one request, or two where pages split them."""
    size = most if start % most == 0 else MOST_ROWS
    pages = range(start // size + 1, (start + most - 1) // size + 2)
    queries = [{**scope.query(), "page": page, "per_page": size} for page in pages]
    replies = await api.gather(*(partial(api.call, JOURNEYS, query, site_id=scope.site.id) for query in queries))
    before = (pages[0] - 1) * size
    read = paging.listed(
        replies,
        lambda reply: reply.user_journeys,
        lambda journey: None if journey.visitor_hash is None else (journey.visitor_hash, journey.first_hit),
    )
    due = min(read.total - before, len(pages) * size)
    return replies[0], read.rows[start - before :][:most], len(read.rows) < due


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
    """Return the top pages, each once, with its larger count.

    Each visitor enters by one page and leaves by one, so the shares are of all visitors.
    """
    ordered = sorted(pages, key=lambda page: (-page.visitors, page.path or ""))
    ranked = paging.distinct(ordered, lambda page: (page.path,))
    rows: list[list[Cell]] = [[sanitize.path(page.path), page.visitors] for page in ranked]
    total = None if sum(page.visitors for page in ranked) > (visitors or 0) else visitors
    return ranking(["path", "visitors", "percent"], rows, total=total, limit=TOP_PAGES).without_offset()


def _headline(scope: Scope, summary: SummaryReply) -> str:
    days = f"from {scope.window.first} to {scope.window.last}"
    if summary.total_visitors is None:
        return f"The service does not say how many visitors {scope.site.quoted} had {days}."
    bounced = summary.bounce_rate
    left = "" if not summary.total_visitors or bounced is None else f"; {bounced:g} % of them saw a single page"
    return f"{scope.site.quoted} had {counted(summary.total_visitors, 'visitor')} {days}{left}."


def _notes(scope: Scope, summary: SummaryReply, journeys: list[JourneyReply], *, missing: bool) -> list[str]:
    longest_s = max((journey.session_duration or 0 for journey in journeys), default=0)
    notes = ["visitors are salted hashes that rotate every 12 hours: not people, and never added up"]
    if longest_s > HASH_LASTS_S:
        notes = [
            f"a journey here lasts {round(longest_s)} s, so hashes of visitors outlive {HASH_LASTS_S} s here: visitors "
            "pile up over the window, and bounce rates of windows of different length are not comparable",
            "visitors are hashes: not people, and never added up",
        ]
    if not summary.total_visitors:
        since = scope.site.created_at.date()
        notes.append(f"none: nobody came, or visitor tracking is off for this site, which was added on {since}")
    elif is_small(summary.total_visitors):
        notes.append(f"per cents rest on fewer than {SMALL} visitors: small numbers")
    if scope.today in scope.window:
        notes.append(f"{scope.today} is today and not over yet")
    times = [journey.first_hit for journey in journeys if journey.first_hit]
    if times != sorted(times, reverse=True):
        notes.append("journeys: in the order of the service, which is not that of time, so these are not the newest")
    if missing:
        notes.append("journeys: the service lists one twice or not at all, so some may be missing here; ask again")
    return notes


TOOLS = [get_user_journeys]
