"""Reads the settings of serving over HTTP and refuses those that would let in anybody."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from tinylytics_mcp.errors import UsageError
from tinylytics_mcp.http.oauth.forms import OAuthError
from tinylytics_mcp.settings import API_KEY, API_KEY_FILE, STATE_KEY, checked_base_url, is_loopback, is_on, state_key

TOKENS_FILE = "TINYLYTICS_TOKENS_FILE"
CLIENT_KEYS = "TINYLYTICS_CLIENT_KEYS"
ALLOWED_HOSTS = "TINYLYTICS_ALLOWED_HOSTS"
STATELESS = "TINYLYTICS_STATELESS"
PUBLIC_URL = "TINYLYTICS_PUBLIC_URL"
ALLOWED_ACCOUNTS = "TINYLYTICS_ALLOWED_ACCOUNTS"
STATE_KEY_OLD = "TINYLYTICS_STATE_KEY_OLD"
CLIENTS_FILE = "TINYLYTICS_OAUTH_CLIENTS_FILE"
FETCH_CLIENTS = "TINYLYTICS_OAUTH_FETCH_CLIENTS"

READ, WRITE = "read", "write"
SCOPES = (READ, WRITE)

_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?|\[[0-9a-f:]+\](:[0-9]{1,5})?")


class AuthMode(StrEnum):
    """How clients authenticate; a server uses one way."""

    TOKENS = "whoever holds a gateway token"
    CLIENT_KEYS = "whoever sends a Tinylytics key"
    OAUTH = "whoever logs in with a Tinylytics key"
    LOOPBACK = "this computer only"


@dataclass(frozen=True)
class OAuthSettings:
    """`issuer` is the address at which people reach this server. The first of `state_keys` seals, the others only open.
    `accounts` are ids and e-mail addresses of those who may connect; none: whoever has a key. `fetch_clients`: whether
    documents of clients that this package does not know are fetched."""

    issuer: str
    state_keys: tuple[str, ...] = field(repr=False)
    accounts: frozenset[str] = frozenset()
    clients_file: Path | None = None
    fetch_clients: bool = False

    @property
    def host(self) -> str:
        """The name, with its port, by which people call this server."""
        return urlsplit(self.issuer).netloc

    @property
    def is_secure(self) -> bool:
        """Whether it is reached by TLS."""
        return self.issuer.startswith("https:")

    @property
    def resource(self) -> str:
        """What tokens are for (RFC 8707): the address of the MCP server."""
        return f"{self.issuer}/mcp"

    def check_resource(self, resource: str | None) -> None:
        """Refuse a token for anything but this server (RFC 8707)."""
        if resource is not None and resource.rstrip("/") not in (self.resource, self.issuer):
            raise OAuthError("invalid_target", f"resource must be {self.resource}")

    @property
    def challenge(self) -> str:
        """The `WWW-Authenticate` of a 401: where a client learns how to get a token, and for which scopes."""
        metadata = f"{self.issuer}/.well-known/oauth-protected-resource/mcp"
        return f'Bearer error="invalid_token", resource_metadata="{metadata}", scope="{" ".join(SCOPES)}"'


@dataclass(frozen=True)
class HttpSettings:
    """`hosts` are names that clients call the server by, beside loopback. `state_key` seals what a client brings back
    to be confirmed; replicas share it. `stateless`: no sessions for clients of the older protocol."""

    auth_mode: AuthMode
    tokens_file: Path | None = None
    hosts: tuple[str, ...] = ()
    state_key: str | None = None
    stateless: bool = False
    oauth: OAuthSettings | None = None

    @property
    def allowed_hosts(self) -> frozenset[str]:
        """The `Host` that a request may have; a name without a port allows any port."""
        return frozenset({*_LOOPBACK, *self.hosts})

    @property
    def allowed_origins(self) -> frozenset[str]:
        """The `Origin` that a request may have, if it has one."""
        return frozenset({f"http://{name}" for name in _LOOPBACK} | {f"https://{name}" for name in self.hosts})


def read_http_settings(environment: Mapping[str, str], *, host: str) -> HttpSettings:
    """Return the settings for serving on an address.

    Raises:
        UsageError: a value cannot be used, two contradict each other, or the server would let in anybody.
    """
    given = {name: value.strip() for name, value in environment.items() if value.strip()}
    auth_mode, oauth = _auth_mode(given), _oauth(given)
    hosts = _names(given, ALLOWED_HOSTS)
    if not all(_HOST.fullmatch(name) for name in hosts):
        raise UsageError(
            f"{ALLOWED_HOSTS} takes names with commas between them, such as mcp.example.com,10.0.0.5:8000."
        )
    if oauth is not None and oauth.is_secure:
        hosts = (oauth.host, *hosts)
    if not is_loopback(host) or hosts:
        reached = f"--host {host} is" if not is_loopback(host) else f"{ALLOWED_HOSTS} says that this server is"
        if auth_mode is AuthMode.LOOPBACK:
            raise UsageError(
                f"{reached} reached from other computers, and nothing asks who is there: set {TOKENS_FILE}, "
                f"{CLIENT_KEYS}=1 where clients send their own keys, or {PUBLIC_URL} where people log in."
            )
        if not hosts:
            raise UsageError(
                f"{reached} reached from other computers: set {ALLOWED_HOSTS} to the names they call it by."
            )
    tokens_file, stateless = _path(given, TOKENS_FILE), is_on(given, STATELESS)
    return HttpSettings(auth_mode, tokens_file, hosts, state_key(given), stateless, oauth)


def _auth_mode(given: Mapping[str, str]) -> AuthMode:
    chosen = PUBLIC_URL if PUBLIC_URL in given else CLIENT_KEYS if is_on(given, CLIENT_KEYS) else None
    if chosen is None:
        return AuthMode.TOKENS if TOKENS_FILE in given else AuthMode.LOOPBACK
    for name in (TOKENS_FILE, API_KEY, API_KEY_FILE, CLIENT_KEYS):
        if name in given and name != chosen and (name != CLIENT_KEYS or is_on(given, name)):
            raise UsageError(
                f"With {chosen} each client brings its own key, and {name} would never be used: unset one."
            )
    return AuthMode.OAUTH if chosen == PUBLIC_URL else AuthMode.CLIENT_KEYS


def _oauth(given: Mapping[str, str]) -> OAuthSettings | None:
    if PUBLIC_URL not in given:
        for name in (ALLOWED_ACCOUNTS, STATE_KEY_OLD, CLIENTS_FILE, FETCH_CLIENTS):
            if name in given:
                raise UsageError(f"{name} is for logging in with OAuth: set {PUBLIC_URL} too, or unset it.")
        return None
    newest, older = state_key(given), state_key(given, STATE_KEY_OLD)
    if newest is None:
        raise UsageError(
            f"{PUBLIC_URL} needs {STATE_KEY}, which seals the keys of those who connect: 32 secret characters or more, "
            "such as what `openssl rand -hex 32` prints, the same on all replicas and after each start."
        )
    try:
        url = re.sub(r"\A(https:.+):(443)?\Z", r"\1", checked_base_url(PUBLIC_URL, given[PUBLIC_URL]).lower())
    except UsageError:
        url = ""
    if not urlsplit(url).hostname or urlsplit(url).path:
        raise UsageError(
            f"{PUBLIC_URL} takes the address at which people reach this server, such as https://stats.example.org: "
            "https (plain http is for 127.0.0.1 and localhost only), without a path."
        )
    accounts = frozenset(_names(given, ALLOWED_ACCOUNTS))
    if ALLOWED_ACCOUNTS in given and not accounts:
        raise UsageError(f"{ALLOWED_ACCOUNTS} names nobody: unset it to let in whoever has a key.")
    return OAuthSettings(
        issuer=url,
        state_keys=(newest,) if older is None else (newest, older),
        accounts=accounts,
        clients_file=_path(given, CLIENTS_FILE),
        fetch_clients=is_on(given, FETCH_CLIENTS),
    )


def _names(given: Mapping[str, str], variable: str) -> tuple[str, ...]:
    return tuple(name.strip().lower() for name in given.get(variable, "").split(",") if name.strip())


def _path(given: Mapping[str, str], variable: str) -> Path | None:
    return Path(given[variable]).expanduser() if variable in given else None
