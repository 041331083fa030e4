"""Makes codes and tokens, exchanges each once, and ends all that somebody was granted."""

import base64
import hashlib
import secrets
import time
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from pydantic import TypeAdapter
from pydantic_core import to_json
from tinylytics_tools.access import Access, ApiKey

from tinylytics_mcp.http.auth import Caller
from tinylytics_mcp.http.oauth.forms import OAuthError
from tinylytics_mcp.http.oauth.seal import Seal, same
from tinylytics_mcp.http.oauth.store import Records
from tinylytics_mcp.http.settings import WRITE, OAuthSettings
from tinylytics_mcp.http.tokens import hash_of

CODE_S = 60.0
REPLAY_S = 3_600.0
"""A code is remembered for so long, so that its second use is noticed."""
ACCESS_S = 8 * 3_600
REFRESH_S = 180 * 86_400
MOST_SUCCESSORS = 5
"""Refresh tokens that may be open at once, of processes that refresh at the same time."""


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
class Grants:
    """All grants of a server and of those that share its store.

    What is not good (any more), or not this client's, is an `OAuthError` invalid_grant: the client asks anew.
    """

    records: Records
    seal: Seal
    settings: OAuthSettings

    async def code(self, secret: str, grant: Grant, key: str, *, redirect: str, challenge: str) -> Grant | None:
        """Keep an authorization code and return its grant: where its form was sent twice the first, and None where that
        was used."""
        now = time.time()
        grant = replace(grant, made=datetime.fromtimestamp(now, UTC).date().isoformat())
        code = Code(grant, redirect, challenge, self.seal.close(secret, key), expires=now + CODE_S)
        kept = None
        while not await self.records.swap("code", hash_of(secret), kept, to_json(code), now + REPLAY_S):
            kept = await self.records.get("code", hash_of(secret))
            before = None if kept is None else _CODE.validate_json(kept)
            if before is not None and (before.used or now < before.expires):
                return None if before.used else before.grant
        return grant

    async def redeem(self, client: str, secret: str, *, redirect: str | None, verifier: str) -> dict[str, Any]:
        """Exchange a code for the first tokens of a grant; one that was used before ends its grant."""
        kept = await self.records.get("code", hash_of(secret))
        if kept is None:
            raise _invalid("this code is not known, or is too old")
        code = _CODE.validate_json(kept)
        if code.used:
            await end(self.records, code.used)
            raise _invalid("this code was used before, so what it was used for has ended")
        if code.grant.client != client or time.time() > code.expires:
            raise _invalid("this code is too old, or another client's")
        if redirect not in (None, code.redirect):  # OAuth 2.1 leaves it out: PKCE binds the code
            raise _invalid("redirect_uri is not the one that the code was sent to")
        hashed = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        if not same(code.challenge, hashed):
            raise _invalid("code_verifier does not fit code_challenge")
        key = self.seal.open(secret, code.sealed)
        if key is None:
            raise _invalid("this code was made with another state key")
        grant = secrets.token_hex(8)
        issued, refresh = await self._issue(grant, code.grant.scope, key)
        held = to_json(replace(code.grant, current=(refresh,)))
        await self.records.swap("grant", grant, None, held, time.time() + REFRESH_S)
        used = to_json(replace(code, used=grant, sealed=""))
        if not await self.records.swap("code", hash_of(secret), kept, used, time.time() + REPLAY_S):
            await end(self.records, grant)  # somebody else used it in between
            return await self.redeem(client, secret, redirect=redirect, verifier=verifier)
        return issued

    async def refresh(self, client: str, secret: str, scope: Collection[str]) -> dict[str, Any]:
        """Exchange a refresh token for new tokens, of so much of its scope as is asked for.

        One that was replaced, and whose successor was used since, ends its grant: somebody else has it too.
        """
        opened = await self._opened("refresh", secret)
        if opened is None:
            raise _invalid("this refresh token is not known or too old, or what it was for has ended")
        token, _, key = opened
        narrowed = " ".join(word for word in token.scope.split() if word in scope)
        if not narrowed:
            raise OAuthError("invalid_scope", "this scope was not granted")
        issued, refresh = dict[str, Any](), ""
        while True:
            held = await self.records.get("grant", token.grant)
            grant = None if held is None else _GRANT.validate_json(held)
            if grant is None or grant.client != client or not self._admits(grant):
                raise _invalid("what this refresh token was for has ended")
            if hash_of(secret) not in (*grant.current, grant.previous):
                await end(self.records, token.grant)
                raise _invalid("this refresh token was replaced, so what it was for has ended")
            if not issued:
                issued, refresh = await self._issue(token.grant, token.scope, key, narrowed)
            if hash_of(secret) in grant.current:
                changed = replace(grant, previous=hash_of(secret), current=(refresh,))
            else:
                changed = replace(grant, current=(*grant.current, refresh)[-MOST_SUCCESSORS:])
            if await self.records.swap("grant", token.grant, held, to_json(changed), time.time() + REFRESH_S):
                return issued

    async def caller(self, secret: str) -> Caller | None:
        """Return whose an access token is; None where it is not good."""
        opened = await self._opened("access", secret)
        if opened is None or not self._admits(opened[1]):
            return None
        token, _, key = opened
        access = None if WRITE in token.scope.split() else Access.READ_ONLY
        return Caller(token.grant, ApiKey(key), access, name=f"login {token.grant}")

    async def revoke(self, client: str, secret: str) -> None:
        """End an access token, or with a refresh token the whole grant; one of another client stays as it is."""
        for kind in ("access", "refresh"):
            opened = await self._opened(kind, secret)
            if opened is not None and opened[1].client == client:
                if kind == "refresh":
                    await end(self.records, opened[0].grant)
                else:
                    await self.records.swap(kind, hash_of(secret), to_json(opened[0]), None)

    async def end_of_key(self, fingerprint: str) -> None:
        """End all grants that use a key."""
        for id_, grant in (await all_grants(self.records)).items():
            if grant.fingerprint == fingerprint:
                await end(self.records, id_)

    def _admits(self, grant: Grant) -> bool:
        """Return whether the account of a grant may (still) connect."""
        return not self.settings.accounts or grant.admitted in self.settings.accounts

    async def _opened(self, kind: str, secret: str) -> tuple[Token, Grant, str] | None:
        """Return a token, its grant, and the key that it opens; None where it is not good."""
        kept = await self.records.get(kind, hash_of(secret))
        token = None if kept is None else _TOKEN.validate_json(kept)
        if token is None or time.time() > token.expires or token.resource != self.settings.resource:
            return None
        key, held = self.seal.open(secret, token.sealed), await self.records.get("grant", token.grant)
        return None if key is None or held is None else (token, _GRANT.validate_json(held), key)

    async def _issue(self, grant: str, scope: str, key: str, narrowed: str = "") -> tuple[dict[str, Any], str]:
        """Return new tokens, which are good once the hash of the refresh token, the second value, is in their grant."""
        now = time.time()
        access, refresh = f"tlm_{secrets.token_urlsafe(32)}", f"tlr_{secrets.token_urlsafe(32)}"
        for kind, secret, words, lives_s in (
            ("access", access, narrowed or scope, ACCESS_S),
            ("refresh", refresh, scope, REFRESH_S),
        ):
            token = Token(grant, words, self.settings.resource, self.seal.close(secret, key), now + lives_s)
            await self.records.swap(kind, hash_of(secret), None, to_json(token), now + lives_s)
        answer = {"access_token": access, "token_type": "Bearer", "expires_in": ACCESS_S}
        return {**answer, "refresh_token": refresh, "scope": narrowed or scope}, hash_of(refresh)


async def all_grants(records: Records) -> dict[str, Grant]:
    """Return all grants by their id."""
    return {id_: _GRANT.validate_json(value) for id_, value in (await records.all("grant")).items()}


async def end(records: Records, grant: str) -> bool:
    """End a grant, and with it all its tokens; return whether there was one."""
    while (held := await records.get("grant", grant)) is not None:
        if await records.swap("grant", grant, held, None):
            return True
    return False


def _invalid(message: str) -> OAuthError:
    return OAuthError("invalid_grant", message)


_GRANT = TypeAdapter(Grant)
_CODE = TypeAdapter(Code)
_TOKEN = TypeAdapter(Token)
