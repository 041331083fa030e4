"""Two processes behind one Redis are one server: what one of them asked is confirmed at the other."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from support.client import MODES, Mode
from support.http_server import Served, confirmed
from support.processes import address_told, replicas
from support.writes import UID
from tinylytics_mcp.fake_api import FULL_ACCESS_KEY

pytestmark = pytest.mark.anyio

DELETE: dict[str, Any] = {"name": "delete_kudo", "arguments": {"site": "456", "uid": UID}}
SITES: dict[str, Any] = {"name": "list_sites", "arguments": {}}


STATE_KEY = {"TINYLYTICS_STATE_KEY": "k" * 32}


@contextmanager
def serving(folder: Path, redis: str, **more: str) -> Generator[list[str]]:
    """The addresses of two servers that share a Redis and a made-up Tinylytics."""
    with replicas(folder, redis, TINYLYTICS_API_KEY=FULL_ACCESS_KEY, **more) as servers:
        yield [address_told(server) for server in servers]


async def test_any_replica_serves_any_request_of_a_modern_client(tmp_path: Path, redis_port: int) -> None:
    with serving(tmp_path, f"redis://127.0.0.1:{redis_port}/2", **STATE_KEY) as addresses:
        await serve_any_request(addresses)


async def serve_any_request(replicas: list[str]) -> None:
    async with httpx.AsyncClient(timeout=20, trust_env=False) as http:
        here, there = (Served(address, http) for address in replicas)
        first = (await here.modern("tools/call", SITES))["result"]["structuredContent"]
        second = (await there.modern("tools/call", SITES))["result"]["structuredContent"]
        assert (first["requests_used"], second["requests_used"]) == (1, 0)  # one cache
        asked = (await here.modern("tools/call", DELETE))["result"]
        done = (await there.modern("tools/call", confirmed(DELETE, asked)))["result"]
        assert done["structuredContent"]["status"] == "deleted"
        left = [(await served.modern("tools/call", SITES))["result"]["structuredContent"] for served in (here, there)]
        assert left[1]["requests_left"] <= left[0]["requests_left"] < second["requests_left"]  # one ledger
        assert (await here.ask("GET", "/ready")).json() == {"status": "ready", "tinylytics": "ok", "store": "ok"}


@pytest.mark.parametrize("settings", [STATE_KEY, {}], ids=["by a state key", "by the record that they share"])
@pytest.mark.parametrize("mode", MODES)
async def test_a_code_of_one_replica_deletes_at_another_what_was_shown_and_nothing_else(
    tmp_path: Path, redis_port: int, settings: dict[str, str], mode: Mode
) -> None:
    arguments = DELETE["arguments"]
    with serving(tmp_path, f"redis://127.0.0.1:{redis_port}/3", **settings) as addresses:
        async with httpx.AsyncClient(timeout=20, trust_env=False) as http:
            async with Served(addresses[0], http).client(mode=mode) as here:
                shown = (await here.call_tool("delete_kudo", arguments)).structured_content
            assert shown is not None
            assert shown["status"] == "not confirmed"
            confirm = {"confirm": shown["code"]}
            async with Served(addresses[1], http).client(mode=mode) as there:
                other = await there.call_tool("delete_kudo", {**arguments, "uid": "hello-kudo-2", **confirm})
                done = await there.call_tool("delete_kudo", {**arguments, **confirm})
    assert (other.structured_content or {})["status"] == "not confirmed"
    assert (done.structured_content or {})["status"] == "deleted"
