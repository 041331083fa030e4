"""Calls that are cancelled: the request to the service ends at once, and nothing is left over."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any

from hosts import KEY, host
from report import Part
from tinylytics_mcp.fake_api import FakeApi
from upstream import Exchange, Upstream

AT_ONCE_S = 1.0
MORE_MB = 16.0


async def run(*, seed: int, short: bool) -> list[Part]:  # noqa: ARG001 - nothing here is made up
    """Cancel many calls whose requests are never answered."""
    number = 200 if short else 10_000
    part = Part("cancelled calls")
    service = Upstream(FakeApi(hourly_limit=10**9), KEY)
    await service.start()
    arrived, ended = asyncio.Queue[float](), asyncio.Queue[float]()

    async def hang(at: Exchange) -> None:
        arrived.put_nowait(time.monotonic())
        try:
            await at.reader.read(1)
        finally:
            ended.put_nowait(time.monotonic())

    worst = 0.0
    async with host("stdio", service.base_url) as at:
        await at.call("list_sites", {})
        before_mb, before_files = at.memory_mb(), _descriptors(at.process.pid)
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
        answer, said = await asyncio.wait_for(at.call("get_account", {}), 20)
        more_mb, more_files = at.memory_mb() - before_mb, _descriptors(at.process.pid) - before_files
        part.cell("the next call", None if answer else said[:200])
        part.cell("memory", None if more_mb < MORE_MB else f"{more_mb:.0f} MB more")
        part.cell("descriptors", None if more_files <= 10 else f"{more_files} more")
    part.counted["slowest, ms"] = round(1000 * worst)
    service.stop()
    return [part]


async def _send(process: asyncio.subprocess.Process, message: dict[str, Any]) -> None:
    assert process.stdin
    process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
    await process.stdin.drain()


def _descriptors(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))
