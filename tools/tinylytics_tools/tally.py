"""Counts single hits by everything they tell, page by page, so that no page has to be kept."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date

from tinylytics_tools import visitor_text
from tinylytics_tools.hit_log import HitReply
from tinylytics_tools.merge import Dimension, Raw


@dataclass
class Tally:
    """Hits by dimension and by UTC day. A row that comes twice, because the list moved while it was read, counts once.

    `host`: only rows from this referring host count.
    """

    host: str | None = None
    hits: int = 0
    by: dict[Dimension, Counter[Raw]] = field(default_factory=dict[Dimension, Counter[Raw]])
    days: Counter[date] = field(default_factory=Counter[date])
    rows: int = 0
    _seen: set[int] = field(default_factory=set[int])

    def add(self, rows: Iterable[HitReply]) -> None:
        """Count a page. `hour` and `weekday` are those of UTC, as the API's times are (field notes 16)."""
        new: list[HitReply] = []
        for row in rows:
            if row.id is not None:
                if row.id in self._seen:
                    continue
                self._seen.add(row.id)
            self.rows += 1
            if self.host is None or visitor_text.host(row.referrer) == self.host:
                new.append(row)
        self.hits += len(new)
        moments = [row.created_at.astimezone(UTC) for row in new]
        self._count("path", (row.path for row in new))
        self._count("referrer", (row.referrer for row in new))
        self._count("country", (row.country for row in new))
        self._count("browser", (row.browser_name for row in new))
        self._count("platform", (row.platform_name for row in new))
        self._count("source", (row.source for row in new))
        self._count("device", (row.is_mobile for row in new))
        self._count("hour", (moment.hour for moment in moments))
        self._count("weekday", (moment.weekday() for moment in moments))
        self.days.update(moment.date() for moment in moments)

    def absorb(self, other: "Tally") -> None:
        """Add the counts of hits that are all different from these."""
        self.hits += other.hits
        self.rows += other.rows
        self.days.update(other.days)
        for dimension, counts in other.by.items():
            self.by.setdefault(dimension, Counter()).update(counts)

    def _count(self, dimension: Dimension, values: Iterable[Raw]) -> None:
        self.by.setdefault(dimension, Counter()).update(values)
