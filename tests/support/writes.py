"""A fake API with few hits and kudos, and what the tests of writes ask of it."""

import json
from datetime import timedelta
from typing import Any

import httpx2 as httpx
from support.client import NOW, Connected
from tinylytics_mcp.fake_api import FakeApi

UID = "test-kudo-1"
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
