"""The whole of what is served over HTTP, as one ASGI app."""

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import anyio
from mcp.server.transport_security import TransportSecurityMiddleware, TransportSecuritySettings
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send
from tinylytics_tools.access import ApiKey
from tinylytics_tools.client import CallContext, Client
from tinylytics_tools.errors import KeyNotAccepted, NotAllowed
from tinylytics_tools.me import ME

from tinylytics_mcp.backend import Backend
from tinylytics_mcp.http.accounts import Accounts
from tinylytics_mcp.http.auth import Auth, Caller, ClientKeyAuth, LoopbackAuth, TokenAuth
from tinylytics_mcp.http.limits import LIMITS, Limits
from tinylytics_mcp.http.middleware import AuthMiddleware, not_found
from tinylytics_mcp.http.readiness import Readiness
from tinylytics_mcp.http.sessions import Requests
from tinylytics_mcp.http.settings import AuthMode, HttpSettings

SSE_PATHS = frozenset({"/sse", "/messages/"})
PATHS = SSE_PATHS | {"/mcp"}


def http_app(backend: Backend, settings: HttpSettings, *, sse_only: bool = False, limits: Limits = LIMITS) -> Starlette:
    """Streamable HTTP at /mcp, SSE at /sse, /health and /ready, for as many accounts as the settings let in.

    Raises:
        UsageError: the file of tokens cannot be used.
    """

    def open_account(caller: Caller) -> AbstractAsyncContextManager[Client]:
        return backend.account(caller.key, access=caller.access)

    door = auth_for(backend, settings)
    hall = Accounts(open_account, settings, limits, sse_only=sse_only)
    visits = Requests(hall, limits)
    readiness = Readiness(backend)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        async with hall.open(), anyio.create_task_group() as tasks:
            tasks.start_soon(visits.watch, door)
            yield
            tasks.cancel_scope.cancel()

    gate = AuthMiddleware(door, hall, visits, paths=SSE_PATHS if sse_only else PATHS)
    routes = [
        Route("/health", readiness.health),
        Route("/ready", readiness.ready),
        Route("/.well-known/{rest:path}", _nothing_known),
        Mount("/", app=gate),
    ]
    return Starlette(routes=routes, lifespan=lifespan, middleware=[Middleware(_Perimeter, settings.security)])


def auth_for(backend: Backend, settings: HttpSettings) -> Auth:
    """The way in that the settings choose.

    Raises:
        UsageError: the file of tokens cannot be used.
    """

    async def accepts(key: ApiKey) -> bool:
        async with backend.account(key, cached=False) as account:
            try:
                await CallContext(account).call(ME)
            except (KeyNotAccepted, NotAllowed):
                return False
            return True

    if settings.auth_mode is AuthMode.CLIENT_KEYS:
        return ClientKeyAuth(accepts)
    if settings.tokens_file is not None:
        return TokenAuth(settings.tokens_file, backend.settings.key)
    return LoopbackAuth(backend.settings.key)


async def _nothing_known(_: Request) -> Response:
    return not_found()


class _Perimeter:
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
