"""Explains why traffic changed: what was usual, what was seen, and what the difference falls to: `explain_change`."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Literal

from tinylytics_tools import arguments as arg
from tinylytics_tools.answer import Table
from tinylytics_tools.client import CurrentApi
from tinylytics_tools.dimensions import PLURAL, Dimension
from tinylytics_tools.errors import InvalidArgument
from tinylytics_tools.filters import Filters, resolve_filters
from tinylytics_tools.hits.api import HITS
from tinylytics_tools.periods import Window, earlier
from tinylytics_tools.scope import Scope, WindowAnswer, first_day, resolve_scope
from tinylytics_tools.site_lookup import SITES, site_host
from tinylytics_tools.tables import SMALL_NUMBERS, counted, is_small, listing, percent, plain
from tinylytics_tools.tool import tool
from tinylytics_tools.traffic.compare import moved, spoken
from tinylytics_tools.traffic.contributions import READ, Contribution, Parts, read_parts, table
from tinylytics_tools.traffic.find_change import Finding, Kind, find_day, find_in_period, find_lasting, find_whole
from tinylytics_tools.traffic.reader import TrafficReader
from tinylytics_tools.traffic.unusual import MOST_WEEKS

DEFAULT_ROWS = 3
MOST_NAMED = 5


class ChangeExplained(WindowAnswer):
    """What a change of traffic falls to. `hits` are of the days in `explained`, `usual_hits` the mean of the days in
    `compared_with`, or the sum where these are one stretch of days; `difference` is `hits` minus `usual_hits`, here and
    in each table, whose rows add up to it."""

    from_visitors = ("headline", "page", "referrer", "link", "country", "browser", "platform", "name", "filters")
    side_tables = ("platforms", "browsers", "moved_shares", "links", "countries")
    may_not_apply = (
        *("before_a_day", "peak", "after_a_day", "lasted"),
        *("unusual_days", "moved_shares", "together", "links"),
    )

    kind: Kind
    explained: str
    compared_with: str | None
    hits: int
    usual_hits: float | None
    difference: float | None
    difference_percent: float | None
    before_a_day: float | None = None
    peak: int | None = None
    after_a_day: float | None = None
    lasted: str | None = None
    unusual_days: Table | None = None
    moved_shares: Table | None = None
    together: Table | None = None
    pages: Table | None
    referrers: Table | None
    links: Table | None = None
    countries: Table | None
    browsers: Table | None
    platforms: Table | None


@tool(SITES, HITS, title="Why traffic changed")
async def explain_change(
    api: CurrentApi,
    site: arg.Site = None,
    day: arg.Day = None,
    period: arg.Period = None,
    start_date: arg.StartDate = None,
    end_date: arg.EndDate = None,
    time_zone: arg.TimeZone = None,
    compare: Literal["previous_period", "previous_year"] | None = None,
    country: arg.Country = None,
    path: arg.Path = None,
    limit: arg.Limit = None,
) -> ChangeExplained:
    """Explain why traffic rose or fell: pages, referrers and countries that the difference falls to, and if it lasted.
    A day is set against the same weekdays before. Without one, unusual days, shifts and changes of the mix of a period
    are found; with compare, the whole period is explained.
    """
    if day is not None:
        if period or start_date or end_date:
            raise InvalidArgument("Give either day, or a period or dates.")
        start_date = end_date = day
    scope = await resolve_scope(api, site, period, start_date, end_date, time_zone)
    finished = scope.finished
    if finished is None:
        raise InvalidArgument(
            f"{scope.today} is not over yet, and only whole days are compared. Give an earlier day; summarize_traffic "
            "tells the hits of today so far."
        )
    born = first_day(scope.site, scope.zone)
    # the day on which a site began is no whole one, and which it is in the account's zone is not known exactly
    whole = born + timedelta(days=1 if scope.zone == "utc" else 3)
    comparison = earlier(scope.requested, compare or "previous_period", today=scope.today)
    before = comparison.earlier.first if comparison else finished.first
    after = min(scope.today - timedelta(days=1), finished.last + timedelta(weeks=1))
    span = Window(min(before, finished.first - timedelta(weeks=MOST_WEEKS)), after)
    filters = await resolve_filters(api, scope, span, country=country, path=path, referrer=None)
    reader = TrafficReader(api, scope, filters)
    if finished.days == 1 and compare is None:
        found = await find_day(reader, finished.first, whole)
    elif compare is None:
        found = await find_in_period(reader, scope, comparison, finished, born, whole)
    else:
        found = await find_whole(reader, scope, comparison, born)
    lasting: dict[str, Any] = {}
    if found.kind == "unusual day":
        lasting = await find_lasting(reader, found.seen.first, whole, scope.today - timedelta(days=1))
    own, usual = site_host(scope.site.url), found.usual_days
    parts = await read_parts(api, reader, found.seen, usual, own) if usual else None
    return _answer(scope, found, parts, lasting, filters, limit or DEFAULT_ROWS)


def _answer(
    scope: Scope, found: Finding, parts: Parts | None, lasting: dict[str, Any], filters: Filters, limit: int
) -> ChangeExplained:
    mix = parts.moved_shares if parts and found.kind == "nothing unusual" else []
    kind: Kind = "shift of the mix" if mix else found.kind
    which = " that match the filters" if filters else ""
    share = None if found.is_young else percent(found.difference, found.usual)
    unread = [PLURAL[name] for name in READ if parts and parts.of(name) is None]
    return ChangeExplained(
        **scope.fields(),
        headline=_headline(f"{which} on {scope.site.quoted}", found, kind, share, parts, lasting),
        complete=parts is not None and not unread,
        notes=[
            *found.notes,
            *([f"not read, they take more requests than one call may use: {', '.join(unread)}"] if unread else []),
            *([*parts.notes, *parts.internal] if parts else []),
            *([SMALL_NUMBERS] if share is not None and is_small(found.hits, round(found.usual or 0)) else []),
            *filters.notes,
            *([f"today, {scope.today}, is not over and not looked at"] if scope.running else []),
        ],
        next_step=_next_step(found),
        filters=filters.text,
        kind=kind,
        explained=_days([found.seen]),
        compared_with=_days(found.usual_days) if found.usual_days else None,
        hits=found.hits,
        usual_hits=None if found.usual is None else plain(found.usual),
        difference=None if found.difference is None else plain(found.difference),
        difference_percent=share,
        **lasting,
        **_tables(found, parts, mix, limit),
    )


def _headline(
    which: str, found: Finding, kind: Kind, share: float | None, parts: Parts | None, lasting: dict[str, Any]
) -> str:
    when = f"{found.seen.first:%A} {found.seen.first}" if found.seen.days == 1 else spoken(found.seen)
    text = f"{counted(found.hits, 'hit')}{which}, {when}: {found.carried or _WORDS[kind]}"
    if found.difference is None or parts is None:
        return f"{text}."
    text += f"; {moved(found.difference, share, found.usual)} {found.against}"
    referrer = next(iter(parts.of("referrer") or []), None)
    first = [
        f"{word} {one.name} {plain(one.difference):+}"
        for word, one in (("page", parts.first_page), ("referrer", referrer))
        if one and one.difference * found.difference > 0
    ]
    if first and kind in ("unusual day", "lasting shift", "whole period"):
        text += f"; of it {', '.join(first)}"
    return f"{text}; {lasting['lasted'].partition(':')[0]}." if lasting else f"{text}."


def _tables(
    found: Finding, parts: Parts | None, mix: Sequence[tuple[str, Contribution, float, float]], limit: int
) -> dict[str, Any]:
    """The tables of the answer; None for what was not read, and none of what does not apply."""
    made: dict[str, Any] = dict.fromkeys(name for name, _, _ in _TABLES if name != "links")
    if found.days:
        days = [
            [str(one.day), f"{one.day:%A}", one.hits, plain(one.usual), plain(one.difference)] for one in found.days
        ]
        columns = ["day", "weekday", *_FIGURES]
        made["unusual_days"] = listing(columns, days, limit=max(limit, MOST_NAMED)).without_offset()
    if mix:
        rows = [[name, one.name, share, before] for name, one, share, before in mix]
        columns = ["dimension", "name", "percent", "usual_percent"]
        made["moved_shares"] = listing(columns, rows, limit=limit).without_offset()
    if parts is None:
        return made
    of = Contribution("", found.hits, found.usual or 0)
    for name, column, dimension in _TABLES:
        contributions = parts.of(dimension)
        if contributions is not None and (name != "links" or any(one.difference for one in contributions)):
            made[name] = table(contributions, column, of=of, limit=limit)
    page, source = parts.first_page, parts.source_of_first_page
    if page and source and source.difference:
        row = [page.name, source.name, source.hits, plain(source.usual), plain(source.difference)]
        made["together"] = listing(["page", "referrer", *_FIGURES], [row], limit=1)
    return made


def _days(windows: Sequence[Window]) -> str:
    return ", ".join(map(str, windows))


def _next_step(found: Finding) -> str | None:
    if found.kind == "unusual day":
        without = f"exclude=day:{found.seen.first} what is left without it"
        return f"rank_traffic: dimension=hour of this day tells when it began, {without}."
    return "explain_change with day explains another of the unusual days." if len(found.days) > 1 else None


_WORDS: dict[Kind, str] = {
    "unusual day": "unusual",
    "usual day": "not unusual",
    "lasting shift": "a lasting shift, not a single day",
    "whole period": "no single day makes the change",
    "shift of the mix": "the total did not move, but what it is made of did",
    "nothing unusual": "nothing stands out",
    "too little to say": "too little to say whether that is unusual",
}
_FIGURES = ("hits", "usual_hits", "difference")
_TABLES: tuple[tuple[str, str, Dimension], ...] = (
    ("pages", "page", "path"),
    ("referrers", "referrer", "referrer"),
    ("links", "link", "link"),
    ("countries", "country", "country"),
    ("browsers", "browser", "browser"),
    ("platforms", "platform", "platform"),
)

TOOLS = [explain_change]
