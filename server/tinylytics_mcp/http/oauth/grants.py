"""Makes codes and tokens, exchanges each once, and ends all that somebody was granted."""

import base64
import hashlib
import secrets
import time
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, NamedTuple

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json, to_json
from tinylytics_tools.access import Access, ApiKey

from tinylytics_mcp.http.auth import Caller
from tinylytics_mcp.http.oauth.forms import OAuthError
from tinylytics_mcp.http.oauth.seal import Seal
from tinylytics_mcp.http.oauth.store import Records
from tinylytics_mcp.http.settings import WRITE, OAuthSettings
from tinylytics_mcp.http.tokens import hash_of

CODE_S = 60.0
ACCESS_S = 8 * 3_600
REFRESH_S = 180 * 86_400
MOST_GRANTS = 100
"""Of one account: past it the one that was refreshed longest ago ends."""

ACCESS, REFRESH = "tlm_", "tlr_"


@dataclass(frozen=True)
class Grant:
    """What somebody allowed a client. `admitted` is the hash of the entry in the list of accounts that let them
    connect. A code is still to be exchanged where there is a `challenge`, and has to be sent to `redirect`.

    It is all that is kept, however often its tokens are replaced. `client` is the hash of the client's id; `sealed` is
    the key, opened by a secret that is in the code, and another that is in the tokens. These are numbered in pairs, up
    to `issued`. Of the refresh tokens from `first` on none was used yet; they were given for the `previous` one, which
    stays good until one of them is used, since an answer may be lost. Access tokens are `revoked` up to a number.
    """

    client: str
    client_name: str
    scope: str
    account: int
    fingerprint: str
    admitted: str = ""
    made: str = ""
    sealed: str = ""
    redirect: str = ""
    challenge: str = ""
    issued: int = 1
    first: int = 1
    previous: int = 0
    revoked: int = 0


class Token(NamedTuple):
    """What an access or a refresh token says, sealed; the secret opens the key of its grant."""

    grant: str
    secret: str
    number: int
    scope: str
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
        """Keep what an authorization code is for and return it: where its form was sent twice the first, and None where
        that was used."""
        name, now = _name(secret), time.time()
        made, sealed = datetime.fromtimestamp(now, UTC).date().isoformat(), self.seal.close(secret, key)
        grant = replace(grant, made=made, sealed=sealed, redirect=redirect, challenge=challenge)
        while not await self.records.swap("login", name, None, to_json(grant), now + CODE_S):
            _, before = await self._held(name)
            if before is not None:
                return before if before.challenge else None
        await self._count(grant.account, name)
        return grant

    async def redeem(self, client: str, secret: str, *, redirect: str | None, verifier: str) -> dict[str, Any]:
        """Exchange a code for the first tokens of a grant; one that was used before ends its grant."""
        name = _name(secret)
        while True:
            held, grant = await self._held(name)
            if grant is None:
                raise _invalid("this code is not known, or is too old")
            if not grant.challenge:
                await end(self.records, name)
                raise _invalid("this code was used before, so what it was used for has ended")
            if grant.client != hash_of(client):
                raise _invalid("this code is another client's")
            if redirect not in (None, grant.redirect):  # OAuth 2.1 leaves it out: PKCE binds the code
                raise _invalid("redirect_uri is not the one that the code was sent to")
            hashed = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
            if not secrets.compare_digest(grant.challenge, hashed):
                raise _invalid("code_verifier does not fit code_challenge")
            key, carried = self.seal.open(secret, grant.sealed), secrets.token_urlsafe(32)
            if key is None:
                raise _invalid("this code was made with another state key")
            changed = replace(grant, redirect="", challenge="", sealed=self.seal.close(carried, key))
            if await self._swap(name, held, changed):
                return self._tokens(name, changed, carried, grant.scope)

    async def refresh(self, client: str, secret: str, scope: Collection[str]) -> dict[str, Any]:
        """Exchange a refresh token for new tokens, of so much of its scope as is asked for.

        One that was replaced, and whose successor was used since, ends its grant: somebody else has it too.
        """
        token = self._token(REFRESH, secret)
        if token is None:
            raise _invalid("this refresh token is not known or too old")
        while True:
            held, grant = await self._held(token.grant)
            key = None if grant is None else self.seal.open(token.secret, grant.sealed)
            if grant is None or key is None or grant.client != hash_of(client) or not self._admits(grant):
                raise _invalid("what this refresh token was for has ended")
            if token.number < grant.first and token.number != grant.previous:
                await end(self.records, token.grant)
                raise _invalid("this refresh token was replaced, so what it was for has ended")
            narrowed = " ".join(word for word in grant.scope.split() if word in scope)
            if not narrowed:
                raise OAuthError("invalid_scope", "this scope was not granted")
            issued, sealed = grant.issued + 1, self.seal.close(token.secret, key)  # with the newest state key
            first = grant.first if token.number == grant.previous else issued
            changed = replace(grant, issued=issued, first=first, previous=token.number, sealed=sealed)
            if await self._swap(token.grant, held, changed):
                return self._tokens(token.grant, changed, token.secret, narrowed)

    async def caller(self, secret: str) -> Caller | None:
        """Return whose an access token is; None where it is not good."""
        token = self._token(ACCESS, secret)
        grant = None if token is None else (await self._held(token.grant))[1]
        if token is None or grant is None or token.number <= grant.revoked or not self._admits(grant):
            return None
        key = self.seal.open(token.secret, grant.sealed)
        if key is None:
            return None
        access = None if WRITE in token.scope.split() else Access.READ_ONLY
        return Caller(token.grant, ApiKey(key), access, f"login {token.grant}", person=f"account {grant.account}")

    async def revoke(self, client: str, secret: str) -> None:
        """End an access token and those before it, or with a refresh token the whole grant; one of another client stays
        as it is."""
        access = self._token(ACCESS, secret)
        token = access or self._token(REFRESH, secret)
        while token is not None:
            held, grant = await self._held(token.grant)
            if grant is None or grant.client != hash_of(client) or self.seal.open(token.secret, grant.sealed) is None:
                return
            if access is None:
                await end(self.records, token.grant)
            elif await self._swap(token.grant, held, replace(grant, revoked=max(grant.revoked, token.number))):
                return

    async def end_of_key(self, fingerprint: str) -> None:
        """End all grants that use a key."""
        for name, grant in (await all_grants(self.records)).items():
            if grant.fingerprint == fingerprint:
                await end(self.records, name)

    def _admits(self, grant: Grant) -> bool:
        """Return whether the account of a grant may (still) connect."""
        return not self.settings.accounts or grant.admitted in map(hash_of, self.settings.accounts)

    async def _held(self, name: str) -> tuple[bytes | None, Grant | None]:
        """Return a grant as it is kept, and what that says."""
        held = await self.records.get("login", name)
        return held, None if held is None else _read(held)

    async def _swap(self, name: str, held: bytes | None, grant: Grant) -> bool:
        """Keep a grant where nobody has changed it meanwhile; return whether that was so."""
        await self._count(grant.account, name)  # first: where it fails the client can try again
        return await self.records.swap("login", name, held, to_json(grant), time.time() + REFRESH_S)

    async def _count(self, account: int, name: str) -> None:
        """Note that a grant is in use, and end those of its account that are too many; what ended counts no more."""
        while True:
            held = await self.records.get("account", str(account))
            names = [other for other in from_json(held or b"[]") if other != name]
            if len(names) >= MOST_GRANTS:
                names = [other for other in names if await self.records.get("login", other)]
            kept = to_json([*names[1 - MOST_GRANTS :], name])
            if await self.records.swap("account", str(account), held, kept, time.time() + REFRESH_S):
                break
        for other in names[: 1 - MOST_GRANTS]:
            await end(self.records, other)

    def _token(self, kind: str, secret: str) -> Token | None:
        """Return what a token says; None where it is none of this kind and server, or too old."""
        said = self.seal.open(f"{kind} {self.settings.resource}", secret.removeprefix(kind))
        return None if said is None or time.time() > said[-1] else Token(*said)

    def _tokens(self, name: str, grant: Grant, secret: str, scope: str) -> dict[str, Any]:
        """Return the newest tokens of a grant."""

        def sealed(kind: str, lives_s: int) -> str:
            token = Token(name, secret, grant.issued, scope, time.time() + lives_s)
            return kind + self.seal.close(f"{kind} {self.settings.resource}", token)

        access = {"access_token": sealed(ACCESS, ACCESS_S), "token_type": "Bearer", "expires_in": ACCESS_S}
        return {**access, "refresh_token": sealed(REFRESH, REFRESH_S), "scope": scope}


async def all_grants(records: Records) -> dict[str, Grant]:
    """Return all grants that a client has tokens of, by their name."""
    grants = {name: _read(value) for name, value in (await records.all("login")).items()}
    return {name: grant for name, grant in grants.items() if grant and not grant.challenge}


async def end(records: Records, name: str) -> bool:
    """End a grant, and with it all its tokens; return whether there was one."""
    while (held := await records.get("login", name)) is not None:
        if await records.swap("login", name, held, None):
            return True
    return False


def _read(record: bytes) -> Grant | None:
    """Return what a record says; None where another version wrote it in another way."""
    with suppress(ValidationError):
        return _GRANT.validate_json(record)


def _name(code: str) -> str:
    """Return the name of the grant that a code is for."""
    return hash_of(code)[:16]


def _invalid(message: str) -> OAuthError:
    return OAuthError("invalid_grant", message)


_GRANT = TypeAdapter(Grant)
