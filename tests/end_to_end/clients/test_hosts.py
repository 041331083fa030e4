"""Claude Code and Codex log in, as they come from npm, without an account of theirs and without a model."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio
import httpx2 as httpx
import pytest
from support.npm import HERE
from support.oauth import CLAUDE_CODE, Browser, oauth_serving, sent_to

pytestmark = pytest.mark.anyio

BIN = HERE / "node_modules" / ".bin"
CODEX = "https://chatgpt.com/oauth/codex/client.json"
QUIET = {"DISABLE_TELEMETRY": "1", "DISABLE_AUTOUPDATER": "1", "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1"}
TRIES = 3
"""Codex gives up on a server that a busy machine keeps waiting."""
LINK = r"http://127\.0\.0\.1:\d+/authorize\?[^\s\x1b\x07]+"


def needs(program: str) -> pytest.MarkDecorator:
    """Skip where npm did not install a host."""
    missing = f"{program} is missing: npm install in tests/end_to_end/clients"
    return pytest.mark.skipif(not (BIN / program).exists(), reason=missing)


class EndedError(Exception):
    """The host ended before it showed what was waited for; it has time limits of its own."""


@dataclass
class Screen:
    """What a program shows in its terminal."""

    terminal: int
    shown: str = ""

    async def find(self, pattern: str) -> str:
        """Wait for a text."""
        with anyio.fail_after(60):
            while (found := re.search(pattern, re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.shown))) is None:
                try:
                    self.shown += os.read(self.terminal, 65_536).decode(errors="replace")
                except BlockingIOError:
                    await anyio.sleep(0.05)
                except OSError:  # how a terminal tells that nobody writes to it any more
                    raise EndedError(self.shown) from None
        return found[0]


@asynccontextmanager
async def started(program: str, *arguments: str, home: Path) -> AsyncGenerator[Screen]:
    """A host in a terminal so wide that no address is broken into lines."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 2_000, 0, 0))
    os.set_blocking(ours, False)
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "TERM": "xterm", **QUIET}
    with subprocess.Popen(  # noqa: S603, ASYNC220 - our own words; it is only started here
        [BIN / program, *arguments],
        env=environment,
        cwd=home,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    ) as process:
        os.close(theirs)
        try:
            yield Screen(ours)
        finally:
            process.kill()
            os.close(ours)


async def allowed(browser: Browser, link: str) -> str:
    """Where the person is sent who says yes."""
    await browser.open(link)
    return sent_to(await browser.answer())


@needs("claude")
async def test_claude_code_logs_in_by_its_description_and_connects(tmp_path: Path) -> None:
    async with oauth_serving() as server, server.browser() as browser:
        added = ("mcp", "add", "--transport", "http", "tiny", f"{server.issuer}/mcp")
        async with started("claude", *added, home=tmp_path) as screen:
            await screen.find("Added")
        async with started("claude", "mcp", "login", "tiny", "--no-browser", home=tmp_path) as screen:
            link = await screen.find(LINK)
            await screen.find("paste")
            os.write(screen.terminal, (await allowed(browser, link)).encode() + b"\r")
            await screen.find("Authenticated")
        assert httpx.URL(link).params["client_id"] == CLAUDE_CODE
        async with started("claude", "mcp", "list", home=tmp_path) as screen:
            await screen.find("Connected")


@needs("codex")
@pytest.mark.parametrize("way", ["cimd", "dcr"])
async def test_codex_logs_in_by_its_description_and_by_registration(tmp_path: Path, way: str) -> None:
    async with oauth_serving() as server, server.browser() as browser:
        settings = tmp_path / ".codex" / "config.toml"
        settings.parent.mkdir()
        settings.write_text(f'[mcp_servers.tiny]\nurl = "{server.issuer}/mcp"\n')
        login = ("mcp", "login", "tiny", "--no-browser", "--oauth-client-registration", way)
        for left in reversed(range(TRIES)):
            try:
                async with started("codex", *login, home=tmp_path) as screen:
                    link = await screen.find(LINK)
                    assert (httpx.URL(link).params["client_id"] == CODEX) is (way == "cimd")
                    assert (await browser.http.get(await allowed(browser, link))).status_code == 200  # it listens
                    await screen.find("Successfully logged in")
                break
            except EndedError:
                if not left:
                    raise
