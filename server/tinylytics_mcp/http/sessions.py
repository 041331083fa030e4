"""Keeps account of the requests under way: what each is, since when, and which sessions they open and use."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import monotonic
from urllib.parse import parse_qs

import anyio
from starlette.datastructures import Headers
from starlette.types import Message, Scope, Send

from tinylytics_mcp.http.accounts import Accounts, AccountServer, TooManyOpen
from tinylytics_mcp.http.auth import Auth, Caller, NotNow
from tinylytics_mcp.http.connections import DROP
from tinylytics_mcp.http.limits import Limits

SESSION = "mcp-session-id"
_STREAM_ID = re.compile(rb"session_id=([0-9a-f]{32})")


@dataclass(eq=False)
class OpenRequest:
    """One request under way.

    `drop` closes its connection. `heard`: when its client last said something on it. `stream`: an SSE connection's id.
    """

    caller: Caller
    room: AccountServer
    headers: Headers
    method: str
    path: str
    is_sse: bool
    drop: Callable[[], None]
    began: float = field(default_factory=monotonic)
    heard: float = field(default_factory=monotonic)
    stream: str | None = None
    status: int = 0
    opened: str | None = None
    is_complete: bool = False

    def see(self, message: Message) -> None:
        """Learn from what is sent to the client."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.opened = Headers(raw=list(message.get("headers", []))).get(SESSION)
        else:
            self.is_complete = not message.get("more_body", False)
            if self.is_sse and self.stream is None and (found := _STREAM_ID.search(message.get("body", b""))):
                self.stream = found[1].decode()


class Requests:
    """All visits of a process, and the limits on those that stay."""

    def __init__(self, hall: Accounts, limits: Limits) -> None:
        self._hall = hall
        self._limits = limits
        self._open: set[OpenRequest] = set()

    def begin(self, caller: Caller, room: AccountServer, scope: Scope, headers: Headers) -> OpenRequest:
        """Note a request.

        Raises:
            TooManyOpen: it would open one stream or session too many.
        """
        is_sse = scope["path"] == "/sse"
        if is_sse:
            of_all = sum(other.streams for other in self._hall.rooms)
            if of_all >= self._limits.streams or room.streams >= self._limits.streams_each:
                raise TooManyOpen
        elif scope["path"] == "/mcp" and _opens_session(scope["method"], headers):
            self._check_sessions()
        visit = OpenRequest(caller, room, headers, scope["method"], scope["path"], is_sse, scope["state"][DROP])
        self._hear(visit, scope)
        room.under_way += 1
        room.streams += is_sse
        self._open.add(visit)
        return visit

    def end(self, visit: OpenRequest) -> None:
        """The request was answered, or broken off."""
        self._open.discard(visit)
        room = visit.room
        room.under_way -= 1
        room.streams -= visit.is_sse
        given = visit.headers.get(SESSION)
        if given is None:
            if visit.opened is not None and visit.status < 300:
                room.sessions[visit.opened] = monotonic()
        elif visit.status == 404 or visit.method == "DELETE":
            room.sessions.pop(given, None)
        elif given in room.sessions:
            room.sessions[given] = monotonic()

    async def watch(self, door: Auth) -> None:
        """End the visits whose caller is not let in any more, and SSE connections on which nothing is said."""
        while True:
            await anyio.sleep(self._limits.look_s)
            now = monotonic()
            for visit in [visit for visit in self._open if now - visit.began > self._limits.look_s]:
                if (visit.is_sse and now - visit.heard > self._limits.stream_idle_s) or await _is_out(visit, door):
                    visit.drop()

    def _check_sessions(self) -> None:
        if sum(len(room.sessions) for room in self._hall.rooms) >= self._limits.sessions:
            self._hall.forget_idle()
            if sum(len(room.sessions) for room in self._hall.rooms) >= self._limits.sessions:
                raise TooManyOpen

    def _hear(self, visit: OpenRequest, scope: Scope) -> None:
        """What is posted for an SSE connection was said on it."""
        if visit.path.startswith("/messages/"):
            named = parse_qs(scope["query_string"].decode("latin-1")).get("session_id", [""])[0]
            for other in self._open:
                if other.stream == named and other.room is visit.room:
                    other.heard = visit.began


def seeing(visit: OpenRequest, send: Send) -> Send:
    """The way to the client, looked at by the visit; where an SSE connection ends the SDK begins a second answer."""

    async def tell(message: Message) -> None:
        if visit.is_complete or (visit.status and message["type"] == "http.response.start"):
            return
        visit.see(message)
        await send(message)

    return tell


def _opens_session(method: str, headers: Mapping[str, str]) -> bool:
    """Whether a request without a session may begin one; the new protocol (from 2026 on) has none."""
    return method == "POST" and SESSION not in headers and headers.get("mcp-protocol-version", "") < "2026"


async def _is_out(visit: OpenRequest, door: Auth) -> bool:
    try:
        caller = await door.caller(visit.headers)
    except NotNow:
        return False
    return caller is None or caller.account != visit.caller.account
