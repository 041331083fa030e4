"""Ranks the traffic of a site by one dimension: `rank_traffic`."""

from tinylytics_tools.arguments import (
    Compare,
    Country,
    EndDate,
    Limit,
    Offset,
    Path,
    Period,
    Referrer,
    Search,
    Site,
    StartDate,
    TimeZone,
)
from tinylytics_tools.client import CurrentApi
from tinylytics_tools.dimensions import Dimension
from tinylytics_tools.filters import resolve_filters
from tinylytics_tools.hits.api import HITS
from tinylytics_tools.periods import Window, earlier
from tinylytics_tools.scope import first_day, resolve_scope
from tinylytics_tools.site_lookup import SITES
from tinylytics_tools.tool import tool
from tinylytics_tools.traffic.compare import not_compared, too_young
from tinylytics_tools.traffic.excluded import parse_excluded, read_without
from tinylytics_tools.traffic.names import Exclude
from tinylytics_tools.traffic.ranking import Ranking, Sort, TrafficRanking
from tinylytics_tools.traffic.spikes import notes_on_rows, spike_notes


@tool(SITES, HITS, title="Traffic ranking")
async def rank_traffic(
    api: CurrentApi,
    dimension: Dimension,
    site: Site = None,
    period: Period = None,
    start_date: StartDate = None,
    end_date: EndDate = None,
    time_zone: TimeZone = None,
    compare: Compare = None,
    country: Country = None,
    path: Path = None,
    referrer: Referrer = None,
    search: Search = None,
    exclude: Exclude = None,
    sort: Sort | None = None,
    limit: Limit = None,
    offset: Offset = None,
) -> TrafficRanking:
    """Rank pages, referrers, channels, countries, browsers, devices, hours or campaigns by hits. With what rose, fell,
    is new or gone since the earlier period. source is the campaign, as in ?ref=; link the whole address of a referrer;
    channel search, social, AI assistants, feeds and so on.
    """
    scope = await resolve_scope(
        api, site=site, period=period, start_date=start_date, end_date=end_date, time_zone=time_zone
    )
    born = first_day(scope.site, scope.zone)
    comparison = earlier(scope.requested, compare or "previous_period", today=scope.today, born=born)
    span = Window(comparison.earlier.first if comparison else scope.window.first, scope.window.last)
    filters = await resolve_filters(api, scope, span, country=country, path=path, referrer=referrer)
    young = too_young(comparison, born)
    comparison = None if young else comparison
    excluded = parse_excluded(exclude)
    traffic, reader, excluded = await read_without(api, scope, filters, comparison, dimension, excluded)
    traffic.notes += traffic.automated
    if not (excluded.pages or excluded.hosts):
        traffic.notes += await spike_notes(reader, scope.finished, reaches_today=traffic.today is not None)
        traffic.notes += notes_on_rows(reader, traffic, dimension, scope.finished)
    traffic.notes += [young] if young else not_compared(scope.requested, comparison, compare, scope.today)
    ranked = Ranking(scope, filters, dimension, comparison, traffic, excluded, is_ever=compare == "all_before")
    return ranked.answer(search=search, sort=sort, limit=limit, offset=offset or 0)


TOOLS = [rank_traffic]
