"""get_content_status lists what is broken on a site, and nothing of what is well."""

from collections import Counter
from typing import Any

import httpx2 as httpx
import pytest
from support.client import MODES, NOW, Mode, connect, rows_of, text_of
from support.replies import HOSTILE, NOT_SUBSCRIBED, SITE, answering, assert_safe, spoilt
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
    assert f"“My Blog” has {len(broken)} broken links" in text_of(result)
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
        assert (await host.answer("get_content_status"))["headline"].startswith("“My Blog” has 1 broken link among 48 ")


def links_of(*codes: int | None, first: int = 1) -> list[dict[str, Any]]:
    """Broken links with these status codes."""
    return [
        {**LINK, "id": number, "url": f"https://example.com/{number}", "status_code": code}
        for number, code in enumerate(codes, start=first)
    ]


def body_of(*codes: int | None, mixed: int = 0, **stats: int) -> dict[str, Any]:
    """A reply with these broken links, and so many with mixed content, which answer with 200 or 404."""
    others = links_of(*[200, 404][:mixed], first=100)
    counts = {"broken_links_count": len(codes), "mixed_content_count": len(others), "total_checked": 50}
    issues = {"broken_links": links_of(*codes), "mixed_content": others}
    return {**BODY, "issues": issues, "stats": {**counts, **stats}}


def by_status(answer: dict[str, Any]) -> dict[str, int]:
    """The counts by status code."""
    return {row["status"]: row["broken_links"] for row in rows_of(answer["by_status"])}


CODES = (404, 500, 404, None, 404, 410, 0, 403, 301)


async def test_a_status_code_is_counted_over_all_broken_links_and_not_over_the_rows_shown() -> None:
    async with connect(content_of(body_of(*CODES, mixed=2))) as host:
        result = await host.call("get_content_status", limit=2)
        some = await host.answer("get_content_status", status=404, limit=2)
    answer = result.structured_content
    assert answer is not None
    counted = by_status(answer)
    assert sum(counted.values()) == answer["broken_links"] == len(CODES)
    assert counted["404"] == CODES.count(404) == 3
    assert f"404\t3\t{100 * 3 / 9:.1f}" in text_of(result)
    assert "9 broken links and 2 links with mixed content among 50 checked: 3 with status 404" in answer["headline"]
    assert (some["matching_issues"], some["issues"]["of"], some["broken_links"]) == (3, 3, 9)
    assert {row["issue"] for row in rows_of(some["issues"])} == {"broken link"}
    assert {row["status"] for row in rows_of(some["issues"])} == {404}
    assert some["filters"] == "broken links with status 404"
    assert some["headline"].startswith("“My Blog” has 3 broken links with status 404, and 9 broken links in all")


async def test_no_link_with_a_status_is_not_read_as_no_broken_link() -> None:
    async with connect(content_of(body_of(500))) as host:
        answer = await host.answer("get_content_status", status=404)
    assert (answer["matching_issues"], answer["broken_links"], answer["issues"]["of"]) == (0, 1, 0)
    assert "no broken links with status 404, and 1 broken link in all" in answer["headline"]
    assert "leave status out" in answer["next_step"]


async def test_a_status_is_not_counted_where_not_each_broken_link_is_listed() -> None:
    async with connect(content_of(body_of(404, broken_links_count=3))) as host:
        result = await host.call("get_content_status", status=404)
    answer = result.structured_content
    assert answer is not None
    assert (answer["by_status"], answer["matching_issues"], answer["complete"]) == (None, None, False)
    assert "matching_issues: unknown" in text_of(result)
    assert "an unknown number of broken links with status 404" in answer["headline"]
    assert "only 1 of 3 issues" in answer["notes"][0]


@pytest.mark.parametrize("status", ["x", -1, 1000, True])
async def test_a_status_that_is_none_is_refused(status: Any) -> None:
    async with connect(content_of(BODY)) as host:
        assert "status" in await host.error("get_content_status", status=status)


def all_sites(*replies: Any) -> Any:
    """A service with a site for each reply."""
    sites = [{**SITE, "id": number, "label": f"Site {number}"} for number in range(1, len(replies) + 1)]
    known = {f"/sites/{number}/content": reply for number, reply in enumerate(replies, start=1)}
    return answering({"/sites": {"sites": sites}, **known})


OFF = httpx.Response(403, json={"error": "x", "content_monitoring_enabled": False})


@pytest.mark.parametrize("mode", MODES)
async def test_broken_links_of_all_sites_are_not_left_to_be_added_up(mode: Mode) -> None:
    fake_api = FakeApi(now=lambda: NOW, hits=0)
    rows = fake_api.connection.execute(
        "SELECT site_id, status_code FROM links WHERE issue_type = 'broken_link' AND NOT ignored"
    ).fetchall()
    async with connect(fake_api, mode=mode) as host:
        result = await host.call("get_content_status", site=" All ")
        missing = await host.answer("get_content_status", site="all", status=404)
    answer, text = result.structured_content, text_of(result)
    assert answer is not None
    assert answer["broken_links"] == len(rows)
    assert f"broken_links: {len(rows)}\n" in text
    assert by_status(answer) == Counter(str(row["status_code"]) for row in rows)
    assert sum(row["broken_links"] or 0 for row in rows_of(answer["sites"])) == len(rows)
    assert missing["matching_issues"] == sum(row["status_code"] == 404 for row in rows)
    assert [row["id"] for row in rows_of(answer["sites"]) if row["broken_links"] is None] == [457]
    assert "content monitoring is off for 1 site" in answer["notes"][0]
    assert answer["headline"].startswith(f"{len(rows)} broken links")
    assert "not known of 1 site." in answer["headline"]
    assert answer["requests_used"] == 4
    assert not {"site_id", "issues", "last_check"} & set(answer)
    assert_safe(result)


async def test_a_sum_over_sites_of_which_one_failed_is_not_printed() -> None:
    async with connect(all_sites(body_of(404), httpx.Response(500, json={}), body_of(404, 500))) as host:
        answer = await host.answer("get_content_status", site="all")
    assert answer["broken_links"] is answer["by_status"] is answer["matching_issues"] is None
    assert not answer["complete"]
    assert [row["broken_links"] for row in rows_of(answer["sites"])] == [2, 1, None]
    assert "an unknown number of broken links" in answer["headline"].lower()
    assert "“Site 3” 2, “Site 1” 1; not known of 1 site" in answer["headline"]


async def test_more_sites_than_one_call_may_ask_have_no_sum_and_go_on_at_the_offset() -> None:
    async with connect(all_sites(*[body_of(404)] * 45)) as host:
        answer = await host.answer("get_content_status", site="all", limit=50)
        rest = await host.answer("get_content_status", site="all", offset=answer["sites"]["next_offset"])
    assert answer["requests_used"] <= 40
    asked = answer["sites_asked"]
    assert (answer["broken_links"], answer["complete"], answer["sites"]["of"]) == (None, False, 45)
    assert answer["notes"] == [f"{45 - asked} of 45 sites were not asked yet: those from offset {asked} on"]
    assert (rest["broken_links"], rest["sites_asked"], rest["complete"]) == (45 - asked, 45 - asked, True)
    assert f"on {45 - asked} of 45 sites, from offset {asked} on" in rest["headline"]


async def test_where_no_site_is_checked_all_sites_are_not_read_as_without_broken_links() -> None:
    async with connect(all_sites(OFF, OFF)) as host:
        answer = await host.answer("get_content_status", site="all")
    assert answer["broken_links"] is answer["by_status"] is None
    assert answer["headline"] == "Of none of 2 sites it is known which links are broken."


async def test_all_sites_without_a_subscription_are_an_error() -> None:
    refusal = httpx.Response(403, json={"error": "requires an active subscription"})
    async with connect(all_sites(*[refusal] * 20)) as host:
        assert "needs a Tinylytics subscription" in await host.error("get_content_status", site="all")
        assert len(host.wire.requests) < 10
