"""The command `demo`: asks a server over MCP what an assistant would ask, about a made-up account."""

import json
import sys
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import anyio
import httpx2 as httpx
from mcp import Client
from mcp.client.session import ClientRequestContext
from mcp.types import ElicitRequestParams, ElicitResult
from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text
from tinylytics_tools.answer import compact
from tinylytics_tools.tables import counted

from tinylytics_mcp.backend import open_backend, settings_for
from tinylytics_mcp.commands.call import consent, text_of
from tinylytics_mcp.commands.demo_scenes import SCENES, Scene, picture
from tinylytics_mcp.commands.report_words import readable
from tinylytics_mcp.errors import CommandError
from tinylytics_mcp.server import create_server
from tinylytics_mcp.terminal import Terminal, printable
from tinylytics_mcp.version import CALLED


def command(*, full: bool = False) -> None:
    """Print questions, each answered in words; with `full` what the assistant gets, and what was read for it."""
    demo = _Demo(Terminal(sys.stdout), full=full)
    anyio.run(demo.run)
    if demo.failed:
        raise CommandError(f"{demo.failed} of the calls did not work.")


NEXT = (
    ("All of each answer", "demo --full"),
    ("Connect Claude to this account", "install claude-desktop --demo"),
    ("and to yours, with a key", "install claude-desktop"),
)
"""What can be done after the demo, and what to type for it."""


class Weighed(httpx.AsyncBaseTransport):
    """Counts the requests that are sent, and the bytes of the replies."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner
        self.requests = self.bytes = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Pass on, and weigh the reply."""
        response = await self._inner.handle_async_request(request)
        self.requests += 1
        self.bytes += len(await response.aread())
        return response


class _Demo:
    def __init__(self, out: Terminal, *, full: bool) -> None:
        self._out, self._is_full = out, full
        self._width = min(out.width or 80, 100)
        self._asked: list[str] = []
        self._answered = self.failed = 0

    async def run(self) -> None:
        """Connect to a server of the made-up account and ask it, whatever the user's own settings are."""
        out, settings = self._out, settings_for({}, demo=True)
        told = "" if self._is_full else " Here this program puts the answers into words."
        self._draw(f"What to ask an assistant, and the tool that answers, on a made-up account.{told}", margin=0)
        async with open_backend(settings, demo=True) as backend:
            wire = Weighed(backend.transports())
            async with (
                aclosing(replace(backend, transports=lambda: wire).open(settings.key)) as account,
                Client(create_server(account), elicitation_callback=self._agree) as client,
            ):
                for number, scene in enumerate(SCENES, 1):
                    await self._play(number, scene, client, wire)
        out.line()
        told = f"{counted(wire.requests, 'request')}, {self._answered:,} bytes made of {wire.bytes:,} bytes of replies"
        self._draw(f"In all {told}.", margin=0)
        for what, typed in NEXT[1 if self._is_full else 0 :]:
            out.line(f"{what + ':':<32}{out.accent(f'{CALLED} {typed}')}")
        self._draw("Or claude-code, cursor, vscode; for ChatGPT and others see docs/hosts.md.", margin=0)

    async def _play(self, number: int, scene: Scene, client: Client, wire: Weighed) -> None:
        """Ask one question, and say what an assistant would say, or what it gets."""
        out, requests, read = self._out, wire.requests, wire.bytes
        result = await client.call_tool(scene.tool, dict(scene.arguments))
        answer: dict[str, Any] = result.structured_content or {}
        size = len(text_of(result).encode())
        self._answered += size
        took = f"{counted(wire.requests - requests, 'request')}, {size:,} bytes"
        given = ", ".join(f"{name}={json.dumps(value)}" for name, value in scene.arguments.items())
        call = f"{scene.tool}({given})" if self._is_full else f"{scene.tool}, {took}"
        out.line()
        question = f"{number}. {scene.words}"
        is_beside = self._is_full or len(question) + len(call) < self._width - 2
        out.line(out.strong(question) + (f"  {out.faint(call)}" if is_beside else ""))
        self._draw(None if is_beside else call, "dim")
        for question in self._asked:
            self._draw(readable(f"Asked first, and agreed to: {question}"), "dim")
        self._asked.clear()
        if result.is_error or not answer:
            self.failed += 1
            self._draw(text_of(result), "red")
        elif self._is_full:
            out.lines(out.answer(text_of(result), answer, margin="   | "))
            made = f"made of {wire.bytes - read:,} bytes of replies"
            self._draw(f"{took} ({compact(answer):,} in structured form), {made}", "dim")
        else:
            self._draw(readable(scene.told(answer)))
            self._draw(picture(scene, answer))

    def _draw(self, what: RenderableType | None, style: str = "", *, margin: int = 3) -> None:
        """Write something below a question."""
        if isinstance(what, str):
            what = Text(printable(what), style)
        if what is not None:
            self._out.lines(self._out.rendered(Padding(what, (0, 0, 0, margin)), width=self._width))

    async def _agree(self, context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:  # noqa: ARG002 - the SDK's
        self._asked.append(params.message)
        return consent(params, agreed=True)
