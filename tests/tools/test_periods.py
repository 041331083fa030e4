"""Each way to name a time is the days that users mean by it."""

from datetime import date

import pytest
from tinylytics_tools.errors import InvalidArgument
from tinylytics_tools.periods import (
    DEFAULT_PERIOD,
    PERIODS,
    Comparison,
    RequestedPeriod,
    Window,
    earlier,
    resolve,
    series_in_order,
)

TODAY = date(2026, 2, 18)  # a Wednesday
BORN = date(2025, 6, 1)


def days(first: str, last: str) -> Window:
    return Window(date.fromisoformat(first), date.fromisoformat(last))


def asked(
    period: str | None = None, start: date | None = None, end: date | None = None, today: date = TODAY
) -> RequestedPeriod:
    return resolve(period, start, end, today=today, earliest=BORN)


WINDOWS = {
    "today": days("2026-02-18", "2026-02-18"),
    "yesterday": days("2026-02-17", "2026-02-17"),
    "last_7_days": days("2026-02-11", "2026-02-17"),
    "last_30_days": days("2026-01-19", "2026-02-17"),
    "last_90_days": days("2025-11-20", "2026-02-17"),
    "this_week": days("2026-02-16", "2026-02-18"),
    "last_week": days("2026-02-09", "2026-02-15"),
    "this_month": days("2026-02-01", "2026-02-18"),
    "last_month": days("2026-01-01", "2026-01-31"),
    "this_year": days("2026-01-01", "2026-02-18"),
    "last_year": days("2025-01-01", "2025-12-31"),
    "last_12_months": days("2025-02-01", "2026-01-31"),
    "all_time": days("2025-06-01", "2026-02-18"),
}


def test_every_period_is_in_the_table_of_this_test() -> None:
    assert tuple(WINDOWS) == PERIODS


@pytest.mark.parametrize("period", PERIODS)
def test_a_period_is_the_days_that_its_name_says(period: str) -> None:
    assert asked(period) == RequestedPeriod(WINDOWS[period], asked(period).period, defaulted=False)
    assert asked(period).period == period


def test_without_arguments_the_default_period_is_taken_and_said_to_be_a_default() -> None:
    assert asked() == RequestedPeriod(WINDOWS[DEFAULT_PERIOD], DEFAULT_PERIOD, defaulted=True)


def test_dates_are_taken_as_they_are_both_ends_included() -> None:
    assert asked(None, date(2026, 2, 1), date(2026, 2, 14)) == RequestedPeriod(
        days("2026-02-01", "2026-02-14"), None, defaulted=False
    )
    assert asked(None, TODAY, TODAY).window.days == 1


def test_a_start_alone_runs_to_today() -> None:
    assert asked(None, date(2026, 2, 1)).window == days("2026-02-01", "2026-02-18")


def test_a_site_made_tomorrow_by_another_zone_has_one_day_of_all_time() -> None:
    assert resolve("all_time", None, None, today=TODAY, earliest=date(2026, 2, 19)).window == Window(TODAY, TODAY)


@pytest.mark.parametrize(
    ("period", "start", "end", "words"),
    [
        ("last_week", date(2026, 2, 1), None, ["Both", "period", "start_date"]),
        ("last_week", None, date(2026, 2, 1), ["Both", "period", "end_date"]),
        (None, None, date(2026, 2, 1), ["end_date", "Give start_date"]),
        (None, date(2026, 2, 3), date(2026, 2, 1), ["2026-02-03 is after", "2026-02-01"]),
        (None, date(2026, 2, 19), None, ["start_date", "future", "2026-02-18"]),
        (None, date(2026, 2, 19), date(2026, 2, 20), ["start_date", "future", "2026-02-18"]),
        (None, date(2026, 2, 1), date(2026, 2, 19), ["end_date", "future", "2026-02-18"]),
        (None, date(226, 2, 1), None, ["0226-02-01", "2000-01-01", "all_time"]),
        ("", None, None, ["period", "last_30_days", "all_time"]),
    ],
)
def test_what_cannot_be_meant_is_an_error_that_names_the_fix(
    period: str | None, start: date | None, end: date | None, words: list[str]
) -> None:
    with pytest.raises(InvalidArgument) as caught:
        asked(period, start, end)
    assert [word for word in words if word not in str(caught.value)] == []


def test_an_unknown_period_is_not_echoed() -> None:
    with pytest.raises(InvalidArgument) as caught:
        asked("last_fortnight")
    assert "fortnight" not in str(caught.value)


def test_a_window_cannot_end_before_it_starts() -> None:
    with pytest.raises(ValueError, match="before it starts"):
        days("2026-02-02", "2026-02-01")


def test_a_long_window_is_asked_for_in_pieces_of_at_most_730_days() -> None:
    assert days("2022-01-01", "2026-02-18").pieces() == [
        days("2022-01-01", "2023-12-31"),
        days("2024-01-01", "2025-12-30"),
        days("2025-12-31", "2026-02-18"),
    ]
    assert days("2022-01-01", "2023-12-31").pieces() == [days("2022-01-01", "2023-12-31")]


@pytest.mark.parametrize(
    ("today", "period", "current", "before"),
    [
        ("2026-02-18", "yesterday", ("2026-02-17", "2026-02-17"), ("2026-02-16", "2026-02-16")),
        ("2026-02-18", "last_7_days", ("2026-02-11", "2026-02-17"), ("2026-02-04", "2026-02-10")),
        ("2026-02-18", "this_week", ("2026-02-16", "2026-02-17"), ("2026-02-09", "2026-02-10")),
        ("2026-02-18", "last_week", ("2026-02-09", "2026-02-15"), ("2026-02-02", "2026-02-08")),
        ("2026-02-18", "this_month", ("2026-02-01", "2026-02-17"), ("2026-01-01", "2026-01-17")),
        ("2026-03-31", "this_month", ("2026-03-01", "2026-03-30"), ("2026-02-01", "2026-02-28")),
        ("2026-02-18", "this_year", ("2026-01-01", "2026-02-17"), ("2025-01-01", "2025-02-17")),
        ("2026-03-18", "last_month", ("2026-02-01", "2026-02-28"), ("2026-01-01", "2026-01-31")),
        ("2026-02-18", "last_year", ("2025-01-01", "2025-12-31"), ("2024-01-01", "2024-12-31")),
    ],
)
def test_the_previous_period_of_a_calendar_period_is_the_one_before_and_else_as_many_finished_days(
    today: str, period: str, current: tuple[str, str], before: tuple[str, str]
) -> None:
    now = date.fromisoformat(today)
    assert earlier(asked(period, today=now), "previous_period", today=now) == Comparison(days(*current), days(*before))


@pytest.mark.parametrize(
    ("start", "end", "before"),
    [
        ("2025-10-01", "2025-10-31", ("2025-09-01", "2025-09-30")),
        ("2025-11-01", "2025-11-23", ("2025-10-01", "2025-10-23")),
        ("2025-07-01", "2025-09-30", ("2025-04-01", "2025-06-30")),
        ("2025-01-01", "2025-06-30", ("2024-07-01", "2024-12-31")),
        ("2025-01-01", "2025-11-23", ("2024-01-01", "2024-11-23")),
        ("2025-10-02", "2025-10-31", ("2025-09-02", "2025-10-01")),
        ("2025-04-01", "2025-05-15", ("2025-02-15", "2025-03-31")),
    ],
)
def test_dates_that_are_a_calendar_period_are_compared_with_the_one_before(
    start: str, end: str, before: tuple[str, str]
) -> None:
    window = days(start, end)
    found = earlier(asked(None, window.first, window.last), "previous_period", today=TODAY)
    assert found == Comparison(window, days(*before))


def test_dates_that_run_to_today_are_compared_without_today() -> None:
    assert earlier(asked(None, date(2026, 2, 9)), "previous_period", today=TODAY) == Comparison(
        days("2026-02-09", "2026-02-17"), days("2026-01-31", "2026-02-08")
    )


@pytest.mark.parametrize(
    ("start", "end", "before"),
    [
        ("2026-02-01", "2026-02-14", ("2025-02-01", "2025-02-14")),
        ("2024-02-29", "2024-03-01", ("2023-02-28", "2023-03-01")),
        ("2024-02-10", "2024-03-10", ("2023-02-10", "2023-03-10")),
        ("2024-01-01", "2024-12-31", ("2023-01-01", "2023-12-31")),
        ("2023-01-01", "2024-12-31", ("2020-12-31", "2022-12-31")),
    ],
)
def test_the_previous_year_has_the_same_dates_and_never_reaches_into_what_it_is_compared_with(
    start: str, end: str, before: tuple[str, str]
) -> None:
    window = days(start, end)
    there = earlier(asked(None, window.first, window.last), "previous_year", today=TODAY)
    assert there == Comparison(window, days(*before))


def test_nothing_is_compared_without_a_finished_day_or_for_all_time_or_unasked() -> None:
    monday = date(2026, 2, 16)
    assert earlier(asked("today"), "previous_period", today=TODAY) is None
    assert earlier(asked("this_week", today=monday), "previous_year", today=monday) is None
    assert earlier(asked("all_time"), "previous_period", today=TODAY) is None
    assert earlier(asked("last_7_days"), "none", today=TODAY) is None


@pytest.mark.parametrize(
    ("window", "unit", "count"),
    [
        (("2026-01-01", "2026-01-31"), "day", 31),
        (("2026-01-01", "2026-02-01"), "week", 5),
        (("2026-01-05", "2026-07-05"), "week", 26),
        (("2026-01-05", "2026-07-06"), "month", 7),
        (("2020-01-31", "2024-12-01"), "month", 60),
        (("2020-01-31", "2025-01-01"), "year", 6),
    ],
)
def test_a_series_uses_the_finest_unit_that_fits_an_answer(window: tuple[str, str], unit: str, count: int) -> None:
    series = series_in_order(days(*window))[0]
    assert (series.unit, len(series.windows)) == (unit, count)


def test_the_ends_of_a_series_are_clipped_to_the_window() -> None:
    assert series_in_order(days("2026-01-01", "2026-02-01"))[0].windows == [
        days("2026-01-01", "2026-01-04"),
        days("2026-01-05", "2026-01-11"),
        days("2026-01-12", "2026-01-18"),
        days("2026-01-19", "2026-01-25"),
        days("2026-01-26", "2026-02-01"),
    ]
