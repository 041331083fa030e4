"""Answers `/authorize`: checks what a client asks, asks the person, and sends a code back."""

import re
import secrets
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, replace
from typing import Any
from urllib.parse import urlencode

from pydantic import TypeAdapter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from tinylytics_tools.access import FULL_ACCESS_PREFIX, READ_ONLY_PREFIX, Access, ApiKey
from tinylytics_tools.errors import KeyNotAccepted, TinylyticsError
from tinylytics_tools.me import MeReply

from tinylytics_mcp.http.auth import MOST_REMEMBERED, AuthUnavailable, KeyChecks
from tinylytics_mcp.http.oauth import pages
from tinylytics_mcp.http.oauth.clients import Clients, OAuthClient
from tinylytics_mcp.http.oauth.forms import OAuthError, form_of, once
from tinylytics_mcp.http.oauth.grants import Grant, Grants
from tinylytics_mcp.http.oauth.seal import Seal, same
from tinylytics_mcp.http.oauth.settings import READ, SCOPES, WRITE, OAuthSettings
from tinylytics_mcp.http.tokens import hash_of

TICKET_S = 900
"""How long a page can be answered: somebody may have to make a key first."""
AGAIN = "Go back to the app and connect again."

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")

Owner = Callable[[ApiKey], Awaitable[MeReply | None]]
"""Asks Tinylytics whose a key is; None where it does not take it."""


@dataclass(frozen=True)
class Ticket:
    """What a client asks for, and in which browser and until when it may be answered."""

    client: str
    redirect: str
    state: str | None
    challenge: str
    may_write: bool
    cookie: str = ""
    until: float = 0.0
    id: str = ""


class NotAdmitted(Exception):
    """A key cannot be used to connect; the text says why, to a person."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class Consent:
    """The pages at which a person lets a client in."""

    def __init__(
        self,
        settings: OAuthSettings,
        seal: Seal,
        clients: Clients,
        grants: Grants,
        owner: Owner,
        *,
        may_write: bool,
    ) -> None:
        self._settings = settings
        self._may_write = may_write
        self._seal = seal
        self._clients = clients
        self._grants = grants
        self._owner = owner
        self._owners = OrderedDict[str, MeReply]()
        self._keys = KeyChecks(self._takes)
        self._cookie = "__Host-tinylytics" if settings.is_secure else "tinylytics"

    async def ask(self, request: Request) -> Response:
        """Show the page, or send the client back with an error; one that is not known gets nothing sent."""
        try:
            given = once(request.query_params.multi_items())
        except OAuthError:
            return pages.told("This address cannot be used", "It names something twice.", AGAIN)
        client = await self._clients.find(given.get("client_id", ""))
        if client is None or client.is_expired:
            return pages.told(
                "This app is not known here",
                "It registered long ago, or never, or is described at an address that this server does not read.",
                "Remove this server from the app and add it again.",
            )
        redirect = given.get("redirect_uri", "")
        if not client.takes(redirect):
            return pages.told("This app may not be sent there", "It asks to be answered at an address not its own.")
        try:
            asked = self._asked(client, redirect, given)
        except OAuthError as wrong:
            told = {"error": wrong.error, "error_description": str(wrong)}
            address = self._back(redirect, given.get("state"), **told)
            return RedirectResponse(address, 302, {"cache-control": "no-store"})
        cookie = request.cookies.get(self._cookie) or secrets.token_urlsafe(24)
        response = self._page(client, replace(asked, cookie=hash_of(cookie)))
        response.set_cookie(
            self._cookie, cookie, max_age=TICKET_S, secure=self._settings.is_secure, httponly=True, samesite="lax"
        )
        return response

    async def answer(self, request: Request) -> Response:
        """Take what the person chose and send them back to the client."""
        try:
            form = await form_of(request)
        except OAuthError:
            return pages.told("This answer cannot be read", AGAIN)
        signed = self._seal.read("ticket", form.get("ticket", ""))
        ticket = None if signed is None else _TICKET.validate_python(signed)
        if ticket is None or time.time() > ticket.until:
            return pages.told("This page is too old", AGAIN)
        if not same(ticket.cookie, hash_of(request.cookies.get(self._cookie, ""))):
            return pages.told("This page was opened in another browser", f"Or this browser takes no cookies. {AGAIN}")
        client = await self._clients.find(ticket.client)
        if client is None or not client.takes(ticket.redirect):
            return pages.told("This app is not known here any more", AGAIN)
        if form.get("answer") != "connect":
            address = self._back(ticket.redirect, ticket.state, error="access_denied")
            return pages.leaving("Not connected", ticket.redirect, address)
        writes = form.get("scope") == WRITE and ticket.may_write
        text = form.get("key", "").strip()
        try:
            grant = await self._granted(client, text, writes=writes)
        except NotAdmitted as problem:
            return self._page(client, ticket, writes=writes, problem=str(problem), status=problem.status)
        code = f"tlc_{self._seal.derive('code', ticket.id)[0]}"  # the same where a form is sent twice
        if not await self._grants.code(code, grant, text, redirect=ticket.redirect, challenge=ticket.challenge):
            return pages.told("This was answered already", "The app is connected. You can close this page.")
        title = "Connected: it may read and write" if WRITE in grant.scope else "Connected: it may read"
        return pages.leaving(title, ticket.redirect, self._back(ticket.redirect, ticket.state, code=code))

    def _asked(self, client: OAuthClient, redirect: str, given: dict[str, str]) -> Ticket:
        if given.get("response_type") != "code":
            raise OAuthError("unsupported_response_type", "response_type must be code")
        if given.get("code_challenge_method") != "S256" or not _CHALLENGE.fullmatch(given.get("code_challenge", "")):
            raise OAuthError("invalid_request", "code_challenge is needed, with code_challenge_method S256")
        self._settings.check_resource(given.get("resource"))
        words = given.get("scope", " ".join(SCOPES)).split()
        if not set(words) & set(SCOPES):
            raise OAuthError("invalid_scope", f"scope takes {' and '.join(SCOPES)}")
        return Ticket(
            client.id,
            redirect,
            given.get("state"),
            given["code_challenge"],
            may_write=self._may_write and WRITE in words,
        )

    async def _granted(self, client: OAuthClient, text: str, *, writes: bool) -> Grant:
        """Return what a key gives a client."""
        wrong = NotAdmitted(
            "Tinylytics does not accept this key. It begins with tly-ro- or tly-fa-: copy it again.", 400
        )
        try:
            key = ApiKey(text)
            if not text.startswith((READ_ONLY_PREFIX, FULL_ACCESS_PREFIX)) or not await self._keys.takes(key):
                raise wrong
            owner = self._owners.get(key.fingerprint) or await self._owner(key)
        except KeyNotAccepted:
            raise wrong from None
        except (AuthUnavailable, TinylyticsError):
            raise NotAdmitted("The key cannot be checked now. Try again in a minute.", 503) from None
        if owner is None:
            raise wrong
        admitted = self._settings.accounts & {str(owner.id), (owner.email or "").lower()}
        if self._settings.accounts and not admitted:
            raise NotAdmitted("The account of this key may not connect here. Ask whoever runs this server.", 403)
        scope = f"{READ} {WRITE}" if writes and key.access is Access.FULL_ACCESS else READ
        return Grant(client.id, client.name, scope, owner.id, key.fingerprint, min(admitted, default=""))

    async def _takes(self, key: ApiKey) -> bool:
        """Return whether Tinylytics takes a key, and remember whose it is."""
        owner = await self._owner(key)
        if owner is not None:
            self._owners[key.fingerprint] = owner
            if len(self._owners) > MOST_REMEMBERED:
                self._owners.popitem(last=False)
        return owner is not None

    def _page(self, client: OAuthClient, ticket: Ticket, *, writes: bool = False, **shown: Any) -> Response:
        ticket = replace(ticket, until=time.time() + TICKET_S, id=secrets.token_urlsafe(12))
        signed = self._seal.sign("ticket", asdict(ticket))
        may_write = ticket.may_write
        return pages.consent(
            self._settings, client, ticket.redirect, signed, may_write=may_write, writes=writes, **shown
        )

    def _back(self, redirect: str, state: str | None, **told: str) -> str:
        """Return the address that tells a client what came of it, and who says so (RFC 9207)."""
        query = urlencode({**told, **({} if state is None else {"state": state}), "iss": self._settings.issuer})
        return f"{redirect}{'&' if '?' in redirect else '?'}{query}"


_TICKET = TypeAdapter(Ticket)
