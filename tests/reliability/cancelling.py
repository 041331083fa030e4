"""Calls that are cancelled: the request to the service ends at once, and nothing is left over."""

import asyncio
import json
import time
from functools import partial
from random import Random
from typing import Any

from fault_list import Exchange
from hosts import host
from jobs import Form, Job
from report import Part
from tinylytics_mcp.fake_api import FakeApi
from upstream import Upstream

AT_ONCE_S = 1.0
MORE_MB = 16.0


def jobs(form: Form) -> list[Job]:
    """Calls whose requests are never answered, and such as are answered while they are cancelled."""
    return [
        partial(_cancelled, 200 if form.is_short else 10_000),
        partial(_races, form.seed, 100 if form.is_short else 2_000),
    ]


async def _cancelled(number: int) -> list[Part]:
    part = Part("cancelled calls")
    service = Upstream(FakeApi(hourly_limit=10**9))
    arrived, ended = asyncio.Queue[float](), asyncio.Queue[float]()

    async def hang(at: Exchange) -> None:
        arrived.put_nowait(time.monotonic())
        try:
            await at.reader.read(1)
        finally:
            ended.put_nowait(time.monotonic())

    worst = 0.0
    async with service.serving(), host("stdio", service.base_url) as at:
        await at.call("list_sites", {})
        before_mb, before_files = at.memory_mb(), at.descriptors()
        service.armed = (lambda _method, target: target.endswith("/me")), hang
        for count in range(number):
            await _send(at.process, {"id": f"c{count}", "method": "tools/call", "params": {"name": "get_account"}})
            await asyncio.wait_for(arrived.get(), 10)
            cancelled = time.monotonic()
            await _send(at.process, {"method": "notifications/cancelled", "params": {"requestId": f"c{count}"}})
            try:
                took = await asyncio.wait_for(ended.get(), 5) - cancelled
            except TimeoutError:
                took = 5.0
            worst = max(worst, took)
            part.cell(f"call {count}", None if took < AT_ONCE_S else f"the request went on for {took:.1f} s")
            if count % 100 == 0:
                at.end_of_the_hour()
        service.armed = None
        at.end_of_the_hour()
        answer, said = await at.call("get_account", {})
        more_mb, more_files = at.memory_mb() - before_mb, at.descriptors() - before_files
        part.cell("the next call", None if answer else said[:200])
        part.cell("memory", None if more_mb < MORE_MB else f"{more_mb:.0f} MB more")
        part.cell("descriptors", None if more_files <= 10 else f"{more_files} more")
    part.counted["slowest, ms"] = round(1000 * worst)
    return [part]


async def _send(process: asyncio.subprocess.Process, message: dict[str, Any]) -> None:
    assert process.stdin
    process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
    await process.stdin.drain()


async def _races(seed: int, number: int) -> list[Part]:
    """Calls that are cancelled about when their answers come: each next call is answered."""
    part, rng = Part("calls cancelled while they are answered"), Random(seed)  # noqa: S311 - moments
    async with Upstream(FakeApi(hourly_limit=10**9)).serving() as service, host("stdio", service.base_url) as at:
        await at.call("list_sites", {})
        before_mb, before_tasks = at.memory_mb(), await at.tasks()
        for count in range(number):
            await _send(at.process, {"id": f"r{count}", "method": "tools/call", "params": {"name": "list_sites"}})
            await asyncio.sleep(rng.choice((0, rng.uniform(0, 0.02))))
            await _send(at.process, {"method": "notifications/cancelled", "params": {"requestId": f"r{count}"}})
            answer, said = await at.call("list_sites", {})
            part.cell(f"call {count}", None if answer else said[:200], "a trace" if b"Traceback" in at.output else None)
            if count % 100 == 0:
                at.end_of_the_hour()
        more_mb, more_tasks = at.memory_mb() - before_mb, await at.tasks() - before_tasks
        part.cell("memory", None if more_mb < MORE_MB else f"{more_mb:.0f} MB more")
        part.cell("tasks", None if more_tasks <= 0 else f"{more_tasks} more")
    return [part]
