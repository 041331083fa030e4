"""Lets a request in to its caller's account, or turns it away without saying why."""

from starlette.datastructures import Headers
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from tinylytics_mcp.http.accounts import Accounts, TooManyOpen
from tinylytics_mcp.http.auth import Auth, NotNow
from tinylytics_mcp.http.sessions import Requests, seeing

TRY_AGAIN_S = 5


class AuthMiddleware:
    """An ASGI app before all accounts: asks the door who it is, and hands on to that account's own app."""

    def __init__(self, door: Auth, hall: Accounts, visits: Requests, *, paths: frozenset[str]) -> None:
        self._door = door
        self._hall = hall
        self._visits = visits
        self._paths = paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 404, 401 or 503, or have the account answer."""
        if scope["path"] == "/mcp/":
            scope = {**scope, "path": "/mcp"}
        if scope["path"] not in self._paths:
            await not_found()(scope, receive, send)
            return
        headers = Headers(scope=scope)
        try:
            caller = await self._door.caller(headers)
            if caller is None:
                await _unauthorized(self._door)(scope, receive, send)
                return
            room = await self._hall.room(caller)
            visit = self._visits.begin(caller, room, scope, headers)
        except (NotNow, TooManyOpen):
            await _later()(scope, receive, send)
            return
        try:
            await room.app({**scope, "user": caller.user}, receive, seeing(visit, send))
            if visit.status and not visit.is_complete:  # a stream that ended with its session
                await send({"type": "http.response.body", "body": b""})
        finally:
            self._visits.end(visit)


def not_found() -> Response:
    """Some clients read every answer as JSON, a 404 too."""
    return JSONResponse({"error": "not found"}, status_code=404)


def _unauthorized(door: Auth) -> Response:
    """No detail, and no metadata: there is no authorization server to be found."""
    return JSONResponse({"error": "unauthorized"}, status_code=401, headers={"www-authenticate": door.scheme})


def _later() -> Response:
    return JSONResponse({"error": "try again later"}, status_code=503, headers={"retry-after": str(TRY_AGAIN_S)})
