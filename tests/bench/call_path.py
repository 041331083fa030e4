"""Counts the functions and files of ours that a call of `get_leaderboard` goes through, beside the first edition's.

Run it with `uv run python tests/bench call_path`; `PYTHONPATH=tests uv run python tests/bench/call_path.py -v` lists
them, in the order in which they are entered. Two counts: the named functions on the way from `call_tool` to the network
where the sites are known, and everything, comprehensions too, of the first call of a server from question to answer.
"""

import sys
import threading
from functools import partial
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

FIRST_EDITION = {"to the network": (62, 26), "whole call": (142, 36)}
"""Functions and files of the first edition, counted in the same way."""
MOST_FUNCTIONS, MOST_FILES = 72, 18
"""Of a whole call: half of the 144 and 36 that were counted before the first edition was rebuilt."""
OURS = tuple(str(Path(package.__path__[0])) for package in (tinylytics_mcp, tinylytics_tools))


class Counter(httpx.AsyncBaseTransport):
    """The network, which notes what was entered before its first request."""

    def __init__(self) -> None:
        self.inner = network_of(FakeApi(now=lambda: NOW))
        self.functions: dict[tuple[str, str], None] = {}
        self.to_network = 0

    def enter(self, frame: FrameType, event: str, _: Any) -> None:
        """Note the function that a thread enters, as a profile function does."""
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(OURS) and "/fake_api/" not in code.co_filename:
            self.functions.setdefault((code.co_filename, getattr(code, "co_qualname", code.co_name)))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer."""
        self.to_network = self.to_network or len(self.functions)
        return await self.inner.handle_async_request(request)


async def count(*, is_first: bool) -> Counter:
    """Count a call: the first of a server, or one that knows the sites and has its store open."""
    counter = Counter()
    async with connect(counter, store=open_store(None)) as host:
        if not is_first:
            await host.answer("get_leaderboard", site="456")
        counter.to_network = 0
        threading.setprofile(counter.enter)
        sys.setprofile(counter.enter)
        try:
            await host.answer("get_leaderboard", site="457")
        finally:
            threading.setprofile(None)
            sys.setprofile(None)
    return counter


def main() -> int:
    """Print the counts; return 1 where there are more than there may be."""
    first, later = (anyio.run(partial(count, is_first=is_first)) for is_first in (True, False))
    listed = {
        "to the network": [place for place in list(later.functions)[: later.to_network] if "<" not in _name(place)],
        "whole call": list(first.functions),
    }
    print(f"{'':16}{'functions':>10}{'before':>8}{'files':>7}{'before':>8}")  # noqa: T201 - the table is what this is for
    counts = {what: (len(places), len({path for path, _ in places})) for what, places in listed.items()}
    for what, places in listed.items():
        (functions, files), before = counts[what], FIRST_EDITION[what]
        print(f"{what:16}{functions:>10}{before[0]:>8}{files:>7}{before[1]:>8}")  # noqa: T201 - the same
        for path, name in places if "-v" in sys.argv else []:
            print(f"    {Path(path).parent.name}/{Path(path).name}: {name}")  # noqa: T201 - the same
    functions, files = counts["whole call"]
    is_reached = functions <= MOST_FUNCTIONS and files <= MOST_FILES
    verdict = "reached" if is_reached else "MISSED"
    print(f"at most {MOST_FUNCTIONS} functions in {MOST_FILES} files: {verdict}")  # noqa: T201 - the same
    return 0 if is_reached else 1


def _name(place: tuple[str, str]) -> str:
    return place[1].replace(".<locals>", "")


if __name__ == "__main__":
    raise SystemExit(main())
