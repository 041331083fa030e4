"""Finds what there is to explain: a day, a lasting shift, or a whole period, and the days that it is set against."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Literal

from tinylytics_tools.periods import Comparison, Window
from tinylytics_tools.scope import Scope
from tinylytics_tools.tables import SMALL, counted
from tinylytics_tools.traffic.compare import NOT_ON_ALL, earlier_days, moved, spoken, too_young
from tinylytics_tools.traffic.reader import TrafficReader
from tinylytics_tools.traffic.spikes import find_spikes, in_headline, notes_on_days
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
    """What is explained, and against what: the `hits` of the days `seen` against `usual`, those of `usual_days`, which
    are none where there is nothing to set them against. `days`: the unusual days that were found. `carried`: in words,
    what single days make of a whole period; None where it was seen that none makes much of it. `is_young`: the site was
    not there on all of the usual days."""

    kind: Kind
    seen: Window
    hits: int
    usual_days: Sequence[Window] = ()
    usual: float | None = None
    against: str = ""
    days: Sequence[UnusualDay] = ()
    notes: tuple[str, ...] = ()
    carried: str | None = None
    is_young: bool = False

    @property
    def difference(self) -> float | None:
        """The hits minus the usual ones."""
        return None if self.usual is None else self.hits - self.usual


async def find_day(reader: TrafficReader, day: date, whole: date) -> Finding:
    """Return whether a day is unusual, against the same weekdays before it, from the site's first `whole` day on."""
    near = [one for week in range(MOST_WEEKS + 1) if (one := day - timedelta(weeks=week)) >= whole or not week]
    hits = await _count_days(reader, near)
    found = hits.day(day)
    if found is None:
        note = f"nothing to compare with: the site was not yet there on the whole of a {day:%A} before"
        return Finding("too little to say", Window(day, day), hits.hits[day], notes=(note,))
    is_unusual = bool(hits.unusual([day]))
    is_little = max(found.hits, found.usual) < FEWEST or (len(near) < 3 and not is_unusual)
    return replace(
        _of_day(found), kind="unusual day" if is_unusual else "too little to say" if is_little else "usual day"
    )


async def find_in_period(
    reader: TrafficReader, scope: Scope, comparison: Comparison | None, finished: Window, born: date, whole: date
) -> Finding:
    """Return what stands out of the finished days of a period, from the site's first `whole` day on: the largest shift
    or unusual day, else the whole period."""
    finished = finished.common(Window(whole, max(whole, finished.last))) or finished
    hits = await _days_around(reader, finished, whole, in_utc=scope.zone == "utc")
    if hits is None:
        return await find_whole(reader, scope, comparison, born)
    shift = hits.shift(finished)
    if shift is None:
        unusual = hits.unusual(finished.dates())
        if unusual:
            return replace(_of_day(unusual[0]), days=unusual)
        return await find_whole(reader, scope, comparison, born)
    before, after = shift
    unusual = hits.unusual_beside(after.first, finished)
    await reader.count(after, before)
    now, then = reader.hits(after), reader.hits(before)
    notes = () if then else ("no hit at all on the days before: counting may have begun then",)
    if unusual and abs(unusual[0].difference) >= LARGEST_DAY * abs(now - then):
        note = f"besides, it shifted: {spoken(after)}, have {moved(now - then, None, then)} on as many days before"
        return replace(_of_day(unusual[0]), days=unusual, notes=(note, *notes))
    return Finding("lasting shift", after, now, [before], then, "on as many days before", unusual, notes)


async def find_whole(reader: TrafficReader, scope: Scope, comparison: Comparison | None, born: date) -> Finding:
    """Return a whole period against the one before, and the single days that carry one of them."""
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
    against, carried, is_young = earlier_days(comparison), None, born > then.first
    notes = [f"the site has no day before {born} and is younger than the earlier days"] if is_young else []
    if now.days != then.days:
        notes.append(f"{counted(now.days, 'day')} against {counted(then.days, 'day')}")
    of_now, of_before = [await find_spikes(reader, one, kept=KEPT[0]) for one in (now, then)]
    notes += notes_on_days(of_now, of_before, reaches_today=scope.running is not None)
    if days := in_headline(of_now, of_before):
        carried = days.removeprefix("; ")
    elif kind == "whole period" and not (of_now.is_even and of_before.is_even):
        carried = f"{'more' if hits > before else 'fewer'} than before"
    against += NOT_ON_ALL if is_young else ""
    return Finding(kind, now, hits, [then], before, against, (), tuple(notes), carried, is_young)


async def find_lasting(reader: TrafficReader, day: date, whole: date, last: date) -> dict[str, Any]:
    """Return the hits a day in the week before a day, on it and afterwards, and whether the difference lasted, as
    fields of an answer; none where no day before it is known."""
    if day <= whole:
        return {}
    before = Window(max(whole, day - timedelta(days=WEEK)), day - timedelta(days=1))
    after = Window(day + timedelta(days=1), min(last, day + timedelta(days=WEEK))) if day < last else None
    await reader.count(before, after)
    then, peak = round(reader.hits(before) / before.days, 1), reader.hits(Window(day, day))
    now = round(reader.hits(after) / after.days, 1) if after else None
    words = "not known yet: no day after it is over"
    if now is not None and after is not None:
        left = (now - then) / (peak - then) if peak != then else 0
        word = "it lasted" if left >= 0.5 else "it lasted in part" if left >= 0.2 else "it did not last"
        days = f"{now:g} a day on the {counted(after.days, 'day')} after"
        words = f"{word}: {then:g} hits a day before, {peak} on the day, {days}"
    return {"before_a_day": then, "peak": peak, "after_a_day": now, "lasted": words}


def _of_day(found: UnusualDay) -> Finding:
    number, weekday = len(found.compared_with), f"{found.day:%A}"
    when = "before" if max(found.compared_with) < found.day else "around it"
    against = f"on the {weekday} {when}" if number == 1 else f"on average on {number} {weekday}s {when}"
    usual_days = [Window(day, day) for day in found.compared_with]
    return Finding("unusual day", Window(found.day, found.day), found.hits, usual_days, found.usual, against)


async def _days_around(reader: TrafficReader, finished: Window, whole: date, *, in_utc: bool) -> DailyHits | None:
    """Return the hits of each finished day and of days before; None where not even the finished ones can be counted."""
    ranges = [
        Window(min(finished.first, max(whole, finished.first - timedelta(days=days))), finished.last)
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
