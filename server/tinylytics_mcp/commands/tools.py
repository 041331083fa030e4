"""The command `tools`: lists the tools that a key may use."""

import os
import sys

from tinylytics_tools.access import Access
from tinylytics_tools.catalogue import ALL_TOOLS, tools_for

from tinylytics_mcp.backend import settings_for
from tinylytics_mcp.terminal import Terminal, say


def command(*, demo: bool) -> None:
    """Print the tools that this key may use: name, access, first sentence of the description."""
    settings = settings_for(os.environ, demo=demo)
    access = Access.READ_ONLY if settings.key is None else settings.key.access
    offered = tools_for(Access.READ_ONLY if settings.access is Access.READ_ONLY else access)
    out = Terminal(sys.stdout)
    widest = max(len(tool.name) for tool in offered)
    for tool in offered:
        needed = "read" if tool.access is Access.READ_ONLY else "full access"
        first = f"{tool.name:<{widest}}  {needed:<11}  "
        sentence = (tool.description or "").partition(". ")[0].rstrip(".") + "."
        for line in out.wrapped(sentence, first=first, rest=" " * len(first)):
            out.line(line)
    hidden = len(ALL_TOOLS) - len(offered)
    if hidden:
        say(f"{hidden} more tools change data and need a full-access key.")
