"""Sums up the traffic of a site: `summarize_traffic`."""

from functools import partial

from tinylytics_tools import filters
from tinylytics_tools.answer import Table
from tinylytics_tools.arguments import (
    Compare,
    Country,
    EndDate,
    Limit,
    Path,
    Period,
    Referrer,
    Site,
    StartDate,
    TimeZone,
)
from tinylytics_tools.client import CurrentApi
from tinylytics_tools.dimensions import Dimension
from tinylytics_tools.filters import Filters
from tinylytics_tools.hits import api as hits_api
from tinylytics_tools.hits.api import HITS
from tinylytics_tools.journeys import JOURNEYS
from tinylytics_tools.periods import Window, earlier
from tinylytics_tools.scope import Scope, WindowAnswer, first_day, resolve_scope
from tinylytics_tools.site_lookup import SITES, site_host
from tinylytics_tools.tool import tool
from tinylytics_tools.traffic.compare import Compared, compared, nothing_finished, so_far, spoken
from tinylytics_tools.traffic.lists import ranked
from tinylytics_tools.traffic.read import both
from tinylytics_tools.traffic.series import standing
from tinylytics_tools.traffic.visitors import read_visitors
from tinylytics_tools.traffic.window import Picture, Reader

DEFAULT_ROWS = 5
SHOWN: tuple[Dimension, ...] = ("country", "browser", "platform", "path", "referrer")
"""In the order in which they are read to their ends where there is not room for all."""


class TrafficSummary(WindowAnswer):
    """The traffic of some days. `change` is `compared_hits` minus `earlier_hits`, both of finished days only:
    `compared` names them. `best`, `worst`, `median` and `outliers` are of the whole, finished windows of the series;
    `partial` lists the others."""

    from_visitors = ("path", "host", "country", "browser", "platform", "filters")
    may_not_apply = ("hits_today",)

    hits: int
    hits_today: int | None = None
    compared_hits: int | None
    earlier_hits: int | None
    change: int | None
    change_percent: float | None
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
    site: Site = None,
    period: Period = None,
    start_date: StartDate = None,
    end_date: EndDate = None,
    time_zone: TimeZone = None,
    compare: Compare = None,
    country: Country = None,
    path: Path = None,
    referrer: Referrer = None,
    limit: Limit = None,
) -> TrafficSummary:
    """Summarize a site's traffic: hits, change, visitors, bounce rate, hits by day, top pages and referrers. Also
    countries and browsers; also of one page, country or referrer. For "how many hits", "how is my blog" and charts.
    """
    scope = await resolve_scope(
        api, site=site, period=period, start_date=start_date, end_date=end_date, time_zone=time_zone
    )
    comparison = earlier(scope.asked, compare or "previous_period", today=scope.today)
    span = Window(comparison.earlier.first if comparison else scope.window.first, scope.window.last)
    meant = await filters.resolve_filters(api, scope, span, country=country, path=path, referrer=referrer)
    reader = Reader(api, scope, meant)
    before = meant.slices(scope, comparison.earlier if comparison else None)
    counts, visited = await both(
        api, partial(hits_api.count_all, api, [*reader.parts, *before]), partial(read_visitors, api, scope, meant)
    )
    reader.take_in(counts)
    picture = await reader.read(SHOWN)
    born = first_day(scope.site, scope.zone)
    hits_before = sum(counts[part].hits for part in before)
    change = compared(comparison, later=picture.finished, earlier=hits_before, born=born)
    stands = standing(picture.series, picture.hits_in_series, today=scope.today, born=born) if picture.series else None
    tables = {dimension: ranked(dimension, picture, limit or DEFAULT_ROWS) for dimension in SHOWN}
    shown = {dimension: table for dimension, (table, _) in tables.items()}
    return TrafficSummary(
        **scope.fields(),
        headline=_headline(scope, meant, picture, change),
        complete=picture.is_complete and visited.is_read and not any(note for _, note in tables.values()),
        notes=[
            *picture.notes,
            *(note for _, note in tables.values() if note),
            *meant.notes,
            *change.notes,
            *nothing_finished(scope.asked, compare or "previous_period", scope.today),
            *_own_host(scope, shown["referrer"]),
            visited.note,
        ],
        next_step=_next_step(picture, meant),
        filters=meant.said,
        hits=picture.total,
        hits_today=picture.today,
        **change.fields(),
        visitors=visited.visitors,
        bounce_rate_percent=visited.bounce_rate,
        best=stands and stands.best,
        worst=stands and stands.worst,
        median=stands and stands.median,
        outliers=stands.outliers if stands else [],
        partial=stands.partial if stands else [],
        series=stands and stands.table,
        pages=shown["path"],
        referrers=shown["referrer"],
        countries=shown["country"],
        browsers=shown["browser"],
        platforms=shown["platform"],
    )


def _headline(scope: Scope, meant: Filters, picture: Picture, change: Compared) -> str:
    which = " that match the filters" if meant else ""
    left_out = () if picture.today is None else ("today",)
    said = f"{picture.total} hits{which} on {scope.site.name}, {spoken(scope.window)}{so_far(picture.today)}"
    return f"{said}{change.words(left_out)}."


def _own_host(scope: Scope, referrers: Table | None) -> list[str]:
    own = site_host(scope.site.url)
    listed = [row[0] for row in referrers.rows] if referrers else []
    return [f"the referrer {own} is the site itself"] if own in listed else []


def _next_step(picture: Picture, meant: Filters) -> str | None:
    if picture.total:
        return "rank_traffic: one dimension in full, with what rose and fell."
    if meant:
        return "No hit matches. Country and path are exact: rank_traffic with search finds the spelling."
    return "No hits in these days. list_sites tells since when the site is counted; try period all_time."


TOOLS = [summarize_traffic]
