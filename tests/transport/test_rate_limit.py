"""The ledger lets the hour's requests out, keeps some for writes, and goes on alone where it must."""

from pathlib import Path

import httpx2 as httpx
import pytest
from support.network import (
    OTHER_KEY,
    Clock,
    answer,
    contents,
    empty,
    get,
    network,
    post,
    rate_limited,
    stats_of,
    statuses,
)
from tinylytics_tools.transport import open_store
from tinylytics_tools.transport.rate_limit import WITHOUT_STORE

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("over_each_store")]


async def test_reads_stop_at_900_and_writes_at_950_of_any_hour() -> None:
    store, clock, service = open_store(None), Clock(), network()
    wire = rate_limited(service, store, clock)
    assert await statuses(wire, [get()] * 901) == [200] * 900 + [429]
    assert await statuses(wire, [post()] * 51) == [200] * 50 + [429]
    assert len(service.asked) == 950
    clock.move(3600)
    assert await statuses(wire, [get()]) == [200]


async def test_a_request_without_a_place_is_refused_here_and_told_when_there_will_be_one() -> None:
    store, clock, service = open_store(None), Clock(), network()
    wire = rate_limited(service, store, clock, most=2)
    await statuses(wire, [get()])
    clock.move(100.5)
    await statuses(wire, [get()])
    refused = get()
    response = await wire.handle_async_request(refused)
    assert (response.status_code, response.headers["retry-after"]) == (429, "3500")  # 3,499.5 s, rounded up
    assert len(service.asked) == 2
    assert stats_of(refused).requests == 0


async def test_the_processes_of_a_machine_share_the_hour_and_two_keys_do_not(tmp_path: Path) -> None:
    clock, service = Clock(), network()
    stores = [open_store(tmp_path / "state") for _ in range(2)]
    first, second = (rate_limited(service, store, clock, most=3) for store in stores)
    assert await statuses(first, [get()] * 2) == [200, 200]
    assert await statuses(second, [get()] * 2) == [200, 429]
    assert await statuses(rate_limited(service, stores[1], clock, most=3, key=OTHER_KEY), [get()]) == [200]
    for store in stores:
        store.close()


async def test_a_place_is_taken_for_a_request_that_failed_since_it_may_have_arrived() -> None:
    store, clock = open_store(None), Clock()
    wire = rate_limited(network(httpx.ReadError("broken"), answer()), store, clock, most=1)
    with pytest.raises(httpx.ReadError):
        await wire.handle_async_request(get())
    assert await statuses(wire, [get()]) == [429]


async def test_without_a_store_a_process_counts_alone_with_a_low_allowance(tmp_path: Path) -> None:
    clock, service = Clock(), network()
    store = open_store(tmp_path)  # a directory
    wire = rate_limited(service, store, clock, most=900)
    assert await statuses(wire, [get()] * (WITHOUT_STORE + 1)) == [200] * WITHOUT_STORE + [429]


async def test_a_store_that_is_lost_within_the_hour_leaves_the_low_allowance_and_nothing_over_the_limit(
    tmp_path: Path,
) -> None:
    clock, service, path = Clock(), network(), tmp_path / "state"
    store = open_store(path)
    wire = rate_limited(service, store, clock, most=900)
    await statuses(wire, [get()] * 70)
    store.close()
    empty(tmp_path)
    path.mkdir()
    assert (await statuses(wire, [get()] * 150)).count(200) == WITHOUT_STORE
    assert len(service.asked) < 1000


async def test_a_pause_counts_on_without_the_store(tmp_path: Path) -> None:
    clock, service = Clock(), network(answer(status=429, retry_after="30"), answer())
    wire = rate_limited(service, open_store(tmp_path), clock)
    assert await statuses(wire, [get()] * 2) == [429, 429]
    clock.move(30)
    assert await statuses(wire, [get()] * 2) == [200, 200]
    assert len(service.asked) == 3


async def test_the_status_tells_what_is_left_and_why_a_process_counts_alone(tmp_path: Path) -> None:
    clock, refusing = Clock(), network(answer(status=429, retry_after="90"))
    shared = rate_limited(refusing, open_store(None), clock)
    await statuses(shared, [get()])
    status = await shared.status()
    assert (status.used, status.left_for_reads, status.left_for_writes) == (1, 899, 949)
    assert (status.pause_s, status.lost) == (90.0, None)
    alone = rate_limited(network(), open_store(tmp_path), clock)
    await statuses(alone, [get()])
    status = await alone.status()
    assert (status.used, status.left_for_reads, status.left_for_writes) == (1, WITHOUT_STORE - 1, WITHOUT_STORE - 1)
    assert status.lost is not None
    assert str(tmp_path) in status.lost


async def test_an_answer_costs_the_store_nothing_where_nothing_was_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store(None)
    monkeypatch.setattr(store.requests, "answered", None)
    assert await statuses(rate_limited(network(), store, Clock()), [get()]) == [200]


async def test_the_store_never_sees_a_key(tmp_path: Path) -> None:
    store = open_store(tmp_path / "state")
    await statuses(rate_limited(network(), store, Clock()), [get(), post()])
    store.close()
    assert b"tly-" not in contents(tmp_path)


async def test_a_clock_that_was_set_back_shuts_nobody_out_for_longer_than_an_hour() -> None:
    store, clock = open_store(None), Clock()
    wire = rate_limited(network(), store, clock, most=2)
    await statuses(wire, [get()] * 2)
    clock.move(-86_400 * 365)
    assert await statuses(wire, [get()]) == [429]
    clock.move(3600)
    assert await statuses(wire, [get()]) == [200]
