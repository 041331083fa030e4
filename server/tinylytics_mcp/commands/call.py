"""The command `call`: calls a tool from a terminal."""

import json
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import anyio
from mcp import Client, MCPError
from mcp.client.session import ClientRequestContext
from mcp.types import CallToolResult, ElicitRequestFormParams, ElicitRequestParams, ElicitResult, TextContent
from tinylytics_tools.catalogue import ALL_TOOLS, near

from tinylytics_mcp.backend import open_client, settings_for
from tinylytics_mcp.commands.tools import help_lines
from tinylytics_mcp.errors import CommandError, UsageError
from tinylytics_mcp.hosts import own_environment
from tinylytics_mcp.server import create_server
from tinylytics_mcp.settings import Settings
from tinylytics_mcp.terminal import Terminal, for_person, printable
from tinylytics_mcp.version import CALLED


def command(*, tool: str, pairs: Sequence[str], structured: bool, help: bool, demo: bool, cached: bool) -> None:  # noqa: A002 - as it is typed
    """Call a tool through the protocol and print the answer: its text, or its structured half as one JSON document;
    with `help` call nothing and print what the tool takes."""
    settings = settings_for(own_environment(), demo=demo)
    known = {known.name: known for known in ALL_TOOLS}
    if tool not in known:
        raise UsageError(f"there is no tool {tool!r}; {near(tool) or f'`{CALLED} tools` lists them.'}")
    arguments = _arguments(pairs)
    out = Terminal(sys.stdout)
    if help:
        lines = [*help_lines(out, known[tool])]
    else:
        result = anyio.run(lambda: _call(settings, tool, arguments, demo=demo, cached=cached))
        if result.is_error:
            raise CommandError(for_person(text_of(result)))
        answer = result.structured_content
        lines = [json.dumps(answer, ensure_ascii=False)] if structured else out.answer(text_of(result), answer)
    out.lines(lines)


def _arguments(pairs: Sequence[str]) -> dict[str, Any]:
    arguments: dict[str, Any] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not name or not equals:
            raise UsageError(f"an argument is name=value or name=@file.json, not {pair!r}.")
        if name in arguments:
            raise UsageError(f"{name} is given twice.")
        arguments[name] = _json_of(name, value[1:]) if value.startswith("@") else value
    return arguments


def text_of(result: CallToolResult) -> str:
    """Return the text half of a result."""
    return "\n".join(block.text for block in result.content if isinstance(block, TextContent))


def consent(params: ElicitRequestParams, *, agreed: bool) -> ElicitResult:
    """Return the answer to a question of the server: its form with every box ticked, or a refusal."""
    if not agreed or not isinstance(params, ElicitRequestFormParams):
        return ElicitResult(action="decline")
    properties = params.requested_schema.get("properties", {})
    boxes = [name for name, schema in properties.items() if schema.get("type") == "boolean"]
    return ElicitResult(action="accept", content=dict.fromkeys(boxes, True))


def _json_of(name: str, file: str) -> Any:
    try:
        return json.loads(Path(file).read_text("utf-8"))
    except OSError as error:
        raise UsageError(f"{name}: the file {file!r} cannot be read: {error.strerror}.") from None
    except (ValueError, RecursionError):
        raise UsageError(f"{name}: the file {file!r} does not hold JSON.") from None


async def _call(
    settings: Settings, tool: str, arguments: dict[str, Any], *, demo: bool, cached: bool
) -> CallToolResult:
    status = Terminal(sys.stderr) if sys.stderr is not None else None

    async def ask(context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:  # noqa: ARG001 - the SDK's
        if status is not None:
            status.progress("")
        lines = [printable(line) for line in params.message.split("\n")]
        sys.stderr.write("\n".join(lines) + " [y/N] ")
        sys.stderr.flush()
        typed, of_loop = "", signal.signal(signal.SIGINT, signal.default_int_handler)  # the loop's waits for a line
        with suppress(KeyboardInterrupt):
            typed = sys.stdin.readline()
        signal.signal(signal.SIGINT, of_loop)
        return consent(params, agreed=typed.strip().lower() in ("y", "yes"))

    async def show(progress: float, total: float | None, message: str | None) -> None:  # noqa: ARG001 - the SDK's
        if status is not None:
            status.progress(f"Reading: {message} …")

    async with open_client(settings, demo=demo, cached=cached) as api_client:
        callback = ask if status is not None and status.is_terminal and sys.stdin.isatty() else None
        async with Client(create_server(api_client), elicitation_callback=callback) as client:
            try:
                return await client.call_tool(tool, arguments, progress_callback=show)
            except MCPError as error:
                return CallToolResult(content=[TextContent(text=error.error.message)], is_error=True)
            finally:
                if status is not None:
                    status.progress("")
