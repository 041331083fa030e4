"""The pages of logging in as people meet them: on a phone, in the dark, read aloud, and without scripts."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.http_server import ANNA, INITIALIZE
from support.oauth import CALLBACK, CLAUDE, CLAUDE_CALLBACK, VERIFIER, oauth_serving, query_of

if TYPE_CHECKING:
    from playwright.async_api import Browser

pytestmark = pytest.mark.anyio

AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"


@pytest.mark.skipif(not AXE.is_file(), reason="Node's packages are missing: npm install in tests/end_to_end/browser")
@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_the_accessibility_checker_finds_nothing_on_a_phone(browser: "Browser", theme: str) -> None:
    async with oauth_serving() as server:
        metadata = {"redirect_uris": [CALLBACK], "client_name": "An app with a rather long name"}
        registered = (await server.served.ask("POST", "/register", json=metadata)).json()["client_id"]
        context = await browser.new_context(color_scheme="dark" if theme == "dark" else "light")
        page = await context.new_page()
        await page.set_viewport_size({"width": 320, "height": 600})

        async def check() -> None:
            assert await page.evaluate("document.documentElement.scrollWidth") == 320
            await page.evaluate(AXE.read_text("utf-8"))
            found = await page.evaluate("async () => (await axe.run(document)).violations.map((one) => one.id)")
            assert found == []

        await page.goto(server.authorize(client_id="nobody"))
        await check()
        await page.goto(server.served.address)
        await check()
        await page.goto(server.authorize())
        await check()
        await page.goto(server.authorize(client_id=registered, redirect_uri=CALLBACK))
        await page.get_by_label("Your Tinylytics API key").fill("tly-ro-wrong")
        await page.keyboard.press("Enter")
        assert "does not accept this key" in await page.get_by_role("alert").inner_text()
        await check()
        await context.close()


@pytest.mark.parametrize("scripts", [True, False])
@pytest.mark.parametrize("button", ["Connect", "Cancel"])
async def test_a_person_comes_back_to_the_app_with_scripts_and_without(
    browser: "Browser", button: str, *, scripts: bool
) -> None:
    async with oauth_serving() as server:
        context = await browser.new_context(java_script_enabled=scripts)
        await context.route("https://claude.ai/**", lambda route: route.fulfill(body="Claude"))
        page = await context.new_page()
        await page.goto(server.authorize())
        await page.get_by_label("Read and write").check()
        await page.get_by_label("Your Tinylytics API key").fill(ANNA)
        await page.get_by_role("button", name=button).click()
        await page.wait_for_url(f"{CLAUDE_CALLBACK}?*")
        told = query_of(page.url)
        assert (told["state"], told["iss"]) == ("a state", server.issuer)
        if button == "Connect":
            assert (await server.redeemed(told["code"])).json()["scope"] == "read write"
        else:
            assert told["error"] == "access_denied"
        await context.close()


READS = """async ([server, form]) => {
  const json = async (path, asked) => (await fetch(server + path, asked)).json();
  const body = { method: "POST", headers: { "content-type": "application/json" } };
  const about = await json("/.well-known/oauth-authorization-server");
  const registered = await json("/register", { ...body, body: JSON.stringify({ redirect_uris: [origin + "/back"] }) });
  const tokens = await json("/token", { method: "POST", body: new URLSearchParams(form) });
  const opened = await fetch(server + "/mcp", { ...body, body: form.initialize, headers: { ...body.headers,
    accept: "application/json, text/event-stream", authorization: "Bearer " + tokens.access_token } });
  const refused = await fetch(server + "/mcp", { ...body, body: "{}" });
  return [about.issuer, registered.client_name, opened.headers.get("mcp-session-id").length,
    refused.headers.get("www-authenticate").slice(0, 6)];
}"""


async def test_a_host_that_is_a_page_of_this_computer_reads_what_it_needs(browser: "Browser") -> None:
    async with oauth_serving() as server:
        form = {"grant_type": "authorization_code", "client_id": CLAUDE, "code_verifier": VERIFIER}
        form |= {"code": await server.code(), "initialize": json.dumps(INITIALIZE)}
        context = await browser.new_context()
        page = await context.new_page()
        await page.goto(f"{server.issuer.replace('127.0.0.1', 'localhost')}/health")  # another origin, without a CSP
        assert await page.evaluate(READS, [server.issuer, form]) == [
            server.issuer,
            "an app without a name",
            32,
            "Bearer",
        ]
        await context.close()
