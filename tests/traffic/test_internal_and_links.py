"""The site's own pages are no source, an empty ranking says what happened, and a new address is seen."""

from typing import Any

import pytest
from support.client import NOW, connect, rows_of, text_of
from tinylytics_mcp.fake_api import FakeApi
from tinylytics_tools.hits import api as hits_api

pytestmark = pytest.mark.anyio

DAY = 86_400
MOMENT = int(NOW.timestamp()) - DAY
REFERRERS = {
    "https://www.own.example/about": 40,
    "http://own.example/": 30,
    "https://blog.own.example/": 6,
    "https://chatgpt.com/": 9,
    "https://news.ycombinator.com/item?id=1": 8,
    "https://news.ycombinator.com/item?id=2": 4,
    "": 3,
}
WEEK = {"period": "last_7_days"}


def a_site(*, url: str = "https://www.own.example", **earlier: int) -> tuple[FakeApi, str]:
    """A site with these hits of yesterday; `earlier`: hits of the week before by number of the thread."""
    fake_api = FakeApi(now=lambda: NOW, hits=0)
    site = fake_api.add_site(label="Own", url=url, created_at=MOMENT - 400 * DAY)
    for referrer, hits in REFERRERS.items():
        fake_api.add_hits(site, [{"created_at": MOMENT, "path": "/", "referrer": referrer}] * hits)
    for number, hits in earlier.items():
        row = {
            "created_at": MOMENT - 7 * DAY,
            "path": "/",
            "referrer": f"https://news.ycombinator.com/item?id={number[1:]}",
        }
        fake_api.add_hits(site, [row] * hits)
    return fake_api, str(site)


def names(table: dict[str, Any]) -> dict[str, int]:
    return {row[0]: row[1] for row in table["rows"]}


@pytest.mark.parametrize("tool", ["summarize_traffic", "rank_traffic"])
@pytest.mark.parametrize("per_page", [1000, 2], ids=["by rows", "by lists"])
async def test_the_sites_own_pages_are_not_its_best_source(
    monkeypatch: pytest.MonkeyPatch, tool: str, per_page: int
) -> None:
    monkeypatch.setattr(hits_api, "PER_PAGE", per_page)
    fake_api, site = a_site()
    more, table = ({"dimension": "referrer"}, "ranking") if tool == "rank_traffic" else ({}, "referrers")
    async with connect(fake_api) as host:
        result = await host.call(tool, site=site, limit=2, **more, **WEEK)
    answer: Any = result.structured_content
    shown = names(answer[table])
    assert shown == {"news.ycombinator.com": 12, "chatgpt.com": 9, "other": 9}
    assert (answer["internal_hits"], answer["hits"]) == (70, 100)
    assert answer[table]["of"] == 4
    assert sum(shown.values()) + answer["internal_hits"] == answer["hits"]
    text = text_of(result)
    assert "\nown.example\t" not in text
    assert "\ninternal_hits: 70\n" in text
    assert sum("own.example is the site itself and no source: 70 hits told apart" in n for n in answer["notes"]) == 1


@pytest.mark.parametrize("dimension", ["referrer", "link"])
async def test_internal_hits_are_neither_new_nor_gone_and_stay_in_the_total_of_the_change(dimension: str) -> None:
    fake_api, site = a_site(n1=5)
    async with connect(fake_api) as host:
        answer = await host.answer("rank_traffic", site=site, dimension=dimension, **WEEK)
    assert (answer["hits"], answer["earlier_hits"], answer["change"]) == (100, 5, 95)
    for table in ("ranking", "rose", "fell", "new", "gone"):
        assert not [row for row in rows_of(answer[table]) if "//own" in row["name"] or "www.own" in row["name"]]
    assert any("70 hits told apart, 0 on the earlier days" in note for note in answer["notes"])


@pytest.mark.parametrize("url", ["http://localhost:3000", "http://intranet"])
async def test_a_site_without_a_host_of_its_own_takes_no_referrer_for_internal(url: str) -> None:
    fake_api, site = a_site(url=url)
    fake_api.add_hits(int(site), [{"created_at": MOMENT, "path": "/", "referrer": "no host"}] * 5)
    async with connect(fake_api) as host:
        answer = await host.answer("rank_traffic", site=site, dimension="referrer", **WEEK)
        channels = await host.answer("rank_traffic", site=site, dimension="channel", **WEEK)
    assert "internal_hits" not in answer
    assert names(answer["ranking"])["own.example"] == 70
    assert "internal" not in names(channels["ranking"])


async def test_own_pages_can_be_left_out_of_the_total_by_name() -> None:
    fake_api, site = a_site()
    async with connect(fake_api) as host:
        answer = await host.answer("rank_traffic", site=site, dimension="referrer", exclude="own.example", **WEEK)
    assert (answer["hits"], answer["excluded_hits"], answer["internal_hits"]) == (30, 70, 0)


async def test_a_search_for_the_site_itself_does_not_say_that_nothing_came_from_there() -> None:
    fake_api, site = a_site()
    async with connect(fake_api) as host:
        answer = await host.answer("rank_traffic", site=site, dimension="referrer", search="own.example", **WEEK)
    assert names(answer["ranking"]) == {"blog.own.example": 6, "other": 24}
    assert any("own.example is the site itself" in note and "70 hits" in note for note in answer["notes"])


async def test_hits_of_own_pages_in_a_list_are_said_to_be_no_source() -> None:
    fake_api, site = a_site()
    async with connect(fake_api) as host:
        answer = await host.answer("list_hits", site=site, limit=50, **WEEK)
        outside = await host.answer("list_hits", site=site, referrer="chatgpt.com", **WEEK)
    note = "the referrer own.example is the site itself and no source"
    assert [note in found["notes"] for found in (answer, outside)] == [True, False]


@pytest.mark.parametrize("dimension", ["path", "referrer", "channel", "country"])
async def test_a_ranking_of_which_nothing_is_shown_is_not_100_per_cent_other(dimension: str) -> None:
    fake_api, site = a_site()
    asked = {"site": site, "dimension": dimension, **WEEK}
    async with connect(fake_api) as host:
        past = await host.answer("rank_traffic", offset=40, **asked)
        unfound = await host.answer("rank_traffic", search="nothing-has-this", **asked)
    for answer in (past, unfound):
        assert answer["ranking"]["rows"] == []
        assert answer["hits"] == 100
    assert f"there is nothing at offset 40: {past['names']} in all" in past["notes"]
    assert "no name contains nothing-has-this" in unfound["notes"]


async def test_a_new_thread_on_a_known_site_is_new_by_its_address_and_not_by_its_host() -> None:
    fake_api, site = a_site(n1=5, n7=2)
    async with connect(fake_api) as host:
        by_link = await host.answer("rank_traffic", site=site, dimension="link", **WEEK)
        by_host = await host.answer("rank_traffic", site=site, dimension="referrer", **WEEK)
    thread = "https://news.ycombinator.com/item?id="
    assert {thread + "2": 4, "https://chatgpt.com/": 9}.items() <= names(by_link["new"]).items()
    assert names(by_link["gone"]) == {thread + "7": 2}
    assert [row[:4] for row in by_link["rose"]["rows"]] == [[thread + "1", 8, 5, 3]]
    assert "news.ycombinator.com" not in names(by_host["new"])


async def test_channels_add_up_to_all_hits_and_have_the_counts_of_their_hosts() -> None:
    fake_api, site = a_site()
    async with connect(fake_api) as host:
        answer = await host.answer("rank_traffic", site=site, dimension="channel", **WEEK)
    assert names(answer["ranking"]) == {
        "internal": 70,
        "social": 12,
        "AI assistants": 9,
        "other sites": 6,
        "direct": 3,
    }
    assert "internal_hits" not in answer


@pytest.mark.parametrize("dimension", ["channel", "link"])
async def test_channels_and_addresses_of_a_list_that_is_too_long_are_not_known(
    monkeypatch: pytest.MonkeyPatch, dimension: str
) -> None:
    monkeypatch.setattr(hits_api, "PER_PAGE", 2)
    fake_api, site = a_site()
    rows = [{"created_at": MOMENT, "path": "/", "referrer": f"https://{n}.example/"} for n in range(90)]
    fake_api.add_hits(int(site), rows)
    asked = {"site": site, "dimension": dimension, "compare": "none", **WEEK}
    async with connect(fake_api) as host:
        answer = await host.answer("rank_traffic", **asked)
        assert len(host.wire.requests) <= 40
        said = await host.error("rank_traffic", search="social", **asked)
    assert (answer["complete"], answer["ranking"], answer["names"], answer["hits"]) == (False, None, None, 190)
    assert "internal_hits" not in answer
    assert " over 97 addresses, " in answer["headline"]
    assert "The 97 addresses are too many to be searched" in said


@pytest.mark.parametrize("dimension", ["channel", "link"])
async def test_of_one_referring_host_channels_and_addresses_are_still_exact(dimension: str) -> None:
    fake_api, site = a_site()
    rows = [{"created_at": MOMENT, "path": "/", "referrer": "x://q?//news.ycombinator.com/"}] * 5
    fake_api.add_hits(int(site), rows)
    async with connect(fake_api) as host:
        asked = {"site": site, "dimension": dimension, "referrer": "news.ycombinator.com", **WEEK}
        answer = await host.answer("rank_traffic", **asked)
    thread = "https://news.ycombinator.com/item?id="
    expected = {"social": 12} if dimension == "channel" else {thread + "1": 8, thread + "2": 4}
    assert names(answer["ranking"]) == expected


@pytest.mark.parametrize(
    "raw",
    [
        "https://en.wikipedia.org/wiki/Kiel_(city)",
        "https://a.example/it's",
        "https://a.example/a|b%20c",
        "https://a.example/a%20b",
        f"https://a.example/{'long' * 50}",
    ],
)
async def test_an_address_as_it_is_shown_finds_its_hits(raw: str) -> None:
    fake_api, site = a_site()
    fake_api.add_hits(int(site), [{"created_at": MOMENT, "path": "/read", "referrer": raw, "visitor_hash": "v"}] * 2)
    async with connect(fake_api) as host:
        listed = rows_of((await host.answer("list_hits", site=site, path="/read", **WEEK))["rows"])
        asked = {"site": site, "referrer": listed[0]["referrer"], **WEEK}
        for tool, figure, count in (
            ("list_hits", "hits", 2),
            ("rank_traffic", "hits", 2),
            ("summarize_traffic", "hits", 2),
            ("get_user_journeys", "visitors", 1),
        ):
            more = {"dimension": "path"} if tool == "rank_traffic" else {}
            assert (await host.answer(tool, **asked, **more))[figure] == count, tool


async def test_a_part_that_no_text_finds_alone_is_refused_and_not_counted_in_part() -> None:
    fake_api, site = a_site()
    for raw in ("https://a.example/a b", "https://a.example/a%20b"):
        fake_api.add_hits(int(site), [{"created_at": MOMENT, "path": "/", "referrer": raw}])
    async with connect(fake_api) as host:
        said = await host.error("list_hits", site=site, referrer="https://a.example/a%20b", **WEEK)
        search = {"dimension": "link", "search": "https://a.example/a%20b", **WEEK}
        answer = await host.answer("rank_traffic", site=site, **search)
    assert said.startswith("2 referrers are shown with this text")
    assert answer["matching_hits"] == 2
