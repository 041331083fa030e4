"""A fake API with few hits and kudos, and what the tests of writes ask of it."""

import json
from datetime import timedelta
from typing import Any

import httpx2 as httpx
from mcp.client.session import ClientRequestContext, ElicitationFnT
from mcp.types import CallToolResult, ElicitRequestParams, ElicitResult, ErrorData
from support.client import NOW, Connected, text_of
from tinylytics_mcp.fake_api import FakeApi

UID = "test-kudo-1"
TICKED = ElicitResult(action="accept", content={"confirm": True})
WHOLE: dict[str, str] = {
    "path": "/pricing",
    "url": "https://example.com/pricing?ref=news",
    "referrer": "https://google.com/",
    "country": "DE",
    "ip_address": "8.8.8.8",
    "user_agent": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Safari/605.1.15",
    "visitor_id": "user-123",
    "source": "spring sale",
}


def fake_api() -> FakeApi:
    """An account without hits and kudos; its limit is not met by long tests."""
    return FakeApi(now=lambda: NOW, hits=0, hourly_limit=10**9)


def add(service: FakeApi, *uids: str, path: str = "/hello", days_ago: int = 3) -> str:
    """Add kudos of a past day to the first site, and return its id."""
    site = int(service.connection.execute("SELECT MIN(id) FROM sites").fetchone()[0])
    day = int((NOW - timedelta(days=days_ago)).timestamp())
    service.add_kudos(site, [{"uid": uid, "path": path, "created_at": day} for uid in uids])
    return str(site)


def left(service: FakeApi) -> list[str]:
    """Return the uids of the kudos that the service has."""
    return [row[0] for row in service.connection.execute("SELECT uid FROM kudos ORDER BY id")]


def verbs(host: Connected) -> list[str]:
    """Return the methods of the writes that were sent."""
    return [request.method for request in host.wire.requests if request.method != "GET"]


def hits(service: FakeApi) -> list[str]:
    """Return the paths of all hits."""
    return [row[0] for row in service.connection.execute("SELECT path FROM hits ORDER BY id")]


def sent(requests: list[httpx.Request]) -> list[Any]:
    """Return the bodies of the requests that create something."""
    return [json.loads(request.content) for request in requests if request.method == "POST"]


def answering(*answers: ElicitResult | ErrorData, asked: list[ElicitRequestParams] | None = None) -> ElicitationFnT:
    """A client that shows forms, and a user who answers like this."""
    left = list(answers)

    async def ask(context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult | ErrorData:
        assert context.session is not None
        if asked is not None:
            asked.append(params)
        return left.pop(0)

    return ask


async def agreeing(context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
    """A client that shows forms, and a user who ticks them all."""
    assert context.session is not None
    assert params.message
    return TICKED


async def delete(host: Connected, **arguments: Any) -> CallToolResult:
    """Delete by a host that cannot ask: the first call gives a code, the second brings it; or the first one's error."""
    first = await host.call("delete_kudo", **arguments)
    structured: dict[str, Any] = first.structured_content or {}
    code = structured.get("code")
    return first if code is None else await host.call("delete_kudo", **arguments, confirm=code)


async def deleted(host: Connected, **arguments: Any) -> dict[str, Any]:
    """Return the answer of a deletion that must work."""
    result = await delete(host, **arguments)
    assert not result.is_error, text_of(result)
    assert result.structured_content is not None
    return result.structured_content


async def not_deleted(host: Connected, **arguments: Any) -> str:
    """Return the error of a deletion that must fail."""
    result = await delete(host, **arguments)
    assert result.is_error, text_of(result)
    return text_of(result)
