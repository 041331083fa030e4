"""All sites at a glance: exact, like for like, and with fewer columns rather than fewer sites."""

from datetime import timedelta

import pytest
from tinylytics_mcp.standin import Standin
from tinylytics_tools.overview.read import affordable
from wiring import NOW, connect, rows_of, text_of

pytestmark = pytest.mark.anyio


def many(count: int) -> Standin:
    """An account with so many sites, each with hits in two months."""
    standin = Standin(now=lambda: NOW, hits=0)
    moment = int(NOW.timestamp())
    for number in range(count - 3):
        site = standin.add_site(label=f"Site {number}", url=f"https://{number}.example")
        standin.add_hits(site, [{"created_at": moment - age * 86_400} for age in (0, 1, 2, 40)] * (number + 1))
        standin.add_kudos(site, [{"uid": f"k{number}", "created_at": moment - 86_400}])
    return standin


def test_columns_fit_in_their_order_and_a_dear_one_makes_way_for_a_cheap_one() -> None:
    costs = [("change", 1), ("visitors", 1), ("kudos", 3), ("status", 1)]
    assert affordable(costs, 3, 18) == ["change", "visitors", "kudos", "status"]
    assert affordable(costs, 3, 12) == ["change", "visitors", "status"]
    assert affordable(costs, 3, 2) == []


async def test_few_sites_have_all_columns() -> None:
    async with connect(many(5)) as host:
        result = await host.call("get_overview", period="this_month")
    answer = result.structured_content
    assert answer is not None
    assert answer["sites"]["columns"] == [
        *("id", "site", "hits", "hits_today", "change", "change_percent", "visitors", "kudos", "status")
    ]
    rows = {row["site"]: row for row in rows_of(answer["sites"])}
    assert (rows["Site 1"]["hits"], rows["Site 1"]["hits_today"], rows["Site 1"]["change"]) == (6, 2, 2)
    assert (answer["hits"], answer["hits_today"], answer["earlier_hits"], answer["change"]) == (9, 3, 3, 3)
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
    assert any("6 sites are unknown" in note for note in answer["notes"])


async def test_without_a_subscription_the_status_is_unknown_at_the_cost_of_one_refusal() -> None:
    async with connect(Standin(now=lambda: NOW, hits=1_000, subscribed=False)) as host:
        answer = await host.answer("get_overview")
        asked = [request for request in host.wire.requests if request.url.path.endswith("/uptime")]
    assert [row["status"] for row in rows_of(answer["sites"])] == ["unknown"] * 3
    assert len(asked) == 1


async def test_days_are_those_of_the_account_where_that_is_asked() -> None:
    late = NOW.replace(hour=2)
    async with connect(Standin(now=lambda: late, hits=1_000), clock=lambda: late) as host:
        answer = await host.answer("get_overview", period="today", time_zone="user")
    assert answer["first_day"] == answer["last_day"] == str(NOW.date() - timedelta(days=1))
    assert answer["change"] is None
