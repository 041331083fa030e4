"""Best, worst and median of a series cannot be misread: a running month, and time before the first hit."""

from datetime import UTC, date, datetime
from statistics import median
from typing import Any

import pytest
from support.client import NOW, connect
from tinylytics_mcp.fake_api import FakeApi

pytestmark = pytest.mark.anyio


async def summary(hits: dict[date, int], born: date, **asked: Any) -> dict[str, Any]:
    fake_api = FakeApi(now=lambda: NOW, hits=0)

    def moment(day: date) -> int:
        return int(datetime(day.year, day.month, day.day, 1, tzinfo=UTC).timestamp())

    site = fake_api.add_site(label="Series", url="https://series.example", created_at=moment(born))
    for day, number in hits.items():
        fake_api.add_hits(site, [{"created_at": moment(day), "path": "/x"}] * number)
    async with connect(fake_api) as host:
        return await host.answer("summarize_traffic", site=str(site), **asked)


async def test_months_before_the_first_hit_are_not_the_worst_ones() -> None:
    hits = {date(2026, month, 10): 10 * month for month in range(5, 11)}
    answer = await summary(hits, date(2026, 1, 1), start_date="2026-01-01", end_date="2026-10-31")
    assert answer["worst"] == "2026-05: 50"
    assert answer["best"] == "2026-10: 100"
    assert answer["median"] == median(hits.values())
    assert any(note.startswith("the first hits are of 2026-05") for note in answer["notes"])


async def test_days_before_the_site_began_are_no_days_that_are_cut() -> None:
    days = {date(2026, 11, day): 5 for day in (20, 21, 22)}
    answer = await summary(days, date(2026, 11, 19))
    assert answer["partial"] == ["2026-11-19"]  # on which the site began
    assert (answer["worst"], answer["median"]) == ("2026-11-20 and 2 more: 5", 5)
    months = await summary(days, date(2026, 11, 19), period="this_year")
    assert months["partial"] == ["2026-11"]


async def test_a_week_is_not_read_as_the_day_that_it_begins_with() -> None:
    hits = {date(2026, 11, day): 10 * day for day in range(2, 23, 2)}
    answer = await summary(hits, date(2026, 1, 1), start_date="2026-10-01", end_date="2026-11-22")
    assert (answer["best"], answer["worst"]) == ("2026-11-16: 760 in the week", "2026-10-05 and 3 more: 0 in the week")


async def test_a_month_hardly_larger_than_others_is_no_outlier() -> None:
    hits = {date(2026, month, 10): 100 + month % 2 for month in range(1, 11)}
    answer = await summary(hits | {date(2026, 10, 10): 108}, date(2025, 1, 1), period="this_year")
    assert answer["outliers"] == []
    answer = await summary(hits | {date(2026, 10, 10): 140}, date(2025, 1, 1), period="this_year")
    assert answer["outliers"] == ["2026-10"]


async def test_a_month_without_hits_between_others_is_a_month_without_hits() -> None:
    hits = {date(2026, month, 10): 10 for month in (1, 2, 5)}
    answer = await summary(hits, date(2025, 1, 1), start_date="2026-01-01", end_date="2026-10-31")
    assert answer["worst"].endswith(": 0")
    assert not any("first hits" in note for note in answer["notes"])


async def test_quiet_months_of_an_old_site_count_though_they_are_the_first_asked_about() -> None:
    hits = {date(2025, 6, 1): 10, date(2026, 5, 10): 10, date(2026, 6, 10): 20}
    answer = await summary(hits, date(2025, 1, 1), start_date="2026-01-01", end_date="2026-10-31")
    assert answer["worst"] == "2026-01 and 7 more: 0"


async def test_a_running_month_that_is_already_the_best_is_the_best_so_far() -> None:
    hits = {date(2026, month, 10): 10 * month for month in range(1, 12)}
    answer = await summary(hits, date(2025, 1, 1), period="this_year")
    assert answer["best"] == "2026-11: 110 so far"
    assert "2026-11" in answer["partial"]


async def test_a_running_month_that_is_behind_is_not_the_best() -> None:
    hits = {date(2026, month, 10): 10 if month == 11 else 50 + month for month in range(1, 12)}
    answer = await summary(hits, date(2025, 1, 1), period="this_year")
    assert answer["best"] == "2026-10: 60"


async def test_a_page_has_its_share_of_all_hits_and_its_unique_hits() -> None:
    fake_api = FakeApi(now=lambda: NOW, hits=0)
    site = fake_api.add_site(label="Pages", url="https://pages.example", created_at=int(NOW.timestamp()) - 90 * 86_400)
    moment = int(NOW.timestamp()) - 86_400
    for path, visitors in (("/x", ("a", "a", "b")), ("/y", ("a", "c", "c", "d", "d"))):
        rows = [{"created_at": moment, "path": path, "unique_hash": one, "visitor_hash": one} for one in visitors]
        fake_api.add_hits(site, rows)
    async with connect(fake_api) as host:
        answer = await host.answer("summarize_traffic", site=str(site), path="/x", period="last_7_days")
    assert (answer["hits"], answer["all_hits"], answer["percent_of_all"]) == (3, 8, 37.5)
    assert answer["unique_hits"] == 2
    assert ", 37.5 % of all 8" in answer["headline"]


async def test_the_change_a_day_is_that_of_two_rates_with_one_decimal() -> None:
    hits = {date(2026, 10, 5): 77, date(2026, 9, 5): 50}
    answer = await summary(hits, date(2025, 1, 1), period="last_month")
    assert answer["compared"] == "31 days to 2026-10-31 against 30 days to 2026-09-30"
    assert (answer["compared_a_day"], answer["earlier_a_day"], answer["change_a_day"]) == (2.5, 1.7, 0.8)
    assert "; a day 2.5, +0.8 against 1.7" in answer["headline"]
