"""Answers the endpoints that clients ask: metadata, registration, tokens and revocation."""

import base64
from collections.abc import Mapping
from urllib.parse import unquote_plus

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tinylytics_mcp.http.oauth.clients import JSON_OBJECT, Clients, OAuthClient
from tinylytics_mcp.http.oauth.forms import NO_STORE, OAuthError, body_of, form_of, needed
from tinylytics_mcp.http.oauth.grants import Grants
from tinylytics_mcp.http.oauth.settings import SCOPES, OAuthSettings

_GRANT_TYPES = ["authorization_code", "refresh_token"]
_METHODS = ["none", "client_secret_post", "client_secret_basic"]


class Endpoints:
    """The endpoints that clients ask; all but metadata raise an `OAuthError` where a client is to be told one."""

    def __init__(self, settings: OAuthSettings, clients: Clients, grants: Grants) -> None:
        self._settings = settings
        self._clients = clients
        self._grants = grants

    async def server_metadata(self, _: Request) -> Response:
        """Describe the authorization server (RFC 8414)."""
        issuer = self._settings.issuer
        return JSONResponse(
            {
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
        )

    async def resource_metadata(self, _: Request) -> Response:
        """Describe what tokens are for (RFC 9728)."""
        return JSONResponse(
            {
                "resource": self._settings.resource,
                "authorization_servers": [self._settings.issuer],
                "scopes_supported": SCOPES,
                "bearer_methods_supported": ["header"],
                "resource_name": "Tinylytics",
            }
        )

    async def register(self, request: Request) -> Response:
        """Register a client (RFC 7591)."""
        try:
            metadata = JSON_OBJECT.validate_json(await body_of(request))
        except ValidationError:
            raise OAuthError("invalid_client_metadata", "the body is not a JSON object") from None
        return JSONResponse(self._clients.register(metadata), 201, NO_STORE)

    async def token(self, request: Request) -> Response:
        """Exchange a code or a refresh token for new tokens."""
        form, client = await self._client(request)
        kind = form.get("grant_type")
        if kind not in _GRANT_TYPES:
            raise OAuthError("unsupported_grant_type", f"grant_type is {' or '.join(_GRANT_TYPES)}")
        self._settings.check_resource(form.get("resource"))
        refreshes = kind == "refresh_token"
        if client.is_expired and not (refreshes and await self._grants.is_refreshable(needed(form, kind))):
            raise OAuthError("invalid_client", "this client registered too long ago", 401)
        if refreshes:
            scope = form["scope"].split() if "scope" in form else SCOPES
            issued = await self._grants.refresh(client.id, needed(form, kind), scope)
        else:
            code, verifier = needed(form, "code"), needed(form, "code_verifier")
            issued = await self._grants.redeem(client.id, code, redirect=form.get("redirect_uri"), verifier=verifier)
        return JSONResponse(issued, headers=NO_STORE)

    async def revoke(self, request: Request) -> Response:
        """End a token (RFC 7009); one that is not known is ended already."""
        form, client = await self._client(request)
        await self._grants.revoke(client.id, needed(form, "token"))
        return Response(headers=NO_STORE)

    async def _client(self, request: Request) -> tuple[dict[str, str], OAuthClient]:
        """Return a form and the client that sent it, which has shown its secret if it has one."""
        form = await form_of(request)
        client_id, secret = _credentials(request.headers, form)
        client = await self._clients.find(client_id, may_fetch=False)
        if client is None or not client.is_its_secret(secret):
            raise OAuthError("invalid_client", "this client is not known, or its secret is another", 401)
        return form, client


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
