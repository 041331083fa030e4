"""Finds the single days that carry a window: so many of its hits fall on them that figures are mostly theirs.

ANSWERS 3a: such a day is named, whatever the scale of the series, wherever its hits are known or can be counted.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from tinylytics_tools.dimensions import Dimension, shown
from tinylytics_tools.periods import Series, Window
from tinylytics_tools.tables import counted, percent
from tinylytics_tools.traffic.counts import DimensionTraffic
from tinylytics_tools.traffic.reader import TrafficReader

SHARE = 0.15
"""The least share of a window's hits that a day has to have to carry it."""
TIMES = 3
"""How many times the hits of an average other day it has to have."""
FEWEST_HITS = 10
FEWEST_DAYS = 4
FEW_PAGES = 3
"""So many pages of single hits tell every day in fewer requests than counts of parts."""
_MOST_NAMED = 3


@dataclass(frozen=True)
class Spikes:
    """The days that carry a window of so many `hits`, with theirs; `is_read` is false where days were not looked at."""

    window: Window | None
    hits: int = 0
    days: list[tuple[date, int]] = field(default_factory=list[tuple[date, int]])
    is_read: bool = True

    @property
    def is_even(self) -> bool:
        """Whether days were looked at, and none carries the others."""
        return self.is_read and not self.days and self.window is not None and self.window.days >= FEWEST_DAYS

    def words(self, what: str) -> str | None:
        """Return in a sentence which days carry `what`, and what is left without them; None where none does."""
        if not self.days or self.window is None:
            return None
        named = [f"{day:%A} {day} has {hits}, {percent(hits, self.hits):g} %" for day, hits in self.days[:_MOST_NAMED]]
        stand, them = ("one day stands", "it") if len(self.days) == 1 else (f"{len(self.days)} days stand", "them")
        rest, days = self.hits - sum(hits for _, hits in self.days), self.window.days - len(self.days)
        return (
            f"{stand} out in the {counted(self.hits, 'hit')} of {what}: {', '.join(named)}; "
            f"without {them} {rest}, {rest / days:.1f} a day"
        )


async def find_spikes(
    reader: TrafficReader, window: Window | None, *, parts: Sequence[Window] | None = None, kept: int = 0
) -> Spikes:
    """Return the days of a window that carry it, the largest first; not looked at where there is no room to count, with
    `kept` requests left. Of its parts (`parts` where these are counted already) only those with enough hits for such a
    day are divided."""
    window = await reader.since_born(window)
    if window is None or window.days < FEWEST_DAYS:
        return Spikes(window)
    if reader.cost([window]) > reader.room_for_more - kept:
        return Spikes(window, is_read=False)
    await reader.count(window)
    total = reader.hits(window)
    least = max(FEWEST_HITS, SHARE * total)
    days = [Window(day, day) for day in window.dates()]
    await reader.read_days(window, most=FEW_PAGES)
    if reader.cost(days) == 0:
        parts = days
    parts = parts or window.pieces(max(1, round(window.days * SHARE / 2)))
    found: list[tuple[date, int]] = []
    while parts and total >= FEWEST_HITS:
        if reader.cost(parts) > reader.room_for_more - kept:
            return Spikes(window, total, is_read=False)
        await reader.count(*parts)
        heavy = [part for part in parts if reader.hits(part) >= least]
        found += [(part.first, reader.hits(part)) for part in heavy if part.days == 1]
        parts = [piece for part in heavy if part.days > 1 for piece in part.pieces(-(-part.days // 3))]
    ordinary = [(day, hits) for day, hits in found if hits * (window.days - 1) >= TIMES * (total - hits)]
    return Spikes(window, total, sorted(ordinary, key=lambda day: (-day[1], day[0])))


async def find_both(
    reader: TrafficReader, finished: Window | None, *, series: Series | None = None
) -> tuple[Spikes, Spikes]:
    """Return the days that carry the finished days asked about, and the earlier ones; `series` was counted."""
    parts = [part for one in series.windows if (part := finished.common(one))] if series and finished else None
    return await find_spikes(reader, finished, parts=parts), await find_spikes(reader, reader.earlier)


def notes_on_days(of_now: Spikes, of_before: Spikes, *, reaches_today: bool) -> list[str]:
    """Return notes on the days that carry the finished days asked about, and those before."""
    what = "the finished days" if reaches_today else "these days"
    words = [of_now.words(what), of_before.words("the days before")]
    named = ((of_now, "these days"), (of_before, "the days before"))
    return [*filter(None, words), *not_looked_at([name for spikes, name in named if not spikes.is_read])]


def in_headline(of_now: Spikes, of_before: Spikes | None) -> str:
    """Return the same as parts of a headline, each after a semicolon; empty where no day carries anything."""
    return "".join(
        f"; {sum(hits for _, hits in one.days)} of {which} on "
        f"{one.days[0][0] if len(one.days) == 1 else f'{len(one.days)} days'} alone"
        for one, which in ((of_now, "them"), (of_before, "those before"))
        if one and one.days
    )


def notes_on_rows(
    reader: TrafficReader, traffic: DimensionTraffic, dimension: Dimension, window: Window | None
) -> list[str]:
    """Return notes on hours, or weekdays, most of whose hits are of one day of the window."""
    if window is None or window.days < FEWEST_DAYS:
        return []
    by_name: dict[str, Counter[date]] = {}
    if dimension == "weekday" and reader.cost(Window(day, day) for day in window.dates()) == 0:
        for day in window.dates():
            by_name.setdefault(shown("weekday", day.weekday()), Counter())[day] = reader.hits(Window(day, day))
    for (day, hour), hits in traffic.moments.items() if dimension == "hour" else ():
        by_name.setdefault(shown("hour", hour), Counter(dict.fromkeys(window.dates(), 0)))[day] = hits
    notes = [note for name, days in sorted(by_name.items()) if (note := _note_on_row(name, days))]
    more = len(notes) - _MOST_NAMED
    return [*notes[:_MOST_NAMED], f"so it is with {more} more"] if more > 0 else notes


def _note_on_row(name: str, days: Counter[date]) -> str | None:
    total, (largest, hits) = days.total(), days.most_common(1)[0]
    is_most = 2 * hits > total and hits * (len(days) - 1) >= TIMES * (total - hits)
    if len(days) < 2 or hits < FEWEST_HITS or not is_most:
        return None
    return f"{name}: {hits} of its {counted(total, 'hit')} are of {largest} alone"


def not_looked_at(of: Sequence[str]) -> list[str]:
    """Return a note on days that were not looked at one by one."""
    if not of:
        return []
    return [f"not looked at day by day, too many to count in one call: {' and '.join(of)}"]
