"""All tools, and those that an access level may use."""

import difflib

from tinylytics_tools import (
    account,
    api_info,
    content,
    health,
    insights,
    journeys,
    kudos,
    leaderboard,
    overview,
    sites,
    traffic,
    uptime,
)
from tinylytics_tools.access import Access
from tinylytics_tools.hits import create as hits_create
from tinylytics_tools.hits import create_batch as hits_create_batch
from tinylytics_tools.hits import listing as hits_listing
from tinylytics_tools.tool import ApiTool

ALL_TOOLS: list[ApiTool] = [
    *overview.TOOLS,
    *traffic.TOOLS,
    *hits_listing.TOOLS,
    *journeys.TOOLS,
    *leaderboard.TOOLS,
    *kudos.TOOLS,
    *hits_create.TOOLS,
    *hits_create_batch.TOOLS,
    *insights.TOOLS,
    *health.TOOLS,
    *uptime.TOOLS,
    *content.TOOLS,
    *sites.TOOLS,
    *account.TOOLS,
    *api_info.TOOLS,
]
"""In the order in which an assistant reads them."""


def tools_for(access: Access) -> list[ApiTool]:
    """The tools that a key of this level may use."""
    return [tool for tool in ALL_TOOLS if access is Access.FULL_ACCESS or tool.access is Access.READ_ONLY]


def near(name: str) -> str:
    """Return `did you mean …?` with the tools of nearly that name; empty where there are none."""
    found = difflib.get_close_matches(name, [tool.name for tool in ALL_TOOLS], n=3)
    return f"did you mean {' or '.join(found)}?" if found else ""
