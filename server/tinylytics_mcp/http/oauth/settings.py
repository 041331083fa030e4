"""Reads the settings of OAuth."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from tinylytics_mcp.errors import UsageError
from tinylytics_mcp.http.oauth.forms import OAuthError
from tinylytics_mcp.settings import STATE_KEY, checked_base_url, is_on, state_key

PUBLIC_URL = "TINYLYTICS_PUBLIC_URL"
ALLOWED_ACCOUNTS = "TINYLYTICS_ALLOWED_ACCOUNTS"
STATE_KEY_OLD = "TINYLYTICS_STATE_KEY_OLD"
CLIENTS_FILE = "TINYLYTICS_OAUTH_CLIENTS_FILE"
FETCH_CLIENTS = "TINYLYTICS_OAUTH_FETCH_CLIENTS"

READ, WRITE = "read", "write"
SCOPES = (READ, WRITE)


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


def read_oauth_settings(given: Mapping[str, str]) -> OAuthSettings | None:
    """Return the settings, None where OAuth is not used.

    Raises:
        UsageError: a value cannot be used, or one is missing.
    """
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
    listed = given.get(ALLOWED_ACCOUNTS, "").split(",")
    return OAuthSettings(
        issuer=_public_url(given[PUBLIC_URL]),
        state_keys=(newest,) if older is None else (newest, older),
        accounts=frozenset(name.strip().lower() for name in listed if name.strip()),
        clients_file=Path(given[CLIENTS_FILE]).expanduser() if CLIENTS_FILE in given else None,
        fetch_clients=is_on(given, FETCH_CLIENTS),
    )


def _public_url(text: str) -> str:
    try:
        url = checked_base_url(PUBLIC_URL, text)
    except UsageError:
        url = ""
    parts = urlsplit(url)
    if not parts.hostname or parts.path:
        raise UsageError(
            f"{PUBLIC_URL} takes the address at which people reach this server, such as https://stats.example.org: "
            "https (plain http is for 127.0.0.1 and localhost only), without a path."
        )
    return url.lower()
