"""A row that the service gives twice is counted once, and a list that lacks a row is never called complete."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import httpx2 as httpx
import pytest
from support.client import connect, rows_of
from support.replies import SITE, answering, paging
from tinylytics_tools.hits import api as hits_api

pytestmark = pytest.mark.anyio

SETTINGS = {"insights_enabled": True}
TODAY = "2026-11-23"


def pages_as(name: str, pages: Sequence[Sequence[Any]], *, total: int, size: int, **more: Any) -> Any:
    """A list in exactly these pages, which counts `total` rows."""

    def answer(request: httpx.Request) -> Any:
        number = int(request.url.params["page"])
        rows = list(pages[number - 1]) if number <= len(pages) else []
        return {name: rows, "pagination": paging(total, number=number, size=size), **more}

    return answer


def twice(rows: Sequence[Any]) -> list[Any]:
    """Each row two times in a row."""
    return [row for row in rows for _ in range(2)]


def without(names: Sequence[str], rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows without some of their fields."""
    return [{name: value for name, value in row.items() if name not in names} for row in rows]


def page_of(number: int, hits: int) -> dict[str, Any]:
    """A page of the leaderboard."""
    return {"path": f"/{number}", "total_hits": hits, "unique_hits": None}


def board(reply: Any, *, lifetime: int | None) -> Any:
    """A site with this leaderboard."""
    return answering({"/sites": {"sites": [{**SITE, "lifetime_hits": lifetime}]}, "/sites/456/leaderboard": reply})


async def test_a_page_that_is_ranked_twice_counts_once_with_its_larger_count() -> None:
    rows = [page_of(n, n + 10) for n in range(40)]
    repeated = [*rows, *(page_of(n, n + 3) for n in range(40))]
    async with connect(board(pages_as("leaderboard", [repeated], total=40, size=1000), lifetime=None)) as host:
        answer = await host.answer("get_leaderboard", limit=50)
    assert answer["complete"] is True
    assert answer["matching_hits"] == answer["total_hits"] == sum(n + 10 for n in range(40))
    assert (answer["paths_found"], len(rows_of(answer["pages"]))) == (40, 40)


@pytest.mark.parametrize(("lifetime", "total"), [(None, None), (10, None), (10**9, 10**9)])
async def test_a_ranking_whose_pages_overlap_has_no_sum(lifetime: int | None, total: int | None) -> None:
    rows = [page_of(n, 2000 - n) for n in range(1480)]
    service = pages_as("leaderboard", [rows[:1000], rows[980:]], total=1500, size=1000)
    async with connect(board(service, lifetime=lifetime)) as host:
        answer = await host.answer("get_leaderboard")
    assert (answer["complete"], answer["matching_hits"], answer["paths_found"]) == (False, None, 1480)
    assert answer["total_hits"] == total
    assert "only 1480 of 1500 paths were read" in answer["notes"][-1]
    assert all(row["hits"] >= 0 for row in rows_of(answer["pages"]))


def insight(number: int) -> dict[str, Any]:
    """The insight of the n-th last day of ten years that have 336 days each."""
    day = f"{2026 - number // 336}-{12 - number % 336 // 28:02}-{28 - number % 28:02}"
    return {"id": number, "insights_for_date": day, "summary": f"number {number}"}


@pytest.mark.parametrize("lacking", [(), ("id",)])
async def test_an_insight_that_comes_twice_is_one(lacking: tuple[str, ...]) -> None:
    rows = without(lacking, map(insight, range(20)))
    service = pages_as("insights", [twice(rows)], total=20, size=50, site=SETTINGS)
    async with connect(answering({"/sites/456/insights": service})) as host:
        answer = await host.answer("get_insights", limit=50)
        second = await host.answer("get_insights", offset=1)
    assert (answer["complete"], answer["insights"]["of"]) == (True, 20)
    assert "has 20 AI insights" in answer["headline"]
    dates = [row["date"] for row in rows_of(answer["insights"])]
    assert dates == [row["insights_for_date"] for row in rows[: len(dates)]]
    assert second["summary"] == "number 1"


@pytest.mark.parametrize("step", [1, -1], ids=["newest first", "oldest first"])
async def test_insights_whose_pages_overlap_are_not_complete(step: int) -> None:
    rows = [insight(n) for n in range(95)][::step]
    service = pages_as("insights", [rows[:50], rows[45:]], total=100, size=50, site=SETTINGS)
    async with connect(answering({"/sites/456/insights": service})) as host:
        answer = await host.answer("get_insights", offset=60)
    assert answer["complete"] is False
    assert any("only 95 of 100 insights" in note for note in answer["notes"])


def journey(number: int) -> dict[str, Any]:
    """One visitor."""
    first = f"2026-11-{20 - number // 60:02}T10:{59 - number % 60:02}:00Z"
    return {"visitor_hash": f"{number:04x}", "first_hit": first, "pages": [{"path": f"/{number}"}], "page_count": 1}


def journeys(rows: Sequence[Sequence[Any]], *, total: int, ends: Sequence[tuple[str, int]] = ()) -> Any:
    """A site with these pages of journeys."""
    pages = [{"path": path, "visitors": visitors} for path, visitors in ends]
    more = {
        "summary": {"total_visitors": total, "bounce_rate": 50.0},
        "insights": {"top_entry_pages": pages, "top_exit_pages": pages},
    }
    return answering({"/sites/456/user_journeys": pages_as("user_journeys", rows, total=total, size=50, **more)})


async def test_journeys_on_two_pages_are_shown_once_and_said_to_lack_others() -> None:
    rows = [journey(n) for n in range(95)]
    async with connect(journeys([rows[:50], rows[45:]], total=100)) as host:
        answer = await host.answer("get_user_journeys", limit=10, offset=45)
        clean = await host.answer("get_user_journeys", limit=50)
    shown = [row["pages"] for row in rows_of(answer["journeys"])]
    assert shown == [f"/{n}" for n in range(45, 55)]
    assert answer["complete"] is False
    assert any("some may be missing" in note for note in answer["notes"])
    assert clean["complete"] is True


async def test_journeys_repeated_within_a_page_are_shown_once() -> None:
    rows = [journey(n) for n in range(4)]
    async with connect(journeys([twice(rows)], total=4)) as host:
        answer = await host.answer("get_user_journeys", limit=50)
    assert [row["pages"] for row in rows_of(answer["journeys"])] == [f"/{n}" for n in range(4)]
    assert answer["complete"] is True
    async with connect(journeys([twice(rows)], total=8)) as host:
        assert (await host.answer("get_user_journeys", limit=50))["complete"] is False


async def test_an_entry_page_that_comes_twice_counts_once_with_its_larger_count() -> None:
    ends = [("/", 5), ("/", 3), ("/b", 2), ("/b", 2)]
    async with connect(journeys([[journey(n) for n in range(9)]], total=9, ends=ends)) as host:
        answer = await host.answer("get_user_journeys", limit=50)
    for table in (answer["entry_pages"], answer["exit_pages"]):
        assert [row[:2] for row in table["rows"]] == [["/", 5], ["/b", 2], ["other", 2]]


def content(broken: list[Any], mixed: list[Any], **stats: int) -> Any:
    """A site with these issues."""
    issues = {"broken_links": broken, "mixed_content": mixed}
    return answering({"/sites/456/content": {"monitoring_status": {}, "issues": issues, "stats": stats}})


def links(numbers: Sequence[int]) -> list[dict[str, Any]]:
    """Links that are not as they should be."""
    return [{"id": n, "url": f"https://example.com/{n}", "status_code": 404} for n in numbers]


@pytest.mark.parametrize("lacking", [(), ("id",)])
async def test_a_link_that_comes_twice_is_one(lacking: tuple[str, ...]) -> None:
    broken, mixed = without(lacking, links(range(6))), without(lacking, links(range(10, 13)))
    async with connect(content(twice(broken), twice(mixed))) as host:
        answer = await host.answer("get_content_status", limit=50)
    assert (answer["broken_links"], answer["mixed_content"], answer["issues"]["of"]) == (6, 3, 9)
    assert answer["complete"] is True
    counted = {"broken_links_count": 12, "mixed_content_count": 3}
    async with connect(content(twice(broken), mixed, **counted)) as host:
        answer = await host.answer("get_content_status", limit=50)
    assert answer["complete"] is False
    assert answer["notes"] == ["the service lists only 9 of 15 issues"]


async def test_too_many_of_one_issue_do_not_stand_for_too_few_of_another() -> None:
    counted = {"broken_links_count": 1, "mixed_content_count": 3}
    async with connect(content(links(range(3)), links([7]), **counted)) as host:
        assert (await host.answer("get_content_status"))["complete"] is False
    async with connect(content(links(range(3)), links([7]), broken_links_count=1, mixed_content_count=1)) as host:
        answer = await host.answer("get_content_status")
    assert (answer["complete"], "counts fewer" in answer["notes"][0]) == (False, True)


SITES = [
    {**SITE, "id": n, "uid": f"u{n}", "label": f"Site {n}", "lifetime_hits": 10**n, "lifetime_kudos": n}
    for n in (1, 2, 3)
]


async def test_a_site_that_comes_twice_is_one_in_every_sum() -> None:
    async with connect(answering({"/sites": {"sites": twice(SITES)}})) as host:
        listed = await host.answer("list_sites")
        overview = await host.answer("get_overview", period="all_time")
        named = await host.call("get_leaderboard", site="Site 2")
    assert (listed["sites_in_all"], listed["hits_of_all_sites"], listed["kudos_of_all_sites"]) == (3, 1110, 6)
    assert [row["id"] for row in rows_of(listed["sites"])] == [3, 2, 1]
    assert (overview["hits"], overview["kudos"], len(overview["sites"]["rows"])) == (1110, 6, 3)
    assert "Several sites" not in str(named.content)


def liked(reply: Any) -> Any:
    """A site with these kudos and no hits."""
    return answering({"/sites/456/kudos": reply, "/sites/456/hits": {"hits": [], "pagination": paging(0)}})


def kudo(number: int) -> dict[str, Any]:
    """One kudo."""
    return {"id": number, "uid": f"k{number}", "path": f"/{number % 3}", "created_at": f"{TODAY}T08:00:00Z"}


@pytest.mark.parametrize("lacking", [(), ("id",)])
async def test_a_kudo_that_comes_twice_is_one(lacking: tuple[str, ...]) -> None:
    rows = without(lacking, map(kudo, range(30)))
    async with connect(liked(pages_as("kudos", [twice(rows)], total=30, size=1000))) as host:
        answer = await host.answer("list_kudos", period="today")
    assert (answer["complete"], answer["kudos"], answer["newest"]["of"]) == (True, 30, 30)
    assert [row["kudos"] for row in rows_of(answer["by_page"])] == [10, 10, 10]


async def test_kudos_on_two_pages_or_in_two_windows_have_no_sum() -> None:
    rows = [kudo(n) for n in range(1490)]
    service = pages_as("kudos", [rows[:1000], rows[990:]], total=1500, size=1000)
    async with connect(liked(service)) as host:
        answer = await host.answer("list_kudos", period="today")
        assert (answer["complete"], answer["kudos"], answer["by_page"]) == (False, None, None)
        assert answer["headline"].startswith("Not all kudos of “My Blog” ")
    # A service that does not look at the days gives the same kudos to each window.
    async with connect(liked(pages_as("kudos", [rows[:30]], total=30, size=1000))) as host:
        answer = await host.answer("list_kudos", start_date="2022-01-01", end_date=TODAY)
    assert (answer["complete"], answer["kudos"]) == (False, None)


def outage(number: int) -> dict[str, Any]:
    """One outage that is over."""
    start = f"2026-{10 - number // 28:02}-{28 - number % 28:02}T03:00:00Z"
    return {"id": number, "started_at": start, "ended_at": start, "duration": 1, "ongoing": False}


async def test_an_outage_that_comes_twice_is_one() -> None:
    rows = [outage(n) for n in range(150)]
    more = {"monitor": {"is_down": False}}
    within = pages_as("downtimes", [twice(rows[:30])], total=30, size=100, **more)
    across = pages_as("downtimes", [rows[:100], rows[90:140]], total=150, size=100, **more)
    async with connect(answering({"/sites/456/uptime": within})) as host:
        answer = await host.answer("get_uptime", limit=50)
    assert (answer["complete"], answer["downtimes"]["of"], len(answer["downtimes"]["rows"])) == (True, 30, 30)
    async with connect(answering({"/sites/456/uptime": across})) as host:
        answer = await host.answer("get_uptime")
    assert answer["complete"] is False
    assert "only 140 of 150 outages" in answer["notes"][0]


def hit(number: int) -> dict[str, Any]:
    """One hit of today, the higher the earlier."""
    moment = f"{TODAY}T09:{29 - number // 60:02}:{59 - number % 60:02}Z"
    return {"id": 10_000 - number, "path": f"/{number}", "is_mobile": number % 4 == 0, "created_at": moment}


def log(pages: Callable[[int], Sequence[Any]], total: int | Callable[[int], int], *, size: int) -> Any:
    """A site's hits in pages of `size`; counts are asked for with one row a page."""

    def answer(request: httpx.Request) -> Any:
        number, asked = int(request.url.params["page"]), int(request.url.params["per_page"])
        rows = list(pages(number)) if asked == size else []
        counted = total if isinstance(total, int) else total(asked)
        return {"hits": rows, "pagination": paging(counted, number=number, size=asked)}

    return answering({"/sites/456/hits": answer})


@pytest.mark.parametrize("offset", [0, 8, 14])
async def test_hits_that_come_twice_do_not_make_a_list_complete(offset: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hits_api, "PER_PAGE", 10)
    rows = [hit(n) for n in range(30)]
    repeated = [rows[0:10], [*rows[9:10], *rows[10:19]], rows[20:30]]
    async with connect(log(lambda page: repeated[page - 1], 30, size=10)) as host:
        answer = await host.answer("list_hits", period="today", offset=offset, limit=5)
    shown = [row["path"] for row in rows_of(answer["rows"])]
    assert len(set(shown)) == len(shown)
    # The first page alone holds all that is due of it.
    assert answer["complete"] is (offset == 0)


async def test_hits_repeated_within_a_page_are_shown_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hits_api, "PER_PAGE", 10)
    rows = [hit(n) for n in range(5)]
    for total, complete in ((5, True), (10, False)):
        async with connect(log(lambda _: twice(rows), total, size=10)) as host:
            answer = await host.answer("list_hits", period="today")
        assert [row["path"] for row in rows_of(answer["rows"])] == [f"/{n}" for n in range(5)]
        assert answer["complete"] is complete


async def test_hits_that_moved_since_they_were_counted_are_not_called_complete(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hits_api, "PER_PAGE", 10)
    rows = [hit(n) for n in range(6)]
    async with connect(log(lambda _: rows, lambda asked: 5 if asked == 1 else 6, size=10)) as host:
        answer = await host.answer("list_hits", period="today")
    assert answer["complete"] is False
    assert any("Hits came or went" in note for note in answer["notes"])


@pytest.mark.parametrize("offset", [0, 12, 20])
async def test_pages_longer_than_asked_are_read_as_they_are(offset: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hits_api, "PER_PAGE", 10)
    rows = [hit(n) for n in range(25)]
    async with connect(log(lambda _: rows, 25, size=10)) as host:
        answer = await host.answer("list_hits", period="today", offset=offset, limit=5)
        ranked = await host.answer("rank_traffic", dimension="device", period="today", compare="none")
    assert [row["path"] for row in rows_of(answer["rows"])] == [f"/{n}" for n in range(offset, offset + 5)]
    assert (answer["hits"], answer["complete"]) == (25, True)
    assert {row["name"]: row["hits"] for row in rows_of(ranked["ranking"])} == {"mobile": 7, "not mobile": 18}


def grouped(field: str, count: str, pages: Sequence[Sequence[tuple[str, int]]], *, groups: int, hits: int) -> Any:
    """A site whose hits are told in these groups."""

    def answer(request: httpx.Request) -> Any:
        number, size = int(request.url.params["page"]), int(request.url.params["per_page"])
        if request.url.params.get("grouped") is None:
            return {"hits": [], "pagination": paging(hits, size=size)}
        is_running = request.url.params["start_date"] == TODAY
        rows: Sequence[tuple[str, int]] = [] if is_running or number > len(pages) else pages[number - 1]
        told = [{field: name, count: value} for name, value in rows]
        return {
            "grouped_hits": told,
            "pagination": paging(0 if is_running else groups, number=number, size=hits_api.PER_PAGE),
        }

    return answering({"/sites/456/hits": answer})


async def test_a_group_that_comes_twice_counts_once_with_its_larger_count() -> None:
    rows = [("/a", 7), ("/b", 4), ("/a", 6), ("/b", 5)]
    async with connect(grouped("path", "views", [rows], groups=2, hits=12)) as host:
        answer = await host.answer("rank_traffic", dimension="path", compare="none")
    assert [(row["name"], row["hits"]) for row in rows_of(answer["ranking"])] == [("/a", 7), ("/b", 5)]
    assert (answer["hits"], answer["complete"]) == (12, True)


async def test_groups_on_two_pages_are_not_complete(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hits_api, "PER_PAGE", 10)
    rows = [(f"/{n}", 30 - n) for n in range(18)]
    service = grouped("path", "views", [rows[:10], rows[8:]], groups=20, hits=sum(hits for _, hits in rows))
    async with connect(service) as host:
        answer = await host.answer("rank_traffic", dimension="path", compare="none", limit=50)
    assert answer["complete"] is False


async def test_a_host_that_cannot_be_told_apart_for_missing_groups_is_not_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hits_api, "PER_PAGE", 10)
    rows = [(f"https://t.co/{n}", 1) for n in range(18)]
    service = grouped("referrer", "hit_count", [rows[:10], rows[8:]], groups=20, hits=20)
    async with connect(service) as host:
        said = await host.error("list_hits", referrer="t.co", period="last_7_days")
    assert "showed only 18 of 20 different values of referrer" in said


async def test_an_estimate_rests_on_different_hits() -> None:
    rows = [hit(n) for n in range(1000)]
    async with connect(log(lambda _: rows, 90_000, size=1000)) as host:
        answer = await host.answer("rank_traffic", dimension="device", period="today", compare="none")
    counted = Counter("mobile" if row["is_mobile"] else "not mobile" for row in rows)
    assert counted["mobile"] == 250
    assert "1000 of 90000 hits" in str(answer)
    assert answer["complete"] is False


async def test_rows_of_a_batch_are_told_once_and_as_unknown_where_they_contradict_one_another() -> None:
    results: list[dict[str, Any]] = [
        {"index": 0, "status": "created"},
        {"index": 0, "status": "created"},
        {"index": 1, "status": "created"},
        {"index": 1, "status": "error", "error": "no"},
        {"index": 2, "status": "ignored", "reason": "rule"},
        {"index": 2, "status": "ignored", "reason": "rule"},
        {"index": 9, "status": "created"},
    ]
    async with connect(answering({"/sites/456/hits/batch": {"results": results}})) as host:
        answer = await host.answer("create_hits", hits=[{"path": f"/{n}"} for n in range(4)])
    assert (answer["created"], answer["ignored"], answer["refused"], answer["unknown"]) == (1, 1, 0, 2)
    assert answer["complete"] is False
    assert ["1", 1, "unknown", "the service said two different things"] in answer["not_created"]["rows"]


async def test_an_endpoint_that_is_named_twice_is_one() -> None:
    named = ["GET /me", "GET /sites", "GET /me", "DELETE /sites/{id}/kudos/{uid}", "GET /sites"]
    async with connect(answering({"": {"endpoints": named}, "/": {"endpoints": named}})) as host:
        answer = await host.answer("get_api_info")
    assert "names 3 endpoints" in answer["headline"]
    assert answer["endpoints"]["of"] == len(answer["endpoints"]["rows"]) == 3
