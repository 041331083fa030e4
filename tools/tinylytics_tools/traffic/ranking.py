"""Makes the answer of `rank_traffic`: the ranking, and what rose, fell, is new and is gone."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from tinylytics_tools import sanitize
from tinylytics_tools.answer import Cell, Table
from tinylytics_tools.count_rows import DimensionCounts
from tinylytics_tools.dimensions import OF_REFERRERS, PLURAL, WEEKDAYS, Dimension, Named, merged, shown
from tinylytics_tools.errors import InvalidArgument
from tinylytics_tools.filters import Filters
from tinylytics_tools.periods import Comparison
from tinylytics_tools.scope import Scope, WindowAnswer, first_day
from tinylytics_tools.site_lookup import site_host
from tinylytics_tools.tables import SMALL, counted, is_small, listing, percent, ranking
from tinylytics_tools.traffic.compare import A_DAY, Compared, compared, movers, so_far, spoken
from tinylytics_tools.traffic.counts import DimensionTraffic
from tinylytics_tools.traffic.estimate import Estimate
from tinylytics_tools.traffic.excluded import Excluded
from tinylytics_tools.traffic.names import containing, matching, only

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
        *("hits_today", "estimate", "rose", "fell", "new", "gone", "excluded", "excluded_names", "excluded_hits"),
        *("internal_hits", "matching_names", "matching_hits", "matching_percent", "matching_compared_hits"),
        *("matching_earlier_hits", "matching_change", "matching_change_percent"),
        *(*A_DAY, *(f"matching_{name}" for name in A_DAY)),
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


class Ranking:
    """Makes the answer out of one dimension that was read."""

    def __init__(
        self,
        scope: Scope,
        filters: Filters,
        dimension: Dimension,
        comparison: Comparison | None,
        traffic: DimensionTraffic,
        excluded: Excluded,
        *,
        is_ever: bool,
    ) -> None:
        self._scope = scope
        self._filters = filters
        self._dimension: Dimension = dimension
        self._comparison = comparison
        self._traffic = traffic
        self._excluded = excluded
        self._is_ever = is_ever
        self._own = site_host(scope.site.url)
        self._counts = traffic.finished.plus(traffic.running)

    def answer(
        self,
        *,
        search: Sequence[str] | None,
        sort: Sort | None,
        limit: int | None,
        offset: int,
    ) -> TrafficRanking:
        """Return the answer.

        Raises:
            InvalidArgument: names, or an order, are asked for that only a list read to its end has; nothing is compared
                whose changes could be sorted.
        """
        rows = limit or ALL_ROWS.get(self._dimension, DEFAULT_ROWS)
        if self._traffic.estimate is not None:
            return self._estimated(self._traffic.estimate, rows, offset)
        if self._traffic.unread is not None:
            headline = f"{self._in_window}; not known by {self._dimension}."
            note = f"{self._traffic.unread}; ask again, or for a shorter period"
            return self._incomplete(headline, note, None)
        if not self._counts.is_complete:
            if search or self._excluded.names or sort in ("least", "change"):
                raise InvalidArgument(
                    f"The list of {self._counts.of} {PLURAL[self._dimension]} is too long to be searched or sorted in "
                    "one call. Give a shorter period, or filter by country, path or referrer."
                )
            return self._unfinished(rows, offset)
        if sort == "change" and (self._traffic.before is None or self._is_ever):
            raise InvalidArgument(
                "There is no change to sort by: nothing is compared, or all days before. Give another compare or sort."
            )
        return self._ranked(search, sort, rows, offset, limit or DEFAULT_MOVERS)

    def _ranked(
        self,
        search: Sequence[str] | None,
        sort: Sort | None,
        limit: int,
        offset: int,
        limit_of_movers: int,
    ) -> TrafficRanking:
        traffic, dimension = self._traffic, self._dimension
        everything = now = merged(dimension, self._counts.hits, self._counts.unique, own=self._own)
        finished = merged(dimension, traffic.finished.hits, own=self._own)
        before = merged(dimension, traffic.before.hits, own=self._own) if traffic.before else {}
        total, today = max(traffic.total, self._counts.total), self._today
        more = self._excluded.fields()
        unfound: list[str] = []
        small: list[str] = []
        if self._excluded.names:
            names = matching(self._excluded.names)
            keys = names.keys(now, finished, before)
            hits = _total(only(now, keys))
            if today is not None:
                today -= hits - _total(only(finished, keys))
            more = self._excluded.fields(names=len(keys), hits=hits)
            total -= hits
            now, finished, before = (only(one, one.keys() - keys) for one in (now, finished, before))
        change = printed = self._change(finished, before)
        internal, earlier_internal = (_total(only(one, self._internal(one))) for one in (now, before))
        now, finished, before = (only(one, one.keys() - self._internal(one)) for one in (now, finished, before))
        of_all = len(now)
        if self._own and dimension in APART:
            more |= {"internal_hits": internal}
        not_compared = [] if today is None else ["today"]
        unlisted = ["hits that are not in the list,"] if total - (today or 0) != change.later else []
        if search:
            names = containing(search)
            unfound = names.unfound(now, finished, before)
            keys = names.keys(now, finished, before)
            now, finished, before = (only(one, keys) for one in (now, finished, before))
            hits = _total(now)
            more |= {"matching_names": len(now), "matching_hits": hits, "matching_percent": percent(hits, total)}
            printed, unlisted = self._change(finished, before), []
            more |= {f"matching_{name}": value for name, value in printed.fields().items() if name != "compared"}
        if traffic.before is not None and offset == 0:
            later = "hits" if today is None else "compared_hits"
            has_percent = printed.percent is not None  # a reader would miss it in the headline
            more |= movers(
                finished, before, limit_of_movers, later=later, has_percent=has_percent, is_ever=self._is_ever
            )
            moved = [row for name in ("rose", "fell") if has_percent and name in more for row in more[name].rows]
            small = [SMALL_ROWS] if any(is_small(row[1], row[2]) for row in moved) else []
        columns, rows = self._rows(now, finished, before)
        notes = [*self._sort(columns, rows, sort), *self._notes(everything, today)]
        if internal or earlier_internal:
            before_that = f", {earlier_internal} on the earlier days" if traffic.before else ""
            notes.append(
                f"{self._own} is the site itself and no source: {counted(internal, 'hit')} told apart{before_that}"
            )
        notes += [f"no name contains {name}" for name in unfound]
        notes += [f"there is nothing at offset {offset}: {len(rows)} in all"] if offset >= max(1, len(rows)) else []
        table = ranking(columns, rows, total=total, limit=limit, offset=offset, apart=internal)
        notes += small
        return self._answer(
            headline=self._headline(total, of_all, today, more.get("matching_hits"), len(now))
            + f"{printed.words([*not_compared, *unlisted])}.",
            notes=[*notes, *dict.fromkeys([*change.notes, *printed.notes])],
            change=change,
            hits=total,
            hits_today=today,
            names=of_all,
            ranking=table,
            **more,
        )

    def _internal(self, named: Mapping[str, Named]) -> set[str]:
        """The keys of the site's own pages where they would stand among sources."""
        is_apart = bool(self._own) and self._dimension in APART
        return {key for key in named if is_apart and sanitize.host(key) == self._own}

    def _rows(
        self, now: Mapping[str, Named], finished: Mapping[str, Named], before: Mapping[str, Named]
    ) -> tuple[list[str], list[list[Cell]]]:
        """Return the columns of the ranking, and its rows without their shares, most hits first."""
        compares = self._traffic.before is not None
        marks_later = compares and self._traffic.today is not None
        counts_unique = any(named.unique_hits is not None for named in now.values())
        columns = ["name", "hits", "percent"]
        columns += ["compared_hits"] if marks_later else []
        columns += ["earlier_hits", *([] if self._is_ever else ["change"])] if compares else []
        columns += ["unique_hits"] if counts_unique else []
        columns += ["a_day"] if self._dimension in ALL_ROWS else []
        rows: list[list[Cell]] = []
        for key, named in now.items():
            row: list[Cell] = [named.name, named.hits]
            if compares:
                later, earlier = (one[key].hits if key in one else 0 for one in (finished, before))
                row += [*([later] if marks_later else []), earlier, *([] if self._is_ever else [later - earlier])]
            row += [named.unique_hits] if counts_unique else []
            row += [self._a_day(named.name, finished.get(key))] if self._dimension in ALL_ROWS else []
            rows.append(row)
        return columns, rows

    def _sort(self, columns: Sequence[str], rows: list[list[Cell]], sort: Sort | None) -> list[str]:
        """Sort rows in place; return notes on the order: how many share the first place, and what is in no list."""
        if sort is None and self._dimension in ALL_ROWS:  # in their own order: hours are sorted by their digits
            rows.sort(key=lambda row: WEEKDAYS.index(row[0]) if row[0] in WEEKDAYS else str(row[0]))
            return []
        column = columns.index("change") - 1 if sort == "change" else 1  # the shares are not there yet

        def value(row: Sequence[Cell]) -> int:
            cell = row[column]
            return cell if isinstance(cell, int) else 0

        if sort == "change":
            rows.sort(key=lambda row: -abs(value(row)))
        elif sort == "least":
            rows.sort(key=value)
        first = [row for row in rows if value(row) == value(rows[0])]
        plural = PLURAL[self._dimension]
        what = f"a change of {value(rows[0]):+d}" if rows and sort == "change" else ""
        notes = [f"{len(first)} {plural} have {what or counted(value(rows[0]), 'hit')} each"] if len(first) > 1 else []
        unlisted = f"{plural} without a hit in these days are in no list, and which these are cannot be known"
        return [*notes, unlisted] if sort == "least" else notes

    def _a_day(self, name: str, finished: Named | None) -> float | None:
        """Hits of an hour, or a weekday, on each of the finished days that have it; None where none has."""
        finished_days = self._scope.finished.dates() if self._scope.finished else iter(())
        finished_days = (day for day in finished_days if day not in self._excluded.days)
        number = sum(name not in WEEKDAYS or WEEKDAYS[day.weekday()] == name for day in finished_days)
        return round((finished.hits if finished else 0) / number, 1) if number else None

    def _unfinished(self, limit: int, offset: int) -> TrafficRanking:
        total, of = self._traffic.total, self._counts.of
        columns = ("name", "hits", "percent")
        table, note = top_of_unfinished(self._dimension, self._counts, columns, total=total, limit=offset + limit)
        return self._incomplete(f"{self._headline(total, of, self._today)}.", note, None if offset else table)

    def _estimated(self, estimate: Estimate, limit: int, offset: int) -> TrafficRanking:
        rows: list[list[Cell]] = [[name, share] for name, share in estimate.shares]
        return self._incomplete(
            f"{self._in_window}; shares are an estimate.",
            "no comparison and no counts: this is an estimate; a shorter period can be read in full",
            listing(["name", "percent_estimated"], rows, limit=limit, offset=offset),
            estimate.basis,
        )

    @property
    def _in_window(self) -> str:
        return f"{counted(self._traffic.total, 'hit')} on {self._scope.site.quoted}, {spoken(self._scope.window)}"

    def _incomplete(self, headline: str, note: str, table: Table | None, estimate: str | None = None) -> TrafficRanking:
        """The answer where not all was read: without a comparison and without a number of names."""
        return self._answer(
            headline=headline,
            notes=[*self._traffic.notes, *self._filters.notes, note],
            change=Compared(),
            hits=self._traffic.total,
            hits_today=self._today,
            names=None,
            ranking=table,
            complete=False,
            estimate=estimate,
        )

    def _answer(self, *, change: Compared, complete: bool = True, **fields: Any) -> TrafficRanking:
        is_unknown = self._comparison is not None and self._traffic.before is None
        return TrafficRanking(
            **self._scope.fields(),
            complete=complete and not is_unknown,
            filters=self._filters.text,
            dimension=self._dimension,
            **change.fields(),
            **fields,
        )

    @property
    def _today(self) -> int | None:
        """Hits of the running day: as counted, or as listed where hits arrived in between."""
        today = self._traffic.today
        return None if today is None else max(today, self._traffic.running.total)

    def _change(self, finished: dict[str, Named], before: dict[str, Named]) -> Compared:
        """The change of all these names together; nothing is compared where the earlier days were not read."""
        born = first_day(self._scope.site, self._scope.zone)
        if self._traffic.before is None:
            return Compared()
        return compared(
            self._comparison, later=_total(finished), earlier=_total(before), born=born, without=self._excluded.days
        )

    def _headline(
        self, total: int, of: int, today: int | None, matching: int | None = None, matching_names: int | None = None
    ) -> str:
        which = " that match the filters" if self._filters else ""
        hits = f"{counted(total, 'hit')}{which}{self._excluded.words} on {self._scope.site.quoted}"
        names = f"{of} {PLURAL[self._dimension] if of != 1 else SINGULAR.get(self._dimension, self._dimension)}"
        window = spoken(self._scope.window)
        if matching is None:
            return f"{hits} over {names}, {window}{so_far(today)}"
        return f"{matching} of {hits}, {percent(matching, total) or 0:g} %, by {matching_names} of {names}, {window}"

    def _notes(self, everything: dict[str, Named], today: int | None) -> list[str]:
        traffic, dimension = self._traffic, self._dimension
        notes = [*traffic.notes, *self._filters.notes]
        off = traffic.total - self._counts.total
        if off:
            notes.append(f"the list adds up to {self._counts.total}, the total is {traffic.total}: {abs(off)} apart")
        merged_names = [named for named in everything.values() if len(named.raw) > 1]
        if merged_names and dimension == "path":
            notes.append(f"{counted(len(merged_names), 'path')} merged from spellings with and without a closing slash")
        if dimension in ("referrer", "channel"):
            addresses = counted(sum(len(named.raw) for named in everything.values()), "different referrer")
            notes.append(f"{addresses} merged to {'hosts' if dimension == 'referrer' else 'channels'}")
        notes += [OF_CHANNELS] if dimension == "channel" else []
        if dimension == "source" and (none := everything.get(sanitize.NO_SOURCE)):
            notes.append(f"{counted(none.hits, 'hit')} without a source")
        if dimension == "weekday" and self._scope.window.days > 1 and self._scope.window.days % 7:
            notes.append(f"{self._scope.window.days} days hold some weekdays once more than others")
        if today is not None and traffic.before is not None:
            notes.append(f"hits count today, {today} so far; compared_hits, earlier_hits and change do not")
        return notes


def top_of_unfinished(
    dimension: Dimension, counts: DimensionCounts, columns: Sequence[str], *, total: int, limit: int
) -> tuple[Table | None, str]:
    """Return the top of a list that is not read to its end, or None where it cannot be known; with a note.

    The top holds only where all that is not read is less than its last row; then its rows stand as they were read,
    since a twin or another address of a host could be among the rest.
    """
    top = sorted(counts.hits.items(), key=lambda item: (-item[1], str(item[0])))[:limit]
    name = PLURAL[dimension]
    if dimension not in OF_REFERRERS and len(top) == limit and top[-1][1] > total - counts.total:
        rows = [[shown(dimension, raw), hits] for raw, hits in top]
        note = f"{name}: the largest of {counts.of}, spellings not merged, since the list is too long for one call"
        return ranking(columns, rows, total=total, limit=limit, of=counts.of), note
    return None, f"{name}: unknown, the list of {counts.of} is too long for this call; ask rank_traffic"


def _total(named: Mapping[str, Named]) -> int:
    return sum(one.hits for one in named.values())
