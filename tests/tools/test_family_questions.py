"""Questions that users ask of a single family: the facts an answer needs stand in both of its halves."""

import json
from typing import Any

import pytest
from support.client import MODES, NOW, Connected, Mode, connect, text_of
from tinylytics_mcp.fake_api import FakeApi, Quirk

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module", params=[(), (Quirk.UNSORTED, Quirk.WRAPPED, Quirk.EXTRA_FIELDS)], ids=["plain", "odd"])
def fake_api(request: pytest.FixtureRequest) -> FakeApi:
    """The reference account, as documented and in its oddest forms."""
    return FakeApi(now=lambda: NOW, quirks=request.param)


async def asked(host: Connected, tool: str, most: int, **arguments: Any) -> tuple[str, str]:
    """Both halves as text, of an answer that took no more requests than it should."""
    result = await host.call(tool, **arguments)
    assert not result.is_error, text_of(result)
    assert result.structured_content is not None
    assert result.structured_content["complete"]
    assert result.structured_content["requests_used"] <= most
    return text_of(result), json.dumps(result.structured_content, ensure_ascii=False)


@pytest.mark.parametrize("mode", MODES)
async def test_2_how_many_hits_ever(fake_api: FakeApi, mode: Mode) -> None:
    (hits,) = fake_api.connection.execute("SELECT COUNT(*) FROM hits WHERE site_id = 456").fetchone()
    async with connect(fake_api, mode=mode) as host:
        for half in await asked(host, "get_site", 2, site="My Blog"):
            assert f"“My Blog” has had {hits} hits since 2025-06-23." in half


@pytest.mark.parametrize("mode", MODES)
async def test_5_how_many_visitors_this_month(fake_api: FakeApi, mode: Mode) -> None:
    hits_of_visitors = [
        int(row[0])
        for row in fake_api.connection.execute(
            "SELECT COUNT(*) FROM hits WHERE site_id = 456 AND visitor_hash NOTNULL "
            "AND date(created_at, 'unixepoch') BETWEEN '2026-11-01' AND '2026-11-23' GROUP BY visitor_hash"
        )
    ]
    visitors, single = len(hits_of_visitors), hits_of_visitors.count(1)
    async with connect(fake_api, mode=mode) as host:
        halves = await asked(host, "get_user_journeys", 2, site="456", period="this_month")
    for half in halves:
        assert f"had {visitors} visitors from 2026-11-01 to 2026-11-23" in half
        assert f"{round(100 * single / visitors, 1):g} % of them saw a single page" in half
        assert "not people, and never added up" in half
        assert "2026-11-23 is today and not over yet" in half


@pytest.mark.parametrize("mode", MODES)
async def test_18_what_do_the_insights_say(fake_api: FakeApi, mode: Mode) -> None:
    stored = fake_api.connection.execute(
        "SELECT insights_for_date, body FROM insights WHERE site_id = 456 ORDER BY insights_for_date DESC"
    ).fetchall()
    newest = json.loads(stored[0]["body"])
    async with connect(fake_api, mode=mode) as host:
        halves = await asked(host, "get_insights", 2, site="456")
    for half in halves:
        assert f"the newest is about {stored[0]['insights_for_date']}" in half
        for name in ("summary", "traffic_patterns", "recommendations"):
            assert newest[name] in half
        for row in stored:
            assert row["insights_for_date"] in half
        assert json.loads(stored[-1]["body"])["signals"][0]["headline"] in half
        assert "written by an AI from visitor data" in half


@pytest.mark.parametrize("mode", MODES)
async def test_19_is_everything_up_and_when_does_my_certificate_expire(fake_api: FakeApi, mode: Mode) -> None:
    async with connect(fake_api, mode=mode) as host:
        halves = await asked(host, "get_uptime", 2, site="456")
        everything = await asked(host, "check_health", 7)
    for half in halves:
        assert "“My Blog” is up: 99.97 % uptime over 30d; down for 15 min in the last 30 days; certificate" in half
        assert "certificate expires in 168 days, on 2027-05-10" in half
        assert "2026-11-19T03:00:00Z" in half
    for half in everything:
        assert "“Field Notes” is down since 2026-11-22T21:40:00Z" in half
        assert "uptime monitoring is not enabled for this site" in half
        assert "168" in half


@pytest.mark.parametrize("mode", MODES)
async def test_20_which_links_are_broken(fake_api: FakeApi, mode: Mode) -> None:
    links = fake_api.connection.execute("SELECT * FROM links WHERE site_id = 456 AND NOT ignored").fetchall()
    broken = [link for link in links if link["issue_type"] == "broken_link"]
    async with connect(fake_api, mode=mode) as host:
        halves = await asked(host, "get_content_status", 2, site="456")
    for half in halves:
        assert f"“My Blog” has {len(broken)} broken links" in half
        assert "last check 2026-11-22T20:00:00Z" in half
        for link in broken:
            assert link["url"] in half
            assert str(link["status_code"]) in half


@pytest.mark.parametrize(
    ("tool", "before"), [("get_user_journeys", " on "), ("list_kudos", " on "), ("list_hits", ", ")]
)
async def test_a_single_day_is_not_told_as_a_range(tool: str, before: str) -> None:
    async with connect(FakeApi(now=lambda: NOW)) as host:
        answer = await host.answer(tool, site="456", period="yesterday")
    assert f"{before}2026-11-22" in answer["headline"]
    assert "2026-11-22 to" not in answer["headline"]
