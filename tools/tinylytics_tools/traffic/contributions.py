"""Divides the difference between the hits of some days and the usual ones among pages, sources, countries and so on."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from math import sqrt
from typing import cast

from tinylytics_tools import sanitize
from tinylytics_tools.answer import Cell, Table
from tinylytics_tools.client import CallContext
from tinylytics_tools.count_rows import DimensionCounts, RowCounts
from tinylytics_tools.dimensions import OF_REFERRERS, Dimension, Raw, merged
from tinylytics_tools.hits.api import Slice
from tinylytics_tools.periods import Window
from tinylytics_tools.planner import pages
from tinylytics_tools.read_hits import Rows, read_lists, read_rows
from tinylytics_tools.tables import plain
from tinylytics_tools.traffic.automated import automated_by_lists, automated_by_rows
from tinylytics_tools.traffic.reader import TrafficReader
from tinylytics_tools.traffic.unusual import TIMES

READ: tuple[Dimension, ...] = ("path", "referrer", "country", "browser", "platform")
"""In the order in which they are read where there is not room for all."""
POINTS = 10
"""Percentage points that a share has to move by to tell a shift of the mix; and `TIMES` what chance alone moves it."""
ALIKE = 4
"""Hits that count as one there: a visitor's hits have the same country, browser and platform."""

Counts = Mapping[Dimension, DimensionCounts]


@dataclass(frozen=True)
class Contribution:
    """What one name has of the hits of some days, and of the usual ones; `raw` are the values that have this name."""

    name: str
    hits: int
    usual: float
    raw: tuple[Raw, ...] = ()

    @property
    def difference(self) -> float:
        """The hits minus the usual ones."""
        return self.hits - self.usual


@dataclass(frozen=True)
class Compared:
    """Days and the days that they are compared with; `number` of these make up one usual count."""

    seen: Window
    usual: Sequence[Window]

    @property
    def number(self) -> int:
        """By how much the hits of the usual days are divided."""
        return len(self.usual)


@dataclass
class Parts:
    """The hits of both sides by dimension, as far as there was room. `sources`: the referrers of the page that
    contributes most. `own` is the host of the site itself, which is no source (ANSWERS 3a)."""

    compared: Compared
    own: str
    seen: dict[Dimension, DimensionCounts] = field(default_factory=dict[Dimension, DimensionCounts])
    usual: dict[Dimension, DimensionCounts] = field(default_factory=dict[Dimension, DimensionCounts])
    sources: tuple[DimensionCounts, DimensionCounts] | None = None
    notes: list[str] = field(default_factory=list[str])
    _found: dict[Dimension, list[Contribution] | None] = field(
        default_factory=dict[Dimension, list[Contribution] | None]
    )

    def of(self, dimension: Dimension) -> list[Contribution] | None:
        """Return what each name contributes, the most first; None where the dimension was not read to its end."""
        if dimension not in self._found:
            self._found[dimension] = self._sources_or_all(dimension)
        return self._found[dimension]

    @property
    def internal(self) -> Contribution | None:
        """What the site's own pages refer; None where nothing, or not known."""
        both = self._both("referrer")
        found = self._contributions(*both, _names("referrer", *both)) if both else []
        return next((one for one in found if one.name == self.own), None)

    @property
    def first_page(self) -> Contribution | None:
        """The page that contributes most."""
        return next(iter(self.of("path") or []), None)

    def source_of_first_page(self) -> Contribution | None:
        """Return the referrer that contributes most to that page; None where its referrers were not read."""
        if self.sources is None:
            return None
        found = self._contributions(*self.sources, _names("referrer", *self.sources))
        return next((one for one in found if one.name != self.own), None)

    def moved_shares(self) -> list[tuple[Dimension, Contribution, float, float]]:
        """Return the names whose share of the hits moved, the most first, with both shares in per cent."""
        moved: list[tuple[Dimension, Contribution, float, float]] = []
        for dimension in self.seen:
            now, then = self.seen[dimension].total, self.usual[dimension].total / self.compared.number
            for one in self.of(dimension) or [] if now and then else []:
                share, before = 100 * one.hits / now, 100 * one.usual / then
                middle = (one.hits + one.usual) / (now + then)
                chance = 100 * sqrt(ALIKE * middle * (1 - middle) * (1 / now + 1 / then))
                if abs(share - before) >= max(POINTS, TIMES * chance):
                    moved.append((dimension, one, round(share, 1), round(before, 1)))
        return sorted(moved, key=lambda one: -abs(one[2] - one[3]))

    def _sources_or_all(self, dimension: Dimension) -> list[Contribution] | None:
        both = self._both("referrer" if dimension == "link" else dimension)
        if both is None:
            return None
        found = self._contributions(*both, _names(dimension, *both))
        return found if dimension not in OF_REFERRERS else [one for one in found if self._is_source(one, dimension)]

    def _is_source(self, one: Contribution, dimension: Dimension) -> bool:
        """Whether that is not the site itself; of addresses, whether it is one at all."""
        host = sanitize.host(cast("str | None", one.raw[0]))
        return host != self.own and (dimension != "link" or host not in (sanitize.DIRECT, sanitize.NOT_A_HOST))

    def _both(self, dimension: Dimension) -> tuple[DimensionCounts, DimensionCounts] | None:
        seen, usual = self.seen.get(dimension), self.usual.get(dimension)
        return (seen, usual) if seen and usual and seen.is_complete and usual.is_complete else None

    def _contributions(
        self, seen: DimensionCounts, usual: DimensionCounts, names: Mapping[str, Collection[Raw]]
    ) -> list[Contribution]:
        number = self.compared.number
        found = [
            Contribution(
                name,
                sum(seen.hits.get(raw, 0) for raw in raws),
                sum(usual.hits.get(raw, 0) for raw in raws) / number,
                tuple(raws),
            )
            for name, raws in names.items()
        ]
        return sorted(found, key=lambda one: (-abs(one.difference), one.name))


async def read_parts(api: CallContext, reader: TrafficReader, compared: Compared, own: str) -> Parts:
    """Read both sides by the cheaper way: single hits, or lists; `reader` has counted them."""
    windows = [compared.seen, *compared.usual]
    counts = {part: count for window in windows for part, count in reader.counts_of(window).items()}
    cost = sum(pages(count.rows) for count in counts.values())
    if cost <= min(reader.room_for_more, len(counts) * len(READ)):
        rows = await read_rows(api, counts, with_pairs=True)
        if not any(part.missing for part in rows.values()):
            return _by_rows(reader, compared, rows, own)
    return await _by_lists(api, reader, compared, own)


def table(contributions: Sequence[Contribution], name: str, *, of: Contribution, limit: int) -> Table:
    """Return the first contributions, closed by what all else is together, so that the rows add up to `of`."""
    moved = [one for one in contributions if one.difference]
    shown = moved[:limit]
    columns = [name, "hits", "usual_hits", "difference"]
    made = Table(columns=columns, rows=[_row(one) for one in shown], of=len(moved))
    hits, usual = sum(one.hits for one in shown), sum(one.usual for one in shown)
    other = Contribution("", of.hits - hits, of.usual - usual)
    if other.difference or (shown and (other.hits or other.usual)):
        made.closed_by(_row(other)[1:])
    return made.shortened_by(lambda: table(contributions, name, of=of, limit=len(shown) - 1) if shown else None)


def _row(one: Contribution) -> list[Cell]:
    return [one.name, one.hits, plain(one.usual), plain(one.difference)]


def _by_rows(reader: TrafficReader, compared: Compared, rows: Mapping[Slice, Rows], own: str) -> Parts:
    def counts_of(*windows: Window) -> RowCounts:
        return RowCounts.joined(rows[part].counts for window in windows for part in reader.counts_of(window))

    seen, usual = counts_of(compared.seen), counts_of(*compared.usual)
    parts = Parts(compared, own, {name: seen.of(name) for name in READ}, {name: usual.of(name) for name in READ})
    if page := parts.first_page:
        parts.sources = _sources(seen, page), _sources(usual, page)
    parts.notes += automated_by_rows(seen)
    return parts


async def _by_lists(api: CallContext, reader: TrafficReader, compared: Compared, own: str) -> Parts:
    slices = [list(reader.counts_of(window)) for window in (compared.seen, *compared.usual)]
    width = sum(map(len, slices))
    names = READ[: max(0, reader.room_for_more) // width]
    room = max(0, reader.room_for_more - len(names) * width)
    lists = iter(await read_lists(api, [(name, parts) for name in names for parts in slices], room))
    parts = Parts(compared, own)
    for name in names:
        parts.seen[name], *usual = (next(lists) for _ in slices)
        parts.usual[name] = reduce(DimensionCounts.plus, usual)
    page = parts.first_page
    if page and len(page.raw) * width <= reader.room_for_more:
        of_page = [[replace(part, path=cast("str", raw)) for part in one for raw in page.raw] for one in slices]
        now, *before = await read_lists(api, [("referrer", one) for one in of_page], 0)
        if all(one.is_complete for one in (now, *before)):
            parts.sources = now, reduce(DimensionCounts.plus, before)
    parts.notes += automated_by_lists(parts.seen)
    return parts


def _sources(counts: RowCounts, page: Contribution) -> DimensionCounts:
    found: Counter[Raw] = Counter()
    for (path, referrer), hits in counts.pairs.items():
        if path in page.raw:
            found[referrer] += hits
    return DimensionCounts(dict(found), {}, len(found))


def _names(dimension: Dimension, *counts: DimensionCounts) -> dict[str, Collection[Raw]]:
    """The names of all values, each with the values that it stands for."""
    every: Counter[Raw] = Counter()
    for one in counts:
        every.update(one.hits)
    return {named.name: named.raw for named in merged(dimension, every).values()}
