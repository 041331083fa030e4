"""Following a prompt answers what it promises, in a few calls that a conversation has room for."""

from datetime import UTC, date, datetime, timedelta
from functools import cache

import pytest
from support.client import NOW, connect, rows_of
from support.prompts import Followed, follow
from tinylytics_mcp.fake_api import FakeApi

pytestmark = pytest.mark.anyio

MOST_CALLS = 8
MOST_TOKENS = 8_000
MAIN, DOWN = 456, 458
SITE = {"site": "example.com"}
NEWEST_WEEK = (date(2026, 11, 16), date(2026, 11, 22))


@cache
def fake_api() -> FakeApi:
    """The made-up account, read by all tests of this file and written by none."""
    return FakeApi(now=lambda: NOW)


async def followed(name: str, **arguments: str) -> Followed:
    """A prompt and the answers to its calls, which are never many and never long."""
    async with connect(fake_api()) as host:
        done = await follow(host, name, arguments)
    assert 0 < done.calls <= MOST_CALLS
    assert done.tokens <= MOST_TOKENS
    return done


def counted(first: date, last: date, *, table: str = "hits", where: str = "site_id = 456") -> int:
    """Rows of some days, both included, counted without the API."""
    start = datetime(first.year, first.month, first.day, tzinfo=UTC).timestamp()
    end = datetime(last.year, last.month, last.day, tzinfo=UTC).timestamp() + 86_400
    query = f"SELECT count(*) FROM {table} WHERE {where} AND created_at >= ? AND created_at < ?"  # noqa: S608 - the test's own words
    return fake_api().connection.execute(query, (start, end)).fetchone()[0]


def before(first: date, last: date) -> tuple[date, date]:
    """As many days before these."""
    days = (last - first).days + 1
    return first - timedelta(days=days), first - timedelta(days=1)


async def test_the_weekly_report_of_all_sites_has_a_row_for_each_and_a_look_at_the_busiest() -> None:
    done = await followed("weekly_report")
    overview = done.only(1)
    assert overview["hits"] == counted(*NEWEST_WEEK, where="1")
    assert {row["id"] for row in rows_of(overview["sites"])} == {456, 457, 458}
    assert [answer["site_id"] for answer in done.answers[1]] == [456, 458, 457]
    for answer in done.answers[1]:
        assert answer["hits"] == counted(*NEWEST_WEEK, where=f"site_id = {answer['site_id']}")
        assert answer["best"]
        assert answer["pages"]["rows"]
        assert answer["referrers"]["rows"]
    assert done.only(3)["sites_checked"] == 3
    assert done.only(3)["down"] == 1


async def test_the_weekly_report_of_a_site_has_hits_change_pages_kudos_and_health() -> None:
    done = await followed("weekly_report", **SITE)
    summary, pages, kudos, health = (done.only(step) for step in (1, 2, 3, 4))
    assert summary["hits"] == counted(*NEWEST_WEEK)
    assert summary["earlier_hits"] == counted(*before(*NEWEST_WEEK))
    assert summary["compared"]
    assert summary["best"]
    assert summary["worst"]
    assert pages["rose"]["rows"]
    assert pages["fell"]["rows"]
    assert kudos["kudos"] == counted(*NEWEST_WEEK, table="kudos")
    assert health["sites_checked"] == 1


async def test_the_monthly_report_counts_the_month_that_was_asked_for() -> None:
    october = (date(2026, 10, 1), date(2026, 10, 31))
    for arguments in ({}, {"month": "2026-10"}):
        done = await followed("monthly_report", **SITE, **arguments)
        assert done.only(1)["hits"] == counted(*october)
        assert done.only(1)["earlier_hits"] == counted(date(2026, 9, 1), date(2026, 9, 30))
        assert done.only(3)["kudos"] == counted(*october, table="kudos")
    running = (await followed("monthly_report", **SITE, month="2026-11")).only(1)
    assert (running["first_day"], running["last_day"]) == ("2026-11-01", "2026-11-23")
    assert running["earlier_hits"] == counted(date(2026, 10, 1), date(2026, 10, 22))


async def test_what_moved_compares_finished_days_and_finds_the_site_that_is_down() -> None:
    done = await followed("what_moved", since="2026-11-16")
    (row,) = (row for row in rows_of(done.only(1)["sites"]) if row["id"] == MAIN)
    assert row["change"] == counted(*NEWEST_WEEK) - counted(*before(*NEWEST_WEEK))
    assert done.only(2)["down"] == 1
    assert [len(answers) for answers in done.answers] == [1, 1, 3]
    one = await followed("what_moved", since="2026-11-16", **SITE)
    assert one.only(1)["difference"] == row["change"]


async def test_the_campaign_check_counts_the_source_and_the_referrer_each_by_itself() -> None:
    window = (date(2026, 10, 24), date(2026, 11, 22))
    done = await followed("campaign_check", **SITE, source="newsletter", referrer="news.ycombinator.com")
    (source,) = (row for row in rows_of(done.only(2)["ranking"]) if row["name"] == "newsletter")
    assert source["hits"] == counted(*window, where="site_id = 456 AND source = 'newsletter'")
    assert source["earlier_hits"] == counted(*before(*window), where="site_id = 456 AND source = 'newsletter'")
    (lasting,) = (row for row in rows_of(done.only(3)["ranking"]) if row["name"] == "newsletter")
    assert lasting["hits"] == counted(*NEWEST_WEEK, where="site_id = 456 AND source = 'newsletter'")
    where = "site_id = 456 AND referrer LIKE '%://news.ycombinator.com/%'"
    (referrer,) = (row for row in rows_of(done.only(4)["ranking"]) if row["name"] == "news.ycombinator.com")
    assert referrer["hits"] == done.only(5)["hits"] == counted(*window, where=where)
    assert done.only(5)["pages"]["rows"]
    assert done.only(5)["series"]["rows"]
    assert done.only(6)["matching_read"] > 0
    assert done.only(6)["next_pages"]["rows"]


async def test_the_spike_autopsy_sets_the_day_against_the_same_weekdays_in_two_calls() -> None:
    day = date(2026, 11, 3)
    done = await followed("spike_autopsy", **SITE, day=day.isoformat())
    change, hours = done.only(1), done.only(2)
    usual = [counted(day - timedelta(weeks=week), day - timedelta(weeks=week)) for week in range(1, 5)]
    assert change["hits"] == counted(day, day)
    assert change["usual_hits"] == sum(usual) / 4
    assert change["kind"] == "unusual day"
    assert "news.ycombinator.com" in [row["referrer"] for row in rows_of(change["referrers"])[:2]]
    assert sum(row["hits"] for row in rows_of(hours["ranking"])) == change["hits"]


async def test_the_kudos_review_has_the_period_all_time_and_what_is_read() -> None:
    done = await followed("kudos_review", **SITE)
    assert done.only(1)["kudos"] == counted(date(2026, 10, 24), date(2026, 11, 22), table="kudos")
    assert done.only(1)["newest"]["rows"]
    assert done.only(2)["kudos"] == counted(date(2025, 1, 1), date(2026, 11, 23), table="kudos")
    assert "per_100_views" in done.only(1)["by_page"]["columns"]
    assert done.only(3)["ranking"]["rows"]


async def test_the_health_check_has_the_details_of_what_needs_attention() -> None:
    done = await followed("health_check")
    assert done.only(1)["need_attention"] == len(done.answers[1]) == len(done.answers[2]) == 2
    assert [answer["site_id"] for answer in done.answers[1]] == [DOWN, MAIN]
    assert done.answers[1][0]["status"] == "down"
    assert all(answer["issues"]["rows"] for answer in done.answers[2])
    one = await followed("health_check", **SITE)
    assert one.only(2)["ssl_days_left"] is not None


async def test_the_year_in_review_covers_the_year_and_the_one_before() -> None:
    done = await followed("year_in_review", **SITE, year="2026")
    assert done.only(1)["hits"] == counted(date(2026, 1, 1), date(2026, 11, 23))
    assert "2025" in done.only(1)["compared"]
    assert sum(row["hits"] for row in rows_of(done.only(4)["ranking"])) == done.only(1)["hits"]
    assert len(done.only(5)["ranking"]["rows"]) == 7
    assert done.only(6)["kudos"] == counted(date(2026, 1, 1), date(2026, 11, 23), table="kudos")
