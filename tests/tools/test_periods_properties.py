"""What holds for every day of several years, and for every window."""

from datetime import date, timedelta
from itertools import pairwise
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.properties import examples
from tinylytics_tools.periods import PERIODS, Compare, Window, earlier, resolve, series_in_order

YEARS = [date(2023, 1, 1) + timedelta(days=n) for n in range(3 * 365 + 1)]  # 2024 has a leap day
BORN = date(2022, 3, 7)
ONE = timedelta(days=1)


def between(one: date, other: date) -> Window:
    return Window(min(one, other), max(one, other))


dates = st.dates(date(2001, 1, 1), date(2032, 12, 31))
firsts = dates.map(lambda day: day.replace(day=1))
windows = st.builds(between, dates | firsts, dates | firsts.map(lambda day: day - ONE))
compares = st.sampled_from([compare for compare in get_args(Compare) if compare != "none"])


def parts_make(whole: Window, parts: list[Window]) -> bool:
    touching = all(after.first - before.last == timedelta(days=1) for before, after in pairwise(parts))
    return touching and (parts[0].first, parts[-1].last) == (whole.first, whole.last)


@pytest.mark.parametrize(
    ("period", "count"),
    [("today", 1), ("yesterday", 1), ("last_7_days", 7), ("last_30_days", 30), ("last_90_days", 90), ("last_week", 7)],
)
def test_a_period_of_n_days_is_n_days_on_every_day(period: str, count: int) -> None:
    assert {resolve(period, None, None, today=day, earliest=BORN).window.days for day in YEARS} == {count}


@pytest.mark.parametrize("period", [period for period in PERIODS if period.startswith("last_")])
def test_last_anything_is_over_before_today_on_every_day(period: str) -> None:
    assert all(resolve(period, None, None, today=day, earliest=BORN).window.last < day for day in YEARS)


@pytest.mark.parametrize("period", [period for period in PERIODS if period.startswith("this_")])
def test_this_anything_holds_today_and_follows_the_last_one_on_every_day(period: str) -> None:
    for day in YEARS:
        window = resolve(period, None, None, today=day, earliest=BORN).window
        last = resolve(period.replace("this", "last"), None, None, today=day, earliest=BORN).window
        assert window.last == day
        assert window.first - last.last == timedelta(days=1)


@pytest.mark.parametrize("period", ["last_month", "last_year", "last_12_months"])
def test_whole_months_start_on_a_first_and_end_before_one(period: str) -> None:
    for day in YEARS:
        window = resolve(period, None, None, today=day, earliest=BORN).window
        assert (window.first.day, (window.last + timedelta(days=1)).day) == (1, 1)
        months = (window.last.year - window.first.year) * 12 + window.last.month - window.first.month + 1
        assert months == (1 if period == "last_month" else 12)


@pytest.mark.parametrize("period", PERIODS)
@pytest.mark.parametrize("compare", ["previous_period", "previous_year"])
def test_finished_days_are_compared_with_the_right_ones_before_on_every_day(period: str, compare: Compare) -> None:
    for day in YEARS:
        asked = resolve(period, None, None, today=day, earliest=BORN)
        found = earlier(asked, compare, today=day)
        if found is None:
            assert period == "all_time" or asked.window.first == day
            continue
        assert found.earlier.last < found.current.first
        assert (found.current.first, found.current.last) == (asked.window.first, min(asked.window.last, day - ONE))
        if compare == "previous_year":
            assert same_dates(found.current, found.earlier, 12)
        elif period in ("this_month", "this_year"):
            assert same_dates(found.current, found.earlier, 1 if period == "this_month" else 12)
        elif period in ("last_month", "last_year", "last_12_months"):
            assert found.earlier.last + ONE == found.current.first
            assert same_dates(found.current, found.earlier, 1 if period == "last_month" else 12, whole=True)
        else:
            assert found.current.days == found.earlier.days
            gap = 7 - found.current.days if period == "this_week" else 0
            assert found.current.first - found.earlier.last == timedelta(days=gap + 1)


@given(windows, compares, st.integers(0, 40))
def test_finished_days_are_compared_with_the_right_ones_before_for_every_pair_of_dates(
    window: Window, compare: Compare, ago: int
) -> None:
    today = window.last + timedelta(days=ago)
    asked = resolve(None, window.first, window.last, today=today, earliest=BORN)
    found = earlier(asked, compare, today=today, born=BORN)
    if found is None:
        assert window.first == today or (compare == "all_before" and window.first <= BORN)
        return
    if compare == "all_before":
        assert (found.earlier.first, found.earlier.last + ONE) == (BORN, window.first)
        return
    now, then = found.current, found.earlier
    assert then.last < now.first
    assert now.last == min(window.last, today - ONE)
    is_adjacent = then.last + ONE == now.first
    months = (now.last.year - now.first.year) * 12 + now.last.month - now.first.month + 1
    if compare == "previous_year":
        assert same_dates(now, then, 12) or (is_adjacent and now.days == then.days > 365)
    elif now.first.day == (now.last + ONE).day == 1:
        assert is_adjacent
        assert same_dates(now, then, months, whole=True)
    elif now.first.day == months == 1:
        assert same_dates(now, then, 1)
    elif (now.first.month, now.first.day, now.first.year) == (1, 1, now.last.year) and months < 12:
        assert same_dates(now, then, 12)
    else:
        assert is_adjacent
        assert now.days == then.days


def is_same_day(now: date, then: date) -> bool:
    return then.day == now.day or (then.day < now.day and (then + ONE).day == 1)


def same_dates(now: Window, then: Window, months: int, *, whole: bool = False) -> bool:
    """Whether days are those of so many months before, or the last of a shorter month; of `whole` months, all days."""

    def count(day: date) -> int:
        return day.year * 12 + day.month

    firsts, lasts = (count(day) - count(before) for day, before in ((now.first, then.first), (now.last, then.last)))
    is_same_end = (then.last + ONE).day == 1 if whole else is_same_day(now.last, then.last)
    is_same_start = is_same_day(now.first, then.first)
    return firsts == lasts == months and is_same_start and is_same_end


@examples(60)
@given(windows)
def test_a_series_has_every_day_of_its_window_once(window: Window) -> None:
    series = series_in_order(window)[0]
    assert parts_make(window, series.windows)
    for after in series.windows[1:]:
        start = after.first
        assert {
            "day": True,
            "week": start.weekday() == 0,
            "month": start.day == 1,
            "year": start.day == 1 == start.month,
        }[series.unit]
    assert len(series.windows) <= {"day": 31, "week": 26, "month": 60, "year": 40}[series.unit]


@examples(60)
@given(windows, st.integers(1, 900))
def test_pieces_have_every_day_of_their_window_once_and_none_is_too_long(window: Window, longest: int) -> None:
    pieces = window.pieces(longest)
    assert parts_make(window, pieces)
    assert max(piece.days for piece in pieces) == min(longest, window.days)


@examples(60)
@given(windows, dates)
def test_the_finished_part_is_the_days_before_today(window: Window, today: date) -> None:
    finished = window.finished(today)
    assert (list(finished.dates()) if finished else []) == [day for day in window.dates() if day < today]
    assert len(list(window.dates())) == window.days
    assert (today in window) == (today in set(window.dates()))
