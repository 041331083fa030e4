"""The server in a process of its own, called over stdio, Streamable HTTP and SSE by plain clients."""

import asyncio
import base64
import itertools
import json
import os
import re
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from mcp import Client
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client

TARGET = Path(__file__).parent / "target.py"
TRANSPORTS = ("stdio", "http", "sse")
KEY = "tly-fa-canary-7f3a9c51d2e84b60"
"""The key of all runs: it may appear in no output, log, error or file."""
_WORDS = re.compile(r"http://[\d.]+:\d+")


class Calls(Protocol):
    """Calls a tool; returns the structured half, or None, and the text."""

    async def __call__(self, tool: str, arguments: dict[str, Any]) -> tuple[dict[str, Any] | None, str]: ...


@dataclass
class Host:
    """A server that runs. `output` holds all that it wrote beside the wire."""

    process: asyncio.subprocess.Process
    call: Calls
    folder: Path
    output: bytearray = field(default_factory=bytearray)

    def memory_mb(self) -> float:
        """Resident memory now."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

    def forget_peak(self) -> None:
        """Let the peak of memory begin anew."""
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")

    def peak_mb(self) -> float:
        """The most resident memory since then."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"VmHWM:\s+(\d+)", status)
        return int(found[1]) / 1024 if found else self.memory_mb()

    def end_of_the_hour(self) -> None:
        """Forget the requests that were counted and the pause that the service asked for, as if an hour were over."""
        with closing(sqlite3.connect(self.folder / "state.sqlite3")) as file, file:
            file.execute("DELETE FROM hours")

    def leaks(self, key: str) -> list[str]:
        """Return where a key is: in what the process wrote, or in a file of its state."""
        forms = [key.encode(), quote(key).encode(), base64.b64encode(key.encode())[:-4]]
        places = {"output": bytes(self.output)}
        places |= {str(path): path.read_bytes() for path in self.folder.rglob("*") if path.is_file()}
        return [place for place, data in places.items() if any(form in data for form in forms)]


@asynccontextmanager
async def host(
    transport: str, base_url: str, program: Sequence[str] = (str(TARGET),), **settings: str
) -> AsyncGenerator[Host]:
    """Start the server with an empty state and connect to it."""
    folder = Path(tempfile.mkdtemp(prefix="reliability-"))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TINYLYTICS_")}
    own = {"BASE_URL": base_url, "API_KEY": KEY, "STATE_DIR": str(folder)}
    environment |= {f"TINYLYTICS_{name}": value for name, value in own.items()}
    command = [sys.executable, "-P", *program, "serve", "--no-cache"]
    if transport != "stdio":
        command += ["--transport", transport, "--port", "0"]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *command, stdin=pipe, stdout=pipe, stderr=pipe, env=environment | settings, limit=64 * 2**20
    )
    try:
        async with AsyncExitStack() as stack:
            yield await _connected(transport, process, folder, stack)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        shutil.rmtree(folder, ignore_errors=True)


async def _connected(transport: str, process: asyncio.subprocess.Process, folder: Path, stack: AsyncExitStack) -> Host:
    assert process.stdin
    assert process.stdout
    assert process.stderr
    output = bytearray()
    if transport == "stdio":
        made = Host(process, _Lines(process.stdin, process.stdout), folder, output)
    else:
        line = b""
        while not _WORDS.search(line.decode()):
            line = await process.stderr.readline()
            output += line
            assert line, output.decode()
        found = _WORDS.search(line.decode())
        assert found
        wire = sse_client(f"{found[0]}/sse") if transport == "sse" else streamable_http_client(f"{found[0]}/mcp")
        client = await stack.enter_async_context(Client(wire, mode="legacy"))
        made = Host(process, _Sdk(client), folder, output)
    made.output = output
    task = asyncio.create_task(_collect(process.stderr, output))
    stack.callback(task.cancel)
    return made


async def _collect(stream: asyncio.StreamReader, into: bytearray) -> None:
    while data := await stream.read(65536):
        into += data


class _Sdk:
    """Calls by the SDK's client."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def __call__(self, tool: str, arguments: dict[str, Any]) -> tuple[dict[str, Any] | None, str]:
        result = await self._client.call_tool(tool, arguments)
        text = "".join(getattr(part, "text", "") for part in result.content)
        return (None if result.is_error else result.structured_content), text


class _Lines:
    """Calls by lines of JSON, as a host writes them; what else comes on the wire is kept."""

    def __init__(self, to: asyncio.StreamWriter, out: asyncio.StreamReader) -> None:
        self._to, self._out = to, out
        self._ids = itertools.count(1)
        self._is_open = False

    async def __call__(self, tool: str, arguments: dict[str, Any]) -> tuple[dict[str, Any] | None, str]:
        if not self._is_open:
            about = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}}
            await self.request("initialize", about)
            await self.write({"jsonrpc": "2.0", "method": "notifications/initialized"})
            self._is_open = True
        answer = await self.request("tools/call", {"name": tool, "arguments": arguments})
        if "error" in answer:
            return None, str(answer["error"]["message"])
        result = answer["result"]
        text = "".join(part.get("text", "") for part in result["content"])
        return (None if result.get("isError") else result.get("structuredContent")), text

    async def request(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """Ask, and wait for the answer with the same id."""
        number = next(self._ids)
        await self.write({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        while line := await self._out.readline():
            message = json.loads(line)
            if message.get("id") == number:
                return message
        raise ConnectionError("the server ended")

    async def write(self, message: object) -> None:
        """Write a line."""
        self._to.write(json.dumps(message).encode() + b"\n")
        await self._to.drain()
