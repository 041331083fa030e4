"""Divides the difference between the hits of some days and the usual ones among pages, sources, countries and so on."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, reduce
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
from tinylytics_tools.read_hits import read_lists, read_rows
from tinylytics_tools.tables import counted, plain
from tinylytics_tools.traffic.automated import automated_by_lists, automated_by_rows
from tinylytics_tools.traffic.reader import TrafficReader
from tinylytics_tools.traffic.unusual import TIMES

READ: tuple[Dimension, ...] = ("path", "referrer", "country", "browser", "platform")
"""In the order in which they are read where there is not room for all."""
POINTS = 10
"""Percentage points that a share has to move by to tell a shift of the mix; and `TIMES` what chance alone moves it."""
ALIKE = 4
"""Hits that count as one there: a visitor's hits have the same country, browser and platform."""


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


@dataclass
class Parts:
    """The hits of some days and of the usual ones by dimension, as far as there was room; `number` stretches of these
    make up one usual count. `sources`: the referrers of the page that contributes most, on both sides. `own` is the
    host of the site itself, which is no source (ANSWERS 3a)."""

    own: str
    number: int
    seen: dict[Dimension, DimensionCounts]
    usual: dict[Dimension, DimensionCounts]
    notes: list[str]
    sources: tuple[DimensionCounts, DimensionCounts] | None = None

    def of(self, dimension: Dimension) -> list[Contribution] | None:
        """Return what each name contributes, the most first; None where the dimension was not read to its end."""
        found = self._all.get(dimension)
        if found is None or dimension not in OF_REFERRERS:
            return found
        no_source = (self.own, sanitize.DIRECT, sanitize.NOT_A_HOST) if dimension == "link" else (self.own,)
        return [one for one in found if sanitize.host(cast("str | None", one.raw[0])) not in no_source]

    @property
    def internal(self) -> list[str]:
        """A note on what the site's own pages refer; none where nothing, or not known."""
        own = [one for one in self._all.get("referrer", ()) if one.name == self.own]
        figures = [f"{counted(one.hits, 'hit')} against {plain(one.usual)}" for one in own]
        return [f"{self.own} is the site itself and no source: {both}, among other" for both in figures]

    @property
    def first_page(self) -> Contribution | None:
        """The page that contributes most."""
        return next(iter(self.of("path") or []), None)

    @property
    def source_of_first_page(self) -> Contribution | None:
        """The referrer that contributes most to that page; None where its referrers were not read."""
        found = self._contributions("referrer", *self.sources) if self.sources else []
        return next((one for one in found if one.name != self.own), None)

    @property
    def moved_shares(self) -> list[tuple[Dimension, Contribution, float, float]]:
        """The names whose share of the hits moved, the most first, with both shares in per cent."""
        moved: list[tuple[Dimension, Contribution, float, float]] = []
        for dimension in self.seen:
            now, then = self.seen[dimension].total, self.usual[dimension].total / self.number
            for one in self.of(dimension) or [] if now and then else []:
                share, before = 100 * one.hits / now, 100 * one.usual / then
                middle = (one.hits + one.usual) / (now + then)
                chance = 100 * sqrt(ALIKE * middle * (1 - middle) * (1 / now + 1 / then))
                if abs(share - before) >= max(POINTS, TIMES * chance):
                    moved.append((dimension, one, round(share, 1), round(before, 1)))
        return sorted(moved, key=lambda one: -abs(one[2] - one[3]))

    @cached_property
    def _all(self) -> dict[Dimension, list[Contribution]]:
        lists: dict[Dimension, list[Contribution]] = {}
        for name in self.seen:
            seen, usual = self.seen[name], self.usual[name]
            if seen.is_complete and usual.is_complete:
                lists[name] = self._contributions(name, seen, usual)
                if name == "referrer":
                    lists["link"] = self._contributions("link", seen, usual)
        return lists

    def _contributions(self, dimension: Dimension, seen: DimensionCounts, usual: DimensionCounts) -> list[Contribution]:
        def of(name: str, raws: tuple[Raw, ...]) -> Contribution:
            hits, before = (sum(one.hits.get(raw, 0) for raw in raws) for one in (seen, usual))
            return Contribution(name, hits, before / self.number, raws)

        found = [of(named.name, named.raw) for named in merged(dimension, seen.plus(usual).hits).values()]
        return sorted(found, key=lambda one: (-abs(one.difference), one.name))


async def read_parts(api: CallContext, reader: TrafficReader, seen: Window, usual: Sequence[Window], own: str) -> Parts:
    """Read both sides by the cheaper way: single hits, or lists; `reader` has counted them."""
    slices = [list(reader.counts_of(window)) for window in (seen, *usual)]
    counts = {part: count for window in (seen, *usual) for part, count in reader.counts_of(window).items()}
    cost = sum(pages(count.rows) for count in counts.values())
    if cost <= min(reader.room_for_more, len(counts) * len(READ)):
        rows = await read_rows(api, counts, with_pairs=True)
        if not any(part.missing for part in rows.values()):
            return _by_rows([RowCounts.joined(rows[part].counts for part in one) for one in slices], own)
    return await _by_lists(api, reader, slices, own)


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


def _by_rows(counts: Sequence[RowCounts], own: str) -> Parts:
    seen, usual = counts[0], RowCounts.joined(counts[1:])
    parts = Parts(
        own,
        len(counts) - 1,
        {name: seen.of(name) for name in READ},
        {name: usual.of(name) for name in READ},
        automated_by_rows(seen),
    )
    if page := parts.first_page:
        parts.sources = _sources(seen, page), _sources(usual, page)
    return parts


async def _by_lists(api: CallContext, reader: TrafficReader, slices: Sequence[list[Slice]], own: str) -> Parts:
    width = sum(map(len, slices))
    names = READ[: max(0, reader.room_for_more) // width]
    room = max(0, reader.room_for_more - len(names) * width)
    lists = iter(await read_lists(api, [(name, parts) for name in names for parts in slices], room))
    seen, usual = dict[Dimension, DimensionCounts](), dict[Dimension, DimensionCounts]()
    for name in names:
        seen[name], usual[name] = _sides([next(lists) for _ in slices])
    parts = Parts(own, len(slices) - 1, seen, usual, automated_by_lists(seen))
    page = parts.first_page
    if page and len(page.raw) * width <= reader.room_for_more:
        of_page = [[replace(part, path=cast("str", raw)) for part in one for raw in page.raw] for one in slices]
        sources = await read_lists(api, [("referrer", one) for one in of_page], 0)
        parts.sources = _sides(sources) if all(one.is_complete for one in sources) else None
    return parts


def _sides(lists: Sequence[DimensionCounts]) -> tuple[DimensionCounts, DimensionCounts]:
    return lists[0], reduce(DimensionCounts.plus, lists[1:])


def _sources(counts: RowCounts, page: Contribution) -> DimensionCounts:
    found: Counter[Raw] = Counter()
    for (path, referrer), hits in counts.pairs.items():
        if path in page.raw:
            found[referrer] += hits
    return DimensionCounts(dict(found), {}, len(found))
