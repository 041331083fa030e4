"""What a hostile client asks at `/authorize`: nothing is sent where it does not belong, and no form is shown."""

import pytest
from support.oauth import CALLBACK, CLAUDE_CALLBACK, CLAUDE_CODE, Browser, OAuthServed, query_of, sent_to
from tinylytics_mcp.http.oauth.consent import LONGEST

pytestmark = pytest.mark.anyio

HERE = "http://127.0.0.1:7777/callback"


@pytest.mark.parametrize(
    "redirect",
    [
        None,
        "",
        "javascript:alert(1)",
        "data:text/html,x",
        "https://evil.example/callback",
        "http://claude.ai/api/mcp/auth_callback",
        f"{CLAUDE_CALLBACK}/",
        f"{CLAUDE_CALLBACK}?next=//evil.example",
        f"{CLAUDE_CALLBACK}#x",
        "https://claude.ai.evil.example/api/mcp/auth_callback",
        "https://claude.ai@evil.example/api/mcp/auth_callback",
        "https://claude.ai:444/api/mcp/auth_callback",
        "https://evil.example\\@claude.ai/api/mcp/auth_callback",
        "https://claude.ai\\.evil.example/api/mcp/auth_callback",
        "https://claude.ai%2eevil.example/api/mcp/auth_callback",
        "https://claude.ai%00.evil.example/api/mcp/auth_callback",
        "https://cl\u0430ude.ai/api/mcp/auth_callback",
        "https://claude\u3002ai/api/mcp/auth_callback",
        "https://xn--clude-2of.ai/api/mcp/auth_callback",
        "https://CLAUDE.ai/api/mcp/auth_callback",
        "HTTPS://claude.ai/api/mcp/auth_callback",
        f"{CLAUDE_CALLBACK}%2f..%2fevil",
        f"{CLAUDE_CALLBACK}\n",
        f"{CLAUDE_CALLBACK}{'x' * 9_000}",
        "http://127.0.0.1/callback",
    ],
)
async def test_an_address_that_is_not_the_clients_own_gets_nothing(
    server: OAuthServed, browser: Browser, redirect: str | None
) -> None:
    page = await browser.open(server.authorize(redirect_uri=redirect))
    assert (page.status_code, page.headers.get("location")) == (400, None)
    assert "evil" not in page.text
    assert "<form" not in page.text


@pytest.mark.parametrize(
    ("redirect", "status"),
    [
        ("http://127.0.0.1:50123/callback", 200),
        ("http://localhost:1/callback", 200),
        ("http://127.0.0.1:50123/other", 400),
        ("http://127.0.0.2:50123/callback", 400),
        ("https://127.0.0.1:50123/callback", 400),
        ("http://localhost.evil.example:50123/callback", 400),
    ],
)
async def test_a_program_on_this_computer_may_listen_on_any_port_and_nowhere_else(
    server: OAuthServed, browser: Browser, redirect: str, status: int
) -> None:
    page = await browser.open(server.authorize(client_id=CLAUDE_CODE, redirect_uri=redirect))
    assert page.status_code == status
    assert ("on the device that you use now" in page.text) is (status == 200)


@pytest.mark.parametrize(
    ("client_id", "redirect", "status"),
    [
        ("https://chatgpt.com/oauth/client.json", "https://chatgpt.com/connector_platform_oauth_redirect", 200),
        ("https://chatgpt.com/oauth/client.json", "https://chatgpt.com/connector/oauth/abc-123", 200),
        ("https://chatgpt.com/oauth/abc/client.json", "https://chatgpt.com/connector/oauth/abc", 200),
        ("https://chatgpt.com/oauth/client.json", "https://chatgpt.com/connector/oauth/a/../../evil", 400),
        ("https://chatgpt.com/oauth/client.json", "https://chatgpt.com/connector/oauth/", 400),
        ("https://chatgpt.com/oauth/a/b/client.json", "https://chatgpt.com/connector/oauth/abc", 400),
        ("https://chatgpt.com/oauth/codex/client.json", HERE, 200),
        ("https://chatgpt.com/oauth/codex/client.json", "https://chatgpt.com/connector/oauth/abc", 400),
        ("https://vscode.dev/oauth/client-metadata.json", "http://127.0.0.1:33418/", 200),
        ("https://vscode.dev/oauth/client-metadata.json", "https://vscode.dev/redirect", 200),
        ("https://unknown.example/client.json", "https://unknown.example/callback", 400),
        ("made-up", HERE, 400),
        (None, HERE, 400),
    ],
)
async def test_the_clients_that_are_known_are_those_of_the_package(
    server: OAuthServed, browser: Browser, client_id: str | None, redirect: str, status: int
) -> None:
    page = await browser.open(server.authorize(client_id=client_id, redirect_uri=redirect))
    assert page.status_code == status
    assert "nobody has checked" not in page.text
    is_described = client_id in ("https://unknown.example/client.json", "https://chatgpt.com/oauth/a/b/client.json")
    assert ("TINYLYTICS_OAUTH_FETCH_CLIENTS" in page.text) is is_described


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": None}, "unsupported_response_type"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"resource": "https://elsewhere.example/mcp"}, "invalid_target"),
        ({"resource": "http://127.0.0.1:1/mcp"}, "invalid_target"),
        ({"scope": "admin"}, "invalid_scope"),
    ],
)
async def test_what_cannot_be_granted_is_told_with_the_state_and_who_says_so(
    server: OAuthServed, browser: Browser, changed: dict[str, str | None], error: str
) -> None:
    answer = await browser.open(server.authorize(**changed))
    assert answer.status_code == 302
    where, _, _ = answer.headers["location"].partition("?")
    told = query_of(answer.headers["location"])
    assert where == CLAUDE_CALLBACK
    assert (told["error"], told["state"], told["iss"]) == (error, "a state", server.issuer)
    assert "code" not in told


@pytest.mark.parametrize(("redirect", "status"), [("https://evil.example/callback", 400), (CALLBACK, 302)])
async def test_a_link_to_this_server_leads_to_no_stranger_before_somebody_says_so(
    server: OAuthServed, browser: Browser, redirect: str, status: int
) -> None:
    registered = (await server.served.ask("POST", "/register", json={"redirect_uris": [redirect]})).json()["client_id"]
    asked = {"client_id": registered, "redirect_uri": redirect, "scope": "admin"}
    answer = await browser.open(server.authorize(**asked))
    assert (answer.status_code, "location" in answer.headers) == (status, status == 302)
    assert ("scope takes read and write" in answer.text) is (status == 400)
    assert "evil" not in answer.text


async def test_a_parameter_that_is_given_twice_is_not_guessed(server: OAuthServed, browser: Browser) -> None:
    page = await browser.open(server.authorize() + "&redirect_uri=https%3A%2F%2Fevil.example")
    assert page.status_code == 400
    assert "<form" not in page.text


async def test_what_the_host_header_says_is_not_believed(server: OAuthServed) -> None:
    other = {"host": "localhost:9"}
    metadata = (await server.served.ask("GET", "/.well-known/oauth-authorization-server", **other)).json()
    assert metadata["issuer"] == server.issuer
    assert (await server.served.ask("GET", "/authorize", host="evil.example")).status_code == 421


@pytest.mark.parametrize(
    ("scope", "offered"), [(None, True), ("read", False), ("read write", True), ("read offline_access openid", False)]
)
async def test_writing_is_offered_only_where_it_is_asked_for_and_never_chosen_beforehand(
    server: OAuthServed, browser: Browser, scope: str | None, *, offered: bool
) -> None:
    page = await browser.open(server.authorize(scope=scope))
    assert ('value="write">' in page.text) is offered
    assert 'value="read" checked>' in page.text
    granted = await server.redeemed(query_of(sent_to(await browser.answer(scope="write")))["code"])
    assert granted.json()["scope"] == ("read write" if offered else "read")


@pytest.mark.parametrize(
    "redirects",
    [
        ["javascript:alert(1)"],
        ["http://evil.example/callback"],
        ["https://user@evil.example/"],
        ["https://claude.ai:pw@evil.example/"],
        ["https://claude.ai%2eevil.example/"],
        ["https://claude.ai;.evil.example/"],
        ["https://claude.ai\\.evil.example/"],
        ["https://cl\u0430ude.ai/"],
        ["https://a.example:1:2/"],
        ["https://a.example/\n"],
        ["http://2130706433/"],
        ["http://127.0.0.1.evil.example/"],
        ["http://127.0.0.1@evil.example/"],
        ["https:///callback"],
        ["https://a b/"],
        ["file:///etc/passwd"],
        ["evil://callback"],
        [CALLBACK, "data:,"],
        ["https://a.example/#fragment"],
        [f"https://a.example/{'x' * 600}"],
        ["https://a.example/"] * 11,
        [],
        None,
        "https://a.example/",
        [1],
    ],
)
async def test_a_registration_with_a_redirect_that_is_not_safe_is_refused(
    server: OAuthServed, redirects: object
) -> None:
    answer = await server.served.ask("POST", "/register", json={"redirect_uris": redirects})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_redirect_uri")


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'"x"', b"[" * 40_000])
async def test_a_registration_that_cannot_be_read_is_refused(server: OAuthServed, body: bytes) -> None:
    answer = await server.served.plain.post(f"{server.served.address}/register", content=body)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata")


@pytest.mark.parametrize("path", ["/register", "/token", "/revoke", "/authorize"])
async def test_a_body_without_end_is_not_read(server: OAuthServed, path: str) -> None:
    answer = await server.served.plain.post(f"{server.served.address}{path}", content=b"a" * 70_000)
    assert answer.status_code in (400, 413)


async def test_what_a_host_sends_along_comes_back_however_long_and_what_is_longer_is_told(
    server: OAuthServed, browser: Browser
) -> None:
    state = "\U0001f511" * (LONGEST // 2)
    assert (await browser.open(server.authorize(state=state))).status_code == 200
    assert query_of(sent_to(await browser.answer()))["state"] == state
    for name in ("state", "client_id", "scope", "code_challenge", "resource", "anything"):
        page = await browser.open(server.authorize(**{name: "x" * (LONGEST + 1)}))
        assert (page.status_code, page.headers.get("location")) == (400, None)


async def test_registering_keeps_nothing_and_an_id_that_was_changed_is_none(
    server: OAuthServed, browser: Browser
) -> None:
    metadata = {"redirect_uris": [CALLBACK], "client_name": "Mine", "jwks_uri": "x", "grant_types": ["jwt"]}
    first, second = [(await server.served.ask("POST", "/register", json=metadata)).json() for _ in range(2)]
    assert first["client_id"] != second["client_id"]
    assert first["token_endpoint_auth_method"] == "none"
    assert "client_secret" not in first
    assert first["grant_types"] == ["authorization_code", "refresh_token"]
    asked = {"client_id": first["client_id"], "redirect_uri": CALLBACK}
    assert (await browser.open(server.authorize(**asked))).status_code == 200
    own, other = first["client_id"], second["client_id"]
    for changed in (f"{own[:-8]}AAAAAAAA", own[:-40] + other[-40:], own[:40] + other[40:], own[:-1], own[3:], "v1."):
        assert (await browser.open(server.authorize(**{**asked, "client_id": changed}))).status_code == 400


async def test_an_app_that_registers_gets_no_pattern(server: OAuthServed, browser: Browser) -> None:
    pattern = "https://a.example/callback/*"
    answer = await server.served.ask("POST", "/register", json={"redirect_uris": [pattern]})
    for redirect, status in ((pattern, 200), ("https://a.example/callback/x", 400)):
        asked = {"client_id": answer.json()["client_id"], "redirect_uri": redirect}
        assert (await browser.open(server.authorize(**asked))).status_code == status


async def test_a_registration_ends_after_ninety_days_but_not_what_was_granted_before(
    server: OAuthServed, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    registered = (await server.served.ask("POST", "/register", json={"redirect_uris": [CALLBACK]})).json()["client_id"]
    asked = {"client_id": registered, "redirect_uri": CALLBACK}
    code = await server.code(**asked)
    tokens = (await server.redeemed(code, **asked)).json()
    monkeypatch.setattr("tinylytics_mcp.http.oauth.clients.REGISTERED_S", -1)
    assert (await browser.open(server.authorize(**asked))).status_code == 400
    renewed = await server.refreshed(tokens["refresh_token"], client_id=registered)
    assert renewed.status_code == 200
    await server.post("/revoke", client_id=registered, token=renewed.json()["refresh_token"])
    over = await server.refreshed(renewed.json()["refresh_token"], client_id=registered)
    assert (over.status_code, over.json()["error"]) == (401, "invalid_client")  # so that the host registers anew
