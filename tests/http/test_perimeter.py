"""Host and Origin are checked on every route and transport, whoever asks."""

from pathlib import Path

import pytest
from support.http_server import ANNA, Service, backend_of, serving, tokens_in
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
OWN_HOSTS = ["mcp.example.com", "mcp.example.com:8443", "10.0.0.5:8000", "localhost", "127.0.0.1:8000", "[::1]:8000"]
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


async def test_sse_alone_serves_nothing_else() -> None:
    async with serving(backend_of(Service()), sse_only=True) as served:
        assert (await served.ask("POST", "/mcp", json={})).status_code == 404
        assert (await served.ask("GET", "/health")).json() == {"status": "ok"}
