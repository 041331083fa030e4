"""Several names at once, and rankings in another order, agree with a plain count."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.client import NOW, Connected, connect, rows_of
from support.properties import examples
from support.traffic import World, counted, same_as, times, worlds
from tinylytics_mcp.fake_api import FakeApi
from tinylytics_tools.hits import api as hits_api

pytestmark = pytest.mark.anyio

DAY = 86_400
MOMENT = int(NOW.timestamp())
PARTS = ("/a", "about", "BLOG", "/nothing", "x", "ü")


def a_site(**paths: int) -> tuple[FakeApi, str]:
    """A site with so many hits of yesterday on each page, all of the same kind."""
    fake_api = FakeApi(now=lambda: NOW, hits=0)
    site = fake_api.add_site(label="Names", url="https://names.example", created_at=MOMENT - 400 * DAY)
    agent = {"created_at": MOMENT - DAY, "country": "US", "browser_name": "Chrome", "platform_name": "Linux"}
    for path, hits in paths.items():
        fake_api.add_hits(site, [{**agent, "path": f"/{path}"}] * hits)
    return fake_api, str(site)


async def ranked(host: Connected, site: str, **asked: Any) -> dict[str, Any]:
    return await host.answer("rank_traffic", site=site, dimension="path", period="last_7_days", **asked)


@pytest.mark.parametrize("argument", ["search", "exclude"])
async def test_a_name_of_several_that_is_a_number_is_not_dropped_and_what_is_none_is_refused(argument: str) -> None:
    fake_api, site = a_site(**{"2025": 7, "about": 5, "other": 3})
    async with connect(fake_api) as host:
        refused = await host.error("rank_traffic", site=site, dimension="path", **{argument: ["/about", None]})
        answer = await ranked(host, site, **{argument: ["/about", 2025]})
    assert f"{argument}.1: Input should be a valid string" in refused
    assert answer["matching_hits" if argument == "search" else "excluded"] == (
        12 if argument == "search" else "/about, 2025"
    )


@pytest.mark.parametrize("several", [["/news", "/about"], "/news,/about", " /news , /about ", '["/news","/about"]'])
@pytest.mark.parametrize("argument", ["search", "exclude"])
async def test_a_list_of_names_is_never_one_name_that_nothing_has(argument: str, several: object) -> None:
    fake_api, site = a_site(news=7, about=5, other=3)
    async with connect(fake_api) as host:
        answer = await ranked(host, site, **{argument: several})
    if argument == "search":
        assert (answer["matching_names"], answer["matching_hits"], answer["matching_percent"]) == (2, 12, 80.0)
        assert answer["headline"].startswith("12 of 15 hits ")
    else:
        assert (answer["hits"], answer["excluded_names"], answer["excluded_hits"]) == (3, 2, 12)


@pytest.mark.parametrize(("argument", "figure"), [("search", "matching_hits"), ("exclude", "excluded_hits")])
@pytest.mark.parametrize("name", ["null", "true", "2025", 2025])
async def test_a_single_name_that_is_also_a_value_of_json_is_a_name(argument: str, figure: str, name: object) -> None:
    fake_api, site = a_site(**{str(name): 7, "about": 5})
    async with connect(fake_api) as host:
        answer = await ranked(host, site, **{argument: name if argument == "search" else f"/{name}"})
    assert answer[figure] == 7


@pytest.mark.parametrize(("last", "left"), [("b", 8), ("a", 3), ("", 3)])
async def test_many_stars_hold_up_nobody(last: str, left: int) -> None:
    fake_api, site = a_site(**{"a" * 60: 5, "x": 3})
    async with connect(fake_api) as host:
        answer = await ranked(host, site, exclude="/" + "*a" * 40 + "*" + last)
    assert answer["hits"] == left


async def test_a_campaign_called_other_is_not_the_row_of_all_others() -> None:
    fake_api, site = a_site(x=1)
    hit = {"created_at": MOMENT - DAY, "path": "/y", "browser_name": "(other)"}
    fake_api.add_hits(int(site), [{**hit, "source": name} for name in ("other", "other", "news", "rss")])
    async with connect(fake_api) as host:
        asked = {"site": site, "dimension": "source", "period": "last_7_days"}
        whole = await host.answer("rank_traffic", **asked)
        found = await host.answer("rank_traffic", **asked, search="other")
        left = await host.answer("rank_traffic", **asked, exclude="other")
        summary = await host.answer("summarize_traffic", site=site, period="last_7_days")
    assert [row[:2] for row in whole["ranking"]["rows"]] == [["%6Fther", 2], ["news", 1], ["no source", 1], ["rss", 1]]
    assert [row[:2] for row in found["ranking"]["rows"]] == [["%6Fther", 2], ["other", 3]]
    assert (left["hits"], left["excluded_hits"]) == (3, 2)
    assert [row[:2] for row in summary["browsers"]["rows"]] == [["%6Fther", 4], ["Chrome", 1]]


async def test_a_name_of_several_that_is_nowhere_is_said() -> None:
    fake_api, site = a_site(news=7, about=5)
    async with connect(fake_api) as host:
        answer = await ranked(host, site, search=["/news", "/gone"])
    assert answer["matching_hits"] == 7
    assert "no name contains /gone" in answer["notes"]


@given(
    worlds().flatmap(lambda world: times(world.now).map(lambda when: (world, when))),
    st.lists(st.sampled_from(PARTS), min_size=1, max_size=3, unique=True),
)
@examples(30)
async def test_what_several_names_find_is_their_sum_share_and_change(
    question: tuple[World, dict[str, str]], search: list[str]
) -> None:
    world, when = question
    async with world.connected() as (host, site):
        answer = await host.answer("rank_traffic", site=site, dimension="path", search=search, limit=50, **when)
    zone = when["time_zone"]
    first, last = (NOW.fromisoformat(answer[name]).date() for name in ("first_day", "last_day"))
    hits = counted("path", world.between(first, last, zone), zone)
    found = {
        name: number for name, number in hits.items() if any(part.casefold() in name.casefold() for part in search)
    }
    assert (answer["matching_names"], answer["matching_hits"]) == (len(found), sum(found.values()))
    if hits:
        assert answer["matching_percent"] == round(100 * sum(found.values()) / hits.total(), 1)
    shown = {same_as("path", row["name"]): row["hits"] for row in rows_of(answer["ranking"]) if row["name"] != "other"}
    assert shown == found


@given(
    worlds().flatmap(lambda world: times(world.now).map(lambda when: (world, when))),
    st.sampled_from(("most", "least", "change")),
)
@examples(40)
async def test_a_ranking_is_in_the_order_that_was_asked_for(question: tuple[World, dict[str, str]], sort: str) -> None:
    world, when = question
    async with world.connected() as (host, site):
        result = await host.call("rank_traffic", site=site, dimension="path", sort=sort, limit=50, **when)
    if result.is_error:
        assert sort == "change"
        return
    answer: Any = result.structured_content
    zone = when["time_zone"]
    first, last = (NOW.fromisoformat(answer[name]).date() for name in ("first_day", "last_day"))
    hits: Counter[str] = counted("path", world.between(first, last, zone), zone)
    rows = [row for row in rows_of(answer["ranking"]) if row["name"] != "other"]
    assert {same_as("path", row["name"]): row["hits"] for row in rows} == hits
    values = [abs(row["change"]) if sort == "change" else row["hits"] for row in rows]
    assert values == sorted(values, reverse=sort != "least")
    value = rows[0]["change" if sort == "change" else "hits"] if rows else 0
    ties = sum(row["change" if sort == "change" else "hits"] == value for row in rows)
    what = f"a change of {value:+d}" if sort == "change" else f"{value} hit{'s' * (value != 1)}"
    assert (f"{ties} paths have {what} each" in answer["notes"]) is (ties > 1)
    unlisted = "paths without a hit in these days are in no list, and which these are cannot be known"
    assert (unlisted in answer["notes"]) is (sort == "least")


async def test_nothing_is_sorted_by_a_change_that_was_not_counted() -> None:
    fake_api, site = a_site(news=7)
    async with connect(fake_api) as host:
        said = await host.error("rank_traffic", site=site, dimension="path", sort="change", compare="none")
    assert "nothing is compared" in said


@pytest.mark.parametrize("per_page", [1000, 20], ids=["by rows", "by lists"])
async def test_hits_that_are_all_alike_are_called_automated_and_still_counted(
    monkeypatch: pytest.MonkeyPatch, per_page: int
) -> None:
    monkeypatch.setattr(hits_api, "PER_PAGE", per_page)
    fake_api, site = a_site(**{f"page{number}": 30 for number in range(20)})
    async with connect(fake_api) as host:
        answer = await host.answer("summarize_traffic", site=site, period="last_7_days")
    assert answer["hits"] == 600
    (note,) = [note for note in answer["notes"] if "automated" in note]
    assert "as a guess: all 600 hits counted here" in note
    assert note.endswith(": “US, Chrome, Linux”")  # a browser calls itself what it likes


@pytest.mark.parametrize("tool", ["summarize_traffic", "rank_traffic"])
async def test_a_page_whose_hits_are_all_alike_is_named_and_one_with_other_readers_is_not(tool: str) -> None:
    fake_api, site = a_site(bot=40, few=29, mixed=40)
    other = {"created_at": MOMENT - DAY, "path": "/mixed", "country": "DE", "browser_name": "Safari"}
    fake_api.add_hits(int(site), [other])
    more = {"dimension": "device"} if tool == "rank_traffic" else {}
    async with connect(fake_api) as host:
        answer = await host.answer(tool, site=site, period="last_7_days", **more)
    notes = [note for note in answer["notes"] if "automated" in note]
    assert len(notes) == 1
    assert "all 40 hits on /bot have one" in notes[0]


async def test_hits_of_which_nothing_is_known_are_not_called_automated() -> None:
    fake_api = FakeApi(now=lambda: NOW, hits=0)
    site = fake_api.add_site(label="Bare", url="https://bare.example", created_at=MOMENT - 400 * DAY)
    fake_api.add_hits(site, [{"created_at": MOMENT - DAY, "path": "/x"}] * 60)
    async with connect(fake_api) as host:
        answer = await host.answer("summarize_traffic", site=str(site), period="last_7_days")
    assert not [note for note in answer["notes"] if "automated" in note]


@pytest.mark.parametrize("length", [20, 110])
async def test_a_ranking_that_is_shorter_than_asked_for_says_so_and_where_it_goes_on(length: int) -> None:
    fake_api, site = a_site(**{f"{number:03}{'x' * length}": 120 - number for number in range(120)})
    earlier = {"created_at": MOMENT - 9 * DAY, "country": "DE"}
    fake_api.add_hits(int(site), [{**earlier, "path": f"/{n:03}{'x' * length}"} for n in range(60)])
    fake_api.add_hits(int(site), [{**earlier, "path": f"/gone{n}{'y' * length}"} for n in range(60)])
    seen: list[str] = []
    offset: int | None = 0
    async with connect(fake_api) as host:
        while offset is not None:
            answer = await ranked(host, site, limit=50, offset=offset)
            names = [row["name"] for row in rows_of(answer["ranking"]) if row["name"] != "other"]
            left = 120 - offset
            if len(names) < min(50, left):
                assert f"ranking {len(names)} of {min(50, left)}" in answer["shortened"]
                assert answer["ranking"]["next_offset"] == offset + len(names)
                sides = [answer[name]["rows"] for name in ("rose", "fell", "new", "gone") if name in answer]
                assert not any(sides)  # the side tables gave way first
            else:
                assert "ranking " not in answer.get("shortened", "")
            seen += names
            offset = answer["ranking"]["next_offset"]
    assert len(seen) == len(set(seen)) == 120
    assert length > 100 or seen.index("/049" + "x" * length) == 49
