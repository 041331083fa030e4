"""Counts single hits by everything they tell, page by page, so that no page has to be kept."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date
from operator import attrgetter

from tinylytics_tools import sanitize
from tinylytics_tools.dimensions import Dimension, Raw
from tinylytics_tools.hits.api import HitReply

_VALUES: dict[Dimension, Callable[[HitReply], Raw]] = {
    "path": attrgetter("path"),
    "referrer": attrgetter("referrer"),
    "country": attrgetter("country"),
    "browser": attrgetter("browser_name"),
    "platform": attrgetter("platform_name"),
    "source": attrgetter("source"),
    "device": attrgetter("is_mobile"),
}


@dataclass
class RowCounts:
    """Hits by dimension and by UTC day. A row that comes twice, because the list moved while it was read, counts once.

    `host`: only rows from this referring host count. `seen`: ids of the rows counted; tallies of pages of one list
    share it.
    """

    host: str | None = None
    hits: int = 0
    by: dict[Dimension, Counter[Raw]] = field(default_factory=dict[Dimension, Counter[Raw]])
    days: Counter[date] = field(default_factory=Counter[date])
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
        moments = [row.created_at.astimezone(UTC) for row in new]
        self._count("hour", (moment.hour for moment in moments))
        days = Counter(moment.date() for moment in moments)
        self.days.update(days)
        for day, hits in days.items():
            self.by.setdefault("weekday", Counter())[day.weekday()] += hits

    def absorb(self, other: "RowCounts") -> None:
        """Add the counts of hits that are all different from these."""
        self.hits += other.hits
        self.rows += other.rows
        self.days.update(other.days)
        for dimension, counts in other.by.items():
            self.by.setdefault(dimension, Counter()).update(counts)

    def _count(self, dimension: Dimension, values: Iterable[Raw]) -> None:
        self.by.setdefault(dimension, Counter()).update(values)
