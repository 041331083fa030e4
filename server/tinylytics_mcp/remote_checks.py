"""Looks at a public deployment the way claude.ai, ChatGPT, Cursor and others do before they connect to it."""

import re
from collections.abc import AsyncIterator, Callable, Mapping
from time import monotonic
from typing import Any, cast
from urllib.parse import urlsplit

import httpx2 as httpx
from tinylytics_tools import sanitize

from tinylytics_mcp.checks import Finding, failed, ok, warning
from tinylytics_mcp.settings import is_loopback
from tinylytics_mcp.version import PROGRAM, VERSION

SLOW_S = 5.0
"""Hosts give up on a step after ten seconds."""
_INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": f"{PROGRAM} doctor", "version": VERSION},
    },
}
_METADATA = re.compile(r'resource_metadata="([^"]+)"')

Described = Mapping[str, Any]


def _has_cimd(server: Described) -> bool:
    """Return whether clients may be described by a document at an address (CIMD) and need no secret."""
    is_open = "none" in _texts(server, "token_endpoint_auth_methods_supported")
    return is_open and server.get("client_id_metadata_document_supported") is True


def _has_registration(server: Described) -> bool:
    return isinstance(server.get("registration_endpoint"), str)


def _has_either(server: Described) -> bool:
    return _has_registration(server) or _has_cimd(server)


def _fits_chatgpt(server: Described) -> bool:
    names_issuer = server.get("authorization_response_iss_parameter_supported") is True
    return _has_registration(server) or (_has_cimd(server) and names_issuer)


_EITHER = "client_id_metadata_document_supported with the method `none`, or a registration_endpoint"
_NAMED = "a registration_endpoint, or authorization_response_iss_parameter_supported with client documents"
_HOSTS: dict[str, tuple[Callable[[Described], bool], str]] = {
    "claude.ai": (_has_either, _EITHER),
    "ChatGPT": (_fits_chatgpt, _NAMED),
    "Claude Code, VS Code, Codex": (_has_either, _EITHER),
    "Cursor, Gemini CLI": (_has_registration, "a registration_endpoint"),
}
"""What each looks for in the metadata of the authorization server."""


async def of_deployment(url: str, transport: httpx.AsyncBaseTransport | None = None) -> list[Finding]:
    """Return what a host finds at an address, without credentials; a few requests."""
    async with httpx.AsyncClient(transport=transport, timeout=10.0) as client:
        return [finding async for finding in _of_deployment(client, url)]


async def _of_deployment(client: httpx.AsyncClient, url: str) -> AsyncIterator[Finding]:
    began = monotonic()
    accepted = {"accept": "application/json, text/event-stream"}
    try:
        reply = await client.post(url, json=_INITIALIZE, headers=accepted, follow_redirects=False)
    except httpx.HTTPError as error:
        why = sanitize.prose(str(error), cap=120) or type(error).__name__
        yield failed("reach", f"nothing answers there: {why}", "Check the name, its certificate and the proxy.")
        return
    took_s = monotonic() - began
    if took_s > SLOW_S:
        yield warning("reach", f"took {took_s:.0f} s to answer", "Hosts wait ten seconds at most.")
    else:
        yield ok("reach", f"answered in {took_s * 1000:.0f} ms")
    challenge = reply.headers.get("www-authenticate", "")
    metadata = _METADATA.search(challenge)
    if reply.status_code != 401:
        yield _open_or_wrong(reply, urlsplit(url).hostname or "")
        return
    logs_in = _of_oauth(client, url, metadata[1]) if metadata else _of_header(client, url, challenge)
    async for finding in logs_in:
        yield finding


def _open_or_wrong(reply: httpx.Response, host: str) -> Finding:
    status = reply.status_code
    if 300 <= status < 400:
        where = sanitize.url(reply.headers.get("location", ""))
        return failed("address", f"redirects to {where}", "Give hosts the address that it leads to.")
    if status in (403, 421):
        unknown = "the server does not know the name it was called by"
        return failed("address", unknown, "Set TINYLYTICS_ALLOWED_HOSTS to that name.")
    if status in (404, 405):
        return failed("address", "no MCP server answers at this path", "The path is /mcp, unless a proxy changes it.")
    if status != 200:
        return failed("address", f"answered with status {status}", "See the log of the server, and of its proxy.")
    if is_loopback(host):
        return ok("access", "lets in whoever is on this computer")
    return failed("access", "lets in everybody without asking", "Stop it, and ask for tokens, keys or a login.")


async def _of_header(client: httpx.AsyncClient, url: str, challenge: str) -> AsyncIterator[Finding]:
    """Yield what holds for a server that takes a token or a key in a header."""
    header = "X-Tinylytics-Key: KEY" if "tinylytics-key" in challenge.lower() else "Authorization: Bearer TOKEN"
    origin = httpx.URL(url).copy_with(path="/", query=None)
    yield ok("Claude Code, VS Code, Cursor, Codex, Gemini CLI", f"can connect, with the header {header}")
    remedy = "Set TINYLYTICS_PUBLIC_URL, and people log in instead."
    yield warning("claude.ai, ChatGPT", "cannot connect: they send no headers", remedy)
    for name in ("oauth-protected-resource", "oauth-authorization-server"):
        path = f"/.well-known/{name}"
        try:
            reply = await client.get(origin.copy_with(path=path))
        except httpx.HTTPError:
            yield failed("discovery", f"{path} is not answered", "See the proxy: it must pass this path on.")
            continue
        kind = reply.headers.get("content-type", "")
        if reply.status_code != 404 or "json" not in kind:
            text = f"{path} answers with status {reply.status_code}, {sanitize.prose(kind, cap=40) or 'no type'}"
            yield failed("discovery", text, "It should be 404 with JSON, or hosts try to log in: see the proxy.")


async def _of_oauth(client: httpx.AsyncClient, url: str, metadata: str) -> AsyncIterator[Finding]:
    """Yield what holds for a server that people log in to."""
    resource = await _document(client, metadata)
    issuers = _texts(resource, "authorization_servers")
    if not issuers:
        text = "the document that the 401 names lists no server to log in at"
        yield failed("discovery", text, "See the proxy: it must pass /.well-known/ on.")
        return
    if str(resource.get("resource", "")).rstrip("/") != url.rstrip("/"):
        text = "the server says that it is at another address than this one"
        yield failed("resource", text, "Set its public address to the one that people use.")
    issuer = issuers[0].rstrip("/")
    parts = urlsplit(issuer)
    where = f"{parts.scheme}://{parts.netloc}/.well-known/oauth-authorization-server{parts.path}"
    server = await _document(client, where)
    if str(server.get("issuer", "")).rstrip("/") != issuer:
        text = "the server to log in at does not describe itself"
        yield failed("discovery", text, f"{sanitize.url(where)} must be answered with its metadata.")
        return
    if "S256" not in _texts(server, "code_challenge_methods_supported"):
        yield failed("PKCE", "S256 is not offered", "All hosts ask for it.")
    plain = [name for name, value in server.items() if name.endswith("_endpoint") and not _is_safe(str(value))]
    if plain:
        text = f"not https: {sanitize.prose(', '.join(plain), cap=120)}"
        yield failed("TLS", text, "Set the server's public address to an https one.")
    for name, (fits, needed) in _HOSTS.items():
        if fits(server):
            yield ok(name, "can log in")
        else:
            yield failed(name, "cannot log in", f"The authorization server must have {needed}.")


def _is_safe(address: str) -> bool:
    parts = urlsplit(address)
    return parts.scheme == "https" or is_loopback(parts.hostname or "")


async def _document(client: httpx.AsyncClient, address: str) -> dict[str, Any]:
    """Return a JSON object at an address; an empty one where there is none."""
    if not _is_safe(address):
        return {}
    try:
        reply = await client.get(address)
        found: Any = reply.json() if reply.status_code == 200 else {}
    except (httpx.HTTPError, ValueError):
        return {}
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def _texts(described: Described, name: str) -> list[str]:
    """Return the texts listed under a name; none where there is no list."""
    value = described.get(name)
    return [str(part) for part in cast("list[Any]", value)] if isinstance(value, list) else []
