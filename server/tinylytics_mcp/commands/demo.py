"""The command `demo`: asks a server over stdio what an assistant would ask, about a made-up account."""

import json
import os
import sys
from collections.abc import Mapping
from typing import Any

import anyio
from mcp import Client, MCPError, StdioServerParameters
from mcp.client.session import ClientRequestContext
from mcp.types import CallToolResult, ElicitRequestParams, ElicitResult

from tinylytics_mcp import logs
from tinylytics_mcp.backend import open_client, settings_for
from tinylytics_mcp.commands.call import consent, text_of
from tinylytics_mcp.commands.demo_questions import Cost, Question, RawApi, questions
from tinylytics_mcp.errors import CommandError, OutputClosed
from tinylytics_mcp.host_config import lines_that_connect
from tinylytics_mcp.terminal import Terminal
from tinylytics_mcp.version import PROGRAM


def show() -> None:
    """Print each question, the call, the answer, and its cost beside that of the raw API.

    Raises:
        CommandError: the server did not start, a call did not work, or the output cannot be written.
        OutputClosed: nobody reads the output any more.
    """
    logs.configure()
    demo = _Demo(Terminal(sys.stdout))
    problem: CommandError | OutputClosed | None = None
    try:
        anyio.run(demo.run)
    except* (MCPError, OSError):  # task groups raise what happens in them as a group
        problem = CommandError("the demo broke off: its server did not start, or ended early.")
    except* (CommandError, OutputClosed) as group:
        problem = _first_of(group)
    if problem is not None:
        raise problem
    if demo.failed:
        raise CommandError(f"{demo.failed} of the calls did not work.")


def _first_of(group: ExceptionGroup[CommandError | OutputClosed]) -> CommandError | OutputClosed:
    first = group.exceptions[0]
    return _first_of(first) if isinstance(first, ExceptionGroup) else first


class _Demo:
    def __init__(self, out: Terminal) -> None:
        self._out = out
        self.failed = 0

    async def run(self) -> None:
        """Start the server as a host would and ask it; a second, equal fake API is read raw."""
        out = self._out
        total, raw_total = Cost(), Cost()
        async with open_client(settings_for({}, demo=True), demo=True, cached=False) as api_client:
            raw = RawApi(api_client)
            sites = await raw.sites()
            self._introduce(len(sites))
            all_questions = questions(sites[0].name)
            async with Client(_server(), elicitation_callback=self._consent) as client:
                for number, question in enumerate(all_questions, 1):
                    self._show_question(number, question)
                    result = await client.call_tool(question.tool, dict(question.arguments))
                    self._show(result)
                    if result.is_error or result.structured_content is None:
                        self.failed += 1
                        continue
                    cost = Cost(1, len(text_of(result).encode()))
                    raw_cost = await raw.cost(question, result.structured_content)
                    out.line(f"   {out.faint(_compared(result, cost, raw_cost))}")
                    total.add(cost)
                    raw_total.add(raw_cost)
        out.line()
        out.line(
            f"In all: {total.requests} calls and {total.bytes:,} bytes to read; from the raw API "
            f"{raw_total.requests} requests and {raw_total.bytes:,} bytes."
        )
        self._connect()

    async def _consent(self, context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:  # noqa: ARG002 - the SDK's
        for line in self._out.wrapped(params.message, first="   The server asks the user: ", rest="     "):
            self._out.line(line)
        self._out.line("   The demo answers yes for the user.")
        return consent(params, agreed=True)

    def _introduce(self, sites: int) -> None:
        for line in self._out.wrapped(
            f"{PROGRAM} demo: an assistant is asked about a made-up account with {sites} sites. The server runs as a "
            "host would run it and is asked over MCP; each answer is shown as the assistant gets it."
        ):
            self._out.line(line)

    def _show_question(self, number: int, question: Question) -> None:
        out = self._out
        out.line()
        out.line(out.strong(f"{number}. {question.words}"))
        out.line(f"   {out.accent(f'{question.tool}({_arguments_text(question.arguments)})')}")

    def _show(self, result: CallToolResult) -> None:
        out = self._out
        for line in out.answer(text_of(result), margin="   | "):
            out.line(out.warning(line) if result.is_error else line)

    def _connect(self) -> None:
        out = self._out
        out.line()
        out.line(out.strong("Connect an assistant:"))
        for host, line in lines_that_connect():
            out.line(f"   {host}:")
            out.line(f"      {out.accent(line)}")


def _server() -> StdioServerParameters:
    """Return how to start this program in a process of its own, without the user's settings."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TINYLYTICS_")}
    return StdioServerParameters(
        command=sys.executable, args=["-P", "-m", "tinylytics_mcp", "serve", "--demo"], env=environment
    )


def _arguments_text(arguments: Mapping[str, str]) -> str:
    return ", ".join(f"{name}={json.dumps(value)}" for name, value in arguments.items())


def _compared(result: CallToolResult, cost: Cost, raw: Cost) -> str:
    structured = _size(result.structured_content)
    requests = "1 request" if raw.requests == 1 else f"{raw.requests} requests"
    return f"{cost.bytes:,} bytes ({structured:,} in structured form); the raw API: {requests}, {raw.bytes:,} bytes"


def _size(value: Any) -> int:
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())
