"""Measures the start of the server over stdio beside a bare SDK server: from spawn to the answer to `tools/list`.

Run it with `uv run python tests/bench/startup.py [RUNS]` (default: 11 of each, in turns, after one uncounted).
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

MOST = 1.2
"""Times the bare server's median."""

BARE = """
from mcp.server.mcpserver import MCPServer
server = MCPServer("bare")
@server.tool()
def add(a: int, b: int) -> int:
    return a + b
server.run()
"""
SERVERS = {"tinylytics-mcp": ["-m", "tinylytics_mcp", "serve"], "bare SDK server": ["-c", BARE]}
REQUESTS = (
    {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "clientInfo": {"name": "bench", "version": "1"},
        },
    },
    {"jsonrpc": "2.0", "method": "notifications/initialized"},
    {"jsonrpc": "2.0", "id": 2, "method": "tools/list"},
)
INPUT = "".join(json.dumps(request) + "\n" for request in REQUESTS).encode()


def started(arguments: list[str], environment: dict[str, str]) -> float:
    """Return the milliseconds from the spawn of a server until it has answered `tools/list`."""
    start = time.perf_counter()
    with subprocess.Popen(  # noqa: S603 - our own servers
        [sys.executable, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(INPUT)
        process.stdin.flush()
        for line in process.stdout:
            if json.loads(line).get("id") == 2:
                break
        else:
            raise RuntimeError("the server ended before it answered")
        took = time.perf_counter() - start
        process.stdin.close()
    return took * 1000


def main() -> int:
    """Print the table; return 1 where the figure is missed."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 11
    times: dict[str, list[float]] = {name: [] for name in SERVERS}
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("TINYLYTICS_", "PYTHON"))}
    with tempfile.TemporaryDirectory() as folder:
        environment |= {"PYTHONPYCACHEPREFIX": folder, "TINYLYTICS_STATE_DIR": folder, "TINYLYTICS_API_KEY": "tly-ro-x"}
        for number in range(runs + 1):
            for name, arguments in SERVERS.items():
                took = started(arguments, environment)
                if number:  # the first run writes the compiled modules
                    times[name].append(took)
    print(f"{'spawn to tools/list':24}{'median ms':>10}{'best ms':>10}")  # noqa: T201 - the table is what this is for
    for name, measured in times.items():
        print(f"{name:24}{statistics.median(measured):>10.0f}{min(measured):>10.0f}")  # noqa: T201 - the same
    mine, bare = (statistics.median(measured) for measured in times.values())
    verdict = "reached" if mine / bare <= MOST else "MISSED"
    print(f"ratio {mine / bare:.2f}, at most {MOST:g}: {verdict}")  # noqa: T201 - the same
    return 0 if mine / bare <= MOST else 1


if __name__ == "__main__":
    raise SystemExit(main())
