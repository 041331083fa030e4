"""Reads the settings of serving over HTTP and refuses those that would let in anybody."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from tinylytics_mcp.errors import UsageError
from tinylytics_mcp.http.oauth.settings import PUBLIC_URL, OAuthSettings, read_oauth_settings
from tinylytics_mcp.settings import API_KEY, API_KEY_FILE, is_loopback, is_on, state_key

TOKENS_FILE = "TINYLYTICS_TOKENS_FILE"
CLIENT_KEYS = "TINYLYTICS_CLIENT_KEYS"
ALLOWED_HOSTS = "TINYLYTICS_ALLOWED_HOSTS"
STATELESS = "TINYLYTICS_STATELESS"

_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?|\[[0-9a-f:]+\](:[0-9]{1,5})?")


class AuthMode(StrEnum):
    """How clients authenticate; a server uses one way."""

    TOKENS = "whoever holds a gateway token"
    CLIENT_KEYS = "whoever sends a Tinylytics key"
    OAUTH = "whoever logs in with a Tinylytics key"
    LOOPBACK = "this computer only"


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
    auth_mode = _auth_mode(given)
    hosts = _hosts(given)
    oauth = read_oauth_settings(given)
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
    return HttpSettings(
        auth_mode=auth_mode,
        tokens_file=Path(given[TOKENS_FILE]).expanduser() if TOKENS_FILE in given else None,
        hosts=hosts,
        state_key=state_key(given),
        stateless=is_on(given, STATELESS),
        oauth=oauth,
    )


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


def _hosts(given: Mapping[str, str]) -> tuple[str, ...]:
    names = [name.strip().lower() for name in given.get(ALLOWED_HOSTS, "").split(",") if name.strip()]
    if not all(_HOST.fullmatch(name) for name in names):
        raise UsageError(
            f"{ALLOWED_HOSTS} takes names with commas between them, such as mcp.example.com,10.0.0.5:8000."
        )
    return tuple(names)
