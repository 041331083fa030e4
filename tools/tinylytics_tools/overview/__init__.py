"""Tells how all sites of the account are doing, in one call, with what the rows leave out and why: `get_overview`."""

from collections.abc import Sequence
from datetime import date

from tinylytics_tools import all_sites, tables
from tinylytics_tools import arguments as arg
from tinylytics_tools.answer import LARGEST_DEFAULT_HALF, Answer, Table
from tinylytics_tools.client import CallContext, CurrentApi
from tinylytics_tools.errors import KeyNotAccepted, TinylyticsError, TooManyRequests
from tinylytics_tools.hits import api as hits_api
from tinylytics_tools.hits.api import HITS
from tinylytics_tools.journeys import JOURNEYS
from tinylytics_tools.kudos.api import KUDOS
from tinylytics_tools.overview.read import FAILED, MOST_WATCHED, Reading, Row, read
from tinylytics_tools.periods import LONGEST_WINDOW, Comparison, earlier, resolve
from tinylytics_tools.scope import Scope, first_day
from tinylytics_tools.site_lookup import SITES, SiteReply, list_all
from tinylytics_tools.tables import SMALL_NUMBERS, counted
from tinylytics_tools.tool import tool
from tinylytics_tools.traffic import compare
from tinylytics_tools.traffic.compare import A_DAY, Compared, compared, so_far, spoken
from tinylytics_tools.traffic.spikes import SHARE, in_headline, not_looked_at
from tinylytics_tools.traffic.visitors import HASHES
from tinylytics_tools.uptime import UPTIME

ALWAYS = ("id", "site", "hits")
"""The columns that stay while others make way for rows."""
_MOST_NAMES = 3
_MANY = 20
"""Of more sites than these the rows need the room: sites that days carry are counted, and not named."""


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
    period: arg.Period = None,
    start_date: arg.StartDate = None,
    end_date: arg.EndDate = None,
    time_zone: arg.TimeZone = None,
    limit: arg.Limit = None,
    offset: arg.Offset = None,
) -> Overview:
    """Tell how all sites are doing: hits, change, visitors, kudos, up or down. The first thing to ask for several."""
    start = offset or 0
    sites = sorted(all_sites.ordered(await list_all(api), start), key=lambda site: -(site.lifetime_hits or 0))
    zone = time_zone or api.preferences.time_zone
    today = await _today(api, sites, zone)
    oldest = min(first_day(site, zone) for site in sites)
    requested = resolve(period, start_date, end_date, today=today, earliest=oldest)
    comparison = earlier(requested, "previous_period", today=today)
    part = sites[start : start + (limit or len(sites))]
    reading = await read(api, [Scope(site, requested, zone, today, ()) for site in part], comparison)
    given = {"period": None if requested.defaulted else requested, "time_zone": time_zone}
    defaults = [name for name, value in given.items() if value is None]

    total = _total_change(reading.rows, comparison)
    columns = _columns(reading, total)
    costs = await api.costs()
    while True:
        answer = _answer(reading, comparison, total, columns, defaults, start, len(sites))
        half = LARGEST_DEFAULT_HALF if limit is None else None
        if len(columns) == len(ALWAYS) or not answer.halves().oversize(costs, half):
            return answer
        columns = columns[:-1]


def _answer(
    reading: Reading,
    comparison: Comparison | None,
    total: Compared,
    columns: Sequence[str],
    defaults: list[str],
    start: int,
    of: int,
) -> Overview:
    rows, scope = reading.rows, reading.rows[0].scope
    window, young = scope.window, [row for row in rows if _is_young(row, comparison)]
    hits = tables.total(row.hits for row in rows)
    today = tables.total(row.today for row in rows) if scope.today in window else None
    which = counted(of, "site") if len(rows) == of else f"{len(rows)} of {of} sites, from offset {start} on"
    text = f"{counted('unknown' if hits is None else hits, 'hit')} on {which}, {spoken(window)}{so_far(today)}"
    left_out = ["today"] if scope.today in window else []
    if young:
        left_out.append(f"{_names(young)}, which {_are(young)} younger than the days compared,")
    down = [row for row in rows if row.status == "down"]
    text += f"{total.words(left_out)}{_carried(rows, hits)}."
    return Overview(
        headline=text + (f" {_names(down)} {_are(down)} down." if down else ""),
        complete=not reading.left_out and not any(FAILED in row.gaps.values() for row in rows),
        notes=[
            *_notes(reading, total, young, columns),
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
        kudos=tables.total(row.kudos for row in rows),
        sites=all_sites.table(columns, [row.cells(columns) for row in rows], start=start, of=of),
    ).charted(
        {
            "sites": {
                str(row.scope.site.id): {
                    "pieces": row.pieces,
                    "status": row.status,
                    "ssl_days_left": row.ssl.days_left,
                    "ssl_valid": row.ssl.valid,
                }
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


def _total_change(rows: Sequence[Row], comparison: Comparison | None) -> Compared:
    """The change of all sites that existed on all of the days compared: the others would pass for growth."""
    if comparison is None or any(row.hits is None for row in rows):
        return Compared()
    changes = [row.change for row in rows if not _is_young(row, comparison)]
    known = [(one.later, one.earlier) for one in changes if one.later is not None and one.earlier is not None]
    if not known or len(known) < len(changes):
        return Compared()
    later, earlier = (sum(counts) for counts in zip(*known, strict=True))
    return compared(comparison, later=later, earlier=earlier, born=comparison.earlier.first)


def _notes(reading: Reading, total: Compared, young: Sequence[Row], columns: Sequence[str]) -> list[str]:
    """What is not known, and what the figures under `columns` mean."""
    texts = [*_spikes(reading.rows), *_gaps(reading, columns)]
    if reading.left_out:
        missing = [row for row in reading.rows if row.hits is None and "hits" not in row.gaps]
        waiting = [*([f"hits of {counted(len(missing), 'site')}"] if missing else []), *reading.left_out]
        texts.append(f"not asked yet, for want of requests: {', '.join(name for name in waiting if name != 'hits')}")
    unshown = [part for part in _columns(reading, total) if part not in columns]
    if unshown:
        texts.append(f"left out to keep all sites in sight: {', '.join(unshown)}; limit and offset show them of fewer")
    if len(reading.rows) > MOST_WATCHED:
        texts.append("status: of so many sites check_health tells it")
    if young:
        texts.append(f"younger than the days compared, so not in the total change: {_names(young)}")
    printed = reading.rows if "change_percent" in columns else []
    if total.notes or any(SMALL_NUMBERS in row.change.notes for row in printed):
        texts.append(SMALL_NUMBERS)
    scope = reading.rows[0].scope
    if scope.requested.period == "all_time":
        texts.append(
            "hits and kudos of all time are the counters of Tinylytics, today included; single days were not looked at"
        )
    if scope.window.days > LONGEST_WINDOW:
        texts.append(f"visitors: unknown for more than {LONGEST_WINDOW} days, and not to be added up")
    if "visitors" in columns:
        texts.append(f"{HASHES}, and do not add up")
    return texts


def _columns(reading: Reading, total: Compared) -> list[str]:
    """The columns of the table, the ones that are left out first at the end: a change goes before its two figures. Rows
    have no per cent where the headline has none; without today their `hits` are what is compared."""
    scope = reading.rows[0].scope
    marks_today = scope.today in scope.window and scope.window.days > 1 and scope.requested.period != "all_time"
    later, share = ["compared_hits"] * (scope.today in scope.window), ["change_percent"] * (total.percent is not None)
    names = [*ALWAYS, *["hits_today"] * marks_today]
    for name in ("change", "visitors", "kudos", "status"):
        if name in reading.columns:
            names += [*later, "earlier_hits", "change", *share] if name == "change" else [name]
    return names


def _gaps(reading: Reading, columns: Sequence[str]) -> list[str]:
    """What failed, and under the columns shown also what cannot be known."""
    gaps: dict[tuple[str, str], list[Row]] = {}
    for row in reading.rows:
        for name, reason in row.gaps.items():
            if reason == FAILED or name in columns:
                gaps.setdefault((name, reason), []).append(row)
    return [f"{name} of {_names(rows)} unknown: {reason}" for (name, reason), rows in gaps.items()]


def _spikes(rows: Sequence[Row]) -> list[str]:
    """The days that carry a site's hits, and the sites whose days were not looked at."""
    words = [text for row in rows if row.spikes and (text := row.spikes.words(row.scope.site.quoted))]
    is_ever = rows[0].scope.requested.period == "all_time"  # then no day is looked at, and another note says so
    unread = [row for row in rows if row.spikes is None and not is_ever]
    if len(rows) > _MANY:
        which = ", ".join([f"carry the hits of {len(words)}", *([f"not looked at of {len(unread)}"] if unread else [])])
        return [f"single days, by sites: {which}; summarize_traffic names them"] if words or unread else []
    more = [f"so it is with {counted(len(words) - _MOST_NAMES, 'more site')}"] if len(words) > _MOST_NAMES else []
    of = _names(unread) if 0 < len(unread) <= _MOST_NAMES else counted(len(unread), "site")
    return [*words[:_MOST_NAMES], *more, *not_looked_at([of] if unread else [])]


def _carried(rows: Sequence[Row], hits: int | None) -> str:
    """The days of one site that carry the hits of all, as the end of a headline; empty where there are none."""
    found = [(sum(number for _, number in one.days), one, row) for row in rows if (one := row.spikes) and one.days]
    most, spikes, row = max(found, key=lambda one: one[0], default=(0, None, None))
    if row is None or spikes is None or most < SHARE * (hits or 0):
        return ""
    return f"{in_headline(spikes, None)}, of {row.scope.site.quoted}"


def _names(rows: Sequence[Row]) -> str:
    named = [row.scope.site.quoted for row in rows[:_MOST_NAMES]]
    more = len(rows) - _MOST_NAMES
    *others, last = [*named, counted(more, "more site")] if more > 0 else named
    return f"{', '.join(others)} and {last}" if others else last


def _is_young(row: Row, comparison: Comparison | None) -> bool:
    """Return whether a site did not exist on all of the days compared."""
    return comparison is not None and first_day(row.scope.site, row.scope.zone) > comparison.earlier.first


def _are(rows: Sequence[Row]) -> str:
    return "is" if len(rows) == 1 else "are"


_AGAIN = "Ask the same again: stored answers are free, so it reads on. Or ask for fewer sites with limit and offset."
_MORE = "summarize_traffic tells more of one site, check_health of outages, certificates and links."

TOOLS = [get_overview]
