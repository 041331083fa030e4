"""get_uptime says whether a site is up, and never takes a paused monitor for a working one."""

from datetime import UTC, datetime
from typing import Any

import httpx2 as httpx
import pytest
from support.client import MODES, NOW, Mode, connect, rows_of, text_of
from support.replies import HOSTILE, HTML, NOT_SUBSCRIBED, answering, api_of, assert_safe, pages_of, paging, spoilt
from tinylytics_mcp.fake_api import FakeApi, Quirk
from tinylytics_tools import uptime
from tinylytics_tools.errors import KeyNotAccepted, TooManyRequests

pytestmark = pytest.mark.anyio

OUTAGE: dict[str, Any] = {
    "id": 55,
    "error": "Connection timed out",
    "started_at": "2026-02-10T03:00:00Z",
    "ended_at": "2026-02-10T03:15:00Z",
    "duration": 900,
    "duration_in_words": "15 minutes",
    "partial": False,
    "ongoing": False,
}
MONITOR: dict[str, Any] = {
    "id": 101,
    "url": "https://example.com",
    "enabled": True,
    "is_down": False,
    "uptime": 99.95,
    "last_check_at": "2026-02-14T09:55:00Z",
    "last_status_code": 200,
    "last_error_message": None,
    "period": "30d",
    "ssl": {"expires_at": "2026-08-01T00:00:00Z", "valid": True, "expiring_soon": False, "days_until_expiry": 168},
    "domain": {"remaining_days": 472, "expired": False, "expiring_soon": False, "days_until_expiry": 472},
    "auto_paused": False,
}
BODY: dict[str, Any] = {
    "monitor": MONITOR,
    "downtimes": [OUTAGE],
    "pagination": paging(1),
    "summary": {"total_downtimes": 3, "ongoing_downtimes": 0, "recent_downtimes_30_days": 1},
}


def with_monitor(**fields: Any) -> dict[str, Any]:
    """The document's example with another monitor."""
    return {**BODY, "monitor": {**MONITOR, **fields}}


def uptime_of(reply: Any, **more: Any) -> Any:
    """A service with one site whose uptime is this."""
    return answering({"/sites/456/uptime": reply, **more})


@pytest.mark.parametrize("quirks", [[], [Quirk.UNSORTED, Quirk.EXTRA_FIELDS]])
@pytest.mark.parametrize("mode", MODES)
async def test_outages_come_newest_first_with_their_seconds_whatever_order_the_service_has(
    mode: Mode, quirks: list[Quirk]
) -> None:
    fake_api = FakeApi(now=lambda: NOW, hits=0, quirks=quirks)
    counted = fake_api.connection.execute(
        "SELECT ended_at - started_at FROM downtimes WHERE site_id = 456 ORDER BY started_at DESC"
    ).fetchall()
    (ssl,) = fake_api.connection.execute("SELECT ssl_expires_at FROM monitors WHERE site_id = 456").fetchone()
    async with connect(fake_api, mode=mode) as host:
        result = await host.call("get_uptime", site="456")
    answer = result.structured_content
    assert answer is not None
    assert [row["duration_s"] for row in rows_of(answer["downtimes"])] == [seconds for (seconds,) in counted]
    assert answer["downtimes"]["of"] == len(counted)
    assert answer["ssl_days_left"] == (datetime.fromtimestamp(ssl, UTC).date() - NOW.date()).days
    assert (answer["status"], answer["down_since"], answer["complete"]) == ("up", "not down", True)
    for said in ("“My Blog” is up", "complete: yes", f"ssl_days_left: {answer['ssl_days_left']}", "ended\tduration_s"):
        assert said in text_of(result)
    assert_safe(result)


async def test_a_site_that_is_down_says_since_when() -> None:
    fake_api = FakeApi(now=lambda: NOW, hits=0)
    async with connect(fake_api) as host:
        answer = await host.answer("get_uptime", site="458")
    assert answer["status"] == "down"
    assert answer["down_since"] == "2026-11-22T21:40:00Z"
    assert answer["headline"].startswith("“Field Notes” is down since 2026-11-22T21:40:00Z")
    assert rows_of(answer["downtimes"])[0]["ended"] == "ongoing"


@pytest.mark.parametrize("fields", [{"auto_paused": True}, {"enabled": False}, {"auto_paused": True, "is_down": True}])
async def test_a_paused_monitor_is_not_monitored_and_never_up(fields: dict[str, Any]) -> None:
    async with connect(uptime_of(with_monitor(**fields))) as host:
        result = await host.call("get_uptime")
    answer = result.structured_content
    assert answer is not None
    assert answer["status"] == "not monitored"
    assert answer["headline"].startswith("“My Blog” is not monitored")
    assert "status: up" not in text_of(result)
    assert ("the last check failed" in answer["status_reason"]) == bool(fields.get("is_down"))
    assert "switch the monitor on" in answer["next_step"]


async def test_without_a_monitor_the_error_says_that_it_is_not_enabled() -> None:
    async with connect(FakeApi(now=lambda: NOW, hits=0)) as host:
        said = await host.error("get_uptime", site="457")
    assert "not enabled" in said
    assert "not the same as all being well" in said


@pytest.mark.parametrize(
    ("body", "me", "words"),
    [
        ({"error": "This endpoint requires an active subscription"}, NOT_SUBSCRIBED, "needs a Tinylytics subscription"),
        ({"error": "Forbidden"}, NOT_SUBSCRIBED, "needs a Tinylytics subscription"),
        ({}, NOT_SUBSCRIBED, "needs a Tinylytics subscription"),
        ({"error": "Forbidden"}, None, "is not enabled for this site"),
    ],
)
async def test_a_refusal_is_told_apart(body: Any, me: Any, words: str) -> None:
    replies = {} if me is None else {"/me": me}
    async with connect(uptime_of(httpx.Response(403, json=body), **replies)) as host:
        assert words in await host.error("get_uptime")


async def test_no_monitor_in_the_reply_is_not_monitored() -> None:
    async with connect(uptime_of({"monitor": None, "downtimes": [], "pagination": paging(0)})) as host:
        answer = await host.answer("get_uptime")
    assert answer["status"] == "not monitored"
    assert answer["downtimes"]["of"] == 0
    assert answer["downtimes_in_all"] is None


async def test_a_monitor_of_nulls_is_unknown_and_no_figure_becomes_zero() -> None:
    nulls = dict.fromkeys(MONITOR)
    async with connect(uptime_of({"monitor": nulls, "downtimes": [], "pagination": paging(0)})) as host:
        answer = await host.answer("get_uptime")
    assert answer["status"] == "unknown"
    assert answer["down_since"] == answer["last_check"] == answer["uptime_period"] == "unknown"
    assert answer["ssl_days_left"] is answer["uptime_percent"] is answer["domain_days_left"] is None


async def test_an_expired_certificate_is_said_to_be() -> None:
    ssl = {"valid": False, "expired": True, "days_until_expiry": -3}
    async with connect(uptime_of(with_monitor(ssl=ssl, domain={"remaining_days": 9}))) as host:
        answer = await host.answer("get_uptime")
    assert "certificate expired 3 days ago" in answer["headline"]
    assert (answer["ssl_days_left"], answer["ssl_valid"], answer["domain_days_left"]) == (-3, False, 9)


@pytest.mark.parametrize("text", HOSTILE)
async def test_no_text_of_the_service_breaks_out(text: str) -> None:
    reply = spoilt(with_monitor(is_down=True, last_error_message="x"), text, keep=("started_at", "ended_at", "ssl"))
    reply["monitor"]["last_check_at"] = None
    async with connect(uptime_of(reply)) as host:
        result = await host.call("get_uptime")
    assert not result.is_error, text_of(result)
    assert_safe(result)


def outages(count: int) -> list[dict[str, Any]]:
    """Outages, the newest last and still going on."""
    past = [
        {**OUTAGE, "id": n, "started_at": f"2026-{n // 20 + 1:02}-{n % 20 + 1:02}T00:00:00Z", "duration": n}
        for n in range(count - 1)
    ]
    return [*past, {**OUTAGE, "id": count, "started_at": "2026-11-20T00:00:00Z", "ended_at": None, "ongoing": True}]


async def test_all_pages_of_outages_are_read_before_one_is_called_the_newest() -> None:
    reply = pages_of("downtimes", outages(205), monitor={**MONITOR, "is_down": True})
    async with connect(uptime_of(reply)) as host:
        answer = await host.answer("get_uptime", limit=3, offset=1)
        assert answer["requests_used"] == 4
    assert (answer["downtimes"]["of"], answer["downtimes"]["next_offset"], answer["complete"]) == (205, 4, True)
    assert [row["duration_s"] for row in rows_of(answer["downtimes"])] == [203, 202, 201]
    assert answer["down_since"] == "2026-11-20T00:00:00Z"


@pytest.mark.parametrize("total_pages", [0, 1, None])
async def test_an_odd_number_of_pages_loses_no_outage(total_pages: int | None) -> None:
    whole = pages_of("downtimes", outages(205), monitor=MONITOR)

    def odd(request: httpx.Request) -> Any:
        reply = whole(request)
        return {**reply, "pagination": {**reply["pagination"], "total_pages": total_pages}}

    async with connect(uptime_of(odd)) as host:
        answer = await host.answer("get_uptime")
    assert (answer["downtimes"]["of"], answer["complete"]) == (205, True)


async def test_an_outage_that_stands_on_two_pages_is_one_and_the_missing_one_is_said_to_be() -> None:
    *past, going_on = outages(130)

    def moving(request: httpx.Request) -> Any:
        later = request.url.params["page"] == "2"  # by then the newest outage stands first, and the others one further
        rows = [going_on, *past[::-1]][100:] if later else past[::-1][:100]
        return {"monitor": {**MONITOR, "is_down": True}, "downtimes": rows, "pagination": paging(130)}

    async with connect(uptime_of(moving)) as host:
        answer = await host.answer("get_uptime", limit=50, offset=100)
    assert (answer["downtimes"]["of"], answer["complete"], answer["down_since"]) == (129, False, "unknown")
    assert [row["duration_s"] for row in rows_of(answer["downtimes"])] == list(range(28, -1, -1))
    assert "only 129 of 130 outages were read" in answer["notes"][0]
    assert "the outage that is going on is not among those that were read" in answer["notes"][1]
    assert answer["headline"].startswith("“My Blog” is down, since when is unknown: 99.95 % uptime")


async def test_a_page_that_fails_makes_the_answer_incomplete() -> None:
    whole = pages_of("downtimes", outages(205), monitor=MONITOR)

    def failing(request: httpx.Request) -> Any:
        return httpx.Response(500, json={}) if request.url.params["page"] == "2" else whole(request)

    async with connect(uptime_of(failing)) as host:
        answer = await host.answer("get_uptime")
    assert not answer["complete"]
    assert "only 105 of 205 outages" in answer["notes"][0]


@pytest.mark.parametrize(
    ("reply", "state", "why"),
    [
        (httpx.Response(404, json={"error": "x"}), "not monitored", "off"),
        (httpx.Response(403, json={"error": "requires an active subscription"}), "unknown", "no subscription"),
        (httpx.Response(500, json={}), "unknown", "failed"),
        (httpx.Response(200, json={"downtimes": 3}), "unknown", "failed"),
    ],
)
async def test_for_other_tools_not_knowing_is_a_status_with_its_reason(reply: Any, state: str, why: str) -> None:
    found = await uptime.status(api_of(uptime_of(reply)), 456)
    assert found.state == state
    assert found.unknown is not None
    assert found.unknown.why == why
    assert found.reason


async def test_for_other_tools_a_key_that_is_not_accepted_still_fails() -> None:
    with pytest.raises(KeyNotAccepted):
        await uptime.status(api_of(uptime_of(HTML)), 456)
    with pytest.raises(TooManyRequests):
        await uptime.status(api_of(uptime_of(httpx.Response(429))), 456)


async def test_for_other_tools_the_start_of_an_outage_is_found_on_a_later_page() -> None:
    reply = pages_of("downtimes", outages(105), monitor={**MONITOR, "is_down": True})
    found = await uptime.status(api_of(uptime_of(reply)), 456)
    assert found.state == "down"
    assert found.since == "2026-11-20T00:00:00Z"
