"""What is kept of the hour for writes goes to writes, and a pause says what it is for."""

from datetime import datetime, timedelta

import httpx2 as httpx
import pytest
from support.client import NOW, connect, network_of
from support.writes import add, delete, fake_api, left, verbs
from tinylytics_mcp.fake_api import FULL_ACCESS_KEY, FakeApi
from tinylytics_tools.access import ApiKey
from tinylytics_tools.transport import open_store
from tinylytics_tools.transport.interface import Store

pytestmark = pytest.mark.anyio


async def read_elsewhere(store: Store, requests: int) -> None:
    """Another process with the same key, which shares the store, sends so many reads."""
    fingerprint = ApiKey(FULL_ACCESS_KEY).fingerprint
    for _ in range(requests):
        assert (await store.requests.reserve(fingerprint, 900, lambda: NOW)).wait_s is None


async def test_after_900_reads_the_fifty_requests_kept_for_writes_go_to_writes() -> None:
    service, store = fake_api(), open_store(None)
    site = add(service)
    time = [NOW]
    async with connect(service, store=store, clock=lambda: time[0]) as host:
        await host.answer("list_sites")
        await read_elsewhere(store, 899)
        said = await host.error("list_hits", site=site, path="/one-more")
        assert "Tinylytics takes no more requests with this key for now: 1000 an hour are allowed" in said
        for number in range(60):
            time[0] += timedelta(seconds=1)
            assert (await host.call("create_kudo", site=site, path=f"/page/{number}")).is_error is (number >= 50)
        assert len(host.wire.requests) == 51
        refused = await host.error("create_kudo", site=site, path="/last")
        assert refused.startswith("Nothing was changed. Tinylytics takes no more requests with this key for now")
    assert len(verbs(host)) == len(left(service)) == 50


async def test_writes_that_must_know_something_first_share_what_is_kept_for_them() -> None:
    service, store = fake_api(), open_store(None)
    uids = [f"kudo-{number}" for number in range(40)]
    site = add(service, *uids)
    async with connect(service, store=store) as host:
        await host.answer("list_sites")
        await read_elsewhere(store, 899)
        deleted = 0
        for uid in uids:
            deleted += not (await delete(host, site=site, uid=uid)).is_error
        assert deleted == 16  # each is found to be shown, found anew once it is confirmed, then deleted
        assert len(host.wire.requests) == 51
    assert left(service) == uids[16:]


async def test_the_list_of_sites_is_new_for_a_reader_after_a_write() -> None:
    service, store = fake_api(), open_store(None)
    site = add(service)
    async with connect(service, store=store) as host:
        before = await host.answer("get_site", site=site)
        listed = await host.answer("list_sites")
        await host.answer("create_kudo", site=site, path="/a")
        await host.answer("create_kudo", site=site, path="/b")
        after, again = await host.answer("get_site", site=site), await host.answer("list_sites")
        asked = [request.url.path.removeprefix("/api/v1") for request in host.wire.requests]
    assert after["lifetime_kudos"] == before["lifetime_kudos"] + 2
    assert again["kudos_of_all_sites"] == listed["kudos_of_all_sites"] + 2
    assert asked.count("/sites") == 2  # neither write asked


class OutOfOrder(httpx.AsyncBaseTransport):
    """A service that answers 503 so many times."""

    def __init__(self, service: FakeApi, times: int, **headers: str) -> None:
        self._service, self._left = network_of(service), times
        self._headers = {name.replace("_", "-"): value for name, value in headers.items()}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """503, or the service's answer."""
        if self._left:
            self._left -= 1
            return httpx.Response(503, headers=self._headers, json={"error": "Maintenance"}, request=request)
        return await self._service.handle_async_request(request)


@pytest.mark.parametrize("asked", ["86400", "999999999", "Fri, 31 Dec 9999 23:59:59 GMT"])
async def test_a_503_silences_the_key_for_a_quarter_hour_at_most_in_its_own_words(asked: str) -> None:
    service = fake_api()
    add(service)
    time: list[datetime] = [NOW]
    async with connect(
        OutOfOrder(service, 1, retry_after=asked), store=open_store(None), clock=lambda: time[0]
    ) as host:
        for minutes in (15, 8, 1):
            said = await host.error("list_sites")
            assert "Tinylytics is out of order for now: it answered with status 503" in said
            assert f"Ask again in {minutes} min" in said
            assert "1000 an hour" not in said
            time[0] += timedelta(minutes=min(7, minutes))
        assert len(host.wire.requests) == 1
        await host.answer("list_sites")


async def test_a_503_without_a_time_is_told_as_what_it_is_before_and_during_its_pause() -> None:
    service = fake_api()
    add(service)
    async with connect(OutOfOrder(service, 1), store=open_store(None)) as host:
        assert "failed with status 503" in await host.error("list_sites")
        said = await host.error("list_sites")
        assert "out of order for now" in said
        assert "Ask again in 1 min" in said
        assert len(host.wire.requests) == 1


async def test_a_429_is_told_as_the_hourly_limit_for_as_long_as_it_says() -> None:
    service = fake_api()
    add(service)

    def limited(_: httpx.Request) -> httpx.Response:
        return httpx.Response(429, headers={"retry-after": "3000"}, json={"error": "Rate limit exceeded"})

    async with connect(limited, store=open_store(None)) as host:
        for _ in range(2):
            said = await host.error("list_sites")
            assert "1000 an hour are allowed" in said
            assert "in 50 min" in said
        assert len(host.wire.requests) == 1
