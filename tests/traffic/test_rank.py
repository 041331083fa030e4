"""What `rank_traffic` keeps, leaves out, estimates and refuses."""

from collections.abc import AsyncGenerator, Mapping
from datetime import timedelta

import pytest
from support.client import NOW, Connected, connect, rows_of
from tinylytics_mcp.fake_api import FakeApi, Quirk
from tinylytics_tools.hits import api as hits_api

pytestmark = pytest.mark.anyio

MOMENT = int(NOW.timestamp()) - 86_400


async def served(*groups: tuple[int, Mapping[str, str | int]]) -> AsyncGenerator[tuple[Connected, str]]:
    fake_api = FakeApi(now=lambda: NOW, hits=0)
    site = str(fake_api.add_site(label="Ranked", url="https://ranked.example"))
    for count, row in groups:
        fake_api.add_hits(int(site), [{"created_at": MOMENT, **row}] * count)
    async with connect(fake_api) as host:
        yield host, site


@pytest.fixture
async def feeds() -> AsyncGenerator[tuple[Connected, str]]:
    paths = ("/", 40), ("/feed.xml", 30), ("/feed", 5), ("/feed/", 6), ("/Pixel.GIF", 9), ("/post", 10)
    async for found in served(*((count, {"path": path}) for path, count in paths)):
        yield found


async def test_names_are_left_out_by_pattern_and_said_to_be(feeds: tuple[Connected, str]) -> None:
    host, site = feeds
    answer = await host.answer(
        "rank_traffic", site=site, dimension="path", exclude="/feed*, *.gif", period="last_7_days"
    )
    assert [row[:3] for row in answer["ranking"]["rows"]] == [["/", 40, 80.0], ["/post", 10, 20.0]]
    assert (answer["hits"], answer["excluded_hits"], answer["excluded_names"]) == (50, 50, 3)
    assert answer["excluded"] == "/feed*, *.gif"


async def test_a_pattern_means_a_path_by_any_of_its_spellings(feeds: tuple[Connected, str]) -> None:
    host, site = feeds
    answer = await host.answer("rank_traffic", site=site, dimension="path", exclude="/feed", period="last_7_days")
    assert "/feed/" not in [row[0] for row in answer["ranking"]["rows"]]
    assert answer["excluded_hits"] == 11


async def test_hits_of_today_that_are_left_out_are_no_hits_of_today() -> None:
    rows = (5, {"path": "/feed", "created_at": MOMENT + 86_400}), (2, {"path": "/", "created_at": MOMENT + 86_400})
    async for host, site in served((9, {"path": "/"}), *rows):
        answer = await host.answer("rank_traffic", site=site, dimension="path", exclude="/feed", period="this_month")
        assert [answer[name] for name in ("hits", "hits_today", "compared_hits", "change")] == [11, 2, 9, 9]
        assert ", 2 of them today so far; without today 9, +9 against 0 on 2026-10-01 to" in answer["headline"]
        assert "hits count today, 2 so far; compared_hits, earlier_hits and change do not" in answer["notes"]


@pytest.mark.parametrize("pattern", ["*", " , ", "**,/x"])
async def test_a_pattern_that_leaves_out_everything_is_an_error(feeds: tuple[Connected, str], pattern: str) -> None:
    host, site = feeds
    said = await host.error("rank_traffic", site=site, dimension="path", exclude=pattern)
    assert ("exclude: give 1 to 20 names" if pattern == " , " else "exclude needs names") in said


async def test_search_keeps_names_and_tells_their_share_of_all(feeds: tuple[Connected, str]) -> None:
    host, site = feeds
    answer = await host.answer("rank_traffic", site=site, dimension="path", search="FEED", period="last_7_days")
    assert [row[:3] for row in answer["ranking"]["rows"]] == [
        ["/feed.xml", 30, 30.0],
        ["/feed/", 11, 11.0],
        ["other", 59, 59.0],
    ]
    assert (answer["matching_hits"], answer["matching_percent"], answer["names"]) == (41, 41.0, 5)
    assert any("1 path merged from" in note for note in answer["notes"])


async def test_the_change_beside_what_was_searched_for_is_its_own() -> None:
    before = {"created_at": MOMENT - 7 * 86_400}
    rows = (60, {"path": "/a"}), (40, {"path": "/b"}), (50, {"path": "/a", **before}), (90, {"path": "/b", **before})
    async for host, site in served(*rows, (7, {"path": "/feed"})):
        when = {"site": site, "dimension": "path", "period": "last_7_days"}
        found = await host.answer("rank_traffic", search="/a", **when)
        both = await host.answer("rank_traffic", search="/a", exclude="/feed", **when)
        whole = await host.answer("rank_traffic", **when)
        assert "; +10, +20 % against 50 on as many" in found["headline"]
        matching = ("compared_hits", "earlier_hits", "change", "change_percent")
        assert [found[f"matching_{name}"] for name in matching] == [60, 50, 10, 20.0]
        assert (found["hits"], found["earlier_hits"], found["change"]) == (107, 140, -33)
        assert both["headline"].startswith("60 of 100 hits")
        assert "; +10, +20 % against 50" in both["headline"]
        assert "; -33, -23.6 % against 140" in whole["headline"]
        assert "matching_change" not in whole


async def test_a_host_that_no_text_finds_alone_is_still_counted_exactly() -> None:
    referrers = (3, "a.example/x"), (4, "https://ba.example/"), (2, "https://www.a.example"), (5, "x://q?//a.example/")
    async for host, site in served(*((count, {"referrer": name, "country": "DE"}) for count, name in referrers)):
        asked = {"site": site, "referrer": "a.example", "period": "last_7_days"}
        answer = await host.answer("summarize_traffic", **asked)
        assert answer["hits"] == 5
        assert answer["countries"]["rows"] == [["DE", 5, 100.0]]
        ranked = await host.answer("rank_traffic", dimension="referrer", **asked)
        assert [row[:2] for row in ranked["ranking"]["rows"]] == [["a.example", 5]]
        assert any("ba.example" in note for note in answer["notes"])


async def test_such_a_host_on_a_site_too_large_to_read_leaves_the_rest_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hits_api, "PER_PAGE", 5)
    referrers = (200, "a.example/x"), (40, "https://ba.example/"), (20, "x://q?//a.example/")
    async for host, site in served(*((count, {"referrer": name}) for count, name in referrers)):
        answer = await host.answer("summarize_traffic", site=site, referrer="a.example", period="last_7_days")
        assert (answer["hits"], answer["complete"], answer["pages"]) == (200, False, None)
        assert sum(row[1] for row in answer["series"]["rows"]) == 200
        assert answer["referrers"]["rows"] == [["a.example", 200, 100.0]]
        assert sum("not known for this referrer" in note for note in answer["notes"]) == 4


async def test_uniques_of_two_requests_are_not_added_up() -> None:
    fake_api = FakeApi(now=lambda: NOW, hits=0)
    site = fake_api.add_site(label="Old", url="https://old.example", created_at=MOMENT - 900 * 86_400)
    rows = (("/once", MOMENT), ("/both", MOMENT), ("/both", MOMENT - 790 * 86_400))
    fake_api.add_hits(site, ({"created_at": at, "path": path, "unique_hash": "aa"} for path, at in rows))
    days = {"start_date": str(NOW.date() - timedelta(days=800)), "end_date": str(NOW.date() - timedelta(days=1))}
    async with connect(fake_api) as host:
        answer = await host.answer("rank_traffic", site=str(site), dimension="path", compare="none", **days)
    assert [row[:2] + row[3:] for row in answer["ranking"]["rows"]] == [["/both", 2, None], ["/once", 1, 1]]


async def test_hours_are_refused_in_a_zone_that_nobody_names() -> None:
    async with connect(FakeApi(now=lambda: NOW, hits=0)) as host:
        said = await host.error("rank_traffic", site="456", dimension="hour", time_zone="user")
    assert "Hours are only known in UTC" in said
    assert "time_zone utc" in said


async def test_campaigns_are_read_from_rows_where_the_service_does_not_group_them() -> None:
    answers: list[dict[str, object]] = []
    for quirks in ((), (Quirk.NO_SOURCE_GROUPS,)):
        async with connect(FakeApi(now=lambda: NOW, hits=3_000, quirks=quirks)) as host:
            answers.append(await host.answer("rank_traffic", site="456", dimension="source"))
    grouped, read = answers
    counts = {"requests_used": 0, "requests_left": 0}
    assert grouped | counts == read | counts


@pytest.mark.parametrize("dimension", ["device", "source", "hour"])
async def test_too_many_hits_make_a_labelled_estimate_from_all_over_the_window(
    dimension: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hits_api, "PER_PAGE", 20)
    fake_api = FakeApi(now=lambda: NOW, hits=12_000, quirks=[Quirk.NO_SOURCE_GROUPS])
    async with connect(fake_api) as host:
        answer = await host.answer("rank_traffic", site="456", dimension=dimension)
        pages = sorted(
            int(request.url.params["page"]) for request in host.wire.requests if "page" in request.url.params
        )
        assert len(host.wire.requests) <= 40
    assert (answer["complete"], answer["names"]) == (False, None)
    assert answer["estimate"].startswith("480 of 2835 hits, 24 pages spread over the window, give or take ")
    assert answer["ranking"]["columns"] == ["name", "percent_estimated"]
    shares = {row["name"]: row["percent_estimated"] for row in rows_of(answer["ranking"])}
    assert all(isinstance(share, int) for share in shares.values())
    assert pages[-1] > 130
    if dimension == "device":
        assert abs(shares["mobile"] - 44) <= int(answer["estimate"].split()[-2])


async def test_weekdays_of_many_days_are_estimated_from_whole_weeks() -> None:
    fake_api = FakeApi(now=lambda: NOW, hits=50_000)
    async with connect(fake_api) as host:
        answer = await host.answer(
            "rank_traffic", site="456", dimension="weekday", period="last_90_days", time_zone="user"
        )
        assert len(host.wire.requests) <= 40
        filtered = await host.answer(
            "rank_traffic", site="456", dimension="weekday", period="last_90_days", time_zone="user", country="DE"
        )
    assert " hits that match the filters on “My Blog”" in filtered["headline"]
    assert answer["estimate"].endswith("hits of 5 whole weeks spread over the window")
    assert answer["complete"] is False


@pytest.mark.parametrize("more", [{"search": "Mon"}, {"exclude": "Sunday"}, {"sort": "least"}, {"sort": "change"}])
async def test_what_an_estimate_cannot_tell_is_refused_and_never_left_out_silently(more: dict[str, str]) -> None:
    asking = {"site": "456", "dimension": "weekday", "period": "last_90_days", "time_zone": "user"}
    async with connect(FakeApi(now=lambda: NOW, hits=12_000)) as host:
        error = await host.error("rank_traffic", **asking, **more)
    assert error.startswith("The hits are too many to be searched, sorted or left out by name in one call.")


async def test_weekdays_of_a_site_without_hits_are_no_estimate() -> None:
    fake_api = FakeApi(now=lambda: NOW, hits=0)
    site = fake_api.add_site(label="Empty", url="https://empty.example")
    asking = {"dimension": "weekday", "period": "last_90_days", "time_zone": "user"}
    async with connect(fake_api) as host:
        answer = await host.answer("rank_traffic", site=str(site), **asking)
    assert (answer["hits"], answer["names"], answer.get("estimate")) == (0, 0, None)


async def test_an_earlier_period_in_which_the_site_did_not_exist_is_no_comparison() -> None:
    async with connect(FakeApi(now=lambda: NOW, hits=1_000)) as host:
        answer = await host.answer("rank_traffic", site="458", dimension="path", period="last_30_days")
    assert answer["earlier_hits"] is None
    assert "new" not in answer
    assert answer["ranking"]["columns"] == ["name", "hits", "percent", "unique_hits"]
    assert any(note.startswith("no comparison: the site has no day before ") for note in answer["notes"])


async def test_a_list_too_long_for_one_call_shows_its_top_only_where_that_is_sure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hits_api, "PER_PAGE", 10)
    groups = [(300, {"path": "/top"}), (200, {"path": "/next"}), *((1, {"path": f"/{n}"}) for n in range(390))]
    async for host, site in served(*groups):
        asked = {"site": site, "dimension": "path", "compare": "none", "period": "last_7_days"}
        sure = await host.answer("rank_traffic", limit=1, **asked)
        assert sure["ranking"] is None
        assert sure["complete"] is False
        assert "392" in await host.error("rank_traffic", search="top", **asked)
    groups[0] = (1000, {"path": "/top"})
    async for host, site in served(*groups):
        sure = await host.answer(
            "rank_traffic", site=site, dimension="path", period="last_7_days", compare="none", limit=1
        )
        assert sure["ranking"]["rows"][0][:2] == ["/top", 1000]
        assert (sure["ranking"]["of"], sure["complete"]) == (392, False)
        assert any("spellings not merged" in note for note in sure["notes"])
