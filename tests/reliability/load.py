"""Many sessions and calls against a slow service: nothing grows, and no account waits for another."""

import asyncio
import statistics
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

from bench.load import Line, Server, Sizes, ask, measure
from fault_list import Exchange
from hosts import Host, host
from jobs import Form, Job
from report import Part
from tinylytics_mcp.fake_api import FakeApi
from upstream import Upstream

SLOW_S = 0.1
"""How long the service takes to answer."""
MANY, FEW = "tly-fa-many", "tly-fa-few"
"""Keys of two accounts: one asks as much as it can, the other now and then."""
CALLERS = 16
"""Of the account that asks much."""
EVERY_S = 0.5
MOST_MORE_MB, MOST_MORE = 16.0, 10
MOST_TIMES = 3.0
"""A call of the other account may take so many times as long as when it is alone."""
LIST: dict[str, Any] = {"name": "list_sites", "arguments": {}}


def jobs(form: Form) -> list[Job]:
    """A long run, and the ratio to a bare server."""
    sizes = Sizes(calls=2_000, sessions=100, rounds=10) if form.is_short else Sizes(calls=10_000, rounds=20)
    seconds, sessions = (15, 100) if form.is_short else (600, 1_000)
    return [partial(_slow_service, seconds, sessions, is_short=form.is_short), partial(_beside_a_bare_server, sizes)]


class _Keyed(Server):
    """Requests with the key of the account that asks much, unless another is given."""

    def post(self, method: str, params: dict[str, Any], headers: dict[str, str]) -> bytes:
        """A whole request."""
        return super().post(method, params, {"x-tinylytics-key": MANY, **headers})


async def _slow_service(seconds: int, sessions: int, *, is_short: bool) -> list[Part]:
    part = Part("load")
    service = Upstream(FakeApi(hourly_limit=10**9), keys=(MANY, FEW))
    settings = {"TINYLYTICS_API_KEY": "", "TINYLYTICS_CLIENT_KEYS": "1"}
    async with (
        service.serving(),
        host("http", service.base_url, headers={"x-tinylytics-key": FEW}, settings=settings) as at,
    ):
        port = int(at.address.rpartition(":")[2])
        lines = [await asyncio.open_connection("127.0.0.1", port) for _ in range(CALLERS)]
        server = _Keyed(at.process.pid, port, lines)
        await server.open_sessions(sessions)
        service.armed = (lambda _method, _target: True), _slow
        alone = [await _seconds(at) for _ in range(10)]
        await _both(at, server, 5)
        before_mb, before_tasks, before_files = at.memory_mb(), await at.tasks(), at.descriptors()
        calls, few = await _both(at, server, seconds)
        more_mb, more_tasks = at.memory_mb() - before_mb, await at.tasks() - before_tasks
        more_files, times = at.descriptors() - before_files, statistics.median(few) / statistics.median(alone)
        await server.ping_sessions()
    part.ran = calls + len(few)
    part.cell("memory", None if more_mb < MOST_MORE_MB else f"{more_mb:.0f} MB more")
    part.cell("tasks", None if more_tasks <= MOST_MORE else f"{more_tasks} more")
    part.cell("descriptors", None if more_files <= MOST_MORE else f"{more_files} more")
    if not is_short:  # a few seconds on a busy machine say too little to fail by
        part.cell("fairness", None if times < MOST_TIMES else f"{times:.1f} times as slow beside the other account")
    part.counted.update({"sessions": sessions, "calls a second": round(part.ran / seconds)})
    part.counted.update({"MB more": round(more_mb), "tasks more": more_tasks, "descriptors more": more_files})
    part.counted["slower beside an account that asks much, %"] = round(100 * (times - 1))
    return [part]


async def _slow(at: Exchange) -> None:
    await asyncio.sleep(SLOW_S)
    await at.changed(lambda body: body)


async def _both(at: Host, server: Server, seconds: float) -> tuple[int, list[float]]:
    """Return how many calls of the one account were answered, and the seconds that each of the other's took."""
    end = time.monotonic() + seconds
    few = list[float]()

    async def much(line: Line) -> int:
        calls = 0
        while time.monotonic() < end:
            _, body = await ask(line, server.modern("tools/call", **LIST))
            assert b'"isError":true' not in body, body[:500]
            calls += 1
        return calls

    async def little() -> None:
        while time.monotonic() < end:
            at.end_of_the_hour()
            few.append(await _seconds(at))
            await asyncio.sleep(EVERY_S)

    *calls, _ = await asyncio.gather(*(much(line) for line in server.lines), little())
    return sum(call or 0 for call in calls), few


async def _seconds(at: Host) -> float:
    """Return how long a call takes, which must be answered."""
    began = time.monotonic()
    answer, said = await at.call("list_sites", {})
    assert answer, said
    return time.monotonic() - began


async def _beside_a_bare_server(sizes: Sizes) -> list[Part]:
    part = Part("calls beside those of a bare SDK server")
    with tempfile.TemporaryDirectory() as folder:
        own, bare = await measure(sizes, Path(folder))
    part.ran = len(own.ms)  # each was right, or it would have broken off
    ratio = statistics.median(mine / theirs for mine, theirs in zip(own.rates, bare.rates, strict=True))
    part.counted["calls a second, in % of the bare server's"] = round(100 * ratio)
    return [part]
