"""Sums up the traffic of a site: `summarize_traffic`."""

from functools import partial
from typing import Any

from tinylytics_tools import arguments as arg
from tinylytics_tools.answer import Table
from tinylytics_tools.client import CallContext, CurrentApi
from tinylytics_tools.dimensions import PLURAL, Dimension, merged
from tinylytics_tools.filters import Filters, resolve_filters
from tinylytics_tools.hits import api as hits_api
from tinylytics_tools.hits.api import HITS
from tinylytics_tools.journeys import JOURNEYS
from tinylytics_tools.periods import earlier
from tinylytics_tools.read_hits import both
from tinylytics_tools.scope import Scope, WindowAnswer, first_day, resolve_scope
from tinylytics_tools.site_lookup import SITES, site_host
from tinylytics_tools.tables import counted, percent, ranking
from tinylytics_tools.tool import tool
from tinylytics_tools.traffic.compare import A_DAY, Compared, compared, not_compared, so_far, span, spoken
from tinylytics_tools.traffic.counts import TrafficWindow, top_of_unfinished
from tinylytics_tools.traffic.reader import TrafficReader
from tinylytics_tools.traffic.series import summarize_series
from tinylytics_tools.traffic.spikes import find_both, in_headline, notes_on_days
from tinylytics_tools.traffic.visitors import read_visitors

DEFAULT_ROWS = 5
_TABLES: dict[str, Dimension] = {
    "countries": "country",
    "browsers": "browser",
    "platforms": "platform",
    "pages": "path",
    "referrers": "referrer",
}
"""In the order in which they are read to their ends where there is not room for all."""


class TrafficSummary(WindowAnswer):
    """The traffic of some days. `change` is `compared_hits` minus `earlier_hits`, both of finished days only:
    `compared` names them. `best`, `worst`, `median` and `outliers` are of the whole, finished windows of the series;
    `partial` lists the others since the site began. With filters `percent_of_all` is the share of `all_hits` of these
    days; of a page alone there are `unique_hits` too. `internal_hits` come from the site's own pages and are no source:
    with them `referrers` add up to all hits."""

    from_visitors = ("path", "host", "country", "browser", "platform", "filters")
    may_not_apply = ("hits_today", "all_hits", "percent_of_all", "unique_hits", "internal_hits", *A_DAY)

    hits: int
    hits_today: int | None = None
    all_hits: int | None = None
    percent_of_all: float | None = None
    unique_hits: int | None = None
    internal_hits: int | None = None
    compared_hits: int | None
    earlier_hits: int | None
    change: int | None
    change_percent: float | None
    compared_a_day: float | None = None
    earlier_a_day: float | None = None
    change_a_day: float | None = None
    compared: str | None
    visitors: int | None
    bounce_rate_percent: float | None
    best: str | None
    worst: str | None
    median: float | None
    outliers: list[str]
    partial: list[str]
    series: Table | None
    pages: Table | None
    referrers: Table | None
    countries: Table | None
    browsers: Table | None
    platforms: Table | None


@tool(SITES, HITS, JOURNEYS, title="Traffic summary")
async def summarize_traffic(
    api: CurrentApi,
    site: arg.Site = None,
    period: arg.Period = None,
    start_date: arg.StartDate = None,
    end_date: arg.EndDate = None,
    time_zone: arg.TimeZone = None,
    compare: arg.Compare = None,
    country: arg.Country = None,
    path: arg.Path = None,
    referrer: arg.Referrer = None,
    limit: arg.Limit = None,
) -> TrafficSummary:
    """Summarize a site's traffic: hits, change, visitors, bounce rate, hits by day, top pages and referrers. Also
    countries and browsers; also of one page, country or referrer. For "how many hits", "how is my blog" and charts.
    """
    scope = await resolve_scope(api, site, period, start_date, end_date, time_zone)
    born = first_day(scope.site, scope.zone)
    comparison = earlier(scope.requested, compare or "previous_period", today=scope.today, born=born)
    filters = await resolve_filters(api, scope, span(scope, comparison), country=country, path=path, referrer=referrer)
    reader = TrafficReader(api, scope, filters, comparison)
    _, visitors = await both(
        api, partial(reader.count, scope.window, reader.earlier), partial(read_visitors, api, scope, filters)
    )
    traffic = await reader.read_window([*_TABLES.values()])
    spikes = await find_both(reader, scope.finished, series=traffic.series)
    of_all = await _of_all(api, scope, filters, traffic.total, reader.room)
    change = compared(comparison, later=traffic.finished, earlier=reader.hits(reader.earlier), born=born)
    series, on_series = summarize_series(traffic.series, traffic.hits_in_series, today=scope.today, born=born)
    own = site_host(scope.site.url)
    tables = {name: _ranking(dimension, traffic, limit or DEFAULT_ROWS, own) for name, dimension in _TABLES.items()}
    shown: dict[str, Any] = {name: table for name, (table, _) in tables.items()}
    unfinished = [note for _, note in tables.values() if note]
    internal = _internal(traffic, own)
    return TrafficSummary(
        **scope.fields(),
        headline=_headline(scope, filters, traffic, change, of_all) + f"{in_headline(*spikes)}.",
        complete=traffic.is_complete and visitors.is_read and not unfinished,
        notes=[
            *notes_on_days(*spikes, reaches_today=traffic.today is not None),
            *traffic.notes,
            *unfinished,
            *on_series,
            *filters.notes,
            *change.notes,
            *not_compared(scope.requested, comparison, compare, scope.today),
            *([f"{own} is the site itself and no source: {counted(internal, 'hit')} told apart"] if internal else []),
            visitors.note,
        ],
        next_step=_next_step(traffic, filters),
        filters=filters.text,
        hits=traffic.total,
        hits_today=traffic.today,
        **of_all,
        internal_hits=internal,
        **change.fields(),
        visitors=visitors.visitors,
        bounce_rate_percent=visitors.bounce_rate,
        **series,
        **shown,
    ).charted({"earlier": reader.counted_pieces(scope.since_born(reader.earlier)), "hours": traffic.hours})


async def _of_all(api: CallContext, scope: Scope, filters: Filters, hits: int, room: int) -> dict[str, int | float]:
    """Return what share of all hits the filtered ones are, and a page's unique hits, as far as there is room."""
    everything = TrafficReader(api, scope, Filters())
    found: dict[str, int | float] = {}
    if filters and everything.cost([scope.window]) < room:
        await everything.count(scope.window)
        share = percent(hits, everything.total) if everything.total >= hits else None
        found |= {"all_hits": everything.total, "percent_of_all": share} if share is not None else {}
    parts = filters.slices(scope, scope.window)
    is_a_page = filters.paths != (None,) and len(parts) == 1 and not (filters.country or filters.referrer)
    if is_a_page and room > 2:
        groups = await hits_api.first_groups(api, parts[0], "path")
        unique = next(iter(groups.unique.values()), None)
        found |= {"unique_hits": unique} if unique is not None else {}
    return found


def _headline(
    scope: Scope, filters: Filters, traffic: TrafficWindow, change: Compared, of_all: dict[str, int | float]
) -> str:
    which = " that match the filters" if filters else ""
    days = f"{spoken(scope.window)}{so_far(traffic.today)}"
    share = f", {of_all['percent_of_all']:g} % of all {of_all['all_hits']}" if of_all.get("all_hits") else ""
    compared = change.words([] if traffic.today is None else ["today"])
    return f"{counted(traffic.total, 'hit')}{which} on {scope.site.quoted}, {days}{share}{compared}"


def _internal(traffic: TrafficWindow, own: str) -> int | None:
    """Return how many hits come from the site's own pages; None where not all referrers were read."""
    counts = traffic.by.get("referrer")
    if not own or counts is None or not counts.is_complete:
        return None
    named = merged("referrer", counts.hits)
    return named[own].hits if own in named else 0


def _ranking(dimension: Dimension, traffic: TrafficWindow, limit: int, own: str) -> tuple[Table | None, str | None]:
    """Return a ranking with shares of all hits, without the site itself among the referrers, and a note where the list
    is not read to its end."""
    counts = traffic.by.get(dimension)
    if counts is None:
        return None, f"{PLURAL[dimension]}: {traffic.unread}"
    columns = ["host" if dimension == "referrer" else dimension, "hits", "percent"]
    if not counts.is_complete:
        return top_of_unfinished(dimension, counts, columns, total=traffic.total, limit=limit)
    named = merged(dimension, counts.hits)
    internal = named.pop(own).hits if dimension == "referrer" and own in named else 0
    rows = [[one.name, one.hits] for one in named.values()]
    return ranking(columns, rows, total=max(traffic.total, counts.total), limit=limit, apart=internal), None


def _next_step(traffic: TrafficWindow, filters: Filters) -> str | None:
    if traffic.total:
        return "rank_traffic: one dimension in full, with what rose and fell."
    if filters:
        return "No hit matches. Country and path are exact: rank_traffic with search finds the spelling."
    return "No hits in these days. list_sites tells since when the site is counted; try period all_time."


TOOLS = [summarize_traffic]
