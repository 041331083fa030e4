"""Serves one account until the host is gone or the process is told to end."""

import os
import signal
import sys
from types import FrameType
from typing import Literal

import anyio
from tinylytics_tools.failures import NO_KEY

from tinylytics_mcp import logs
from tinylytics_mcp.app import TinylyticsServer, create_server
from tinylytics_mcp.backend import open_account, settings_for
from tinylytics_mcp.settings import Settings
from tinylytics_mcp.terminal import say
from tinylytics_mcp.version import PROGRAM

Transport = Literal["stdio", "http", "sse"]


def serve(*, transport: Transport, host: str, port: int, demo: bool, cached: bool) -> None:
    """Serve over a transport; `host` and `port` are for the two that have an address.

    Raises:
        Misuse: a setting or the address cannot be used.
        Failure: the address is taken.
    """
    logs.configure()
    settings = settings_for(os.environ, demo=demo)
    if settings.key is None:
        say(f"{NO_KEY} Until then every question is answered with this.")
    anyio.run(lambda: _serve(settings, transport=transport, host=host, port=port, demo=demo, cached=cached))


async def _serve(settings: Settings, *, transport: Transport, host: str, port: int, demo: bool, cached: bool) -> None:
    async with open_account(settings, demo=demo, cached=cached) as account:
        server = create_server(account)
        if transport == "stdio":
            await _serve_stdio(server)
        else:
            from tinylytics_mcp import http_serving  # stdio starts faster without it

            await http_serving.serve(server, host=host, port=port, sse_only=transport == "sse")


async def _serve_stdio(server: TinylyticsServer) -> None:
    """Answer on stdin and stdout until stdin ends.

    A signal ends the process on the spot: nothing could take the thread that waits for stdin from its wait, and what
    is kept in files is whole at every moment.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _end)
    if sys.stdin.isatty():
        say(f"this waits for an MCP host on its standard input. To look around, try `{PROGRAM} demo`.")
    try:
        await server.run_stdio_async()
    except* BrokenPipeError:
        pass  # the host is gone without closing our input first


def _end(_number: int, _frame: FrameType | None) -> None:
    os._exit(0)
