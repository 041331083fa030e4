"""Serves over HTTP until a signal comes."""

from collections.abc import Mapping

from tinylytics_mcp.backend import open_backend, say_no_key
from tinylytics_mcp.http.app import http_app
from tinylytics_mcp.http.connections import guarded
from tinylytics_mcp.http.limits import LIMITS
from tinylytics_mcp.http.run import address_of, bind, run
from tinylytics_mcp.http.settings import AuthMode, read_http_settings
from tinylytics_mcp.settings import Settings
from tinylytics_mcp.terminal import say


async def serve(
    settings: Settings,
    environment: Mapping[str, str],
    *,
    host: str,
    port: int,
    sse_only: bool,
    demo: bool,
    cached: bool,
) -> None:
    """Serve on an address; port 0 takes a free one.

    Raises:
        UsageError: a setting cannot be used, or would let in anybody.
        CommandError: the address is taken.
    """
    gateway = read_http_settings(environment, host=host)
    if settings.key is None and gateway.auth_mode is AuthMode.LOOPBACK:
        say_no_key()
    async with open_backend(settings, demo=demo, cached=cached) as backend:
        app = http_app(backend, gateway, sse_only=sse_only)
        with bind(host, port) as listener:
            paths = "/sse" if sse_only else "/mcp and /sse"
            say(f"serving {paths} for {gateway.auth_mode} on {address_of(listener)}")
            await run(app, listener, connections=guarded(LIMITS), most_connections=LIMITS.connections)
