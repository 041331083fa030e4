"""All tools, and those that an access level may use."""

from tinylytics_tools.access import Access
from tinylytics_tools.declare import ApiTool

ALL_TOOLS: list[ApiTool] = []
"""In the order in which an assistant reads them."""


def tools_for(access: Access) -> list[ApiTool]:
    """The tools that a key of this level may use."""
    return [tool for tool in ALL_TOOLS if access is Access.FULL_ACCESS or tool.access is Access.READ_ONLY]
