"""The command `serve`: serves over stdio, Streamable HTTP or SSE until the host leaves or a signal comes."""

import os
import signal
import sys
from types import ModuleType
from typing import Literal, cast

import anyio

from tinylytics_mcp.backend import open_backend, open_client, say_no_key, settings_for
from tinylytics_mcp.errors import CommandError
from tinylytics_mcp.server import create_server
from tinylytics_mcp.settings import Settings
from tinylytics_mcp.terminal import say
from tinylytics_mcp.version import CALLED


def command(*, transport: Literal["stdio", "http", "sse"], host: str, port: int, demo: bool, cached: bool) -> None:
    """Serve over a transport; `host` and `port` are for http and sse, and port 0 takes a free one."""
    sys.modules["rich"] = cast("ModuleType", None)  # the SDK would load it to log, which takes a tenth of the start
    settings = settings_for(os.environ, demo=demo)
    if transport == "stdio":
        anyio.run(lambda: _serve_stdio(settings, demo=demo, cached=cached))
    else:
        sse_only = transport == "sse"
        anyio.run(lambda: _serve_http(settings, host, port, sse_only=sse_only, demo=demo, cached=cached))


async def _serve_stdio(settings: Settings, *, demo: bool, cached: bool) -> None:
    """Answer on stdin and stdout until stdin ends.

    A signal ends the process at once: nothing can interrupt the thread that reads stdin, and files are consistent at
    every moment.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: os._exit(0))
    if sys.stdin is None or sys.stdout is None:
        raise CommandError("to serve a host takes an open standard input and output.")
    if sys.stdin.isatty():
        say(f"this waits for an MCP host on its standard input. To look around, try `{CALLED} demo`.")
    if settings.key is None:
        say_no_key()
    async with open_client(settings, demo=demo, cached=cached) as client:
        output_failed = False
        try:
            await create_server(client).run_stdio_async()
        except* BrokenPipeError:
            pass  # the host ended without closing our input first
        except* OSError:
            output_failed = True
        if output_failed:
            raise CommandError("the host cannot be answered: the standard output cannot be written.")


async def _serve_http(settings: Settings, host: str, port: int, *, sse_only: bool, demo: bool, cached: bool) -> None:
    from tinylytics_mcp.http.app import http_app  # stdio starts faster without it
    from tinylytics_mcp.http.limits import guarded, limits_here
    from tinylytics_mcp.http.run import address_of, bind, run
    from tinylytics_mcp.http.settings import AuthMode, read_http_settings

    http_settings = read_http_settings(os.environ, host=host)
    if settings.key is None and http_settings.auth_mode is AuthMode.LOOPBACK:
        say_no_key()
    async with open_backend(settings, demo=demo, cached=cached) as backend:
        limits = limits_here()
        app = http_app(backend, http_settings, sse_only=sse_only, limits=limits)
        with bind(host, port) as listener:
            paths = "/sse" if sse_only else "/mcp and /sse"
            say(f"serving {paths} for {http_settings.auth_mode} on {address_of(listener)}")
            await run(app, listener, connections=guarded(limits))
