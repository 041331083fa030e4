"""Knows the clients: those that this package ships, those that the operator names, and those that registered."""

import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import Field, TypeAdapter, ValidationError

from tinylytics_mcp.errors import UsageError
from tinylytics_mcp.http.oauth.documents import Documents
from tinylytics_mcp.http.oauth.forms import OAuthError
from tinylytics_mcp.http.oauth.seal import Seal, same
from tinylytics_mcp.http.oauth.settings import SCOPES, OAuthSettings
from tinylytics_mcp.http.tokens import hash_of, watched
from tinylytics_mcp.settings import is_loopback

REGISTERED_S = 90 * 86_400
LONGEST_NAME = 100
LONGEST_URI = 500
MOST_URIS = 10

CHATGPT = "https://chatgpt.com/oauth/client.json"
PRIVATE_REDIRECTS = frozenset({"cursor://anysphere.cursor-mcp/oauth/callback"})
"""Redirects to a program of this computer by a scheme of its own. Any program can claim such a scheme."""

_CHATGPT_ID = re.compile(r"https://chatgpt\.com/oauth/[A-Za-z0-9_-]{1,128}/client\.json")
_LAST_PART = re.compile(r"(?<=/)[A-Za-z0-9_-]{1,128}\Z")
_URI = re.compile(r"[A-Za-z0-9._~:/?\[\]@!$&'()*+,;=%-]+")
JSON_OBJECT: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Any])


@dataclass(frozen=True)
class OAuthClient:
    """A client. `is_known`: its name is checked. `secret_hashes`: one of them fits its secret; none: it has none.
    `is_expired`: it registered too long ago to begin anything new."""

    id: str
    name: str
    redirects: tuple[str, ...] = ()
    is_known: bool = False
    secret_hashes: tuple[str, ...] = ()
    is_expired: bool = False

    def takes(self, redirect: str) -> bool:
        """Return whether a redirect is one of its own: equal, but for the port of a loopback address (RFC 8252). One
        of a known client may end in `*`, for one part of a path."""
        own = set(map(_without_port, self.redirects))
        stem = _LAST_PART.sub("*", redirect) if self.is_known else redirect
        return is_safe(redirect) and (_without_port(redirect) in own or stem in own)

    def is_its_secret(self, given: str) -> bool:
        """Return whether a secret is its own; one without a secret needs none."""
        return not self.secret_hashes or any(same(known, hash_of(given)) for known in self.secret_hashes)


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
            return replace(known[CHATGPT], id=client_id)
        if not client_id.startswith("https://"):
            return self._registered(client_id)
        if self._documents is None or not may_fetch:
            return None if self._documents is None else OAuthClient(client_id, client_id)
        document = await self._documents.find(client_id)
        try:
            return None if document is None else OAuthClient(client_id, *_described(document))
        except OAuthError:
            return None

    def _known(self) -> dict[str, OAuthClient]:
        return self._shipped if self._file is None else {**self._shipped, **watched(self._file, read_clients)}

    def register(self, metadata: Mapping[str, Any]) -> dict[str, Any]:
        """Return the answer to a registration (RFC 7591). All that there is to know is in the id: nothing is kept.

        Raises:
            OAuthError: a redirect leads elsewhere than to https or this computer, or there are too many.
        """
        name, redirects = _described(metadata)
        now = int(time.time())
        asked = metadata.get("token_endpoint_auth_method")
        method = asked if asked in ("client_secret_post", "client_secret_basic") else "none"
        client_id = self._seal.sign("client", [name, redirects, now, method != "none", secrets.token_urlsafe(6)])
        answer: dict[str, Any] = {
            "client_id": client_id,
            "client_id_issued_at": now,
            "client_name": name,
            "redirect_uris": redirects,
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "token_endpoint_auth_method": method,
            "scope": " ".join(SCOPES),
        }
        if method != "none":
            answer["client_secret"] = self._seal.derive("secret of a client", client_id)[0]
            answer["client_secret_expires_at"] = now + REGISTERED_S
        return answer

    def _registered(self, client_id: str) -> OAuthClient | None:
        facts = self._seal.read("client", client_id)
        if facts is None:
            return None
        name, redirects, since, has_secret, _ = facts
        hashes = [hash_of(secret) for secret in self._seal.derive("secret of a client", client_id) if has_secret]
        is_expired = time.time() > since + REGISTERED_S
        return OAuthClient(client_id, name, tuple(redirects), secret_hashes=tuple(hashes), is_expired=is_expired)


def is_safe(redirect: str) -> bool:
    """Return whether a code may be sent to an address at all: https, this computer, or a private scheme of the list."""
    if redirect in PRIVATE_REDIRECTS:
        return True
    if len(redirect) > LONGEST_URI or not _URI.fullmatch(redirect):  # no blank, backslash, quote or fragment
        return False
    try:
        parts = urlsplit(redirect)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or "@" in parts.netloc:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))


def destination(redirect: str) -> tuple[str, bool]:
    """Return where a code would be sent, for people, and whether that is a program on the device that they use."""
    parts = urlsplit(redirect)
    if parts.scheme == "https":
        return parts.netloc, False
    return (f"this device ({parts.netloc})" if parts.scheme == "http" else f"this device ({parts.scheme}:)"), True


def read_clients(path: Path) -> dict[str, OAuthClient]:
    """Return the clients that a file names, by their id.

    Raises:
        UsageError: the file cannot be read, or is none of clients.
    """
    try:
        named = [_named(client) for client in _FILE.validate_json(path.read_bytes())["clients"]]
    except OSError as error:
        raise UsageError(f"the file of clients {path} cannot be read: {error.strerror}.") from None
    except (ValueError, KeyError, OAuthError):
        raise UsageError(
            f'{path} is not a file of clients: {{"clients": [{{"client_id": …, "client_name": …, '
            '"client_secret_sha256": …, "redirect_uris": […]}]}.'
        ) from None
    return {client.id: client for client in named}


def _named(client: dict[str, Any]) -> OAuthClient:
    digest = client.get("client_secret_sha256")
    if digest is not None and not re.fullmatch("[0-9a-f]{64}", digest):
        raise ValueError("client_secret_sha256 is what sha256sum prints")
    hashes = () if digest is None else (digest,)
    return OAuthClient(str(client["client_id"]), *_described(client), is_known=True, secret_hashes=hashes)


def _described(metadata: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    """Return the name and the redirects that a client's metadata has; what else is there is of no matter."""
    try:
        redirects = _REDIRECTS.validate_python(metadata.get("redirect_uris"))
    except ValidationError:
        raise OAuthError("invalid_redirect_uri", f"redirect_uris takes 1 to {MOST_URIS} addresses") from None
    if not all(map(is_safe, redirects)):
        raise OAuthError("invalid_redirect_uri", "a redirect URI begins with https://, or http:// on this computer")
    name: Any = metadata.get("client_name")
    shown = "".join(char for char in name if char.isprintable()) if isinstance(name, str) else ""
    return shown.strip()[:LONGEST_NAME] or "an app without a name", redirects


def _without_port(redirect: str) -> str:
    """Return a redirect to this computer without its port, and any other as it is."""
    parts = urlsplit(redirect)
    if parts.scheme != "http" or not is_loopback(parts.hostname or ""):
        return redirect
    return parts._replace(netloc=parts.hostname or "").geturl()


_FILE: TypeAdapter[dict[str, list[dict[str, Any]]]] = TypeAdapter(dict[str, list[dict[str, Any]]])
_REDIRECTS = TypeAdapter(Annotated[tuple[str, ...], Field(min_length=1, max_length=MOST_URIS, strict=False)])
