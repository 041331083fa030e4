"""Tracks open requests: what each is, since when, and which sessions it opens and uses."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import monotonic
from urllib.parse import parse_qs

import anyio
from starlette.datastructures import Headers
from starlette.types import Message, Scope, Send

from tinylytics_mcp.http.accounts import Accounts, AccountServer, TooManyOpen
from tinylytics_mcp.http.auth import Auth, AuthUnavailable, Caller
from tinylytics_mcp.http.connections import DROP
from tinylytics_mcp.http.limits import Limits

SESSION = "mcp-session-id"
_STREAM_ID = re.compile(rb"session_id=([0-9a-f]{32})")


@dataclass(eq=False)
class OpenRequest:
    """One open request.

    `drop` closes its connection; `last_message` is when its client last sent one; `stream` is the id of an SSE stream.
    """

    caller: Caller
    account: AccountServer
    headers: Headers
    method: str
    path: str
    is_sse: bool
    drop: Callable[[], None]
    began: float = field(default_factory=monotonic)
    last_message: float = field(default_factory=monotonic)
    stream: str | None = None
    status: int = 0
    opened: str | None = None
    is_complete: bool = False

    def record(self, message: Message) -> None:
        """Record what is sent to the client."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.opened = Headers(raw=list(message.get("headers", []))).get(SESSION)
        else:
            self.is_complete = not message.get("more_body", False)
            if self.is_sse and self.stream is None and (match := _STREAM_ID.search(message.get("body", b""))):
                self.stream = match[1].decode()


class Requests:
    """All open requests of a process, and the limits on sessions and streams."""

    def __init__(self, accounts: Accounts, limits: Limits) -> None:
        self._accounts = accounts
        self._limits = limits
        self._open: set[OpenRequest] = set()

    def begin(self, caller: Caller, account: AccountServer, scope: Scope, headers: Headers) -> OpenRequest:
        """Record the beginning of a request.

        Raises:
            TooManyOpen: it would exceed a limit of streams or sessions.
        """
        is_sse = scope["path"] == "/sse"
        if is_sse:
            total = sum(other.streams for other in self._accounts.servers)
            if total >= self._limits.streams or account.streams >= self._limits.streams_each:
                raise TooManyOpen
        elif scope["path"] == "/mcp" and _opens_session(scope["method"], headers):
            self._check_sessions()
        request = OpenRequest(caller, account, headers, scope["method"], scope["path"], is_sse, scope["state"][DROP])
        self._record_message(request, scope)
        account.open_requests += 1
        account.streams += is_sse
        self._open.add(request)
        return request

    def end(self, request: OpenRequest) -> None:
        """Record the end of a request."""
        self._open.discard(request)
        account = request.account
        account.open_requests -= 1
        account.streams -= request.is_sse
        session = request.headers.get(SESSION)
        if session is None:
            if request.opened is not None and request.status < 300:
                account.sessions[request.opened] = monotonic()
        elif request.status == 404 or request.method == "DELETE":
            account.sessions.pop(session, None)
        elif session in account.sessions:
            account.sessions[session] = monotonic()

    async def watch(self, auth: Auth) -> None:
        """Close requests whose caller is no longer admitted, and idle SSE streams, for as long as it runs."""
        while True:
            await anyio.sleep(self._limits.look_s)
            now = monotonic()
            for request in [request for request in self._open if now - request.began > self._limits.look_s]:
                is_idle = request.is_sse and now - request.last_message > self._limits.stream_idle_s
                if is_idle or await _is_refused(request, auth):
                    request.drop()

    def _check_sessions(self) -> None:
        if sum(len(account.sessions) for account in self._accounts.servers) >= self._limits.sessions:
            self._accounts.forget_idle()
            if sum(len(account.sessions) for account in self._accounts.servers) >= self._limits.sessions:
                raise TooManyOpen

    def _record_message(self, request: OpenRequest, scope: Scope) -> None:
        """Record a message posted for an SSE stream."""
        if request.path.startswith("/messages/"):
            stream = parse_qs(scope["query_string"].decode("latin-1")).get("session_id", [""])[0]
            for other in self._open:
                if other.stream == stream and other.account is request.account:
                    other.last_message = request.began


def recording(request: OpenRequest, send: Send) -> Send:
    """Return `send` with recording; it drops the second response that the SDK begins where an SSE stream ends."""

    async def send_recorded(message: Message) -> None:
        if request.is_complete or (request.status and message["type"] == "http.response.start"):
            return
        request.record(message)
        await send(message)

    return send_recorded


def _opens_session(method: str, headers: Mapping[str, str]) -> bool:
    """Return whether a request may open a session; the new protocol (from 2026 on) has none."""
    return method == "POST" and SESSION not in headers and headers.get("mcp-protocol-version", "") < "2026"


async def _is_refused(request: OpenRequest, auth: Auth) -> bool:
    try:
        caller = await auth.caller(request.headers)
    except AuthUnavailable:
        return False
    return caller is None or caller.account != request.caller.account
