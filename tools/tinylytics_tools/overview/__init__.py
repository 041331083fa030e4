"""Tells how all sites of the account are doing, in one call: `get_overview`."""

from datetime import date

from tinylytics_tools import hit_log
from tinylytics_tools.answer import Answer, Table
from tinylytics_tools.api import CurrentApi
from tinylytics_tools.arguments import EndDate, Period, StartDate, TimeZone
from tinylytics_tools.condense import SMALL_NUMBERS, change, is_small
from tinylytics_tools.declare import tool
from tinylytics_tools.errors import NotFound
from tinylytics_tools.hit_log import HITS
from tinylytics_tools.journeys import JOURNEYS
from tinylytics_tools.kudos.log import KUDOS
from tinylytics_tools.overview.read import Reading, Row, read
from tinylytics_tools.periods import Comparison, earlier, resolve
from tinylytics_tools.scope import Scope, first_day
from tinylytics_tools.traffic.compare import Compared, spoken
from tinylytics_tools.uptime import UPTIME
from tinylytics_tools.which_site import SITES, list_all


class Overview(Answer):
    """One row a site. `hits` and `kudos` are of all days; `change` compares finished days, of the sites that are old
    enough. Visitors of several sites do not add up. `status` is up, down, not monitored or unknown."""

    may_not_apply = ("hits_today",)

    first_day: date
    last_day: date
    days: int
    time_zone: str
    defaults: list[str]
    hits: int | None
    hits_today: int | None = None
    earlier_hits: int | None
    change: int | None
    change_percent: float | None
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
) -> Overview:
    """Tell how all sites are doing: hits, change, visitors, kudos, up or down. The first thing to ask for several."""
    sites = sorted(await list_all(api), key=lambda site: (-(site.lifetime_hits or 0), site.id))
    if not sites:
        raise NotFound("This Tinylytics account has no site yet. Add one on tinylytics.app first.")
    zone = time_zone or api.preferences.time_zone
    today = await hit_log.today(api, sites[0].id, zone)
    oldest = min(first_day(site, zone) for site in sites)
    asked = resolve(period, start_date, end_date, today=today, earliest=oldest)
    comparison = earlier(asked, "previous_period", today=today)
    reading = await read(api, [Scope(site, asked, zone, today, ()) for site in sites], comparison)
    rows = sorted(reading.rows, key=lambda row: -1 if row.hits is None else row.hits, reverse=True)
    is_all = all(row.hits is not None for row in rows)
    hits = sum(row.hits or 0 for row in rows) if is_all else None
    total = _total(rows, comparison)
    said = {"period": None if asked.defaulted else asked, "time_zone": time_zone}
    window = asked.window
    return Overview(
        headline=f"{'unknown' if hits is None else hits} hits on {len(sites)} sites, {spoken(window)}{total.words()}.",
        complete=is_all and not reading.left_out,
        notes=[*_notes(reading, comparison), *total.notes],
        next_step="summarize_traffic tells more of one site, check_health of outages, certificates and links.",
        first_day=window.first,
        last_day=window.last,
        days=window.days,
        time_zone=zone,
        defaults=[name for name, value in said.items() if value is None],
        hits=hits,
        hits_today=sum(row.today or 0 for row in rows) if is_all and today in window else None,
        earlier_hits=total.earlier,
        change=total.change,
        change_percent=total.percent,
        compared=total.days,
        kudos=sum(row.kudos or 0 for row in rows) if "kudos" in reading.columns else None,
        sites=_table(reading.columns, rows, len(rows)),
    )


def _is_young(row: Row, comparison: Comparison) -> bool:
    return first_day(row.scope.site, row.scope.zone) > comparison.earlier.first


def _total(rows: list[Row], comparison: Comparison | None) -> Compared:
    """The change of all sites that existed on all of the days compared: the others would pass for growth."""
    old = [row for row in rows if comparison and row.change.earlier is not None and not _is_young(row, comparison)]
    if not old:
        return Compared()
    before = sum(row.change.earlier or 0 for row in old)
    more, relative = change(before + sum(row.change.change or 0 for row in old), before)
    notes = (SMALL_NUMBERS,) if any(is_small(row.change.earlier) for row in old) else ()
    return Compared(old[0].change.days, before, more, relative, notes)


def _notes(reading: Reading, comparison: Comparison | None) -> list[str]:
    notes: list[str] = []
    if reading.left_out:
        notes.append(f"not asked, to save requests: {', '.join(reading.left_out)}; ask for one site")
    missing = sum(row.hits is None for row in reading.rows)
    if missing:
        notes.append(f"hits of {missing} sites are unknown: more sites than one call may ask for; ask for each")
    young = [row.scope.site.name for row in reading.rows if comparison and _is_young(row, comparison)]
    if young:
        named = ", ".join(young[:3]) + (f" and {len(young) - 3} more" if len(young) > 3 else "")
        notes.append(f"younger than the days compared, so not in the total change: {named}")
    if "visitors" in reading.columns:
        notes.append("visitors are salted hashes that change daily, not people, and do not add up")
    return notes


def _table(columns: list[str], rows: list[Row], shown: int) -> Table:
    table = Table(columns=columns, rows=[row.cells(columns) for row in rows[:shown]], of=len(rows))
    return table.shortened_by(lambda: _table(columns, rows, shown - 1) if shown else None)


TOOLS = [get_overview]
