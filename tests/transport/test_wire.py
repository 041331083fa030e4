"""The whole wire: reads and writes have a road each, and each answer tells what it cost."""

import anyio
import httpx2 as httpx
import pytest
from scripted import BASE_URL, KEY, Clock, Step, answer, get, network, post
from tinylytics_tools.transport import Transport, build_transport, open_store
from tinylytics_tools.transport.call_stats import Report, report_of, requests_sent
from tinylytics_tools.transport.reply_cache import LARGEST_FILE, SqliteReplies

pytestmark = pytest.mark.anyio

CHANGED = ["/sites/456/hits", "/sites/456/kudos", "/sites/456/leaderboard", "/sites/456/user_journeys", "/sites/456"]
ELSEWHERE = ["/sites/457/hits", "/sites/4567", "/sites/456/uptime", "/me", "/"]
BAD_GATEWAY = answer(status=502)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries wait for nothing."""
    monkeypatch.setattr("tinylytics_tools.transport.retry.FIRST_WAIT_S", 0.0)


class Wired:
    """A wire over two scripts."""

    def __init__(self, *reads: Step, write: Step | None = None, cache: bool = True) -> None:
        self.clock = Clock()
        self.reads, self.writes = network(*reads), network(*([] if write is None else [write]))
        self.store = open_store(None)
        self.wire: Transport = build_transport(
            self.reads, self.writes, store=self.store, fingerprint=KEY, cache=cache, clock=self.clock
        )

    async def ask(self, path: str = "/sites/456/hits") -> httpx.Response:
        return await self.wire.handle_async_request(get(path))

    async def held(self, paths: list[str]) -> list[str]:
        return [path for path in paths if await self.wire.holds(get(path))]


async def test_an_answer_tells_its_requests_its_age_and_what_is_left() -> None:
    wired = Wired(BAD_GATEWAY, answer())
    assert report_of(await wired.ask()) == Report(requests=2, age_s=None, left=898, fresh_s=60.0)
    wired.clock.move(10)
    assert report_of(await wired.ask()) == Report(requests=0, age_s=10.0, left=898, fresh_s=50.0)


async def test_a_failed_call_tells_what_left() -> None:
    wired = Wired(httpx.ReadError("broken"))
    request = get()
    with pytest.raises(httpx.ReadError):
        await wired.wire.handle_async_request(request)
    assert requests_sent(request) == 3


async def test_an_answer_served_on_an_outage_tells_the_tries_that_failed() -> None:
    wired = Wired(answer(), BAD_GATEWAY)
    await wired.ask()
    wired.clock.move(60)
    assert report_of(await wired.ask()) == Report(requests=3, age_s=60.0, left=896)


async def test_a_refusal_made_here_tells_that_nothing_left() -> None:
    wired = Wired(answer(status=429, retry_after="30"), write=answer(status=201))
    await wired.ask()
    for request in (get(), post()):
        response = await wired.wire.handle_async_request(request)
        assert (response.status_code, report_of(response).requests) == (429, 0)
    assert len(wired.writes.asked) == 0
    assert (await wired.wire.status()).pause_s == 30


async def test_of_equal_reads_under_way_one_is_told_to_have_been_sent() -> None:
    wired = Wired()
    reports: list[int] = []

    async def ask() -> None:
        reports.append(report_of(await wired.ask()).requests)

    async with anyio.create_task_group() as tasks:
        for _ in range(4):
            tasks.start_soon(ask)
    assert sorted(reports) == [0, 0, 0, 1]


@pytest.mark.parametrize(
    ("method", "path", "write"),
    [
        ("POST", "/sites/456/hits", answer(status=201)),
        ("POST", "/sites/456/hits", answer(status=202)),
        ("POST", "/sites/456/hits/batch", answer()),
        ("POST", "/sites/456/kudos", BAD_GATEWAY),
        ("POST", "/sites/456/kudos", answer(status=503)),
        ("POST", "/sites/456/hits", answer(status=429)),
        ("POST", "/sites/456/hits", answer(status=302, location="/")),
        ("DELETE", "/sites/456/kudos/a%2Fb", answer()),
        ("DELETE", "/sites/456/kudos/x", httpx.ReadError("broken")),
        ("DELETE", "/sites/456/kudos/x", answer(status=404)),  # gone, whatever a stored list says
        ("POST", "/sites/456/kudos", answer(status=422)),  # its uid may have been taken by this very request
    ],
)
async def test_a_write_drops_what_it_made_stale_and_nothing_else(method: str, path: str, write: Step) -> None:
    wired = Wired(write=write)
    everything = [*CHANGED, "/sites", *ELSEWHERE]
    for read in everything:
        await wired.ask(read)
    assert await wired.held(everything) == everything
    try:
        await wired.wire.handle_async_request(post(path, method))
    except httpx.ReadError:
        assert isinstance(write, httpx.ReadError)
    assert await wired.held(everything) == ELSEWHERE
    assert len(wired.writes.asked) == 1  # whatever became of it, it is sent once


@pytest.mark.parametrize("status", [400, 401, 403])
async def test_a_write_that_the_service_refused_changes_nothing(status: int) -> None:
    wired = Wired(write=answer(status=status))
    await wired.ask()
    await wired.wire.handle_async_request(post())
    assert await wired.held(CHANGED) == ["/sites/456/hits"]


async def test_a_write_that_did_not_leave_changes_nothing() -> None:
    wired = Wired(answer(), answer(status=429))
    await wired.ask()
    await wired.ask("/me")
    response = await wired.wire.handle_async_request(post())
    assert (response.status_code, wired.writes.asked) == (429, [])
    assert await wired.held(CHANGED) == ["/sites/456/hits"]


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
    wire = build_transport(wired.reads, Never(), store=wired.store, fingerprint=KEY, clock=wired.clock)
    await wired.ask()
    with anyio.move_on_after(0.01):
        await wire.handle_async_request(post())
    assert await wired.held(CHANGED) == []


async def test_reads_leave_fifty_requests_of_the_hour_to_writes() -> None:
    wired = Wired(cache=False)
    responses = [await wired.ask() for _ in range(901)]
    assert [response.status_code for response in responses].count(200) == 900
    assert report_of(responses[-1]) == Report(requests=0, age_s=None, left=0)
    assert (await wired.wire.handle_async_request(post())).status_code == 200


async def test_the_key_passes_through_untouched() -> None:
    wired = Wired()
    await wired.ask()
    await wired.wire.handle_async_request(post())
    assert [request.headers["authorization"] for request in (*wired.reads.asked, *wired.writes.asked)] == [
        "Bearer tly-ro-secret",
        "Bearer tly-fa-secret",
    ]


async def test_the_wire_serves_under_a_client_and_closes_both_roads() -> None:
    closed: list[str] = []

    class Road(httpx.MockTransport):
        async def aclose(self) -> None:
            closed.append("road")

    reads, writes = (Road(lambda _: httpx.Response(200, json={})) for _ in range(2))
    wire = build_transport(reads, writes, store=open_store(None), fingerprint=KEY, clock=Clock())
    async with httpx.AsyncClient(transport=wire) as client:
        assert (await client.get(f"{BASE_URL}/me")).json() == {}
        assert (await client.post(f"{BASE_URL}/sites/1/hits", json={})).json() == {}
    assert closed == ["road", "road"]
