"""Lets in callers, each with the client of its account, and counts what they have open; a refusal says what is needed
and not what was wrong."""

import logging
from collections.abc import Callable
from time import monotonic
from typing import Any
from weakref import WeakSet

import anyio.lowlevel
from mcp import MCPError
from mcp.server.auth.middleware.auth_context import auth_context_var
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.types import INTERNAL_ERROR
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from tinylytics_tools.client import Client

from tinylytics_mcp.http.auth import Auth, Caller, TryLater
from tinylytics_mcp.http.limits import CONNECTION, Connection, Limits

SESSION = "mcp-session-id"
TOLD_EVERY_S = 60.0

_log = logging.getLogger(__name__)
_LATER = JSONResponse({"error": "try again later"}, status_code=503, headers={"retry-after": "5"})


class User(AuthenticatedUser):
    """A caller as the SDK knows it: sessions, and what it seals, are bound to who and whose account it is.

    `requests` are those in progress, `messages` counts those being answered, and `sessions` have the time of their
    last use. `peers` are all of the same person, whose requests and sessions count as well.
    """

    def __init__(self, caller: Caller, client: Client, limits: Limits, peers: WeakSet["User"]) -> None:
        name = {"name": caller.name or caller.who}
        super().__init__(AccessToken(token="", client_id=caller.who, scopes=[], subject=client.account, claims=name))
        self.caller = caller
        self.client = client
        self.limits = limits
        self.requests: set[Request] = set()
        self.messages = 0
        self.sessions: dict[str, float] = {}
        self.used = monotonic()
        self.peers = peers
        peers.add(self)

    def admit(self, *, opens_session: bool) -> None:
        """Make sure that another request may be served.

        Raises:
            TryLater: there are as many as there may be, or as many sessions.
        """
        if opens_session:
            for user in self.peers:
                user.forget_sessions()
            if sum(len(user.sessions) for user in self.peers) >= self.limits.sessions_each:
                raise TryLater
        if sum(len(user.requests) for user in self.peers) >= self.limits.open_each:
            raise TryLater

    def forget_sessions(self) -> None:
        """Forget those that the SDK closed for being idle."""
        before = monotonic() - self.limits.session_idle_s
        self.sessions = {session: used for session, used in self.sessions.items() if used >= before}

    def is_idle(self, before: float) -> bool:
        """Return whether it has nothing open, since a time."""
        self.forget_sessions()
        return not self.requests and not self.messages and not self.sessions and self.used <= before


class Request:
    """A request of a caller while it is served."""

    def __init__(self, user: User, headers: Headers, scope: Scope) -> None:
        self.user = user
        self.headers = headers
        self.began = monotonic()
        self._scope: Scope = {**scope, "user": user}
        self._connection: Connection = scope["state"][CONNECTION]
        self._is_begun = self._is_complete = False
        user.requests.add(self)
        self._connection.admit()

    def drop(self) -> None:
        """Close its connection, unless that serves another by now."""
        if self in self.user.requests:
            self._connection.drop()

    def end(self) -> None:
        """Count it no more: its connection may serve another, while the SDK still tidies up."""
        if self not in self.user.requests:
            return
        self.user.requests.remove(self)
        self._connection.release()
        self.user.used = monotonic()
        session = self.headers.get(SESSION, "")
        if self.user.sessions.pop(session, None) is not None and self._scope["method"] != "DELETE":
            self.user.sessions[session] = monotonic()

    async def run(self, app: ASGIApp, receive: Receive, send: Send) -> None:
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
            if self._is_complete:
                self.end()

        with anyio.CancelScope() as serving:
            await app(self._scope, receive_whole, send_once)
        if self._is_begun and not self._is_complete:  # a stream that ended with its session
            await send({"type": "http.response.body", "body": b""})


def current_user() -> User:
    """Return who is being served, from the SDK's auth context."""
    user = auth_context_var.get()
    if not isinstance(user, User):
        raise TypeError("a message is served without its caller")
    return user


async def count_messages(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
    """Answer no more messages of a caller at once than it may have requests: SSE takes many by one connection.

    Raises:
        MCPError: there are as many as there may be.
    """
    if ctx.request_id is None:
        return await call_next(ctx)
    user = current_user()
    if sum(peer.messages for peer in user.peers) >= user.limits.open_each:
        raise MCPError(code=INTERNAL_ERROR, message="Too many requests are being answered: try again later")
    user.messages += 1
    try:
        return await call_next(ctx)
    finally:
        user.messages -= 1


class AuthMiddleware:
    """The ASGI app before the MCP server: answers 401 or 503, or passes a request on.

    The client of an account is opened at first use, shared by its callers, and closed once it is idle.
    """

    def __init__(self, app: ASGIApp, auth: Auth, open_client: Callable[[Caller], Client], limits: Limits) -> None:
        self._app = app
        self._auth = auth
        self._open_client = open_client
        self._limits = limits
        self._users: dict[Any, User] = {}
        self._clients: dict[Any, Client] = {}
        self._people: dict[Any, WeakSet[User]] = {}
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
            user = await self._user(caller)
            user.admit(opens_session=_opens_session(scope, headers))
        except TryLater:
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
            for request in [request for user in self._users.values() for request in user.requests]:
                if now - request.began > self._limits.look_s and await self._is_refused(request):
                    request.drop()
            await self._forget_idle(self._limits.account_idle_s)

    async def aclose(self) -> None:
        """Close all clients."""
        while self._clients:
            await self._clients.popitem()[1].aclose()

    async def _user(self, caller: Caller) -> User:
        """Return a caller with the client of its account.

        Raises:
            TryLater: there are as many clients as there may be, all in use.
        """
        known = (caller.who, caller.account)
        if known not in self._users:
            if caller.account not in self._clients and len(self._clients) >= self._limits.accounts:
                await self._forget_idle(0.0)
            if caller.account not in self._clients:
                if len(self._clients) >= self._limits.accounts:
                    raise TryLater
                self._clients[caller.account] = self._open_client(caller)
            peers = self._people.setdefault(caller.person or known, WeakSet())
            self._users.setdefault(known, User(caller, self._clients[caller.account], self._limits, peers))
        return self._users[known]

    async def _forget_idle(self, for_s: float) -> None:
        """Forget callers that had nothing open for so long, and close the clients that nobody is left to use."""
        before = monotonic() - for_s
        self._users = {known: user for known, user in self._users.items() if not user.is_idle(before)}
        self._people = {person: users for person, users in self._people.items() if users}
        used = {user.caller.account for user in self._users.values()}
        for client in [self._clients.pop(account) for account in list(self._clients) if account not in used]:
            await client.aclose()

    async def _is_refused(self, request: Request) -> bool:
        try:
            caller = await self._auth.caller(request.headers)
        except TryLater:
            return False
        return caller is None or caller.account != request.user.caller.account


def _opens_session(scope: Scope, headers: Headers) -> bool:
    """Return whether a request may open a session; the new protocol (from 2026 on) has none."""
    if scope["path"] != "/mcp" or scope["method"] != "POST" or SESSION in headers:
        return False
    return headers.get("mcp-protocol-version", "") < "2026"
