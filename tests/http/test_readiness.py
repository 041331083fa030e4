"""`/health` says that the process lives, `/ready` that it can do its work."""

import httpx2 as httpx
import pytest
from starlette.requests import Request
from support.http_server import ANNA, Service, backend_of, serving
from tinylytics_mcp.http.app import CHECK_EVERY_S, readiness
from tinylytics_tools.transport.redis_store import RedisLink, RedisStore

pytestmark = pytest.mark.anyio

REQUEST = Request({"type": "http", "method": "GET", "path": "/ready", "headers": []})


async def test_tinylytics_is_asked_without_a_key_and_once_a_minute_at_most() -> None:
    service, now = Service(), [0.0]
    ready = readiness(backend_of(service, TINYLYTICS_API_KEY=ANNA), clock=lambda: now[0])
    for moved, times in ((0.0, 1), (CHECK_EVERY_S - 1, 1), (1.0, 2)):
        now[0] += moved
        assert (await ready(REQUEST)).status_code == 200
        assert service.asked == [("none", "GET", "")] * times


async def test_who_does_not_reach_tinylytics_is_not_ready_but_alive() -> None:
    service = Service()
    service.is_away = True
    async with serving(backend_of(service)) as served:
        ready = await served.ask("GET", "/ready")
        assert (ready.status_code, ready.json()["tinylytics"]) == (503, "out of reach")
        assert (await served.ask("GET", "/health")).json() == {"status": "ok"}


async def test_a_redis_that_is_away_is_told_in_answers_and_here_and_the_work_goes_on() -> None:
    link = RedisLink("redis://127.0.0.1:9")
    backend = backend_of(Service(), RedisStore(link), TINYLYTICS_API_KEY=ANNA)
    async with serving(backend) as served:
        ready: httpx.Response = await served.ask("GET", "/ready")
        assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
        assert ready.json()["store"] == "out of reach: no cache, no writes, 100 requests an hour"
        async with served.client() as client:
            answer = await client.call_tool("list_sites", {})
        assert answer.structured_content is not None
        (note,) = [note for note in answer.structured_content["notes"] if "out of reach" in note]
        assert "100 requests" in note
        assert answer.structured_content["requests_left"] < 100
    await link.aclose()
