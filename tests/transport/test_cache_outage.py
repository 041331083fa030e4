"""While the service is away a stored answer is served with its age, and equal reads under way are one."""

import asyncio
from pathlib import Path

import anyio
import httpx2 as httpx
import pytest
from support.network import Clock, Step, answer, get, network, post, stats_of, transport_of
from tinylytics_tools.transport import Transport, open_store

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("over_each_store")]

WEEK = 7 * 86_400
OUTAGES = [
    httpx.ConnectError("refused"),
    httpx.ReadTimeout("late"),
    *(answer(status=status) for status in (429, 500, 502, 503)),
]


def cache_over(inner: httpx.AsyncBaseTransport, clock: Clock) -> Transport:
    return transport_of(inner, open_store(None), clock)


@pytest.mark.parametrize("outage", OUTAGES, ids=repr)
async def test_an_answer_whose_time_is_over_is_served_on_an_outage_for_a_week(outage: Step) -> None:
    clock = Clock()
    cache = cache_over(network(answer({"n": 1}), outage), clock)
    await cache.handle_async_request(get())
    clock.move(WEEK + 59)
    request = get()
    response = await cache.handle_async_request(request)
    assert response.json() == {"n": 1}
    assert stats_of(request).oldest_s == WEEK + 59
    assert stats_of(request).fresh_until < clock.now.timestamp()
    clock.move(1)
    if isinstance(outage, Exception):
        with pytest.raises(type(outage)):
            await cache.handle_async_request(get())
    else:
        assert (await cache.handle_async_request(get())).status_code >= 429


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
async def test_an_answer_that_is_no_outage_is_told(status: int) -> None:
    clock = Clock()
    cache = cache_over(network(answer({"n": 1}), answer(status=status)), clock)
    await cache.handle_async_request(get())
    clock.move(60)
    assert (await cache.handle_async_request(get())).status_code == status


async def test_after_the_outage_the_new_answer_takes_the_place_of_the_old() -> None:
    clock = Clock()
    faults = [httpx.ReadError("broken")] * 3
    cache = cache_over(network(answer({"n": 1}), *faults, answer({"n": 2})), clock)
    numbers: list[int] = []
    for _ in range(3):
        numbers.append((await cache.handle_async_request(get())).json()["n"])
        clock.move(60)
    assert numbers == [1, 1, 2]


class Held(httpx.AsyncBaseTransport):
    """A network that takes requests and answers, with their number, when it is let."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.asked = 0
        self.go_on = anyio.Event()
        self.fault = fault

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method != "GET":
            return httpx.Response(201, json={}, request=request)
        self.asked += 1
        number = self.asked
        await self.go_on.wait()
        if self.fault is not None:
            raise self.fault
        return httpx.Response(200, json={"n": number}, request=request)


async def asking(cache: Transport, service: Held, times: int) -> list["asyncio.Task[httpx.Response]"]:
    """Ask the same so many times; go on once one request has arrived and all wait for its answer, however long a store
    in another process takes."""
    waiters = cache._flights._waiters  # pyright: ignore[reportPrivateUsage] - nothing else tells who waits
    asked, waiting = service.asked, waiters.total()
    tasks = [asyncio.create_task(cache.handle_async_request(get())) for _ in range(times)]
    with anyio.fail_after(20):
        while service.asked == asked or waiters.total() < waiting + times:  # noqa: ASYNC110 - none of these tells it
            await anyio.sleep(0.001)
    return tasks


async def test_equal_reads_under_way_are_one_request_and_each_has_an_answer_of_its_own() -> None:
    service = Held()
    tasks = await asking(cache_over(service, Clock()), service, 5)
    service.go_on.set()
    responses = await asyncio.gather(*tasks)
    assert service.asked == 1
    assert [response.json() for response in responses] == [{"n": 1}] * 5
    assert len({id(response) for response in responses}) == len({id(r.request) for r in responses}) == 5


async def test_cancelling_the_one_that_asked_first_harms_no_other() -> None:
    service = Held()
    first, *others = await asking(cache_over(service, Clock()), service, 3)
    first.cancel()
    await anyio.wait_all_tasks_blocked()
    service.go_on.set()
    assert [response.json() for response in await asyncio.gather(*others)] == [{"n": 1}] * 2
    assert service.asked == 1


async def test_a_fault_is_told_to_each_with_an_error_of_its_own() -> None:
    service = Held(httpx.ReadError("broken"))  # at each of the tries
    tasks = await asking(cache_over(service, Clock()), service, 3)
    service.go_on.set()
    errors = await asyncio.gather(*tasks, return_exceptions=True)
    assert [repr(error) for error in errors] == ["ReadError('broken')"] * 3
    assert len({id(error) for error in errors}) == 3


async def test_a_read_that_began_before_a_write_is_neither_joined_nor_kept_after_it() -> None:
    service = Held()
    cache = cache_over(service, Clock())
    (before,) = await asking(cache, service, 1)
    await cache.handle_async_request(post())
    (after,) = await asking(cache, service, 1)
    assert service.asked == 2
    service.go_on.set()
    assert [(await before).json(), (await after).json()] == [{"n": 1}, {"n": 2}]


async def test_what_was_asked_before_a_write_is_not_kept_after_it(tmp_path: Path) -> None:
    service, clock = Held(), Clock()
    here, there = open_store(tmp_path / "state"), open_store(tmp_path / "state")
    cache, writer = (transport_of(service, store, clock) for store in (here, there))
    (before,) = await asking(cache, service, 1)
    await writer.handle_async_request(post())
    service.go_on.set()
    assert (await before).json() == {"n": 1}
    assert (await cache.handle_async_request(get())).json() == {"n": 2}
    here.close()
    there.close()


async def test_without_a_store_too_a_read_is_not_joined_after_a_write(tmp_path: Path) -> None:
    service = Held()
    cache = transport_of(service, open_store(tmp_path), Clock())
    before = await asking(cache, service, 1)
    await cache.handle_async_request(post())
    after = await asking(cache, service, 1)
    assert service.asked == 2
    service.go_on.set()
    await asyncio.gather(*before, *after)


async def test_closing_ends_the_reads_under_way() -> None:
    service = Held()
    cache = cache_over(service, Clock())
    (task,) = await asking(cache, service, 1)
    await cache.aclose()
    with pytest.raises(asyncio.CancelledError):
        await task
