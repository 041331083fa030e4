"""list_kudos of all sites has the figures of each site alone, and names whom it did not ask or could not read."""

from datetime import timedelta
from typing import Any

import httpx2 as httpx
import pytest
from support.client import MODES, NOW, Mode, connect, network_of, rows_of, text_of
from support.writes import fake_api
from tinylytics_mcp.fake_api import FakeApi

pytestmark = pytest.mark.anyio

QUESTIONS: list[dict[str, Any]] = [
    {},
    {"period": "all_time"},
    {"period": "last_90_days", "time_zone": "user"},
    {"search": "blog,about"},
    {"path": "/about"},
    {"end_date": "2026-10-31", "sort": "oldest"},
]


@pytest.fixture(scope="module")
def service() -> FakeApi:
    """Three sites with hits and kudos."""
    return FakeApi(now=lambda: NOW, hits=3000, hourly_limit=10**9)


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("mode", MODES)
async def test_all_sites_together_are_the_sum_of_each_asked_alone(
    service: FakeApi, question: dict[str, Any], mode: Mode
) -> None:
    ids = [row[0] for row in service.connection.execute("SELECT id FROM sites ORDER BY id")]
    async with connect(service, mode=mode) as host:
        result = await host.call("list_kudos", site="all", **question)
        assert len(host.wire.requests) <= 40
        alone = {one: await host.answer("list_kudos", site=str(one), **question) for one in ids}
    answer = result.structured_content
    assert answer is not None
    figures = ("kudos", "lifetime_kudos", "views", "per_100_views")
    for row in rows_of(answer["sites"]):
        assert {name: row[name] for name in figures} == {name: alone[row["id"]][name] for name in figures}
    assert all(row["few_views"] is (0 < row["views"] < 30) for row in rows_of(answer["sites"]))
    assert answer["sites"]["of"] == answer["sites_asked"] == len(ids)
    assert [row["kudos"] for row in rows_of(answer["sites"])] == sorted(
        (a["kudos"] for a in alone.values()), reverse=True
    )
    for name in ("kudos", "views"):
        assert answer[name] == sum(one[name] for one in alone.values())
    assert (answer["first_day"], answer["last_day"]) == (
        min(one["first_day"] for one in alone.values()),
        max(one["last_day"] for one in alone.values()),
    )
    assert answer["complete"] is True
    assert f"kudos: {answer['kudos']}\n" in text_of(result)
    table = "oldest" if "sort" in question else "newest"
    rows = [row for one in alone.values() for row in rows_of(one[table])]
    times = sorted((row["time"] for row in rows), reverse=table == "newest")
    assert [row["time"] for row in rows_of(answer[table])] == times[: len(answer[table]["rows"])]
    assert answer[table]["next_offset"] is None


async def test_a_name_that_one_of_the_sites_has_is_not_told_as_nowhere(service: FakeApi) -> None:
    async with connect(service) as host:
        answer = await host.answer("list_kudos", site="all", search="photo-kudo,/nowhere", period="all_time")
    assert [note for note in answer["notes"] if "contains" in note] == ["no path or uid contains /nowhere"]
    assert any(note.startswith("views not known: “Photos”") for note in answer["notes"])
    assert answer["kudos"] > 0
    assert "2026-11-23 is still running" in answer["notes"]


async def test_a_site_that_cannot_be_read_is_named_and_leaves_no_sum() -> None:
    service = fake_api()
    names = [row[0] for row in service.connection.execute("SELECT label FROM sites ORDER BY id")]
    ids = [row[0] for row in service.connection.execute("SELECT id FROM sites ORDER BY id")]
    network = network_of(service)

    class Failing(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if request.url.path.endswith(f"/sites/{ids[1]}/kudos"):
                return httpx.Response(500, request=request)
            return await network.handle_async_request(request)

    async with connect(Failing()) as host:
        result = await host.call("list_kudos", site="all")
    answer = result.structured_content
    assert answer is not None
    assert (answer["complete"], answer["kudos"], answer["views"]) == (False, None, None)
    assert f"no sum, since these could not be read: “{names[1]}”" in answer["notes"]
    unread = {row["id"]: row["not_known"] for row in rows_of(answer["sites"])}
    assert {one for one, why in unread.items() if why != "nothing"} == {ids[1]}
    assert "An unknown number of kudos" in text_of(result)


async def test_sites_for_which_there_was_no_room_are_named_and_counted_in_no_sum() -> None:
    service = fake_api()
    for n in range(60):
        number = service.add_site(label=f"Site {n}", url=f"https://s{n}.example", created_at=_ago(100))
        service.add_kudos(number, [{"uid": f"k{n}", "created_at": _ago(2)}])
    async with connect(service) as host:
        first = await host.answer("list_kudos", site="all")
        assert len(host.wire.requests) <= 40
        names: set[str] = set()
        offset: int | None = 0
        while offset is not None:
            answer = await host.answer("list_kudos", site="all", offset=offset, limit=20)
            names |= {row["site"] for row in rows_of(answer["sites"])}
            assert answer["kudos"] is None or answer["kudos"] == sum(row["kudos"] for row in rows_of(answer["sites"]))
            offset = answer["sites"]["next_offset"]
    assert len(names) == 63
    assert (first["complete"], first["kudos"]) == (False, None)
    waiting = next(note for note in first["notes"] if note.startswith("not asked yet: "))
    asked = [row["site"] for row in rows_of(first["sites"])]
    assert waiting.count("“") + int(waiting.rpartition(" and ")[2].removesuffix(" more")) == 63 - len(asked)
    assert not any(f"“{name}”" in waiting for name in asked)


def _ago(days: float) -> int:
    return int((NOW - timedelta(days=days)).timestamp())
