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
from tinylytics_tools.client import Client as ApiClient
from tinylytics_tools.tables import counted

from tinylytics_mcp.backend import open_client, settings_for
from tinylytics_mcp.commands.call import consent, text_of
from tinylytics_mcp.commands.demo_costs import Cost, raw_cost
from tinylytics_mcp.commands.demo_scenes import SCENES, Scene, picture
from tinylytics_mcp.errors import CommandError, OutputClosed
from tinylytics_mcp.hosts import start_command
from tinylytics_mcp.terminal import Terminal, printable
from tinylytics_mcp.version import PROGRAM


def command(*, full: bool = False) -> None:
    """Print questions, each answered in words; with `full` what the assistant gets, and what the raw API costs."""
    demo = _Demo(Terminal(sys.stdout), full=full)
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


def lines_that_connect() -> list[tuple[str, str]]:
    """Return pairs of what is connected and the line to type; the last one connects the made-up account."""
    start = shlex.join(start_command())
    return [("Claude Code", f"{start} install claude-code"), ("without a key", f"{start} install --demo claude-code")]


def _first_of(group: ExceptionGroup[CommandError | OutputClosed]) -> CommandError | OutputClosed:
    first = group.exceptions[0]
    return _first_of(first) if isinstance(first, ExceptionGroup) else first


class _Demo:
    def __init__(self, out: Terminal, *, full: bool) -> None:
        self._out, self._is_full = out, full
        self._width = min(out.width or 80, 100)
        self._asked: list[str] = []
        self._total, self._raw_total = Cost(), Cost()
        self.failed = 0

    async def run(self) -> None:
        """Start the server as a host would and ask it; a second, equal fake API is read raw."""
        out, total, raw_total = self._out, self._total, self._raw_total
        how = "each answer as the assistant gets it" if self._is_full else "answers in words made of their fields"
        self._draw(f"A made-up account, asked over MCP; {how}.")
        async with (
            open_client(settings_for({}, demo=True), demo=True, cached=False) as api_client,
            Client(_server(), elicitation_callback=self._agree) as client,
        ):
            for number, scene in enumerate(SCENES, 1):
                await self._play(number, scene, client, api_client)
        out.line()
        told = f"In all {total.requests} requests, {total.bytes:,} bytes; "
        if self._is_full:
            told += f"the raw API: {raw_total.requests} requests, {raw_total.bytes:,} bytes."
        out.line(told if self._is_full else f"{told}`{PROGRAM} demo --full` shows more.")
        for host, line in lines_that_connect()[: None if self._is_full else 1]:
            out.line(f"Connect {host}: {out.accent(line)}")

    async def _play(self, number: int, scene: Scene, client: Client, raw: ApiClient) -> None:
        """Ask one question, and say what an assistant would say, or what it gets."""
        out = self._out
        result = await client.call_tool(scene.tool, dict(scene.arguments))
        answer: dict[str, Any] = result.structured_content or {}
        cost = Cost(answer.get("requests_used", 0), len(text_of(result).encode()))
        self._total.add(cost)
        took = f"{counted(cost.requests, 'request')}, {cost.bytes:,} bytes"
        given = ", ".join(f"{name}={json.dumps(value)}" for name, value in scene.arguments.items())
        call = f"{scene.tool}({given})" if self._is_full else f"{scene.tool}, {took}"
        out.line()
        out.line(f"{out.strong(f'{number}. {scene.words}')}  {out.faint(call)}")
        for question in self._asked:
            self._draw(f"Asked first, and agreed to: {question}", "dim")
        self._asked.clear()
        if result.is_error or not answer:
            self.failed += 1
            self._draw(text_of(result), "red")
        elif self._is_full:
            out.lines(out.answer(text_of(result), answer, margin="   | "))
            raw_took = await raw_cost(raw, scene.raw, answer)
            self._raw_total.add(raw_took)
            beside = f"{took} ({compact(answer):,} in structured form); the raw API: "
            self._draw(f"{beside}{counted(raw_took.requests, 'request')}, {raw_took.bytes:,} bytes", "dim")
        else:
            self._draw(scene.told(answer))
            self._draw(picture(scene, answer))

    def _draw(self, what: RenderableType | None, style: str = "") -> None:
        """Write something below a question."""
        if isinstance(what, str):
            what = Text(printable(what), style)
        if what is not None:
            self._out.lines(self._out.rendered(Padding(what, (0, 0, 0, 3)), width=self._width))

    async def _agree(self, context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:  # noqa: ARG002 - the SDK's
        self._asked.append(params.message)
        return consent(params, agreed=True)


def _server() -> StdioServerParameters:
    """Return how to start this program in a process of its own, without the user's settings."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TINYLYTICS_")}
    return StdioServerParameters(
        command=sys.executable, args=["-P", "-m", "tinylytics_mcp", "serve", "--demo"], env=environment
    )
