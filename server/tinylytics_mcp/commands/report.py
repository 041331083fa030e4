"""The command `report`: writes a site's traffic, kudos and uptime to one file."""

import os
import sys
from pathlib import Path
from typing import Any

import anyio
from mcp import Client
from mcp.types import CallToolResult

from tinylytics_mcp.backend import open_client, settings_for
from tinylytics_mcp.commands.call import text_of
from tinylytics_mcp.commands.report_markdown import markdown
from tinylytics_mcp.dashboard.page import page
from tinylytics_mcp.errors import CommandError, UsageError
from tinylytics_mcp.server import create_server
from tinylytics_mcp.terminal import Terminal, for_person

ROWS = 10
"""Rows of each ranking; both halves of an answer still fit together (ANSWERS 2)."""
_HTML = (".html", ".htm")
_MARKDOWN = (".md", ".markdown")


def command(*, site: str, period: str | None, output: Path, demo: bool, cached: bool) -> None:
    """Write the report on a site and print its path."""
    if output.suffix.lower() not in _HTML + _MARKDOWN:
        raise UsageError(f"a report is .html or .md: {str(output)!r} ends in neither.")
    settings = settings_for(os.environ, demo=demo)
    out = Terminal(sys.stdout)

    async def write() -> CommandError | None:
        async with (
            open_client(settings, demo=demo, cached=cached) as api_client,
            Client(create_server(api_client)) as client,
        ):
            try:
                await write_report(client, site, period, output)
            except CommandError as problem:  # the client's task group would wrap it
                return problem
        return None

    if problem := anyio.run(write):
        raise problem
    out.line(str(output))


async def write_report(client: Client, site: str, period: str | None, output: Path) -> None:
    """Write the traffic, kudos and uptime of a site to a file, as HTML or Markdown by its suffix.

    A section that cannot be had, as uptime without a subscription, shows the error in its place.

    Raises:
        CommandError: the traffic could not be read, or the file not written.
    """
    days = {} if period is None else {"period": period}
    traffic = await client.call_tool("summarize_traffic", {"site": site, "limit": ROWS, **days})
    if traffic.is_error or traffic.structured_content is None:
        raise CommandError(for_person(text_of(traffic)))
    name = traffic.structured_content["site"]
    results = [
        traffic,
        await client.call_tool("list_kudos", {"site": site, "limit": ROWS, **days}),
        await client.call_tool("get_uptime", {"site": site}),
    ]
    title = f"{name}: Tinylytics report"
    if output.suffix.lower() in _HTML:
        text = page({"title": title, "answers": [_for_page(result) for result in results]})
    else:
        text = markdown(title, [result.structured_content or text_of(result) for result in results])
    try:
        await anyio.Path(output).write_text(text, "utf-8")
    except OSError as error:
        raise CommandError(f"{str(output)!r} cannot be written: {error.strerror}.") from None


def _for_page(result: CallToolResult) -> dict[str, Any]:
    """Return one half of a result, as the page takes it."""
    if result.is_error:
        return {"isError": True, "content": [{"type": "text", "text": text_of(result)}]}
    return {"structuredContent": result.structured_content}
