"""Measures what an answer about traffic costs: requests, bytes, time and memory, beside what reading all pages would.

Run it with `python tests/bench/traffic.py [HITS …]` (default: 1000 100000 1000000). The questions are asked of the
stand-in, through the whole wire. For the time its replies are replayed after 50 ms each, so that only the network that
is pretended, and the tools themselves, take any.
"""

import sys
import tempfile
import time
import tracemalloc
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import anyio
import httpx2 as httpx
from mcp import Client
from support.client import BASE_URL, text_of
from tinylytics_mcp.fake_api import FULL_ACCESS_KEY, FakeApi
from tinylytics_mcp.server import create_server
from tinylytics_tools.access import ApiKey
from tinylytics_tools.answer import compact
from tinylytics_tools.client import Client as ApiClient
from tinylytics_tools.transport import build_transport, open_store

SIZES = (1_000, 100_000, 1_000_000)
LATENCY_S = 0.05
AT_ONCE = 8
MOST_REQUESTS, NEXT_HOUR, LARGEST, SMALLEST_RATIO, MEMORY_MB = 40, 12, 8_000, 1_000, 32.0
BYTES_A_TOKEN = 2.5
"""Of JSON with many digits, by Claude's tokenizer, roughly."""
YESTERDAY: dict[str, Any] = {"period": "yesterday", "start_date": None, "end_date": None, "site": "457"}
START = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


@dataclass
class Service(httpx.AsyncBaseTransport):
    """Records the replies of a stand-in, then replays them after a while."""

    fake_api: FakeApi
    latency_s: float = 0.0
    replies: dict[str, tuple[int, bytes]] = field(default_factory=dict[str, tuple[int, bytes]])
    requests: int = 0

    def __post_init__(self) -> None:
        self._inner = httpx.ASGITransport(app=self.fake_api)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The reply that is known, else the stand-in's."""
        self.requests += 1
        key = str(request.url)
        if key not in self.replies:
            response = await self._inner.handle_async_request(request)
            self.replies[key] = response.status_code, await response.aread()
        await anyio.sleep(self.latency_s)
        status, body = self.replies[key]
        return httpx.Response(status, content=body, headers={"content-type": "application/json"}, request=request)


@dataclass
class Clock:
    """A time that only moves when it is told to."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now


@dataclass(frozen=True)
class Asked:
    """One call: requests that left, bytes of both halves, seconds, of these the processor's, and the answer."""

    requests: int
    text: int
    structured: int
    seconds: float
    processor: float
    answer: dict[str, Any]


async def asked(service: Service, clock: Clock, folder: str, tool: str, **arguments: Any) -> Asked:
    """Ask through a wire whose cache and ledger are in a file of that folder.

    The tool is asked once before, over a wire of its own: what the client spends on reading the tool's schema for the
    first time is not the tool's.
    """
    key, store = ApiKey(FULL_ACCESS_KEY), open_store(Path(folder) / "state.db")
    first = build_transport(service, store=open_store(None), fingerprint=key.fingerprint, clock=clock, cache=False)
    account = ApiClient(key, transport=first, base_url=BASE_URL, clock=clock)
    async with Client(create_server(account)) as client:
        latency, service.latency_s = service.latency_s, 0.0
        await client.call_tool(tool, {**arguments, **YESTERDAY})
        service.latency_s = latency
        account.transport = build_transport(service, store=store, fingerprint=key.fingerprint, clock=clock)
        before, since, busy = service.requests, time.perf_counter(), time.process_time()
        result = await client.call_tool(tool, arguments)
        seconds, busy = time.perf_counter() - since, time.process_time() - busy
    await account.aclose()
    assert not result.is_error, text_of(result)
    assert result.structured_content is not None
    return Asked(
        service.requests - before,
        compact(text_of(result)),
        compact(result.structured_content),
        seconds,
        busy,
        result.structured_content,
    )


async def naive(service: Service, hits: int, window: dict[str, str]) -> tuple[int, int]:
    """Requests and bytes of a server that passes pages through: all hits of the window, 100 a page."""
    async with httpx.AsyncClient(transport=service, headers={"authorization": f"Bearer {FULL_ACCESS_KEY}"}) as client:
        page = await client.get(f"{BASE_URL}/sites/456/hits", params={**window, "per_page": 100, "page": 1})
    pages = max(1, -(-hits // 100))
    return pages, len(page.content) * pages


def verdict(is_good: bool) -> str:  # noqa: FBT001 - the one thing it is about
    return "ok" if is_good else "MISSED"


async def measure(hits: int) -> bool:
    """One size of history: print its lines; whether all targets are met."""
    clock = Clock()
    fake_api = FakeApi(now=clock, hits=hits, hourly_limit=10**9)
    service = Service(fake_api)
    print(f"\n{hits} hits in the history")  # noqa: T201 - a script
    good = True
    for period in ("last_30_days", "this_month"):
        with tempfile.TemporaryDirectory() as folder:
            clock.now = START
            question = {"site": "456", "period": period}
            first = await asked(service, clock, folder, "summarize_traffic", **question)
            again = await asked(service, clock, folder, "summarize_traffic", **question)
            clock.now = START + timedelta(hours=1)
            service.replies.clear()
            later = await asked(service, clock, folder, "summarize_traffic", **question)
        window = {"start_date": first.answer["first_day"], "end_date": first.answer["last_day"]}
        clock.now = START
        pages, raw = await naive(service, first.answer["hits"], window)
        service.replies.clear()
        with tempfile.TemporaryDirectory() as folder:  # fills the replies
            await asked(service, clock, folder, "summarize_traffic", **question)
        service.latency_s = LATENCY_S
        times: list[Asked] = []
        for _ in range(5):
            with tempfile.TemporaryDirectory() as folder:
                times.append(await asked(service, clock, folder, "summarize_traffic", **question))
        service.latency_s = 0.0
        fastest = min(times, key=lambda one: one.seconds)
        # two rounds to find the site and count, two to look at single days once all else is read
        bound = 1.3 * (-(-first.requests // AT_ONCE) + 4) * LATENCY_S
        given = max(first.text, first.structured)
        checks = {
            "requests": first.requests <= MOST_REQUESTS,
            "next hour": later.requests <= NEXT_HOUR,
            "within a minute": again.requests == 0,
            "size": first.text + first.structured <= LARGEST,
            "ratio": hits != 100_000 or raw / given >= SMALLEST_RATIO,
            "time": fastest.seconds <= bound,
        }
        good = good and all(checks.values())
        print(  # noqa: T201 - a script
            f"  {period}: {first.answer['hits']} hits, complete {first.answer['complete']}\n"
            f"    requests {first.requests}, within a minute {again.requests}, an hour later {later.requests}; "
            f"all pages of 100: {pages}\n"
            f"    bytes to the model {given} a half, raw {raw} (1/{raw / given:.0f}), tokens about "
            f"{given / BYTES_A_TOKEN:.0f} against {raw / BYTES_A_TOKEN:.0f}\n"
            f"    time {fastest.seconds * 1000:.0f} ms, {fastest.processor * 1000:.0f} of them the processor's, "
            f"at most {bound * 1000:.0f} ms; page after page: "
            f"{pages * LATENCY_S * 1000:.0f} ms\n"
            f"    " + ", ".join(f"{name} {verdict(is_good)}" for name, is_good in checks.items())
        )
    return await memory(fake_api, clock) and good


async def memory(fake_api: FakeApi, clock: Clock) -> bool:
    """The peak while reading as many single hits as one call may, the replies being there already."""
    service = Service(fake_api)
    last = START.date() - timedelta(days=1)
    until = int(START.timestamp()) // 86_400 * 86_400
    where = "site_id = 456 AND created_at < ? ORDER BY created_at DESC LIMIT 1 OFFSET 35999"
    sql = f"SELECT created_at FROM hits WHERE {where}"  # noqa: S608 - constants
    oldest = fake_api.connection.execute(sql, (until,)).fetchone()
    first = datetime.fromtimestamp(oldest[0], UTC).date() + timedelta(days=1) if oldest else last - timedelta(days=600)
    days_asked = {"start_date": str(min(first, last)), "end_date": str(last)}
    question = {"site": "456", "dimension": "device", "compare": "none", **days_asked}
    with tempfile.TemporaryDirectory() as folder:
        found = await asked(service, clock, folder, "rank_traffic", **question)
    with tempfile.TemporaryDirectory() as folder:
        tracemalloc.start()
        await asked(service, clock, folder, "rank_traffic", **question)
        peak = tracemalloc.get_traced_memory()[1] / 2**20
        tracemalloc.stop()
    print(  # noqa: T201 - a script
        f"  memory while reading {found.requests} replies, {found.answer['hits']} hits: +{peak:.0f} MB, "
        f"at most {MEMORY_MB:.0f}: {verdict(peak <= MEMORY_MB)}"
    )
    return peak <= MEMORY_MB


async def main() -> int:
    """All sizes; 1 where a target is missed."""
    sizes = [int(size) for size in sys.argv[1:]] or SIZES
    results = [await measure(size) for size in sizes]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(anyio.run(main))
