"""A stand-in with a few kudos of one's own, and what a test asks of it."""

from datetime import timedelta

from tinylytics_mcp.fake_api import FakeApi
from wiring import NOW, Connected

UID = "test-kudo-1"


def fake_api() -> FakeApi:
    """An account without hits and kudos; its limit is not met by long tests."""
    return FakeApi(now=lambda: NOW, hits=0, hourly_limit=10**9)


def add(service: FakeApi, *uids: str, path: str = "/hello", days_ago: int = 3) -> str:
    """Kudos of a day in the past on the first site, whose id it is."""
    site = int(service.connection.execute("SELECT MIN(id) FROM sites").fetchone()[0])
    day = int((NOW - timedelta(days=days_ago)).timestamp())
    service.add_kudos(site, [{"uid": uid, "path": path, "created_at": day} for uid in uids])
    return str(site)


def left(service: FakeApi) -> list[str]:
    """The uids that the service has."""
    return [row[0] for row in service.connection.execute("SELECT uid FROM kudos ORDER BY id")]


def verbs(host: Connected) -> list[str]:
    """What was sent to change something."""
    return [request.method for request in host.wire.requests if request.method != "GET"]
