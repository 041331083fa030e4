"""A network that answers from a script, and a clock that moves when told."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2 as httpx
from tinylytics_tools.transport.allowance import Allowance
from tinylytics_tools.transport.interface import Store
from tinylytics_tools.transport.rate_limit import RateLimit

BASE_URL = "https://tinylytics.test/api/v1"
KEY, OTHER_KEY = "0123456789abcdef", "fedcba9876543210"
"""Fingerprints."""

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


def get(path: str = "/sites/456/hits", **query: str) -> httpx.Request:
    """A read, with a header that must never be stored."""
    return httpx.Request(
        "GET", BASE_URL + path, params=query or None, headers={"authorization": "Bearer tly-ro-secret"}
    )


def post(path: str = "/sites/456/hits", method: str = "POST") -> httpx.Request:
    """A write."""
    return httpx.Request(method, BASE_URL + path, json={"path": "/"}, headers={"authorization": "Bearer tly-fa-secret"})


def ledger(
    inner: httpx.AsyncBaseTransport, store: Store, clock: Clock, *, most: int | None = None, key: str = KEY
) -> RateLimit:
    """A ledger as a process has it; `most`: one that lets so many requests leave in an hour."""
    limits = {} if most is None else {"for_reads": most, "allowed": most}
    return RateLimit(inner, Allowance(store.requests, fingerprint=key, clock=clock), clock=clock, **limits)


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
