"""Serves one account until the host is gone or the process is told to end."""

import os
import signal
import sys
from types import FrameType
from typing import Literal

import anyio

from tinylytics_mcp import logs
from tinylytics_mcp.backend import open_account, say_no_key, settings_for
from tinylytics_mcp.errors import CommandError
from tinylytics_mcp.server import create_server
from tinylytics_mcp.settings import Settings
from tinylytics_mcp.terminal import say
from tinylytics_mcp.version import PROGRAM

Transport = Literal["stdio", "http", "sse"]


def serve(*, transport: Transport, host: str, port: int, demo: bool, cached: bool) -> None:
    """Serve over a transport; `host` and `port` are for the two that have an address.

    Raises:
        UsageError: a setting or the address cannot be used.
        CommandError: the address is taken, or the host cannot be answered.
    """
    logs.configure()
    settings = settings_for(os.environ, demo=demo)
    if transport == "stdio":
        anyio.run(lambda: _serve_stdio(settings, demo=demo, cached=cached))
    else:
        from tinylytics_mcp.http import serve as http_serve  # stdio starts faster without it

        sse_only = transport == "sse"
        anyio.run(
            lambda: http_serve.serve(
                settings, os.environ, host=host, port=port, sse_only=sse_only, demo=demo, cached=cached
            )
        )


async def _serve_stdio(settings: Settings, *, demo: bool, cached: bool) -> None:
    """Answer on stdin and stdout until stdin ends.

    A signal ends the process on the spot: nothing could take the thread that waits for stdin from its wait, and what
    is kept in files is whole at every moment.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _end)
    if sys.stdin is None or sys.stdout is None:
        raise CommandError("to serve a host takes an open standard input and output.")
    if sys.stdin.isatty():
        say(f"this waits for an MCP host on its standard input. To look around, try `{PROGRAM} demo`.")
    if settings.key is None:
        say_no_key()
    async with open_account(settings, demo=demo, cached=cached) as account:
        is_cut_off = False
        try:
            await create_server(account).run_stdio_async()
        except* BrokenPipeError:
            pass  # the host is gone without closing our input first
        except* OSError:
            is_cut_off = True
        if is_cut_off:
            raise CommandError("the host cannot be answered: the standard output cannot be written.")


def _end(_number: int, _frame: FrameType | None) -> None:
    os._exit(0)
