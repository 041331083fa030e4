"""Puts the authorization server together: its routes, its way to authenticate, and what it asks of the backend."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

import httpx2 as httpx
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from tinylytics_tools.access import WHERE_KEYS_ARE_MADE, ApiKey
from tinylytics_tools.failures import Remedies
from tinylytics_tools.transport import open_store
from tinylytics_tools.transport.interface import Replies, Requests, StoreUnavailable

from tinylytics_mcp.backend import Backend
from tinylytics_mcp.errors import UsageError
from tinylytics_mcp.http.auth import AuthUnavailable, Caller
from tinylytics_mcp.http.oauth import pages
from tinylytics_mcp.http.oauth.clients import Clients
from tinylytics_mcp.http.oauth.consent import Consent, Owner
from tinylytics_mcp.http.oauth.documents import Documents
from tinylytics_mcp.http.oauth.endpoints import Endpoints
from tinylytics_mcp.http.oauth.forms import OAuthError
from tinylytics_mcp.http.oauth.grants import Grants
from tinylytics_mcp.http.oauth.seal import Seal
from tinylytics_mcp.http.oauth.settings import READ, WRITE, OAuthSettings
from tinylytics_mcp.http.oauth.store import records_in

_AGAIN = (
    "remove this server from the host's connectors or log out of it there, connect it again, and on the page that opens"
)
_ALLOW = f"{_AGAIN} choose reading and writing and use a Tinylytics key that begins with tly-fa-."


class OAuthAuth:
    """Takes access tokens of this server."""

    needed = "a login: enter this address in the host as a connector; it opens the page where people log in"
    remedies = Remedies(
        new_key=f"The user can make a new one under {WHERE_KEYS_ARE_MADE}. To use it, {_AGAIN} enter it.",
        full_key=f"The user can allow it, which is the scope {WRITE}: {_ALLOW}",
        may_write=f"this connection has the scope {READ} and not the scope {WRITE}. Nothing was sent. The user can "
        f"allow writing: {_ALLOW}",
    )

    def __init__(self, settings: OAuthSettings, grants: Grants) -> None:
        self.challenge = settings.challenge
        self._grants = grants

    async def caller(self, headers: Mapping[str, str]) -> Caller | None:
        """Return whose a token is: the caller is the grant, which outlives its tokens."""
        scheme, _, secret = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        try:
            return await self._grants.caller(secret.strip())
        except StoreUnavailable:
            raise AuthUnavailable from None


class AuthorizationServer:
    """What OAuth adds to the server. `backend` is to be used in place of the given one."""

    def __init__(self, backend: Backend, settings: OAuthSettings, owner: Owner) -> None:
        seal = Seal(settings.state_keys)
        self.grants = Grants(records_in(backend.store), seal, settings)
        self.auth = OAuthAuth(settings, self.grants)
        replies = open_store(None).replies  # of many people: not in a file
        self.backend = replace(
            backend,
            store=_Store(backend.store.requests, replies),
            transports=lambda: _Watched(backend.transports(), self.grants.end_of_key),
        )
        clients = Clients(settings, seal, Documents())
        consent = Consent(settings, seal, clients, self.grants, owner, may_write=backend.settings.access is None)
        endpoints = Endpoints(settings, clients, self.grants)

        async def home(_: Request) -> Response:
            return pages.home(settings)

        self.routes = [
            Route("/", home),
            Route("/.well-known/oauth-authorization-server", endpoints.server_metadata),
            Route("/.well-known/oauth-protected-resource", endpoints.resource_metadata),
            Route("/.well-known/oauth-protected-resource/mcp", endpoints.resource_metadata),
            Route("/authorize", _answering(consent.ask, _page_away)),
            Route("/authorize", _answering(consent.answer, _page_away), methods=["POST"]),
            Route("/register", _answering(endpoints.register, _away), methods=["POST"]),
            Route("/token", _answering(endpoints.token, _away), methods=["POST"]),
            Route("/revoke", _answering(endpoints.revoke, _away), methods=["POST"]),
        ]


@dataclass(frozen=True)
class _Store:
    """A `Store` of two."""

    requests: Requests
    replies: Replies


class _Watched(httpx.AsyncBaseTransport):
    """Passes requests on, and ends all that uses a key which the service does not take any more."""

    def __init__(self, inner: httpx.AsyncBaseTransport, refused: Callable[[str], Awaitable[None]]) -> None:
        self._inner = inner
        self._refused = refused

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send."""
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        response = await self._inner.handle_async_request(request)
        if response.status_code == 401 and scheme == "Bearer":  # a redirect or a page may be an outage of everybody
            with suppress(StoreUnavailable):  # the next call will be refused as well
                await self._refused(ApiKey(key).fingerprint)
        return response

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()


Handler = Callable[[Request], Awaitable[Response]]


def _answering(handler: Handler, away: Callable[[], Response]) -> Handler:
    """Return a handler that also answers errors, `away` where the store or a file cannot be used."""

    async def handled(request: Request) -> Response:
        try:
            return await handler(request)
        except OAuthError as error:
            return error.response
        except (StoreUnavailable, UsageError):
            return away()

    return handled


def _page_away() -> Response:
    return pages.told("This does not work now", "Try again in a minute.", status=503)


def _away() -> Response:
    return OAuthError("temporarily_unavailable", "try again in a minute", 503).response
