"""The ways to authenticate a request and choose its account; none falls back to another."""

import logging
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Protocol

import anyio
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from tinylytics_tools.access import FULL_ACCESS_PREFIX, READ_ONLY_PREFIX, Access, ApiKey
from tinylytics_tools.errors import KeyNotAccepted, TinylyticsError
from tinylytics_tools.transport.single_flight import SingleFlight

from tinylytics_mcp.errors import UsageError
from tinylytics_mcp.http.tokens import Token, Watched, hash_of, read_tokens
from tinylytics_mcp.settings import key_in

KEY_HEADER = "x-tinylytics-key"
CHECKED_FOR_S = 3600.0
"""After an hour a client's key is checked once more, since it may have been revoked."""
REFUSED_FOR_S = 60.0
MOST_REFUSALS = 30
"""Wrong keys a minute, of all clients together, that Tinylytics is asked about: nobody may use us to try keys."""
MOST_AT_ONCE = 8
MOST_REMEMBERED = 10_000

READ_ONLY_FOR_CALLER = (
    "this gateway token may only read. Nothing was sent. Whoever runs the server can make one that may write, with "
    "`tinylytics-mcp token add NAME --access full_access`."
)

_log = logging.getLogger(__name__)


class AuthUnavailable(Exception):
    """The caller cannot be checked now, for a reason that is not the client's: try again later."""


@dataclass(frozen=True)
class Caller:
    """Who a request is from. `who` identifies the caller and holds no secret; `access` lowers what the key may do,
    `read_only_because` says why and what to do about it."""

    who: str
    key: ApiKey | None
    access: Access | None = None
    read_only_because: str = READ_ONLY_FOR_CALLER

    @property
    def account(self) -> tuple[str, Access | None]:
        """Callers with the same one share a server object."""
        return ("" if self.key is None else self.key.fingerprint), self.access

    @property
    def user(self) -> AuthenticatedUser:
        """The caller as the SDK knows it: sessions and what it seals are bound to it."""
        return AuthenticatedUser(AccessToken(token="", client_id=self.who, scopes=[]))


class Auth(Protocol):
    """A way to authenticate requests."""

    challenge: str
    """The whole `WWW-Authenticate` of a 401."""

    async def caller(self, headers: Mapping[str, str]) -> Caller | None:
        """Return the caller of a request, None without valid credentials.

        Raises:
            AuthUnavailable: that cannot be checked now.
        """
        ...


class LoopbackAuth:
    """Admits every request to the server's own account."""

    challenge = "None"

    def __init__(self, key: ApiKey | None) -> None:
        self._caller = Caller("local", key)

    async def caller(self, headers: Mapping[str, str]) -> Caller | None:  # noqa: ARG002 - nothing has to be shown
        """Return the caller on this computer."""
        return self._caller


class TokenAuth:
    """Takes a token as the bearer; the Tinylytics keys stay here.

    Raises:
        UsageError: the file cannot be used. Later on it admits nobody, and the log says why.
    """

    challenge = "Bearer"

    def __init__(self, path: Path, key: ApiKey | None) -> None:
        self._key = key
        self._tokens = Watched(path, _by_hash)
        self._tokens.value()
        self._keys: dict[str, Watched[ApiKey]] = {}

    async def caller(self, headers: Mapping[str, str]) -> Caller | None:
        """Return the holder of a token, identified by its hash: a new token under an old name is another caller."""
        scheme, _, secret = headers.get("authorization", "").partition(" ")
        try:
            tokens = self._tokens.value()
            token = tokens.get(hash_of(secret.strip())) if scheme.lower() == "bearer" else None
            return None if token is None else Caller(token.hash[:32], self._key_of(token), token.access)
        except UsageError as problem:
            _log.error("%s", problem)
            raise AuthUnavailable from None

    def _key_of(self, token: Token) -> ApiKey | None:
        if token.key_file is None:
            return self._key
        watched = self._keys.get(token.key_file)
        if watched is None:
            watched = self._keys[token.key_file] = Watched(Path(token.key_file), _key)
        return watched.value()


class ClientKeyAuth:
    """Takes the client's own Tinylytics key in a header of its own: the protocol forbids passing bearers on.

    `check` asks Tinylytics whether it takes a key; it raises a `TinylyticsError` where it cannot tell.
    """

    challenge = "X-Tinylytics-Key"

    def __init__(self, check: Callable[[ApiKey], Awaitable[bool]], *, clock: Callable[[], float] = monotonic) -> None:
        self._check = check
        self._clock = clock
        self._known: OrderedDict[str, tuple[bool, float]] = OrderedDict()
        self._refusals: deque[float] = deque(maxlen=MOST_REFUSALS)
        self._flights = SingleFlight[bool]()
        self._slots = anyio.CapacityLimiter(MOST_AT_ONCE)

    async def caller(self, headers: Mapping[str, str]) -> Caller | None:
        """Return the holder of a key; text that cannot be a key causes no request."""
        text = headers.get(KEY_HEADER, "").strip()
        if not text.startswith((READ_ONLY_PREFIX, FULL_ACCESS_PREFIX)):
            return None
        try:
            key = ApiKey(text)
        except KeyNotAccepted:
            return None
        good, until = self._known.get(key.fingerprint, (False, 0.0))
        if self._clock() >= until:
            good = await self._flights.join(key.fingerprint, lambda: self._verify(key))
        return Caller(key.fingerprint, key) if good else None

    async def _verify(self, key: ApiKey) -> bool:
        now = self._clock()
        if len(self._refusals) == MOST_REFUSALS and now - self._refusals[0] < REFUSED_FOR_S:
            raise AuthUnavailable
        try:
            async with self._slots:
                good = await self._check(key)
        except TinylyticsError:
            raise AuthUnavailable from None
        if not good:
            self._refusals.append(now)
        self._known[key.fingerprint] = (good, now + (CHECKED_FOR_S if good else REFUSED_FOR_S))
        self._known.move_to_end(key.fingerprint)
        if len(self._known) > MOST_REMEMBERED:
            self._known.popitem(last=False)
        return good


def _by_hash(path: Path) -> dict[str, Token]:
    return {token.hash: token for token in read_tokens(path)}


def _key(path: Path) -> ApiKey:
    return key_in("the key file of a token", str(path), [])
