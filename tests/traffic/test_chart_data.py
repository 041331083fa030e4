"""What a chart alone shows, in a result's `_meta`: counts that were made anyway, each equal to a count of its own."""

from datetime import date, timedelta
from typing import Any

import pytest
from support.client import NOW, Connected, connect
from tinylytics_mcp.fake_api import FakeApi
from tinylytics_tools.answer import CHART

pytestmark = pytest.mark.anyio
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"period": "last_90_days"},
        {"period": "last_month", "path": "/"},
        {"period": "last_7_days", "time_zone": "user"},
        {"period": "last_12_months"},
    ],
)
async def test_the_earlier_days_add_up_to_the_earlier_hits_piece_by_piece(asked: dict[str, Any]) -> None:
    async with connect(FakeApi(now=lambda: NOW)) as connected:
        chart, answer = await _chart(connected, "summarize_traffic", site="456", **asked)
        pieces = chart["earlier"]
        assert sum(hits for _, hits in pieces) == answer["earlier_hits"]
        first = date.fromisoformat(answer["first_day"])
        last = date.fromisoformat(str(answer["compared"]).rpartition(" ")[2])
        day = last + DAY - timedelta(days=sum(days for days, _ in pieces))
        assert day + timedelta(days=sum(days for days, _ in pieces)) <= first
        for days, hits in pieces[:4]:
            end = day + timedelta(days=days - 1)
            alone = {**asked, "period": None, "start_date": str(day), "end_date": str(end), "compare": "none"}
            assert (await connected.answer("summarize_traffic", site="456", **alone))["hits"] == hits
            day = end + DAY


async def test_a_single_day_has_its_hours_as_the_ranking_counts_them() -> None:
    async with connect(FakeApi(now=lambda: NOW)) as connected:
        chart, answer = await _chart(connected, "summarize_traffic", site="456", period="yesterday")
        ranked = await connected.answer("rank_traffic", site="456", dimension="hour", period="yesterday", limit=24)
        today, _ = await _chart(connected, "summarize_traffic", site="456", period="today")
        several, _ = await _chart(connected, "summarize_traffic", site="456")
        elsewhere, _ = await _chart(connected, "summarize_traffic", site="456", period="yesterday", time_zone="user")
    counted = {name: hits for name, hits, *_ in ranked["ranking"]["rows"]}
    assert [counted.get(f"{hour:02}:00", 0) for hour in range(24)] == chart["hours"]
    assert sum(chart["hours"]) == answer["hits"]
    assert len(today["hours"]) == NOW.hour + 1  # the others are not yet, which is not zero
    assert several["hours"] == elsewhere["hours"] == []


async def test_an_overview_has_the_days_of_each_site_without_a_request_for_them() -> None:
    async with connect(FakeApi(now=lambda: NOW)) as connected:
        chart, answer = await _chart(connected, "get_overview")
        assert answer["requests_used"] == len(connected.wire.requests) <= 40
    hits = {str(row[0]): row[2] for row in answer["sites"]["rows"]}
    assert {site: sum(hits for _, hits in one["pieces"]) for site, one in chart["sites"].items()} == hits
    ssl = {site: (one["ssl_days_left"], one["ssl_valid"]) for site, one in chart["sites"].items()}
    assert ssl == {"456": (168, True), "457": (None, None), "458": (9, True)}


async def test_an_answer_that_is_given_again_has_its_chart_again() -> None:
    async with connect(FakeApi(now=lambda: NOW)) as connected:
        first, _ = await _chart(connected, "summarize_traffic", site="456")
        again, _ = await _chart(connected, "summarize_traffic", site="456")
    assert first == again


async def _chart(connected: Connected, tool: str, **asked: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    result = await connected.call(tool, **asked)
    assert result.meta is not None
    assert result.structured_content is not None
    return result.meta[CHART], result.structured_content
