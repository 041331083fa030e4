"""get_content_status lists what is broken on a site, and nothing of what is well."""

from typing import Any

import httpx2 as httpx
import pytest
from support.client import MODES, NOW, Mode, connect, rows_of, text_of
from support.replies import HOSTILE, NOT_SUBSCRIBED, answering, assert_safe, spoilt
from tinylytics_mcp.fake_api import FakeApi, Quirk

pytestmark = pytest.mark.anyio

LINK: dict[str, Any] = {
    "id": 201,
    "url": "https://example.com/old-page",
    "status_code": 404,
    "error_message": "Not Found",
    "issue_type": "broken_link",
    "checked_at": "2026-02-14T08:00:00Z",
    "ignored": False,
}
BODY: dict[str, Any] = {
    "monitoring_status": {
        "enabled": True,
        "root_path": "/blog",
        "last_check_at": "2026-02-14T08:00:00Z",
        "is_initial_check": False,
        "is_rechecking": False,
    },
    "issues": {"broken_links": [LINK], "mixed_content": []},
    "ignored_issues": [],
    "ok_links": [{**LINK, "url": "https://example.com/fine"}],
    "stats": {
        "total_checked": 48,
        "broken_links_count": 1,
        "mixed_content_count": 0,
        "ignored_count": 0,
        "ok_count": 47,
    },
}


def content_of(reply: Any, **more: Any) -> Any:
    """A service with one site whose content is this."""
    return answering({"/sites/456/content": reply, **more})


@pytest.mark.parametrize("quirks", [[], [Quirk.EXTRA_FIELDS]])
@pytest.mark.parametrize("mode", MODES)
async def test_broken_links_are_those_of_the_service_and_the_rest_is_counted(mode: Mode, quirks: list[Quirk]) -> None:
    fake_api = FakeApi(now=lambda: NOW, hits=0, quirks=quirks)
    links = fake_api.connection.execute("SELECT url, status_code, issue_type, ignored FROM links WHERE site_id = 456")
    kept = [tuple(row) for row in links]
    async with connect(fake_api, mode=mode) as host:
        result = await host.call("get_content_status", site="456")
    answer = result.structured_content
    assert answer is not None
    broken = [(url, code) for url, code, kind, ignored in kept if kind == "broken_link" and not ignored]
    rows = rows_of(answer["issues"])
    assert [(row["url"], row["status"]) for row in rows if row["issue"] == "broken link"] == broken
    assert answer["broken_links"] == len(broken)
    assert answer["ignored"] == sum(ignored for *_, ignored in kept)
    assert answer["ok"] == sum(kind == "ok" and not ignored for _, _, kind, ignored in kept)
    assert answer["links_checked"] == len(kept)
    assert not any(url in text_of(result) for url, _, kind, _ in kept if kind == "ok" and url.count("/") > 3)
    assert f"My Blog has {len(broken)} broken links" in text_of(result)
    assert_safe(result)


async def test_more_issues_than_fit_go_on_at_the_offset() -> None:
    many = [{**LINK, "id": n, "url": f"https://example.com/{n}"} for n in range(120)]
    reply = {**BODY, "issues": {"broken_links": many}, "stats": {"broken_links_count": 120, "mixed_content_count": 0}}
    async with connect(content_of(reply)) as host:
        seen: list[str] = []
        offset: int | None = 0
        while offset is not None:
            issues = (await host.answer("get_content_status", offset=offset, limit=50))["issues"]
            seen += [row["url"] for row in rows_of(issues)]
            offset = issues["next_offset"]
    assert seen == [link["url"] for link in many]


async def test_switched_off_is_an_error_that_says_so() -> None:
    off = httpx.Response(
        403, json={"error": "Content monitoring is not enabled for this site", "content_monitoring_enabled": False}
    )
    async with connect(content_of(off)) as host:
        assert "Content monitoring is not enabled" in await host.error("get_content_status")
    async with connect(content_of(httpx.Response(403, json={"error": "No"}), **{"/me": NOT_SUBSCRIBED})) as host:
        assert "needs a Tinylytics subscription" in await host.error("get_content_status")


@pytest.mark.parametrize(
    ("status", "state"),
    [({"is_initial_check": True}, "first check running"), ({"is_rechecking": True}, "checking again"), ({}, "checked")],
)
async def test_a_check_that_is_running_is_said_to_be(status: dict[str, Any], state: str) -> None:
    async with connect(content_of({**BODY, "monitoring_status": status})) as host:
        answer = await host.answer("get_content_status")
    assert answer["state"] == state
    assert answer["complete"] == (state != "first check running")


async def test_counts_and_rows_that_differ_make_the_answer_incomplete() -> None:
    async with connect(content_of({**BODY, "stats": {**BODY["stats"], "broken_links_count": 7}})) as host:
        answer = await host.answer("get_content_status")
    assert (answer["broken_links"], answer["complete"]) == (7, False)
    assert "only 1 of 7 issues" in answer["notes"][0]


@pytest.mark.parametrize("reply", [{"issues": {}}, {"issues": {"broken_links": None}}])
async def test_what_the_service_does_not_say_is_not_zero(reply: Any) -> None:
    async with connect(content_of({"monitoring_status": {}, "stats": {}, **reply})) as host:
        answer = await host.answer("get_content_status")
    assert answer["broken_links"] is answer["mixed_content"] is answer["ok"] is None
    assert "an unknown number of broken links" in answer["headline"]
    assert not answer["complete"]


async def test_lists_without_counts_are_counted() -> None:
    reply = {**BODY, "issues": {"broken_links": [LINK, {**LINK, "id": 202}], "mixed_content": []}, "stats": {}}
    async with connect(content_of(reply)) as host:
        answer = await host.answer("get_content_status")
    assert (answer["broken_links"], answer["mixed_content"], answer["complete"]) == (2, 0, True)


@pytest.mark.parametrize("text", HOSTILE)
async def test_no_text_of_the_service_breaks_out(text: str) -> None:
    async with connect(content_of(spoilt(BODY, text, keep=("checked_at", "last_check_at")))) as host:
        result = await host.call("get_content_status")
    assert not result.is_error, text_of(result)
    assert_safe(result)


async def test_a_single_broken_link_is_one() -> None:
    async with connect(content_of(BODY)) as host:
        assert (await host.answer("get_content_status"))["headline"].startswith("My Blog has 1 broken link among 48 ")
