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
    return world, {**when, "dimension": dimension, "compare": compare}, days, pages, hosts


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
    if result.is_error:
        assert len(exclude) > 1 or asking["compare"] != "none"
        return
    answer, zone, dimension = result.structured_content, asking["time_zone"], asking["dimension"]
    assert answer is not None
    first, last = date.fromisoformat(answer["first_day"]), date.fromisoformat(answer["last_day"])

    def is_left(hit: Hit) -> bool:
        return not (
            str(day_of(hit, zone)) in days or NAMES["path"](hit, zone) in pages or NAMES["referrer"](hit, zone) in hosts
        )

    everything = world.between(first, last, zone)
    left = list(filter(is_left, everything))
    assert answer["hits"] == len(left)
    assert answer.get("excluded_hits", 0) == len(everything) - len(left)
    if "estimate" in answer:
        assert not exclude
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
    before = list(filter(is_left, world.between(start, first - timedelta(days=1), zone)))
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
