"""Builds the ASGI app of everything served over HTTP."""

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial

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
from tinylytics_tools.me import ME, MeReply

from tinylytics_mcp.backend import Backend
from tinylytics_mcp.http.accounts import Accounts
from tinylytics_mcp.http.auth import Auth, Caller, ClientKeyAuth, LoopbackAuth, TokenAuth
from tinylytics_mcp.http.limits import LIMITS, Limits
from tinylytics_mcp.http.middleware import AuthMiddleware, not_found
from tinylytics_mcp.http.oauth.server import AuthorizationServer
from tinylytics_mcp.http.readiness import Readiness
from tinylytics_mcp.http.sessions import Requests
from tinylytics_mcp.http.settings import AuthMode, HttpSettings

SSE_PATHS = frozenset({"/sse", "/messages/"})
PATHS = SSE_PATHS | {"/mcp"}


def http_app(backend: Backend, settings: HttpSettings, *, sse_only: bool = False, limits: Limits = LIMITS) -> Starlette:
    """Streamable HTTP at /mcp, SSE at /sse, /health and /ready, for all accounts that the settings admit.

    Raises:
        UsageError: the file of tokens cannot be used.
    """

    server = None
    if settings.oauth is not None:
        server = AuthorizationServer(backend, settings.oauth, partial(_owner, backend))
        backend = server.backend

    def open_client(caller: Caller) -> AbstractAsyncContextManager[Client]:
        return backend.client(caller.key, access=caller.access)

    auth = auth_for(backend, settings) if server is None else server.auth
    accounts = Accounts(open_client, settings, limits, sse_only=sse_only)
    requests = Requests(accounts, limits)
    readiness = Readiness(backend)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        async with accounts.open(), anyio.create_task_group() as tasks:
            tasks.start_soon(requests.watch, auth)
            yield
            tasks.cancel_scope.cancel()

    app = AuthMiddleware(auth, accounts, requests, paths=SSE_PATHS if sse_only else PATHS)
    routes = [
        Route("/health", readiness.health),
        Route("/ready", readiness.ready),
        *([] if server is None else server.routes),
        Route("/.well-known/{rest:path}", _no_metadata),
        Mount("/", app=app),
    ]
    return Starlette(routes=routes, lifespan=lifespan, middleware=[Middleware(_OriginCheck, settings.security)])


def auth_for(backend: Backend, settings: HttpSettings) -> Auth:
    """Return the authentication that the settings choose.

    Raises:
        UsageError: the file of tokens cannot be used.
    """

    async def accepts(key: ApiKey) -> bool:
        return await _owner(backend, key) is not None

    if settings.auth_mode is AuthMode.CLIENT_KEYS:
        return ClientKeyAuth(accepts)
    if settings.tokens_file is not None:
        return TokenAuth(settings.tokens_file, backend.settings.key)
    return LoopbackAuth(backend.settings.key)


async def _owner(backend: Backend, key: ApiKey) -> MeReply | None:
    """Return whose a key is; None where Tinylytics does not take it."""
    async with backend.client(key, cached=False) as client:
        try:
            return await CallContext(client).call(ME)
        except (KeyNotAccepted, NotAllowed):
            return None


async def _no_metadata(_: Request) -> Response:
    return not_found()


class _OriginCheck:
    """Refuses requests of web pages of another origin, on every route."""

    def __init__(self, app: ASGIApp, security: TransportSecuritySettings) -> None:
        self._app = app
        self._checks = TransportSecurityMiddleware(security)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a refused request, or pass it on."""
        if scope["type"] == "http":
            refusal = await self._checks.validate_request(Request(scope))
            if refusal is not None:
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)
