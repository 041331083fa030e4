"""Reads the hits of a window, of today and of the earlier days, exactly and in as few requests as possible.

The one place that decides between single hits (rows), grouped lists, a count a day, and an estimate, and that reads a
second time what changed while it was read.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from typing import TypeAlias

from tinylytics_tools.client import CallContext
from tinylytics_tools.count_rows import DimensionCounts, RowCounts
from tinylytics_tools.dimensions import GROUPED, OF_REFERRERS, Dimension, Raw
from tinylytics_tools.errors import InvalidArgument, Refused
from tinylytics_tools.filters import Filters
from tinylytics_tools.hits import api as hits_api
from tinylytics_tools.hits.api import Count, Slice
from tinylytics_tools.periods import Comparison, Window, series_in_order
from tinylytics_tools.planner import MOST_REQUESTS, Plan, cheapest, pages
from tinylytics_tools.read_hits import Rows, both, read_lists, read_rows
from tinylytics_tools.scope import Scope
from tinylytics_tools.tables import counted
from tinylytics_tools.traffic.automated import automated_by_lists, automated_by_rows
from tinylytics_tools.traffic.counts import DimensionTraffic, TrafficWindow
from tinylytics_tools.traffic.estimate import estimate, estimate_of_weekdays, sample_of_days

_List: TypeAlias = tuple[Dimension, Window | None]
"""A grouped list: by a dimension, of a window; an empty one of no window."""

MOST_PIECES = 62
"""As many as a chart can show apart."""


class TrafficReader:
    """Reads a scope's window, and the earlier days of a comparison, within the requests of one call."""

    def __init__(self, api: CallContext, scope: Scope, filters: Filters, comparison: Comparison | None = None) -> None:
        self._api = api
        self._scope = scope
        self._filters = filters
        self._counts: dict[Slice, Count] = {}
        self.earlier = comparison.earlier if comparison else None

    async def count(self, *windows: Window | None) -> None:
        """Count the hits of windows that are not counted yet."""
        parts = [part for window in windows for part in self._parts(window) if part not in self._counts]
        self._counts |= await hits_api.count_all(self._api, list(dict.fromkeys(parts)))

    async def since_born(self, window: Window | None) -> Window | None:
        """Return the days of a window on which the site was there; all of them where it has hits from before, or there
        is no room to see."""
        since = self._scope.since_born(window)
        if since == window or self.cost([window, since]) > self.room_for_more:
            return window
        await self.count(window, since)
        return since if self.hits(since) == self.hits(window) else window

    def hits(self, window: Window | None) -> int:
        """Return the hits of a window that was counted; 0 of none."""
        return sum(self._counts[part].hits for part in self._parts(window))

    def counted_pieces(self, window: Window | None) -> list[tuple[int, int]]:
        """Return the days and hits of the finest pieces of a window that were counted, oldest first; none where they do
        not cover it, at most `MOST_PIECES`."""
        if window is None:
            return []
        counted: dict[date, list[Window]] = {}
        for one in {part.window for part in self._counts}:
            if one.common(window) == one and one != window and all(part in self._counts for part in self._parts(one)):
                counted.setdefault(one.first, []).append(one)
        finest: dict[date, list[Window]] = {window.last + _DAY: []}
        for day in reversed(list(window.dates())):
            ways = [[one, *finest[after]] for one in counted.get(day, []) if (after := one.last + _DAY) in finest]
            if ways:
                finest[day] = max(ways, key=len)
        pieces = [(one.days, self.hits(one)) for one in finest.get(window.first, [])]
        together = -(-len(pieces) // MOST_PIECES) or 1
        parts = (pieces[at : at + together] for at in range(0, len(pieces), together))
        return [(sum(days for days, _ in part), sum(hits for _, hits in part)) for part in parts]

    @property
    def total(self) -> int:
        """Hits of the window, once it is counted."""
        return self.hits(self._scope.window)

    @property
    def today(self) -> int | None:
        """Hits of the running day, once it is counted; None where the window does not reach it."""
        return self.hits(self._scope.running) if self._scope.running else None

    async def read_window(self, dimensions: Sequence[Dimension]) -> TrafficWindow:
        """Read the total, the series and the dimensions by the cheapest plan; by lists too where the service shows
        fewer single hits than it counts."""
        await self.count(self._scope.window)
        plan = self._plan(dimensions)
        traffic = await self._window_by_rows(plan, dimensions) if plan.by_rows else None
        if traffic is None:
            plan = self._plan(dimensions, shows_rows=False) if plan.by_rows else plan
            traffic = await self._window_by_lists(plan, dimensions)
        traffic.notes += traffic.disagreements()
        if plan.series is None:
            traffic.notes.append(f"series: {_TOO_MANY_REQUESTS}")
        elif plan.series.unit != series_in_order(self._scope.window)[0].unit:
            traffic.notes.append(f"series by {plan.series.unit}: a finer one takes more requests than one call may use")
        traffic.is_complete = plan.series is not None
        return traffic

    async def read_dimension(self, dimension: Dimension) -> DimensionTraffic:
        """Read one dimension by the cheapest exact way, else as an estimate; raise `InvalidArgument` for what only the
        account's time zone could tell, or what takes too many requests."""
        is_utc = self._scope.zone == "utc"
        if dimension == "hour" and not is_utc:
            raise InvalidArgument(
                "Hours are only known in UTC, since Tinylytics does not tell which time zone the account is in. "
                "Ask with time_zone utc."
            )
        if dimension in GROUPED and (self._filters.host is None or dimension in OF_REFERRERS):
            try:
                return await self._dimension_by_lists(dimension)
            except Refused:
                if dimension != "source":
                    raise
        await self.count(self._scope.window)
        if dimension == "weekday" and not is_utc:
            return await self._weekdays()
        await self.count(self.earlier)
        cost = self._pages_of_rows(self._scope.window)
        if dimension == "weekday" and len(self._filters.paths) * self._scope.window.days < cost:
            return await self._weekdays()
        if cost > self.room:
            traffic = DimensionTraffic(self.total, self.today)
            traffic.estimate = await estimate(self._api, dimension, self.counts_of(self._scope.window), self.room)
            return traffic
        return await self._dimension_by_rows(dimension, cost)

    @property
    def room(self) -> int:
        """How many requests this call may still send."""
        return MOST_REQUESTS - self._api.requests

    @property
    def room_for_more(self) -> int:
        """The same as if nothing had been stored: for what may be left out, so that an answer is the same again."""
        return min(self.room, MOST_REQUESTS - self._api.answers_read)

    @property
    def first_pages(self) -> int:
        """How many requests one dimension takes at least: a list of each window, and the counts."""
        return sum(len(self._slices(window)) for window in self._windows) + len(self._parts(self._scope.window))

    def cost(self, windows: Iterable[Window | None]) -> int:
        """Return how many requests it takes, at most, to count these windows as well."""
        parts = {part for window in windows for part in self._parts(window)} - self._counts.keys()
        return len(parts) if self._filters.host is None else len({part.window for part in parts}) * self._width

    @property
    def _windows(self) -> tuple[Window | None, Window | None, Window | None]:
        return self._scope.finished, self._scope.running, self.earlier

    @property
    def _width(self) -> int:
        """How many requests count one window, at most: where a host has to be told apart, its referrers are read."""
        groups = dict.fromkeys(self._filters.paths, 0)
        for part, count in self.counts_of(self._scope.window).items():
            groups[part.path] += count.groups
        return sum(max(1, pages(number)) for number in groups.values())

    def _slices(self, window: Window | None) -> list[Slice]:
        return self._filters.slices(self._scope, window)

    def _parts(self, window: Window | None) -> list[Slice]:
        """The slices by which a window is counted."""
        is_whole = window == self._scope.window
        return self._filters.parts(self._scope) if is_whole else self._filters.slices(self._scope, window)

    def counts_of(self, window: Window | None) -> dict[Slice, Count]:
        """Return the slices of a window that was counted, with their counts."""
        return {part: self._counts[part] for part in self._parts(window)}

    def _pages_of_rows(self, window: Window | None) -> int:
        return sum(pages(count.rows) for count in self.counts_of(window).values())

    def _plan(self, dimensions: Sequence[Dimension], *, shows_rows: bool = True) -> Plan:
        """The cheapest plan of a window; by lists where the service does not show all rows."""
        none = [_TOO_MANY * hits_api.PER_PAGE]
        rows = [count.rows for count in self.counts_of(self._scope.window).values()] if shows_rows else none
        lists = len(self._slices(self._scope.window))
        plan = partial(
            cheapest,
            candidates=series_in_order(self._scope.window),
            known=[window for window in (self._scope.finished, self._scope.running, self._scope.window) if window],
            width=self._width,
            rows_tell_days=self._scope.zone == "utc",
            room=self.room,
        )
        if self._filters.host is None:
            return plan(rows, lists=lists * len(dimensions))
        # Where a host has to be told apart, only single hits tell everything; lists tell no more than the referrers.
        of_rows = plan(rows, lists=_TOO_MANY)
        return of_rows if of_rows.by_rows else plan(none, lists=lists)

    async def _window_by_rows(self, plan: Plan, dimensions: Sequence[Dimension]) -> TrafficWindow | None:
        """The window out of all single hits; None where they are not all shown."""
        windows = plan.series.windows if plan.series else []
        window, is_utc = self._scope.window, self._scope.zone == "utc"
        rows, _ = await both(
            self._api,
            partial(read_rows, self._api, self.counts_of(window)),
            partial(self.count, *([] if is_utc else windows)),
        )
        if any(part.missing for part in rows.values()):
            return None
        self._count_days(rows)
        counts = RowCounts.joined(part.counts for part in rows.values())
        days, until = counts.days(), self._api.now().hour + 1 if self._scope.running else 24
        return TrafficWindow(
            counts.hits,
            sum(rows[part].counts.hits for part in self._parts(self._scope.running)) if self._scope.running else None,
            {name: counts.of(name) for name in dimensions},
            plan.series,
            [sum(days[day] for day in one.dates()) if is_utc else self.hits(one) for one in windows],
            automated_by_rows(counts),
            hours=[counts.moments[window.first, hour] for hour in range(until if is_utc and window.days == 1 else 0)],
        )

    async def _window_by_lists(self, plan: Plan, dimensions: Sequence[Dimension]) -> TrafficWindow:
        names: Sequence[Dimension] = [name for name in dimensions if self._filters.host is None or name == "referrer"]
        if plan.series is None:
            names = names[: self.room // len(self._slices(self._scope.window))]
        windows = plan.series.windows if plan.series else []
        requests: list[_List] = [(name, self._scope.window) for name in names]
        lists = await self._lists(requests, windows, self.room - plan.requests)
        by = dict(zip(names, lists, strict=True))
        return TrafficWindow(
            self.total,
            self.today,
            by,
            plan.series,
            [self.hits(window) for window in windows],
            automated_by_lists(by),
            unread=_ONLY_ROWS_TELL if self._filters.host else _TOO_MANY_REQUESTS,
        )

    async def _dimension_by_lists(self, dimension: Dimension) -> DimensionTraffic:
        lists: list[_List] = [(dimension, window) for window in self._windows]
        finished, running, before = await self._lists(lists, [self._scope.window], self.room - self.first_pages)
        traffic = DimensionTraffic(self.total, self.today, finished, running)
        if self.earlier and before.is_complete:
            traffic.before = before
        elif self.earlier:
            traffic.notes.append(_NOT_COMPARED.format(pages(before.of)))
        return traffic

    async def _dimension_by_rows(self, dimension: Dimension, cost: int) -> DimensionTraffic:
        traffic = DimensionTraffic(self.total, self.today)
        earlier = self._affordable_earlier(traffic, cost, self._pages_of_rows(self.earlier))
        rows = await read_rows(self._api, self.counts_of(self._scope.window) | self.counts_of(earlier))
        missing = [rows[part].missing for part in self._parts(self._scope.window)]
        if any(missing):
            shown = self.total - sum(max(0, number) for number in missing)
            traffic.unread = (
                f"Tinylytics counts {counted(self.total, 'hit')} and shows more"
                if shown == self.total
                else f"Tinylytics showed only {shown} of {counted(self.total, 'hit')}"
            )
            return traffic
        if any(rows[part].missing for part in self._parts(earlier)):
            traffic.notes.append("no comparison: Tinylytics did not show all hits of the earlier days")
            earlier = None
        self._count_days({part: rows[part] for window in (self._scope.window, earlier) for part in self._parts(window)})

        def counts_of(window: Window | None) -> RowCounts:
            return RowCounts.joined(rows[part].counts for part in self._parts(window))

        finished, running = counts_of(self._scope.finished), counts_of(self._scope.running)
        traffic.finished, traffic.running = finished.of(dimension), running.of(dimension)
        traffic.moments = finished.moments
        traffic.automated = automated_by_rows(RowCounts.joined([finished, running]))
        traffic.before = counts_of(earlier).of(dimension) if earlier else None
        traffic.total = traffic.finished.total + traffic.running.total
        traffic.today = traffic.running.total if self._scope.running else None
        return traffic

    async def read_days(self, window: Window, *, most: int) -> None:
        """Count the days of a window that was counted by reading its hits, where these are at most so many pages."""
        is_cheap = self._pages_of_rows(window) <= min(most, self.room_for_more)
        if self._scope.zone == "utc" and is_cheap and self.cost(Window(day, day) for day in window.dates()):
            rows = await read_rows(self._api, self.counts_of(window))
            if not any(read.missing for read in rows.values()):
                self._count_days(rows)

    def _count_days(self, rows: Mapping[Slice, Rows]) -> None:
        """Take the counts of single days from rows that were all read; days in another zone than UTC they do not tell
        (field notes 16)."""
        for part, read in rows.items() if self._scope.zone == "utc" else ():
            days = read.counts.days()
            for day in part.window.dates():
                hits = days[day]
                self._counts.setdefault(replace(part, window=Window(day, day)), Count(hits, hits))

    async def _weekdays(self) -> DimensionTraffic:
        """Weekdays by one count a day, which is right in every time zone (field notes 16)."""
        traffic = DimensionTraffic(self.total, self.today)
        finished, width = self._scope.finished if self.total else None, len(self._filters.paths)
        cost, more = (width * window.days if window else 0 for window in (finished, self.earlier))
        if finished and cost > self.room:
            sample = sample_of_days(finished, self.room, width=width)
            traffic.estimate = estimate_of_weekdays(await self._by_weekday(sample), sample)
            return traffic
        earlier = self._affordable_earlier(traffic, cost, more)
        traffic.finished, before = await both(
            self._api,
            partial(self._by_weekday, finished.dates() if finished else []),
            partial(self._by_weekday, earlier.dates() if earlier else []),
        )
        if traffic.today:
            traffic.running = DimensionCounts({self._scope.today.weekday(): traffic.today}, {}, 1)
        traffic.before = before if earlier else None
        return traffic

    async def _by_weekday(self, days: Iterable[date]) -> DimensionCounts:
        windows = [Window(day, day) for day in days]
        await self.count(*windows)
        hits: Counter[Raw] = Counter()
        for window in windows:
            hits[window.first.weekday()] += self.hits(window)
        return DimensionCounts(dict(+hits), {}, len(+hits))

    def _affordable_earlier(self, traffic: DimensionTraffic, cost: int, more: int) -> Window | None:
        """The earlier days, where reading them takes `more` requests besides the `cost` of the window; else a note."""
        if cost + more <= self.room:
            return self.earlier
        if self.earlier:
            traffic.notes.append(_NOT_COMPARED.format(more))
        return None

    async def _lists(self, requests: Sequence[_List], windows: Sequence[Window], room: int) -> list[DimensionCounts]:
        """Read lists and count `windows`, which add up to the whole one. Where the window reaches today and complete
        lists or counts do not agree, hits arrived in between: these and the counts of today are read a second time."""

        async def read(chosen: Sequence[_List], room: int) -> list[DimensionCounts]:
            return await read_lists(self._api, [(name, self._slices(window)) for name, window in chosen], max(0, room))

        lists, _ = await both(self._api, partial(read, requests, room), partial(self.count, *windows))
        stale = {
            number: request
            for number, (request, counts) in enumerate(zip(requests, lists, strict=True))
            if request[1] and self._scope.today in request[1]
            if counts.is_complete and counts.total != self.hits(request[1])
        }
        if not self._scope.running or not (stale or sum(map(self.hits, windows)) != (self.total if windows else 0)):
            return lists
        moving = [part for part in self._counts if self._scope.today in part.window]
        room = self.room - self._width * len({part.window for part in moving})
        room -= sum(len(self._slices(window)) for _, window in stale.values())
        if room >= sum(pages(lists[number].of) for number in stale):
            counts, again = await both(
                self._api,
                partial(hits_api.count_all, self._api, moving),
                partial(read, list(stale.values()), room),
            )
            self._counts |= counts
            for number, counts_again in zip(stale, again, strict=True):
                lists[number] = counts_again
        return lists


_DAY = timedelta(days=1)
_TOO_MANY = 10 * MOST_REQUESTS
_ONLY_ROWS_TELL = "not known for this referrer, since its text finds other hosts too and the hits are too many to read"
_TOO_MANY_REQUESTS = "not read, it takes more requests than one call may use; ask a shorter period"
_NOT_COMPARED = "no comparison: the earlier days take more requests than one call may use, about {}"
