"""Reads one window in as few requests as can be: its hits, its series, and its lists."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from tinylytics_tools.client import CallContext
from tinylytics_tools.count_rows import RowCounts
from tinylytics_tools.dimensions import PLURAL, Dimension
from tinylytics_tools.filters import Filters
from tinylytics_tools.hits import api as hits_api
from tinylytics_tools.hits.api import Count, Slice
from tinylytics_tools.periods import Series, Window, series_in_order
from tinylytics_tools.planner import MOST_REQUESTS, Plan, cheapest, pages
from tinylytics_tools.scope import Scope
from tinylytics_tools.traffic.read import Values, both, counted, read_lists, read_rows


@dataclass
class Picture:
    """What was read of a window. `today` is None where the window does not reach it; `series` where there was no room.

    `notes` name what is missing and where the service does not agree with itself. `unread`: why a dimension that was
    asked for is not in `by`.
    """

    total: int
    today: int | None
    by: dict[Dimension, Values] = field(default_factory=dict[Dimension, Values])
    series: Series | None = None
    hits_in_series: list[int] = field(default_factory=list[int])
    notes: list[str] = field(default_factory=list[str])
    is_complete: bool = True
    unread: str = ""

    @property
    def finished(self) -> int:
        """Hits of the finished days."""
        return self.total - (self.today or 0)


class Reader:
    """Reads one window of a scope: first `count`, then `read`."""

    def __init__(self, api: CallContext, scope: Scope, meant: Filters) -> None:
        self._api = api
        self._scope = scope
        self._meant = meant
        self._finished = scope.window.finished(scope.today)
        self._running = Window(scope.today, scope.today) if scope.today in scope.window else None
        self._counts: dict[Slice, Count] = {}
        self._buckets: dict[Window, int] = {}

    @property
    def parts(self) -> list[Slice]:
        """The slices of the window, the running day apart: the finished days do not change any more."""
        return [*self._meant.slices(self._scope, self._finished), *self._meant.slices(self._scope, self._running)]

    def take_in(self, counts: dict[Slice, Count]) -> None:
        """Take in what was counted of the parts."""
        self._counts = {part: counts[part] for part in self.parts}

    async def read(self, dimensions: Sequence[Dimension]) -> Picture:
        """The picture of the window by the cheapest plan; by lists too where the service shows fewer single hits than
        it counts. A list that disagrees with the total is read a second time where the window reaches today."""
        plan = self._plan(dimensions)
        picture = await self._by_rows(plan, dimensions) if plan.by_rows else None
        if picture is None:
            plan = self._plan_of_lists(dimensions) if plan.by_rows else plan
            picture = await self._by_lists(plan, dimensions)
        if plan.series is None:
            picture.notes.append(f"series: {_TOO_MANY_REQUESTS}")
        elif plan.series.unit != series_in_order(self._scope.window)[0].unit:
            picture.notes.append(f"series by {plan.series.unit}: a finer one takes more requests than one call may use")
        picture.is_complete = picture.is_complete and plan.series is not None
        return picture

    def _plan(self, dimensions: Sequence[Dimension]) -> Plan:
        rows = [count.rows for count in self._counts.values()]
        slices = len(self._slices())
        if self._meant.host is None:
            return self._cheapest(rows, slices * len(dimensions))
        # Where a host has to be told apart, only single hits tell everything; lists tell no more than the referrers.
        whole = self._cheapest(rows, _TOO_MANY)
        return whole if whole.by_rows else self._plan_of_lists(("referrer",))

    def _plan_of_lists(self, dimensions: Sequence[Dimension]) -> Plan:
        lists = 1 if self._meant.host else len(dimensions)
        return self._cheapest([_TOO_MANY * hits_api.PER_PAGE], len(self._slices()) * lists)

    def _cheapest(self, rows: Sequence[int], lists: int) -> Plan:
        return cheapest(
            rows,
            lists=lists,
            candidates=series_in_order(self._scope.window),
            known=self._known(),
            width=self._width,
            rows_tell_days=self._scope.zone == "utc",
            room=MOST_REQUESTS - self._api.requests,
        )

    @property
    def _width(self) -> int:
        """How many requests count one window, at most: where a host has to be told apart, its referrers are read."""
        referrers = dict.fromkeys(self._meant.paths, 0)
        for part, count in self._counts.items():
            referrers[part.path] += count.groups
        return sum(max(1, pages(found)) for found in referrers.values())

    def _known(self) -> dict[Window, int]:
        """Windows whose hits are counted already."""
        windows = [self._finished, self._running]
        known = {window: self._hits_of(window) for window in windows if window is not None}
        return {**known, self._scope.window: sum(known.values())}

    def _hits_of(self, window: Window) -> int:
        return sum(count.hits for part, count in self._counts.items() if part.window in window.pieces())

    async def _by_rows(self, plan: Plan, dimensions: Sequence[Dimension]) -> Picture | None:
        """The picture out of all single hits; None where they are not all shown."""
        read, hits = await both(
            self._api,
            partial(read_rows, self._api, self._counts),
            partial(self._series, None if self._scope.zone == "utc" else plan.series),
        )
        tally = RowCounts()
        for rows in read.values():
            tally.absorb(rows.tally)
        if any(rows.missing for rows in read.values()):
            return None
        today = sum(rows.tally.hits for part, rows in read.items() if part.window == self._running)
        picture = Picture(tally.hits, today if self._running else None, series=plan.series, hits_in_series=hits)
        picture.by = {name: counted(tally, name) for name in dimensions}
        if plan.series and self._scope.zone == "utc":
            picture.hits_in_series = [sum(tally.days[day] for day in window.dates()) for window in plan.series.windows]
        picture.notes += _disagreements(picture)
        return picture

    async def _by_lists(self, plan: Plan, dimensions: Sequence[Dimension]) -> Picture:
        lists: list[Dimension] = [name for name in dimensions if self._meant.host is None or name == "referrer"]
        picture = Picture(0, None, series=plan.series)
        room = MOST_REQUESTS - self._api.requests
        if plan.series is None:
            lists = lists[: room // len(self._slices())]
        picture.unread = _ONLY_ROWS_TELL if self._meant.host else _TOO_MANY_REQUESTS
        await self._fill(picture, lists, room - plan.requests)
        stale: list[Dimension] = [name for name in lists if picture.by[name].is_complete_but_not(picture.total)]
        if self._running is not None and (stale or _disagreements(picture)):
            today = self._meant.slices(self._scope, self._running)
            old = [window for window in self._buckets if self._running.first in window]
            counts = self._width * (1 + len(old))
            room = MOST_REQUESTS - self._api.requests - counts - len(stale) * len(self._slices())
            if room >= sum(pages(picture.by[name].of) for name in stale):
                self._counts |= await hits_api.count_all(self._api, today)
                for window in old:
                    del self._buckets[window]
                await self._fill(picture, stale, room)
        picture.notes += _disagreements(picture)
        return picture

    async def _fill(self, picture: Picture, lists: Sequence[Dimension], room: int) -> None:
        """Read the lists and what is missing of the series into the picture."""
        wanted: list[tuple[Dimension, list[Slice]]] = [(name, self._slices()) for name in lists]
        found, picture.hits_in_series = await both(
            self._api,
            partial(read_lists, self._api, wanted, max(0, room)),
            partial(self._series, picture.series),
        )
        picture.by |= dict(zip(lists, found, strict=True))
        picture.total = sum(count.hits for count in self._counts.values())
        picture.today = self._hits_of(self._running) if self._running else None

    async def _series(self, series: Series | None) -> list[int]:
        windows = series.windows if series else []
        known = self._known() | self._buckets
        missing = [window for window in windows if window not in known]
        parts = [part for window in missing for part in self._meant.slices(self._scope, window)]
        for part, count in (await hits_api.count_all(self._api, parts)).items():
            self._buckets[part.window] = self._buckets.get(part.window, 0) + count.hits
        known |= self._buckets
        return [known[window] for window in windows]

    def _slices(self) -> list[Slice]:
        return self._meant.slices(self._scope, self._scope.window)


_TOO_MANY = 10 * MOST_REQUESTS
_ONLY_ROWS_TELL = "not known for this referrer, since its text finds other hosts too and the hits are too many to read"
_TOO_MANY_REQUESTS = "not read, it takes more requests than one call may use; ask a shorter period"


def _disagreements(picture: Picture) -> list[str]:
    """Where complete lists, or the series, do not add up to the total, and by how much."""
    sums = {PLURAL[name]: values.total for name, values in picture.by.items() if values.is_complete}
    if picture.series is not None:
        sums["series"] = sum(picture.hits_in_series)
    return [
        f"{name} add up to {found}, the total is {picture.total}: hits arrived while reading, or have no value there"
        for name, found in sums.items()
        if found != picture.total
    ]
