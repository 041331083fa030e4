"""Reads are asked again after an accident: twice at most, after a random wait, and never after a refusal."""

from dataclasses import dataclass
from typing import Any

import anyio
import httpx2 as httpx
import pytest
from support.network import KEY, Clock, Network, answer, get, network, post, rate_limited, stats_of, statuses
from tinylytics_tools.transport import open_store
from tinylytics_tools.transport.cache import send
from tinylytics_tools.transport.receive import BodyTooLarge

pytestmark = pytest.mark.anyio

FAULTS = [
    httpx.ConnectError("refused"),
    httpx.ConnectTimeout("slow"),
    httpx.ReadError("reset"),
    httpx.RemoteProtocolError("closed"),
    httpx.PoolTimeout("full"),
    httpx.ProxyError("away"),
    *(answer(status=status) for status in (500, 502, 504, 599)),
]


@pytest.fixture
def retries_at_once() -> None:
    """Takes the place of the one that all other tests use: here the waits are what is tested."""


@dataclass
class Retrying(httpx.AsyncBaseTransport):
    """Sends again as it is told to."""

    service: httpx.AsyncBaseTransport
    options: dict[str, Any]

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await send(self.service.handle_async_request, request, **self.options)


def retrying(service: httpx.AsyncBaseTransport, waits: list[tuple[float, float]] | None = None) -> Retrying:
    """Waits nothing, and writes down between what it would have waited."""
    bounds: list[tuple[float, float]] = [] if waits is None else waits

    def between(low: float, high: float) -> float:
        bounds.append((low, high))
        return 0.0

    return Retrying(service, {"between": between})


@pytest.mark.parametrize("fault", FAULTS, ids=repr)
async def test_a_fault_is_followed_by_another_try(fault: httpx.Response | Exception) -> None:
    service = network(fault, answer())
    assert await statuses(retrying(service), [get()]) == [200]
    assert len(service.asked) == 2


async def test_after_three_tries_the_last_outcome_is_told() -> None:
    errors: list[httpx.Response | Exception] = [httpx.ReadError(f"broken {number}") for number in range(1, 5)]
    service = network(*errors)
    with pytest.raises(httpx.ReadError, match="broken 3"):
        await retrying(service).handle_async_request(get())
    assert len(service.asked) == 3
    service = network(answer(status=500), httpx.ReadError("broken"), answer(status=502))
    assert await statuses(retrying(service), [get()]) == [502]


async def test_the_waits_are_full_jitter_and_grow() -> None:
    waits: list[tuple[float, float]] = []
    await statuses(retrying(network(answer(status=500)), waits), [get()])
    assert waits == [(0.0, 0.5), (0.0, 1.0)]


def _half(_: float, high: float) -> float:
    return high / 2


async def test_the_time_drawn_is_the_time_waited() -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    await statuses(Retrying(network(answer(status=500)), {"sleep": sleep, "between": _half}), [get()])
    assert slept == [0.25, 0.5]


@pytest.mark.parametrize("status", [200, 202, 302, 400, 401, 403, 404, 422, 429, 503])
async def test_an_answer_or_a_refusal_is_final(status: int) -> None:
    service = network(answer(status=status), answer())
    assert await statuses(retrying(service), [get()]) == [status]
    assert len(service.asked) == 1


@pytest.mark.parametrize(
    "fault", [BodyTooLarge("9 MB"), httpx.UnsupportedProtocol("ftp"), httpx.LocalProtocolError("")]
)
async def test_what_is_sure_to_fail_again_is_not_tried_again(fault: Exception) -> None:
    service = network(fault, answer())
    with pytest.raises(type(fault)):
        await retrying(service).handle_async_request(get())
    assert len(service.asked) == 1


@pytest.mark.parametrize(("method", "path"), [("POST", "/sites/456/hits"), ("DELETE", "/sites/456/kudos/x")])
@pytest.mark.parametrize("fault", FAULTS, ids=repr)
async def test_a_write_is_sent_once_whatever_becomes_of_it(
    fault: httpx.Response | Exception, method: str, path: str
) -> None:
    service = network(fault, answer())
    if isinstance(fault, Exception):
        with pytest.raises(type(fault)):
            await retrying(service).handle_async_request(post(path, method))
    else:
        assert await statuses(retrying(service), [post(path, method)]) == [fault.status_code]
    assert len(service.asked) == 1


async def test_each_try_is_a_request_of_the_hour_and_of_the_report() -> None:
    store, clock = open_store(None), Clock()
    service = network(answer(status=500))
    request = get()
    await retrying(rate_limited(service, store, clock)).handle_async_request(request)
    assert stats_of(request).requests == 3
    assert (await store.requests.usage(KEY, clock)).used == 3


async def test_a_retry_that_the_hour_has_no_room_for_is_a_refusal() -> None:
    service = network(answer(status=500))
    wire = retrying(rate_limited(service, open_store(None), Clock(), most=2))
    assert await statuses(wire, [get()]) == [429]
    assert len(service.asked) == 2


async def test_one_time_bounds_all_tries_together() -> None:
    service: Network = network(answer(status=500))

    async def sleep(_: float) -> None:
        await anyio.sleep_forever()

    with pytest.raises(httpx.ReadTimeout):
        await send(service.handle_async_request, get(), sleep=sleep, read_s=0.01)
    assert len(service.asked) == 1
