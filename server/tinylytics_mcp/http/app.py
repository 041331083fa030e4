"""Builds the ASGI app of everything served over HTTP."""

import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager, nullcontext, suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from time import monotonic
from typing import Any

import anyio
from mcp.server.auth.middleware.auth_context import AuthContextMiddleware
from mcp.server.request_state import RequestStateSecurity
from mcp.server.transport_security import RequestBodyLimitMiddleware, TransportSecuritySettings
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send
from tinylytics_tools.access import ApiKey
from tinylytics_tools.api_info import ROOT
from tinylytics_tools.client import CallContext, Client
from tinylytics_tools.errors import KeyNotAccepted, NotAllowed, TinylyticsError
from tinylytics_tools.failures import OWN_KEY
from tinylytics_tools.me import ME, MeReply
from tinylytics_tools.transport.interface import StoreUnavailable

from tinylytics_mcp.backend import NO_KEY_OWNER, Backend
from tinylytics_mcp.errors import UsageError
from tinylytics_mcp.http.auth import Caller, KeyChecks, client_key_auth, loopback_auth, token_auth
from tinylytics_mcp.http.callers import AuthMiddleware, count_messages, current_user
from tinylytics_mcp.http.limits import LIMITS, Limits
from tinylytics_mcp.http.oauth.server import AuthorizationServer
from tinylytics_mcp.http.settings import PUBLIC_URL, AuthMode, HttpSettings
from tinylytics_mcp.resources import publish_changes
from tinylytics_mcp.server import TinylyticsServer

CHECK_EVERY_S = 60.0
TIMEOUT_S = 10.0


def http_app(backend: Backend, settings: HttpSettings, *, sse_only: bool = False, limits: Limits = LIMITS) -> ASGIApp:
    """Streamable HTTP at /mcp, SSE at /sse, /health and /ready, for all accounts that the settings admit.

    Raises:
        UsageError: the file of tokens or of clients cannot be used, or people log in and nothing serves them.
    """
    login, keys = None, KeyChecks(partial(_owner, backend))
    if settings.oauth is not None:
        if sse_only:
            raise UsageError(f"with {PUBLIC_URL} apps connect to /mcp: use --transport http.")
        login = AuthorizationServer(backend, settings.oauth, keys)
        auth, backend = login.auth, login.backend
    elif settings.auth_mode is AuthMode.CLIENT_KEYS:
        auth = client_key_auth(keys)
    elif settings.tokens_file is not None:
        auth = token_auth(settings.tokens_file, backend.settings.key)
    else:
        auth = loopback_auth(backend.settings.key)
    remedies = replace(auth.remedies, may_write=OWN_KEY.may_write) if backend.settings.access else auth.remedies
    backend = replace(backend, remedies=remedies)
    server = TinylyticsServer(
        lambda: current_user().client,
        request_state=RequestStateSecurity(keys=[settings.state_key]) if settings.state_key else None,
        middleware=[count_messages],
    )

    def open_client(caller: Caller) -> Client:
        client = backend.open(caller.key, access=caller.access)
        publish_changes(client, server.changes)
        return client

    is_checked = TransportSecuritySettings(enable_dns_rebinding_protection=False)  # by `_checked`, on every route
    routes = server.sse_app(transport_security=is_checked, max_request_body_size=limits.body).routes
    if not sse_only:
        routes += server.streamable_http_app(
            transport_security=is_checked,
            max_request_body_size=limits.body,
            session_idle_timeout=limits.session_idle_s,
            max_sessions=limits.sessions,
            stateless_http=settings.stateless,
        ).routes
    mcp = AuthMiddleware(AuthContextMiddleware(Router(routes)), auth, open_client, limits)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        async with (
            aclosing(mcp),
            nullcontext() if sse_only else server.session_manager.run(),
            anyio.create_task_group() as tasks,
        ):
            tasks.start_soon(mcp.watch)
            yield
            tasks.cancel_scope.cancel()

    alive = Route("/health", JSONResponse({"status": "ok"}), methods=["GET"])  # while the process answers at all
    pages = Starlette(
        routes=[alive, Route("/ready", readiness(backend)), *(login.routes if login else [])],
        lifespan=lifespan,
        middleware=[Middleware(RequestBodyLimitMiddleware, max_body_size=64_000)] if login else [],
        exception_handlers={HTTPException: _refused, **(login.exception_handlers if login else {})},
    )
    pages.router.redirect_slashes = False  # its redirects believe the Host header, and know nothing of a proxy's TLS
    return _checked(pages, mcp, {"/sse", "/messages"} if sse_only else {"/sse", "/messages", "/mcp"}, settings)


def readiness(backend: Backend, *, clock: Callable[[], float] = monotonic) -> Callable[[Request], Awaitable[Response]]:
    """Return what answers 503 where Tinylytics is out of reach, and 200 with the status degraded where only the store
    is. Tinylytics is asked at most once a minute."""
    lock, is_reachable, checked_at = anyio.Lock(), False, float("-inf")

    async def reaches_tinylytics() -> bool:
        with anyio.move_on_after(TIMEOUT_S), suppress(TinylyticsError):
            async with aclosing(backend.open(None, cached=False)) as client:
                await CallContext(client).call(ROOT)
                return True
        return False

    async def ready(_: Request) -> Response:
        nonlocal is_reachable, checked_at
        async with lock:
            if clock() - checked_at >= CHECK_EVERY_S:
                is_reachable, checked_at = await reaches_tinylytics(), clock()
        store, status = "ok", "ready" if is_reachable else "not ready"
        try:
            await backend.store.requests.usage(NO_KEY_OWNER, lambda: datetime.now(UTC))
        except StoreUnavailable:
            store = "out of reach: no cache, no writes, 100 requests an hour"
            status = "degraded" if is_reachable else status
        report = {"status": status, "tinylytics": "ok" if is_reachable else "out of reach", "store": store}
        return JSONResponse(report, status_code=200 if is_reachable else 503)

    return ready


async def _owner(backend: Backend, key: ApiKey) -> MeReply | None:
    """Return whose a key is; None where Tinylytics does not take it."""
    async with aclosing(backend.open(key, cached=False)) as client:
        try:
            return await CallContext(client).call(ME)
        except (KeyNotAccepted, NotAllowed):
            return None


async def _refused(_: Request, error: Any) -> Response:
    """Return a JSON body, since some clients read every answer as JSON."""
    return JSONResponse({"error": error.detail.lower()}, error.status_code, error.headers)


def _checked(pages: ASGIApp, mcp: ASGIApp, paths: set[str], settings: HttpSettings) -> ASGIApp:
    """Return the app of all paths, which refuses requests of web pages of another origin.

    The SDK's own check takes `http://localhost:3000@evil.example` for localhost. Pages that are let in may read the
    answers, since some hosts are such pages; but not where nobody has to show who they are.
    """
    if settings.auth_mode is not AuthMode.LOOPBACK:
        shown = ["mcp-session-id", "www-authenticate"]
        read = partial(CORSMiddleware, allow_origins=["*"], allow_headers=["*"], expose_headers=shown)
        pages, mcp = [read(app, allow_methods=["GET", "POST", "DELETE"]) for app in (pages, mcp)]
    hosts, origins, port = settings.allowed_hosts, settings.allowed_origins, re.compile(r":[0-9]{1,5}\Z")

    def is_among(given: str, names: frozenset[str]) -> bool:
        return given in names or port.sub("", given) in names  # a name without a port allows any

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        chosen = pages
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            path = scope["path"].rstrip("/") or "/"
            if not is_among(headers.get("host", "").lower(), hosts):
                chosen = PlainTextResponse("Invalid Host header", status_code=421)
            elif "origin" in headers and not is_among(headers["origin"], origins):
                chosen = PlainTextResponse("Invalid Origin header", status_code=403)
            elif path in paths:
                chosen = mcp
            scope = {**scope, "path": "/messages/" if path == "/messages" else path}
        await chosen(scope, receive, send)

    return app
