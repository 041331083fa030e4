"""The ways to authenticate a request and choose its account; none falls back to another."""

import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any, Generic, TypeVar

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
    `name` is for the log; callers of one `person`, if that is known, have no more open than one of them may have."""

    who: str
    key: ApiKey | None
    access: Access | None = None
    name: str = ""
    person: str = ""

    @property
    def account(self) -> tuple[str, Access | None]:
        """Callers with the same one share a client."""
        return ("" if self.key is None else self.key.fingerprint), self.access


@dataclass(frozen=True)
class Auth:
    """A way to authenticate requests. `challenge` is the whole `WWW-Authenticate` of a 401, `needed` what is told in
    one, `remedies` what a caller can do about its key. `caller` returns who sent a request with these headers, None
    without valid credentials; it raises `TryLater` where that cannot be checked now."""

    challenge: str
    needed: str
    remedies: Remedies
    caller: Callable[[Mapping[str, str]], Coroutine[Any, Any, Caller | None]]


def bearer_of(headers: Mapping[str, str]) -> str:
    """Return the bearer token of a request, empty where it has none."""
    scheme, _, secret = headers.get("authorization", "").partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else ""


def loopback_auth(key: ApiKey | None) -> Auth:
    """Admit every request to the server's own account."""

    async def caller(_: Mapping[str, str]) -> Caller | None:
        return Caller("local", key)

    return Auth("None", "nothing", OWN_KEY, caller)


def token_auth(path: Path, own_key: ApiKey | None) -> Auth:
    """Take a token as the bearer; the Tinylytics keys stay here.

    Raises:
        UsageError: the file cannot be used. Later on it admits nobody, and the log says why.
    """
    watched(path, _by_hash)

    async def caller(headers: Mapping[str, str]) -> Caller | None:
        try:
            token = watched(path, _by_hash).get(hash_of(bearer_of(headers)))
            if token is None:
                return None
            key = own_key if token.key_file is None else watched(Path(token.key_file), _key)
        except UsageError as problem:
            _log.error("%s", problem)
            raise TryLater from None
        return Caller(token.hash[:32], key, token.access, token.name)  # a new token of an old name is another caller

    remedies = Remedies(
        no_key="This server has no Tinylytics API key. Ask whoever runs it to set one.",
        new_key="Ask whoever runs this server to give it a new one.",
        full_key="Whoever runs this server can give it one.",
        may_write="this gateway token may only read. Nothing was sent. Whoever runs the server can make one that may "
        "write, with `tinylytics-mcp token add NAME --access full_access`.",
    )
    needed = (
        "the header Authorization: Bearer TOKEN, with a token of this server (`tinylytics-mcp token add` makes one)"
    )
    return Auth("Bearer", needed, remedies, caller)


class KeyChecks(Generic[T]):
    """Tells what Tinylytics says of a key; wrong ones, however many, do not keep out good ones.

    New keys wait for a place among the few that are checked at once; a good one is remembered, and has places of its
    own when it is checked again. `check` asks Tinylytics, what it returns is false for a wrong key, and it raises a
    `TinylyticsError` where it cannot tell.
    """

    def __init__(
        self, check: Callable[[ApiKey], Awaitable[T | None]], *, clock: Callable[[], float] = monotonic
    ) -> None:
        self._check = check
        self._clock = clock
        self._good = OrderedDict[str, tuple[T | None, float]]()
        self._wrong = OrderedDict[str, tuple[T | None, float]]()
        self._new, self._again = anyio.CapacityLimiter(MOST_AT_ONCE), anyio.CapacityLimiter(MOST_AT_ONCE)

    async def find(self, text: str) -> tuple[ApiKey, T] | None:
        """Return a key and what the check returned, None where it is wrong; what cannot be a key causes no request.

        Raises:
            TryLater: that cannot be told now.
        """
        try:
            key = ApiKey(text)
        except KeyNotAccepted:
            return None
        found = await self._said_of(key) if text.startswith((READ_ONLY_PREFIX, FULL_ACCESS_PREFIX)) else None
        return (key, found) if found else None

    async def _said_of(self, key: ApiKey) -> T | None:
        name, now = key.fingerprint, self._clock
        known = self._good.get(name) or self._wrong.get(name)
        if known is not None and now() < known[1]:
            return known[0]
        before = self._good.get(name)
        places = self._new if before is None else self._again
        if places.statistics().tasks_waiting >= MOST_WAITING:
            raise TryLater
        async with places:
            known = self._good.get(name) or self._wrong.get(name)
            if known is not None and now() < known[1]:  # another request asked meanwhile
                return known[0]
            try:
                found, for_s = await self._check(key), CHECKED_FOR_S
            except TinylyticsError:
                if before is None:
                    raise TryLater from None
                found, for_s = before[0], CHECKED_AGAIN_S  # each call will say so itself
            self._good.pop(name, None)
            remembered, for_s = (self._good, for_s) if found else (self._wrong, CHECKED_AGAIN_S)
            remembered[name] = found, now() + for_s
            if len(remembered) > MOST_REMEMBERED:
                remembered.popitem(last=False)
            if not found:
                await anyio.sleep(WRONG_TAKES_S)
            return found


def client_key_auth(keys: KeyChecks[Any]) -> Auth:
    """Take the client's own Tinylytics key in a header of its own: the protocol forbids passing bearers on."""

    async def caller(headers: Mapping[str, str]) -> Caller | None:
        texts = {text for name in KEY_HEADERS if (text := headers.get(name, "").strip())}
        found = await keys.find(texts.pop()) if len(texts) == 1 else None
        return Caller(found[0].fingerprint, found[0]) if found else None

    needed = "the header X-Tinylytics-Key: KEY (or X-API-Key), with a key that Tinylytics accepts"
    where = "and send it in the header X-Tinylytics-Key: the host's settings of this server have it."
    remedies = Remedies(
        new_key=f"Make a new one under {WHERE_KEYS_ARE_MADE}, {where}",
        full_key=f"The user can make a full-access key under {WHERE_KEYS_ARE_MADE}, {where}",
    )
    return Auth("X-Tinylytics-Key", needed, remedies, caller)


def _by_hash(path: Path) -> dict[str, Token]:
    return {token.hash: token for token in read_tokens(path)}


def _key(path: Path) -> ApiKey:
    return key_in("the key file of a token", str(path), [])
