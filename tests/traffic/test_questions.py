"""Each question of the users that traffic answers: its facts stand in both halves, with the numbers that SQL gives."""

import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from mcp.types import CallToolResult
from support.client import NOW, Connected, connect, text_of
from tinylytics_mcp.fake_api import FakeApi

pytestmark = pytest.mark.anyio

BLOG = 456
TODAY = NOW.date()
THURSDAY = NOW - timedelta(days=4)


@dataclass(frozen=True)
class Asked:
    """A connected host, and the truth by SQL; days are UTC."""

    host: Connected
    fake_api: FakeApi

    def sql(self, what: str, first: date, last: date, also: str = "", site: int = BLOG) -> list[Any]:
        """Rows of a query over the hits of some days."""
        since = int(datetime(first.year, first.month, first.day, tzinfo=UTC).timestamp())
        before = int(datetime(last.year, last.month, last.day, tzinfo=UTC).timestamp()) + 86_400
        where = f"site_id = {site} AND created_at >= {since} AND created_at < {before}"
        return [tuple(row) for row in self.fake_api.connection.execute(f"SELECT {what} FROM hits WHERE {where} {also}")]  # noqa: S608 - constants of this file

    def count(self, first: date, last: date, also: str = "", site: int = BLOG) -> int:
        """How many hits."""
        return self.sql("COUNT(*)", first, last, also, site)[0][0]

    async def ask(self, tool: str, **arguments: Any) -> CallToolResult:
        """A call that must work."""
        result = await self.host.call(tool, site=str(BLOG), **arguments)
        assert not result.is_error, text_of(result)
        return result


@pytest.fixture(scope="module")
def blog() -> FakeApi:
    return FakeApi(now=lambda: NOW, hourly_limit=100_000)


@pytest.fixture
async def asked(blog: FakeApi) -> AsyncGenerator[Asked]:
    async with connect(blog) as host:
        yield Asked(host, blog)


def scalars(value: Any) -> list[Any]:
    """Everything that is said somewhere in a structure."""
    if isinstance(value, dict):
        return [found for part in value.values() for found in scalars(part)]  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, list):
        return [found for part in value for found in scalars(part)]  # pyright: ignore[reportUnknownVariableType]
    return [value]


def told(result: CallToolResult, *facts: object) -> None:
    """Every fact stands in the text, and as a value or within one in the structured half."""
    text, values = text_of(result), scalars(result.structured_content)
    for fact in facts:
        said = f"{fact:g}" if isinstance(fact, float) else str(fact)
        assert re.search(rf"(?<![\w.]){re.escape(said)}(?![\w.]*\w)", text), (fact, text)
        assert any(fact == value or (isinstance(fact, str) and fact in str(value)) for value in values), fact


def row(result: CallToolResult, table: str, *cells: object) -> None:
    """A row that begins with these cells stands in both halves."""
    assert result.structured_content is not None
    assert list(cells) in [found[: len(cells)] for found in result.structured_content[table]["rows"]], (table, cells)
    told_cells = [f"{cell:g}" if isinstance(cell, float) else str(cell) for cell in cells]
    assert "\n" + "\t".join(told_cells) in text_of(result)


def days_back(count: int, *, before: date = TODAY) -> tuple[date, date]:
    """As many finished days as that."""
    return before - timedelta(days=count), before - timedelta(days=1)


def share(part: int, whole: int) -> float:
    return round(100 * part / whole, 1)


async def test_1_how_many_hits_did_my_blog_get_in_the_last_7_days(asked: Asked) -> None:
    result = await asked.ask("summarize_traffic", period="last_7_days")
    first, last = days_back(7)
    now, before = asked.count(first, last), asked.count(*days_back(7, before=first))
    told(result, now, str(first), str(last), 7, now - before, share(now - before, before), before)


async def test_2_how_many_hits_ever(asked: Asked) -> None:
    told(await asked.ask("summarize_traffic", period="all_time"), 12_000, "2025-06-23")


async def test_3_what_are_my_top_10_posts_this_month(asked: Asked) -> None:
    result = await asked.ask("rank_traffic", dimension="path", period="this_month", limit=10)
    month = (TODAY.replace(day=1), TODAY)
    total, merged = asked.count(*month), "RTRIM(path, '/')"
    top = asked.sql(f"{merged} AS p, COUNT(*) AS n", *month, "GROUP BY p ORDER BY n DESC, p LIMIT 10")
    for path, hits in top:
        row(result, "ranking", path or "/", hits, share(hits, total))
    row(result, "ranking", "other", total - sum(hits for _, hits in top))
    told(result, total, asked.sql(f"COUNT(DISTINCT {merged})", *month)[0][0])


async def test_4_chart_daily_hits_for_30_days(asked: Asked) -> None:
    result = await asked.ask("summarize_traffic")
    first, last = days_back(30)
    by_day = {str(day): asked.count(day, day) for day in (first + timedelta(days=n) for n in range(30))}
    for day, hits in by_day.items():
        row(result, "series", day, hits)
    best, worst = (pick(by_day, key=lambda day: by_day[day]) for pick in (max, min))
    told(result, f"{best}: {by_day[best]}", f"{worst}: {by_day[worst]}", "2026-11-03")
    assert "outliers: 2026-11-03" in text_of(result)
    running = await asked.ask("summarize_traffic", period="this_month")
    row(running, "series", str(TODAY), asked.count(TODAY, TODAY))
    assert f"partial: {TODAY}" in text_of(running)
    assert running.structured_content is not None
    assert running.structured_content["partial"] == [str(TODAY)]
    assert last == TODAY - timedelta(days=1)


async def test_5_how_many_visitors_this_month(asked: Asked) -> None:
    result = await asked.ask("summarize_traffic", period="this_month")
    month = (TODAY.replace(day=1), TODAY)
    each = asked.sql("COUNT(*)", *month, "AND visitor_hash IS NOT NULL GROUP BY visitor_hash")
    told(result, len(each), share(sum(pages == 1 for (pages,) in each), len(each)), "not people")


async def test_6_how_often_was_about_read_this_year(asked: Asked) -> None:
    result = await asked.ask("summarize_traffic", period="this_year", path="/about")
    year = (TODAY.replace(month=1, day=1), TODAY)
    told(result, asked.count(*year, "AND path IN ('/about', '/about/')"), "/about and /about/", *map(str, year))


async def test_7_what_share_comes_from_mobile(asked: Asked) -> None:
    result = await asked.ask("rank_traffic", dimension="device")
    days = days_back(30)
    total = asked.count(*days)
    for name, also in (("mobile", "= 1"), ("not mobile", "= 0"), ("unknown", "IS NULL")):
        hits = asked.count(*days, f"AND is_mobile {also}")
        row(result, "ranking", name, hits, share(hits, total))
    told(result, total)
    assert "complete: yes" in text_of(result)


async def test_8_which_countries(asked: Asked) -> None:
    result = await asked.ask("rank_traffic", dimension="country", limit=50)
    days = days_back(30)
    name = "CASE WHEN country GLOB '[A-Z][A-Z]' THEN country ELSE 'unknown' END"
    for country, hits in asked.sql(f"{name} AS c, COUNT(*)", *days, "GROUP BY c"):
        row(result, "ranking", country, hits, share(hits, asked.count(*days)))


async def test_9_this_week_against_last_week() -> None:
    blog = FakeApi(now=lambda: THURSDAY, hits=3_000)
    async with connect(blog, clock=lambda: THURSDAY) as host:
        asked, today = Asked(host, blog), THURSDAY.date()
        result = await asked.ask("summarize_traffic", period="this_week")
        monday = today - timedelta(days=today.weekday())
        last = today - timedelta(days=1)
        week = timedelta(days=7)
        now, before = asked.count(monday, last), asked.count(monday - week, last - week)
        told(result, asked.count(monday, today), asked.count(today, today), before, now - before)
        told(result, share(now - before, before), f"3 days to {last} against 3 days to {last - week}")


async def test_10_which_posts_are_growing_and_which_are_fading(asked: Asked) -> None:
    result = await asked.ask("rank_traffic", dimension="path")
    days = days_back(30)
    sql = "RTRIM(path, '/') AS p, COUNT(*) AS n"
    now = {path or "/": hits for path, hits in asked.sql(sql, *days, "GROUP BY p")}
    before = {path or "/": hits for path, hits in asked.sql(sql, *days_back(30, before=days[0]), "GROUP BY p")}
    changes = {path: now[path] - before[path] for path in now.keys() & before.keys()}
    up, down = max(changes, key=lambda path: changes[path]), min(changes, key=lambda path: changes[path])
    row(result, "rose", up, now[up], before[up], changes[up], share(changes[up], before[up]))
    row(result, "fell", down, now[down], before[down], changes[down], share(changes[down], before[down]))
    new = max(now.keys() - before.keys(), key=lambda path: now[path])
    row(result, "new", new, now[new])
    gone = max(before.values() and (before[path] for path in before.keys() - now.keys()))
    assert any(f"\t{gone}\n" in part for part in text_of(result).split("gone: ")[1:])
    told(result, len(now))


async def test_11_did_the_hacker_news_traffic_last(asked: Asked) -> None:
    for age in (0, 7, 14):
        last = TODAY - timedelta(days=1 + age)
        days = (last - timedelta(days=6), last)
        dates = {"start_date": str(days[0]), "end_date": str(days[1])}
        result = await asked.ask("summarize_traffic", referrer="news.ycombinator.com", **dates)
        told(result, asked.count(*days, "AND referrer LIKE '%//news.ycombinator.com%'"), *dates.values())


async def test_12_how_much_comes_from_mastodon_and_micro_blog(asked: Asked) -> None:
    days = days_back(30)
    for host in ("mastodon.social", "micro.blog"):
        result = await asked.ask("rank_traffic", dimension="referrer", search=host)
        hits = asked.count(*days, f"AND (referrer LIKE '%//{host}%' OR referrer LIKE '%//www.{host}%')")
        assert hits
        row(result, "ranking", host, hits, share(hits, asked.count(*days)))


async def test_13_did_ref_newsletter_work(asked: Asked) -> None:
    result = await asked.ask("rank_traffic", dimension="source", search="newsletter")
    days = days_back(30)
    hits, none = asked.count(*days, "AND source = 'newsletter'"), asked.count(*days, "AND source IS NULL")
    row(result, "ranking", "newsletter", hits, share(hits, asked.count(*days)))
    told(result, f"{none} hits without a source")


async def test_14_do_chatgpt_and_the_like_send_readers(asked: Asked) -> None:
    days = days_back(30)
    result = await asked.ask("rank_traffic", dimension="referrer", search="chatgpt.com")
    row(result, "ranking", "chatgpt.com", asked.count(*days, "AND referrer LIKE '%//chatgpt.com%'"))
    none = await asked.ask("rank_traffic", dimension="referrer", search="no-such-assistant.ai")
    assert none.structured_content is not None
    told(none, f"0 of {none.structured_content['names']} referrers")
    assert none.structured_content["ranking"]["of"] == 0


async def test_17_write_my_monday_report_for_all_three_sites(asked: Asked) -> None:
    result = await asked.host.call("get_overview", period="last_week")
    first = TODAY - timedelta(days=7)
    week, before = (first, TODAY - timedelta(days=1)), days_back(7, before=first)
    for site, name in asked.fake_api.connection.execute("SELECT id, label FROM sites"):
        now, then = asked.count(*week, site=site), asked.count(*before, site=site)
        row(result, "sites", site, name, now, then, now - then)
    told(result, sum(asked.count(*week, site=site) for site in (456, 457, 458)), *map(str, week))
    best = await asked.ask("summarize_traffic", period="last_week")
    path, hits = asked.sql("RTRIM(path, '/') AS p, COUNT(*) AS n", *week, "GROUP BY p ORDER BY n DESC LIMIT 1")[0]
    row(best, "pages", path or "/", hits)
    row(best, "referrers", "direct", asked.count(*week, "AND COALESCE(referrer, '') = ''"))
