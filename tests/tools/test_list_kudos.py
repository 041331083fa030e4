"""Listing kudos: exact totals, by page, newest first, over any window, by uid and by path."""

from datetime import timedelta
from typing import Any

import httpx2 as httpx
import pytest
from inline_snapshot import snapshot
from support.client import MODES, NOW, Mode, connect, rows_of
from support.writes import UID, add, fake_api
from tinylytics_mcp.fake_api import READ_ONLY_KEY, FakeApi, Quirk
from tinylytics_tools.kudos.pages import per_100

pytestmark = pytest.mark.anyio


def ago(days: float) -> int:
    return int((NOW - timedelta(days=days)).timestamp())


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("quirks", [[], [Quirk.UNSORTED, Quirk.EXTRA_FIELDS]])
async def test_totals_ranking_and_newest_agree_with_the_database(quirks: list[Quirk], mode: Mode) -> None:
    service = FakeApi(now=lambda: NOW, quirks=quirks)
    site = add(service)
    sql = "SELECT path, COUNT(*) AS n, MAX(created_at) FROM kudos WHERE site_id = ? GROUP BY rtrim(path, '/')"
    counted = {row[0]: row[1] for row in service.connection.execute(sql, (site,))}
    async with connect(service, key=READ_ONLY_KEY, mode=mode) as host:
        answer = await host.answer("list_kudos", site=site, period="all_time", limit=10)
    assert answer["kudos"] == answer["lifetime_kudos"] == sum(counted.values()) == 87
    ranked = rows_of(answer["by_page"])
    assert sum(row["kudos"] for row in ranked) == 87
    assert ranked[-1]["path"] == "other"
    assert [row["kudos"] for row in ranked[:-1]] == sorted(counted.values(), reverse=True)[:10]
    assert answer["by_page"]["of"] == len(counted)
    times = [row["time"] for row in rows_of(answer["newest"])]
    newest = service.connection.execute("SELECT MAX(created_at) FROM kudos WHERE site_id = ?", (site,)).fetchone()[0]
    assert times == sorted(times, reverse=True)
    assert times[0] == f"{NOW.fromtimestamp(newest, NOW.tzinfo):%Y-%m-%dT%H:%M:%SZ}"


async def test_both_lists_go_on_where_they_ended() -> None:
    service = FakeApi(now=lambda: NOW, quirks=[Quirk.UNSORTED])
    uids: list[str] = []
    offset: int | None = 0
    async with connect(service) as host:
        site = add(service)
        while offset is not None:
            table = (await host.answer("list_kudos", site=site, period="all_time", offset=offset, limit=30))["newest"]
            uids += [row["uid"] for row in rows_of(table)]
            offset = table["next_offset"]
    assert len(uids) == len(set(uids)) == 87


async def test_all_time_reaches_back_over_windows_of_at_most_730_days_to_the_beginning() -> None:
    service = fake_api()
    site = str(service.add_site(label="Old", url="https://old.example", created_at=ago(2000)))
    service.add_kudos(int(site), [{"uid": f"k{day}", "created_at": ago(day)} for day in (1999, 1400, 731, 730, 0)])
    async with connect(service) as host:
        answer = await host.answer("list_kudos", site=site, period="all_time")
        windows = [
            (httpx.URL(request.url).params["start_date"], httpx.URL(request.url).params["end_date"])
            for request in host.wire.requests
            if request.url.path.endswith("/kudos")
        ]
    assert (answer["kudos"], answer["days"]) == (5, 2001)
    assert sorted(windows) == snapshot(
        [("2021-06-02", "2023-06-01"), ("2023-06-02", "2025-05-31"), ("2025-06-01", "2026-11-23")]
    )


async def test_a_difference_from_the_lifetime_counter_is_said() -> None:
    service = fake_api()
    site = add(service, "a", days_ago=3)
    add(service, "from-before-the-site", days_ago=5000)
    async with connect(service) as host:
        answer = await host.answer("list_kudos", site=site, period="all_time")
    assert (answer["kudos"], answer["lifetime_kudos"]) == (1, 2)
    assert answer["notes"][0] == snapshot(
        "the lifetime counter of the site says 2, the lists say 1: one of them is behind, or kudos are older than the "
        "site"
    )


async def test_likes_per_hundred_views_are_of_the_same_days_and_page() -> None:
    service = fake_api()
    site = add(service, "a", "b", path="/x")
    add(service, "c", path="/x/")
    add(service, "d", path="/unseen")
    add(service, "old", path="/x", days_ago=90)
    hits: list[dict[str, Any]] = [{"path": "/x", "created_at": ago(2)}] * 20 + [
        {"path": "/x/", "created_at": ago(2)}
    ] * 4
    service.add_hits(int(site), [*hits, {"path": "/x", "created_at": ago(60)}, {"path": "/y", "created_at": ago(2)}])
    async with connect(service) as host:
        answer = await host.answer("list_kudos", site=site, period="last_7_days")
        on_x = await host.answer("list_kudos", site=site, path="/x", period="last_7_days")
    assert rows_of(answer["by_page"])[:2] == [
        {"path": "/x", "kudos": 3, "percent": 75.0, "views": 24, "per_100_views": 12.5, "few_views": True},
        {"path": "/unseen", "kudos": 1, "percent": 25.0, "views": 0, "per_100_views": None, "few_views": False},
    ]
    assert (answer["views"], answer["per_100_views"]) == (25, 16.0)
    assert (on_x["views"], on_x["per_100_views"]) == (24, 12.5)
    assert "pages with and without a closing slash are counted together" in answer["notes"]


@pytest.mark.parametrize(("hits", "rate"), [(18_984, 0.0053), (101, 0.99), (99, 1.0), (3, 33.3)])
def test_a_small_rate_keeps_two_digits_and_is_never_told_as_none(hits: int, rate: float) -> None:
    assert per_100(1, hits) == rate
    assert per_100(0, hits) == 0


@pytest.mark.parametrize("path", ["/hello", "/hello/", "hello"])
async def test_a_path_finds_both_its_spellings_of_all_time(path: str) -> None:
    service = fake_api()
    site = add(service, "a", path="/hello", days_ago=300)
    add(service, "b", path="/hello/")
    add(service, "c", path="/hello/there")
    async with connect(service) as host:
        answer = await host.answer("list_kudos", site=site, path=path)
    assert {row["uid"] for row in rows_of(answer["newest"])} == {"a", "b"}
    assert "period all_time" in answer["defaults"]


async def test_what_is_asked_without_a_filter_or_with_a_period_is_of_that_period() -> None:
    service = fake_api()
    site = add(service, "a", days_ago=3)
    add(service, "old", days_ago=300)
    async with connect(service) as host:
        month = await host.answer("list_kudos", site=site)
        named = await host.answer("list_kudos", site=site, uid="old", period="last_7_days")
    assert (month["kudos"], month["days"], month["next_step"]) == (
        1,
        30,
        "list_kudos with period all_time covers all 2.",
    )
    assert (named["kudos"], named["days"]) == (0, 7)


HOSTILE = [
    "a b",
    "kudo\"with'quotes",
    "\u202egnp",
    "x" * 300,
    "a/b?c=d&e=%2F#f",
    "..",
    "%2e%2e",
    "none",
    "null",
    "…~00000000",
]


@pytest.mark.parametrize("uid", HOSTILE)
async def test_a_uid_finds_its_kudo_as_it_was_shown_and_as_it_is(uid: str) -> None:
    service = fake_api()
    site = add(service, uid, "other", path="/" + uid)
    async with connect(service) as host:
        listed = rows_of((await host.answer("list_kudos", site=site, period="all_time"))["newest"])
        (row,) = [row for row in listed if row["uid"] != "other"]
        for given in (row["uid"], uid):
            found = await host.answer("list_kudos", site=site, uid=given)
            assert [r["uid"] for r in rows_of(found["newest"])] == [row["uid"]]
        on_page = await host.answer("list_kudos", site=site, path=row["path"])
        assert on_page["kudos"] == 2
        paths = {request.url.raw_path.partition(b"?")[0] for request in host.wire.requests}
    assert paths <= {b"/api/v1/sites", f"/api/v1/sites/{site}/kudos".encode(), f"/api/v1/sites/{site}/hits".encode()}


async def test_an_empty_result_says_what_was_asked_and_how_to_look_further() -> None:
    service = fake_api()
    site = add(service, UID)
    async with connect(service) as host:
        answer = await host.answer("list_kudos", site=site, uid="nobody")
    assert (answer["kudos"], answer["complete"]) == (0, True)
    assert answer["filters"] == "uid nobody"
    assert answer["next_step"] == snapshot("list_kudos with search finds kudos by a part of their path or uid.")


async def test_more_kudos_than_are_read_are_no_sum_and_no_list() -> None:
    def service(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/sites"):
            site = {"id": 1, "label": "Big", "created_at": "2026-01-01T00:00:00Z", "lifetime_kudos": 60_000}
            return httpx.Response(200, json={"sites": [site]})
        row = {"id": 1, "uid": "u", "path": "/", "created_at": "2026-11-20T00:00:00Z"}
        page = {"current_page": 1, "per_page": 1000, "total_count": 60_000, "total_pages": 60}
        return httpx.Response(200, json={"kudos": [row] * 1000, "pagination": page})

    async with connect(service) as host:
        answer = await host.answer("list_kudos")
        assert len(host.wire.requests) == 2
    assert (answer["complete"], answer["kudos"], answer["by_page"]) == (False, None, None)
    assert "newest" not in answer
    assert "60000" in answer["notes"][0]
    assert answer["next_step"] == snapshot("Ask for a shorter period, by start_date and end_date.")


async def test_windows_that_are_each_short_enough_and_together_are_not_stay_within_the_requests_of_a_call() -> None:
    def service(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/sites"):
            site = {"id": 1, "label": "Old", "created_at": "2021-12-01T00:00:00Z", "lifetime_kudos": 60_000}
            return httpx.Response(200, json={"sites": [site]})
        row = {"id": 1, "uid": "u", "path": "/", "created_at": "2026-11-20T00:00:00Z"}
        page = {"current_page": 1, "per_page": 1000, "total_count": 20_000, "total_pages": 20}
        return httpx.Response(200, json={"kudos": [row] * 1000, "pagination": page})

    async with connect(service) as host:
        answer = await host.answer("list_kudos", period="all_time")
        assert len(host.wire.requests) == 4
    assert (answer["complete"], answer["kudos"], answer["views"]) == (False, None, None)
    assert "60000" in answer["notes"][0]
