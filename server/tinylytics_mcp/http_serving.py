"""Serves over HTTP: Streamable HTTP at /mcp, SSE at /sse and /health on one port of this computer."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from mcp.server.transport_security import TransportSecurityMiddleware, TransportSecuritySettings
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from tinylytics_mcp.app import TinylyticsServer
from tinylytics_mcp.base_url import is_loopback
from tinylytics_mcp.listening import address_of, bind, run
from tinylytics_mcp.misuse import Misuse
from tinylytics_mcp.terminal import say

_LOCAL = ("127.0.0.1", "localhost", "[::1]")


async def serve(server: TinylyticsServer, *, host: str, port: int, sse_only: bool) -> None:
    """Serve on a loopback address until a signal comes; port 0 takes a free one.

    Raises:
        Misuse: the address is not loopback: nothing asks who is there, so nobody else may be let in.
        Failure: the address is taken.
    """
    if not is_loopback(host):
        raise Misuse(
            "--host takes 127.0.0.1, ::1 or localhost only: whoever reaches the port can use the account without a key."
        )
    with bind(host, port) as listener:
        paths = "/sse" if sse_only else "/mcp and /sse"
        say(f"serving {paths} on {address_of(listener)}")
        await run(http_app(server, sse_only=sse_only), listener)


def http_app(server: TinylyticsServer, *, sse_only: bool = False) -> Starlette:
    """The server as an ASGI app that answers requests of this computer's own programs only."""
    security = TransportSecuritySettings(
        allowed_hosts=[*_LOCAL, *(f"{host}:*" for host in _LOCAL)],
        allowed_origins=[origin for host in _LOCAL for origin in (f"http://{host}", f"http://{host}:*")],
    )
    apps = [server.sse_app(transport_security=security)]
    if not sse_only:
        apps.append(server.streamable_http_app(transport_security=security))
    routes: list[BaseRoute] = [Route("/health", _health), *(route for app in apps for route in app.router.routes)]

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        if sse_only:
            yield
        else:
            async with server.session_manager.run():
                yield

    return Starlette(routes=routes, lifespan=lifespan, middleware=[Middleware(_LocalOnly, security)])


class _LocalOnly:
    """Turns away what a web page of another origin sent, on every route alike."""

    def __init__(self, app: ASGIApp, security: TransportSecuritySettings) -> None:
        self._app = app
        self._checks = TransportSecurityMiddleware(security)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check, then hand on."""
        if scope["type"] == "http":
            refusal = await self._checks.validate_request(Request(scope))
            if refusal is not None:
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)


async def _health(_: Request) -> Response:
    return JSONResponse({"status": "ok"})
