"""Adds the page to a server as an MCP App: the resource, and a reference to it on each charted tool."""

from collections.abc import Iterable

from mcp.server.apps import Apps
from tinylytics_tools.tool import ApiTool

from tinylytics_mcp.dashboard.page import CHARTED, page

URI = "ui://tinylytics/dashboard.html"


def dashboard() -> Apps:
    """Return the extension that serves the page; without a policy of its own it gets the strictest one."""
    apps = Apps()
    apps.add_html_resource(
        URI,
        page(),
        name="dashboard",
        title="Tinylytics dashboard",
        description="A chart of an answer.",
        prefers_border=True,
    )
    return apps


def with_chart(tools: Iterable[ApiTool]) -> list[ApiTool]:
    """Return the tools, the charted ones as copies that name the page.

    The flat key is for hosts from before the final specification of MCP Apps.
    """
    meta = {"ui": {"resourceUri": URI}, "ui/resourceUri": URI}
    return [tool.model_copy(update={"meta": meta}) if tool.name in CHARTED else tool for tool in tools]
