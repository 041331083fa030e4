"""Host and Origin are checked on every route and transport, whoever asks."""

from pathlib import Path

import pytest
from support.http_server import ACCEPT, ANNA, INITIALIZE, NOTHING_SET, Service, backend_of, serving, tokens_in
from tinylytics_mcp.http.settings import ALLOWED_HOSTS, TOKENS_FILE

pytestmark = pytest.mark.anyio

ROUTES = [
    ("GET", "/health"),
    ("GET", "/ready"),
    ("GET", "/.well-known/oauth-protected-resource"),
    ("POST", "/mcp"),
    ("GET", "/mcp"),
    ("DELETE", "/mcp"),
    ("GET", "/sse"),
    ("POST", "/messages/?session_id=0"),
    ("GET", "/no"),
]
FOREIGN_HOSTS = [
    "evil.example",
    "mcp.example.com.evil.example",
    "evil.example:8000",
    "10.0.0.5",
    "10.0.0.5:8001",
    "",
    "localhost:80@evil.example",
]
FOREIGN_ORIGINS = [
    "http://mcp.example.com",
    "https://evil.example",
    "https://localhost",
    "null",
    "https://mcp.example.co",
    "http://localhost:3000@evil.example",
    "http://localhost:evil.example",
    "http://localhost:",
]
OWN_HOSTS = [
    "mcp.example.com",
    "MCP.Example.com:8443",
    "10.0.0.5:8000",
    "localhost",
    "127.0.0.1:8000",
    "[::1]:8000",
]
OWN_ORIGINS = ["https://mcp.example.com", "https://mcp.example.com:8443", "http://localhost:6274"]


@pytest.mark.parametrize("sse_only", [False, True])
async def test_a_page_of_another_site_reaches_no_route(tmp_path: Path, *, sse_only: bool) -> None:
    file, shown = tokens_in(tmp_path, anna=("full_access", ANNA))
    settings = {TOKENS_FILE: file, ALLOWED_HOSTS: "mcp.example.com, 10.0.0.5:8000"}
    service = Service()
    async with serving(backend_of(service), settings, sse_only=sse_only) as served:
        for method, path in ROUTES:
            for host in FOREIGN_HOSTS:
                answer = await served.ask(method, path, host=host, authorization=shown["anna"])
                assert answer.status_code == 421, (method, path, host)
            for origin in FOREIGN_ORIGINS:
                answer = await served.ask(method, path, origin=origin, authorization=shown["anna"])
                assert answer.status_code == 403, (method, path, origin)
        for host in OWN_HOSTS:
            assert (await served.ask("GET", "/health", host=host)).status_code == 200, host
        for origin in OWN_ORIGINS:
            assert (await served.ask("GET", "/health", origin=origin)).status_code == 200, origin
    assert service.asked == []


async def test_a_host_that_is_a_web_page_reads_answers_where_callers_show_who_they_are_alone(tmp_path: Path) -> None:
    file, shown = tokens_in(tmp_path, anna=("full_access", ANNA))
    page = {"origin": "http://localhost:6274"}
    asks = {**page, "access_control_request_method": "POST", "access_control_request_headers": "authorization"}
    for settings, may_read in (({TOKENS_FILE: file}, True), (NOTHING_SET, False)):
        async with serving(backend_of(Service()), settings) as served:
            for path in ("/mcp", "/health", "/.well-known/oauth-protected-resource", "/sse"):
                answer = await served.ask("OPTIONS", path, **asks)
                assert (answer.headers.get("access-control-allow-headers") == "authorization") is may_read
                refused = await served.ask("OPTIONS", path, **{**asks, "origin": "https://evil.example"})
                assert (refused.status_code, "access-control-allow-origin" in refused.headers) == (403, False)
            opened = await served.ask("POST", "/mcp", json=INITIALIZE, **ACCEPT, **page, authorization=shown["anna"])
            assert (opened.headers.get("access-control-allow-origin") == "*") is may_read
            told = opened.headers.get("access-control-expose-headers", "")
            assert ("mcp-session-id" in told and "www-authenticate" in told) is may_read
            assert "access-control-allow-credentials" not in opened.headers


async def test_no_answer_leads_to_another_address(tmp_path: Path) -> None:
    file, shown = tokens_in(tmp_path, anna=("full_access", ANNA))
    settings = {TOKENS_FILE: file, ALLOWED_HOSTS: "mcp.example.com"}
    async with serving(backend_of(Service()), settings) as served:
        for path, status in (("/health/", 200), ("/mcp/", 400), ("/messages", 400), ("/no/", 404), ("/ready//", 200)):
            method = "POST" if path in ("/mcp/", "/messages") else "GET"
            answer = await served.ask(method, path, host="mcp.example.com", authorization=shown["anna"])
            assert (answer.status_code, "location" in answer.headers) == (status, False), path
        wrong = await served.ask("POST", "/health")
        assert (wrong.status_code, wrong.json()) == (405, {"error": "method not allowed"})


async def test_sse_alone_serves_nothing_else() -> None:
    async with serving(backend_of(Service()), sse_only=True) as served:
        assert (await served.ask("POST", "/mcp", json={})).status_code == 404
        assert (await served.ask("GET", "/health")).json() == {"status": "ok"}
