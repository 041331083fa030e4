"""Who listens to a resource hears of each write through this server that changed it, and of nothing else."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio
import httpx2 as httpx
import pytest
from mcp.client.subscriptions import ResourceUpdated, Subscription
from mcp.types import TextResourceContents
from support.client import NOW, Connected, connect, network_of
from support.faults import Fault, Faulty
from support.writes import deleted
from tinylytics_mcp.fake_api import FakeApi

pytestmark = pytest.mark.anyio

SITES = "tinylytics://sites"
MAIN, OTHER = "tinylytics://sites/456", "tinylytics://sites/457"
ALL = [
    *(SITES, "tinylytics://account"),
    *(f"{site}{end}" for site in (MAIN, OTHER) for end in ("", "/traffic", "/kudos", "/health")),
    *(f"{MAIN}/traffic?period={period}" for period in ("today", "this_month", "all_time", "yesterday", "last_month")),
]
OF_A_KUDO = {SITES, MAIN, f"{MAIN}/kudos"}
OF_A_HIT = {
    *(SITES, MAIN, f"{MAIN}/traffic"),
    *(f"{MAIN}/traffic?period={period}" for period in ("today", "this_month", "all_time")),
}


def fake_api() -> FakeApi:
    """The service with its clock at the tests' time."""
    return FakeApi(now=lambda: NOW, hits=300)


class Ears:
    """What one listener hears."""

    def __init__(self, host: Connected, subscription: Subscription) -> None:
        self._host = host
        self._subscription = subscription

    async def heard(self) -> set[str]:
        """The resources that changed since the last time, found by a write to another site that ends the wait."""
        await self._host.answer("create_kudo", site="457", path="/end", allow_repeat=True)
        changed: set[str] = set()
        with anyio.fail_after(5):
            async for event in self._subscription:
                assert isinstance(event, ResourceUpdated)
                changed.add(event.uri)
                if event.uri == f"{OTHER}/kudos":
                    break
        return changed - {OTHER, f"{OTHER}/kudos"}


@asynccontextmanager
async def listening(service: FakeApi | httpx.AsyncBaseTransport, *uris: str) -> AsyncGenerator[tuple[Connected, Ears]]:
    """A host that listens to these resources, and to the kudos of the other site."""
    async with (
        connect(service) as host,
        host.client.listen(resource_subscriptions=[*uris, f"{OTHER}/kudos"]) as subscription,
    ):
        yield host, Ears(host, subscription)


WATCHED = [uri for uri in ALL if uri != SITES]
"""All but the list of sites, which changes with the write that ends the wait."""


async def test_a_kudo_changes_the_kudos_of_its_site() -> None:
    async with listening(fake_api(), *WATCHED) as (host, ears):
        made = await host.answer("create_kudo", site="456", path="/hello")
        assert await ears.heard() == OF_A_KUDO - {SITES}
        await deleted(host, site="456", uid=made["uid"])
        assert await ears.heard() == OF_A_KUDO - {SITES}


async def test_a_hit_changes_the_traffic_of_its_site_in_the_periods_that_still_run() -> None:
    async with listening(fake_api(), *WATCHED) as (host, ears):
        await host.answer("create_hit", site="456", path="/hello", ip_address="8.8.8.8")
        assert await ears.heard() == OF_A_HIT - {SITES}
        await host.answer("create_hits", site="456", hits=[{"path": "/a"}, {"path": "/b"}])
        assert await ears.heard() == OF_A_HIT - {SITES}


async def test_the_list_of_sites_changes_with_their_counters() -> None:
    async with connect(fake_api()) as host, host.client.listen(resource_subscriptions=[SITES]) as subscription:
        await host.answer("create_kudo", site="456", path="/hello")
        with anyio.fail_after(5):
            assert await anext(aiter(subscription)) == ResourceUpdated(uri=SITES)


async def test_what_changed_nothing_is_not_told() -> None:
    async with listening(fake_api(), *WATCHED) as (host, ears):
        await host.answer("create_kudo", site="456", path="/hello", dry_run=True)
        await host.answer("create_kudo", site="456", path="/wp-admin/x")  # ignored by a rule of the site
        await host.error("create_kudo", site="999", path="/hello")
        await host.answer("summarize_traffic", site="456")
        assert await ears.heard() == set()


@pytest.mark.parametrize("fault", [Fault.LOST_ANSWER, Fault.LATE_ANSWER, Fault.FAILED_AFTERWARDS, Fault.CUT_ANSWER])
async def test_a_write_whose_outcome_is_not_known_may_have_changed_it(fault: Fault) -> None:
    first = iter([fault])
    service = Faulty(network_of(fake_api()), lambda r: next(first, None) if r.method == "POST" else None)
    async with listening(service, *WATCHED) as (host, ears):
        await host.call("create_hit", site="456", path="/hello", ip_address="8.8.8.8")
        assert await ears.heard() == OF_A_HIT - {SITES}


async def test_a_write_that_never_left_changed_nothing() -> None:
    first = iter([Fault.NO_CONNECTION])
    service = Faulty(network_of(fake_api()), lambda r: next(first, None) if r.method == "POST" else None)
    async with listening(service, *WATCHED) as (host, ears):
        await host.error("create_kudo", site="456", path="/hello")
        assert await ears.heard() == set()


async def test_a_host_that_heard_reads_the_new_answer_although_it_keeps_readings() -> None:
    async with connect(fake_api()) as host:

        async def kudos() -> str:
            (content,) = (await host.client.read_resource(f"{MAIN}/kudos")).contents
            assert isinstance(content, TextResourceContents)
            return content.text

        before = await kudos()
        asked = len(host.wire.requests)
        assert await kudos() == before
        assert len(host.wire.requests) == asked
        async with host.client.listen(resource_subscriptions=[f"{MAIN}/kudos"]) as subscription:
            await host.answer("create_kudo", site="456", path="/new-kudo")
            with anyio.fail_after(5):
                await anext(aiter(subscription))
            await kudos()
        assert len(host.wire.requests) > asked + 1
