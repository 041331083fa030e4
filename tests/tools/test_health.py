"""check_health asks all sites in one poll, says what is worst first, and what it does not know."""

from typing import Any

import httpx2 as httpx
import pytest
from support.client import MODES, NOW, Mode, connect, rows_of, text_of
from support.replies import HOSTILE, HTML, NOT_SUBSCRIBED, SITE, answering, assert_safe, pages_of, paging, spoilt
from tinylytics_mcp.fake_api import FakeApi, Quirk
from tinylytics_tools.transport import open_store

pytestmark = pytest.mark.anyio

UP: dict[str, Any] = {"monitor": {"enabled": True, "is_down": False}, "downtimes": [], "pagination": paging(0)}
CLEAN: dict[str, Any] = {
    "issues": {"broken_links": [], "mixed_content": []},
    "stats": {"broken_links_count": 0, "mixed_content_count": 0},
    "monitoring_status": {},
}
BROKEN: dict[str, Any] = {**CLEAN, "stats": {"broken_links_count": 1, "mixed_content_count": 1}}
FAILS = httpx.Response(500, json={"error": "Unexpected"})


def sites_of(*replies: tuple[Any, Any]) -> Any:
    """A service with a site for each pair of uptime and content."""
    sites = [{**SITE, "id": number, "label": f"Site {number}"} for number in range(1, len(replies) + 1)]
    known: dict[str, Any] = {"/sites": {"sites": sites}}
    for number, (up, content) in enumerate(replies, start=1):
        known |= {f"/sites/{number}/uptime": up, f"/sites/{number}/content": content}
    return known


def monitor(**fields: Any) -> dict[str, Any]:
    """A monitor of a site that is up, but for these fields."""
    return {**UP, "monitor": {**UP["monitor"], **fields}}


@pytest.mark.parametrize("mode", MODES)
async def test_all_sites_are_polled_and_the_one_that_is_down_comes_first(mode: Mode) -> None:
    fake_api = FakeApi(now=lambda: NOW, hits=0, quirks=[Quirk.UNSORTED, Quirk.EXTRA_FIELDS])
    broken = dict(
        fake_api.connection.execute(
            "SELECT site_id, SUM(issue_type = 'broken_link' AND NOT ignored) FROM links GROUP BY site_id"
        ).fetchall()
    )
    async with connect(fake_api, mode=mode) as host:
        result = await host.call("check_health")
    answer = result.structured_content
    assert answer is not None
    rows = rows_of(answer["sites"])
    assert [row["status"] for row in rows] == ["down", "up", "not monitored"]
    assert rows[0]["down_since"] == "2026-11-22T21:40:00Z"
    assert {row["id"]: row["broken_links"] for row in rows} == {**broken, 457: None}
    assert "uptime monitoring is not enabled" in rows[2]["not_known"]
    assert (answer["up"], answer["down"], answer["not_monitored"], answer["need_attention"]) == (1, 1, 1, 2)
    assert answer["headline"].startswith("2 of 3 sites need attention: “Field Notes” is down since")
    assert answer["complete"]
    assert answer["requests_used"] == 7
    assert answer["headline"] in text_of(result)
    assert_safe(result)


async def test_one_site_can_be_asked_alone() -> None:
    async with connect(FakeApi(now=lambda: NOW, hits=0)) as host:
        answer = await host.answer("check_health", site="photos.example.net")
        assert answer["requests_used"] == 3
    assert [row["id"] for row in rows_of(answer["sites"])] == [457]
    assert answer["headline"].startswith("Of none of 1 site it is known whether it is up")


async def test_an_outage_of_one_endpoint_leaves_the_rest_of_the_answer_standing() -> None:
    async with connect(answering(sites_of((FAILS, CLEAN), (UP, FAILS), (UP, CLEAN)))) as host:
        answer = await host.answer("check_health")
    assert not answer["complete"]
    rows = {row["id"]: row for row in rows_of(answer["sites"])}
    assert (rows[1]["status"], rows[1]["broken_links"]) == ("unknown", 0)
    assert "500" in rows[1]["not_known"]
    assert (rows[2]["status"], rows[2]["broken_links"]) == ("up", None)
    assert (rows[3]["status"], rows[3]["broken_links"], rows[3]["not_known"]) == ("up", 0, "nothing")
    assert answer["headline"].startswith("2 of 3 sites are up")
    for reply, complete in ((FAILS, False), (httpx.Response(403, json={"error": "is not enabled"}), True)):
        async with connect(answering(sites_of((UP, reply)))) as host:
            assert (await host.answer("check_health"))["complete"] == complete


@pytest.mark.parametrize("reply", [HTML, httpx.Response(401, json={"error": "Invalid API key"})])
async def test_a_key_that_is_not_accepted_fails_the_whole_answer(reply: httpx.Response) -> None:
    async with connect(answering(sites_of((UP, CLEAN), (reply, CLEAN)))) as host:
        assert "did not accept the API key" in await host.error("check_health")


async def test_without_a_subscription_nothing_is_known_and_sites_are_not_asked_in_vain() -> None:
    refusal = httpx.Response(403, json={"error": "Forbidden"})
    known = sites_of(*[(refusal, refusal)] * 5)
    async with connect(answering({**known, "/me": NOT_SUBSCRIBED})) as host:
        answer = await host.answer("check_health")
        assert answer["requests_used"] == 5
    assert answer["unknown"] == 5
    assert not answer["complete"]
    assert "needs a Tinylytics subscription" in answer["headline"]


async def test_the_most_urgent_problem_leads() -> None:
    links = {**CLEAN, "stats": {"broken_links_count": 4, "mixed_content_count": 1}}
    replies = (
        (UP, links),
        (monitor(ssl={"days_until_expiry": 9}), CLEAN),
        (monitor(domain={"days_until_expiry": -2}), CLEAN),
        (monitor(ssl={"valid": False, "days_until_expiry": 90}), CLEAN),
        (monitor(is_down=True), CLEAN),
        (monitor(ssl={"days_until_expiry": 200}, domain={"expiring_soon": True}), CLEAN),
        (monitor(auto_paused=True), CLEAN),
        (UP, CLEAN),
    )
    async with connect(answering(sites_of(*replies))) as host:
        answer = await host.answer("check_health")
    assert [row["id"] for row in rows_of(answer["sites"])] == [5, 3, 4, 2, 6, 1, 7, 8]
    assert answer["headline"] == (
        "6 of 8 sites need attention: “Site 5” is down, since when is unknown; “Site 3” has an expired domain; "
        "“Site 4” has a certificate that is not valid; and 3 more."
    )
    assert rows_of(answer["sites"])[0]["down_since"] == "unknown"
    assert [row["id"] for row in rows_of(answer["sites"]) if row["ssl_valid"] is False] == [4]
    assert rows_of(answer["sites"])[6]["status"] == "not monitored"


async def test_a_site_that_is_down_is_not_read_as_having_no_other_problem() -> None:
    links = {**CLEAN, "stats": {"broken_links_count": 4, "mixed_content_count": 1}}
    ill = monitor(is_down=True, ssl={"days_until_expiry": 9})
    async with connect(answering(sites_of((ill, links), (UP, CLEAN)))) as host:
        answer = await host.answer("check_health", site="all")
    row = rows_of(answer["sites"])[0]
    assert f"has {row['broken_links']} broken links" in answer["headline"]
    assert f"has {row['mixed_content']} link with mixed content" in answer["headline"]
    assert f"expires in {row['ssl_days_left']} days" in answer["headline"]
    assert answer["headline"].startswith("1 of 2 sites needs attention: “Site 1” is down")


async def test_sites_that_are_not_monitored_are_not_left_out_of_a_headline_without_problems() -> None:
    async with connect(answering(sites_of((UP, CLEAN), (monitor(auto_paused=True), CLEAN)))) as host:
        answer = await host.answer("check_health")
    assert answer["headline"] == "1 of 2 sites is up, 1 not monitored, and nothing known needs attention."


async def test_a_large_account_is_asked_in_parts_and_told_so() -> None:
    async with connect(answering(sites_of(*[(UP, CLEAN)] * 53))) as host:
        answer = await host.answer("check_health")
    assert (answer["sites_checked"], answer["up"], answer["complete"], answer["sites"]["of"]) == (19, 19, False, 53)
    assert answer["requests_used"] == 39
    assert answer["notes"] == ["34 of 53 sites were not asked yet: those from offset 19 on"]
    assert answer["next_step"] == "Go on with the offset."
    assert answer["headline"].startswith("19 of 19 sites are up")


@pytest.mark.parametrize("limit", [None, 7])
async def test_going_on_shows_every_site_once_though_all_need_attention(limit: int | None) -> None:
    known = sites_of(*[(monitor(is_down=number % 3 == 0), BROKEN) for number in range(53)])
    known["/sites"]["sites"] = [{**site, "label": "漢字" * 30} for site in reversed(known["/sites"]["sites"])]
    seen: list[int] = []
    answer: dict[str, Any] = {}
    offset: int | None = 0
    async with connect(answering(known)) as host:
        while offset is not None:
            answer = await host.answer("check_health", limit=limit, offset=offset)
            rows = rows_of(answer["sites"])
            assert [row["status"] for row in rows] == sorted(row["status"] for row in rows)  # down, then up
            assert answer["requests_used"] <= 40
            seen += sorted(row["id"] for row in rows)
            offset = answer["sites"]["next_offset"]
    assert answer["complete"]
    assert seen == list(range(1, 54))


async def test_sites_whose_answers_are_stored_leave_room_for_more() -> None:
    async with connect(answering(sites_of(*[(UP, CLEAN)] * 30)), store=open_store(None)) as host:
        assert (await host.answer("check_health"))["sites_checked"] == 19
        answer = await host.answer("check_health")
    assert (answer["sites_checked"], answer["complete"], answer["requests_used"]) == (30, True, 22)


async def test_the_start_of_an_outage_is_looked_for_only_where_there_is_room() -> None:
    past = [{"id": n, "started_at": f"2026-01-01T00:{n % 60:02}:{n // 60:02}Z", "ongoing": False} for n in range(950)]
    rows = [*past, {"id": 999, "started_at": "2026-11-20T00:00:00Z", "ongoing": True}]
    long = pages_of("downtimes", rows, monitor={"enabled": True, "is_down": True})
    async with connect(answering(sites_of(*[(long, CLEAN)] * 12))) as host:
        answer = await host.answer("check_health")
    assert 38 <= answer["requests_used"] <= 40
    told = [row["down_since"] for row in rows_of(answer["sites"])]
    assert (told[0], told[-1]) == ("2026-11-20T00:00:00Z", "unknown")


async def test_an_offset_behind_the_last_site_names_it() -> None:
    async with connect(answering(sites_of((UP, CLEAN), (UP, CLEAN)))) as host:
        assert "2 sites in all, so the last one is at offset 1" in await host.error("check_health", offset=2)
        assert "1 site in all" in await host.error("check_health", site="1", offset=1)
        assert (await host.answer("check_health", offset=1))["headline"].startswith("1 of 1 site is up")


async def test_an_account_without_sites_says_so() -> None:
    async with connect(answering({"/sites": {"sites": []}})) as host:
        assert "has no site yet" in await host.error("check_health")


@pytest.mark.parametrize("text", HOSTILE)
async def test_no_text_of_the_service_breaks_out(text: str) -> None:
    known = sites_of((spoilt(monitor(is_down=True, last_error_message="x"), text), CLEAN), (FAILS, spoilt(CLEAN, text)))
    known["/sites"] = spoilt(known["/sites"], text, keep=("created_at", "updated_at"))
    async with connect(answering(known)) as host:
        result = await host.call("check_health")
    assert not result.is_error, text_of(result)
    assert_safe(result)
