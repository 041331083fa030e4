"""A network that answers from a script, and a clock that moves when told."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2 as httpx
from tinylytics_tools.api_info import OPENAPI, ROOT
from tinylytics_tools.content import CONTENT
from tinylytics_tools.endpoint import A_MINUTE, Endpoint
from tinylytics_tools.hits.api import HITS
from tinylytics_tools.hits.create import NEW_HIT
from tinylytics_tools.hits.create_batch import BATCH
from tinylytics_tools.insights import INSIGHTS
from tinylytics_tools.journeys import JOURNEYS
from tinylytics_tools.kudos.api import KUDO, KUDOS, NEW_KUDO
from tinylytics_tools.leaderboard import LEADERBOARD
from tinylytics_tools.me import ME
from tinylytics_tools.replies import JsonReply
from tinylytics_tools.site_lookup import SITE, SITES
from tinylytics_tools.transport import Transport, build_transport
from tinylytics_tools.transport.call_stats import CallStats, Purpose, RequestInfo, info_of
from tinylytics_tools.transport.interface import Store
from tinylytics_tools.transport.rate_limit import RateLimit
from tinylytics_tools.uptime import UPTIME

BASE_URL = "https://tinylytics.test/api/v1"
KEY, OTHER_KEY = "0123456789abcdef", "fedcba9876543210"
"""Fingerprints."""

ENDPOINTS: list[Endpoint[Any]] = [
    *(ROOT, OPENAPI, ME, SITES, SITE, HITS, KUDOS, LEADERBOARD, JOURNEYS, INSIGHTS, UPTIME, CONTENT),
    *(NEW_HIT, BATCH, NEW_KUDO, KUDO),
]

Step = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


@dataclass
class Clock:
    """A Monday noon, until it is moved."""

    now: datetime = datetime(2026, 11, 23, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, seconds: float) -> None:
        """Forward, or back where `seconds` is negative."""
        self.now += timedelta(seconds=seconds)


@dataclass
class Network(httpx.AsyncBaseTransport):
    """Takes the steps one after the other, the last one again and again, and remembers what was asked."""

    steps: list[Step]
    asked: list[httpx.Request] = field(default_factory=list[httpx.Request])

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        step = self.steps[min(len(self.asked), len(self.steps)) - 1]
        if isinstance(step, Exception):
            raise step
        return (
            step(request)
            if callable(step)
            else httpx.Response(step.status_code, headers=step.headers, content=step.content)
        )


def network(*steps: Step) -> Network:
    """A network that takes these steps; a plain `{"n": 1}`, `{"n": 2}` and so on where there are none."""
    numbers = iter(range(1, 1_000_000))
    return Network(list(steps) or [lambda _: answer({"n": next(numbers)})])


def answer(body: object = None, status: int = 200, **headers: str) -> httpx.Response:
    """An answer in JSON; `retry_after` becomes `Retry-After`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, json={} if body is None else body, headers=named)


def endpoint_of(method: str, path: str) -> Endpoint[Any]:
    """The endpoint that answers there."""
    for endpoint in ENDPOINTS:
        if endpoint.method == method and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", endpoint.path), path):
            return endpoint
    raise LookupError(f"no endpoint {method} {path}")


def of_any_json(endpoint: Endpoint[Any]) -> Endpoint[Any]:
    """An endpoint that may answer any JSON: with its lifetime, where its reply does not tell it, and what it makes
    stale."""
    is_told = endpoint in (LEADERBOARD, UPTIME)
    return replace(endpoint, reply=JsonReply, ttl=A_MINUTE if is_told else endpoint.ttl)


def get(path: str = "/sites/456/hits", **query: str) -> httpx.Request:
    """A read, with a header that must never be stored."""
    return httpx.Request(
        "GET",
        BASE_URL + path,
        params=query or None,
        headers={"authorization": "Bearer tly-ro-secret"},
        extensions=RequestInfo(of_any_json(endpoint_of("GET", path)), Purpose.READ, CallStats()).extensions,
    )


def post(path: str = "/sites/456/hits", method: str = "POST") -> httpx.Request:
    """A write."""
    return httpx.Request(
        method,
        BASE_URL + path,
        json={"path": "/"},
        headers={"authorization": "Bearer tly-fa-secret"},
        extensions=RequestInfo(of_any_json(endpoint_of(method, path)), Purpose.WRITE, CallStats()).extensions,
    )


def stats_of(request: httpx.Request) -> CallStats:
    """What the transports told of a request."""
    return info_of(request).stats


def rate_limited(
    inner: httpx.AsyncBaseTransport, store: Store, clock: Clock, *, most: int | None = None, key: str = KEY
) -> RateLimit:
    """A rate limit as a process has it; `most`: one that lets so many requests leave in an hour."""
    limits = {} if most is None else {"for_reads": most, "allowed": most}
    return RateLimit(inner, store.requests, fingerprint=key, clock=clock, **limits)


def transport_of(
    inner: httpx.AsyncBaseTransport, store: Store, clock: Clock, *, key: str = KEY, cache: bool = True
) -> Transport:
    """All transports of a key as a process has them."""
    return build_transport(inner, store=store, fingerprint=key, clock=clock, cache=cache)


async def statuses(wire: httpx.AsyncBaseTransport, requests: Iterable[httpx.Request]) -> list[int]:
    """What each of these is answered, one after the other."""
    return [(await wire.handle_async_request(request)).status_code for request in requests]


def contents(directory: Path) -> bytes:
    """All that the files of a directory hold."""
    return b"".join(file.read_bytes() for file in directory.iterdir() if file.is_file())


def empty(directory: Path) -> None:
    """Delete the files of a directory."""
    for file in directory.iterdir():
        file.unlink()
