"""A finished answer is given again while everything it was made from is as good as new, and not a moment longer."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx2 as httpx
import pytest
from mcp import Client
from support.client import BASE_URL, NOW, Connected, Recorder
from tinylytics_mcp.fake_api import FULL_ACCESS_KEY, FakeApi
from tinylytics_mcp.server import create_server
from tinylytics_tools.access import ApiKey
from tinylytics_tools.client import Client as ApiClient
from tinylytics_tools.transport import build_transport, open_store
from tinylytics_tools.transport.interface import Store

pytestmark = pytest.mark.anyio


@dataclass
class World:
    """The stand-in and a clock that only the test moves."""

    now: datetime = NOW
    store: Store = field(default_factory=lambda: open_store(None))

    def __post_init__(self) -> None:
        self.fake_api = FakeApi(now=lambda: self.now)

    @asynccontextmanager
    async def process(self, *, cache: bool = True) -> AsyncGenerator[Connected]:
        """A server of its own over the shared store."""
        network = Recorder(httpx.ASGITransport(app=self.fake_api))
        key = ApiKey(FULL_ACCESS_KEY)
        transport = build_transport(
            network, store=self.store, fingerprint=key.fingerprint, cache=cache, clock=lambda: self.now
        )
        account = ApiClient(key, transport=transport, base_url=BASE_URL, clock=lambda: self.now)
        async with Client(create_server(account)) as client:
            yield Connected(client, network)
        await account.aclose()

    def move(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)


def without_costs(answer: dict[str, Any]) -> dict[str, Any]:
    """What an answer says, whatever it cost."""
    return {name: value for name, value in answer.items() if name not in ("requests_used", "stored_s", "requests_left")}


async def test_the_same_question_is_answered_from_memory_with_its_age() -> None:
    world = World()
    async with world.process() as host:
        first = await host.answer("summarize_traffic", site="456", period="today")
        asked = len(host.wire.requests)
        world.move(20)
        again = await host.answer("summarize_traffic", site="456", period="today")
        assert len(host.wire.requests) == asked
    assert without_costs(again) == without_costs(first)
    assert (again["requests_used"], again["stored_s"]) == (0, 20)
    assert again["requests_left"] == first["requests_left"]


async def test_an_answer_does_not_outlive_the_replies_that_it_was_made_from() -> None:
    world = World()
    async with world.process() as host:
        await host.answer("summarize_traffic", site="456", period="today")
        world.move(40)
        before = await host.answer("rank_traffic", site="456", dimension="path", period="today")
        world.fake_api.add_hits(456, [{"path": "/new", "created_at": int(NOW.timestamp())}] * 3)
        world.move(19)
        still = await host.answer("rank_traffic", site="456", dimension="path", period="today")
        world.move(2)
        after = await host.answer("rank_traffic", site="456", dimension="path", period="today")
    assert before["stored_s"] == 40
    assert still["hits"] == before["hits"]
    assert after["hits"] == before["hits"] + 3


@pytest.mark.parametrize("by_another", [True, False])
async def test_a_write_by_any_process_ends_it(*, by_another: bool) -> None:
    world = World()
    async with world.process() as host, world.process() as other:
        before = await host.answer("list_kudos", site="456", period="today")
        await (other if by_another else host).answer("create_kudo", site="456", path="/hello")
        after = await host.answer("list_kudos", site="456", period="today")
    assert after["kudos"] == before["kudos"] + 1


async def test_a_day_that_ends_ends_the_answers_about_it() -> None:
    world = World(now=NOW.replace(hour=23, minute=59, second=50))
    async with world.process() as host:
        before = await host.answer("summarize_traffic", site="456", period="yesterday")
        world.move(20)
        after = await host.answer("summarize_traffic", site="456", period="yesterday")
    assert (before["first_day"], after["first_day"]) == ("2026-11-22", "2026-11-23")


async def test_another_question_another_account_or_no_cache_is_asked_anew() -> None:
    world = World()
    async with world.process() as host, world.process(cache=False) as anew:
        await host.answer("get_site", site="456")
        asked = len(host.wire.requests)
        await host.answer("get_site", site="457")
        assert len(host.wire.requests) > asked
        for _ in range(2):
            asked = len(anew.wire.requests)
            await anew.answer("get_site", site="456")
            assert len(anew.wire.requests) > asked
