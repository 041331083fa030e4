"""A process that asks through a wire of its own as fast as it can, and writes a line for each request that left.

Arguments: the state file, and how often to ask.
"""

import sys
from pathlib import Path

import anyio
import httpx2 as httpx
from scripted import KEY, get
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
