"""The authorization server: its routes, how it authenticates requests, and what it asks of the backend."""

import base64
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from html import escape
from time import monotonic
from typing import Any
from urllib.parse import unquote_plus

import httpx2 as httpx
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from tinylytics_tools.access import WHERE_KEYS_ARE_MADE, ApiKey
from tinylytics_tools.failures import Remedies
from tinylytics_tools.me import MeReply
from tinylytics_tools.transport import open_store
from tinylytics_tools.transport.interface import Store, StoreUnavailable

from tinylytics_mcp.backend import Backend
from tinylytics_mcp.errors import UsageError
from tinylytics_mcp.http.auth import Auth, Caller, KeyChecks, TryLater, bearer_of
from tinylytics_mcp.http.oauth import pages
from tinylytics_mcp.http.oauth.clients import Clients, OAuthClient
from tinylytics_mcp.http.oauth.consent import Consent
from tinylytics_mcp.http.oauth.documents import Documents
from tinylytics_mcp.http.oauth.forms import NO_STORE, OAuthError, form_of, needed
from tinylytics_mcp.http.oauth.grants import Grants
from tinylytics_mcp.http.oauth.seal import Seal
from tinylytics_mcp.http.oauth.store import records_in
from tinylytics_mcp.http.settings import READ, SCOPES, WRITE, OAuthSettings

_GRANT_TYPES = ["authorization_code", "refresh_token"]
_METHODS = ["none", "client_secret_post", "client_secret_basic"]
_AGAIN = (
    "remove this server from the host's connectors or log out of it there, connect it again, and on the page that opens"
)
_ALLOW = f"{_AGAIN} choose reading and writing and use a Tinylytics key that begins with tly-fa-."

_NEEDED = "a login (enter this address in the host as a connector: it opens the page where people log in)"
_REMEDIES = Remedies(
    new_key=f"The user can make a new one under {WHERE_KEYS_ARE_MADE}. To use it, {_AGAIN} enter it.",
    full_key=f"The user can allow it, which is the scope {WRITE}: {_ALLOW}",
    may_write=f"this connection has the scope {READ} and not the scope {WRITE}. Nothing was sent. The user can allow "
    f"writing: {_ALLOW}",
)


class AuthorizationServer:
    """What OAuth adds to the server: it takes access tokens, and has routes, answers to what they raise, and a backend
    to be used in place of the given one, whose clients `keys` asks."""

    def __init__(self, backend: Backend, settings: OAuthSettings, keys: KeyChecks[MeReply]) -> None:
        seal = Seal(settings.state_keys)
        self.auth = Auth(settings.challenge, _NEEDED, _REMEDIES, self._caller)
        self._settings = settings
        self._grants = Grants(records_in(backend.store), seal, settings)
        self._clients = Clients(settings, seal, Documents())
        consent = Consent(settings, seal, self._clients, self._grants, keys, may_write=backend.settings.access is None)
        self.backend = replace(
            backend,
            store=Store(backend.store.requests, open_store(None).replies),  # of many people: not in a file
            transports=lambda: _Watched(backend.transports(), self._grants.end_of_key),
        )
        about_resource = {  # RFC 9728
            "resource": settings.resource,
            "authorization_servers": [settings.issuer],
            "scopes_supported": SCOPES,
            "bearer_methods_supported": ["header"],
            "resource_name": "Tinylytics",
        }
        known, resource = "/.well-known", JSONResponse(about_resource)
        home = pages.part("home.html").substitute(resource=escape(settings.resource), made=escape(WHERE_KEYS_ARE_MADE))
        self.routes = [
            Route("/", pages.page("Tinylytics for your assistant", home), methods=["GET"]),
            Route(f"{known}/oauth-authorization-server", JSONResponse(_about_server(settings.issuer)), methods=["GET"]),
            Route(f"{known}/oauth-protected-resource", resource, methods=["GET"]),
            Route(f"{known}/oauth-protected-resource/mcp", resource, methods=["GET"]),
            Route("/authorize", consent.ask),
            Route("/authorize", consent.answer, methods=["POST"]),
            Route("/register", self._register, methods=["POST"]),
            Route("/token", self._token, methods=["POST"]),
            Route("/revoke", self._revoke, methods=["POST"]),
        ]
        self.exception_handlers = dict.fromkeys((OAuthError, StoreUnavailable, UsageError, ClientDisconnect), _told)

    async def _caller(self, headers: Mapping[str, str]) -> Caller | None:
        """Return whose a token is: the caller is the grant, which outlives its tokens."""
        try:
            return await self._grants.caller(bearer_of(headers))
        except StoreUnavailable:
            raise TryLater from None

    async def _register(self, request: Request) -> Response:
        return JSONResponse(self._clients.register(await request.body()), 201, NO_STORE)

    async def _token(self, request: Request) -> Response:
        form, client = await self._client(request)
        kind = form.get("grant_type")
        if kind not in _GRANT_TYPES:
            raise OAuthError("unsupported_grant_type", f"grant_type is {' or '.join(_GRANT_TYPES)}")
        self._settings.check_resource(form.get("resource"))
        try:
            if kind == "refresh_token":
                scope = form["scope"].split() if "scope" in form else SCOPES
                issued = await self._grants.refresh(client.client_id, needed(form, kind), scope)
            else:
                code, verifier = needed(form, "code"), needed(form, "code_verifier")
                redirect = form.get("redirect_uri")
                issued = await self._grants.redeem(client.client_id, code, redirect=redirect, verifier=verifier)
        except OAuthError:
            if not client.is_expired:
                raise
            raise OAuthError("invalid_client", "this client registered too long ago", 401) from None
        return JSONResponse(issued, headers=NO_STORE)

    async def _revoke(self, request: Request) -> Response:
        """End a token (RFC 7009); one that is not known is ended already."""
        form, client = await self._client(request)
        await self._grants.revoke(client.client_id, needed(form, "token"))
        return Response(headers=NO_STORE)

    async def _client(self, request: Request) -> tuple[dict[str, str], OAuthClient]:
        """Return a form and the client that sent it, which has shown its secret if it has one."""
        form = await form_of(request)
        client_id, secret = _credentials(request.headers, form)
        client = await self._clients.find(client_id, may_fetch=False)
        if client is None or not client.is_its_secret(secret):
            raise OAuthError("invalid_client", "this client is not known, or its secret is another", 401)
        return form, client


def _about_server(issuer: str) -> dict[str, Any]:
    """RFC 8414."""
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{issuer}/token",
        "registration_endpoint": f"{issuer}/register",
        "revocation_endpoint": f"{issuer}/revoke",
        "scopes_supported": SCOPES,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": _GRANT_TYPES,
        "token_endpoint_auth_methods_supported": _METHODS,
        "revocation_endpoint_auth_methods_supported": _METHODS,
        "code_challenge_methods_supported": ["S256"],
        "client_id_metadata_document_supported": True,
        "authorization_response_iss_parameter_supported": True,
    }


async def _told(request: Request, error: Exception) -> Response:
    """Answer an error; any but an `OAuthError` is of the store or a file, which cannot be used, or nobody reads it."""
    if isinstance(error, OAuthError):
        return error.response
    if request.url.path == "/authorize":
        return pages.told("This does not work now", "Try again in a minute.", status=503)
    return OAuthError("temporarily_unavailable", "try again in a minute", 503).response


def _credentials(headers: Mapping[str, str], form: Mapping[str, str]) -> tuple[str, str]:
    """Return a client's id and secret, from the header or the form."""
    scheme, _, encoded = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return form.get("client_id", ""), form.get("client_secret", "")
    try:
        client_id, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        raise OAuthError("invalid_client", "the header Authorization cannot be read", 401) from None
    client_id, secret = unquote_plus(client_id), unquote_plus(secret)
    if form.get("client_id", client_id) != client_id:
        raise OAuthError("invalid_request", "client_id is not that of the header Authorization")
    return client_id, secret


class _Watched(httpx.AsyncBaseTransport):
    """Passes requests on, and ends all that uses a key which the service does not take any more: once in five seconds,
    since all logins are searched and many requests may be refused at once."""

    def __init__(self, inner: httpx.AsyncBaseTransport, refused: Callable[[str], Awaitable[None]]) -> None:
        self._inner = inner
        self._refused = refused
        self._again_at = float("-inf")
        self.aclose = inner.aclose

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send."""
        key = bearer_of(request.headers)
        response = await self._inner.handle_async_request(request)
        if response.status_code == 401 and key and monotonic() >= self._again_at:
            self._again_at = monotonic() + 5
            with suppress(StoreUnavailable):  # the next call will be refused as well
                await self._refused(ApiKey(key).fingerprint)
        return response
