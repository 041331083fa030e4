"""Hits that arrive while an answer is read, and lists that do not add up, are told and never mixed silently."""

from collections.abc import AsyncGenerator, Callable
from datetime import timedelta
from typing import Any

import httpx2 as httpx
import pytest
from support.client import NOW, Connected, connect, network_of
from tinylytics_mcp.fake_api import FakeApi
from tinylytics_tools.hits import api as hits_api

pytestmark = pytest.mark.anyio

TODAY = int(NOW.timestamp())
DAY = 86_400


class Busy(httpx.AsyncBaseTransport):
    """The stand-in, with something done to it, or to its answer, at every request for hits."""

    def __init__(self, fake_api: FakeApi) -> None:
        self._inner = network_of(fake_api)
        self.before: Callable[[httpx.URL], None] = lambda _: None
        self.after: Callable[[httpx.URL, Any], Any] = lambda _, body: body

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Disturb, then answer."""
        if not request.url.path.endswith("/hits"):
            return await self._inner.handle_async_request(request)
        self.before(request.url)
        response = await self._inner.handle_async_request(request)
        await response.aread()
        return httpx.Response(response.status_code, json=self.after(request.url, response.json()), request=request)


@pytest.fixture
async def site() -> AsyncGenerator[tuple[FakeApi, Busy, Connected, str]]:
    fake_api = FakeApi(now=lambda: NOW, hits=0)
    number = fake_api.add_site(label="Busy", url="https://busy.example")
    fake_api.add_hits(
        number, ({"path": f"/{n % 7}", "is_mobile": n % 2, "created_at": TODAY - n * 3000} for n in range(60))
    )
    service = Busy(fake_api)
    async with connect(service) as host:
        yield fake_api, service, host, str(number)


@pytest.mark.parametrize("per_page", [1000, 2], ids=["by rows", "by lists"])
async def test_a_hit_that_arrives_once_is_counted_everywhere(
    site: tuple[FakeApi, Busy, Connected, str], per_page: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_api, service, host, number = site
    monkeypatch.setattr(hits_api, "PER_PAGE", per_page)
    arrived: list[str] = []

    def arrive(url: httpx.URL) -> None:
        if not arrived and (url.params.get("grouped") or url.params["per_page"] == str(per_page)):
            arrived.append(str(url))
            fake_api.add_hits(int(number), [{"path": "/new", "created_at": TODAY}])

    service.before = arrive
    answer = await host.answer("summarize_traffic", site=number, period="this_week", limit=50)
    assert arrived
    total = fake_api.connection.execute(
        "SELECT COUNT(*) FROM hits WHERE site_id = ? AND created_at >= ?", (number, TODAY - TODAY % DAY)
    ).fetchone()[0]
    assert answer["hits"] == answer["hits_today"] == total
    assert sum(row[1] for row in answer["series"]["rows"]) == total
    assert sum(row[1] for row in answer["pages"]["rows"]) == total
    assert not any("add up" in note for note in answer["notes"])


async def test_hits_that_keep_arriving_are_said_to_where_lists_tell_different_times(
    site: tuple[FakeApi, Busy, Connected, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_api, service, host, number = site
    monkeypatch.setattr(hits_api, "PER_PAGE", 2)
    service.before = lambda _: fake_api.add_hits(int(number), [{"path": "/new", "created_at": TODAY}])
    answer = await host.answer("summarize_traffic", site=number, period="this_week", limit=50)
    apart = sum(row[1] for row in answer["pages"]["rows"]) - answer["hits"]
    assert apart
    assert any(f"paths add up to {answer['hits'] + apart}, the total is" in note for note in answer["notes"])


async def test_hits_that_keep_arriving_change_nothing_where_a_page_tells_all(
    site: tuple[FakeApi, Busy, Connected, str],
) -> None:
    fake_api, service, host, number = site
    service.before = lambda _: fake_api.add_hits(int(number), [{"path": "/new", "created_at": TODAY}])
    answer = await host.answer("summarize_traffic", site=number, period="this_month", limit=50)
    sums = {sum(row[1] for row in answer[table]["rows"]) for table in ("series", "pages", "countries", "platforms")}
    assert sums == {answer["hits"]}


async def test_groups_that_leave_out_hits_without_a_value_are_filled_up_by_other(
    site: tuple[FakeApi, Busy, Connected, str],
) -> None:
    fake_api, service, host, number = site
    day_before = TODAY - DAY
    fake_api.add_hits(int(number), [{"path": "/", "country": "DE", "created_at": day_before}] * 7)

    def forget_null(url: httpx.URL, body: Any) -> Any:
        if url.params.get("group_by") == "country":
            body["grouped_hits"] = [group for group in body["grouped_hits"] if group["country"] is not None]
            body["pagination"]["total_count"] = len(body["grouped_hits"])
        return body

    service.after = forget_null
    answer = await host.answer("rank_traffic", site=number, dimension="country", compare="none", period="last_7_days")
    total, named = answer["hits"], dict(row[:2] for row in answer["ranking"]["rows"])
    assert named == {"DE": 7, "other": total - 7}
    assert f"the list adds up to 7, the total is {total}: {total - 7} apart" in answer["notes"]


async def test_a_comparison_of_lists_that_leave_out_hits_says_so_beside_its_figures(
    site: tuple[FakeApi, Busy, Connected, str],
) -> None:
    fake_api, service, host, number = site
    for count, age in ((7, 1), (4, 8)):
        fake_api.add_hits(int(number), [{"country": "DE", "created_at": TODAY - age * DAY}] * count)

    def forget_null(url: httpx.URL, body: Any) -> Any:
        if url.params.get("group_by") == "country":
            body["grouped_hits"] = [group for group in body["grouped_hits"] if group["country"] is not None]
            body["pagination"]["total_count"] = len(body["grouped_hits"])
        return body

    service.after = forget_null
    answer = await host.answer("rank_traffic", site=number, dimension="country", period="last_7_days")
    assert answer["hits"] > answer["compared_hits"] == 7
    assert (answer["earlier_hits"], answer["change"]) == (4, 3)
    assert "; without hits that are not in the list, 7, +3, +75 % against 4 on as many days" in answer["headline"]


async def test_rows_that_change_places_between_two_pages_are_found_by_reading_again(
    site: tuple[FakeApi, Busy, Connected, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_api, service, host, number = site
    monkeypatch.setattr(hits_api, "PER_PAGE", 20)
    spoilt: list[int] = []

    def repeat(url: httpx.URL, body: Any) -> Any:
        if url.params["per_page"] == "20" and url.params["page"] == "2" and not spoilt and body["hits"]:
            spoilt.append(body["hits"][0]["id"])
            body["hits"][0] = dict(body["hits"][1])
        return body

    service.after = repeat
    answer = await host.answer("rank_traffic", site=number, dimension="device", compare="none", period="last_7_days")
    assert spoilt
    assert answer["complete"] is True
    since, until = TODAY - TODAY % DAY - 7 * DAY, TODAY - TODAY % DAY
    sql = "SELECT SUM(is_mobile) FROM hits WHERE site_id = ? AND created_at >= ? AND created_at < ?"
    mobile = fake_api.connection.execute(sql, (number, since, until)).fetchone()[0]
    assert dict(row[:2] for row in answer["ranking"]["rows"])["mobile"] == mobile


async def test_rows_that_are_never_shown_leave_the_counts_exact(site: tuple[FakeApi, Busy, Connected, str]) -> None:
    _, service, host, number = site
    when = {"site": number, "period": "last_7_days"}
    exact = await host.answer("summarize_traffic", **when)

    def drop(url: httpx.URL, body: Any) -> Any:
        return {**body, "hits": body["hits"][1:]} if url.params["per_page"] == "1000" and "hits" in body else body

    service.after = drop
    answer = await host.answer("summarize_traffic", **when)
    for name in ("hits", "earlier_hits", "change", "series", "pages", "referrers", "countries", "complete"):
        assert answer[name] == exact[name], name
    ranked = await host.answer("rank_traffic", dimension="device", **when)
    assert (ranked["hits"], ranked["ranking"], ranked["complete"]) == (exact["hits"], None, False)
    assert "new" not in ranked
    assert any(f"of {exact['hits']} hits" in note for note in ranked["notes"])


async def test_a_service_that_gives_shorter_pages_than_asked_for_is_read_all_the_same() -> None:
    fake_api = FakeApi(now=lambda: NOW, hits=9_000)
    inner = network_of(fake_api)

    async def clamped(request: httpx.Request) -> httpx.Response:
        if int(request.url.params.get("per_page", 1)) > 100:
            url = request.url.copy_set_param("per_page", "100")
            request = httpx.Request("GET", url, headers=request.headers)
        return await inner.handle_async_request(request)

    class Clamped(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            return await clamped(request)

    asked: tuple[tuple[str, dict[str, Any]], ...] = (
        ("summarize_traffic", {"limit": 5}),
        ("rank_traffic", {"dimension": "path", "limit": 10}),
        ("rank_traffic", {"dimension": "device", "period": "last_7_days"}),
    )
    for tool, more in asked:
        async with connect(fake_api) as whole, connect(Clamped()) as short:
            expected = await whole.answer(tool, site="456", **more)
            answer = await short.answer(tool, site="456", **more)
        assert expected["complete"] is True
        for costs in (expected, answer):
            del costs["requests_used"], costs["requests_left"]
            # with more pages to read there is less room to look at single days
            costs["notes"] = [note for note in costs["notes"] if " day" not in note]
        assert answer == expected, tool


async def test_a_failure_of_the_journeys_leaves_visitors_unknown_and_the_rest_exact(
    site: tuple[FakeApi, Busy, Connected, str],
) -> None:
    fake_api, _, _, number = site
    inner = network_of(fake_api)

    class Broken(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if request.url.path.endswith("/user_journeys"):
                return httpx.Response(500, json={"error": "no"}, request=request)
            return await inner.handle_async_request(request)

    async with connect(Broken()) as host:
        answer = await host.answer("summarize_traffic", site=number, period="yesterday")
    yesterday = NOW.date() - timedelta(days=1)
    assert (answer["first_day"], answer["visitors"], answer["complete"]) == (str(yesterday), None, False)
    assert answer["hits"] == sum(row[1] for row in answer["pages"]["rows"])
