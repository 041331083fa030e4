"""The command `demo`: asks a server over stdio what an assistant would ask, about a made-up account."""

import json
import os
import shlex
import sys
from typing import Any

import anyio
from mcp import Client, MCPError, StdioServerParameters
from mcp.client.session import ClientRequestContext
from mcp.types import ElicitRequestParams, ElicitResult
from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text
from tinylytics_tools.answer import compact
from tinylytics_tools.tables import counted

from tinylytics_mcp.backend import open_client, settings_for
from tinylytics_mcp.commands.call import consent, text_of
from tinylytics_mcp.commands.demo_questions import Cost, RawApi, questions
from tinylytics_mcp.commands.demo_scenes import SCENES, picture
from tinylytics_mcp.errors import CommandError, OutputClosed
from tinylytics_mcp.hosts import start_command
from tinylytics_mcp.terminal import Terminal, printable
from tinylytics_mcp.version import PROGRAM


def command(*, full: bool = False) -> None:
    """Print questions, each with the answer in words; `full` prints each answer as the assistant gets it instead, and
    its cost beside that of the raw API."""
    demo = _Demo(Terminal(sys.stdout))
    problem: CommandError | OutputClosed | None = None
    try:
        anyio.run(demo.run_in_full if full else demo.run)
    except* (MCPError, OSError):  # task groups raise what happens in them as a group
        problem = CommandError("the demo broke off: its server did not start, or ended early.")
    except* (CommandError, OutputClosed) as group:
        problem = _first_of(group)
    if problem is not None:
        raise problem
    if demo.failed:
        raise CommandError(f"{demo.failed} of the calls did not work.")


def lines_that_connect() -> list[tuple[str, str]]:
    """Return pairs of what is connected and the line to type; the last one connects the made-up account."""
    start = shlex.join(start_command())
    return [("Claude Code", f"{start} install claude-code"), ("without a key", f"{start} install --demo claude-code")]


def _first_of(group: ExceptionGroup[CommandError | OutputClosed]) -> CommandError | OutputClosed:
    first = group.exceptions[0]
    return _first_of(first) if isinstance(first, ExceptionGroup) else first


class _Demo:
    def __init__(self, out: Terminal) -> None:
        self._out = out
        self._width = min(out.width or 80, 100)
        self._asked: list[str] = []
        self.failed = 0

    async def run(self) -> None:
        """Start the server as a host would, ask it, and say what an assistant would say."""
        out, total = self._out, Cost()
        self._draw("A made-up account, asked over MCP; answers in words made of their fields.")
        async with Client(_server(), elicitation_callback=self._agree) as client:
            for number, scene in enumerate(SCENES, 1):
                result = await client.call_tool(scene.tool, dict(scene.arguments))
                answer: dict[str, Any] = result.structured_content or {}
                cost = Cost(answer.get("requests_used", 0), len(text_of(result).encode()))
                total.add(cost)
                took = f"{scene.tool}, {counted(cost.requests, 'request')}, {cost.bytes:,} bytes"
                out.line()
                out.line(f"{out.strong(f'{number}. {scene.words}')}  {out.faint(took)}")
                for question in self._asked:
                    self._draw(f"Asked first, and agreed to: {question}", "dim")
                self._asked.clear()
                if result.is_error or not answer:
                    self.failed += 1
                    self._draw(text_of(result), "red")
                else:
                    self._draw(scene.told(answer))
                    self._draw(picture(scene, answer, self._width - 3))
        out.line()
        out.line(f"In all {total.requests} requests, {total.bytes:,} bytes; `{PROGRAM} demo --full` shows more.")
        host, line = lines_that_connect()[0]
        out.line(f"Connect {host}: {out.accent(line)}")

    def _draw(self, what: RenderableType | None, style: str = "") -> None:
        """Write something below a question."""
        if isinstance(what, str):
            what = Text(printable(what), style)
        for line in self._out.rendered(Padding(what, (0, 0, 0, 3)), width=self._width) if what is not None else []:
            self._out.line(line)

    async def run_in_full(self) -> None:
        """Start the server as a host would and ask it; a second, equal fake API is read raw."""
        out = self._out
        total, raw_total = Cost(), Cost()
        async with open_client(settings_for({}, demo=True), demo=True, cached=False) as api_client:
            raw = RawApi(api_client)
            sites = await raw.sites()
            for line in out.wrapped(
                f"{PROGRAM} demo: an assistant is asked about a made-up account with {len(sites)} sites. The server "
                "runs as a host would run it and is asked over MCP; each answer is shown as the assistant gets it."
            ):
                out.line(line)
            all_questions = questions(sites[0].name)
            async with Client(_server(), elicitation_callback=self._consent) as client:
                for number, question in enumerate(all_questions, 1):
                    out.line()
                    out.line(out.strong(f"{number}. {question.words}"))
                    given = ", ".join(f"{name}={json.dumps(value)}" for name, value in question.arguments.items())
                    out.line(f"   {out.accent(f'{question.tool}({given})')}")
                    result = await client.call_tool(question.tool, dict(question.arguments))
                    for line in out.answer(text_of(result), result.structured_content, margin="   | "):
                        out.line(out.warning(line) if result.is_error else line)
                    if result.is_error or result.structured_content is None:
                        self.failed += 1
                        continue
                    cost = Cost(1, len(text_of(result).encode()))
                    structured = compact(result.structured_content)
                    raw_cost = await raw.cost(question, result.structured_content)
                    compared = (
                        f"{cost.bytes:,} bytes ({structured:,} in structured form); "
                        f"the raw API: {counted(raw_cost.requests, 'request')}, {raw_cost.bytes:,} bytes"
                    )
                    out.line(f"   {out.faint(compared)}")
                    total.add(cost)
                    raw_total.add(raw_cost)
        out.line()
        out.line(
            f"In all: {total.requests} calls and {total.bytes:,} bytes to read; from the raw API "
            f"{raw_total.requests} requests and {raw_total.bytes:,} bytes."
        )
        out.line()
        out.line(out.strong("Connect an assistant:"))
        for host, line in lines_that_connect():
            out.line(f"   {host}:")
            out.line(f"      {out.accent(line)}")

    async def _agree(self, context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:  # noqa: ARG002 - the SDK's
        self._asked.append(params.message)
        return consent(params, agreed=True)

    async def _consent(self, context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:  # noqa: ARG002 - the SDK's
        for line in self._out.wrapped(params.message, first="   The server asks the user: ", rest="     "):
            self._out.line(line)
        self._out.line("   The demo answers yes for the user.")
        return consent(params, agreed=True)


def _server() -> StdioServerParameters:
    """Return how to start this program in a process of its own, without the user's settings."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TINYLYTICS_")}
    return StdioServerParameters(
        command=sys.executable, args=["-P", "-m", "tinylytics_mcp", "serve", "--demo"], env=environment
    )
