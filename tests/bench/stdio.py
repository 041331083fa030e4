"""Measures a cached answer over stdio beside a bare SDK tool that returns the same two halves from memory.

Both publish the same output schema, which the client checks each answer against.

Run it with `uv run python tests/bench/stdio.py [CALLS]` (default: 300 of each, taken in turns in the same run).
"""

import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import anyio
from mcp import Client, StdioServerParameters

TOOL, ARGUMENTS = "summarize_traffic", {"site": "456"}
MOST = 2.0
"""Times the bare tool's median, as issue 3 asks."""

BARE = """
import json, sys
from typing import Any
from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.tools import Tool
from mcp.types import CallToolResult, TextContent
text, structured, schema = json.load(open(sys.argv[1]))
async def summarize_traffic(site: str) -> CallToolResult:
    return CallToolResult(content=[TextContent(type="text", text=text)], structured_content=structured)
tool = Tool.from_function(summarize_traffic)
tool.fn_metadata.output_schema = schema
MCPServer("bare", tools=[tool], log_level="WARNING").run()
"""


async def call(client: Client) -> Any:
    """One call, which must work."""
    result = await client.call_tool(TOOL, ARGUMENTS)
    if result.is_error:
        raise RuntimeError(str(result.content))
    return result


async def timed(client: Client) -> float:
    """Milliseconds of one call."""
    start = time.perf_counter()
    await call(client)
    return (time.perf_counter() - start) * 1000


async def measure(calls: int, folder: Path) -> bool:
    """Print the table; whether the figure is reached."""
    ours = StdioServerParameters(command=sys.executable, args=["-m", "tinylytics_mcp", "serve", "--demo"])
    async with Client(ours) as client:
        first = await call(client)
        told = folder / "answer.json"
        (schema,) = [tool.output_schema for tool in (await client.list_tools()).tools if tool.name == TOOL]
        told.write_text(json.dumps([first.content[0].text, first.structured_content, schema]), "utf-8")
        script = folder / "bare.py"
        script.write_text(BARE, "utf-8")
        async with Client(StdioServerParameters(command=sys.executable, args=[str(script), str(told)])) as bare:
            await call(bare)
            mine: list[float] = []
            theirs: list[float] = []
            for _ in range(calls):
                mine.append(await timed(client))
                theirs.append(await timed(bare))
    print(f"{'':24}{'median ms':>10}{'p99 ms':>10}")  # noqa: T201 - the table is what this is for
    for name, times in (("cached summarize_traffic", mine), ("bare SDK tool", theirs)):
        p99 = statistics.quantiles(times, n=100)[98]
        print(f"{name:24}{statistics.median(times):>10.2f}{p99:>10.2f}")  # noqa: T201 - the same
    ratio = statistics.median(mine) / statistics.median(theirs)
    verdict = "reached" if ratio <= MOST else "MISSED"
    print(f"ratio {ratio:.2f}, at most {MOST:g}: {verdict}")  # noqa: T201 - the same
    return ratio <= MOST


def main() -> int:
    """Run it; 1 where the figure is missed."""
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    with tempfile.TemporaryDirectory() as folder:
        return 0 if anyio.run(measure, calls, Path(folder)) else 1


if __name__ == "__main__":
    raise SystemExit(main())
