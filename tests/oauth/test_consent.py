"""The page at which a person lets an app in: who it is, what it may do, and whose key it is."""

import re

import anyio
import httpx2 as httpx
import pytest
from support.client import text_of
from support.http_server import ANNA, ANNA_READS, BERT, Service
from support.oauth import (
    CALLBACK,
    CLAUDE_CALLBACK,
    Browser,
    OAuthServed,
    Storage,
    oauth_serving,
    query_of,
    sdk_client,
    sent_to,
    ticket_in,
)
from tinylytics_mcp.http.oauth.grants import Grant, all_grants
from tinylytics_mcp.http.oauth.store import Records

pytestmark = pytest.mark.anyio

MARKUP = "<script>alert(1)</script>\"'&amp;"


async def registered(server: OAuthServed, name: str, redirect: str = CALLBACK) -> dict[str, str | None]:
    """What an app asks with that registered itself."""
    metadata = {"redirect_uris": [redirect], "client_name": name}
    answer = await server.served.ask("POST", "/register", json=metadata)
    return {"client_id": answer.json()["client_id"], "redirect_uri": redirect}


async def test_a_known_app_is_named_and_where_it_is_sent_stands_large(server: OAuthServed, browser: Browser) -> None:
    page = await browser.open(server.authorize())
    assert "<strong>Claude</strong> wants to connect." in page.text
    assert '<p class="host">claude.ai</p>' in page.text
    assert "nobody has checked" not in page.text
    await browser.answer()
    assert sent_to(browser.pages[-1]).startswith(f"{CLAUDE_CALLBACK}?")


async def test_an_app_that_calls_itself_claude_is_not_believed(server: OAuthServed, browser: Browser) -> None:
    page = await browser.open(server.authorize(**await registered(server, "Claude", "https://evil.example/callback")))
    assert "nobody has checked this one" in page.text
    assert '<p class="host">evil.example</p>' in page.text
    assert "<strong>Claude</strong>" not in page.text
    assert "<h1>Connect an app to Tinylytics?</h1>" in page.text


@pytest.mark.parametrize("name", [MARKUP, "$host ${ticket}", "{{name}}", "a\u202eb\x00c", "x" * 5_000, "", None, 7])
async def test_whatever_an_app_calls_itself_is_text(server: OAuthServed, browser: Browser, name: str) -> None:
    page = await browser.open(server.authorize(**await registered(server, name)))
    plain = await browser.open(server.authorize(**await registered(server, "plain")))

    def tags(text: str) -> list[str]:
        return re.findall(r"<[^>]*>", re.sub(r'value="[^"]{60,}"', "", text))

    assert tags(page.text) == tags(plain.text)
    assert not {"\u202e", "\x00"} & set(page.text)
    assert len(page.text) < len(plain.text) + 1_200


async def test_no_name_ends_its_own_quotation_and_none_is_made_up(server: OAuthServed, browser: Browser) -> None:
    name = "Claude” wants to connect. Tinylytics has checked it. “It"
    page = await browser.open(server.authorize(**await registered(server, name)))
    assert "that calls itself “Claude wants to connect. Tinylytics has checked it. It” wants" in page.text
    page = await browser.open(server.authorize(**await registered(server, "“”")))
    assert "An app without a name wants to connect." in page.text


async def test_state_comes_back_as_it_was_and_is_never_markup(server: OAuthServed, browser: Browser) -> None:
    state = MARKUP + "&iss=https://evil.example&code=x ü"
    await browser.open(server.authorize(state=state))
    back = query_of(sent_to(await browser.answer()))
    assert (back["state"], back["iss"]) == (state, server.issuer)
    assert "<script" not in browser.pages[-1].text
    denied = query_of(sent_to(await browser.answer(answer="cancel")))
    assert denied == {"error": "access_denied", "state": state, "iss": server.issuer}


async def test_nobody_frames_stores_or_scripts_the_page(server: OAuthServed, browser: Browser) -> None:
    for page in (await browser.open(server.authorize()), await browser.answer()):
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["x-frame-options"] == "DENY"
        policy = page.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert "frame-ancestors 'none'" in policy
        assert "<script" not in page.text
        assert ANNA not in page.text


@pytest.mark.parametrize(
    ("url", "name", "flags"),
    [
        ("https://stats.example.org", "__Host-tinylytics", {"Secure", "HttpOnly", "Path=/", "SameSite=lax"}),
        ("http://127.0.0.1:8000", "tinylytics", {"HttpOnly", "Path=/", "SameSite=lax"}),
    ],
)
async def test_the_cookie_is_of_this_host_alone(url: str, name: str, flags: set[str]) -> None:
    async with oauth_serving(environment={"TINYLYTICS_PUBLIC_URL": url}) as server, server.browser() as browser:
        cookie, *told = (await browser.open(server.authorize())).headers["set-cookie"].split("; ")
    assert cookie.startswith(f"{name}=")
    assert {flag for flag in told if not flag.startswith("Max-Age")} == flags


async def test_a_form_that_another_browser_opened_is_not_taken(server: OAuthServed, browser: Browser) -> None:
    ticket = ticket_in(await browser.open(server.authorize()))
    async with server.browser() as other:
        await other.open(server.authorize())
        page = await other.answer(ticket=ticket)
        assert (page.status_code, "another browser" in page.text) == (400, True)
        other.http.cookies.clear()
        assert "another browser" in (await other.answer()).text
        other.http.cookies.set("tinylytics", "forged")
        assert "another browser" in (await other.answer()).text
    assert (await browser.answer()).status_code == 200  # the first one still can


async def test_a_ticket_that_was_changed_or_is_old_is_none(
    server: OAuthServed, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = ticket_in(await browser.open(server.authorize()))
    client_id = (await registered(server, "x"))["client_id"]
    for wrong in ("", "x", f"x{ticket}", f"{ticket}x", ticket.partition(".")[0], str(client_id)):
        page = await browser.answer(ticket=wrong)
        assert (page.status_code, "<form" in page.text) == (400, False)
    monkeypatch.setattr("tinylytics_mcp.http.oauth.consent.TICKET_S", -1)
    await browser.open(server.authorize())
    assert "too old" in (await browser.answer()).text


async def test_a_form_from_another_origin_is_refused(server: OAuthServed, browser: Browser) -> None:
    ticket = ticket_in(await browser.open(server.authorize()))
    fields = {"ticket": ticket, "key": ANNA, "answer": "connect"}
    for origin in ("https://evil.example", "null"):
        answer = await browser.http.post(f"{server.served.address}/authorize", data=fields, headers={"origin": origin})
        assert answer.status_code == 403


async def test_a_form_that_is_sent_twice_is_one_grant(server: OAuthServed, browser: Browser) -> None:
    await browser.open(server.authorize())
    first, second = [query_of(sent_to(await browser.answer()))["code"] for _ in range(2)]
    assert first == second
    tokens = (await server.redeemed(first)).json()
    late = await browser.answer()
    assert "answered already" in late.text
    assert "refresh" not in late.text  # a second use of the code would end the grant
    assert await server.status(tokens["access_token"]) == 200


async def test_a_form_that_is_sent_many_times_at_once_with_other_choices_is_one_grant(
    server: OAuthServed, browser: Browser
) -> None:
    await browser.open(server.authorize())
    pages: list[httpx.Response] = []

    async def send(scope: str, key: str) -> None:
        pages.append(await browser.answer(scope=scope, key=key))

    async with anyio.create_task_group() as tasks:
        for scope in ("read", "write", "read", "write"):
            for key in (ANNA, BERT):
                tasks.start_soon(send, scope, key)
    assert len({sent_to(page) for page in pages}) == 1
    tokens = (await server.redeemed(query_of(sent_to(pages[0]))["code"])).json()
    writes = tokens["scope"] == "read write"
    assert all(
        ("it may read and write" in page.text) is writes for page in pages
    )  # what was granted, not what was sent


async def test_a_code_that_nobody_fetched_in_time_can_be_asked_for_again(
    server: OAuthServed, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    await browser.open(server.authorize())
    with monkeypatch.context() as late:
        late.setattr("tinylytics_mcp.http.oauth.grants.CODE_S", -1)
        await browser.answer()
    again = query_of(sent_to(await browser.answer()))["code"]
    assert (await server.redeemed(again)).status_code == 200


async def test_a_wrong_key_is_told_and_can_be_corrected(server: OAuthServed, browser: Browser) -> None:
    await browser.open(server.authorize())
    for wrong in ("tly-ro-unknown", "", "no key", "tly-fa-ü", "tly-ro-" + "x" * 3_000):
        page = await browser.answer(key=wrong, scope="write")
        assert (page.status_code, 'role="alert"' in page.text) == (400, True)
        assert not wrong or wrong not in page.text
        assert 'value="write" checked' in page.text
    asked = [path for name, _, path in server.service.asked if name == "unknown"]
    assert asked == ["/me"]  # what cannot be a key is not asked about
    assert "code" in query_of(sent_to(await browser.answer()))


async def test_a_key_is_asked_about_once(server: OAuthServed, browser: Browser) -> None:
    await browser.open(server.authorize())
    for key in (ANNA, ANNA, "tly-ro-wrong", "tly-ro-wrong", ANNA):
        await browser.answer(key=key)
    assert server.service.asked == [("anna", "GET", "/me"), ("wrong", "GET", "/me")]


async def test_a_service_that_is_away_is_not_a_wrong_key(server: OAuthServed, browser: Browser) -> None:
    await browser.open(server.authorize())
    server.service.is_away = True
    page = await browser.answer()
    assert (page.status_code, "cannot be checked now" in page.text) == (503, True)
    server.service.is_away = False
    assert (await browser.answer()).status_code == 200


async def test_a_key_that_may_only_read_gives_nothing_else(server: OAuthServed) -> None:
    tokens = await server.tokens(key=ANNA_READS, scope="write")
    assert tokens["scope"] == "read"
    refused = await server.call(tokens["access_token"], "create_kudo", site="456", path="/x")
    assert "use a Tinylytics key that begins with tly-fa-" in refused["content"][0]["text"]
    assert "TINYLYTICS_API_KEY" not in refused["content"][0]["text"]


async def test_a_server_that_is_set_to_read_only_offers_nothing_else() -> None:
    async with oauth_serving(environment={"TINYLYTICS_READ_ONLY": "1"}) as server:
        tokens = await server.tokens(scope="write")
        assert tokens["scope"] == "read"
        refused = await server.call(tokens["access_token"], "create_kudo", site="456", path="/x")
        assert "TINYLYTICS_READ_ONLY" in refused["content"][0]["text"]


async def test_with_reading_alone_writing_is_neither_listed_nor_done_and_the_way_out_is_told(
    server: OAuthServed,
) -> None:
    async with (
        sdk_client(server, Storage(), scope="read") as reads,
        sdk_client(server, Storage(), scope="write") as writes,
    ):
        listed = [{tool.name for tool in (await client.list_tools()).tools} for client in (reads, writes)]
        assert listed[1] - listed[0] == {"create_kudo", "create_hit", "create_hits", "delete_kudo"}
        for name in listed[1] - listed[0]:
            refused = await reads.call_tool(name, {"site": "456", "path": "/x"})
            assert refused.is_error
            assert "has the scope read and not the scope write" in text_of(refused)
            assert "connect it again, and on the page that opens choose reading and writing" in text_of(refused)
        assert all(method == "GET" for _, method, _ in server.service.asked)
        assert not (await writes.call_tool("create_kudo", {"site": "456", "path": "/x"})).is_error


async def test_a_key_that_tinylytics_refuses_ends_what_was_granted_with_it(server: OAuthServed) -> None:
    bert, again, anna = [await server.tokens(key=key) for key in (BERT, BERT, ANNA)]
    del server.service.accounts["bert"]
    told = (await server.call(bert["access_token"]))["content"][0]["text"]
    assert "did not accept the API key" in told
    assert "connect it again, and on the page that opens enter it" in told
    assert "TINYLYTICS_API_KEY" not in told
    assert [await server.status(tokens["access_token"]) for tokens in (bert, again, anna)] == [401, 401, 200]
    assert (await server.refreshed(bert["refresh_token"])).status_code == 400


class Slow(Service):
    """Takes its time, so that many requests are under way."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer."""
        await anyio.sleep(0.3)
        return await super().handle_async_request(request)


async def test_a_refused_key_costs_one_search_however_many_requests_it_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    searches: list[Records] = []

    async def counted(records: Records) -> dict[str, Grant]:
        searches.append(records)
        return await all_grants(records)

    monkeypatch.setattr("tinylytics_mcp.http.oauth.grants.all_grants", counted)
    async with oauth_serving(Slow()) as server:
        token = (await server.tokens(key=BERT))["access_token"]
        await server.call(token)  # from now on the list of sites is known
        del server.service.accounts["bert"]
        async with anyio.create_task_group() as tasks:
            for day in range(10, 25):
                asked = {"site": "456", "start_date": f"2026-10-{day}", "end_date": "2026-10-25"}
                tasks.start_soon(server.raw, token, "tools/call", {"name": "list_hits", "arguments": asked})
        assert len([one for one in server.service.asked if one[0] == "bert"]) > 5
        assert len(searches) == 1
        assert await server.status(token) == 401


@pytest.mark.parametrize(
    ("listed", "status"), [("123", 200), ("Blogger@Example.com , 9", 200), ("9,x@example.com", 403)]
)
async def test_only_accounts_of_the_list_may_connect(listed: str, status: int) -> None:
    service = Service()
    async with oauth_serving(service, environment={"TINYLYTICS_ALLOWED_ACCOUNTS": listed}) as server:
        async with server.browser() as browser:
            await browser.open(server.authorize())
            page = await browser.answer()
        assert page.status_code == status
        assert ("may not connect here" in page.text) is (status == 403)
        if status == 200:
            tokens = (await server.redeemed(query_of(sent_to(page))["code"])).json()
            async with oauth_serving(
                service, store=server.backend.store,
                environment={**server.environment, "TINYLYTICS_ALLOWED_ACCOUNTS": "9"},
            ) as stricter:  # fmt: skip
                assert await stricter.status(tokens["access_token"]) == 401
                assert (await stricter.refreshed(tokens["refresh_token"])).status_code == 400


async def test_the_first_page_says_what_this_is(server: OAuthServed, browser: Browser) -> None:
    page = await browser.open(f"{server.served.address}/")
    assert page.status_code == 200
    assert f'<p class="host">{server.issuer}/mcp</p>' in page.text
    assert "What is not kept" in page.text
