"""Shows the dashboard in real Chromium inside the official host bridge, as hosts of each kind do."""

import shutil
import subprocess
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest
from mcp.types import CallToolResult
from tinylytics_mcp.dashboard.page import page as dashboard_page

if TYPE_CHECKING:
    from playwright.async_api import Browser, BrowserContext, Frame, Page

HERE = Path(__file__).parents[1] / "end_to_end" / "browser"
MODULES = HERE / "node_modules"
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")

Behaviour = Literal["whole", "stripped", "refused", "no calls", "text only"]
"""What a host does with the structured half: leaves it in the push; takes it out and gives it to a call of the page;
takes it out and refuses calls; leaves it in and offers no calls; takes it out and offers none."""
BEHAVIOURS: tuple[Behaviour, ...] = ("whole", "stripped", "refused", "no calls", "text only")

ToolCall = Callable[[str, dict[str, Any]], Awaitable[CallToolResult]]


@dataclass
class Hosted:
    """A page in a host; `calls` are those that the page made."""

    page: "Page"
    frame: "Frame"
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list[tuple[str, dict[str, Any]]])

    async def text(self) -> str:
        """All that is read of the answer."""
        return await self.frame.inner_text("#answers")

    async def drawn(self) -> None:
        """Until an answer is shown and nothing is awaited."""
        await self.frame.wait_for_selector("#answers > article")
        await self.frame.wait_for_selector("#status:empty", state="attached")

    async def chose(self, label: str, value: str) -> None:
        """Choose in one of the page's controls, and wait for what comes of it."""
        await self.frame.get_by_role("combobox", name=label, exact=True).select_option(value)
        await self.drawn()

    async def options(self, label: str) -> list[str]:
        """What a control offers; empty where it is not there."""
        return await self.frame.get_by_role("combobox", name=label, exact=True).locator("option").all_text_contents()


@dataclass(frozen=True)
class Stage:
    """A browser window in which hosts show the page; `requested` and `said` are what all of them asked and printed."""

    context: "BrowserContext"
    bridge: str
    axe: str
    requested: list[str] = field(default_factory=list[str])
    said: list[str] = field(default_factory=list[str])

    async def open(self, width: int = 800) -> "Page":
        """An empty page that is watched."""
        page = await self.context.new_page()
        await page.set_viewport_size({"width": width, "height": 600})
        page.on("request", lambda request: self.requested.append(request.url))
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on(
            "console",
            lambda message: self.said.append(message.text) if message.type in ("error", "warning") else None,
        )
        return page

    async def show(
        self,
        pushed: CallToolResult | None,
        tool: str,
        arguments: dict[str, Any],
        *,
        call: ToolCall,
        behaviour: Behaviour = "whole",
        context: Mapping[str, Any] | None = None,
        names_tool: bool = True,
        width: int = 800,
    ) -> Hosted:
        """Push a result (None: the tool is called for it) to the page as the host does, and wait for the picture."""
        page = await self.open(width)
        await page.set_content("<!doctype html><html lang=en><title>host</title><body style='margin:0'>")
        await page.add_script_tag(content=self.bridge)
        hosted = Hosted(page, page.main_frame)

        async def call_tool(name: str, given: dict[str, Any]) -> dict[str, Any]:
            hosted.calls.append((name, given))
            if behaviour == "refused":
                raise PermissionError("the user did not allow this call")
            return on_wire(await call(name, given))

        result = on_wire(await call(tool, arguments) if pushed is None else pushed)
        if behaviour in ("stripped", "refused", "text only"):
            result.pop("structuredContent", None)
        told: dict[str, Any] = {"theme": "light", **(context or {})}
        if names_tool:
            told["toolInfo"] = {"tool": {"name": tool, "inputSchema": {"type": "object"}}}
        given = {
            "html": dashboard_page(),
            "args": arguments,
            "result": result,
            "context": told,
            "canCall": behaviour not in ("no calls", "text only"),
        }
        await page.expose_function("callTool", call_tool)  # pyright: ignore[reportUnknownMemberType] - Playwright's
        await page.evaluate("(given) => mount(given)", given)
        hosted.frame = page.frames[1]
        await hosted.drawn()
        return hosted

    async def problems(self, frame: "Frame") -> list[str]:
        """What the accessibility checker finds on the page."""
        await frame.evaluate(self.axe)
        found = await frame.evaluate("async () => (await axe.run(document)).violations")
        return [f"{one['id']}: {one['nodes'][0]['html']} {one['nodes'][0]['failureSummary']}" for one in found]


def bundled(folder: Path) -> str:
    """The host's side, bundled from npm's modules."""
    if not MODULES.is_dir() or shutil.which("node") is None:
        pytest.skip("Node or its packages are missing: npm install in tests/end_to_end/browser")
    bundle = folder / "host.bundle.js"
    command = [MODULES / ".bin" / "esbuild", "host.js", "--bundle", "--minify", "--format=iife", "--log-level=error"]
    subprocess.run([*command, f"--outfile={bundle}"], cwd=HERE, check=True)  # noqa: S603 - our own words
    return bundle.read_text("utf-8")


@asynccontextmanager
async def chromium() -> AsyncGenerator["Browser"]:
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


def on_wire(result: CallToolResult) -> dict[str, Any]:
    """A result as a host gets it."""
    return result.model_dump(mode="json", by_alias=True, exclude_none=True)
