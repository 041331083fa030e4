"""Lets in callers and counts what they have open; a refusal gives no reason."""

import logging
from time import monotonic

import anyio.lowlevel
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tinylytics_mcp.http.auth import Auth, AuthUnavailable
from tinylytics_mcp.http.callers import Callers, TooManyOpen, User
from tinylytics_mcp.http.connections import CONNECTION, Connection
from tinylytics_mcp.http.limits import Limits

SESSION = "mcp-session-id"
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
        self._requests: set[_Request] = set()
        self._refused = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        headers = Headers(scope=scope)
        try:
            caller = await self._auth.caller(headers)
            if caller is None:
                self._refused += 1
                challenge = {"www-authenticate": self._auth.challenge}
                refusal = JSONResponse({"error": "unauthorized"}, status_code=401, headers=challenge)
                await refusal(scope, receive, send)
                return
            user = await self._callers.user(caller)
            user.begin(opens_session=_opens_session(scope, headers))
        except (AuthUnavailable, TooManyOpen):
            await _LATER(scope, receive, send)
            return
        request = _Request(user, headers, scope["state"][CONNECTION])
        self._requests.add(request)
        request.connection.admit()
        try:
            await request.run(self._app, {**scope, "user": user}, receive, send)
        finally:
            self._requests.discard(request)
            request.connection.release()
            user.end()
            session = headers.get(SESSION, "")
            if user.sessions.pop(session, None) is not None and scope["method"] != "DELETE":
                user.sessions[session] = monotonic()

    async def watch(self) -> None:
        """Close requests whose caller is no longer let in, and what is idle, for as long as it runs."""
        told = -TOLD_EVERY_S
        while True:
            await anyio.sleep(self._limits.look_s)
            now = monotonic()
            if self._refused and now - told >= TOLD_EVERY_S:
                _log.warning("%d requests without valid credentials were refused", self._refused)
                self._refused, told = 0, now
            for request in [request for request in self._requests if now - request.began > self._limits.look_s]:
                try:
                    caller = await self._auth.caller(request.headers)
                except AuthUnavailable:
                    continue
                is_refused = caller is None or caller.account != request.user.caller.account
                if is_refused and request in self._requests:  # else its connection may serve another by now
                    request.connection.drop()
            await self._callers.forget_idle(self._limits.account_idle_s)


class _Request:
    """A request of a caller while it is served."""

    def __init__(self, user: User, headers: Headers, connection: Connection) -> None:
        self.user = user
        self.headers = headers
        self.connection = connection
        self.began = monotonic()
        self._is_begun = self._is_complete = False

    async def run(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve it; cancel it where the client leaves in the middle of it, which the SDK would log as a crash."""
        is_whole = False

        async def receive_whole() -> Message:
            nonlocal is_whole
            message = await receive()
            if message["type"] == "http.disconnect" and not is_whole:
                serving.cancel()
                await anyio.lowlevel.checkpoint()
            is_whole = is_whole or not message.get("more_body", False)
            return message

        async def send_once(message: Message) -> None:
            """Drop the second response that the SDK begins where an SSE stream ends."""
            is_start = message["type"] == "http.response.start"
            if self._is_complete or (self._is_begun and is_start):
                return
            if is_start:
                self._is_begun = True
                opened = Headers(raw=list(message.get("headers", []))).get(SESSION)
                if opened is not None and SESSION not in self.headers and message["status"] < 300:
                    self.user.sessions[opened] = monotonic()
            else:
                self._is_complete = not message.get("more_body", False)
            await send(message)

        with anyio.CancelScope() as serving:
            await app(scope, receive_whole, send_once)
        if self._is_begun and not self._is_complete:  # a stream that ended with its session
            await send({"type": "http.response.body", "body": b""})


def _opens_session(scope: Scope, headers: Headers) -> bool:
    """Return whether a request may open a session; the new protocol (from 2026 on) has none."""
    if scope["path"] != "/mcp" or scope["method"] != "POST" or SESSION in headers:
        return False
    return headers.get("mcp-protocol-version", "") < "2026"
