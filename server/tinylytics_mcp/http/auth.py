"""The ways to authenticate a request and choose its account; none falls back to another."""

import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any, Generic, Protocol, TypeVar

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

T = TypeVar("T")
_log = logging.getLogger(__name__)


class TryLater(Exception):
    """The request cannot be served now, for a reason that passes."""


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
            TryLater: that cannot be checked now.
        """
        ...


def bearer_of(headers: Mapping[str, str]) -> str:
    """Return the bearer token of a request, empty where it has none."""
    scheme, _, secret = headers.get("authorization", "").partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else ""


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
        try:
            token = watched(self._path, _by_hash).get(hash_of(bearer_of(headers)))
            if token is None:
                return None
            key = self._key if token.key_file is None else watched(Path(token.key_file), _key)
        except UsageError as problem:
            _log.error("%s", problem)
            raise TryLater from None
        return Caller(token.hash[:32], key, token.access, token.name)


class KeyChecks(Generic[T]):
    """Tells what Tinylytics says of a key; wrong ones, however many, do not keep out good ones.

    New keys wait for a place among the few that are checked at once; a good one is remembered, and has places of its
    own when it is checked again. `check` asks Tinylytics, what it returns is false for a wrong key, and it raises a
    `TinylyticsError` where it cannot tell.
    """

    def __init__(self, check: Callable[[ApiKey], Awaitable[T]], *, clock: Callable[[], float] = monotonic) -> None:
        self._check = check
        self._clock = clock
        self._good, self._wrong = OrderedDict[str, tuple[T, float]](), OrderedDict[str, tuple[T, float]]()
        self._new, self._again = anyio.CapacityLimiter(MOST_AT_ONCE), anyio.CapacityLimiter(MOST_AT_ONCE)

    async def find(self, key: ApiKey) -> T:
        """Return what the check returned.

        Raises:
            TryLater: that cannot be told now.
        """
        before = self._good.get(key.fingerprint)
        places = self._again if before else self._new
        if (known := self._known(key)) is None and places.statistics().tasks_waiting >= MOST_WAITING:
            raise TryLater
        if known is not None:
            return known[0]
        async with places:
            if (known := self._known(key)) is not None:  # another request asked meanwhile
                return known[0]
            try:
                found, for_s = await self._check(key), CHECKED_FOR_S
            except TinylyticsError:
                if before is None:
                    raise TryLater from None
                found, for_s = before[0], CHECKED_AGAIN_S  # each call will say so itself
            self._good.pop(key.fingerprint, None)
            remembered, for_s = (self._good, for_s) if found else (self._wrong, CHECKED_AGAIN_S)
            remembered[key.fingerprint] = found, self._clock() + for_s
            if len(remembered) > MOST_REMEMBERED:
                remembered.popitem(last=False)
            if not found:
                await anyio.sleep(WRONG_TAKES_S)
            return found

    def _known(self, key: ApiKey) -> tuple[T, float] | None:
        found = (of.get(key.fingerprint) for of in (self._good, self._wrong))
        return next((known for known in found if known and self._clock() < known[1]), None)


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

    def __init__(self, keys: KeyChecks[Any]) -> None:
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
        return Caller(key.fingerprint, key) if await self._keys.find(key) else None


def _by_hash(path: Path) -> dict[str, Token]:
    return {token.hash: token for token in read_tokens(path)}


def _key(path: Path) -> ApiKey:
    return key_in("the key file of a token", str(path), [])
