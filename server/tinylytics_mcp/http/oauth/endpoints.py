"""Answers the endpoints that clients ask: metadata, registration, tokens and revocation."""

import base64
from collections.abc import Mapping
from urllib.parse import unquote_plus

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tinylytics_mcp.http.oauth.clients import JSON_OBJECT, Clients, NotAClient, OAuthClient
from tinylytics_mcp.http.oauth.consent import is_ours
from tinylytics_mcp.http.oauth.forms import NotReadable, body_of, form_of
from tinylytics_mcp.http.oauth.grants import ACCESS_S, Grants, Invalid, Issued
from tinylytics_mcp.http.oauth.settings import SCOPES, OAuthSettings

_METHODS = ["none", "client_secret_post", "client_secret_basic"]
_GRANT_TYPES = ["authorization_code", "refresh_token"]
_NO_STORE = {"cache-control": "no-store", "pragma": "no-cache"}


class Refused(Exception):
    """A request that gets an error of RFC 6749."""

    def __init__(self, error: str, message: str, *, status: int = 400) -> None:
        super().__init__(message)
        self.error = error
        self.status = status


class Endpoints:
    """The endpoints that clients ask."""

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
            return JSONResponse(
                self._clients.register(JSON_OBJECT.validate_json(await body_of(request))), 201, _NO_STORE
            )
        except NotAClient as error:
            return _error(Refused(error.error, str(error)))
        except (NotReadable, ValidationError):
            return _error(Refused("invalid_client_metadata", "the body is not a JSON object, or too large"))

    async def token(self, request: Request) -> Response:
        """Exchange a code or a refresh token for new tokens."""
        try:
            issued = await self._exchanged(*await self._client(request))
        except Refused as error:
            return _error(error)
        except Invalid as error:
            return _error(Refused(error.error, str(error)))
        except KeyError as missing:
            return _error(Refused("invalid_request", f"{missing.args[0]} is missing"))
        answer = {
            "access_token": issued.access,
            "token_type": "Bearer",
            "expires_in": ACCESS_S,
            "refresh_token": issued.refresh,
            "scope": issued.scope,
        }
        return JSONResponse(answer, headers=_NO_STORE)

    async def revoke(self, request: Request) -> Response:
        """End a token (RFC 7009); one that is not known is ended already."""
        try:
            form, client = await self._client(request)
            await self._grants.revoke(client.id, form["token"])
        except Refused as error:
            return _error(error)
        except KeyError:
            return _error(Refused("invalid_request", "token is missing"))
        return Response(headers=_NO_STORE)

    async def _exchanged(self, form: dict[str, str], client: OAuthClient) -> Issued:
        kind = form.get("grant_type")
        if kind not in _GRANT_TYPES:
            raise Refused("unsupported_grant_type", f"grant_type is {' or '.join(_GRANT_TYPES)}")
        if not is_ours(self._settings, form.get("resource")):
            raise Refused("invalid_target", f"resource must be {self._settings.resource}")
        refreshes = kind == "refresh_token"
        if client.is_expired and not (refreshes and await self._grants.is_refreshable(form[kind])):
            raise Refused("invalid_client", "this client registered too long ago", status=401)
        if not refreshes:
            return await self._grants.redeem(
                client.id, form["code"], redirect=form.get("redirect_uri"), verifier=form["code_verifier"]
            )
        scope = frozenset(form["scope"].split()) if "scope" in form else None
        return await self._grants.refresh(client.id, form[kind], scope=scope)

    async def _client(self, request: Request) -> tuple[dict[str, str], OAuthClient]:
        """Return a form and the client that sent it.

        Raises:
            Refused: it is no form, or the client is not known or shows another secret than its own.
        """
        try:
            form = await form_of(request)
        except NotReadable as error:
            raise Refused("invalid_request", str(error)) from None
        client_id, secret = _credentials(request.headers, form)
        client = await self._clients.find(client_id, may_fetch=False)
        if client is None or not client.is_its_secret(secret):
            raise Refused("invalid_client", "this client is not known, or its secret is another", status=401)
        return form, client


def _credentials(headers: Mapping[str, str], form: Mapping[str, str]) -> tuple[str, str]:
    """Return a client's id and secret, from the header or the form."""
    scheme, _, encoded = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return form.get("client_id", ""), form.get("client_secret", "")
    try:
        client_id, _, secret = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except ValueError:
        raise Refused("invalid_client", "the header Authorization cannot be read", status=401) from None
    client_id, secret = unquote_plus(client_id), unquote_plus(secret)
    if form.get("client_id", client_id) != client_id:
        raise Refused("invalid_request", "client_id is not that of the header Authorization")
    return client_id, secret


def _error(refused: Refused) -> Response:
    headers = {**_NO_STORE, **({"www-authenticate": "Basic"} if refused.status == 401 else {})}
    return JSONResponse({"error": refused.error, "error_description": str(refused)}, refused.status, headers)
