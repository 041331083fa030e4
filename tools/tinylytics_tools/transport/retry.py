"""Bounds each call in time, and asks again for a read that failed by accident."""

import random
from collections.abc import Awaitable, Callable

import anyio
import httpx2 as httpx

from tinylytics_tools.transport.rate_limit import asks_to_wait
from tinylytics_tools.transport.receive import BodyTooLarge

READ_S = 30.0
WRITE_S = 45.0
"""A write gets longer, since giving up on one leaves its outcome unknown."""
TRIES = 3
FIRST_WAIT_S = 0.5
"""The first wait is anything up to this, the second up to twice this (full jitter): many who failed together must not
come back together."""

_SURE_TO_FAIL_AGAIN = (BodyTooLarge, httpx.UnsupportedProtocol, httpx.LocalProtocolError)


async def send(
    once: Callable[[httpx.Request], Awaitable[httpx.Response]],
    request: httpx.Request,
    *,
    read_s: float = READ_S,
    write_s: float = WRITE_S,
    sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    between: Callable[[float, float], float] = random.uniform,
) -> httpx.Response:
    """Send a write once; a read up to three times, until there is neither a fault of transport nor a 5xx.

    All tries together, to the last byte of the body, have `read_s` or `write_s` seconds; then `ReadTimeout` is raised,
    and the request may have left. A 429 or 503 is returned at once: how long to wait is the rate limit's matter.
    """
    seconds, tries = (read_s, TRIES) if request.method == "GET" else (write_s, 1)
    with anyio.move_on_after(seconds):
        for tried in range(tries - 1):
            try:
                response = await once(request)
                if response.status_code < 500 or asks_to_wait(response):
                    return response
            except _SURE_TO_FAIL_AGAIN:
                raise
            except httpx.TransportError:
                pass
            await sleep(between(0.0, FIRST_WAIT_S * 2**tried))
        return await once(request)
    raise httpx.ReadTimeout(f"no complete answer within {seconds:g} s", request=request)
