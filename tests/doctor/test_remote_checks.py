"""A public deployment is looked at as hosts do, and each is told apart by what it needs."""

from collections.abc import Callable
from typing import Any

import httpx2 as httpx
import pytest
from tinylytics_mcp.checks import Finding, Outcome
from tinylytics_mcp.remote_checks import of_deployment

pytestmark = pytest.mark.anyio
SITE = "https://mcp.example.com"
URL = f"{SITE}/mcp"
CHALLENGE = f'Bearer error="invalid_token", resource_metadata="{SITE}/.well-known/oauth-protected-resource/mcp"'
RESOURCE = {"resource": URL, "authorization_servers": [SITE]}
SERVER: dict[str, Any] = {
    "issuer": SITE,
    "authorization_endpoint": f"{SITE}/authorize",
    "token_endpoint": f"{SITE}/token",
    "registration_endpoint": f"{SITE}/register",
    "code_challenge_methods_supported": ["S256"],
    "token_endpoint_auth_methods_supported": ["none"],
    "client_id_metadata_document_supported": True,
    "authorization_response_iss_parameter_supported": True,
}
ALL = {"claude.ai", "ChatGPT", "Claude Code, VS Code, Codex", "Cursor, Gemini CLI"}


async def look(answer: Callable[[httpx.Request], httpx.Response], url: str = URL) -> list[Finding]:
    """Look at a server that answers so."""
    return await of_deployment(url, httpx.MockTransport(answer))


def serving(challenge: str, documents: dict[str, Any], **other: Any) -> Callable[[httpx.Request], httpx.Response]:
    """A server that asks who is there, and has these documents; `other`: what else is answered where nothing is."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return httpx.Response(401, headers={"www-authenticate": challenge}, json={})
        document = documents.get(request.url.path)
        missing = other or {"json": {"error": "not found"}}
        return httpx.Response(404, **missing) if document is None else httpx.Response(200, json=document)

    return answer


def with_login(resource: dict[str, Any] = RESOURCE, **changed: Any) -> Callable[[httpx.Request], httpx.Response]:
    """A server to log in to; a field changed to None is left out."""
    server = {name: value for name, value in {**SERVER, **changed}.items() if value is not None}
    documents = {
        "/.well-known/oauth-protected-resource/mcp": resource,
        "/.well-known/oauth-authorization-server": server,
    }
    return serving(CHALLENGE, documents)


def failures(findings: list[Finding]) -> set[str]:
    """The checks that failed; each says what to do."""
    failed = [finding for finding in findings if finding.outcome is Outcome.FAILED]
    assert all(finding.remedy for finding in failed)
    return {finding.check for finding in failed}


async def test_a_server_to_log_in_to_is_open_to_all_hosts() -> None:
    findings = await look(with_login())
    assert failures(findings) == set()
    assert {finding.check for finding in findings if finding.text == "can log in"} == ALL


@pytest.mark.parametrize(
    ("changed", "left_out"),
    [
        ({"registration_endpoint": None}, {"Cursor, Gemini CLI"}),
        ({"client_id_metadata_document_supported": None}, set[str]()),
        ({"registration_endpoint": None, "client_id_metadata_document_supported": None}, ALL),
        ({"registration_endpoint": None, "token_endpoint_auth_methods_supported": ["client_secret_post"]}, ALL),
        (
            {"registration_endpoint": None, "authorization_response_iss_parameter_supported": None},
            {"Cursor, Gemini CLI", "ChatGPT"},
        ),
        ({"code_challenge_methods_supported": ["plain"]}, {"PKCE"}),
        ({"token_endpoint": "http://mcp.example.com/token"}, {"TLS"}),
        ({"issuer": "https://other.example.com"}, {"discovery"}),
    ],
)
async def test_what_is_missing_leaves_out_the_hosts_that_need_it(changed: dict[str, Any], left_out: set[str]) -> None:
    assert failures(await look(with_login(**changed))) == left_out


async def test_a_document_that_is_missing_or_of_another_address_is_told() -> None:
    assert failures(await look(serving(CHALLENGE, {}))) == {"discovery"}
    assert failures(await look(with_login({**RESOURCE, "resource": "https://10.0.0.1/mcp"}))) == {"resource"}
    assert failures(await look(with_login({**RESOURCE, "authorization_servers": []}))) == {"discovery"}


@pytest.mark.parametrize(
    ("challenge", "header"),
    [("Bearer", "Authorization: Bearer TOKEN"), ("X-Tinylytics-Key", "X-Tinylytics-Key: KEY")],
)
async def test_a_server_that_takes_a_header_says_which_and_who_cannot_send_it(challenge: str, header: str) -> None:
    findings = await look(serving(challenge, {}))
    assert failures(findings) == set()
    assert header in findings[1].text
    assert (findings[2].check, findings[2].outcome) == ("claude.ai, ChatGPT", Outcome.WARNING)


async def test_a_page_in_place_of_a_missing_document_would_mislead_hosts() -> None:
    assert failures(await look(serving("Bearer", {}, html="<p>not found</p>"))) == {"discovery"}


@pytest.mark.parametrize(
    ("status", "check", "remedy"),
    [
        (200, "access", "ask for tokens"),
        (301, "address", "that it leads to"),
        (403, "address", "TINYLYTICS_ALLOWED_HOSTS"),
        (404, "address", "/mcp"),
        (421, "address", "TINYLYTICS_ALLOWED_HOSTS"),
        (502, "address", "proxy"),
    ],
)
async def test_any_other_answer_is_told_with_its_remedy(status: int, check: str, remedy: str) -> None:
    findings = await look(lambda _: httpx.Response(status, headers={"location": "https://x.example/mcp"}, json={}))
    assert failures(findings) == {check}
    assert remedy in str(findings[-1].remedy)


async def test_on_this_computer_a_server_may_be_open() -> None:
    assert failures(await look(lambda _: httpx.Response(200, json={}), "http://127.0.0.1:8000/mcp")) == set()


async def test_a_server_that_is_not_there_is_no_crash() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no route", request=request)

    assert failures(await look(refuse)) == {"reach"}


async def test_a_proxy_that_drops_the_paths_of_discovery_is_told() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return httpx.Response(401, headers={"www-authenticate": "Bearer"})
        raise httpx.ReadTimeout("dropped", request=request)

    assert failures(await look(answer)) == {"discovery"}
