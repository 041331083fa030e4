"""What was read of the traffic of some days: as a whole, or by one dimension."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from tinylytics_tools.answer import Table
from tinylytics_tools.count_rows import DimensionCounts
from tinylytics_tools.dimensions import OF_REFERRERS, PLURAL, Dimension, shown
from tinylytics_tools.periods import Series
from tinylytics_tools.tables import ranking
from tinylytics_tools.traffic.estimate import Estimate


@dataclass
class TrafficWindow:
    """What was read of a window. `today` is None where the window does not reach it; `series` where there was no room.
    `unread`: why a dimension that was requested is not in `by`. `hours`: hits of each hour of a single day that was
    read hit by hit."""

    total: int
    today: int | None
    by: dict[Dimension, DimensionCounts]
    series: Series | None
    hits_in_series: list[int]
    notes: list[str] = field(default_factory=list[str])
    is_complete: bool = True
    unread: str = ""
    hours: list[int] = field(default_factory=list[int])

    @property
    def finished(self) -> int:
        """Hits of the finished days."""
        return self.total - (self.today or 0)

    def disagreements(self) -> list[str]:
        """Return where complete lists, or the series, do not add up to the total, and by how much."""
        sums = {PLURAL[name]: counts.total for name, counts in self.by.items() if counts.is_complete}
        if self.series is not None:
            sums["series"] = sum(self.hits_in_series)
        return [
            f"{name} add up to {number}, the total is {self.total}: hits arrived while reading, or have no value there"
            for name, number in sums.items()
            if number != self.total
        ]


@dataclass
class DimensionTraffic:
    """Hits by one dimension: of `finished` days, of today (`running`), and of the days before.

    `total` is the counted number of hits of the window. Where hits were read one by one, `moments` has the finished
    ones by UTC day and hour, and `automated` notes on which of them look so. `before` is None where there was no room,
    or nothing to compare. With an `estimate` all counts are empty, and so they are where hits that are counted could
    not be read: `unread` says why. `carried`: the days that carry it, as the end of a headline.
    """

    total: int
    today: int | None
    finished: DimensionCounts = field(default_factory=DimensionCounts)
    running: DimensionCounts = field(default_factory=DimensionCounts)
    before: DimensionCounts | None = None
    estimate: Estimate | None = None
    unread: str | None = None
    moments: Counter[tuple[date, int]] = field(default_factory=Counter[tuple[date, int]])
    automated: list[str] = field(default_factory=list[str])
    notes: list[str] = field(default_factory=list[str])
    carried: str = ""

    @property
    def is_exact(self) -> bool:
        """Whether all of it was counted."""
        is_read = self.estimate is None and self.unread is None
        return is_read and self.finished.is_complete and self.running.is_complete

    def plus(self, other: "DimensionTraffic", sign: int) -> "DimensionTraffic":
        """Return the traffic with other hits (`sign` 1), or without some of its own (-1). Both are exact."""
        combine = DimensionCounts.plus if sign > 0 else DimensionCounts.minus
        moments = Counter(self.moments)
        moments.update({moment: sign * hits for moment, hits in other.moments.items()})
        return replace(
            self,
            total=self.total + sign * other.total,
            today=None if self.today is None else self.today + sign * (other.today or 0),
            finished=combine(self.finished, other.finished),
            running=combine(self.running, other.running),
            before=combine(self.before, other.before) if self.before and other.before else None,
            moments=+moments,
            automated=[],
            notes=list(dict.fromkeys([*self.notes, *(other.notes if other.before is None else [])])),
        )


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
