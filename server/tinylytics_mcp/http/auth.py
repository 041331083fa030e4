"""The ways to authenticate a request and choose its account; none falls back to another."""

import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Protocol

import anyio
from tinylytics_tools.access import FULL_ACCESS_PREFIX, READ_ONLY_PREFIX, WHERE_KEYS_ARE_MADE, Access, ApiKey
from tinylytics_tools.errors import KeyNotAccepted, TinylyticsError
from tinylytics_tools.failures import OWN_KEY, Remedies

from tinylytics_mcp.errors import UsageError
from tinylytics_mcp.http.tokens import Token, hash_of, read_tokens, watched
from tinylytics_mcp.settings import key_in

KEY_HEADERS = ("x-tinylytics-key", "x-api-key")
"""The second is one that hosts let people set who cannot set the first."""
CHECKED_FOR_S = 3600.0
"""After an hour a client's key is checked once more, since it may have been revoked."""
CHECKED_AGAIN_S = 60.0
"""A wrong key is checked anew after so long, and a good one where Tinylytics could not tell."""
MOST_AT_ONCE = 8
WRONG_TAKES_S = 0.25
"""A wrong key keeps its place among those so long: nobody can use us to try more than 32 a second."""
MOST_WAITING = 200
MOST_REMEMBERED = 10_000

_log = logging.getLogger(__name__)


class AuthUnavailable(Exception):
    """The caller cannot be checked now, for a reason that is not the client's: try again later."""


@dataclass(frozen=True)
class Caller:
    """Who a request is from. `who` identifies the caller and holds no secret; `access` lowers what the key may do;
    `name` is for the log."""

    who: str
    key: ApiKey | None
    access: Access | None = None
    name: str = ""

    @property
    def account(self) -> tuple[str, Access | None]:
        """Callers with the same one share a client."""
        return ("" if self.key is None else self.key.fingerprint), self.access


class Auth(Protocol):
    """A way to authenticate requests."""

    challenge: str
    """The whole `WWW-Authenticate` of a 401."""
    needed: str
    """What a request has to bring, told in a 401."""
    remedies: Remedies
    """What a caller can do about its key."""

    async def caller(self, headers: Mapping[str, str]) -> Caller | None:
        """Return the caller of a request, None without valid credentials.

        Raises:
            AuthUnavailable: that cannot be checked now.
        """
        ...


class LoopbackAuth:
    """Admits every request to the server's own account."""

    challenge = "None"
    needed = "nothing"
    remedies = OWN_KEY

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
    needed = (
        "the header Authorization: Bearer TOKEN, with a token of this server (`tinylytics-mcp token add` makes one)"
    )
    remedies = Remedies(
        no_key="This server has no Tinylytics API key. Ask whoever runs it to set one.",
        new_key="Ask whoever runs this server to give it a new one.",
        full_key="Whoever runs this server can give it one.",
        may_write="this gateway token may only read. Nothing was sent. Whoever runs the server can make one that may "
        "write, with `tinylytics-mcp token add NAME --access full_access`.",
    )

    def __init__(self, path: Path, key: ApiKey | None) -> None:
        self._path = path
        self._key = key
        watched(path, _by_hash)

    async def caller(self, headers: Mapping[str, str]) -> Caller | None:
        """Return the holder of a token, identified by its hash: a new token under an old name is another caller."""
        scheme, _, secret = headers.get("authorization", "").partition(" ")
        try:
            token = watched(self._path, _by_hash).get(hash_of(secret.strip())) if scheme.lower() == "bearer" else None
            if token is None:
                return None
            key = self._key if token.key_file is None else watched(Path(token.key_file), _key)
        except UsageError as problem:
            _log.error("%s", problem)
            raise AuthUnavailable from None
        return Caller(token.hash[:32], key, token.access, token.name)


class KeyChecks:
    """Tells whether Tinylytics takes a key; wrong ones, however many, do not keep out good ones.

    New keys wait for a place among the few that are checked at once; a good one is remembered, and has places of its
    own when it is checked again. `check` asks Tinylytics; it raises a `TinylyticsError` where it cannot tell.
    """

    def __init__(self, check: Callable[[ApiKey], Awaitable[bool]], *, clock: Callable[[], float] = monotonic) -> None:
        self._check = check
        self._clock = clock
        self._good, self._wrong = OrderedDict[str, float](), OrderedDict[str, float]()
        self._new, self._again = anyio.CapacityLimiter(MOST_AT_ONCE), anyio.CapacityLimiter(MOST_AT_ONCE)

    async def takes(self, key: ApiKey) -> bool:
        """Return whether it is good.

        Raises:
            AuthUnavailable: that cannot be told now.
        """
        if (known := self._known(key)) is not None:
            return known
        was_good = key.fingerprint in self._good
        places = self._again if was_good else self._new
        if places.statistics().tasks_waiting >= MOST_WAITING:
            raise AuthUnavailable
        async with places:
            if (known := self._known(key)) is not None:  # another request asked meanwhile
                return known
            try:
                good, for_s = await self._check(key), CHECKED_FOR_S
            except TinylyticsError:
                if not was_good:
                    raise AuthUnavailable from None
                good, for_s = True, CHECKED_AGAIN_S  # each call will say so itself
            self._good.pop(key.fingerprint, None)
            remembered, for_s = (self._good, for_s) if good else (self._wrong, CHECKED_AGAIN_S)
            remembered[key.fingerprint] = self._clock() + for_s
            if len(remembered) > MOST_REMEMBERED:
                remembered.popitem(last=False)
            if not good:
                await anyio.sleep(WRONG_TAKES_S)
            return good

    def _known(self, key: ApiKey) -> bool | None:
        now = self._clock()
        if now < self._good.get(key.fingerprint, now):
            return True
        return False if now < self._wrong.get(key.fingerprint, now) else None


class ClientKeyAuth:
    """Takes the client's own Tinylytics key in a header of its own: the protocol forbids passing bearers on."""

    challenge = "X-Tinylytics-Key"
    needed = "the header X-Tinylytics-Key: KEY (or X-API-Key), with a key that Tinylytics accepts"
    remedies = Remedies(
        new_key=f"Make a new one under {WHERE_KEYS_ARE_MADE}, and send it in the header X-Tinylytics-Key: the host's "
        "settings of this server have it.",
        full_key=f"The user can make a full-access key under {WHERE_KEYS_ARE_MADE}, and send it in the header "
        "X-Tinylytics-Key: the host's settings of this server have it.",
    )

    def __init__(self, keys: KeyChecks) -> None:
        self._keys = keys

    async def caller(self, headers: Mapping[str, str]) -> Caller | None:
        """Return the holder of a key; text that cannot be a key causes no request, nor do two different ones."""
        texts = {text for name in KEY_HEADERS if (text := headers.get(name, "").strip())}
        text = texts.pop() if len(texts) == 1 else ""
        if not text.startswith((READ_ONLY_PREFIX, FULL_ACCESS_PREFIX)):
            return None
        try:
            key = ApiKey(text)
        except KeyNotAccepted:
            return None
        return Caller(key.fingerprint, key) if await self._keys.takes(key) else None


def _by_hash(path: Path) -> dict[str, Token]:
    return {token.hash: token for token in read_tokens(path)}


def _key(path: Path) -> ApiKey:
    return key_in("the key file of a token", str(path), [])
