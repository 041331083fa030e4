"""Tells how all sites of the account are doing, in one call: `get_overview`."""

from collections.abc import Sequence
from datetime import date

from tinylytics_tools.all_sites import ordered
from tinylytics_tools.answer import LARGEST_DEFAULT_HALF, Answer, Table
from tinylytics_tools.arguments import EndDate, Limit, Offset, Period, StartDate, TimeZone
from tinylytics_tools.client import CallContext, CurrentApi
from tinylytics_tools.errors import KeyNotAccepted, TinylyticsError, TooManyRequests
from tinylytics_tools.hits import api as hits_api
from tinylytics_tools.hits.api import HITS
from tinylytics_tools.journeys import JOURNEYS
from tinylytics_tools.kudos.api import KUDOS
from tinylytics_tools.overview import notes as overview_notes
from tinylytics_tools.overview.read import FAILED, Reading, Row, read
from tinylytics_tools.periods import Comparison, earlier, resolve
from tinylytics_tools.scope import Scope, first_day
from tinylytics_tools.site_lookup import SITES, SiteReply, list_all
from tinylytics_tools.tables import counted, listing
from tinylytics_tools.tool import tool
from tinylytics_tools.traffic import compare
from tinylytics_tools.traffic.compare import A_DAY, so_far, spoken
from tinylytics_tools.uptime import UPTIME

ALWAYS = ("id", "site", "hits")
"""The columns that stay while others make way for rows."""


class Overview(Answer):
    """One row a site, in parts by their lifetime hits: sums and `complete` are of the `sites_asked` from `offset` on.
    `hits` and `kudos` are of all days. `change` is `compared_hits` minus `earlier_hits`, both of finished days, in sum
    of the sites that are old enough; in a row `hits` stands for `compared_hits` where today is not among the days.
    Visitors of several sites do not add up. `status` is up, down, not monitored or unknown."""

    may_not_apply = ("hits_today", *A_DAY)

    first_day: date
    last_day: date
    days: int
    time_zone: str
    defaults: list[str]
    sites_asked: int
    hits: int | None
    hits_today: int | None = None
    compared_hits: int | None
    earlier_hits: int | None
    change: int | None
    change_percent: float | None
    compared_a_day: float | None = None
    earlier_a_day: float | None = None
    change_a_day: float | None = None
    compared: str | None
    kudos: int | None
    sites: Table


@tool(SITES, HITS, JOURNEYS, KUDOS, UPTIME, title="All sites at a glance")
async def get_overview(
    api: CurrentApi,
    period: Period = None,
    start_date: StartDate = None,
    end_date: EndDate = None,
    time_zone: TimeZone = None,
    limit: Limit = None,
    offset: Offset = None,
) -> Overview:
    """Tell how all sites are doing: hits, change, visitors, kudos, up or down. The first thing to ask for several."""
    start = offset or 0
    sites = sorted(ordered(await list_all(api), start), key=lambda site: -(site.lifetime_hits or 0))
    zone = time_zone or api.preferences.time_zone
    today = await _today(api, sites, zone)
    oldest = min(first_day(site, zone) for site in sites)
    requested = resolve(period, start_date, end_date, today=today, earliest=oldest)
    comparison = earlier(requested, "previous_period", today=today)
    part = sites[start : start + (limit or len(sites))]
    reading = await read(api, [Scope(site, requested, zone, today, ()) for site in part], comparison)
    given = {"period": None if requested.defaulted else requested, "time_zone": time_zone}
    defaults = [name for name, value in given.items() if value is None]

    columns = overview_notes.shown(reading, overview_notes.total_change(reading.rows, comparison))
    costs = await api.costs()
    while True:
        answer = _answer(reading, comparison, columns, defaults, start, len(sites))
        half = LARGEST_DEFAULT_HALF if limit is None else None
        if len(columns) == len(ALWAYS) or not answer.halves().oversize(costs, half):
            return answer
        columns = columns[:-1]


def _answer(
    reading: Reading, comparison: Comparison | None, columns: Sequence[str], defaults: list[str], start: int, of: int
) -> Overview:
    rows, scope = reading.rows, reading.rows[0].scope
    window = scope.window
    total = overview_notes.total_change(rows, comparison)
    hits = _sum([row.hits for row in rows])
    today = _sum([row.today for row in rows]) if scope.today in window else None
    which = counted(of, "site") if len(rows) == of else f"{len(rows)} of {of} sites, from offset {start} on"
    text = f"{counted('unknown' if hits is None else hits, 'hit')} on {which}, {spoken(window)}{so_far(today)}"
    return Overview(
        headline=f"{text}{total.words(overview_notes.not_compared(rows, comparison))}.{overview_notes.down(rows)}",
        complete=not reading.left_out and not any(FAILED in row.gaps.values() for row in rows),
        notes=[
            *overview_notes.notes(reading, total, comparison, columns),
            *compare.not_compared(scope.requested, comparison, None, scope.today),
        ],
        next_step=_AGAIN if reading.left_out else _MORE,
        first_day=window.first,
        last_day=window.last,
        days=window.days,
        time_zone=scope.zone,
        defaults=defaults,
        sites_asked=len(rows),
        hits=hits,
        hits_today=today,
        **total.fields(),
        kudos=_sum([row.kudos for row in rows]),
        sites=_table(columns, rows, start, of),
    ).charted(
        {
            "sites": {
                str(row.scope.site.id): {"pieces": row.pieces, "status": row.status, "ssl_days_left": row.ssl_days_left}
                for row in rows
            }
        }
    )


async def _today(api: CallContext, sites: Sequence[SiteReply], zone: str) -> date:
    """The running day, which any site tells; a second one is asked where the first fails."""
    try:
        return await hits_api.today(api, sites[0].id, zone)
    except (KeyNotAccepted, TooManyRequests):
        raise
    except TinylyticsError:
        return await hits_api.today(api, sites[-1].id, zone)


def _sum(counts: Sequence[int | None]) -> int | None:
    """The total, None where one is not known."""
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None


def _table(columns: Sequence[str], rows: Sequence[Row], start: int, of: int) -> Table:
    """Most hits first; a shorter table ends at an earlier site by lifetime hits, so that `next_offset` goes on."""
    ordered = sorted(rows, key=lambda row: -1 if row.hits is None else row.hits, reverse=True)
    table = listing(columns, [row.cells(columns) for row in ordered], limit=len(rows), offset=start, of=of)
    return table.shortened_by(lambda: _table(columns, rows[:-1], start, of) if rows else None)


_AGAIN = "Ask the same again: stored answers are free, so it reads on. Or ask for fewer sites with limit and offset."
_MORE = "summarize_traffic tells more of one site, check_health of outages, certificates and links."

TOOLS = [get_overview]
