"""Codes and tokens in the wrong hands, twice, too late, or for something else."""

import base64
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from support.http_server import ACCEPT, ANNA, ANNA_READS, BERT, INITIALIZE
from support.oauth import CALLBACK, CLAUDE, CLAUDE_CALLBACK, CLAUDE_CODE, OAuthServed, TwoPeople, oauth_serving
from tinylytics_mcp.http.limits import LIMITS

pytestmark = pytest.mark.anyio


def error_of(answer: httpx.Response) -> tuple[int, str]:
    """The status and error of an answer that must be one."""
    assert answer.headers["cache-control"] == "no-store"
    return answer.status_code, answer.json()["error"]


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"redirect_uri": "https://claude.com/api/mcp/auth_callback"}, (400, "invalid_grant")),
        ({"code_verifier": "w" * 43}, (400, "invalid_grant")),
        ({"code_verifier": ""}, (400, "invalid_request")),
        ({"client_id": CLAUDE_CODE}, (400, "invalid_grant")),
        ({"client_id": "nobody"}, (401, "invalid_client")),
        ({"client_id": ""}, (401, "invalid_client")),
        ({"code": "tlc_made-up"}, (400, "invalid_grant")),
        ({"code": ""}, (400, "invalid_request")),
        ({"resource": "https://elsewhere.example/mcp"}, (400, "invalid_target")),
        ({"grant_type": "password"}, (400, "unsupported_grant_type")),
        ({"grant_type": ""}, (400, "unsupported_grant_type")),
    ],
)
async def test_a_code_is_good_for_what_it_was_made_for_alone(
    server: OAuthServed, changed: dict[str, str], error: tuple[int, str]
) -> None:
    code = await server.code()
    assert error_of(await server.redeemed(code, **changed)) == error
    assert (await server.redeemed(code)).status_code == 200  # whoever tries does not spoil it


@pytest.mark.parametrize(
    ("body", "authorization", "error"),
    [
        ("grant_type=authorization_code&grant_type=refresh_token", "", (400, "invalid_request")),
        (f"client_id={CLAUDE}&client_id={CLAUDE_CODE}", "", (400, "invalid_request")),
        (f"client_id={CLAUDE}", f"Basic {base64.b64encode(CLAUDE_CODE.encode()).decode()}", (400, "invalid_request")),
        ("", f"Basic {base64.b64encode(b'nobody:x').decode()}", (401, "invalid_client")),
        ("", "Basic ???", (401, "invalid_client")),
        ("&".join(f"x{number}=1" for number in range(60)), "", (400, "invalid_request")),
        ("client_id=\udcff", "", (400, "invalid_request")),
    ],
)
async def test_two_clients_in_one_request_are_none(
    server: OAuthServed, body: str, authorization: str, error: tuple[int, str]
) -> None:
    sent = body.encode("utf-8", "surrogateescape")
    headers = {"authorization": authorization} if authorization else {}
    for path in ("/token", "/revoke"):
        answer = await server.served.plain.post(f"{server.served.address}{path}", content=sent, headers=headers)
        assert error_of(answer) == error


async def test_a_code_of_an_app_that_registered_itself_is_no_code_of_a_known_one(server: OAuthServed) -> None:
    metadata = {"redirect_uris": [CLAUDE_CALLBACK], "client_name": "Claude"}
    client_id = (await server.served.ask("POST", "/register", json=metadata)).json()["client_id"]
    code = await server.code(client_id=client_id)
    assert error_of(await server.redeemed(code)) == (400, "invalid_grant")
    assert (await server.redeemed(code, client_id=client_id)).status_code == 200


async def test_a_code_that_is_used_again_ends_what_it_gave(server: OAuthServed) -> None:
    code = await server.code()
    tokens = (await server.redeemed(code)).json()
    assert await server.status(tokens["access_token"]) == 200
    assert error_of(await server.redeemed(code, client_id=CLAUDE_CODE)) == (400, "invalid_grant")
    assert await server.status(tokens["access_token"]) == 401
    assert error_of(await server.refreshed(tokens["refresh_token"])) == (400, "invalid_grant")


async def test_a_code_is_good_for_a_minute(server: OAuthServed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tinylytics_mcp.http.oauth.grants.CODE_S", -1)
    assert error_of(await server.redeemed(await server.code())) == (400, "invalid_grant")


async def test_tokens_end_in_their_time(server: OAuthServed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tinylytics_mcp.http.oauth.grants.ACCESS_S", -1)
    tokens = await server.tokens()
    assert await server.status(tokens["access_token"]) == 401
    monkeypatch.setattr("tinylytics_mcp.http.oauth.grants.REFRESH_S", -1)
    late = (await server.refreshed(tokens["refresh_token"])).json()
    assert error_of(await server.refreshed(late["refresh_token"])) == (400, "invalid_grant")


async def test_a_refresh_token_stays_good_until_the_next_one_is_used(server: OAuthServed) -> None:
    first = await server.tokens()
    lost = (await server.refreshed(first["refresh_token"])).json()
    second = (await server.refreshed(first["refresh_token"])).json()  # the answer was lost
    third = (await server.refreshed(second["refresh_token"])).json()
    assert len({lost["refresh_token"], first["refresh_token"], second["refresh_token"], third["refresh_token"]}) == 4
    assert await server.status(third["access_token"]) == 200
    assert await server.status(first["access_token"]) == 200  # refreshing ends no call under way


@pytest.mark.parametrize("stolen", [0, 1])
async def test_a_refresh_token_that_was_stolen_ends_the_grant_of_both(server: OAuthServed, stolen: int) -> None:
    first = await server.tokens()
    thief = (await server.refreshed(first["refresh_token"])).json()
    owner = (await server.refreshed(first["refresh_token"])).json()
    owner = (await server.refreshed(owner["refresh_token"])).json()
    shown = (first, thief)[stolen]["refresh_token"]
    assert error_of(await server.refreshed(shown)) == (400, "invalid_grant")
    for tokens in (thief, owner):
        assert await server.status(tokens["access_token"]) == 401
        assert error_of(await server.refreshed(tokens["refresh_token"])) == (400, "invalid_grant")


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"client_id": CLAUDE_CODE}, (400, "invalid_grant")),
        ({"resource": "https://elsewhere.example/mcp"}, (400, "invalid_target")),
        ({"refresh_token": "tlr_made-up"}, (400, "invalid_grant")),
        ({"scope": "admin"}, (400, "invalid_scope")),
        ({"scope": "write"}, (400, "invalid_scope")),
    ],
)
async def test_a_refresh_token_is_good_for_its_own_client_and_scope(
    server: OAuthServed, changed: dict[str, str], error: tuple[int, str]
) -> None:
    tokens = await server.tokens(scope="read")
    assert error_of(await server.refreshed(tokens["refresh_token"], **changed)) == error
    more = await server.refreshed(tokens["refresh_token"], scope="read write")  # what the host asked for at first
    assert (more.status_code, more.json()["scope"]) == (200, "read")


async def test_less_scope_can_be_asked_for_at_a_refresh(server: OAuthServed) -> None:
    tokens = await server.tokens(scope="write")
    less = (await server.refreshed(tokens["refresh_token"], scope="read")).json()
    assert less["scope"] == "read"
    assert (await server.call(less["access_token"], "create_kudo", site="456", path="/x"))["isError"]
    assert (await server.refreshed(less["refresh_token"])).json()["scope"] == "read write"


async def test_a_token_in_the_wrong_place_is_none(server: OAuthServed) -> None:
    tokens = await server.tokens()
    assert await server.status(tokens["refresh_token"]) == 401
    assert await server.status(ANNA) == 401  # a key is no token
    code = await server.code()
    assert await server.status(code) == 401
    assert error_of(await server.refreshed(tokens["access_token"])) == (400, "invalid_grant")
    answer = await server.served.ask("POST", f"/mcp?access_token={tokens['access_token']}", json=INITIALIZE)
    assert answer.status_code == 401
    answer = await server.served.ask("POST", "/mcp", json=INITIALIZE, x_tinylytics_key=ANNA)
    assert answer.status_code == 401


async def test_a_token_of_another_address_of_this_server_is_refused(tmp_path: Path) -> None:
    environment = {"TINYLYTICS_STATE_DIR": str(tmp_path)}
    async with oauth_serving(environment=environment) as first:
        tokens = await first.tokens()
        assert await first.status(tokens["access_token"]) == 200
        store = first.backend.store
        async with oauth_serving(store=store, environment=environment) as second:
            assert second.issuer != first.issuer
            assert await second.status(tokens["access_token"]) == 401
            assert error_of(await second.refreshed(tokens["refresh_token"])) == (400, "invalid_grant")


@pytest.mark.parametrize("authorization", [None, "Bearer", "Bearer x", "Basic x", f"Bearer {ANNA}"])
async def test_a_401_says_where_and_for_what_to_ask(server: OAuthServed, authorization: str | None) -> None:
    headers = {} if authorization is None else {"authorization": authorization}
    answer = await server.served.ask("POST", "/mcp", json=INITIALIZE, **headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == (
        f'Bearer error="invalid_token", resource_metadata="{server.issuer}/.well-known/oauth-protected-resource/mcp", '
        'scope="read write"'
    )


async def test_the_metadata_is_what_hosts_demand(server: OAuthServed) -> None:
    told = (await server.served.ask("GET", "/.well-known/oauth-authorization-server")).json()
    assert told["issuer"] == server.issuer
    assert told["code_challenge_methods_supported"] == ["S256"]
    assert "none" in told["token_endpoint_auth_methods_supported"]
    assert told["client_id_metadata_document_supported"] is True
    assert told["authorization_response_iss_parameter_supported"] is True
    assert told["scopes_supported"] == ["read", "write"]
    assert all(told[name].startswith(f"{server.issuer}/") for name in told if name.endswith("_endpoint"))
    for path in ("", "/mcp", "/mcp/"):
        resource = (await server.served.ask("GET", f"/.well-known/oauth-protected-resource{path}")).json()
        assert (resource["resource"], resource["authorization_servers"]) == (f"{server.issuer}/mcp", [server.issuer])
    for path in ("openid-configuration", "oauth-authorization-server/mcp", "oauth-protected-resource/sse", "x", ""):
        answer = await server.served.ask("GET", f"/.well-known/{path}")
        assert (answer.status_code, answer.json()) == (404, {"error": "not found"})


async def test_a_public_client_can_end_what_it_was_given_and_another_cannot(server: OAuthServed) -> None:
    tokens = await server.tokens()
    assert (await server.post("/revoke", client_id=CLAUDE_CODE, token=tokens["refresh_token"])).status_code == 200
    assert await server.status(tokens["access_token"]) == 200
    assert (await server.post("/revoke", client_id="nobody", token=tokens["refresh_token"])).status_code == 401
    assert (await server.post("/revoke", client_id=CLAUDE)).status_code == 400
    newer = (await server.refreshed(tokens["refresh_token"])).json()
    assert (await server.post("/revoke", client_id=CLAUDE, token=tokens["access_token"])).status_code == 200
    assert [await server.status(one["access_token"]) for one in (tokens, newer)] == [401, 200]
    assert (await server.post("/revoke", client_id=CLAUDE, token=newer["refresh_token"])).status_code == 200
    assert await server.status(newer["access_token"]) == 401
    assert (await server.post("/revoke", client_id=CLAUDE, token="tlr_made-up")).status_code == 200


@pytest.mark.parametrize("method", ["client_secret_post", "client_secret_basic"])
async def test_a_client_with_a_secret_has_to_show_it(server: OAuthServed, method: str) -> None:
    metadata = {"redirect_uris": [CALLBACK], "token_endpoint_auth_method": method}
    registered = (await server.served.ask("POST", "/register", json=metadata)).json()
    assert registered["token_endpoint_auth_method"] == method
    client_id, secret = registered["client_id"], registered["client_secret"]
    code = await server.code(client_id=client_id, redirect_uri=CALLBACK)
    form: dict[str, str] = {"client_id": client_id, "redirect_uri": CALLBACK}
    for wrong in ("", "wrong", client_id):
        assert error_of(await server.redeemed(code, **form, client_secret=wrong)) == (401, "invalid_client")
    basic = base64.b64encode(f"{client_id}:{secret}".encode()).decode()
    del form["client_id"]
    whole: dict[str, Any] = {**form, "grant_type": "authorization_code", "code": code, "code_verifier": "v" * 43}
    answer = await server.served.plain.post(
        f"{server.served.address}/token", data=whole, headers={"authorization": f"Basic {basic}"}
    )
    assert answer.status_code == 200  # the id need not stand in the form as well


async def test_somebody_elses_session_is_not_there(server: OAuthServed) -> None:
    mine, other, again = [await server.tokens(key=key) for key in (ANNA, "tly-fa-bert", ANNA)]
    accept = {"accept": "application/json, text/event-stream"}

    async def ask(tokens: dict[str, Any], body: object, **headers: str) -> httpx.Response:
        shown = {**accept, "authorization": f"Bearer {tokens['access_token']}", **headers}
        return await server.served.ask("POST", "/mcp", json=body, **shown)

    session = (await ask(mine, INITIALIZE)).headers["mcp-session-id"]
    listed = {"jsonrpc": "2.0", "id": 2, "method": "tools/list"}
    assert (await ask(mine, listed, mcp_session_id=session)).status_code == 200
    assert (await ask(other, listed, mcp_session_id=session)).status_code == 404
    assert (await ask(again, listed, mcp_session_id=session)).status_code == 404  # the same person, another grant
    renewed = (await server.refreshed(mine["refresh_token"])).json()
    assert (await ask(renewed, listed, mcp_session_id=session)).status_code == 200


async def test_who_logs_in_again_and_again_takes_no_more_than_once() -> None:
    async with oauth_serving(TwoPeople(), limits=replace(LIMITS, open_each=2, sessions_each=1)) as server:
        keys = (ANNA, ANNA_READS, ANNA, BERT)
        first, second, third, other = [
            {"authorization": f"Bearer {(await server.tokens(key=key))['access_token']}", **ACCEPT} for key in keys
        ]
        statuses = [
            (await server.served.ask("POST", "/mcp", json=INITIALIZE, **shown)).status_code
            for shown in (first, second, other)
        ]
        assert statuses == [200, 503, 200]
        async with server.served.stream("/sse", **first) as one, server.served.stream("/sse", **second) as two:
            for lines in (one, two):
                assert (await anext(lines)).startswith("event: endpoint")
            statuses = [(await server.served.ask("GET", "/mcp", **shown)).status_code for shown in (third, other)]
            assert statuses == [503, 400]  # the other one is let in, and has named no session
