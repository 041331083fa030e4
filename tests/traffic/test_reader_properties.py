"""What the service shows short, and what is only estimated, never makes a figure wrong."""

from datetime import date
from typing import Any

import httpx2 as httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.client import connect, network_of, rows_of
from support.properties import examples
from support.traffic import FILTERS, NOWS, World, asked, counted, same_as, times, worlds
from tinylytics_tools.hits import api as hits_api

pytestmark = pytest.mark.anyio

SHORT_PAGE = 3


class ShortService(httpx.AsyncBaseTransport):
    """A service that gives fewer rows a page than it was asked for, or leaves the first row of each page out."""

    def __init__(self, inner: httpx.AsyncBaseTransport, fault: str) -> None:
        self._inner = inner
        self._fault = fault

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer short where hits are asked for."""
        if not request.url.path.endswith("/hits"):
            return await self._inner.handle_async_request(request)
        if self._fault == "short pages" and int(request.url.params.get("per_page", 1)) > SHORT_PAGE:
            url = request.url.copy_set_param("per_page", str(SHORT_PAGE))
            request = httpx.Request("GET", url, headers=request.headers)
        response = await self._inner.handle_async_request(request)
        await response.aread()
        body = response.json()
        if self._fault == "rows left out" and request.url.params["per_page"] != "1" and "hits" in body:
            body["hits"] = body["hits"][1:]
        return httpx.Response(response.status_code, json=body, request=request)


@st.composite
def questions(draw: st.DrawFn) -> tuple[World, dict[str, Any], dict[str, str]]:
    world = draw(worlds())
    return world, draw(times(world.now)), draw(FILTERS)


@pytest.mark.parametrize("fault", ["short pages", "rows left out"])
@given(
    question=questions(), per_page=st.sampled_from((1000, 4)), dimension=st.sampled_from(("path", "device", "weekday"))
)
@examples(25)
async def test_rows_that_the_service_does_not_show_leave_every_figure_exact_or_unknown(
    question: tuple[World, dict[str, Any], dict[str, str]], per_page: int, dimension: str, fault: str
) -> None:
    world, when, filters = question
    fake_api, (site,) = world.serve()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(hits_api, "PER_PAGE", per_page)
        async with connect(ShortService(network_of(fake_api), fault), clock=lambda: world.now) as host:
            summary = await host.answer("summarize_traffic", site=site, limit=50, **when, **asked(filters))
            ranked = await host.answer("rank_traffic", site=site, dimension=dimension, **when, **asked(filters))
    zone = when["time_zone"]
    first, last = date.fromisoformat(summary["first_day"]), date.fromisoformat(summary["last_day"])
    hits = world.between(first, last, zone, filters)
    assert summary["hits"] == ranked["hits"] == len(hits)
    for table in ("series", "countries", "platforms"):
        if summary[table] is not None:
            assert sum(row["hits"] for row in rows_of(summary[table])) == len(hits)
    if ranked["ranking"] is None:
        assert ranked["complete"] is False
    elif "estimate" not in ranked and ranked["names"] is not None:
        truth = counted(dimension, hits, zone)
        rows = [row for row in rows_of(ranked["ranking"]) if row["name"] != "other"]
        assert {same_as(dimension, row["name"]): row["hits"] for row in rows}.items() <= truth.items()


@given(
    seed=st.integers(0, 10**9), zone=st.sampled_from(("utc", "user")), dimension=st.sampled_from(("device", "weekday"))
)
@examples(20)
async def test_an_estimate_has_the_counted_total_and_whole_per_cents_of_names_that_occur(
    seed: int, zone: str, dimension: str
) -> None:
    world = World(NOWS[3], 300, seed, date(2024, 1, 1))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(hits_api, "PER_PAGE", 2)
        async with world.connected() as (host, site):
            answer = await host.answer(
                "rank_traffic", site=site, dimension=dimension, period="last_90_days", time_zone=zone
            )
    assert len(host.wire.requests) <= 40
    first, last = date.fromisoformat(answer["first_day"]), date.fromisoformat(answer["last_day"])
    hits = world.between(first, last, zone)
    assert answer["estimate"]
    assert (answer["hits"], answer["complete"]) == (len(hits), False)
    assert (answer["names"], answer["change"], answer["compared"]) == (None, None, None)
    shares = dict(answer["ranking"]["rows"])
    assert shares.keys() <= set(counted(dimension, hits, zone))
    assert all(isinstance(share, int) for share in shares.values())
    assert abs(sum(shares.values()) - 100) <= len(shares)
