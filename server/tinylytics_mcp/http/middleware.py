"""Lets in callers and counts what they have open; a refusal gives no reason."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from time import monotonic

import anyio
from starlette.datastructures import Headers
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tinylytics_mcp.http.auth import Auth, AuthUnavailable, Caller
from tinylytics_mcp.http.callers import Callers, Open, TooManyOpen
from tinylytics_mcp.http.connections import CONNECTION, Connection
from tinylytics_mcp.http.limits import Limits

SESSION = "mcp-session-id"
TRY_AGAIN_S = 5
TOLD_EVERY_S = 60.0

_log = logging.getLogger(__name__)


class AuthMiddleware:
    """The ASGI app before the MCP server."""

    def __init__(self, app: ASGIApp, auth: Auth, callers: Callers, limits: Limits) -> None:
        self._app = app
        self._auth = auth
        self._callers = callers
        self._limits = limits
        self._requests: set[_Request] = set()
        self._refused = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 401 or 503, or pass the request on."""
        headers = Headers(scope=scope)
        try:
            caller = await self._auth.caller(headers)
            if caller is None:
                self._refused += 1
                await _unauthorized(self._auth)(scope, receive, send)
                return
            await self._serve(caller, headers, scope, receive, send)
        except (AuthUnavailable, TooManyOpen):
            await _later()(scope, receive, send)

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
                if await self._is_refused(request):
                    request.connection.drop()
            await self._callers.forget_idle()

    async def _serve(self, caller: Caller, headers: Headers, scope: Scope, receive: Receive, send: Send) -> None:
        connection: Connection = scope["state"][CONNECTION]
        opens_session = scope["method"] == "POST" and scope["path"] == "/mcp" and _opens_session(headers)
        async with self._callers.user(caller) as user:
            with user.opened.request(opens_session=opens_session):
                request = _Request(caller, headers, scope["method"], connection, user.opened, monotonic())
                self._requests.add(request)
                connection.admit()
                try:
                    await self._app({**scope, "user": user}, request.receiving(receive), request.sending(send))
                    if request.status and not request.is_complete:  # a stream that ended with its session
                        await send({"type": "http.response.body", "body": b""})
                except _ClientLeft:
                    pass
                finally:
                    self._requests.discard(request)
                    connection.release()
                    request.note_session()

    async def _is_refused(self, request: "_Request") -> bool:
        try:
            caller = await self._auth.caller(request.headers)
        except AuthUnavailable:
            return False
        return caller is None or caller.account != request.caller.account


class _ClientLeft(Exception):
    """The client left before its request was complete."""


@dataclass(eq=False)
class _Request:
    """A request that is being served, and what was answered so far."""

    caller: Caller
    headers: Headers
    method: str
    connection: Connection
    opened: Open
    began: float
    status: int = 0
    is_complete: bool = False

    def receiving(self, receive: Receive) -> Receive:
        """Return `receive` that ends the request where the client leaves before it is complete."""
        is_whole = False

        async def receive_whole() -> Message:
            nonlocal is_whole
            message = await receive()
            if message["type"] == "http.disconnect" and not is_whole:
                raise _ClientLeft
            is_whole = is_whole or not message.get("more_body", False)
            return message

        return receive_whole

    def sending(self, send: Send) -> Send:
        """Return `send` that drops the second response which the SDK begins where an SSE stream ends."""

        async def send_once(message: Message) -> None:
            if self.is_complete or (self.status and message["type"] == "http.response.start"):
                return
            if message["type"] == "http.response.start":
                self.status = message["status"]
                opened = Headers(raw=list(message.get("headers", []))).get(SESSION)
                if opened is not None and SESSION not in self.headers and self.status < 300:
                    self.opened.sessions[opened] = monotonic()
            else:
                self.is_complete = not message.get("more_body", False)
            await send(message)

        return send_once

    def note_session(self) -> None:
        """Note that its session was used, or ended."""
        session = self.headers.get(SESSION, "")
        if self.opened.sessions.pop(session, None) is not None and self.status != 404 and self.method != "DELETE":
            self.opened.sessions[session] = monotonic()


def not_found() -> Response:
    """Return a 404 with a JSON body, since some clients read every answer as JSON."""
    return JSONResponse({"error": "not found"}, status_code=404)


def _unauthorized(auth: Auth) -> Response:
    return JSONResponse({"error": "unauthorized"}, status_code=401, headers={"www-authenticate": auth.challenge})


def _later() -> Response:
    return JSONResponse({"error": "try again later"}, status_code=503, headers={"retry-after": str(TRY_AGAIN_S)})


def _opens_session(headers: Mapping[str, str]) -> bool:
    """Return whether a POST may open a session; the new protocol (from 2026 on) has none."""
    return SESSION not in headers and headers.get("mcp-protocol-version", "") < "2026"
