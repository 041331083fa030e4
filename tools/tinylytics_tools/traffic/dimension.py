"""Reads one dimension of a window and of the days before it: exactly where there is room, else as an estimate."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from tinylytics_tools.client import CallContext
from tinylytics_tools.count_rows import RowCounts
from tinylytics_tools.dimensions import GROUPED, Dimension
from tinylytics_tools.errors import InvalidArgument, Refused
from tinylytics_tools.filters import Filters
from tinylytics_tools.hits import api as hits_api
from tinylytics_tools.hits.api import Count, Slice
from tinylytics_tools.periods import Comparison, Window
from tinylytics_tools.planner import MOST_REQUESTS, pages
from tinylytics_tools.scope import Scope
from tinylytics_tools.traffic import weekdays
from tinylytics_tools.traffic.read import Rows, Values, both, counted, read_lists, read_rows
from tinylytics_tools.traffic.sample import Estimate, estimate


@dataclass
class Reading:
    """Hits by one dimension: of `finished` days, of today (`running`), and of the days before.

    `total` is the counted number of hits of the window. `before` is None where there was no room, or nothing to
    compare. With an `estimate` all values are empty, and so they are where hits that are counted could not be read:
    `lost` says why.
    """

    total: int
    today: int | None
    finished: Values = field(default_factory=Values)
    running: Values = field(default_factory=Values)
    before: Values | None = None
    estimate: Estimate | None = None
    lost: str | None = None
    notes: list[str] = field(default_factory=list[str])


class DimensionReader:
    """Reads one dimension of a scope's window, and of the earlier days of a comparison."""

    def __init__(self, api: CallContext, scope: Scope, meant: Filters, comparison: Comparison | None) -> None:
        self._api = api
        self._scope = scope
        self._meant = meant
        self._finished = meant.slices(scope, scope.window.finished(scope.today))
        running = Window(scope.today, scope.today) if scope.today in scope.window else None
        self._running = meant.slices(scope, running)
        self._earlier = comparison.earlier if comparison else None
        self._before = meant.slices(scope, self._earlier)

    async def read(self, dimension: Dimension) -> Reading:
        """The cheapest exact reading of a dimension, else an estimate.

        Raises:
            InvalidArgument: what only the account's time zone could tell, or what takes too many requests.
        """
        if dimension == "hour" and self._scope.zone != "utc":
            raise InvalidArgument(
                "Hours are only known in UTC, since Tinylytics does not tell which time zone the account is in. "
                "Ask with time_zone utc."
            )
        if dimension in GROUPED and (self._meant.host is None or dimension == "referrer"):
            try:
                return await self._by_lists(dimension)
            except Refused:
                if dimension != "source":
                    raise
        if dimension == "weekday" and self._scope.zone != "utc":
            return await self._by_days(await self._counts())
        return await self._by_rows(dimension)

    @property
    def _room(self) -> int:
        return MOST_REQUESTS - self._api.requests

    async def _counts(self) -> dict[Slice, Count]:
        return await hits_api.count_all(self._api, [*self._finished, *self._running, *self._before])

    def _reading(self, counts: Mapping[Slice, Count]) -> Reading:
        today = sum(counts[part].hits for part in self._running)
        total = sum(counts[part].hits for part in self._finished) + today
        return Reading(total, today if self._running else None)

    async def _by_lists(self, dimension: Dimension) -> Reading:
        windows = [self._finished, self._running, self._before]
        parts = [*self._finished, *self._running]
        room = self._room - sum(len(slices) for slices in windows) - len(parts)
        lists, counts = await both(
            self._api,
            partial(read_lists, self._api, [(dimension, slices) for slices in windows], room),
            partial(hits_api.count_all, self._api, parts),
        )
        finished, running, before = lists
        if self._running and running.is_complete_but_not(sum(counts[part].hits for part in self._running)):
            (running,), again = await both(
                self._api,
                partial(read_lists, self._api, [(dimension, self._running)], self._room - 2 * len(self._running)),
                partial(hits_api.count_all, self._api, self._running),
            )
            counts |= again
        reading = self._reading(counts)
        reading.finished, reading.running = finished, running
        if self._earlier and before.is_complete:
            reading.before = before
        elif self._earlier:
            reading.notes.append(_NOT_COMPARED.format(pages(before.of)))
        return reading

    async def _by_rows(self, dimension: Dimension) -> Reading:
        counts = await self._counts()
        reading = self._reading(counts)
        now = {part: counts[part] for part in (*self._finished, *self._running)}
        before = {part: counts[part] for part in self._before}
        cost, more = _pages(now), _pages(before)
        if dimension == "weekday" and len(self._meant.paths) * self._scope.window.days < cost:
            return await self._by_days(counts)
        if cost > self._room:
            reading.estimate = await estimate(self._api, dimension, now, self._room)
            return reading
        compares = self._earlier is not None and cost + more <= self._room
        if self._earlier and not compares:
            reading.notes.append(_NOT_COMPARED.format(more))
        read = await read_rows(self._api, now | before if compares else now)
        unseen = sum(max(0, read[part].missing) for part in now)
        if unseen:
            reading.lost = f"Tinylytics showed only {reading.total - unseen} of these {reading.total} hits"
            return reading
        if any(read[part].missing for part in now):
            reading.lost = f"Tinylytics counts {reading.total} hits and shows more"
            return reading
        compares = compares and not any(read[part].missing for part in before)
        if self._earlier and before and not compares and not reading.notes:
            reading.notes.append("no comparison: Tinylytics did not show all hits of the earlier days")
        reading.finished = _of(dimension, [read[part] for part in self._finished])
        reading.running = _of(dimension, [read[part] for part in self._running])
        reading.before = _of(dimension, [read[part] for part in self._before]) if compares else None
        reading.total = reading.finished.total + reading.running.total
        reading.today = reading.running.total if self._running else None
        return reading

    async def _by_days(self, counts: Mapping[Slice, Count]) -> Reading:
        reading = self._reading(counts)
        width = len(self._meant.paths)
        now, then = self._scope.window.finished(self._scope.today), self._earlier
        cost, more = (width * window.days if window else 0 for window in (now, then))
        if now and cost > self._room:
            reading.estimate = await weekdays.estimate(self._api, self._scope, self._meant, now, self._room)
            return reading
        compares = then is not None and cost + more <= self._room
        if then and not compares:
            reading.notes.append(_NOT_COMPARED.format(more))
        reading.finished, before = await both(
            self._api,
            partial(weekdays.count, self._api, self._scope, self._meant, now),
            partial(weekdays.count, self._api, self._scope, self._meant, then if compares else None),
        )
        if reading.today:
            reading.running = Values({self._scope.today.weekday(): reading.today}, {}, 1)
        reading.before = before if compares else None
        return reading


_NOT_COMPARED = "no comparison: the earlier days take more requests than one call may use, about {}"


def _pages(counts: Mapping[Slice, Count]) -> int:
    return sum(pages(count.rows) for count in counts.values())


def _of(dimension: Dimension, parts: Sequence[Rows]) -> Values:
    tally = RowCounts()
    for rows in parts:
        tally.absorb(rows.tally)
    return counted(tally, dimension)
