"""Counts hits by dimension: from grouped lists, or from single hits page by page, so that no page has to be kept."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date
from operator import attrgetter

from tinylytics_tools import sanitize
from tinylytics_tools.dimensions import GROUPED, OF_REFERRERS, Dimension, Raw
from tinylytics_tools.hits.api import Groups, HitReply

_VALUES: dict[Dimension, Callable[[HitReply], Raw]] = {
    **{name: attrgetter(field) for name, field in GROUPED.items() if name not in OF_REFERRERS[1:]},
    "device": attrgetter("is_mobile"),
}


@dataclass
class DimensionCounts:
    """Hits of one dimension by raw value. `of`: how many values there are; all are read if `is_complete`."""

    hits: dict[Raw, int] = field(default_factory=dict[Raw, int])
    unique: dict[Raw, int | None] = field(default_factory=dict[Raw, int | None])
    of: int = 0
    is_complete: bool = True

    @property
    def total(self) -> int:
        return sum(self.hits.values())

    @classmethod
    def of_groups(cls, lists: Sequence[Groups]) -> "DimensionCounts":
        whole = cls()
        for one in lists:
            of = one.of if one.host is None else len(one.hits)
            whole = whole.plus(cls({**one.hits}, {**one.unique}, of, one.is_complete))
        return whole

    def plus(self, other: "DimensionCounts") -> "DimensionCounts":
        """Return the counts of both, which have no hit in common; uniques of a value that both have are not known."""
        hits = {raw: self.hits.get(raw, 0) + other.hits.get(raw, 0) for raw in [*self.hits, *other.hits]}
        unique = {**self.unique, **other.unique} | {raw: None for raw in self.hits if raw in other.hits}
        is_complete = self.is_complete and other.is_complete
        of = len(hits) if is_complete else max(self.of, other.of, len(hits))
        return DimensionCounts(hits, unique, of, is_complete)

    def minus(self, other: "DimensionCounts") -> "DimensionCounts":
        """Return these counts without others that are a part of them; uniques are not known."""
        hits = {raw: left for raw, number in self.hits.items() if (left := number - other.hits.get(raw, 0)) > 0}
        return DimensionCounts(hits, {}, len(hits), self.is_complete and other.is_complete)


Agent = tuple[str | None, str | None, str | None]
"""The country, browser and platform of a hit."""


@dataclass
class RowCounts:
    """Hits by dimension, and by UTC day and hour (`moments`). `agents`: of each path the agent of all its hits, None
    where these differ.

    A row that comes twice, because the list moved while it was read, counts once: `seen` holds the ids of all. `host`:
    only rows from this referring host count.
    """

    host: str | None = None
    with_pairs: bool = False
    hits: int = 0
    by: dict[Dimension, Counter[Raw]] = field(default_factory=dict[Dimension, Counter[Raw]])
    moments: Counter[tuple[date, int]] = field(default_factory=Counter[tuple[date, int]])
    agents: dict[str | None, Agent | None] = field(default_factory=dict[str | None, Agent | None])
    pairs: Counter[tuple[Raw, Raw]] = field(default_factory=Counter[tuple[Raw, Raw]])
    rows: int = 0
    seen: set[int] = field(default_factory=set[int])

    def add(self, rows: Iterable[HitReply]) -> None:
        """Count a page. `hour` and `weekday` are those of UTC, as the API's times are (field notes 16)."""
        new: list[HitReply] = []
        for row in rows:
            if row.id is not None:
                if row.id in self.seen:
                    continue
                self.seen.add(row.id)
            self.rows += 1
            if self.host is None or sanitize.host(row.referrer) == self.host:
                new.append(row)
        self.hits += len(new)
        for dimension, value_of in _VALUES.items():
            self._count(dimension, map(value_of, new))
        moments = (row.created_at.astimezone(UTC) for row in new)
        self.moments.update((moment.date(), moment.hour) for moment in moments)
        if self.with_pairs:
            self.pairs.update((row.path, row.referrer) for row in new)
        for row in new:
            self._note_agent(row.path, (row.country, row.browser_name, row.platform_name))

    @classmethod
    def joined(cls, parts: Iterable["RowCounts"]) -> "RowCounts":
        """Return the counts of hits that are all different."""
        whole = cls()
        for part in parts:
            whole.hits += part.hits
            whole.rows += part.rows
            whole.moments.update(part.moments)
            whole.pairs.update(part.pairs)
            for path, agent in part.agents.items():
                whole._note_agent(path, agent)
            for dimension, counts in part.by.items():
                whole._count(dimension, counts)
        return whole

    def of(self, dimension: Dimension) -> DimensionCounts:
        hits: Counter[Raw] = Counter(self.by.get("referrer" if dimension in OF_REFERRERS else dimension, {}))
        for (day, hour), number in self.moments.items() if dimension in ("hour", "weekday") else ():
            hits[hour if dimension == "hour" else day.weekday()] += number
        return DimensionCounts(dict(hits), {}, len(hits))

    def days(self) -> Counter[date]:
        days: Counter[date] = Counter()
        for (day, _), hits in self.moments.items():
            days[day] += hits
        return days

    def _note_agent(self, path: str | None, agent: Agent | None) -> None:
        if self.agents.setdefault(path, agent) != agent:
            self.agents[path] = None

    def _count(self, dimension: Dimension, values: Iterable[Raw]) -> None:
        self.by.setdefault(dimension, Counter()).update(values)
