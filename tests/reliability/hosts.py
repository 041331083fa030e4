"""The server in a process of its own, called over stdio, Streamable HTTP and SSE by plain clients."""

import asyncio
import itertools
import json
import os
import re
import shutil
import signal
import sqlite3
import sys
import tempfile
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2 as httpx
from canary import KEY, search, search_files
from mcp import Client
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client
from support.http_server import NOTHING_SET

TARGET = Path(__file__).parent / "target.py"
TRANSPORTS = ("stdio", "http", "sse")
PATHS = {"http": "mcp", "sse": "sse"}
HANGS_S = 60
"""A call that takes longer hangs, whatever else this machine does."""
_ADDRESS = re.compile(r"http://[\d.]+:\d+")


Ask = Callable[[str, dict[str, Any]], Coroutine[Any, Any, tuple[dict[str, Any] | None, str]]]
"""Calls a tool with arguments; returns the structured half, or None, and the text."""


@dataclass
class Host:
    """A server that runs. `output` holds all that it wrote beside the wire; `address` is where it serves HTTP."""

    process: asyncio.subprocess.Process
    call: Ask
    folder: Path
    output: bytearray
    address: str

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
        if not (self.folder / "state.sqlite3").exists():
            return
        with closing(sqlite3.connect(self.folder / "state.sqlite3")) as file, file:
            file.execute("DELETE FROM hours")

    def descriptors(self) -> int:
        """How many files and connections it has open."""
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))

    async def tasks(self) -> int:
        """How many tasks its event loop has."""
        before = len(self.output)
        self.process.send_signal(signal.SIGUSR1)
        for _ in range(500):
            await asyncio.sleep(0.01)  # there is nothing else to wait for
            if found := re.search(rb"tasks (\d+)\n", self.output[before:]):
                return int(found[1])
        raise TimeoutError("the process does not tell its tasks")


@asynccontextmanager
async def host(
    transport: str,
    base_url: str,
    program: Sequence[str] = (str(TARGET),),
    *,
    cached: bool = False,
    headers: Mapping[str, str] = NOTHING_SET,
    settings: Mapping[str, str] = NOTHING_SET,
) -> AsyncGenerator[Host]:
    """Start the server with an empty state and connect to it; at the end all that it left is searched for the key."""
    own_folder = Path(tempfile.mkdtemp(prefix="reliability-"))
    folder = Path(settings.get("TINYLYTICS_STATE_DIR", own_folder))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TINYLYTICS_")}
    own = {"BASE_URL": base_url, "API_KEY": KEY, "STATE_DIR": str(folder), "LOG_FORMAT": "json"}
    environment |= {f"TINYLYTICS_{name}": value for name, value in own.items()}
    command = [sys.executable, "-P", *program, "serve", *([] if cached else ["--no-cache"])]
    if transport != "stdio":
        command += ["--transport", transport, "--port", "0"]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *command, stdin=pipe, stdout=pipe, stderr=pipe, env=environment | dict(settings), limit=64 * 2**20
    )
    output, reading = bytearray(), list[asyncio.Task[None]]()
    try:
        async with AsyncExitStack() as stack:
            address = await _address(transport, process, output)
            assert process.stdin
            assert process.stdout
            if transport == "stdio":
                call: Ask = _Lines(process.stdin, process.stdout)
            else:
                reading.append(asyncio.create_task(_collect(process.stdout, output)))
                call = _Sdk(await stack.enter_async_context(_client(f"{address}/{PATHS[transport]}", headers)))
            assert process.stderr
            reading.append(asyncio.create_task(_collect(process.stderr, output)))
            yield Host(process, _searched(call), folder, output, address)
    finally:
        if process.returncode is None:
            process.kill()
        if process.stdin:
            process.stdin.close()
        await process.wait()
        await asyncio.gather(*reading)
        search("logs", transport, bytes(output))
        search_files(folder)
        shutil.rmtree(own_folder, ignore_errors=True)


def _searched(call: Ask) -> Ask:
    """Return calls whose answers are searched for the key; one that hangs has an error for its answer."""

    async def searched(tool: str, arguments: dict[str, Any]) -> tuple[dict[str, Any] | None, str]:
        try:
            answer, text = await asyncio.wait_for(call(tool, arguments), HANGS_S)
        except TimeoutError:
            return None, f"no answer within {HANGS_S} s"
        search("answers", tool, f"{text} {json.dumps(answer)}".encode())
        return answer, text

    return searched


async def _address(transport: str, process: asyncio.subprocess.Process, output: bytearray) -> str:
    """Return where it says that it serves; nothing for stdio."""
    assert process.stderr
    line = b""
    while transport != "stdio" and not _ADDRESS.search(line.decode()):
        line = await process.stderr.readline()
        output += line
        assert line, output.decode()
    found = _ADDRESS.search(line.decode())
    return found[0] if found else ""


@asynccontextmanager
async def _client(url: str, headers: Mapping[str, str]) -> AsyncGenerator[Client]:
    async with httpx.AsyncClient(headers=headers, timeout=httpx.Timeout(30, read=300), trust_env=False) as http:
        is_sse = url.endswith("/sse")
        wire = sse_client(url, headers=dict(headers)) if is_sse else streamable_http_client(url, http_client=http)
        async with Client(wire, mode="legacy") as client:
            yield client


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
