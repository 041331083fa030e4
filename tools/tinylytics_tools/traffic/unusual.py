"""Finds the days, and the lasting shifts, that stand out of the hits of many days. What is told of them are counts.

Most sites have a weekly rhythm, so hits are set against what their weekday usually has. Distances are those of
logarithms: half as many are as far as twice as many. A day is unusual if it is off the usual level around it by
`FEWEST` hits, by `SHARE` of it, and by `TIMES` the spread: the larger of what chance alone does (one through the square
root of the hits) and of what the days of this site usually do (their median distance).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from math import sqrt
from statistics import fmean, median, median_low

from tinylytics_tools.periods import Window

FEWEST = 10
SHARE = 0.3
TIMES = 4
AROUND = 14
"""Days on each side of a day whose median is the level around it."""
MOST_WEEKS = 6
"""How many same weekdays on one side a day is compared with."""
NAMED = (4, 2, 1)
"""How many of them its usual hits are the mean of: as many as there are, of numbers that divide without a rest."""
WEEK = 7
ON_ONE_SIDE = 6
"""So many of the first seven days of a lasting shift lie on one side of the level before."""
LARGEST_DAY = 0.4
"""No day has a larger part of what these seven days have more, or less: else it is that day and its echo."""
MAD = 1.4826
"""What makes a median distance as large as a standard deviation where values are normally distributed."""
MEDIAN_ERROR = 1.25
"""The standard error of a median, beside that of a mean."""
_A_WEEK = timedelta(days=WEEK)


@dataclass(frozen=True)
class UnusualDay:
    """A day, its hits, and the mean of the days that it is compared with."""

    day: date
    hits: int
    compared_with: tuple[date, ...]
    usual: float

    @property
    def difference(self) -> float:
        """The hits minus the usual ones."""
        return self.hits - self.usual


class DailyHits:
    """The hits of known days."""

    def __init__(self, hits: Mapping[date, int]) -> None:
        self.hits = hits

    def day(self, day: date) -> UnusualDay | None:
        """Return a day and the mean of the same weekdays before it (around it, where there are fewer than two), none of
        which is itself far from the others; None where there is nothing to compare it with."""
        weeks = [timedelta(weeks=number) for number in range(1, MOST_WEEKS + 1)]
        near = [day - week for week in weeks if day - week in self.hits]
        if len(near) < 2:
            near += [day + week for week in weeks if day + week in self.hits]
        if not near:
            return None
        middle = median(self.hits[one] for one in near)
        ordinary = [one for one in near if not _is_far(self.hits[one], middle, 0)] or near
        number = next(number for number in NAMED if number <= len(ordinary))
        days = tuple(sorted(ordinary[:number]))
        return UnusualDay(day, self.hits[day], days, fmean(self.hits[one] for one in days))

    def unusual(self, days: Iterable[date]) -> list[UnusualDay]:
        """Return the unusual ones of some days, the farthest from its usual hits first."""
        far = [day for day in days if day in self.hits and _is_far(self.hits[day], self._usual(day), self._spread)]
        found = [one for day in far if (one := self.day(day)) and one.difference]
        return sorted(found, key=lambda one: (-abs(one.difference), one.day))

    def shift(self, window: Window) -> tuple[Window, Window] | None:
        """Return the clearest change within a window that lasts to its end, as whole weeks before it and as many from
        its first day on; None where there is none."""
        clear = [(score, day) for day in window.dates() if (score := self._clearness(day, window.last))]
        if not clear:
            return None
        _, start = max(clear)
        last = start - timedelta(days=1)
        weeks = min(_length(start, 1, self.hits), _length(last, -1, self.hits)) // WEEK
        length = timedelta(days=WEEK * weeks)
        return Window(start - length, last), Window(start, last + length)

    def unusual_beside(self, start: date, window: Window) -> list[UnusualDay]:
        """Return the unusual days of a window with a shift: those before its `start`, and those that stand out of the
        days since."""
        sides = [{day: hits for day, hits in self.hits.items() if (day < start) is before} for before in (True, False)]
        days = [one.day for side in sides for one in DailyHits(side).unusual(window.dates())]
        found = [one for day in days if (one := self.day(day))]
        return sorted(found, key=lambda one: (-abs(one.difference), one.day))

    def _clearness(self, start: date, last: date) -> float:
        """How many times its error a shift from a day on is; 0 where there is none that lasts."""
        after = _levels(self._level, start, 1, (last - start).days + 1)
        before = _levels(self._level, start - timedelta(days=1), -1, 2 * AROUND)
        if min(len(after), len(before)) < WEEK:
            return 0
        then, now, week = median(before), median(after), after[:WEEK]
        sign = 1 if now > then else -1
        excess = [sign * (level - then) for level in week]
        is_one_day = max(excess) > LARGEST_DAY * sum(excess)
        if is_one_day or sum(one > 0 for one in excess) < ON_ONE_SIDE or not _is_large(now, then):
            return 0
        spread = max(self._spread, 1 / sqrt(max(1, min(now, then))))
        days = len(after) * len(before) / (len(after) + len(before))
        if _distance(now, then) < TIMES * MEDIAN_ERROR * spread / sqrt(days):
            return 0
        return sqrt(days) * abs(fmean(map(sqrt, after)) - fmean(map(sqrt, before)))

    @cached_property
    def _weekdays(self) -> list[float]:
        """How many hits each weekday has, as a part of what a day has."""
        of_weekday = [[hits for day, hits in self.hits.items() if day.weekday() == number] for number in range(WEEK)]
        middles = [median_low(hits) if hits else None for hits in of_weekday]  # of two weeks one may be a spike
        known = [middle for middle in middles if middle]
        return [middle / fmean(known) if middle else 1.0 for middle in middles]

    @cached_property
    def _level(self) -> dict[date, float]:
        """The hits of each day, without the rhythm of the week."""
        return {day: hits / self._weekdays[day.weekday()] for day, hits in self.hits.items()}

    @cached_property
    def _spread(self) -> float:
        """How far a day usually is from its level: told by days a week apart, which a shift hardly changes."""
        pairs = [(hits, self.hits[before]) for day, hits in self.hits.items() if (before := day - _A_WEEK) in self.hits]
        return MAD * median(_distance(*pair) for pair in pairs) / sqrt(2) if pairs else 0.0

    def _usual(self, day: date) -> float:
        around = sorted((one for one in self.hits if one != day), key=lambda one: abs((one - day).days))[: 2 * AROUND]
        return median(self._level[one] for one in around) * self._weekdays[day.weekday()] if around else self.hits[day]


def _distance(hits: float, usual: float) -> float:
    return 2 * abs(sqrt(hits) - sqrt(usual)) / sqrt(max(1.0, usual))


def _is_large(hits: float, usual: float) -> bool:
    return abs(hits - usual) >= SHARE * usual


def _is_far(hits: float, usual: float, spread: float) -> bool:
    if abs(hits - usual) < FEWEST or not _is_large(hits, usual):
        return False
    return _distance(hits, usual) >= TIMES * max(spread, 1 / sqrt(max(1, usual)))


def _levels(levels: Mapping[date, float], day: date, step: int, most: int) -> list[float]:
    """The levels of days in a row, from one on in one direction."""
    days = (day + timedelta(days=step * number) for number in range(min(most, _length(day, step, levels))))
    return [levels[one] for one in days]


def _length(day: date, step: int, known: Mapping[date, float]) -> int:
    """How many days in a row are known, from one on in one direction."""
    length = 0
    while day + timedelta(days=step * length) in known:
        length += 1
    return length
