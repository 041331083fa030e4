"""The pages of logging in as people meet them: on a phone, in the dark, read aloud, and without scripts."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.http_server import ANNA
from support.oauth import CALLBACK, CLAUDE_CALLBACK, oauth_serving, query_of

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
