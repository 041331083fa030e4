"""Finds what there is to explain: a day, a lasting shift, or a whole period, and the days that it is set against."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal

from tinylytics_tools.periods import Compare, Window, earlier
from tinylytics_tools.scope import Scope
from tinylytics_tools.tables import SMALL, counted
from tinylytics_tools.traffic.compare import earlier_days, moved, spoken, too_young
from tinylytics_tools.traffic.contributions import Compared
from tinylytics_tools.traffic.reader import TrafficReader
from tinylytics_tools.traffic.spikes import spike_notes
from tinylytics_tools.traffic.unusual import FEWEST, LARGEST_DAY, MOST_WEEKS, WEEK, DailyHits, UnusualDay

Kind = Literal[
    "unusual day",
    "usual day",
    "lasting shift",
    "whole period",
    "shift of the mix",
    "nothing unusual",
    "too little to say",
]
DAYS_BEFORE = (4 * WEEK, 2 * WEEK, WEEK, 0)
"""How many days before those asked about are looked at as well: as many as there is room for."""
KEPT = (13, 7)
"""Requests kept for the parts while days are counted; the second where days do not fit beside the first."""
FEW_PAGES = 15
"""So many pages of single hits tell all days in fewer requests than a count of each."""
MOVED = 0.25
"""The least change of a whole period that is one, as a part of the earlier hits."""


@dataclass(frozen=True)
class Finding:
    """What is explained, in words, and against what. `compared` is None where there is nothing to set it against.

    `hits` are of the days seen, `usual` what they are set against. `days`: the unusual days that were found.
    """

    kind: Kind
    seen: Window
    hits: int
    compared: Compared | None = None
    usual: float | None = None
    against: str = ""
    days: Sequence[UnusualDay] = ()
    notes: tuple[str, ...] = ()

    @property
    def difference(self) -> float | None:
        """The hits minus the usual ones."""
        return None if self.usual is None else self.hits - self.usual


async def find_day(reader: TrafficReader, day: date, born: date) -> Finding:
    """Return whether a day is unusual, against the same weekdays before it."""
    near = [one for week in range(MOST_WEEKS + 1) if (one := day - timedelta(weeks=week)) >= born or not week]
    hits = await _count_days(reader, near)
    found = hits.day(day)
    if found is None:
        note = f"nothing to compare with: the site began on {born}, and there is no {day:%A} before"
        return Finding("too little to say", Window(day, day), hits.hits[day], notes=(note,))
    is_unusual = bool(hits.unusual([day]))
    is_little = max(found.hits, found.usual) < FEWEST or (len(near) < 3 and not is_unusual)
    return replace(
        _of_day(found), kind="unusual day" if is_unusual else "too little to say" if is_little else "usual day"
    )


async def find_in_period(reader: TrafficReader, scope: Scope, finished: Window, born: date) -> Finding:
    """Return what stands out of the finished days of a period: the largest shift or unusual day, else the whole."""
    hits = await _days_around(reader, finished, born, in_utc=scope.zone == "utc")
    if hits is None:
        whole = await find_whole(reader, scope, "previous_period", born)
        return replace(whole, notes=(*whole.notes, "not looked at day by day, too many to count in one call"))
    shift = hits.shift(finished)
    if shift is None:
        unusual = hits.unusual(finished.dates())
        if unusual:
            return replace(_of_day(unusual[0]), days=unusual)
        return await find_whole(reader, scope, "previous_period", born)
    unusual = hits.unusual_beside(shift, finished)
    compared = Compared(shift.after, [shift.before])
    await reader.count(shift.after, shift.before)
    now, then = reader.hits(shift.after), reader.hits(shift.before)
    if unusual and abs(unusual[0].difference) >= LARGEST_DAY * abs(now - then):
        note = (
            f"besides, it shifted: {spoken(shift.after)}, have {moved(now - then, None, then)} on as many days before"
        )
        return replace(_of_day(unusual[0]), days=unusual, notes=(note,))
    notes = () if then else ("no hit at all on the days before: counting may have begun then",)
    return Finding("lasting shift", shift.after, now, compared, then, "on as many days before", unusual, notes)


async def find_whole(
    reader: TrafficReader, scope: Scope, compare: Compare, born: date, *, asked: bool = False
) -> Finding:
    """Return a whole period against the one before; `asked`: its single days have not been looked at yet."""
    comparison = earlier(scope.requested, compare, today=scope.today)
    finished = scope.finished or scope.window
    note = too_young(comparison, born)
    if comparison is None or note:
        await reader.count(finished)
        why = note or "nothing to compare with: all days since the site began are asked about"
        return Finding("too little to say", finished, reader.hits(finished), notes=(why,))
    now, then = comparison.current, comparison.earlier
    await reader.count(now, then)
    hits, before = reader.hits(now), reader.hits(then)
    kind: Kind = "nothing unusual"
    if max(hits, before) < SMALL:
        kind = "too little to say"
    elif abs(hits - before) >= max(FEWEST, MOVED * before):
        kind = "whole period"
    notes = [f"the site began on {born} and is younger than the earlier days"] if born > then.first else []
    if now.days != then.days:
        notes.append(f"{counted(now.days, 'day')} against {counted(then.days, 'day')}")
    if asked:
        reader.earlier = then
        notes += await spike_notes(reader, now, reaches_today=scope.running is not None)
    return Finding(kind, now, hits, Compared(now, [then]), before, earlier_days(comparison), notes=tuple(notes))


@dataclass(frozen=True)
class Lasting:
    """Hits a day in the week before, on the largest day, and afterwards; None where these days are not over."""

    before: float
    peak: int
    after: float | None
    days_after: int

    @property
    def words(self) -> str:
        """Whether the difference lasted."""
        if self.after is None:
            return "not known yet: no day after it is over"
        rose = self.peak - self.before
        left = (self.after - self.before) / rose if rose else 0
        word = "it lasted" if left >= 0.5 else "it lasted in part" if left >= 0.2 else "it did not last"
        after = f"{self.after:g} a day on the {counted(self.days_after, 'day')} after"
        return f"{word}: {self.before:g} hits a day before, {self.peak} on the day, {after}"


async def find_lasting(reader: TrafficReader, day: date, born: date, last: date) -> Lasting | None:
    """Return what came before and after a day; None where no day before it is known."""
    before = Window(max(born, day - timedelta(days=WEEK)), day - timedelta(days=1)) if day > born else None
    after = Window(day + timedelta(days=1), min(last, day + timedelta(days=WEEK))) if day < last else None
    if before is None:
        return None
    await reader.count(before, after)
    return Lasting(
        round(reader.hits(before) / before.days, 1),
        reader.hits(Window(day, day)),
        round(reader.hits(after) / after.days, 1) if after else None,
        after.days if after else 0,
    )


def _of_day(found: UnusualDay) -> Finding:
    seen = Window(found.day, found.day)
    number, weekday = len(found.compared_with), f"{found.day:%A}"
    when = "before" if max(found.compared_with) < found.day else "around it"
    against = f"on the {weekday} {when}" if number == 1 else f"on average on {number} {weekday}s {when}"
    compared = Compared(seen, [Window(day, day) for day in found.compared_with])
    return Finding("unusual day", seen, found.hits, compared, found.usual, against)


async def _days_around(reader: TrafficReader, finished: Window, born: date, *, in_utc: bool) -> DailyHits | None:
    """Return the hits of each finished day and of days before; None where not even the finished ones can be counted."""
    ranges = [
        Window(min(finished.first, max(born, finished.first - timedelta(days=days))), finished.last)
        for days in DAYS_BEFORE
    ]
    if in_utc and reader.cost(ranges[:1]) < reader.room_for_more:
        await reader.count(ranges[0])
        await reader.read_days(ranges[0], most=FEW_PAGES)
    for kept in KEPT:
        for one in ranges:
            if reader.cost(Window(day, day) for day in one.dates()) <= reader.room_for_more - kept:
                return await _count_days(reader, list(one.dates()))
    return None


async def _count_days(reader: TrafficReader, days: Sequence[date]) -> DailyHits:
    await reader.count(*(Window(day, day) for day in days))
    return DailyHits({day: reader.hits(Window(day, day)) for day in days})
