"""Ranks the traffic of a site by one dimension: `rank_traffic`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from tinylytics_tools import arguments as arg
from tinylytics_tools import sanitize
from tinylytics_tools.answer import Cell, Table
from tinylytics_tools.client import CurrentApi
from tinylytics_tools.count_rows import DimensionCounts
from tinylytics_tools.dimensions import OF_REFERRERS, PLURAL, WEEKDAYS, Dimension, Named, merged
from tinylytics_tools.errors import InvalidArgument
from tinylytics_tools.filters import Filters, resolve_filters
from tinylytics_tools.hits.api import HITS
from tinylytics_tools.periods import Comparison, Window, earlier
from tinylytics_tools.scope import Scope, WindowAnswer, first_day, resolve_scope
from tinylytics_tools.site_lookup import SITES, site_host
from tinylytics_tools.tables import SMALL, counted, is_small, listing, percent, ranking
from tinylytics_tools.tool import tool
from tinylytics_tools.traffic.compare import (
    A_DAY,
    Compared,
    compared,
    movers,
    not_compared,
    so_far,
    span,
    spoken,
    too_young,
)
from tinylytics_tools.traffic.counts import DimensionTraffic, top_of_unfinished
from tinylytics_tools.traffic.excluded import (
    Exclude,
    Excluded,
    containing,
    matching,
    only,
    parse_excluded,
    read_without,
)
from tinylytics_tools.traffic.spikes import find_both, in_headline, notes_on_days, notes_on_rows

Sort = Literal["most", "least", "change"]
DEFAULT_ROWS = 10
DEFAULT_MOVERS = 5
SINGULAR: dict[Dimension, str] = {"device": "kind of device", "hour": "hour of the day", "link": "address"}
"""Where the name of the dimension is not the word for one of its names."""
SMALL_ROWS = f"per cents of names with fewer than {SMALL} hits: small numbers"
APART: tuple[Dimension, ...] = ("referrer", "link")
"""Where the site's own pages are told apart: they are no source, and the channel `internal` says so by its name."""
OF_CHANNELS = (
    "channels go by the referring host: other sites may hold hosts that are not known here, and direct is all that "
    "names no referrer; campaigns are dimension source"
)
ALL_ROWS: dict[Dimension, int] = {"hour": 24, "weekday": 7}
"""Dimensions that are short enough to be shown whole."""
_NO_CHANGE = "There is no change to sort by: nothing is compared, or all days before. Give another compare or sort."
_MATCHING = ("compared_hits", "earlier_hits", "change", "change_percent", *A_DAY)
"""Fields that there are of the names searched for as well."""


class TrafficRanking(WindowAnswer):
    """Hits by one dimension. `hits` counts all that is ranked, `names` how many different ones there are; `matching_`
    is of the names that were searched for alone.

    `change` is `compared_hits` minus `earlier_hits`, both of finished days only: `compared` names them. In a table
    `hits` stands for `compared_hits` where today is not among the days. `internal_hits` come from the site's own pages,
    which are no source: rows, `other` and these are all hits. An `estimate` has whole per cents and no hits.
    """

    from_visitors = ("name", "filters", "excluded")
    side_tables = ("rose", "fell", "new", "gone")
    may_not_apply = (
        *("hits_today", "estimate", *side_tables, "excluded", "excluded_names", "excluded_hits", "internal_hits"),
        *("matching_names", "matching_hits", "matching_percent", *(f"matching_{name}" for name in _MATCHING), *A_DAY),
    )

    dimension: Dimension
    hits: int
    names: int | None
    hits_today: int | None = None
    internal_hits: int | None = None
    excluded: str | None = None
    excluded_names: int | None = None
    excluded_hits: int | None = None
    matching_names: int | None = None
    matching_hits: int | None = None
    matching_percent: float | None = None
    matching_compared_hits: int | None = None
    matching_earlier_hits: int | None = None
    matching_change: int | None = None
    matching_change_percent: float | None = None
    matching_compared_a_day: float | None = None
    matching_earlier_a_day: float | None = None
    matching_change_a_day: float | None = None
    estimate: str | None = None
    compared_hits: int | None
    earlier_hits: int | None
    change: int | None
    change_percent: float | None
    compared_a_day: float | None = None
    earlier_a_day: float | None = None
    change_a_day: float | None = None
    compared: str | None
    ranking: Table | None
    rose: Table | None = None
    fell: Table | None = None
    new: Table | None = None
    gone: Table | None = None


@tool(SITES, HITS, title="Traffic ranking")
async def rank_traffic(
    api: CurrentApi,
    dimension: Dimension,
    site: arg.Site = None,
    period: arg.Period = None,
    start_date: arg.StartDate = None,
    end_date: arg.EndDate = None,
    time_zone: arg.TimeZone = None,
    compare: arg.Compare = None,
    country: arg.Country = None,
    path: arg.Path = None,
    referrer: arg.Referrer = None,
    search: arg.Search = None,
    exclude: Exclude = None,
    sort: Sort | None = None,
    limit: arg.Limit = None,
    offset: arg.Offset = None,
) -> TrafficRanking:
    """Rank pages, referrers, channels, countries, browsers, devices, hours or campaigns by hits. With what rose, fell,
    is new or gone since the earlier period. source is the campaign, as in ?ref=; link the whole address of a referrer;
    channel search, social, AI assistants, feeds and so on.
    """
    scope = await resolve_scope(api, site, period, start_date, end_date, time_zone)
    born = first_day(scope.site, scope.zone)
    comparison = earlier(scope.requested, compare or "previous_period", today=scope.today, born=born)
    filters = await resolve_filters(api, scope, span(scope, comparison), country=country, path=path, referrer=referrer)
    out = parse_excluded(exclude)
    why_not = too_young(comparison, born) or out.why_not_compared(comparison)
    comparison = None if why_not else comparison
    traffic, reader, excluded = await read_without(api, scope, filters, comparison, dimension, out)
    traffic.notes += traffic.automated
    days = await reader.since_born(scope.finished) if dimension in ALL_ROWS else None
    if not (excluded.pages or excluded.hosts):
        now, before = await find_both(reader, scope.finished)
        traffic.notes += notes_on_days(now, before, reaches_today=traffic.today is not None)
        traffic.carried = "" if excluded.names or search else in_headline(now, before if traffic.before else None)
        traffic.notes += notes_on_rows(reader, traffic, dimension, days)
    traffic.notes += [why_not] if why_not else not_compared(scope.requested, comparison, compare, scope.today)
    asked = (search, sort, limit, offset or 0)
    is_ever = compare == "all_before"
    ranked = Ranking(scope, filters, dimension, comparison, traffic, days, excluded, *asked, is_ever=is_ever)
    return ranked.complete() if traffic.is_exact else ranked.incomplete()


@dataclass(frozen=True)
class Ranking:
    """Makes the answer out of one dimension that was read; `days` are those of hours and weekdays."""

    scope: Scope
    filters: Filters
    dimension: Dimension
    comparison: Comparison | None
    traffic: DimensionTraffic
    days: Window | None
    excluded: Excluded
    search: Sequence[str] | None
    sort: Sort | None
    limit: int | None
    offset: int
    is_ever: bool

    def complete(self) -> TrafficRanking:
        """Return the answer where all was read; raise `InvalidArgument` where there is no change to sort by."""
        traffic, dimension, offset = self.traffic, self.dimension, self.offset
        if self.sort == "change" and (traffic.before is None or self.is_ever):
            raise InvalidArgument(_NO_CHANGE)
        now = merged(dimension, self._counts.hits, self._counts.unique, own=self._own)
        finished = merged(dimension, traffic.finished.hits, own=self._own)
        before = merged(dimension, traffic.before.hits, own=self._own) if traffic.before else {}
        total, today = max(traffic.total, self._counts.total), self._today
        more = self.excluded.fields()
        if self.excluded.names:
            keys = set[str]().union(*matching(self.excluded.names, now, finished, before).values())
            hits = _total(only(now, keys))
            if today is not None:
                today -= hits - _total(only(finished, keys))
            more = self.excluded.fields(names=len(keys), hits=hits)
            total -= hits
            now, finished, before = (only(one, one.keys() - keys) for one in (now, finished, before))
        everything = now
        change = printed = self._change(finished, before)
        internal, earlier_internal = (_total(self._internal(one)) for one in (now, before))
        now, finished, before = (only(one, one.keys() - self._internal(one)) for one in (now, finished, before))
        of_all = len(now)
        if self._own and dimension in APART:
            more["internal_hits"] = internal
        left_out = [] if today is None else ["today"]
        small, unfound = list[str](), list[str]()
        if self.search:
            found = containing(self.search, now, finished, before)
            unfound = [f"no name contains {text}" for text, keys in found.items() if not keys]
            keys = set[str]().union(*found.values())
            now, finished, before = (only(one, keys) for one in (now, finished, before))
            hits = _total(now)
            more |= {"matching_names": len(now), "matching_hits": hits, "matching_percent": percent(hits, total)}
            printed = self._change(finished, before)
            more |= {f"matching_{name}": value for name, value in printed.fields().items() if name in _MATCHING}
        elif total - (today or 0) != change.later:
            left_out.append("hits that are not in the list,")
        if traffic.before is not None and offset == 0:
            later = "hits" if today is None else "compared_hits"
            has_percent = printed.percent is not None  # a reader would miss it in the headline
            most = self.limit or DEFAULT_MOVERS
            more |= movers(finished, before, most, later=later, has_percent=has_percent, is_ever=self.is_ever)
            moved = [row for name in ("rose", "fell") if has_percent and name in more for row in more[name].rows]
            small = [SMALL_ROWS] if any(is_small(row[1], row[2]) for row in moved) else []
        columns, rows = self._rows(now, finished, before)
        notes = [*self._sort(rows), *self._notes(everything, today)]
        if internal or earlier_internal:
            before_that = f", {earlier_internal} on the earlier days" if traffic.before else ""
            notes.append(
                f"{self._own} is the site itself and no source: {counted(internal, 'hit')} told apart{before_that}"
            )
        notes += unfound
        notes += [f"there is nothing at offset {offset}: {len(rows)} in all"] if offset >= max(1, len(rows)) else []
        cells = [list(row.values()) for row in rows]
        most = self.limit or ALL_ROWS.get(dimension, DEFAULT_ROWS)
        return self._answer(
            headline=self._headline(total, self._names(of_all), today, more)
            + f"{printed.words(left_out)}{traffic.carried}.",
            notes=[*notes, *small, *dict.fromkeys([*change.notes, *printed.notes])],
            complete=self.comparison is None or traffic.before is not None,
            change=change,
            hits=total,
            hits_today=today,
            names=of_all,
            ranking=ranking(columns, cells, total=total, limit=most, offset=offset, apart=internal),
            **more,
        )

    def incomplete(self) -> TrafficRanking:
        """Return the answer where not all was read, without a comparison and a number of names; raise `InvalidArgument`
        where names, or an order, are asked for that only a list read to its end has."""
        traffic, dimension, table = self.traffic, self.dimension, None
        names = f"{self._counts.of} {PLURAL['link' if dimension in OF_REFERRERS else dimension]}"  # not merged yet
        most, offset, estimate = self.limit or ALL_ROWS.get(dimension, DEFAULT_ROWS), self.offset, traffic.estimate
        if traffic.unread is None and (self.search or self.excluded.names or self.sort in ("least", "change")):
            raise InvalidArgument(
                f"The {'hits' if estimate else names} are too many to be searched, sorted or left out by name in one "
                "call. Give a shorter period, or filter by country, path or referrer."
            )
        headline = f"{self._hits(traffic.total)}, {spoken(self.scope.window)}"
        if estimate is not None:
            headline += "; shares are an estimate"
            note = "no comparison and no counts: this is an estimate; a shorter period can be read in full"
            table = listing(["name", "percent_estimated"], estimate.shares, limit=most, offset=offset)
        elif traffic.unread is not None:
            headline += f"; not known by {dimension}"
            note = f"{traffic.unread}; ask again, or for a shorter period"
        else:
            headline = self._headline(traffic.total, names, self._today, {})
            columns = ("name", "hits", "percent")
            top, note = top_of_unfinished(dimension, self._counts, columns, total=traffic.total, limit=offset + most)
            table = None if offset else top
        return self._answer(
            headline=f"{headline}{traffic.carried}.",
            notes=[*traffic.notes, *self.filters.notes, note],
            complete=False,
            change=Compared(),
            hits=traffic.total,
            hits_today=self._today,
            names=None,
            ranking=table,
            estimate=estimate and estimate.basis,
            **self.excluded.fields(),
        )

    def _answer(self, *, change: Compared, **fields: Any) -> TrafficRanking:
        filters, dimension = self.filters.text, self.dimension
        return TrafficRanking(**self.scope.fields(), filters=filters, dimension=dimension, **change.fields(), **fields)

    @cached_property
    def _own(self) -> str:
        return site_host(self.scope.site.url)

    @cached_property
    def _counts(self) -> DimensionCounts:
        return self.traffic.finished.plus(self.traffic.running)

    @property
    def _today(self) -> int | None:
        """Hits of the running day: as counted, or as listed where hits arrived in between."""
        today = self.traffic.today
        return None if today is None else max(today, self.traffic.running.total)

    def _internal(self, named: Mapping[str, Named]) -> dict[str, Named]:
        """The site's own pages where they would stand among sources."""
        is_apart = self._own and self.dimension in APART
        return {key: one for key, one in named.items() if is_apart and sanitize.host(key) == self._own}

    def _change(self, finished: dict[str, Named], before: dict[str, Named]) -> Compared:
        """The change of all these names together; nothing is compared where the earlier days were not read."""
        comparison = None if self.traffic.before is None else self.comparison
        later, earlier, born = _total(finished), _total(before), first_day(self.scope.site, self.scope.zone)
        return compared(comparison, later=later, earlier=earlier, born=born, without=self.excluded.days)

    def _rows(
        self, now: Mapping[str, Named], finished: Mapping[str, Named], before: Mapping[str, Named]
    ) -> tuple[list[str], list[dict[str, Cell]]]:
        """Return the columns of the ranking, and its rows without their shares, most hits first."""
        absent = {
            *([] if any(named.unique_hits is not None for named in now.values()) else ["unique_hits"]),
            *([] if self.dimension in ALL_ROWS else ["a_day"]),
            *(["compared_hits"] if self.traffic.today is None else []),
            *(["change"] if self.is_ever else []),
            *(["compared_hits", "earlier_hits", "change"] if self.traffic.before is None else []),
        }
        later, earlier = ({key: one[key].hits if key in one else 0 for key in now} for one in (finished, before))
        cells: dict[str, Callable[[str], Cell]] = {
            "name": lambda key: now[key].name,
            "hits": lambda key: now[key].hits,
            "compared_hits": lambda key: later[key],
            "earlier_hits": lambda key: earlier[key],
            "change": lambda key: later[key] - earlier[key],
            "unique_hits": lambda key: now[key].unique_hits,
            "a_day": lambda key: self._a_day(now[key].name, later[key]),
        }
        cells = {name: cell for name, cell in cells.items() if name not in absent}
        columns = ["name", "hits", "percent", *list(cells)[2:]]
        return columns, [{name: cell(key) for name, cell in cells.items()} for key in now]

    def _sort(self, rows: list[dict[str, Any]]) -> list[str]:
        """Sort rows in place; return notes on the order: how many share the first place, and what is in no list."""
        sort = self.sort
        if sort is None and self.dimension in ALL_ROWS:  # in their own order: hours are sorted by their digits
            rows.sort(key=lambda row: WEEKDAYS.index(row["name"]) if row["name"] in WEEKDAYS else row["name"])
            return []
        by, plural = "change" if sort == "change" else "hits", PLURAL[self.dimension]
        if sort in ("change", "least"):
            rows.sort(key=lambda row: -abs(row[by]) if sort == "change" else row[by])
        value = rows[0][by] if rows else 0
        first = sum(row[by] == value for row in rows)
        what = f"a change of {value:+d}" if sort == "change" else counted(value, "hit")
        notes = [f"{first} {plural} have {what} each"] if first > 1 else []
        unlisted = f"{plural} without a hit in these days are in no list, and which these are cannot be known"
        return [*notes, unlisted] if sort == "least" else notes

    def _a_day(self, name: str, hits: int) -> float | None:
        """Finished hits of an hour, or a weekday, on each of the days that have it; None where none has."""
        kept = (day for day in (self.days.dates() if self.days else ()) if day not in self.excluded.days)
        number = sum(name not in WEEKDAYS or WEEKDAYS[day.weekday()] == name for day in kept)
        return round(hits / number, 1) if number else None

    def _hits(self, total: int) -> str:
        which = " that match the filters" if self.filters else ""
        return f"{counted(total, 'hit')}{which}{self.excluded.words} on {self.scope.site.quoted}"

    def _names(self, of: int) -> str:
        return f"{of} {PLURAL[self.dimension] if of != 1 else SINGULAR.get(self.dimension, self.dimension)}"

    def _headline(self, total: int, names: str, today: int | None, matching: Mapping[str, Any]) -> str:
        hits = self._hits(total)
        window = spoken(self.scope.window)
        if "matching_hits" not in matching:
            return f"{hits} over {names}, {window}{so_far(today)}"
        share = f"{matching['matching_percent'] or 0:g} %"
        return f"{matching['matching_hits']} of {hits}, {share}, by {matching['matching_names']} of {names}, {window}"

    def _notes(self, everything: dict[str, Named], today: int | None) -> list[str]:
        traffic, dimension, days = self.traffic, self.dimension, self.scope.window.days
        notes = [*traffic.notes, *self.filters.notes]
        if off := traffic.total - self._counts.total:
            notes.append(f"the list adds up to {self._counts.total}, the total is {traffic.total}: {abs(off)} apart")
        merged_names = sum(len(named.raw) > 1 for named in everything.values())
        if merged_names and dimension == "path":
            notes.append(f"{counted(merged_names, 'path')} merged from spellings with and without a closing slash")
        if dimension in ("referrer", "channel"):
            addresses = counted(sum(len(named.raw) for named in everything.values()), "different referrer")
            notes.append(f"{addresses} merged to {'hosts' if dimension == 'referrer' else 'channels'}")
        notes += [OF_CHANNELS] * (dimension == "channel")
        if dimension == "source" and (none := everything.get(sanitize.NO_SOURCE)):
            notes.append(f"{counted(none.hits, 'hit')} without a source")
        if dimension == "weekday" and days > 1 and days % 7:
            notes.append(f"{days} days hold some weekdays once more than others")
        if today is not None and traffic.before is not None:
            notes.append(f"hits count today, {today} so far; compared_hits, earlier_hits and change do not")
        return notes


def _total(named: Mapping[str, Named]) -> int:
    return sum(one.hits for one in named.values())


TOOLS = [rank_traffic]
