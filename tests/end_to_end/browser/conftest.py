"""Opens one Chromium for all browser tests, or says what is missing for them."""

from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any

import pytest
from mcp.types import CallToolResult
from support.client import NOW, connect
from support.dashboard_host import MODULES, Stage, ToolCall, bundled, chromium
from tinylytics_mcp.fake_api import FakeApi

if TYPE_CHECKING:
    from playwright.async_api import Browser


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """As for all tests, but once: the browser outlives a test."""
    return "asyncio"


@pytest.fixture
async def call() -> AsyncGenerator[ToolCall]:
    """Calls a tool of a real server before the stand-in."""
    async with connect(FakeApi(now=lambda: NOW)) as connected:

        async def call(tool: str, arguments: dict[str, Any]) -> CallToolResult:
            return await connected.call(tool, **arguments)

        yield call


@pytest.fixture(scope="session")
def bridge(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The host's side."""
    return bundled(tmp_path_factory.mktemp("bridge"))


@pytest.fixture(scope="session")
async def browser() -> AsyncGenerator["Browser"]:
    """One browser for all tests."""
    async with chromium() as browser:
        yield browser


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
