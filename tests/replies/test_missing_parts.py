"""What the API document always shows and a reply lacks is an error that names it, never told as none."""

import json
from typing import Any

import httpx2 as httpx
import pytest
from support.client import NOW, connect
from tinylytics_mcp.fake_api import FakeApi

pytestmark = pytest.mark.anyio

SHOWN: dict[str, tuple[str, tuple[str, ...]]] = {
    "get_insights": ("/insights", ("insights", "pagination", "site")),
    "get_uptime": ("/uptime", ("monitor", "downtimes", "pagination")),
    "get_content_status": ("/content", ("monitoring_status", "issues", "stats")),
    "get_user_journeys": ("/user_journeys", ("user_journeys", "summary", "insights", "pagination")),
    "get_leaderboard": ("/leaderboard", ("leaderboard", "pagination")),
    "list_kudos": ("/kudos", ("kudos", "pagination")),
    "get_account": ("/me", ("id", "email", "is_subscribed")),
    "list_sites": ("/sites", ("sites",)),
}
"""Where each tool asks, and what every reply there has."""


class Lacking(httpx.AsyncBaseTransport):
    """The stand-in, with fields left out of its replies at the end of one path; all of them where none is named."""

    def __init__(self, path: str, field: str | None) -> None:
        self._inner = httpx.ASGITransport(app=FakeApi(now=lambda: NOW, hits=50))
        self._path = path
        self._field = field

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer as the stand-in does, but for the fields."""
        response = await self._inner.handle_async_request(request)
        if not request.url.path.endswith(self._path):
            return response
        body: dict[str, Any] = json.loads(await response.aread())
        left = {name: value for name, value in body.items() if self._field is not None and name != self._field}
        return httpx.Response(200, json=left)


@pytest.mark.parametrize(
    ("tool", "field"), [(tool, field) for tool, (_, fields) in SHOWN.items() for field in (None, *fields)]
)
async def test_a_reply_without_it_is_not_one_the_document_describes(tool: str, field: str | None) -> None:
    path, fields = SHOWN[tool]
    arguments = {} if tool in ("get_account", "list_sites") else {"site": "456"}
    async with connect(Lacking(path, field)) as host:
        said = await host.error(tool, **arguments)
    assert "in a form that the API document does not describe" in said
    assert (field or fields[0]) in said
