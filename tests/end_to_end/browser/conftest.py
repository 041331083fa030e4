"""Opens one Chromium for all browser tests, or says what is missing for them."""

import shutil
import subprocess
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from mcp.types import CallToolResult
from support.client import NOW, connect
from support.dashboard_host import Stage, ToolCall
from tinylytics_mcp.fake_api import FakeApi

if TYPE_CHECKING:
    from playwright.async_api import Browser

HERE = Path(__file__).parent
MODULES = HERE / "node_modules"
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """As for all tests, but once: the browser outlives a test."""
    return "asyncio"


@pytest.fixture(scope="session")
async def call() -> AsyncGenerator[ToolCall]:
    """Calls a tool of a real server before the stand-in."""
    async with connect(FakeApi(now=lambda: NOW)) as connected:

        async def call(tool: str, arguments: dict[str, Any]) -> CallToolResult:
            return await connected.call(tool, **arguments)

        yield call


@pytest.fixture(scope="session")
def bridge(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The host's side, bundled from npm's modules."""
    if not MODULES.is_dir() or shutil.which("node") is None:
        pytest.skip("Node or its packages are missing: npm install in tests/end_to_end/browser")
    bundle = tmp_path_factory.mktemp("bridge") / "host.bundle.js"
    command = [MODULES / ".bin" / "esbuild", "host.js", "--bundle", "--minify", "--format=iife", "--log-level=error"]
    subprocess.run([*command, f"--outfile={bundle}"], cwd=HERE, check=True)  # noqa: S603 - our own words
    return bundle.read_text("utf-8")


@pytest.fixture(scope="session")
async def browser() -> AsyncGenerator["Browser"]:
    """Debian's Chromium.

    Playwright's Python package brings a Node of its own, 51 MB. It is still what adds least: tests, client and server
    are Python, and a driver in Node would need a protocol of ours between it and them.
    """
    playwright = pytest.importorskip("playwright.async_api", reason="Playwright is missing: uv sync --all-groups")
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip(f"Chromium is missing: none of {', '.join(BROWSERS)} can be run")
    async with playwright.async_playwright() as driver:
        # Chromium's own sandbox cannot start for a container's root; the host's sandboxed frame is what is tested.
        browser = await driver.chromium.launch(executable_path=path, chromium_sandbox=False)
        yield browser
        await browser.close()


@pytest.fixture
async def stage(browser: "Browser", bridge: str) -> AsyncGenerator[Stage]:
    """A window for hosts. At the end: no error was printed, and nothing was asked of any network."""
    context = await browser.new_context(offline=True, reduced_motion="reduce")
    context.set_default_timeout(10_000)
    stage = Stage(context, bridge, (MODULES / "axe-core" / "axe.min.js").read_text("utf-8"))
    yield stage
    await context.close()
    assert [url for url in stage.requested if not url.startswith("file:")] == []
    assert stage.said == []
