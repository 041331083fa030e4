"""A read is answered from what was fetched before while that is as good as new, by key and by address."""

from pathlib import Path

import httpx2 as httpx
import pytest
from support.network import (
    KEY,
    OTHER_KEY,
    Clock,
    Network,
    Step,
    answer,
    contents,
    empty,
    get,
    network,
    post,
    stats_of,
    transport_of,
)
from tinylytics_tools.transport import open_store
from tinylytics_tools.transport.interface import Store

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("over_each_store")]

CLOSED = {"start_date": "2026-11-01", "end_date": "2026-11-21"}


class Cached:
    """A cache as a process has it, over a script for reads; a write is answered `201 {}`."""

    def __init__(
        self, *steps: Step, store: Store | None = None, clock: Clock | None = None, key: str = KEY, enabled: bool = True
    ) -> None:
        self.clock = clock or Clock()
        self.network: Network = network(*steps)
        self.wire = transport_of(_Writable(self.network), store or open_store(None), self.clock, key=key, cache=enabled)

    async def ask(self, path: str = "/sites/456/hits", **query: str) -> httpx.Response:
        return await self.wire.handle_async_request(get(path, **query))

    async def number(self, path: str = "/sites/456/hits", **query: str) -> int:
        """The plain network counts its answers."""
        return (await self.ask(path, **query)).json()["n"]

    async def write(self, path: str = "/sites/456/hits") -> None:
        assert (await self.wire.handle_async_request(post(path))).status_code == 201

    @property
    def asked(self) -> int:
        return len(self.network.asked)


class _Writable(httpx.AsyncBaseTransport):
    def __init__(self, reads: Network) -> None:
        self._reads = reads

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return answer(status=201) if request.method != "GET" else await self._reads.handle_async_request(request)


async def test_within_its_time_an_answer_is_given_again_with_its_age_and_asks_nothing() -> None:
    cached = Cached()
    begun, (first, request) = cached.clock.now.timestamp(), (await cached.ask(), get())
    cached.clock.move(59.5)
    again = await cached.wire.handle_async_request(request)
    assert again.json() == first.json() == {"n": 1}
    assert again.headers["content-type"] == "application/json"
    stats = stats_of(request)
    assert (stats.requests, stats.cache_hits, stats.oldest_s, stats.fresh_until) == (0, 1, 59.5, begun + 60.0)
    cached.clock.move(0.5)
    assert await cached.number() == 2


async def test_a_closed_window_is_asked_once_a_week() -> None:
    cached = Cached()
    await cached.ask(**CLOSED)
    cached.clock.move(7 * 86_400 - 1)
    assert await cached.number(**CLOSED) == 1
    cached.clock.move(1)
    assert await cached.number(**CLOSED) == 2


async def test_the_order_of_a_query_does_not_matter_and_all_else_does() -> None:
    cached = Cached()
    assert await cached.number(page="1", per_page="10") == 1
    assert await cached.number(per_page="10", page="1") == 1
    assert await cached.number(per_page="10", page="2") == 2
    assert await cached.number(per_page="10", page="1", referrer="/a&page=1") == 3
    assert await cached.number() == 4
    assert await cached.number("/sites/45/hits") == 5
    other_host = httpx.Request("GET", "https://elsewhere.test/api/v1/sites/456/hits", extensions=get().extensions)
    assert (await cached.wire.handle_async_request(other_host)).json() == {"n": 6}


async def test_two_keys_never_share_and_neither_is_stored(tmp_path: Path) -> None:
    store = open_store(tmp_path / "state")
    one, other = Cached(store=store), Cached(answer({"n": 99}), store=store, key=OTHER_KEY)
    assert [await one.number("/sites"), await other.number("/sites"), await one.number("/sites")] == [1, 99, 1]
    await one.write()
    assert [await one.number("/sites"), await other.number("/sites")] == [2, 99]
    assert (one.asked, other.asked) == (2, 1)
    store.close()
    assert b"tly-" not in contents(tmp_path)


async def test_the_processes_of_a_machine_share_answers(tmp_path: Path) -> None:
    stores, clock = [open_store(tmp_path / "state") for _ in range(2)], Clock()
    one, other = (Cached(store=store, clock=clock) for store in stores)
    assert await one.number() == await other.number() == 1
    assert other.asked == 0
    await one.write()
    await other.ask()
    assert other.asked == 1
    for store in stores:
        store.close()


@pytest.mark.parametrize(
    "step",
    [
        answer(status=404),
        answer(status=401),
        answer(status=429),
        answer(status=500),
        answer(status=202),
        httpx.Response(200, html="<p>Welcome"),
        httpx.Response(200, content=b"{}"),
        httpx.Response(302, headers={"location": "/"}),
    ],
    ids=repr,
)
async def test_only_answers_of_status_200_in_json_are_kept(step: httpx.Response) -> None:
    cached = Cached(step)
    first = await cached.ask()
    cached.clock.move(901)  # where a pause began, it is over
    asked = cached.asked
    assert (await cached.ask()).status_code == first.status_code == step.status_code
    assert first.content == step.content
    assert cached.asked == 2 * asked


async def test_a_cache_that_is_switched_off_keeps_and_gives_nothing_but_still_forgets_for_others() -> None:
    store = open_store(None)
    on, off = Cached(store=store), Cached(store=store, enabled=False)
    await on.ask()
    assert [await off.number(), await off.number()] == [1, 2]
    await off.write()
    assert await on.number() == 2


async def test_what_a_write_made_stale_is_asked_anew_and_nothing_else() -> None:
    cached = Cached()
    pages: list[tuple[str, dict[str, str]]] = [
        ("/sites/456/hits", {}),
        ("/sites/456/hits", CLOSED),
        ("/sites/4567/hits", {}),
        ("/sites/456/kudos", {}),
    ]
    before = [await cached.number(path, **query) for path, query in pages]
    await cached.write()
    assert before == [1, 2, 3, 4]
    assert [await cached.number(path, **query) for path, query in pages] == [5, 6, 3, 4]


async def test_without_a_store_each_read_is_asked_anew(tmp_path: Path) -> None:
    cached = Cached(store=open_store(tmp_path))  # a directory
    assert [await cached.number(), await cached.number()] == [1, 2]
    await cached.write()
    assert await cached.number() == 3


async def test_what_could_not_be_forgotten_is_not_used_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tinylytics_tools.transport.database.BUSY_S", 0.001)
    store, locking = open_store(tmp_path / "state"), open_store(tmp_path / "state")
    cached = Cached(store=store)
    await cached.ask()
    cached.clock.move(1)
    with locking.file.transaction():
        await cached.write()
    cached.clock.move(1)
    assert await cached.number() == 2
    assert await cached.number() == 2
    store.close()
    locking.close()


async def test_a_store_that_is_lost_in_between_harms_no_read(tmp_path: Path) -> None:
    path = tmp_path / "state"
    cached = Cached(store=open_store(path))
    await cached.ask()
    empty(tmp_path)
    path.mkdir()
    assert await cached.number() == 2


async def test_a_damaged_body_is_a_miss(tmp_path: Path) -> None:
    store = open_store(tmp_path / "state")
    cached = Cached(store=store)
    await cached.ask()
    with store.file.transaction() as rows:
        rows.execute("UPDATE replies SET body = x'00'")
    assert await cached.number() == 2


async def test_an_answer_from_the_future_is_not_trusted() -> None:
    cached = Cached()
    await cached.ask()
    cached.clock.move(-86_400)
    assert await cached.number() == 2
