"""A ranking without some days, pages or referring hosts is the plain count without them, or is refused."""

import re
from collections import Counter
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.client import NOW, connect, rows_of
from support.properties import examples
from support.traffic import ASKED, NAMES, ZONES, Hit, World, day_of, same_as, times, worlds
from tinylytics_mcp.fake_api import FakeApi
from tinylytics_tools.hits import api as hits_api

pytestmark = pytest.mark.anyio

DAY = 86_400
PAGES: tuple[str, ...] = ("/about", "/blog", "/a b", "/")
HOSTS: tuple[str, ...] = ("t.co", "pinterest.com", "own.example", "direct", "chat.co")


@st.composite
def questions(draw: st.DrawFn) -> tuple[World, dict[str, Any], list[str], list[str], list[str]]:
    world = draw(worlds())
    dimension = draw(st.sampled_from(tuple(NAMES)))
    when = draw(times(world.now))
    if dimension == "hour":
        when["time_zone"] = "utc"
    compare = draw(st.sampled_from(("previous_period", "all_before", "none")))
    today = world.now.astimezone(ZONES[when["time_zone"]]).date()
    ages = draw(st.lists(st.integers(0, 40), max_size=2, unique=True))
    pages = draw(st.lists(st.sampled_from(PAGES), max_size=2, unique=True))
    hosts = draw(st.lists(st.sampled_from(HOSTS), max_size=2, unique=True))
    days = [str(today - timedelta(days=age)) for age in ages]
    filters = draw(st.sampled_from(({}, {}, {"country": "DE"}, {"path": "/about"}, {"referrer": "t.co"})))
    return world, {**when, "dimension": dimension, "compare": compare, **filters}, days, pages, hosts


@given(question=questions())
@examples(60)
async def test_what_is_left_is_the_plain_count_without_what_was_excluded(
    question: tuple[World, dict[str, Any], list[str], list[str], list[str]],
) -> None:
    world, asking, days, pages, hosts = question
    exclude = [
        *(f"day:{day}" for day in days),
        *(f"page:{ASKED.get(page, page)}" for page in pages),
        *(f"referrer:{host}" for host in hosts),
    ]
    async with world.connected() as (host, site):
        result = await host.call("rank_traffic", site=site, limit=50, exclude=exclude or None, **asking)
    assert len(host.wire.requests) <= 40
    filters = {name: asking[name] for name in ("country", "path", "referrer") if name in asking}
    if result.is_error:
        assert len(exclude) > 1 or asking["compare"] != "none" or filters
        return
    answer, zone, dimension = result.structured_content, asking["time_zone"], asking["dimension"]
    assert answer is not None
    first, last = date.fromisoformat(answer["first_day"]), date.fromisoformat(answer["last_day"])

    def is_left(hit: Hit) -> bool:
        return not (
            str(day_of(hit, zone)) in days or NAMES["path"](hit, zone) in pages or NAMES["referrer"](hit, zone) in hosts
        )

    everything = world.between(first, last, zone, filters)
    left = list(filter(is_left, everything))
    assert answer["hits"] == len(left)
    assert answer.get("excluded_hits", 0) == len(everything) - len(left)
    if "estimate" in answer:
        assert not [*pages, *hosts]
        return
    internal = [hit for hit in left if NAMES["referrer"](hit, zone) == "own.example"]
    told_apart = internal if dimension in ("referrer", "link") else []
    truth = Counter(NAMES[dimension](hit, zone) for hit in left if hit not in told_apart)
    rows = {same_as(dimension, row["name"]): row for row in rows_of(answer["ranking"]) if row["name"] != "other"}
    assert answer.get("internal_hits", 0) == len(told_apart)
    assert {name: row["hits"] for name, row in rows.items()} == truth
    if answer["earlier_hits"] is None:
        return
    today = world.now.astimezone(ZONES[zone]).date()
    finished = min(last, today - timedelta(days=1))
    start = (
        world.born if asking["compare"] == "all_before" and zone == "utc" else first - (finished - first) - timedelta(1)
    )
    if asking["compare"] == "all_before" and zone == "user":
        start = world.born - timedelta(days=1)
    if asking.get("period") in ("this_week", "this_month"):
        return  # calendar periods have their own tests
    before = list(filter(is_left, world.between(start, first - timedelta(days=1), zone, filters)))
    is_calendar = first.day == 1 and asking["compare"] == "previous_period"
    assert is_calendar or answer["earlier_hits"] == len(before)


def a_site() -> tuple[FakeApi, str]:
    """A site with a day that carries its week, a page that was there before, and one that was not."""
    fake_api = FakeApi(now=lambda: NOW, hits=0)
    fake_api.connection.execute("DELETE FROM sites")
    site = fake_api.add_site(label="Some", url="https://some.example", created_at=int(NOW.timestamp()) - 500 * DAY)
    moment = int(NOW.timestamp())
    fake_api.add_hits(site, ({"created_at": moment - 400 * DAY, "path": "/once", "country": "DE"} for _ in range(3)))
    fake_api.add_hits(site, ({"created_at": moment - 3 * DAY, "path": "/viral", "country": "US"} for _ in range(90)))
    fake_api.add_hits(site, ({"created_at": moment - 2 * DAY, "path": "/once", "country": "DE"} for _ in range(10)))
    return fake_api, str(site)


async def test_a_ranking_without_the_day_of_a_spike_says_so_and_counts_a_day_less() -> None:
    fake_api, site = a_site()
    spike = str(NOW.date() - timedelta(days=3))
    async with connect(fake_api) as host:
        answer = await host.answer(
            "rank_traffic", site=site, dimension="country", period="last_7_days", exclude=f"day:{spike}"
        )
    assert (answer["hits"], answer["excluded"], answer["excluded_hits"]) == (10, f"day:{spike}", 90)
    assert answer["ranking"]["rows"] == [["DE", 10, 100.0, 0, 10]]
    assert answer["headline"].startswith(f"10 hits without day:{spike} on “Some”")
    assert answer["compared"].startswith("6 days to ")
    assert "against 0 on 7 days to 2026-11-15;" in answer["headline"]
    assert (answer["compared_a_day"], answer["earlier_a_day"]) == (1.7, 0.0)


async def test_new_since_the_first_hit_leaves_out_what_was_there_a_year_ago() -> None:
    fake_api, site = a_site()
    async with connect(fake_api) as host:
        asking = {"site": site, "dimension": "path", "period": "last_7_days"}
        ever = await host.answer("rank_traffic", compare="all_before", **asking)
        week = await host.answer("rank_traffic", **asking)
    assert [row[0] for row in ever["new"]["rows"]] == ["/viral"]
    assert {row[0] for row in week["new"]["rows"]} == {"/viral", "/once"}
    assert (ever["earlier_hits"], ever["change_percent"]) == (3, None)
    born = NOW.date() - timedelta(days=500)
    assert f"on {born} to " in ever["headline"]
    assert not {"rose", "fell", "gone"} & ever.keys()
    assert "change" not in ever["ranking"]["columns"]


@pytest.mark.parametrize("dimension", ["country", "hour"])
async def test_what_is_left_out_of_filtered_hits_is_only_what_matches_the_filter(dimension: str) -> None:
    fake_api = FakeApi(now=lambda: NOW, hits=0)
    site = fake_api.add_site(label="Some", url="https://some.example")
    yesterday = {"created_at": int(NOW.timestamp()) - DAY}
    for path, referrer, hits in (("/a", "t.co", 5), ("/a", "else.example", 30), ("/b", "t.co", 40), ("/b", None, 9)):
        row = {"path": path, "referrer": referrer and f"https://{referrer}/x", "source": "mail" if hits < 10 else None}
        fake_api.add_hits(site, [yesterday | row for _ in range(hits)])
    asking: dict[str, Any] = {"site": str(site), "dimension": dimension, "period": "last_7_days"}
    async with connect(fake_api) as host:
        of_host = await host.answer("rank_traffic", referrer="t.co", exclude="page:/a", **asking)
        of_page = await host.answer("rank_traffic", path="/b", exclude="referrer:t.co", **asking)
    assert (of_host["hits"], of_host["excluded_hits"]) == (40, 5)
    assert (of_page["hits"], of_page["excluded_hits"]) == (9, 40)


@pytest.mark.parametrize("left_out", ["day:2026-11-20", "day:2026-11-21"])
async def test_no_days_at_all_are_never_compared_with_a_day(left_out: str) -> None:
    fake_api, site = a_site()
    async with connect(fake_api) as host:
        asking = {"site": site, "dimension": "country", "start_date": "2026-11-21", "end_date": "2026-11-21"}
        whole = await host.answer("rank_traffic", **asking)
        answer = await host.answer("rank_traffic", exclude=left_out, **asking)
    assert (whole["earlier_hits"], whole["change"]) == (90, -80)
    assert [answer[name] for name in ("compared", "earlier_hits", "change")] == [None] * 3
    assert "against" not in answer["headline"]
    assert any(note.startswith("no comparison: the days that are left out") for note in answer["notes"])


async def test_no_per_cent_of_a_year_against_the_two_months_before_it() -> None:
    fake_api = FakeApi(now=lambda: NOW, hits=0)
    start = int(NOW.timestamp()) - 400 * DAY
    site = fake_api.add_site(label="Some", url="https://some.example", created_at=start)
    fake_api.add_hits(site, [{"created_at": start + day * DAY} for day in range(1, 400)])
    async with connect(fake_api) as host:
        answer = await host.answer("summarize_traffic", site=str(site), period="this_year", compare="all_before")
    assert answer["compared_hits"] > 4 * answer["earlier_hits"]
    assert answer["change_percent"] is None
    assert answer["change_a_day"] == 0
    assert "%" not in answer["headline"]


async def test_notes_tell_nothing_of_names_that_are_left_out() -> None:
    fake_api = FakeApi(now=lambda: NOW, hits=0)
    site = fake_api.add_site(label="Some", url="https://some.example")
    yesterday = int(NOW.timestamp()) - DAY
    rows = ((None, None, 6), ("mail", "https://t.co/a", 3), ("mail", "https://t.co/b", 2))
    for source, referrer, hits in rows:
        fake_api.add_hits(site, [{"created_at": yesterday, "source": source, "referrer": referrer}] * hits)
    async with connect(fake_api) as host:
        by_source, by_host = [
            await host.answer("rank_traffic", site=str(site), dimension=dimension, exclude=name)
            for dimension, name in (("source", "no source"), ("referrer", "direct"))
        ]
    assert by_source["hits"] == by_host["hits"] == 5
    assert not [note for note in by_source["notes"] if "without a source" in note]
    assert "2 different referrers merged to hosts" in by_host["notes"]


async def test_what_cannot_be_left_out_exactly_is_refused_with_what_would_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hits_api, "PER_PAGE", 2)
    fake_api, site = a_site()
    async with connect(fake_api) as host:
        asking = {"site": site, "dimension": "hour", "period": "last_7_days"}
        direct = await host.error("rank_traffic", exclude="referrer:direct", **asking)
        wrong = [
            await host.error("rank_traffic", exclude=exclude, **asking)
            for exclude in ("day:today", "page:about", "page:/x*", "referrer:https://t.co/abc")
        ]
        both = await host.error("rank_traffic", exclude="page:/once", path="/viral", **asking)
    assert re.match("That (cannot be left out exactly|is too much to leave out in one call)", direct)
    assert "Give a shorter period" in direct
    assert [error.split(" takes ")[0].removeprefix("exclude ") for error in wrong] == [
        *("day:", "page:", "page:", "referrer:")
    ]
    assert both.startswith("exclude page: and referrer: do not go with a filter")


async def test_an_estimate_without_a_day_tells_its_hits() -> None:
    fake_api, site = a_site()
    spike = str(NOW.date() - timedelta(days=3))
    asking = {"dimension": "weekday", "period": "last_90_days", "time_zone": "user", "compare": "none"}
    async with connect(fake_api) as host:
        answer = await host.answer("rank_traffic", site=site, exclude=f"day:{spike}", **asking)
    assert "estimate" in answer
    assert (answer["hits"], answer["excluded"], answer["excluded_hits"]) == (10, f"day:{spike}", 90)
