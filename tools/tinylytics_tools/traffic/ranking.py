"""Makes the answer of a ranking out of what was read."""

from collections.abc import Callable
from typing import Any

from tinylytics_tools import sanitize
from tinylytics_tools.answer import Cell, Table
from tinylytics_tools.dimensions import PLURAL, Dimension, Named, merged
from tinylytics_tools.errors import InvalidArgument
from tinylytics_tools.filters import Filters
from tinylytics_tools.periods import Comparison
from tinylytics_tools.scope import Scope, first_day
from tinylytics_tools.site_lookup import site_host
from tinylytics_tools.tables import counted, listing, percent, ranking
from tinylytics_tools.traffic import names
from tinylytics_tools.traffic.compare import Compared, compared, so_far, spoken
from tinylytics_tools.traffic.dimension import Reading
from tinylytics_tools.traffic.lists import unfinished
from tinylytics_tools.traffic.movers import movers
from tinylytics_tools.traffic.ranking_answer import TrafficRanking
from tinylytics_tools.traffic.sample import Estimate

DEFAULT_ROWS = 10
DEFAULT_MOVERS = 5
ALL_ROWS: dict[Dimension, int] = {"hour": 24, "weekday": 7}
"""Dimensions that are short enough to be shown whole."""


class Ranking:
    """One reading of a dimension, to be told."""

    def __init__(
        self, scope: Scope, meant: Filters, dimension: Dimension, comparison: Comparison | None, reading: Reading
    ) -> None:
        self._scope = scope
        self._meant = meant
        self._dimension: Dimension = dimension
        self._comparison = comparison
        self._reading = reading
        self._values = reading.finished.plus(reading.running)

    def answer(self, *, search: str | None, exclude: str | None, limit: int | None, offset: int) -> TrafficRanking:
        """The answer.

        Raises:
            InvalidArgument: names are looked for in a list that was not read to its end.
        """
        rows = limit or ALL_ROWS.get(self._dimension, DEFAULT_ROWS)
        if self._reading.estimate is not None:
            return self._estimated(self._reading.estimate, rows, offset)
        if self._reading.lost is not None:
            return self._unread(self._reading.lost)
        if not self._values.is_complete:
            if search or exclude:
                raise InvalidArgument(
                    f"The list of {self._values.of} {PLURAL[self._dimension]} is too long to be searched in one call. "
                    "Give a shorter period, or filter by country, path or referrer."
                )
            return self._unfinished(rows, offset)
        return self._ranked(search, exclude, rows, offset, limit or DEFAULT_MOVERS)

    def _ranked(
        self, search: str | None, exclude: str | None, limit: int, offset: int, limit_of_movers: int
    ) -> TrafficRanking:
        reading, dimension = self._reading, self._dimension
        everything = now = merged(dimension, self._values.hits, self._values.unique)
        finished = merged(dimension, reading.finished.hits)
        before = merged(dimension, reading.before.hits) if reading.before else {}
        total, today = max(reading.total, self._values.total), self._today
        more: dict[str, Any] = {}
        if exclude:
            chosen = names.patterns(exclude)
            left_out = _keys(chosen.match, now, finished, before)
            gone = names.total(names.only(now, left_out))
            if today is not None:
                today -= gone - names.total(names.only(finished, left_out))
            more = {"excluded": chosen.said, "excluded_names": len(left_out), "excluded_hits": gone}
            total -= gone
            now, finished, before = (names.without(one, left_out) for one in (now, finished, before))
        of_all = len(now)
        change = told = self._change(finished, before)
        not_compared = [] if today is None else ["today"]
        unlisted = ["hits that are not in the list,"] if total - (today or 0) != change.later else []
        if search:
            kept = _keys(names.containing(search), now, finished, before)
            now, finished, before = (names.only(one, kept) for one in (now, finished, before))
            found = names.total(now)
            more |= {"matching_names": len(now), "matching_hits": found, "matching_percent": percent(found, total)}
            told, unlisted = self._change(finished, before), []
            more |= {"matching_compared_hits": told.later, "matching_earlier_hits": told.earlier}
            more |= {"matching_change": told.change, "matching_change_percent": told.percent}
        if reading.before is not None and offset == 0:
            moved = movers(finished, before, limit_of_movers, later="hits" if today is None else "compared_hits")
            more |= {"rose": moved.rose, "fell": moved.fell, "new": moved.new, "gone": moved.gone}
        table = self._table(now, finished, before, total=total, limit=limit, offset=offset)
        return self._told(
            headline=self._headline(total, of_all, today, more.get("matching_hits"), len(now))
            + f"{told.words([*not_compared, *unlisted])}.",
            notes=[*self._notes(everything, today), *dict.fromkeys([*change.notes, *told.notes])],
            change=change,
            hits=total,
            hits_today=today,
            names=of_all,
            ranking=table,
            **more,
        )

    def _table(
        self,
        now: dict[str, Named],
        finished: dict[str, Named],
        before: dict[str, Named],
        *,
        total: int,
        limit: int,
        offset: int,
    ) -> Table:
        compares = self._reading.before is not None
        marks_later = compares and self._reading.today is not None
        counts_unique = any(named.unique_hits is not None for named in now.values())
        columns = ["name", "hits", "percent"]
        columns += ["compared_hits"] if marks_later else []
        columns += ["earlier_hits", "change"] if compares else []
        columns += ["unique_hits"] if counts_unique else []
        rows: list[list[Cell]] = []
        for key, named in now.items():
            row: list[Cell] = [named.name, named.hits]
            if compares:
                later, earlier = (one[key].hits if key in one else 0 for one in (finished, before))
                row += [*([later] if marks_later else []), earlier, later - earlier]
            rows.append([*row, named.unique_hits] if counts_unique else row)
        return ranking(columns, rows, total=total, limit=limit, offset=offset)

    def _unfinished(self, limit: int, offset: int) -> TrafficRanking:
        reading, of = self._reading, self._values.of
        columns = ("name", "hits", "percent")
        table, note = unfinished(self._dimension, self._values, columns, total=reading.total, limit=offset + limit)
        table = None if offset else table
        return self._told(
            headline=self._headline(reading.total, of, self._today) + ".",
            notes=[*reading.notes, *self._meant.notes, note],
            change=Compared(),
            hits=reading.total,
            hits_today=self._today,
            names=None,
            ranking=table,
            complete=False,
        )

    def _unread(self, why: str) -> TrafficRanking:
        total = self._reading.total
        return self._told(
            headline=f"{total} hits on {self._scope.site.name}, {spoken(self._scope.window)}; not known by "
            f"{self._dimension}.",
            notes=[*self._reading.notes, *self._meant.notes, f"{why}; ask again, or for a shorter period"],
            change=Compared(),
            hits=total,
            hits_today=self._today,
            names=None,
            ranking=None,
            complete=False,
        )

    def _estimated(self, estimate: Estimate, limit: int, offset: int) -> TrafficRanking:
        rows: list[list[Cell]] = [[name, share] for name, share in estimate.shares]
        total = self._reading.total
        return self._told(
            headline=f"{total} hits on {self._scope.site.name}, {spoken(self._scope.window)}; shares are an estimate.",
            notes=[
                *self._reading.notes,
                *self._meant.notes,
                "no comparison and no counts: this is an estimate; a shorter period can be read in full",
            ],
            change=Compared(),
            hits=total,
            hits_today=self._today,
            names=None,
            ranking=listing(["name", "percent_estimated"], rows, limit=limit, offset=offset),
            complete=False,
            estimate=estimate.basis,
        )

    def _told(self, *, change: Compared, complete: bool = True, **fields: Any) -> TrafficRanking:
        lost = self._comparison is not None and self._reading.before is None
        return TrafficRanking(
            **self._scope.fields(),
            complete=complete and not lost,
            filters=self._meant.said,
            dimension=self._dimension,
            **change.fields(),
            **fields,
        )

    @property
    def _today(self) -> int | None:
        """Hits of the running day: as counted, or as listed where hits arrived in between."""
        today = self._reading.today
        return None if today is None else max(today, self._reading.running.total)

    def _change(self, finished: dict[str, Named], before: dict[str, Named]) -> Compared:
        """The change of all these names together; nothing is compared where the earlier days were not read."""
        born = first_day(self._scope.site, self._scope.zone)
        if self._reading.before is None:
            return Compared()
        return compared(self._comparison, later=names.total(finished), earlier=names.total(before), born=born)

    def _headline(
        self, total: int, of: int, today: int | None, matching: int | None = None, found: int | None = None
    ) -> str:
        which = " that match the filters" if self._meant else ""
        said = f"{total} hits{which} on {self._scope.site.name}"
        window = spoken(self._scope.window)
        if matching is None:
            return f"{said} over {of} {PLURAL[self._dimension]}, {window}{so_far(today)}"
        share = percent(matching, total)
        return f"{matching} of {said}, {share or 0:g} %, by {found} of {of} {PLURAL[self._dimension]}, {window}"

    def _notes(self, everything: dict[str, Named], today: int | None) -> list[str]:
        reading, dimension = self._reading, self._dimension
        notes = [*reading.notes, *self._meant.notes]
        off = reading.total - self._values.total
        if off:
            notes.append(f"the list adds up to {self._values.total}, the total is {reading.total}: {abs(off)} apart")
        merged_names = [named for named in everything.values() if len(named.raw) > 1]
        if merged_names and dimension == "path":
            notes.append(f"{counted(len(merged_names), 'path')} merged from spellings with and without a closing slash")
        if dimension == "referrer":
            notes.append(f"{sum(len(named.raw) for named in everything.values())} addresses are merged to their hosts")
            own = site_host(self._scope.site.url)
            notes += [f"the referrer {own} is the site itself"] if own in everything else []
        if dimension == "source" and (none := everything.get(sanitize.NO_SOURCE)):
            notes.append(f"{none.hits} hits name no source")
        if dimension == "weekday" and self._scope.window.days > 1 and self._scope.window.days % 7:
            notes.append(f"{self._scope.window.days} days hold some weekdays once more than others")
        if today is not None and reading.before is not None:
            notes.append(f"hits count today, {today} so far; compared_hits, earlier_hits and change do not")
        return notes


def _keys(is_meant: Callable[[Named], bool], *lists: dict[str, Named]) -> set[str]:
    """The names that are meant in one of the lists, by one of their spellings."""
    return {key for one in lists for key, named in one.items() if is_meant(named)}
