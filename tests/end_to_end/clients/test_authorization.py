"""The conformance suite's scenarios of an authorization server, which it asks as a client that nobody here wrote."""

import re
import subprocess
from contextlib import suppress

import anyio
import httpx2 as httpx
import pytest
from anyio.streams.text import TextReceiveStream
from support.npm import CONFORMANCE, NODE
from support.oauth import CLAUDE_CODE, Browser, oauth_serving, sent_to
from tinylytics_mcp.http.run import bind

pytestmark = pytest.mark.anyio


async def arrive(browser: Browser, address: str) -> None:
    """Go where the server sends the browser; the suite prints its link before it listens there."""
    for _ in range(100):
        with suppress(httpx.ConnectError):
            await browser.http.get(address)
            return
        await anyio.sleep(0.1)
    raise AssertionError("nobody listens for the code")


async def test_the_conformance_suite_logs_in() -> None:
    with bind("127.0.0.1", 0) as free:
        port = free.getsockname()[1]
    async with oauth_serving() as server, server.browser() as browser:
        asked = ["--url", server.issuer, "--client-id", CLAUDE_CODE, "--resource", f"{server.issuer}/mcp"]
        command = [NODE, CONFORMANCE, "authorization", *asked, "--port", str(port)]
        said = ""
        async with await anyio.open_process(command, stderr=subprocess.STDOUT) as process:
            assert process.stdout is not None
            try:
                async for text in TextReceiveStream(process.stdout):
                    said += text
                    if not browser.pages and (link := re.search(r"^(http\S+/authorize\?\S+)\n", said, re.MULTILINE)):
                        await browser.open(link[1])
                        await arrive(browser, sent_to(await browser.answer()))
            except BaseException:
                process.kill()  # it waits for its code without end
                raise
        assert process.returncode == 0, said
        assert re.search(r"Total: [3-9]\d* passed, 0 failed", said), said
