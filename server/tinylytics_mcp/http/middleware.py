"""Authenticates requests and passes them to the server of the caller's account; a refusal gives no reason."""

from starlette.datastructures import Headers
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from tinylytics_mcp.http.accounts import Accounts, TooManyOpen
from tinylytics_mcp.http.auth import Auth, AuthUnavailable
from tinylytics_mcp.http.sessions import Requests, recording

TRY_AGAIN_S = 5


class AuthMiddleware:
    """The ASGI app before all account servers."""

    def __init__(self, auth: Auth, accounts: Accounts, requests: Requests, *, paths: frozenset[str]) -> None:
        self._auth = auth
        self._accounts = accounts
        self._requests = requests
        self._paths = paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 404, 401 or 503, or pass the request on."""
        if scope["path"] == "/mcp/":
            scope = {**scope, "path": "/mcp"}
        if scope["path"] not in self._paths:
            await not_found()(scope, receive, send)
            return
        headers = Headers(scope=scope)
        try:
            caller = await self._auth.caller(headers)
            if caller is None:
                await _unauthorized(self._auth)(scope, receive, send)
                return
            account = await self._accounts.server_for(caller)
            request = self._requests.begin(caller, account, scope, headers)
        except (AuthUnavailable, TooManyOpen):
            await _later()(scope, receive, send)
            return
        try:
            await account.app({**scope, "user": caller.user}, receive, recording(request, send))
            if request.status and not request.is_complete:  # a stream that ended with its session
                await send({"type": "http.response.body", "body": b""})
        finally:
            self._requests.end(request)


def not_found() -> Response:
    """Return a 404 with a JSON body, since some clients read every answer as JSON."""
    return JSONResponse({"error": "not found"}, status_code=404)


def _unauthorized(auth: Auth) -> Response:
    """Return a 401 without detail or metadata: there is no authorization server to discover."""
    return JSONResponse({"error": "unauthorized"}, status_code=401, headers={"www-authenticate": auth.challenge})


def _later() -> Response:
    return JSONResponse({"error": "try again later"}, status_code=503, headers={"retry-after": str(TRY_AGAIN_S)})
