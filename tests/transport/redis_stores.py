"""Stores in a real Redis, as the tests of a store need them: each new one is empty."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import count

from tinylytics_tools.transport import open_store
from tinylytics_tools.transport.interface import Store
from tinylytics_tools.transport.redis_store import RedisLink, RedisStore

KINDS = ["sqlite", "redis"]
DATABASES = 16
"""What a Redis has unless it is told otherwise."""


@asynccontextmanager
async def stores_of(kind: str, port: Callable[[], int]) -> AsyncGenerator[Callable[[], Store]]:
    """Makes new stores of a kind, at most sixteen; `port` is asked only where a Redis is needed."""
    if kind == "sqlite":
        yield lambda: open_store(None)
        return
    async with AsyncExitStack() as opened:
        links = [RedisLink(f"redis://127.0.0.1:{port()}/{number}") for number in range(DATABASES)]
        for link in links:
            opened.push_async_callback(link.aclose)
        await links[0].run("redis.call('FLUSHALL')", [])
        numbers = count()
        yield lambda: RedisStore(links[next(numbers)])
