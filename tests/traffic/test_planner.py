"""The planner takes the fewest requests that are exact, and never more than there is room for."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tinylytics_tools.periods import Window, series_in_order
from tinylytics_tools.planner import MOST_REQUESTS, Plan, cheapest, pages, spread

LAST_30_DAYS = Window(date(2026, 10, 24), date(2026, 11, 22))
ROOM = MOST_REQUESTS - 4


def plan(
    totals: list[int], window: Window = LAST_30_DAYS, *, zone: str = "utc", width: int = 1, room: int = ROOM
) -> Plan:
    return cheapest(
        totals,
        lists=5 * width,
        candidates=series_in_order(window),
        known=[window],
        width=width,
        rows_tell_days=zone == "utc",
        room=room,
    )


@pytest.mark.parametrize(
    ("hits", "by_rows", "requests"),
    [
        (0, True, 0),
        (1, True, 1),
        (1000, True, 1),
        (1001, True, 2),
        (35_000, True, 35),
        (35_001, False, 35),
        (10**6, False, 35),
    ],
)
def test_all_hits_are_read_while_that_takes_no_more_requests_than_lists_and_counts(
    hits: int,
    by_rows: bool,  # noqa: FBT001 - a column of the table above
    requests: int,
) -> None:
    found = plan([hits])
    assert (found.by_rows, found.requests) == (by_rows, requests)
    assert found.series is not None
    assert (found.series.unit, len(found.series.windows)) == ("day", 30)


def test_in_the_accounts_own_zone_single_hits_do_not_save_the_count_of_each_day() -> None:
    assert plan([5_000], zone="user").requests == 35
    assert plan([5_001], zone="user").by_rows is False
    assert plan([1_000], zone="user").requests == 31


def test_two_spellings_of_a_path_make_the_series_coarser_before_they_take_too_many_requests() -> None:
    found = plan([10**6, 10**6], width=2)
    assert found.series is not None
    assert (found.by_rows, found.series.unit, found.requests) == (False, "week", 10 + 2 * 5)


def test_a_window_that_is_counted_already_takes_no_count() -> None:
    day = Window(date(2026, 11, 22), date(2026, 11, 22))
    assert plan([10**6], day).requests == 5


def test_without_room_for_any_series_there_is_none() -> None:
    assert plan([10**6], room=4).series is None
    assert plan([10**6], room=4).by_rows is False


@given(
    st.lists(st.integers(0, 200_000), min_size=1, max_size=3),
    st.integers(1, 800),
    st.sampled_from(("utc", "user")),
    st.integers(1, 3),
    st.integers(10, 40),
)
def test_no_plan_with_a_series_takes_more_than_there_is_room_for(
    totals: list[int], days: int, zone: str, width: int, room: int
) -> None:
    window = Window(date(2026, 11, 22) - timedelta(days=days - 1), date(2026, 11, 22))
    found = plan(totals, window, zone=zone, width=width, room=room)
    if found.series is None:
        return
    assert found.requests <= room
    assert sum(one.days for one in found.series.windows) == days
    finer = [one for one in series_in_order(window) if len(one.windows) > len(found.series.windows)]
    rows = sum(map(pages, totals))
    for one in finer:
        counts = width * len([piece for piece in one.windows if piece != window])
        assert min(rows + (counts if zone == "user" else 0), 5 * width + counts) > room


@given(st.integers(1, 5_000), st.integers(1, 60))
def test_a_sample_has_a_page_in_every_stretch_of_the_list(last: int, wanted: int) -> None:
    chosen = spread(last, wanted)
    assert len(set(chosen)) == len(chosen) <= wanted
    assert all(1 <= number <= last for number in chosen)
    if wanted >= last:
        assert chosen == list(range(1, last + 1))
        return
    stretch = last / wanted
    ends = [0, *chosen, last + 1]
    assert max(after - before for before, after in pairwise(ends)) <= 2 * stretch + 2


def test_a_sample_does_not_fall_in_step_with_a_rhythm_of_the_list() -> None:
    places = {number % 10 for number in spread(240, 24)}
    assert len(places) >= 8
