"""A reply of status 200 that is not what its endpoint answers is neither stored nor told, and hides no good one."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx2 as httpx
import pytest
from support.client import MODES, NOW, Mode, connect
from support.replies import ME, SITE, paging
from tinylytics_tools.transport import open_store

pytestmark = pytest.mark.anyio

CLOSED = {"start_date": "2026-11-01", "end_date": "2026-11-07"}
HITS: dict[str, Any] = {
    "hits": [],
    "pagination": paging(0),
    "filters": {"start_date": "2026-11-01", "end_date": "2026-11-07"},
}
GOOD: dict[str, Any] = {
    "/sites": {"sites": [SITE]},
    "/sites/456": SITE,
    "/me": ME,
    "/sites/456/hits": HITS,
    "/sites/456/kudos": {"kudos": [], "pagination": paging(0)},
    "/sites/456/leaderboard": {"leaderboard": [], "pagination": paging(0)},
    "/sites/456/user_journeys": {
        "user_journeys": [],
        "summary": {},
        "insights": {"top_entry_pages": [], "top_exit_pages": []},
        "pagination": paging(0),
    },
    "/sites/456/uptime": {"monitor": None, "downtimes": [], "pagination": paging(0)},
    "/sites/456/content": {"monitoring_status": {}, "issues": {}, "stats": {}},
    "/sites/456/insights": {"insights": [], "pagination": paging(0), "site": {}},
}
CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "/sites": ("list_sites", {}),
    "/sites/456": ("get_site", {"site": "456"}),
    "/me": ("get_account", {}),
    "/sites/456/hits": ("list_hits", CLOSED),
    "/sites/456/kudos": ("list_kudos", CLOSED),
    "/sites/456/leaderboard": ("get_leaderboard", {}),
    "/sites/456/user_journeys": ("get_user_journeys", CLOSED),
    "/sites/456/uptime": ("get_uptime", {}),
    "/sites/456/content": ("get_content_status", {}),
    "/sites/456/insights": ("get_insights", {}),
}
MALFORMED: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "no object": lambda _: b"{}",
    "null": lambda _: b"null",
    "a list": lambda _: b"[]",
    "an error": lambda _: b'{"error": "Service temporarily unavailable"}',
    "cut": lambda body: body[: len(body) // 2],
    "doubled": lambda body: body * 2,
    "wrapped": lambda body: b'{"data": ' + body + b"}",
}


class Service:
    """Answers well, but for one path while it is spoilt."""

    def __init__(self, path: str, spoil: Callable[[bytes], bytes]) -> None:
        self.path, self.spoil, self.is_spoilt = path, spoil, True
        self.asked = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/api/v1")
        body = json.dumps(GOOD[path]).encode()
        if path == self.path:
            self.asked += 1
            body = self.spoil(body) if self.is_spoilt else body
        return httpx.Response(200, content=body, headers={"content-type": "application/json"})


@pytest.mark.parametrize("path", GOOD)
@pytest.mark.parametrize("spoil", MALFORMED)
async def test_it_is_told_and_the_next_call_asks_anew(path: str, spoil: str) -> None:
    service = Service(path, MALFORMED[spoil])
    tool, arguments = CALLS[path]
    async with connect(service, store=open_store(None)) as host:
        said = await host.error(tool, **arguments)
        assert "in a form that the API document does not describe" in said
        service.is_spoilt = False
        await host.answer(tool, **arguments)


@pytest.mark.parametrize("path", GOOD)
@pytest.mark.parametrize("spoil", ["no object", "an error", "cut"])
@pytest.mark.parametrize("mode", MODES)
async def test_it_counts_as_an_outage_and_the_good_reply_before_it_is_told_with_its_age(
    path: str, spoil: str, mode: Mode
) -> None:
    service = Service(path, MALFORMED[spoil])
    service.is_spoilt = False
    tool, arguments = CALLS[path]
    if "end_date" in arguments:
        arguments = {**arguments, "end_date": "2026-11-23"}  # of a closed window nothing new is asked for a week
    time = [NOW]
    async with connect(service, store=open_store(None), clock=lambda: time[0], mode=mode) as host:
        good = await host.answer(tool, **arguments)
        service.is_spoilt = True
        for _ in range(2):
            time[0] += timedelta(hours=2)
            again = await host.answer(tool, **arguments)
            assert again["headline"] == good["headline"]
            assert again["stored_s"] >= 2 * 3600
        asked = service.asked
    assert asked >= 2


async def test_a_reply_that_an_older_version_stored_unread_is_asked_anew() -> None:
    store = open_store(None)
    service = Service("/sites", MALFORMED["no object"])
    service.is_spoilt = False
    async with connect(service, store=store) as host:
        good = await host.answer("list_sites")
        with store.file.transaction() as rows:
            (body,) = rows.execute("SELECT body FROM replies WHERE address LIKE '%/me?'").fetchone() or (b"\x00",)
            rows.execute("UPDATE replies SET body = ?", (body,))
        assert (await host.answer("list_sites", limit=5))["headline"] == good["headline"]
    assert service.asked == 2
