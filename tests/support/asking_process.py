"""A process that sends requests through transports of its own, and prints a line for each that left; run with -m.

Arguments: the state file, and how often to ask.
"""

import sys
from pathlib import Path

import anyio
import httpx2 as httpx
from support.network import KEY, get
from tinylytics_tools.transport import build_transport, open_store


async def main(path: Path, times: int) -> None:
    """Ask; the line is written where the network is."""

    def leave(_: httpx.Request) -> httpx.Response:
        print("left", flush=True)  # noqa: T201 -- the test reads it
        return httpx.Response(200, json={})

    network = httpx.MockTransport(leave)
    wire = build_transport(network, store=open_store(path), fingerprint=KEY, cache=False)
    await wire.status()
    print("ready", flush=True)  # noqa: T201 -- the same
    sys.stdin.readline()
    for _ in range(times):
        await wire.handle_async_request(get())
    await wire.aclose()


anyio.run(main, Path(sys.argv[1]), int(sys.argv[2]))
