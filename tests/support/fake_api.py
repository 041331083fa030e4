"""Sends requests to the fake API over HTTP, as any client would, at a clock that stands still."""

from datetime import UTC, datetime

import httpx2 as httpx
from tinylytics_mcp.fake_api import FULL_ACCESS_KEY, FakeApi, Quirk

NOW = datetime(2026, 2, 14, 10, 0, tzinfo=UTC)
"""The day of the API document's examples, a Saturday."""

MAIN, PHOTOS, YOUNG = "/sites/456", "/sites/457", "/sites/458"


def made(*quirks: Quirk, hits: int = 1500, now: datetime = NOW) -> FakeApi:
    """Return a fake API at `now` with a smaller history than the usual one."""
    return FakeApi(now=lambda: now, hits=hits, quirks=quirks)


def epoch(*parts: int) -> int:
    """Epoch seconds of a UTC time."""
    year, month, day, *clock = parts
    hour, minute, second = (*clock, 0, 0, 0)[:3]
    return int(datetime(year, month, day, hour, minute, second, tzinfo=UTC).timestamp())


async def ask(
    fake_api: FakeApi, path: str, *, method: str = "GET", key: str | None = FULL_ACCESS_KEY, body: object = None
) -> httpx.Response:
    """One request to a path below the base URL; `body` goes as JSON, but bytes go as they are."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    transport = httpx.ASGITransport(app=fake_api)
    base_url = "http://fake_api.test/api/v1"
    # Without trust_env=False each client would look for proxies and read all certificates.
    async with httpx.AsyncClient(transport=transport, base_url=base_url, headers=headers, trust_env=False) as client:
        if isinstance(body, bytes):
            return await client.request(method, path, content=body)
        return await client.request(method, path, json=body)
