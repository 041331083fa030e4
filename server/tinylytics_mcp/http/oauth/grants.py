"""Makes codes and tokens, exchanges each once, and ends all that somebody was granted."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from pydantic import TypeAdapter
from pydantic_core import to_json
from tinylytics_tools.access import Access, ApiKey

from tinylytics_mcp.http.auth import Caller
from tinylytics_mcp.http.oauth.seal import Seal, challenge_of, same
from tinylytics_mcp.http.oauth.settings import WRITE, OAuthSettings
from tinylytics_mcp.http.oauth.store import Records
from tinylytics_mcp.http.tokens import hash_of

CODE_S = 60.0
REPLAY_S = 3_600.0
"""A code is remembered for so long, so that its second use is noticed."""
ACCESS_S = 8 * 3_600
REFRESH_S = 180 * 86_400
MOST_SUCCESSORS = 5
"""Refresh tokens that may be open at once, of processes that refresh at the same time."""


class Invalid(Exception):
    """A code or token that is not good (any more), or not for that; `error` is the code of RFC 6749."""

    def __init__(self, message: str, error: str = "invalid_grant") -> None:
        super().__init__(message)
        self.error = error


@dataclass(frozen=True)
class Grant:
    """What somebody allowed a client. `admitted` is the entry in the list of accounts that let them connect.

    `current` are hashes of refresh tokens of which none was used yet, `previous` is that of the one they were given
    for: it stays good until one of them is used, since the answer may have been lost.
    """

    client: str
    client_name: str
    scope: str
    account: int
    fingerprint: str
    admitted: str = ""
    made: str = ""
    current: tuple[str, ...] = ()
    previous: str = ""


@dataclass(frozen=True)
class Code:
    """What an authorization code stands for; `used` is the id of the grant that it was exchanged for."""

    grant: Grant
    redirect: str
    challenge: str
    sealed: str
    expires: float
    used: str = ""


@dataclass(frozen=True)
class Token:
    """An access or a refresh token, stored under its hash."""

    grant: str
    scope: str
    resource: str
    sealed: str
    expires: float


@dataclass(frozen=True)
class Issued:
    """New tokens."""

    access: str
    refresh: str
    scope: str


class Grants:
    """All grants of a server and of those that share its store."""

    def __init__(
        self, records: Records, seal: Seal, settings: OAuthSettings, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._records = records
        self._seal = seal
        self._settings = settings
        self._clock = clock

    async def code(self, secret: str, grant: Grant, key: str, *, redirect: str, challenge: str) -> bool:
        """Keep an authorization code; False where that of the same secret was kept before, and used."""
        now = self._clock()
        sealed = self._seal.close(secret, key)
        grant = replace(grant, made=datetime.fromtimestamp(now, UTC).date().isoformat())
        made = to_json(Code(grant, redirect, challenge, sealed, expires=now + CODE_S))
        if await self._records.swap("code", hash_of(secret), None, made, now + REPLAY_S):
            return True
        kept = await self._records.get("code", hash_of(secret))
        return kept is not None and not _CODE.validate_json(kept).used

    async def redeem(self, client: str, secret: str, *, redirect: str | None, verifier: str) -> Issued:
        """Exchange a code for the first tokens of a grant.

        Raises:
            Invalid: it is not good, or not this client's. One that was used before ends its grant.
        """
        kept = await self._records.get("code", hash_of(secret))
        if kept is None:
            raise Invalid("this code is not known, or is too old")
        code = _CODE.validate_json(kept)
        if code.used:
            await self.end(code.used)
            raise Invalid("this code was used before, so what it was used for has ended")
        if code.grant.client != client or self._clock() > code.expires:
            raise Invalid("this code is too old, or another client's")
        if redirect not in (None, code.redirect):  # OAuth 2.1 leaves it out: PKCE binds the code
            raise Invalid("redirect_uri is not the one that the code was sent to")
        if not same(code.challenge, challenge_of(verifier)):
            raise Invalid("code_verifier does not fit code_challenge")
        key = self._seal.open(secret, code.sealed)
        if key is None:
            raise Invalid("this code was made with another state key")
        grant = secrets.token_hex(8)
        issued, refresh_hash = await self._issue(grant, code.grant.scope, key)
        until = self._clock() + REFRESH_S
        await self._records.swap("grant", grant, None, to_json(replace(code.grant, current=(refresh_hash,))), until)
        used = to_json(replace(code, used=grant, sealed=""))
        if not await self._records.swap("code", hash_of(secret), kept, used, self._clock() + REPLAY_S):
            await self.end(grant)  # somebody else used it between
            return await self.redeem(client, secret, redirect=redirect, verifier=verifier)
        return issued

    async def refresh(self, client: str, secret: str, *, scope: frozenset[str] | None = None) -> Issued:
        """Exchange a refresh token for new tokens, with less scope where one is given.

        Raises:
            Invalid: it is not good, or not this client's. One that was replaced, and whose successor was used since,
                ends its grant: somebody else has it too.
        """
        kept = await self._records.get("refresh", hash_of(secret))
        token = None if kept is None else _TOKEN.validate_json(kept)
        key = None if token is None else self._seal.open(secret, token.sealed)
        if token is None or key is None or self._clock() > token.expires or token.resource != self._settings.resource:
            raise Invalid("this refresh token is not known, or is too old")
        narrowed = [word for word in token.scope.split() if scope is None or word in scope]
        if not narrowed:
            raise Invalid("this scope was not granted", "invalid_scope")
        issued, refresh_hash = await self._issue(token.grant, token.scope, key, narrowed=" ".join(narrowed))
        while True:
            held = await self._records.get("grant", token.grant)
            grant = None if held is None else _GRANT.validate_json(held)
            if grant is None or grant.client != client or not self._admits(grant):
                raise Invalid("what this refresh token was for has ended")
            if hash_of(secret) in grant.current:
                changed = replace(grant, previous=hash_of(secret), current=(refresh_hash,))
            elif hash_of(secret) == grant.previous:
                changed = replace(grant, current=(*grant.current, refresh_hash)[-MOST_SUCCESSORS:])
            else:
                await self.end(token.grant)
                raise Invalid("this refresh token was replaced, so what it was for has ended")
            until = self._clock() + REFRESH_S
            if await self._records.swap("grant", token.grant, held, to_json(changed), until):
                return issued

    async def caller(self, secret: str) -> Caller | None:
        """Return whose an access token is; None where it is not good."""
        kept = await self._records.get("access", hash_of(secret))
        if kept is None:
            return None
        token = _TOKEN.validate_json(kept)
        held = await self._records.get("grant", token.grant)
        key = self._seal.open(secret, token.sealed)
        if held is None or key is None or self._clock() > token.expires or token.resource != self._settings.resource:
            return None
        if not self._admits(_GRANT.validate_json(held)):
            return None
        access = None if WRITE in token.scope.split() else Access.READ_ONLY
        return Caller(token.grant, ApiKey(key), access, name=f"login {token.grant}")

    async def is_refreshable(self, secret: str) -> bool:
        """Return whether a refresh token has a grant."""
        kept = await self._records.get("refresh", hash_of(secret))
        return kept is not None and await self._records.get("grant", _TOKEN.validate_json(kept).grant) is not None

    async def revoke(self, client: str, secret: str) -> None:
        """End an access token, or with a refresh token the whole grant; one of another client stays as it is."""
        for kind in ("access", "refresh"):
            kept = await self._records.get(kind, hash_of(secret))
            if kept is None:
                continue
            token = _TOKEN.validate_json(kept)
            held = await self._records.get("grant", token.grant)
            if held is not None and _GRANT.validate_json(held).client == client:
                await self._records.swap(kind, hash_of(secret), kept, None)
                if kind == "refresh":
                    await self.end(token.grant)

    async def end(self, grant: str) -> bool:
        """End a grant, and with it all its tokens; return whether there was one."""
        return await end(self._records, grant)

    async def end_of_key(self, fingerprint: str) -> None:
        """End all grants that use a key."""
        for id_, grant in (await all_grants(self._records)).items():
            if grant.fingerprint == fingerprint:
                await self.end(id_)

    def _admits(self, grant: Grant) -> bool:
        """Return whether the account of a grant may (still) connect."""
        return not self._settings.accounts or grant.admitted in self._settings.accounts

    async def _issue(self, grant: str, scope: str, key: str, *, narrowed: str | None = None) -> tuple[Issued, str]:
        """Return new tokens, which are good once the hash of the refresh token is in its grant."""
        now = self._clock()
        issued = Issued(
            f"tlm_{secrets.token_urlsafe(32)}",
            f"tlr_{secrets.token_urlsafe(32)}",
            scope if narrowed is None else narrowed,
        )
        for kind, secret, words, lives_s in (
            ("access", issued.access, issued.scope, ACCESS_S),
            ("refresh", issued.refresh, scope, REFRESH_S),
        ):
            sealed = self._seal.close(secret, key)
            token = Token(grant, words, self._settings.resource, sealed, now + lives_s)
            await self._records.swap(kind, hash_of(secret), None, to_json(token), now + lives_s)
        return issued, hash_of(issued.refresh)


async def all_grants(records: Records) -> dict[str, Grant]:
    """Return all grants by their id."""
    return {id_: _GRANT.validate_json(value) for id_, value in (await records.all("grant")).items()}


async def end(records: Records, grant: str) -> bool:
    """End a grant, and with it all its tokens; return whether there was one."""
    while (held := await records.get("grant", grant)) is not None:
        if await records.swap("grant", grant, held, None):
            return True
    return False


_GRANT = TypeAdapter(Grant)
_CODE = TypeAdapter(Code)
_TOKEN = TypeAdapter(Token)
