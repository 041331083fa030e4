"""Measures throughput, latencies and memory over HTTP beside a bare SDK server that gives the same answer from memory.

Run it with `uv run python tests/bench/load.py [CALLS] [SESSIONS]` (default: 50,000 and 1,000, of each server). Each is
a process of its own, on uvicorn with the same settings; both publish the same output schema. Connections are kept alive
and asked by hand, so that the client costs little and the same for both.
"""

import asyncio
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import repeat
from pathlib import Path
from typing import Any

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.tools import Tool
from mcp.types import CallToolResult, TextContent
from tinylytics_mcp.http.run import address_of, bind, run

TOOL, ARGUMENTS = "summarize_traffic", {"site": "456"}
LEAST_RATE, MOST_PER_SESSION = 0.6, 1.2
"""Times the bare server's, as issue 5 asks."""
MOST_GROWTH_KB = 2_048
"""Over all calls: 42 bytes of each of 50,000, less than any object that could be kept of one takes."""
OWN = ["-P", "-m", "tinylytics_mcp", "serve", "--demo", "--transport", "http", "--port", "0"]
TYPES = {"content-type": "application/json", "accept": "application/json, text/event-stream"}
MODERN = "2026-07-28"
META: dict[str, Any] = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientCapabilities": {},
}
INITIALIZE = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "load", "version": "1"}}
SESSION = re.compile(rb"(?im)^mcp-session-id: (\S+)\r$")
LENGTH = re.compile(rb"(?im)^content-length: (\d+)\r$")
Line = tuple[asyncio.StreamReader, asyncio.StreamWriter]
"""A connection that is kept alive."""


@dataclass(frozen=True)
class Sizes:
    """How much is asked of each server; the calls come in rounds, in turns with the other server."""

    calls: int = 50_000
    sessions: int = 1_000
    callers: int = 32
    rounds: int = 25


async def ask(line: Line, request: bytes) -> tuple[bytes, bytes]:
    """The head and the body of its answer, which must be 200."""
    reader, writer = line
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 "), head
    length = LENGTH.search(head)
    return head, await (reader.readexactly(int(length[1])) if length else reader.readuntil(b"\r\n0\r\n\r\n"))


@dataclass
class Server:
    """A server that runs, and what was seen of it. Sizes in kB, of resident memory."""

    pid: int
    port: int
    lines: list[Line]
    ms: list[float] = field(default_factory=list[float])
    rates: list[float] = field(default_factory=list[float])
    sessions: list[str] = field(default_factory=list[str])
    per_session_kb: float = 0.0
    before_kb: int = 0
    after_kb: int = 0

    @property
    def resident_kb(self) -> int:
        """Now."""
        status = Path(f"/proc/{self.pid}/status").read_text("ascii")
        return int(status.partition("VmRSS:")[2].split()[0])

    def post(self, method: str, params: dict[str, Any], headers: dict[str, str]) -> bytes:
        """A whole request."""
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
        sent = {"host": f"127.0.0.1:{self.port}", "content-length": str(len(body)), **TYPES, **headers}
        lines = ["POST /mcp HTTP/1.1", *(f"{name}: {value}" for name, value in sent.items()), "\r\n"]
        return "\r\n".join(lines).encode() + body

    def modern(self, method: str, **params: Any) -> bytes:
        """A whole request of the new protocol."""
        named = {"mcp-name": params["name"]} if "name" in params else {}
        about = {"mcp-protocol-version": MODERN, "mcp-method": method, **named}
        return self.post(method, {**params, "_meta": META}, about)

    async def answers(self, requests: Iterator[bytes]) -> list[tuple[float, bytes, bytes]]:
        """Of all requests, asked by all callers at once: milliseconds, head and body."""
        done: list[tuple[float, bytes, bytes]] = []

        async def caller(line: Line) -> None:
            for request in requests:
                start = time.perf_counter()
                head, body = await ask(line, request)
                done.append(((time.perf_counter() - start) * 1000, head, body))

        async with asyncio.TaskGroup() as tasks:
            for line in self.lines:
                tasks.create_task(caller(line))
        return done

    async def open_sessions(self, count: int) -> None:
        """Sessions of the older protocol, which stay open; each must be a new one."""
        opened = await self.answers(repeat(self.post("initialize", INITIALIZE, {}), count))
        self.sessions += [SESSION.findall(head)[0].decode() for _, head, _ in opened]
        assert len(set(self.sessions)) == len(self.sessions), "two sessions have one id"

    async def ping_sessions(self) -> None:
        """Each of them must still be there."""
        pings = (self.post("ping", {}, {"mcp-session-id": session}) for session in self.sessions)
        assert all(b'"result":{}' in body for _, _, body in await self.answers(pings)), "a session does not answer"

    async def call(self, count: int, right: Any) -> tuple[float, list[float]]:
        """Calls a second, and the milliseconds of each; every answer must be right."""
        request = self.modern("tools/call", name=TOOL, arguments=ARGUMENTS)
        start = time.perf_counter()
        answers = await self.answers(repeat(request, count))
        took = time.perf_counter() - start
        for body in {body for _, _, body in answers}:
            assert lasting(json.loads(body)["result"]) == right, body
        return count / took, [ms for ms, _, _ in answers]


def lasting(result: dict[str, Any]) -> Any:
    """What does not change from call to call: all but the requests it took and the age of stored replies."""
    lines = [line for line in result["content"][0]["text"].split("\n") if not line.startswith("requests: ")]
    passing = {"requests_used", "requests_left", "stored_s"}
    structured = {name: it for name, it in result["structuredContent"].items() if name not in passing}
    return result["isError"], lines, structured


@asynccontextmanager
async def started(arguments: list[str], folder: Path, callers: int) -> AsyncGenerator[Server]:
    """A server in a process of its own, which tells its address on stderr, and connections to it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TINYLYTICS_")}
    environment["TINYLYTICS_STATE_DIR"] = str(folder / "state")
    process = subprocess.Popen(  # noqa: ASYNC220, S603 - our own scripts; nothing else runs until they do
        [sys.executable, *arguments], env=environment, stderr=subprocess.PIPE, encoding="utf-8"
    )
    lines: list[Line] = []
    with process:
        try:
            assert process.stderr is not None
            told = process.stderr.readline()
            port = re.search(r"http://127\.0\.0\.1:(\d+)", told)
            assert port is not None, told + process.stderr.read()
            threading.Thread(target=shutil.copyfileobj, args=(process.stderr, sys.stderr), daemon=True).start()
            while len(lines) < callers:
                lines.append(await asyncio.open_connection("127.0.0.1", int(port[1])))
            yield Server(process.pid, int(port[1]), lines)
        finally:
            for _, writer in lines:
                writer.close()
            process.terminate()


async def measure(sizes: Sizes, folder: Path) -> tuple[Server, Server]:
    """What is seen of our server and of a bare one."""
    a_round = sizes.calls // sizes.rounds
    async with started(OWN, folder, sizes.callers) as own:
        _, listed = await ask(own.lines[0], own.modern("tools/list"))
        (schema,) = [tool["outputSchema"] for tool in json.loads(listed)["result"]["tools"] if tool["name"] == TOOL]
        _, answered = await ask(own.lines[0], own.modern("tools/call", name=TOOL, arguments=ARGUMENTS))
        answer = json.loads(answered)["result"]
        told = folder / "answer.json"
        told.write_text(json.dumps([answer, schema]), "utf-8")
        right = lasting(answer)
        async with started([__file__, "bare", str(told)], folder, sizes.callers) as bare:
            for server in (own, bare):
                await server.call(a_round, right)
                await server.open_sessions(sizes.sessions // 10)
                without = server.resident_kb
                await server.open_sessions(sizes.sessions)
                server.per_session_kb = (server.resident_kb - without) / sizes.sessions
                await server.call(a_round, right)
                server.before_kb = server.resident_kb
            for _ in range(sizes.rounds):
                for server in (own, bare):
                    rate, ms = await server.call(a_round, right)
                    server.rates.append(rate)
                    server.ms += ms
            for server in (own, bare):
                server.after_kb = server.resident_kb
                await server.ping_sessions()
            return own, bare


def serve_bare(told: Path) -> None:
    """Serve one tool that gives the answer in a file, until a signal comes."""
    result, schema = json.loads(told.read_text("utf-8"))
    text, structured = result["content"][0]["text"], result["structuredContent"]

    async def summarize_traffic(site: str) -> CallToolResult:  # noqa: ARG001 - the schema comes from it
        return CallToolResult(content=[TextContent(type="text", text=text)], structured_content=structured)

    tool = Tool.from_function(summarize_traffic)
    tool.fn_metadata.output_schema = schema
    app = MCPServer("bare", tools=[tool], log_level="WARNING").streamable_http_app()
    with bind("127.0.0.1", 0) as listener:
        print(address_of(listener), file=sys.stderr, flush=True)  # noqa: T201 - as our server tells it
        asyncio.run(run(app, listener))


def report(own: Server, bare: Server) -> bool:
    """Print the table; whether all figures are reached."""
    told = [f"{'':12}{'calls/s':>10}{'median ms':>11}{'p99 ms':>9}{'kB a session':>14}{'kB before':>11}{'after':>9}"]
    for name, of in (("tinylytics", own), ("bare SDK", bare)):
        p50, p99 = statistics.median(of.ms), statistics.quantiles(of.ms, n=100)[98]
        memory = f"{of.per_session_kb:>14.1f}{of.before_kb:>11}{of.after_kb:>9}"
        told.append(f"{name:12}{statistics.median(of.rates):>10.0f}{p50:>11.1f}{p99:>9.1f}{memory}")
    rate = statistics.median(mine / theirs for mine, theirs in zip(own.rates, bare.rates, strict=True))
    session = own.per_session_kb / bare.per_session_kb
    growth = own.after_kb - own.before_kb
    figures = {
        f"calls a second: {rate:.2f} times, at least {LEAST_RATE:g}": rate >= LEAST_RATE,
        f"an idle session: {session:.2f} times, at most {MOST_PER_SESSION:g}": session <= MOST_PER_SESSION,
        f"growth: {growth} kB, at most {MOST_GROWTH_KB}": growth <= MOST_GROWTH_KB,
    }
    told += [f"{figure}: {'reached' if is_reached else 'MISSED'}" for figure, is_reached in figures.items()]
    print("\n".join(told))  # noqa: T201 - the table is what this is for
    return all(figures.values())


def main() -> int:
    """Run it; 1 where a figure is missed."""
    if sys.argv[1:2] == ["bare"]:
        serve_bare(Path(sys.argv[2]))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        return 0 if report(*asyncio.run(measure(Sizes(*map(int, sys.argv[1:3])), Path(folder)))) else 1


if __name__ == "__main__":
    raise SystemExit(main())
