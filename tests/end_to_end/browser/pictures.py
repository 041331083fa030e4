"""Takes a picture of each state of the page and the report: `python tests/end_to_end/browser/pictures.py FOLDER`.

A second argument keeps the states whose names begin with it.
"""

import sys
import tempfile
from pathlib import Path
from typing import Any

import anyio
from mcp.types import CallToolResult

sys.path.insert(0, str(Path(__file__).parents[2]))

from support.client import NOW, connect
from support.dashboard_host import MODULES, Stage, bundled, chromium
from tinylytics_mcp.commands.report import report
from tinylytics_mcp.fake_api import FakeApi

SITE = {"site": "456"}
STATES: dict[str, tuple[str, dict[str, Any]]] = {
    "month": ("summarize_traffic", SITE),
    "running-month": ("summarize_traffic", SITE | {"period": "this_month"}),
    "day": ("summarize_traffic", SITE | {"period": "yesterday"}),
    "year": ("summarize_traffic", SITE | {"period": "last_12_months"}),
    "empty": ("summarize_traffic", SITE | {"path": "/nothing"}),
    "error": ("summarize_traffic", {"site": "nowhere"}),
    "pages": ("rank_traffic", SITE | {"dimension": "path"}),
    "referrers": ("rank_traffic", SITE | {"dimension": "referrer"}),
    "countries": ("rank_traffic", SITE | {"dimension": "country"}),
    "weekdays": ("rank_traffic", SITE | {"dimension": "weekday"}),
    "hours": ("rank_traffic", SITE | {"dimension": "hour"}),
    "overview": ("get_overview", {}),
    "uptime": ("get_uptime", SITE),
    "not-monitored": ("get_uptime", {"site": "457"}),
    "down": ("get_uptime", {"site": "458"}),
    "why-a-day": ("explain_change", SITE | {"day": "2026-11-03"}),
    "why-a-month": ("explain_change", SITE | {"compare": "previous_period"}),
    "kudos": ("list_kudos", SITE),
}
LOOKS = [(1200, "light"), (800, "light"), (400, "light"), (800, "dark")]


async def main(folder: Path, only: str) -> None:
    """Write the pictures, named for the state, the width and the theme."""
    await anyio.Path(folder).mkdir(parents=True, exist_ok=True)
    bridge, axe = bundled(Path(tempfile.mkdtemp())), (MODULES / "axe-core" / "axe.min.js").read_text("utf-8")
    async with connect(FakeApi(now=lambda: NOW)) as connected, chromium() as browser:

        async def call(tool: str, arguments: dict[str, Any]) -> CallToolResult:
            return await connected.call(tool, **arguments)

        for state, (tool, arguments) in STATES.items():
            result = await call(tool, arguments) if state.startswith(only) else None
            for width, theme in LOOKS if result else []:
                context = await browser.new_context(offline=True, reduced_motion="reduce")
                stage = Stage(context, bridge, axe)
                hosted = await stage.show(
                    result, tool, arguments, call=call, context={"theme": theme}, width=width, behaviour="whole"
                )
                await hosted.page.wait_for_timeout(150)
                await hosted.page.screenshot(path=folder / f"{state}-{width}-{theme}.png", full_page=True)
                await context.close()
        for name, site, period in (("report", "456", None), ("report-all", "all", "last_week")):
            if not name.startswith(only):
                continue
            file = folder / f"{name}.html"
            await anyio.Path(file).write_text(await report(connected.client, site, period, "html", NOW), "utf-8")
            for width, theme in LOOKS:
                context = await browser.new_context(
                    offline=True, color_scheme="dark" if theme == "dark" else "light", java_script_enabled=False
                )
                page = await context.new_page()
                await page.set_viewport_size({"width": width, "height": 600})
                await page.goto(file.absolute().as_uri())
                await page.screenshot(path=folder / f"{name}-{width}-{theme}.png", full_page=True)
                if theme == "dark":
                    await page.emulate_media(media="print")
                    await page.screenshot(path=folder / f"{name}-{width}-print.png", full_page=True)
                await context.close()


if __name__ == "__main__":
    anyio.run(main, Path(sys.argv[1]), "".join(sys.argv[2:]))
