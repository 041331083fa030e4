"""Counts the functions and files of ours that a call of `get_leaderboard` goes through.

Run it with `uv run python tests/bench call_path`; `PYTHONPATH=tests uv run python tests/bench/call_path.py -v` lists
them, in the order in which they are entered: on the way to the network those of the first edition were 62 functions in
26 files, and over the whole call 142 in 36, comprehensions and lambdas among them.
"""

import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import anyio
import httpx2 as httpx
import tinylytics_mcp
import tinylytics_tools
from support.client import NOW, connect, network_of
from tinylytics_mcp.fake_api import FakeApi
from tinylytics_tools.transport import open_store

MOST_FUNCTIONS, MOST_FILES = 72, 18
"""Half of what the first edition took: 144 and 36."""
OURS = tuple(str(Path(package.__path__[0])) for package in (tinylytics_mcp, tinylytics_tools))


class Counter(httpx.AsyncBaseTransport):
    """The network: where counting stops."""

    def __init__(self) -> None:
        self.inner = network_of(FakeApi(now=lambda: NOW))
        self.functions: dict[tuple[str, str], None] = {}

    def enter(self, frame: FrameType, event: str, _: Any) -> None:
        """Note the function that a thread enters, as a profile function does."""
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(OURS) and "/fake_api/" not in code.co_filename:
            self.functions.setdefault((code.co_filename, getattr(code, "co_qualname", code.co_name)))

    @contextmanager
    def counting(self) -> Generator[None]:
        """Count what is entered in here until a request arrives."""
        threading.setprofile(self.enter)
        sys.setprofile(self.enter)
        try:
            yield
        finally:
            self.stop()

    @staticmethod
    def stop() -> None:
        """Count no more."""
        threading.setprofile(None)
        sys.setprofile(None)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer."""
        return await self.inner.handle_async_request(request)


async def count() -> dict[tuple[str, str], None]:
    """Return the functions that a call went through, by file and name."""
    counter = Counter()
    async with connect(counter, store=open_store(None)) as host:
        with counter.counting():
            await host.answer("get_leaderboard", site="457")
    return counter.functions


def main() -> int:
    """Print the counts; return 1 where there are more than there may be."""
    functions = anyio.run(count)
    if "-v" in sys.argv:
        for path, name in functions:
            print(f"{Path(path).parent.name}/{Path(path).name}: {name}")  # noqa: T201 - what was asked for
    failed = 0
    for what, number, most in (
        ("functions", len(functions), MOST_FUNCTIONS),
        ("files", len({path for path, _ in functions}), MOST_FILES),
    ):
        verdict = "reached" if number <= most else "MISSED"
        failed += number > most
        print(f"{what}: {number}, at most {most}: {verdict}")  # noqa: T201 - what this is for
    return min(failed, 1)


if __name__ == "__main__":
    raise SystemExit(main())
