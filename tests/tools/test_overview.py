"""All sites at a glance: exact, like for like, and with fewer columns rather than fewer sites."""

from datetime import timedelta
from typing import Any

import httpx2 as httpx
import pytest
from support.client import NOW, connect, network_of, rows_of, text_of
from tinylytics_mcp.fake_api import FakeApi
from tinylytics_tools.overview.read import affordable
from tinylytics_tools.transport import open_store

pytestmark = pytest.mark.anyio


class Failing(httpx.AsyncBaseTransport):
    """A stand-in that answers with one status wherever a path ends in one way; with None it takes too long."""

    def __init__(self, fake_api: FakeApi, end: str, status: int | None) -> None:
        self._inner = network_of(fake_api)
        self._end = end
        self._status = status

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer, or fail."""
        if not request.url.path.endswith(self._end):
            return await self._inner.handle_async_request(request)
        if self._status is None:
            raise httpx.ReadTimeout("too slow", request=request)
        return httpx.Response(self._status, json={"error": "no"}, request=request)


def many(count: int) -> FakeApi:
    """An account with so many sites, each with hits in two months."""
    fake_api = FakeApi(now=lambda: NOW, hits=0)
    moment = int(NOW.timestamp())
    for number in range(count - 3):
        site = fake_api.add_site(label=f"Site {number}", url=f"https://{number}.example")
        fake_api.add_hits(site, [{"created_at": moment - age * 86_400} for age in (0, 1, 2, 40)] * (number + 1))
        fake_api.add_kudos(site, [{"uid": f"k{number}", "created_at": moment - 86_400}])
    return fake_api


def test_columns_fit_in_their_order_and_a_dear_one_makes_way_for_a_cheap_one() -> None:
    costs = [("change", 3), ("visitors", 3), ("kudos", 9), ("status", 3)]
    assert affordable(costs, 18) == ["change", "visitors", "kudos", "status"]
    assert affordable(costs, 12) == ["change", "visitors", "status"]
    assert affordable(costs, 2) == []


async def test_few_sites_have_all_columns() -> None:
    async with connect(many(5)) as host:
        result = await host.call("get_overview", period="this_month")
    answer = result.structured_content
    assert answer is not None
    assert answer["sites"]["columns"] == [
        *("id", "site", "hits", "hits_today", "compared_hits", "earlier_hits", "change", "change_percent"),
        *("visitors", "kudos", "status"),
    ]
    rows = {row["site"]: row for row in rows_of(answer["sites"])}
    compared = ("hits", "hits_today", "compared_hits", "earlier_hits", "change")
    assert [rows["Site 1"][name] for name in compared] == [6, 2, 4, 2, 2]
    assert [answer[name] for name in compared] == [9, 3, 6, 3, 3]
    assert answer["kudos"] == 2
    assert answer["complete"] is True
    assert "Field Notes" in "".join(answer["notes"])
    assert "per cents rest on fewer than 30 hits" in text_of(result)


@pytest.mark.parametrize(
    ("count", "last_column"), [(7, "status"), (9, "kudos"), (12, "visitors"), (18, "change_percent"), (30, "hits")]
)
async def test_with_many_sites_columns_go_before_sites_do(count: int, last_column: str) -> None:
    async with connect(many(count)) as host:
        answer = await host.answer("get_overview")
        assert len(host.wire.requests) <= 40
    assert answer["sites"]["columns"][-1] == last_column
    assert len(answer["sites"]["rows"]) == answer["sites"]["of"] == count
    assert answer["hits"] == sum(2 * (number + 1) for number in range(count - 3))
    assert answer["complete"] is (last_column == "status")


async def test_with_more_sites_than_requests_the_others_are_unknown_and_so_is_the_total() -> None:
    async with connect(many(45)) as host:
        answer = await host.answer("get_overview", period="yesterday")
        assert len(host.wire.requests) <= 40
    rows = rows_of(answer["sites"])
    assert (answer["hits"], answer["complete"], answer["sites"]["of"]) == (None, False, 45)
    assert sum(row["hits"] is None for row in rows) <= 6
    assert any("not asked yet, for want of requests: hits of 6 sites, change" in note for note in answer["notes"])
    assert "Ask the same again" in answer["next_step"]


async def test_asking_again_reads_on_until_all_sites_are_told_in_all_columns() -> None:
    async with connect(many(60), store=open_store(None)) as host:
        answers = [await host.answer("get_overview", period="last_30_days") for _ in range(7)]
        again = await host.answer("get_overview", period="last_30_days")
    whole = sum(2 * (number + 1) for number in range(57))
    assert max(answer["requests_used"] for answer in answers) <= 40
    assert [answer["hits"] for answer in answers[:2]] == [None, whole]
    answer = answers[-1]
    assert (answer["complete"], answer["hits"], answer["kudos"]) == (True, whole, 57)
    assert (answer["earlier_hits"], answer["change"]) == (whole // 2, whole - whole // 2)
    assert again["requests_used"] == 0
    assert "status: of so many sites check_health tells it" in again["notes"]


async def test_with_many_sites_columns_go_before_rows_do_and_offset_shows_the_others() -> None:
    seen: list[dict[str, Any]] = []
    async with connect(many(60), store=open_store(None)) as host:
        answer = [await host.answer("get_overview", period="last_30_days") for _ in range(7)][-1]
        assert answer["sites"]["columns"] == ["id", "site", "hits", "earlier_hits", "change", "change_percent"]
        assert len(answer["sites"]["rows"]) == 60
        assert any(note.startswith("left out to keep all sites in sight: visitors, ") for note in answer["notes"])
        offset: int | None = 0
        while offset is not None:
            part = await host.answer("get_overview", period="last_30_days", offset=offset)
            assert part["hits"] is not None
            seen += rows_of(part["sites"])
            offset = part["sites"]["next_offset"]
        few = await host.answer("get_overview", period="last_30_days", limit=10, offset=5)
        beyond = await host.error("get_overview", offset=60)
    found = {row["site"]: row["hits"] for row in seen}
    assert len(seen) == len(found) == 60
    assert [found[f"Site {n}"] for n in range(57)] == [2 * (n + 1) for n in range(57)]
    assert few["sites"]["columns"][-1] == "status"
    assert [row["site"] for row in rows_of(few["sites"])] == [f"Site {n}" for n in range(51, 41, -1)]
    assert "10 of 60 sites, from offset 5 on" in few["headline"]
    assert few["hits"] == sum(2 * (n + 1) for n in range(42, 52))
    assert "the last one is at offset 59" in beyond


async def test_all_time_takes_the_counters_of_all_sites_at_no_cost() -> None:
    async with connect(many(60)) as host:
        answer = await host.answer("get_overview", period="all_time")
        asked = [request.url.path.rpartition("/")[2] for request in host.wire.requests]
    assert answer["hits"] == sum(4 * (number + 1) for number in range(57))
    assert answer["kudos"] == 57
    assert not {"hits", "kudos"} & set(asked)
    assert any("counters of Tinylytics" in note for note in answer["notes"])


@pytest.mark.parametrize("status", [500, None])
@pytest.mark.parametrize(
    ("end", "column"), [("/hits", "hits"), ("/kudos", "kudos"), ("/user_journeys", "visitors"), ("/uptime", "status")]
)
@pytest.mark.parametrize("time_zone", ["utc", "user"])
async def test_what_fails_of_one_site_is_unknown_there_and_said(
    end: str, column: str, status: int | None, time_zone: str
) -> None:
    fake_api = FakeApi(now=lambda: NOW, hits=1_000)
    async with connect(Failing(fake_api, f"/sites/456{end}", status)) as host:
        answer = await host.answer("get_overview", time_zone=time_zone)
    rows = {row["id"]: row for row in rows_of(answer["sites"])}
    assert rows[456][column] in (None, "unknown")
    assert rows[458][column] not in (None, "unknown")
    assert answer["complete"] is False
    assert f"{column} of “My Blog” unknown: Tinylytics did not answer" in answer["notes"]
    assert (answer["hits"] is None) is (column == "hits")
    assert (answer["change"] is None) is (column == "hits")


@pytest.mark.parametrize(("status", "said"), [(401, "did not accept the API key"), (429, "no more requests")])
@pytest.mark.parametrize("end", ["/hits", "/kudos", "/user_journeys", "/uptime"])
async def test_a_refused_key_and_a_spent_allowance_fail_the_whole(end: str, status: int, said: str) -> None:
    async with connect(Failing(FakeApi(now=lambda: NOW, hits=1_000), f"/sites/456{end}", status)) as host:
        assert said in await host.error("get_overview")


async def test_where_no_site_tells_its_hits_the_failure_is_told() -> None:
    async with connect(Failing(FakeApi(now=lambda: NOW, hits=1_000), "/hits", 500)) as host:
        assert "Tinylytics failed with status 500" in await host.error("get_overview")


async def test_small_numbers_are_marked_only_where_a_per_cent_rests_on_them() -> None:
    fake_api = FakeApi(now=lambda: NOW, hits=0)
    moment = int(NOW.timestamp())
    busy, new = (fake_api.add_site(label=name, url=f"https://{name}.example") for name in ("busy", "new"))
    fake_api.add_hits(busy, [{"created_at": moment - age * 86_400} for age in (1, 10)] * 200)
    fake_api.add_hits(new, [{"created_at": moment - 86_400}] * 3)
    async with connect(fake_api) as host:
        none = await host.answer("get_overview", period="last_7_days")
        fake_api.add_hits(new, [{"created_at": moment - 10 * 86_400}])
        one = await host.answer("get_overview", period="last_7_days")
    assert not any("small numbers" in note for note in none["notes"])
    assert [note for note in one["notes"] if "small numbers" in note] == [
        "per cents rest on fewer than 30 hits: small numbers"
    ]


@pytest.mark.parametrize("period", ["today", "this_week"])
async def test_days_that_are_not_over_are_said_to_be_no_comparison(period: str) -> None:
    async with connect(FakeApi(now=lambda: NOW, hits=1_000)) as host:
        for tool, more in (
            ("get_overview", {}),
            ("summarize_traffic", {"site": "456"}),
            ("rank_traffic", {"site": "456", "dimension": "path"}),
        ):
            answer = await host.answer(tool, period=period, **more)
            assert "no comparison: there is no finished day yet to compare" in answer["notes"], tool


async def test_without_a_subscription_the_status_is_unknown_at_the_cost_of_one_refusal() -> None:
    async with connect(FakeApi(now=lambda: NOW, hits=1_000, subscribed=False)) as host:
        answer = await host.answer("get_overview")
        asked = [request for request in host.wire.requests if request.url.path.endswith("/uptime")]
    assert [row["status"] for row in rows_of(answer["sites"])] == ["unknown"] * 3
    assert len(asked) == 1


async def test_days_are_those_of_the_account_where_that_is_asked() -> None:
    late = NOW.replace(hour=2)
    async with connect(FakeApi(now=lambda: late, hits=1_000), clock=lambda: late) as host:
        answer = await host.answer("get_overview", period="today", time_zone="user")
    assert answer["first_day"] == answer["last_day"] == str(NOW.date() - timedelta(days=1))
    assert answer["change"] is None


async def test_a_site_that_is_down_is_in_the_headline() -> None:
    async with connect(FakeApi(now=lambda: NOW)) as host:
        answer = await host.answer("get_overview")
    down = [row["site"] for row in rows_of(answer["sites"]) if row["status"] == "down"]
    assert down == ["Field Notes"]
    assert answer["headline"].endswith(". “Field Notes” is down.")
