"""Run a real Redis on a free port, and open stores in it for the tests of a store."""

import shutil
import socket
import subprocess
import time
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from itertools import count
from pathlib import Path

from tinylytics_tools.transport import open_store
from tinylytics_tools.transport.interface import Store
from tinylytics_tools.transport.redis_store import RedisLink, RedisStore

PROGRAM = shutil.which("redis-server")
MISSING = "redis-server is not installed (Debian: apt-get install redis-server)"
KINDS = ["sqlite", "redis"]
DATABASES = 16
"""What a Redis has unless it is told otherwise."""


@contextmanager
def running_redis(folder: Path, *, port: int = 0) -> Generator[int]:
    """Run a Redis that keeps nothing on disk, and return its port; `port` 0 takes a free one."""
    if PROGRAM is None:
        raise RuntimeError(MISSING)
    chosen = port or _free_port()
    command = [PROGRAM, "--port", str(chosen), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:  # noqa: S603 - our own
        try:
            _wait_for(chosen)
            yield chosen
        finally:
            process.kill()


@asynccontextmanager
async def stores_of(kind: str, port: Callable[[], int]) -> AsyncGenerator[Callable[[], Store]]:
    """Return a function that makes new, empty stores of a kind, at most sixteen.

    `port` is asked only where a Redis is needed.
    """
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


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def _wait_for(port: int) -> None:
    end = time.monotonic() + 10
    while time.monotonic() < end:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1) as asking:
                asking.sendall(b"PING\r\n")
                if asking.recv(16) == b"+PONG\r\n":
                    return
        except OSError:
            time.sleep(0.01)  # there is nothing else to wait for
    raise TimeoutError("redis-server did not start")
