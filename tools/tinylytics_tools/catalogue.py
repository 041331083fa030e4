"""All tools, and those that an access level may use."""

from tinylytics_tools import (
    account,
    api_info,
    content,
    health,
    hit_writes,
    hits,
    insights,
    journeys,
    kudos,
    leaderboard,
    openapi,
    overview,
    sites,
    traffic,
    uptime,
)
from tinylytics_tools.access import Access
from tinylytics_tools.declare import ApiTool

ALL_TOOLS: list[ApiTool] = [
    *overview.TOOLS,
    *traffic.TOOLS,
    *hits.TOOLS,
    *journeys.TOOLS,
    *leaderboard.TOOLS,
    *kudos.TOOLS,
    *hit_writes.TOOLS,
    *insights.TOOLS,
    *health.TOOLS,
    *uptime.TOOLS,
    *content.TOOLS,
    *sites.TOOLS,
    *account.TOOLS,
    *api_info.TOOLS,
    *openapi.TOOLS,
]
"""In the order in which an assistant reads them."""


def tools_for(access: Access) -> list[ApiTool]:
    """The tools that a key of this level may use."""
    return [tool for tool in ALL_TOOLS if access is Access.FULL_ACCESS or tool.access is Access.READ_ONLY]
