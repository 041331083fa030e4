"""Hits, groups, leaderboard and journeys against counts made independently in Python."""

import re
from collections import Counter, defaultdict
from datetime import timedelta
from sqlite3 import Row
from typing import Any
from urllib.parse import quote

import pytest
from support.fake_api import MAIN, NOW, PHOTOS, ask, epoch, made
from tinylytics_mcp.fake_api import FakeApi

pytestmark = pytest.mark.anyio

SINCE, BEFORE = epoch(2026, 1, 15), epoch(2026, 2, 15)
"""The default window at the tests' clock."""
GROUPS = ["path", "country", "referrer", "browser_name", "platform_name", "source"]


def in_window(fake_api: FakeApi, site_id: int = 456) -> list[Row]:
    rows = fake_api.connection.execute("SELECT * FROM hits WHERE site_id = ?", (site_id,)).fetchall()
    return [row for row in rows if SINCE <= row["created_at"] < BEFORE]


async def all_pages(fake_api: FakeApi, path: str, rows: str, per_page: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    page, pages = 1, 1
    while page <= pages:
        reply = (await ask(fake_api, f"{path}{'&' if '?' in path else '?'}per_page={per_page}&page={page}")).json()
        found += reply[rows]
        pages = reply["pagination"]["total_pages"]
        page += 1
    return found


async def test_pages_hold_every_hit_once_newest_first() -> None:
    fake_api = made()
    listed = await all_pages(fake_api, f"{MAIN}/hits", "hits", 97)
    expected = sorted(in_window(fake_api), key=lambda row: (row["created_at"], row["id"]), reverse=True)
    assert [hit["id"] for hit in listed] == [row["id"] for row in expected]
    assert [hit["created_at"] for hit in listed] == sorted((hit["created_at"] for hit in listed), reverse=True)


@pytest.mark.parametrize("group", GROUPS)
async def test_groups_are_the_counts_of_the_rows(group: str) -> None:
    fake_api = made()
    reply = (await ask(fake_api, f"{MAIN}/hits?grouped=true&group_by={group}&per_page=1000")).json()
    counted = Counter(row[group] for row in in_window(fake_api))
    count = "views" if group == "path" else "hit_count"
    assert {row[group]: row[count] for row in reply["grouped_hits"]} == counted
    assert reply["pagination"]["total_count"] == len(counted)
    counts = [row[count] for row in reply["grouped_hits"]]
    assert counts == sorted(counts, reverse=True)
    fields = {"path", "views", "unique_views"} if group == "path" else {group, "hit_count"}
    assert all(row.keys() == fields for row in reply["grouped_hits"])
    assert reply["filters"]["group_by"] == group


async def test_groups_have_pages_and_their_total_is_the_number_of_groups() -> None:
    fake_api = made()
    query = f"{MAIN}/hits?grouped=true&group_by=country"
    whole = (await ask(fake_api, query)).json()["grouped_hits"]
    assert await all_pages(fake_api, query, "grouped_hits", 3) == whole
    assert (await ask(fake_api, f"{query}&per_page=3")).json()["pagination"]["total_count"] == len(whole) > 3


async def test_direct_and_stripped_referrers_are_two_groups() -> None:
    groups = (await ask(made(), f"{MAIN}/hits?grouped=true&group_by=referrer")).json()["grouped_hits"]
    assert {None, ""} <= {group["referrer"] for group in groups}


async def test_unique_views_count_visitors_of_a_path() -> None:
    fake_api = made()
    uniques: defaultdict[str, set[str]] = defaultdict(set)
    for row in in_window(fake_api):
        uniques[row["path"]].add(row["unique_hash"])
    groups = (await ask(fake_api, f"{MAIN}/hits?grouped=true")).json()["grouped_hits"]
    assert groups
    assert all(group["unique_views"] == len(uniques[group["path"]]) for group in groups)


async def test_a_site_without_unique_tracking_knows_no_uniques_and_no_visitors() -> None:
    fake_api = made(hits=12_000)
    groups = (await ask(fake_api, f"{PHOTOS}/hits?grouped=true")).json()["grouped_hits"]
    assert groups
    assert all(group.keys() == {"path", "views"} for group in groups)
    journeys = (await ask(fake_api, f"{PHOTOS}/user_journeys")).json()
    assert journeys["user_journeys"] == []
    assert journeys["summary"]["total_visitors"] == 0
    assert (await ask(fake_api, PHOTOS)).json()["lifetime_unique_hits"] == 0
    assert {row["unique_hits"] for row in (await ask(fake_api, f"{PHOTOS}/leaderboard")).json()["leaderboard"]} == {0}


@pytest.mark.parametrize(
    ("query", "field", "pattern"),
    [
        ("country=DE", "country", "DE"),
        ("country=de", "country", "de"),
        ("path=/about", "path", "/about"),
        ("path=/abou", "path", "/abou"),
        (f"path={quote('/博客/你好世界')}", "path", "/博客/你好世界"),
        ("referrer=GOOGLE", "referrer", "(?is).*google.*"),
        ("referrer=%25", "referrer", "(?s).*%.*"),
        ("referrer=%5F", "referrer", "(?s).*_.*"),
    ],
)
async def test_filters(query: str, field: str, pattern: str) -> None:
    fake_api = made()
    reply = (await ask(fake_api, f"{MAIN}/hits?{query}&per_page=1000")).json()
    expected = [row["id"] for row in in_window(fake_api) if re.fullmatch(pattern, row[field] or "")]
    assert sorted(hit["id"] for hit in reply["hits"]) == sorted(expected)
    assert reply["pagination"]["total_count"] == len(expected)
    groups = (await ask(fake_api, f"{MAIN}/hits?grouped=true&group_by=country&{query}")).json()["grouped_hits"]
    assert sum(group["hit_count"] for group in groups) == len(expected)


async def test_lifetime_counters_are_counts_of_the_rows() -> None:
    fake_api = made()
    sites = (await ask(fake_api, "/sites")).json()["sites"]
    assert [site["id"] for site in sites] == [456, 457, 458]
    for site in sites:
        hits = fake_api.connection.execute("SELECT * FROM hits WHERE site_id = ?", (site["id"],)).fetchall()
        kudos = fake_api.connection.execute("SELECT * FROM kudos WHERE site_id = ?", (site["id"],)).fetchall()
        assert site["lifetime_hits"] == len(hits)
        assert site["lifetime_unique_hits"] == len({row["unique_hash"] for row in hits} - {None})
        assert site["lifetime_kudos"] == len(kudos)
        assert (await ask(fake_api, f"/sites/{site['id']}")).json() == site
    await ask(fake_api, f"{MAIN}/hits", method="POST", body={"path": "/new", "visitor_id": "v"})
    after = (await ask(fake_api, MAIN)).json()
    assert after["lifetime_hits"] == sites[0]["lifetime_hits"] + 1
    assert after["lifetime_unique_hits"] == sites[0]["lifetime_unique_hits"] + 1


async def test_the_leaderboard_is_of_all_time() -> None:
    fake_api = made()
    ranking = await all_pages(fake_api, f"{MAIN}/leaderboard", "leaderboard", 40)
    rows = fake_api.connection.execute("SELECT path FROM hits WHERE site_id = 456").fetchall()
    counted = Counter(row["path"] for row in rows)
    assert {row["path"]: row["total_hits"] for row in ranking} == counted
    assert [row["total_hits"] for row in ranking] == sorted(counted.values(), reverse=True)
    assert ranking[0]["percentage"] == round(100 * ranking[0]["total_hits"] / len(rows), 1)


async def test_the_leaderboard_filter_ignores_case_and_keeps_shares_of_all_hits() -> None:
    fake_api = made(hits=0)
    fake_api.add_hits(456, [{"path": "/Über"}, {"path": "/a"}, {"path": "/a"}, {"path": "/b"}])
    reply = (await ask(fake_api, f"{MAIN}/leaderboard?path={quote('ÜBER')}")).json()
    assert reply["leaderboard"] == [{"path": "/Über", "total_hits": 1, "unique_hits": 0, "percentage": 25.0}]
    assert reply["filters"] == {"path": "ÜBER"}


async def test_the_leaderboard_is_up_to_an_hour_old() -> None:
    clock = [NOW]
    fake_api = FakeApi(now=lambda: clock[0], hits=0)
    ask_ranking = f"{MAIN}/leaderboard"
    first = (await ask(fake_api, ask_ranking)).json()
    assert first["cache_info"] == {"cached_at": "2026-02-14T10:00:00Z", "expires_at": "2026-02-14T11:00:00Z"}
    await ask(fake_api, f"{MAIN}/hits", method="POST", body={"path": "/new"})
    clock[0] += timedelta(minutes=59)
    assert (await ask(fake_api, ask_ranking)).json() == first
    clock[0] += timedelta(minutes=1)
    later = (await ask(fake_api, ask_ranking)).json()
    assert [row["path"] for row in later["leaderboard"]] == ["/new"]
    assert later["cache_info"]["cached_at"] == "2026-02-14T11:00:00Z"
    fake_api.add_hits(456, [{"path": "/more"}])
    assert len((await ask(fake_api, ask_ranking)).json()["leaderboard"]) == 2


async def test_journeys_are_the_hits_by_visitor() -> None:
    fake_api = made()
    journeys = await all_pages(fake_api, f"{MAIN}/user_journeys", "user_journeys", 50)
    visitors: defaultdict[str, list[Row]] = defaultdict(list)
    for row in sorted(in_window(fake_api), key=lambda row: (row["created_at"], row["id"])):
        visitors[row["visitor_hash"]].append(row)
    assert {journey["visitor_hash"] for journey in journeys} == set(visitors)
    for journey in journeys:
        rows = visitors[journey["visitor_hash"]]
        assert [page["path"] for page in journey["pages"]] == [row["path"] for row in rows]
        assert (journey["entry_page"], journey["exit_page"]) == (rows[0]["path"], rows[-1]["path"])
        assert journey["page_count"] == len(rows)
        assert journey["session_duration"] == rows[-1]["created_at"] - rows[0]["created_at"]
        assert journey["referrer"] == rows[0]["referrer"]
    assert sum(journey["page_count"] for journey in journeys) == len(in_window(fake_api))


async def test_the_summary_of_journeys_is_of_the_whole_window_whatever_the_page() -> None:
    fake_api = made()
    small, full = [(await ask(fake_api, f"{MAIN}/user_journeys?per_page={size}")).json() for size in (1, 50)]
    assert small["summary"] == full["summary"]
    assert small["insights"] == full["insights"]
    summary = small["summary"]
    visits = Counter(row["visitor_hash"] for row in in_window(fake_api))
    assert summary["total_visitors"] == len(visits) == small["pagination"]["total_count"]
    assert summary["single_page_visitors"] == sum(count == 1 for count in visits.values())
    assert summary["multi_page_visitors"] == len(visits) - summary["single_page_visitors"]
    assert summary["bounce_rate"] == round(100 * summary["single_page_visitors"] / len(visits), 1)


async def test_an_empty_site_answers_with_nothing() -> None:
    fake_api = made(hits=0)
    assert (await ask(fake_api, f"{MAIN}/hits")).json()["pagination"] == {
        "current_page": 1,
        "per_page": 100,
        "total_count": 0,
        "total_pages": 0,
    }
    assert (await ask(fake_api, f"{MAIN}/leaderboard")).json()["leaderboard"] == []
    assert (await ask(fake_api, f"{MAIN}/user_journeys")).json()["summary"]["bounce_rate"] == 0
    assert (await ask(fake_api, f"{MAIN}/kudos")).json()["kudos"] == []
    assert (await ask(fake_api, f"{MAIN}/insights")).json()["insights"] == []
