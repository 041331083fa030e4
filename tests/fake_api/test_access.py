"""Who is let in: keys, access levels, the subscription, the hourly limit and unknown routes."""

import re
from datetime import timedelta

import pytest
from support.fake_api import MAIN, NOW, PHOTOS, ask, made
from tinylytics_mcp.fake_api import FULL_ACCESS_KEY, READ_ONLY_KEY, FakeApi, Quirk

pytestmark = pytest.mark.anyio

WRITES = [
    ("POST", f"{MAIN}/hits"),
    ("POST", f"{MAIN}/hits/batch"),
    ("POST", f"{MAIN}/kudos"),
    ("DELETE", f"{MAIN}/kudos/x"),
]


@pytest.mark.parametrize("key", [None, "", "tly-ro-other", "tly-fa-fake-api2", "nonsense"])
async def test_an_unknown_key_is_401(key: str | None) -> None:
    response = await ask(made(hits=0), "/me", key=key)
    assert (response.status_code, response.json()) == (401, {"error": "Invalid API key"})


@pytest.mark.parametrize("path", ["", "/", "/openapi.json"])
async def test_discovery_needs_no_key(path: str) -> None:
    response = await ask(made(hits=0), path, key=None)
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"


async def test_discovery_lists_all_operations() -> None:
    fake_api = made(hits=0)
    endpoints = (await ask(fake_api, "/")).json()["endpoints"]
    paths = (await ask(fake_api, "/openapi.json")).json()["paths"]
    documented = {(verb.upper(), re.sub(r"\{\w+\}", "{}", path)) for path, verbs in paths.items() for verb in verbs}
    listed = [(endpoint["method"], re.sub(r"\{\w+\}", "{}", endpoint["path"])) for endpoint in endpoints]
    assert len(listed) == len(documented)
    assert set(listed) == documented


@pytest.mark.parametrize(("key", "access"), [(READ_ONLY_KEY, "read_only"), (FULL_ACCESS_KEY, "full_access")])
async def test_me_says_what_the_key_may_do(key: str, access: str) -> None:
    account = (await ask(made(hits=0), "/me", key=key)).json()
    assert account["api_key"]["access_type"] == access
    assert account["api_key"]["last_used_at"] == "2026-02-14T10:00:00Z"


@pytest.mark.parametrize(("method", "path"), WRITES)
async def test_a_write_with_a_read_only_key_is_403_and_stores_nothing(method: str, path: str) -> None:
    fake_api = made(hits=0)
    response = await ask(fake_api, path, method=method, key=READ_ONLY_KEY, body={"path": "/x"})
    assert (response.status_code, list(response.json())) == (403, ["error"])
    assert (
        fake_api.connection.execute("SELECT (SELECT COUNT(*) FROM hits) + (SELECT COUNT(*) FROM kudos)").fetchone()[0]
        == 0
    )


@pytest.mark.parametrize("endpoint", ["insights", "uptime", "content"])
async def test_premium_endpoints_need_a_subscription(endpoint: str) -> None:
    fake_api = FakeApi(now=lambda: NOW, hits=0, subscribed=False)
    response = await ask(fake_api, f"{MAIN}/{endpoint}")
    assert (response.status_code, list(response.json())) == (403, ["error"])
    assert (await ask(fake_api, "/me")).json()["is_subscribed"] is False
    assert (await ask(fake_api, f"{MAIN}/hits")).status_code == 200


async def test_the_limit_is_a_rolling_hour_for_each_key() -> None:
    clock = [NOW]
    fake_api = FakeApi(now=lambda: clock[0], hits=0, hourly_limit=2)
    assert (await ask(fake_api, "/me")).status_code == 200
    clock[0] += timedelta(minutes=10)
    assert (await ask(fake_api, "/me")).status_code == 200
    refused = await ask(fake_api, "/me")
    assert (refused.status_code, refused.json()) == (429, {"error": "Rate limit exceeded"})
    assert refused.headers["retry-after"] == str(50 * 60)
    assert (await ask(fake_api, "/me", key=READ_ONLY_KEY)).status_code == 200
    clock[0] = NOW + timedelta(hours=1)
    assert [(await ask(fake_api, "/me")).status_code for _ in range(2)] == [200, 429]


async def test_public_and_unauthorized_requests_do_not_use_up_the_limit() -> None:
    fake_api = FakeApi(now=lambda: NOW, hits=0, hourly_limit=1)
    await ask(fake_api, "/")
    await ask(fake_api, "/me", key="wrong")
    assert (await ask(fake_api, "/me")).status_code == 200


async def test_the_limit_without_retry_after() -> None:
    fake_api = FakeApi(now=lambda: NOW, hits=0, hourly_limit=0, quirks=[Quirk.BARE_429])
    response = await ask(fake_api, "/me")
    assert response.status_code == 429
    assert "retry-after" not in response.headers
    assert response.headers["content-type"].startswith("text/plain")


async def test_a_bad_key_may_get_the_marketing_site() -> None:
    response = await ask(made(Quirk.HTML_FOR_BAD_KEY), "/me", key="wrong")
    assert (response.status_code, response.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert (await ask(made(Quirk.HTML_FOR_BAD_KEY), "/me")).json()["id"] == 123


async def test_a_bad_key_may_be_sent_elsewhere() -> None:
    response = await ask(made(Quirk.REDIRECT_FOR_BAD_KEY), "/me", key="wrong")
    assert response.status_code == 302
    assert response.headers["location"].startswith("https://www.tinylytics.example")


@pytest.mark.parametrize(
    "path", ["/nope", f"{MAIN}/nope", f"{MAIN}/hits/batch/more", f"{MAIN}/kudos/a/b", "/sites//hits"]
)
async def test_an_unknown_route_is_404(path: str) -> None:
    response = await ask(made(hits=0), path)
    assert (response.status_code, response.json()) == (404, {"error": "Not found"})


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/me", "GET, HEAD, OPTIONS"),
        ("GET", f"{MAIN}/kudos/x", "DELETE, OPTIONS"),
        ("HEAD", f"{MAIN}/kudos/x", "DELETE, OPTIONS"),
        ("DELETE", f"{MAIN}/hits", "GET, HEAD, OPTIONS, POST"),
        ("PUT", MAIN, "GET, HEAD, OPTIONS"),
    ],
)
async def test_a_wrong_method_is_405_with_those_that_are_allowed(method: str, path: str, allowed: str) -> None:
    response = await ask(made(hits=0), path, method=method)
    assert (response.status_code, response.headers["allow"]) == (405, allowed)
    assert method == "HEAD" or response.json() == {"error": "Method not allowed"}
    options = await ask(made(hits=0), path, method="OPTIONS", key=None)
    assert (options.status_code, options.headers["allow"], options.content) == (204, allowed, b"")


@pytest.mark.parametrize(("path", "status"), [("/me", 200), (f"{MAIN}/hits", 200), ("/sites/9", 404), ("/nope", 404)])
async def test_head_answers_as_get_without_a_body(path: str, status: int) -> None:
    head, get = await ask(made(hits=0), path, method="HEAD"), await ask(made(hits=0), path)
    assert (head.status_code, head.content) == (status, b"")
    assert head.headers == get.headers


async def test_options_of_an_unknown_route_is_404() -> None:
    assert (await ask(made(hits=0), "/nope", method="OPTIONS")).status_code == 404


@pytest.mark.parametrize("site", ["999", "0", "abc123", "-1", "4.5", "٤٥٦", "9" * 40])
@pytest.mark.parametrize(
    "endpoint", ["", "/hits", "/kudos", "/leaderboard", "/user_journeys", "/insights", "/uptime", "/content"]
)
async def test_an_unknown_site_is_404(site: str, endpoint: str) -> None:
    response = await ask(made(hits=0), f"/sites/{site}{endpoint}")
    assert (response.status_code, response.json()) == (404, {"error": "Site not found"})


async def test_a_uid_instead_of_an_id_may_be_500() -> None:
    fake_api = made(Quirk.SERVER_ERROR_FOR_UID)
    assert (await ask(fake_api, "/sites/abc123/hits")).status_code == 500
    assert (await ask(fake_api, "/sites/999/hits")).status_code == 404


async def test_features_that_are_off() -> None:
    uptime = await ask(made(hits=0), f"{PHOTOS}/uptime")
    assert (uptime.status_code, list(uptime.json())) == (404, ["error"])
    assert (await ask(made(hits=0), f"{PHOTOS}/content")).status_code == 403


async def test_requests_are_recorded_as_sent() -> None:
    fake_api = made(hits=0)
    await ask(fake_api, f"{MAIN}/hits?path=%2Fa%20b&page=1")
    await ask(fake_api, f"{MAIN}/kudos/a%2Fb", method="DELETE")
    assert fake_api.requests == [
        ("GET", f"/api/v1{MAIN}/hits?path=%2Fa%20b&page=1"),
        ("DELETE", f"/api/v1{MAIN}/kudos/a%2Fb"),
    ]
    fake_api.requests.clear()
    assert fake_api.requests == []
