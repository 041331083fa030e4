"""Knows the clients: those that this package ships, those that the operator names, and those that registered."""

import re
import secrets
import time
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, Field, TypeAdapter, ValidationError

from tinylytics_mcp.errors import UsageError
from tinylytics_mcp.http.oauth.documents import Documents
from tinylytics_mcp.http.oauth.forms import OAuthError
from tinylytics_mcp.http.oauth.seal import Seal
from tinylytics_mcp.http.settings import SCOPES, OAuthSettings
from tinylytics_mcp.http.tokens import hash_of, watched

REGISTERED_S = 90 * 86_400
LONGEST_NAME = 100
LONGEST_URI = 500
MOST_URIS = 10
NAMELESS = "an app without a name"

CHATGPT = "https://chatgpt.com/oauth/client.json"
_CHATGPT_ID = re.compile(r"https://chatgpt\.com/oauth/[A-Za-z0-9_-]{1,128}/client\.json")
_LAST_PART = re.compile(r"(?<=/)[A-Za-z0-9_-]{1,128}\Z")
_REST = r"(:[0-9]{1,5})?([/?][A-Za-z0-9._~:/?\[\]@!$&'()*+,;=%-]*)?"
_REDIRECT = (
    rf"^(https://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\]){_REST}|http://(localhost|127(\.[0-9]{{1,3}}){{3}}|\[::1\]){_REST}"
    r"|cursor://anysphere\.cursor-mcp/oauth/callback)$"
)
"""Where a code may be sent at all: to https, to this computer, or by a private scheme of the list, which any program
can claim. Nothing that two readers could take differently: no name, backslash, escape in the host, or fragment."""
_PORT = re.compile(r"(?<=\Ahttp:)//(localhost|[0-9.]+|\[::1\]):[0-9]{1,5}")


def destination(redirect: str) -> tuple[str, bool]:
    """Return where a code would be sent, for people, and whether that is a program on the device that they use."""
    parts = urlsplit(redirect)
    if parts.scheme == "https":
        return parts.netloc, False
    return (f"this device ({parts.netloc})" if parts.scheme == "http" else f"this device ({parts.scheme}:)"), True


def _shown(name: Any) -> str:
    text = re.sub("[“”]", "", "".join(filter(str.isprintable, name))) if isinstance(name, str) else ""
    return text.strip()[:LONGEST_NAME] or NAMELESS


class Metadata(BaseModel):
    """What a client says of itself; what else is there is of no matter."""

    client_name: Annotated[str, BeforeValidator(_shown)] = NAMELESS
    redirect_uris: Annotated[
        tuple[Annotated[str, Field(pattern=_REDIRECT, max_length=LONGEST_URI)], ...],
        Field(min_length=1, max_length=MOST_URIS),
    ]
    token_endpoint_auth_method: Any = None


class OAuthClient(Metadata):
    """A client, as a file names it. `is_known`: its name is checked. `is_expired`: it registered too long ago to begin
    anything new."""

    client_id: str
    client_secret_sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = None
    is_known: bool = False
    is_expired: bool = False

    def takes(self, redirect: str) -> bool:
        """Return whether a redirect is one of its own: equal, but for the port of a loopback address (RFC 8252). One
        of a known client may end in `*`, for one part of a path."""
        own = {_PORT.sub(r"//\1", uri) for uri in self.redirect_uris}
        stem = _LAST_PART.sub("*", redirect) if self.is_known else redirect
        return stem in own or _PORT.sub(r"//\1", redirect) in own

    def is_its_secret(self, given: str) -> bool:
        """Return whether a secret is its own; one without a secret needs none."""
        return self.client_secret_sha256 is None or secrets.compare_digest(self.client_secret_sha256, hash_of(given))


class Clients:
    """All clients that may ask.

    Raises:
        UsageError: the file that names clients cannot be used.
    """

    def __init__(self, settings: OAuthSettings, seal: Seal, documents: Documents) -> None:
        self._seal = seal
        self._documents = documents if settings.fetch_clients else None
        self._shipped = read_clients(Path(__file__).with_name("clients.json"))
        self._file = settings.clients_file
        self._known()

    async def find(self, client_id: str, *, may_fetch: bool = True) -> OAuthClient | None:
        """Return a client, None where it is not known.

        Without `may_fetch` one whose id is the address of a document is taken as it is: it has no secret, and what it
        was given is its own alone.
        """
        known = self._known()
        if client_id in known:
            return known[client_id]
        if _CHATGPT_ID.fullmatch(client_id):
            return known[CHATGPT].model_copy(update={"client_id": client_id})
        if not client_id.startswith("https://"):
            return self._registered(client_id)
        if self._documents is None:
            return None
        if not may_fetch:
            return OAuthClient.model_construct(client_id=client_id)
        try:
            metadata = Metadata.model_validate(await self._documents.find(client_id))
        except ValidationError:
            return None
        return OAuthClient.model_construct(client_id=client_id, **dict(metadata))

    def _known(self) -> dict[str, OAuthClient]:
        return self._shipped if self._file is None else {**self._shipped, **watched(self._file, read_clients)}

    def register(self, body: bytes) -> dict[str, Any]:
        """Return the answer to a registration (RFC 7591). All that there is to know is in the id: nothing is kept.

        Raises:
            OAuthError: it cannot be read, a redirect leads elsewhere than to https or this computer, or there are too
                many.
        """
        try:
            metadata = Metadata.model_validate_json(body)
        except ValidationError as error:
            if error.errors()[0]["loc"][:1] != ("redirect_uris",):
                raise OAuthError("invalid_client_metadata", "the body is not a JSON object") from None
            told = (
                f"redirect_uris takes 1 to {MOST_URIS} addresses that begin with https://, or http:// on this computer"
            )
            raise OAuthError("invalid_redirect_uri", told) from None
        asked, secret, now = metadata.token_endpoint_auth_method, secrets.token_urlsafe(32), int(time.time())
        method = asked if asked in ("client_secret_post", "client_secret_basic") else "none"
        name, redirects = metadata.client_name, metadata.redirect_uris
        about = [name, redirects, now, None if method == "none" else hash_of(secret)]
        shown = {} if method == "none" else {"client_secret": secret, "client_secret_expires_at": now + REGISTERED_S}
        return {
            "client_id": self._seal.close("client", about),
            "client_id_issued_at": now,
            "client_name": name,
            "redirect_uris": redirects,
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "token_endpoint_auth_method": method,
            "scope": " ".join(SCOPES),
            **shown,
        }

    def _registered(self, client_id: str) -> OAuthClient | None:
        about = self._seal.open("client", client_id)
        if about is None:
            return None
        name, redirects, since, secret = about
        return OAuthClient.model_construct(
            client_id=client_id,
            client_name=name,
            redirect_uris=redirects,
            client_secret_sha256=secret,
            is_expired=time.time() > since + REGISTERED_S,
        )


def read_clients(path: Path) -> dict[str, OAuthClient]:
    """Return the clients that a file names, by their id.

    Raises:
        UsageError: the file cannot be read, or is none of clients.
    """
    try:
        named = _FILE.validate_json(path.read_bytes())["clients"]
    except OSError as error:
        raise UsageError(f"the file of clients {path} cannot be read: {error.strerror}.") from None
    except (ValidationError, KeyError):
        raise UsageError(
            f'{path} is not a file of clients: {{"clients": [{{"client_id": …, "client_name": …, '
            '"client_secret_sha256": …, "redirect_uris": […]}]}.'
        ) from None
    return {of.client_id: of.model_copy(update={"is_known": True}) for of in named}


_FILE = TypeAdapter(dict[str, list[OAuthClient]])
