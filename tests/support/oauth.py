"""A server with OAuth on a real port, a person with a browser, and the SDK's own client."""

import base64
import hashlib
import json
import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html import unescape
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2 as httpx
from mcp import Client
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientInformationFull, OAuthClientMetadata, OAuthToken
from pydantic import AnyUrl
from support.http_server import ACCEPT, ANNA, META, MODERN, NOTHING_SET, Served, Service, backend_of, serving
from tinylytics_mcp.backend import Backend
from tinylytics_mcp.http.limits import LIMITS, Limits
from tinylytics_mcp.http.run import bind
from tinylytics_tools.transport.interface import Store

STATE_KEY = "k" * 32
CALLBACK = "http://127.0.0.1:7777/callback"
CLAUDE_CODE = "https://claude.ai/oauth/claude-code-client-metadata"
CLAUDE = "https://claude.ai/oauth/mcp-oauth-client-metadata"
CLAUDE_CALLBACK = "https://claude.ai/api/mcp/auth_callback"
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")


@dataclass
class Browser:
    """What a person sees and does: it keeps cookies, fills in forms and goes where pages lead."""

    http: httpx.AsyncClient
    pages: list[httpx.Response] = field(default_factory=list[httpx.Response])

    async def open(self, url: str) -> httpx.Response:
        """Open an address."""
        self.pages.append(await self.http.get(url))
        return self.pages[-1]

    async def answer(
        self, *, key: str = ANNA, scope: str = "read", answer: str = "connect", **other: str
    ) -> httpx.Response:
        """Fill in the form of the last page that has one and send it."""
        form = next(page for page in reversed(self.pages) if 'name="ticket"' in page.text)
        fields = {"ticket": ticket_in(form), "key": key, "scope": scope, "answer": answer, **other}
        origin = str(form.url.copy_with(path="/", query=None)).rstrip("/")
        self.pages.append(await self.http.post(f"{origin}/authorize", data=fields, headers={"origin": origin}))
        return self.pages[-1]


def ticket_in(page: httpx.Response) -> str:
    """The hidden field of a page."""
    found = re.search(r'name="ticket" value="([^"]+)"', page.text)
    assert found, page.text
    return unescape(found[1])


def sent_to(page: httpx.Response) -> str:
    """Where a page sends its reader by itself, the same as its link."""
    found = re.search(r'<meta http-equiv="refresh" content="0; url=([^"]+)">', page.text)
    assert found, page.text
    assert f'href="{found[1]}"' in page.text
    return unescape(found[1])


def query_of(url: str) -> dict[str, str]:
    """The parameters of an address, each there once."""
    pairs = parse_qsl(urlsplit(url).query, keep_blank_values=True)
    assert len(pairs) == len(dict(pairs))
    return dict(pairs)


@dataclass(frozen=True)
class OAuthServed:
    """A server with OAuth that is being served."""

    served: Served
    service: Service
    backend: Backend
    environment: dict[str, str]

    @property
    def issuer(self) -> str:
        """Its public address."""
        return self.environment["TINYLYTICS_PUBLIC_URL"]

    @asynccontextmanager
    async def browser(self) -> AsyncGenerator[Browser]:
        """A browser of its own."""
        async with httpx.AsyncClient(trust_env=False, timeout=10) as http:
            yield Browser(http)

    def authorize(self, **changed: str | None) -> str:
        """The address at which Claude asks a person, with some parameters changed, and those that are None left out."""
        asked = {
            "response_type": "code",
            "client_id": CLAUDE,
            "redirect_uri": CLAUDE_CALLBACK,
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            "resource": f"{self.issuer}/mcp",
            "scope": "read write",
            "state": "a state",
            **changed,
        }
        query = httpx.QueryParams({name: value for name, value in asked.items() if value is not None})
        return f"{self.served.address}/authorize?{query}"

    async def code(self, *, key: str = ANNA, scope: str = "read", **changed: str | None) -> str:
        """A code, after somebody said yes."""
        async with self.browser() as browser:
            page = await browser.open(self.authorize(**changed))
            assert page.status_code == 200, page.text
            return query_of(sent_to(await browser.answer(key=key, scope=scope)))["code"]

    async def post(self, path: str, **form: str) -> httpx.Response:
        """What an endpoint answers a form."""
        return await self.served.plain.post(f"{self.served.address}{path}", data=form)

    async def redeemed(self, code: str, /, **changed: str) -> httpx.Response:
        """What Claude gets for a code."""
        form = {"code": code, "redirect_uri": CLAUDE_CALLBACK, "code_verifier": VERIFIER}
        return await self.post("/token", **{"grant_type": "authorization_code", "client_id": CLAUDE, **form, **changed})

    async def refreshed(self, refresh_token: str, /, **changed: str) -> httpx.Response:
        """What Claude gets for a refresh token."""
        form = {"grant_type": "refresh_token", "client_id": CLAUDE, "refresh_token": refresh_token}
        return await self.post("/token", **{**form, **changed})

    async def tokens(self, *, key: str = ANNA, scope: str = "read") -> dict[str, Any]:
        """The first tokens of a new grant."""
        answer = await self.redeemed(await self.code(key=key, scope=scope))
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def call(self, access_token: str, tool: str = "list_sites", **arguments: Any) -> dict[str, Any]:
        """The result of a tool call with a token."""
        params: dict[str, Any] = {"name": tool, "arguments": arguments}
        return (await self.served.modern("tools/call", params, authorization=f"Bearer {access_token}"))["result"]

    async def status(self, access_token: str) -> int:
        """The status of a call with a token."""
        params: dict[str, Any] = {"name": "list_sites", "arguments": {}}
        return (await self.raw(access_token, "tools/call", params)).status_code

    async def raw(self, access_token: str, method: str, params: dict[str, Any]) -> httpx.Response:
        """One request of the new protocol with a token."""
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {**params, "_meta": META}}
        about = {"mcp_protocol_version": MODERN, "mcp_method": method, "mcp_name": str(params.get("name", ""))}
        return await self.served.ask(
            "POST", "/mcp", json=body, **ACCEPT, **about, authorization=f"Bearer {access_token}"
        )


@dataclass
class Storage:
    """What a host keeps."""

    tokens: OAuthToken | None = None
    client: OAuthClientInformationFull | None = None
    saved: list[OAuthToken] = field(default_factory=list[OAuthToken])
    auth: OAuthClientProvider | None = None

    def expire(self) -> None:
        """Let the access token be too old, as the host sees it."""
        assert self.auth is not None
        self.auth.context.token_expiry_time = 1.0

    async def get_tokens(self) -> OAuthToken | None:
        """The tokens."""
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        """Keep tokens."""
        self.tokens = tokens
        self.saved.append(tokens)

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        """The registration."""
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        """Keep a registration."""
        self.client = client_info


@asynccontextmanager
async def sdk_client(
    server: OAuthServed, storage: Storage, *, document: str | None = None, key: str = ANNA, scope: str = "read"
) -> AsyncGenerator[Client]:
    """The SDK's own client, logging in by registration, or by the document that describes it."""
    async with server.browser() as browser:

        async def show(url: str) -> None:
            await browser.open(url)

        async def callback() -> AuthorizationCodeResult:
            query = query_of(sent_to(await browser.answer(key=key, scope=scope)))
            return AuthorizationCodeResult(code=query["code"], state=query.get("state"), iss=query.get("iss"))

        metadata = OAuthClientMetadata(redirect_uris=[AnyUrl(CALLBACK)], client_name="A test")
        address = f"{server.served.address}/mcp"
        storage.auth = auth = OAuthClientProvider(
            address, metadata, storage, show, callback, client_metadata_url=document
        )
        async with (
            httpx.AsyncClient(auth=auth, timeout=20, trust_env=False) as http,
            Client(streamable_http_client(address, http_client=http)) as client,
        ):
            yield client


class TwoPeople(Service):
    """The account of Bert has a number of its own."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer."""
        answer = await super().handle_async_request(request)
        if self.asked[-1] == ("bert", "GET", "/me"):
            return httpx.Response(200, json={**json.loads(await answer.aread()), "id": 77})
        return answer


@asynccontextmanager
async def oauth_serving(
    service: Service | None = None,
    *,
    store: Store | None = None,
    environment: Mapping[str, str] = NOTHING_SET,
    limits: Limits = LIMITS,
) -> AsyncGenerator[OAuthServed]:
    """Serve with OAuth on a free port."""
    with bind("127.0.0.1", 0) as free:
        port = free.getsockname()[1]
    given = {"TINYLYTICS_PUBLIC_URL": f"http://127.0.0.1:{port}", "TINYLYTICS_STATE_KEY": STATE_KEY, **environment}
    service = service or Service()
    backend = backend_of(service, store, **given)
    async with serving(backend, given, port=port, limits=limits) as served:
        yield OAuthServed(served, service, backend, given)
