"""Answers `/authorize`: checks what a client asks, asks the person, and sends a code back."""

import re
import secrets
import time
from dataclasses import asdict, dataclass, replace
from html import escape
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from tinylytics_tools.access import WHERE_KEYS_ARE_MADE, Access
from tinylytics_tools.me import MeReply

from tinylytics_mcp.http.auth import KeyChecks, TryLater
from tinylytics_mcp.http.oauth import pages
from tinylytics_mcp.http.oauth.clients import NAMELESS, Clients, OAuthClient, destination
from tinylytics_mcp.http.oauth.forms import OAuthError, form_of, once
from tinylytics_mcp.http.oauth.grants import Grant, Grants
from tinylytics_mcp.http.oauth.seal import Seal
from tinylytics_mcp.http.settings import FETCH_CLIENTS, READ, SCOPES, WRITE, OAuthSettings
from tinylytics_mcp.http.tokens import hash_of

TICKET_S = 900
"""How long a page can be answered: somebody may have to make a key first."""
LONGEST = 8_000
"""Characters of a parameter: what comes back in a form has to fit into the largest body."""
AGAIN = "Go back to the app and connect again."
DESCRIBED = (
    "It describes itself at an address of its own, which this server does not read, or could not read just now.",
    f"Whoever runs this server can have such addresses read, with {FETCH_CLIENTS}=1.",
)
UNREGISTERED = "It registered long ago, or never.", "Remove this server from the app and add it again."
UNVERIFIED = (
    "Anybody can use any name: nobody has checked this one. Go on only if you have just begun this yourself and know "
    "the address above."
)
ON_THIS_DEVICE = "That is a program on the device that you use now: go on only if you have just started it."

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True)
class Ticket:
    """What a client asks for, in which browser and until when it may be answered, and the code that it then gets: the
    same where a form is sent twice."""

    client: str
    redirect: str
    state: str | None
    challenge: str
    may_write: bool
    cookie: str = ""
    until: float = 0.0
    code: str = ""


@dataclass(frozen=True)
class Consent:
    """The pages at which a person lets a client in."""

    settings: OAuthSettings
    seal: Seal
    clients: Clients
    grants: Grants
    keys: KeyChecks[MeReply]
    may_write: bool

    @property
    def cookie(self) -> str:
        """The name of the cookie that ties a page to its browser."""
        return "__Host-tinylytics" if self.settings.is_secure else "tinylytics"

    async def ask(self, request: Request) -> Response:
        """Show the page, or send the client back with an error; one that is not known gets nothing sent."""
        try:
            given = once(request.query_params.multi_items())
        except OAuthError:
            return pages.told("This address cannot be used", "It names something twice.", AGAIN)
        if any(len(value) > LONGEST for value in given.values()):
            return pages.told("This address cannot be used", "It is too long.", AGAIN)
        client = await self.clients.find(given.get("client_id", ""))
        if client is None or client.is_expired:
            is_described = given.get("client_id", "").startswith("https://")
            return pages.told("This app is not known here", *(DESCRIBED if is_described else UNREGISTERED))
        redirect = given.get("redirect_uri", "")
        if not client.takes(redirect):
            return pages.told("This app may not be sent there", "It asks to be answered at an address not its own.")
        try:
            asked = self._asked(client, redirect, given)
        except OAuthError as wrong:
            if not (client.is_known or destination(redirect)[1]):  # anybody can register: nobody is led away unasked
                return pages.told("This app asks for what cannot be given", f"{wrong}.", AGAIN)
            told = {"error": wrong.error, "error_description": str(wrong)}
            address = self._back(redirect, given.get("state"), **told)
            return RedirectResponse(address, 302, {"cache-control": "no-store"})
        cookie = request.cookies.get(self.cookie) or secrets.token_urlsafe(24)
        response = self._page(client, replace(asked, cookie=hash_of(cookie)))
        response.set_cookie(
            self.cookie, cookie, max_age=TICKET_S, secure=self.settings.is_secure, httponly=True, samesite="lax"
        )
        return response

    async def answer(self, request: Request) -> Response:
        """Take what the person chose and send them back to the client."""
        try:
            form = await form_of(request)
        except OAuthError:
            return pages.told("This answer cannot be read", AGAIN)
        sealed = self.seal.open("ticket", form.get("ticket", ""))
        ticket = None if sealed is None else Ticket(**sealed)
        if ticket is None or time.time() > ticket.until:
            return pages.told("This page is too old", AGAIN)
        if not secrets.compare_digest(ticket.cookie, hash_of(request.cookies.get(self.cookie, ""))):
            return pages.told("This page was opened in another browser", f"Or this browser takes no cookies. {AGAIN}")
        client = await self.clients.find(ticket.client)
        if client is None or not client.takes(ticket.redirect):
            return pages.told("This app is not known here any more", AGAIN)
        if form.get("answer") != "connect":
            address = self._back(ticket.redirect, ticket.state, error="access_denied")
            return pages.leaving("Not connected", address)
        writes = form.get("scope") == WRITE and ticket.may_write
        text = form.get("key", "").strip()
        try:
            grant = await self._granted(client, text, writes=writes)
        except OAuthError as problem:
            return self._page(client, ticket, writes=writes, problem=str(problem), status=problem.status)
        grant = await self.grants.code(ticket.code, grant, text, redirect=ticket.redirect, challenge=ticket.challenge)
        if grant is None:
            return pages.told("This was answered already", "The app is connected. You can close this page.")
        title = "Connected: it may read and write" if WRITE in grant.scope else "Connected: it may read"
        return pages.leaving(title, self._back(ticket.redirect, ticket.state, code=ticket.code))

    def _asked(self, client: OAuthClient, redirect: str, given: dict[str, str]) -> Ticket:
        if given.get("response_type") != "code":
            raise OAuthError("unsupported_response_type", "response_type must be code")
        if given.get("code_challenge_method") != "S256" or not _CHALLENGE.fullmatch(given.get("code_challenge", "")):
            raise OAuthError("invalid_request", "code_challenge is needed, with code_challenge_method S256")
        self.settings.check_resource(given.get("resource"))
        words = given.get("scope", " ".join(SCOPES)).split()
        if not set(words) & set(SCOPES):
            raise OAuthError("invalid_scope", f"scope takes {' and '.join(SCOPES)}")
        may_write = self.may_write and WRITE in words
        return Ticket(client.client_id, redirect, given.get("state"), given["code_challenge"], may_write)

    async def _granted(self, client: OAuthClient, text: str, *, writes: bool) -> Grant:
        """Return what a key gives a client; an `OAuthError` tells the person why it gives nothing."""
        try:
            found = await self.keys.find(text)
        except TryLater:
            raise OAuthError("access_denied", "The key cannot be checked now. Try again in a minute.", 503) from None
        if found is None:
            told = "Tinylytics does not accept this key. A key begins with tly-ro- or tly-fa-: copy it again."
            raise OAuthError("access_denied", told)
        key, owner = found
        admitted = self.settings.accounts & {str(owner.id), (owner.email or "").lower()}
        if self.settings.accounts and not admitted:
            told = "The account of this key may not connect here. Ask whoever runs this server."
            raise OAuthError("access_denied", told, 403)
        scope = f"{READ} {WRITE}" if writes and key.access is Access.FULL_ACCESS else READ
        let_in = hash_of(min(admitted, default=""))
        return Grant(hash_of(client.client_id), client.client_name, scope, owner.id, key.fingerprint, let_in)

    def _page(
        self, client: OAuthClient, ticket: Ticket, *, writes: bool = False, problem: str = "", status: int = 200
    ) -> Response:
        """Return the page that asks; `writes`: what is chosen."""
        ticket = replace(ticket, until=time.time() + TICKET_S, code=f"tlc_{secrets.token_urlsafe(32)}")
        host, is_here = destination(ticket.redirect)
        warning = " ".join([*([] if client.is_known else [UNVERIFIED]), *([ON_THIS_DEVICE] if is_here else [])])
        name = escape(client.client_name)
        named = "without a name" if client.client_name == NAMELESS else f"that calls itself “{name}”"
        who = f"<strong>{name}</strong>" if client.is_known else f"An app {named}"
        body = pages.part("consent.html").substitute(
            problem=f'<p class="warn" role="alert">{escape(problem)}</p>\n' if problem else "",
            who=who,
            host=escape(host),
            warning=f'<p class="warn">{warning}</p>\n' if warning else "",
            ticket=self.seal.close("ticket", asdict(ticket)),
            read="" if writes else " checked",
            write=pages.part("write.html").substitute(chosen=" checked" if writes else "") if ticket.may_write else "",
            made=WHERE_KEYS_ARE_MADE,
            server=escape(self.settings.host),
        )
        title = f"Connect {client.client_name if client.is_known else 'an app'} to Tinylytics?"
        return pages.page(title, body, status=status)

    def _back(self, redirect: str, state: str | None, **told: str) -> str:
        """Return the address that tells a client what came of it, and who says so (RFC 9207)."""
        query = urlencode({**told, **({} if state is None else {"state": state}), "iss": self.settings.issuer})
        return f"{redirect}{'&' if '?' in redirect else '?'}{query}"
