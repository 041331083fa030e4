"""Lets in callers and counts what they have open; a refusal says what is needed and not what was wrong."""

import logging
from time import monotonic

import anyio
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from tinylytics_mcp.http.auth import Auth, AuthUnavailable
from tinylytics_mcp.http.callers import SESSION, Callers, Request, TooManyOpen
from tinylytics_mcp.http.limits import Limits

TOLD_EVERY_S = 60.0

_log = logging.getLogger(__name__)
_LATER = JSONResponse({"error": "try again later"}, status_code=503, headers={"retry-after": "5"})


class AuthMiddleware:
    """The ASGI app before the MCP server: answers 401 or 503, or passes a request on."""

    def __init__(self, app: ASGIApp, auth: Auth, callers: Callers, limits: Limits) -> None:
        self._app = app
        self._auth = auth
        self._callers = callers
        self._limits = limits
        self._refused = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        headers = Headers(scope=scope)
        try:
            caller = await self._auth.caller(headers)
            if caller is None:
                self._refused += 1
                challenge = {"www-authenticate": self._auth.challenge}
                told = f"{self._auth.needed} is needed; docs/troubleshooting.md tells more"
                refusal = JSONResponse({"error": "unauthorized", "message": told}, status_code=401, headers=challenge)
                await refusal(scope, receive, send)
                return
            user = await self._callers.user(caller)
            user.admit(opens_session=_opens_session(scope, headers))
        except (AuthUnavailable, TooManyOpen):
            await _LATER(scope, receive, send)
            return
        request = Request(user, headers, scope)
        try:
            await request.run(self._app, receive, send)
        finally:
            request.end()

    async def watch(self) -> None:
        """Close requests whose caller is no longer let in, and what is idle, for as long as it runs."""
        told = -TOLD_EVERY_S
        while True:
            await anyio.sleep(self._limits.look_s)
            now = monotonic()
            if self._refused and now - told >= TOLD_EVERY_S:
                _log.warning("%d requests without valid credentials were refused", self._refused)
                self._refused, told = 0, now
            for request in self._callers.requests:
                if now - request.began > self._limits.look_s and await self._is_refused(request):
                    request.drop()
            await self._callers.forget_idle(self._limits.account_idle_s)

    async def _is_refused(self, request: Request) -> bool:
        try:
            caller = await self._auth.caller(request.headers)
        except AuthUnavailable:
            return False
        return caller is None or caller.account != request.user.caller.account


def _opens_session(scope: Scope, headers: Headers) -> bool:
    """Return whether a request may open a session; the new protocol (from 2026 on) has none."""
    if scope["path"] != "/mcp" or scope["method"] != "POST" or SESSION in headers:
        return False
    return headers.get("mcp-protocol-version", "") < "2026"
