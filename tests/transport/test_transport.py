"""All transports together: what a call is told of its requests, and what a write makes stale."""

import math

import anyio
import httpx2 as httpx
import pytest
from support.network import BASE_URL, KEY, Clock, Step, answer, get, network, post, stats_of, transport_of
from tinylytics_tools.transport import Transport, build_transport, open_store
from tinylytics_tools.transport.call_stats import CallStats
from tinylytics_tools.transport.sqlite_store import LARGEST_FILE, SqliteReplies

pytestmark = pytest.mark.anyio

READS = [
    *("/sites/456/hits", "/sites/456/kudos", "/sites/456/leaderboard", "/sites/456/user_journeys", "/sites/456"),
    *("/sites", "/sites/457/hits", "/sites/4567", "/sites/456/uptime", "/sites/456/insights", "/me", "/"),
]
SHOW_HITS = {"/sites/456/hits", "/sites/456/leaderboard", "/sites/456/user_journeys", "/sites/456", "/sites"}
SHOW_KUDOS = {"/sites/456/kudos", "/sites/456", "/sites"}
BAD_GATEWAY = answer(status=502)


class Wired(httpx.AsyncBaseTransport):
    """All transports over two scripts, one for reads and one for writes."""

    def __init__(self, *reads: Step, write: Step | None = None, cache: bool = True) -> None:
        self.clock = Clock()
        self.reads, self.writes = network(*reads), network(*([] if write is None else [write]))
        self.store = open_store(None)
        self.wire: Transport = transport_of(self, self.store, self.clock, cache=cache)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await (self.reads if request.method == "GET" else self.writes).handle_async_request(request)

    async def ask(self, path: str = "/sites/456/hits") -> CallStats:
        """Ask, and return what was told of it."""
        request = get(path)
        await self.wire.handle_async_request(request)
        return stats_of(request)

    async def stale(self) -> set[str]:
        """Which of the reads are asked anew."""
        return {path for path in READS if (await self.ask(path)).requests}


async def test_a_call_is_told_its_requests_and_the_age_of_what_was_stored() -> None:
    wired = Wired(BAD_GATEWAY, answer())
    end = wired.clock.now.timestamp() + 60.0
    assert await wired.ask() == CallStats(requests=2, fresh_until=end)
    wired.clock.move(10)
    assert await wired.ask() == CallStats(cache_hits=1, oldest_s=10.0, fresh_until=end)
    assert (await wired.wire.status()).left_for_reads == 898


async def test_a_failed_call_is_told_what_left() -> None:
    wired = Wired(httpx.ReadError("broken"))
    request = get()
    with pytest.raises(httpx.ReadError):
        await wired.wire.handle_async_request(request)
    assert stats_of(request) == CallStats(requests=3, fresh_until=math.inf)


async def test_an_answer_served_on_an_outage_tells_the_tries_that_failed() -> None:
    wired = Wired(answer(), BAD_GATEWAY)
    await wired.ask()
    wired.clock.move(60)
    stats = await wired.ask()
    assert (stats.requests, stats.cache_hits, stats.oldest_s) == (3, 1, 60.0)


async def test_a_refusal_made_here_tells_that_nothing_left() -> None:
    wired = Wired(answer(status=429, retry_after="30"), write=answer(status=201))
    await wired.ask()
    for request in (get(), post()):
        response = await wired.wire.handle_async_request(request)
        assert (response.status_code, stats_of(request).requests) == (429, 0)
    assert len(wired.writes.asked) == 0
    assert (await wired.wire.status()).pause_s == 30


async def test_of_equal_reads_under_way_one_is_told_to_have_been_sent() -> None:
    wired = Wired()
    sent: list[int] = []

    async def ask() -> None:
        sent.append((await wired.ask()).requests)

    async with anyio.create_task_group() as tasks:
        for _ in range(4):
            tasks.start_soon(ask)
    assert sorted(sent) == [0, 0, 0, 1]


@pytest.mark.parametrize(
    ("method", "path", "write"),
    [
        ("POST", "/sites/456/hits", answer(status=201)),
        ("POST", "/sites/456/hits", answer(status=202)),
        ("POST", "/sites/456/hits/batch", answer()),
        ("POST", "/sites/456/kudos", BAD_GATEWAY),
        ("POST", "/sites/456/hits", answer(status=302, location="/")),
        ("DELETE", "/sites/456/kudos/a%2Fb", answer()),
        ("DELETE", "/sites/456/kudos/x", httpx.ReadError("broken")),
        ("DELETE", "/sites/456/kudos/x", answer(status=404)),  # gone, whatever a stored list says
        ("POST", "/sites/456/kudos", answer(status=422)),  # its uid may have been taken by this very request
    ],
)
async def test_a_write_drops_what_it_made_stale_and_nothing_else(method: str, path: str, write: Step) -> None:
    wired = Wired(write=write)
    assert await wired.stale() == set(READS)
    assert await wired.stale() == set()
    try:
        await wired.wire.handle_async_request(post(path, method))
    except httpx.ReadError:
        assert isinstance(write, httpx.ReadError)
    assert await wired.stale() == (SHOW_KUDOS if "/kudos" in path else SHOW_HITS)
    assert len(wired.writes.asked) == 1  # whatever became of it, it is sent once


@pytest.mark.parametrize("status", [429, 503])
async def test_a_write_that_asks_for_silence_made_stale_as_well_what_is_asked_after_it(status: int) -> None:
    wired = Wired(write=answer(status=status, retry_after="10"))
    await wired.stale()
    await wired.wire.handle_async_request(post())
    wired.clock.move(11)
    assert await wired.stale() == SHOW_HITS


@pytest.mark.parametrize("status", [400, 401, 403])
async def test_a_write_that_the_service_refused_changes_nothing(status: int) -> None:
    wired = Wired(write=answer(status=status))
    await wired.stale()
    await wired.wire.handle_async_request(post())
    assert await wired.stale() == set()


async def test_a_write_that_did_not_leave_changes_nothing() -> None:
    wired = Wired(answer(), answer(status=429, retry_after="5"))
    await wired.ask()
    await wired.ask("/me")
    response = await wired.wire.handle_async_request(post())
    assert (response.status_code, wired.writes.asked) == (429, [])
    wired.clock.move(6)
    assert (await wired.ask()).requests == 0


async def test_a_write_that_was_cancelled_under_way_may_have_changed_everything() -> None:
    class Never(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            await anyio.sleep_forever()
            raise AssertionError(request)

    class Remote(SqliteReplies):
        """A store that has to be waited for."""

        async def forget(self, fingerprint: str, paths: frozenset[str]) -> None:
            await anyio.lowlevel.checkpoint()
            await super().forget(fingerprint, paths)

    wired = Wired()
    wired.store.replies = Remote(wired.store.file, LARGEST_FILE)
    wire = build_transport(Never(), store=wired.store, fingerprint=KEY, clock=wired.clock)
    await wired.ask()
    with anyio.move_on_after(0.01):
        await wire.handle_async_request(post())
    assert (await wired.ask()).requests == 1


async def test_reads_leave_fifty_requests_of_the_hour_to_writes() -> None:
    wired = Wired(cache=False)
    assert [(await wired.ask()).requests for _ in range(901)] == [1] * 900 + [0]
    assert (await wired.wire.status()).left_for_reads == 0
    assert (await wired.wire.handle_async_request(post())).status_code == 200


async def test_the_key_passes_through_untouched() -> None:
    wired = Wired()
    await wired.ask()
    await wired.wire.handle_async_request(post())
    assert [request.headers["authorization"] for request in (*wired.reads.asked, *wired.writes.asked)] == [
        "Bearer tly-ro-secret",
        "Bearer tly-fa-secret",
    ]


async def test_requests_of_a_plain_client_are_served_and_the_network_is_closed() -> None:
    closed: list[str] = []

    class Closing(httpx.MockTransport):
        async def aclose(self) -> None:
            closed.append("network")

    wire = transport_of(Closing(lambda _: httpx.Response(200, json={})), open_store(None), Clock())
    async with httpx.AsyncClient(transport=wire) as client:
        assert (await client.get(f"{BASE_URL}/me")).json() == {}
        assert (await client.post(f"{BASE_URL}/sites/1/hits", json={})).json() == {}
    assert closed == ["network"]
