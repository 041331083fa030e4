"""Answers `/authorize`: checks what a client asks, asks the person, and sends a code back."""

import re
import secrets
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from urllib.parse import urlencode

from pydantic import TypeAdapter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from tinylytics_tools.access import FULL_ACCESS_PREFIX, READ_ONLY_PREFIX, Access, ApiKey
from tinylytics_tools.errors import KeyNotAccepted
from tinylytics_tools.me import MeReply

from tinylytics_mcp.http.auth import MOST_REMEMBERED, AuthUnavailable, KeyChecks
from tinylytics_mcp.http.oauth import pages
from tinylytics_mcp.http.oauth.clients import Clients, OAuthClient
from tinylytics_mcp.http.oauth.forms import NotReadable, form_of, once
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
class Asked:
    """What a client asks for."""

    client: str
    redirect: str
    state: str | None
    challenge: str
    may_write: bool


@dataclass(frozen=True)
class Ticket:
    """An answer that may be given: to what, in which browser, until when."""

    asked: Asked
    cookie: str
    until: float
    id: str


class AskedWrongly(Exception):
    """What is asked cannot be granted; the client is told by an error of RFC 6749."""

    def __init__(self, error: str, message: str) -> None:
        super().__init__(message)
        self.error = error


class Owners:
    """Asks Tinylytics whose a key is, once; wrong keys take their time, as with any way in."""

    def __init__(self, owner: Owner) -> None:
        self._owner = owner
        self._checks = KeyChecks(self._accepts)
        self._found = OrderedDict[str, MeReply]()

    async def owner(self, text: str) -> tuple[ApiKey, MeReply] | None:
        """Return a key and whose it is; None where it is no key, or Tinylytics does not take it.

        Raises:
            AuthUnavailable: that cannot be told now.
        """
        if not text.startswith((READ_ONLY_PREFIX, FULL_ACCESS_PREFIX)):
            return None
        try:
            key = ApiKey(text)
        except KeyNotAccepted:
            return None
        if not await self._checks.takes(key):
            return None
        if key.fingerprint not in self._found and not await self._accepts(key):
            return None
        return key, self._found[key.fingerprint]

    async def _accepts(self, key: ApiKey) -> bool:
        found = await self._owner(key)
        if found is None:
            return False
        self._found[key.fingerprint] = found
        if len(self._found) > MOST_REMEMBERED:
            self._found.popitem(last=False)
        return True


class Consent:
    """The pages at which a person lets a client in."""

    def __init__(
        self,
        settings: OAuthSettings,
        seal: Seal,
        clients: Clients,
        grants: Grants,
        owners: Owners,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._seal = seal
        self._clients = clients
        self._grants = grants
        self._owners = owners
        self._clock = clock
        self._cookie = "__Host-tinylytics" if settings.is_secure else "tinylytics"

    async def ask(self, request: Request) -> Response:
        """Show the page, or send the client back with an error; one that is not known gets nothing sent."""
        try:
            given = once(request.query_params.multi_items())
        except NotReadable:
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
        except AskedWrongly as wrong:
            address = self._back(redirect, given.get("state"), error=wrong.error, error_description=str(wrong))
            return RedirectResponse(address, 302, {"cache-control": "no-store"})
        cookie = request.cookies.get(self._cookie) or secrets.token_urlsafe(24)
        response = self._page(client, asked, hash_of(cookie))
        response.set_cookie(
            self._cookie, cookie, max_age=TICKET_S, secure=self._settings.is_secure, httponly=True, samesite="lax"
        )
        return response

    async def answer(self, request: Request) -> Response:
        """Take what the person chose and send them back to the client."""
        try:
            form = await form_of(request)
        except NotReadable:
            return pages.told("This answer cannot be read", AGAIN)
        ticket = _ticket(self._seal.read("ticket", form.get("ticket", "")))
        if ticket is None or self._clock() > ticket.until:
            return pages.told("This page is too old", AGAIN)
        if not same(ticket.cookie, hash_of(request.cookies.get(self._cookie, ""))):
            return pages.told("This page was opened in another browser", f"Or this browser takes no cookies. {AGAIN}")
        asked = ticket.asked
        client = await self._clients.find(asked.client)
        if client is None or not client.takes(asked.redirect):
            return pages.told("This app is not known here any more", AGAIN)
        if form.get("answer") != "connect":
            address = self._back(asked.redirect, asked.state, error="access_denied")
            return pages.leaving("Not connected", asked.redirect, address)
        chosen = WRITE if form.get("scope") == WRITE and asked.may_write else READ
        text = form.get("key", "").strip()
        try:
            found = await self._owners.owner(text)
        except AuthUnavailable:
            problem = "The key cannot be checked now. Try again in a minute."
            return self._page(client, asked, ticket.cookie, chosen=chosen, problem=problem, status=503)
        if found is None:
            problem = "Tinylytics does not accept this key. Copy it again: it begins with tly-ro- or tly-fa-."
            return self._page(client, asked, ticket.cookie, chosen=chosen, problem=problem, status=400)
        key, owner = found
        admitted = self._settings.accounts & {str(owner.id), (owner.email or "").lower()}
        if self._settings.accounts and not admitted:
            problem = "The account of this key may not connect here. Ask whoever runs this server."
            return self._page(client, asked, ticket.cookie, chosen=chosen, problem=problem, status=403)
        scope = f"{READ} {WRITE}" if chosen == WRITE and key.access is Access.FULL_ACCESS else READ
        grant = Grant(client.id, client.name, scope, owner.id, key.fingerprint, min(admitted, default=""))
        code = f"tlc_{self._seal.derive('code', ticket.id)[0]}"  # the same where a form is sent twice
        if not await self._grants.code(code, grant, text, redirect=asked.redirect, challenge=asked.challenge):
            return pages.told("This was answered already", "The app is connected. You can close this page.")
        may = "read and write" if scope != READ else "read"
        return pages.leaving(
            f"Connected: it may {may}", asked.redirect, self._back(asked.redirect, asked.state, code=code)
        )

    def _asked(self, client: OAuthClient, redirect: str, given: dict[str, str]) -> Asked:
        if given.get("response_type") != "code":
            raise AskedWrongly("unsupported_response_type", "response_type must be code")
        if given.get("code_challenge_method") != "S256" or not _CHALLENGE.fullmatch(given.get("code_challenge", "")):
            raise AskedWrongly("invalid_request", "code_challenge is needed, with code_challenge_method S256")
        if not is_ours(self._settings, given.get("resource")):
            raise AskedWrongly("invalid_target", f"resource must be {self._settings.resource}")
        words = given.get("scope", " ".join(SCOPES)).split()
        if not set(words) & set(SCOPES):
            raise AskedWrongly("invalid_scope", f"scope takes {' and '.join(SCOPES)}")
        return Asked(client.id, redirect, given.get("state"), given["code_challenge"], may_write=WRITE in words)

    def _page(
        self,
        client: OAuthClient,
        asked: Asked,
        cookie: str,
        *,
        chosen: str = READ,
        problem: str = "",
        status: int = 200,
    ) -> Response:
        ticket = Ticket(asked, cookie, self._clock() + TICKET_S, secrets.token_urlsafe(12))
        signed = self._seal.sign("ticket", asdict(ticket))
        return pages.consent(
            self._settings,
            client,
            asked.redirect,
            signed,
            may_write=asked.may_write,
            chosen=chosen,
            problem=problem,
            status=status,
        )

    def _back(self, redirect: str, state: str | None, **told: str) -> str:
        """Return the address that tells a client what came of it, and who says so (RFC 9207)."""
        query = urlencode({**told, **({} if state is None else {"state": state}), "iss": self._settings.issuer})
        return f"{redirect}{'&' if '?' in redirect else '?'}{query}"


def is_ours(settings: OAuthSettings, resource: str | None) -> bool:
    """Return whether a token may be for a resource: this server, or whichever there is."""
    return resource is None or resource.rstrip("/") in (settings.resource, settings.issuer)


def _ticket(signed: dict[str, object] | None) -> Ticket | None:
    return None if signed is None else _TICKET.validate_python(signed)


_TICKET: TypeAdapter[Ticket] = TypeAdapter(Ticket)
