"""The command `tools`: lists the tools that a key may use, and tells what a tool takes."""

import shlex
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from tinylytics_tools.access import Access
from tinylytics_tools.catalogue import ALL_TOOLS, tools_for
from tinylytics_tools.tool import ApiTool

from tinylytics_mcp.backend import settings_for
from tinylytics_mcp.hosts import own_environment
from tinylytics_mcp.terminal import Terminal, say
from tinylytics_mcp.version import CALLED

_EXAMPLES = {
    "dimension": "path",
    "site": "example.com",
    "period": "last_7_days",
    "path": "/hello",
    "uid": "test-kudo-1",
    "hits": "@hits.json",
    "dry_run": "true",
}
_ENDLESS = 1_000_000
"""A bound so high is no news to a person."""


def command(*, demo: bool, verbose: bool) -> None:
    """Print the tools that this key may use: name, access, first sentence; `verbose` adds what each takes."""
    settings = settings_for(own_environment(), demo=demo)
    access = Access.READ_ONLY if settings.key is None else settings.key.access
    offered = tools_for(Access.READ_ONLY if settings.access is Access.READ_ONLY else access)
    out = Terminal(sys.stdout)
    widest = max(len(tool.name) for tool in offered)
    for tool in offered:
        needed = "read" if tool.access is Access.READ_ONLY else "full access"
        first = f"{tool.name:<{widest}}  {needed:<11}  "
        sentence = tool.description.partition(". ")[0].rstrip(".") + "."
        is_narrow = out.width is not None and out.width < 2 * len(first)
        lines = [first] if is_narrow else []
        rest = "  " if is_narrow else " " * len(first)
        lines += out.wrapped(sentence, first=rest if is_narrow else first, rest=rest)
        lines[0] = out.accent(first[:widest]) + out.faint(first[widest:]) + lines[0].removeprefix(first)
        out.lines(lines)
        if verbose:
            out.lines(_argument_lines(out, tool))
    hidden = len(ALL_TOOLS) - len(offered)
    if hidden:
        say(f"{hidden} more tools change data and need a full-access key.")


def help_lines(out: Terminal, tool: ApiTool) -> Iterator[str]:
    """Yield what a tool does, what it takes, and an example that works in the demo."""
    yield f"usage: {CALLED} call {tool.name} [name=value ...]"
    yield ""
    yield from out.wrapped(tool.description)
    yield ""
    yield out.strong("arguments:")
    yield from _argument_lines(out, tool)
    yield ""
    typed = ["call", tool.name, *_example(tool), "--demo"]
    yield out.strong("example:")
    yield f"  {out.accent(f'{CALLED} {shlex.join(typed)}')}"


def _example(tool: ApiTool) -> list[str]:
    """Return arguments with which a call of the demo works, and writes nothing."""
    names: dict[str, Any] = tool.parameters["properties"]
    chosen = {*tool.parameters.get("required", ()), "site", "period", "dry_run", *(["uid"] if "uids" in names else [])}
    return [f"{name}={_EXAMPLES[name]}" for name in names if name in chosen]


def _argument_lines(out: Terminal, tool: ApiTool) -> Iterator[str]:
    arguments: dict[str, dict[str, Any]] = tool.parameters["properties"]
    if not arguments:
        yield "  none"
    widest = max(map(len, arguments), default=0)
    for name, schema in arguments.items():
        first = f"  {name:<{widest}}  "
        needed = "required; " if name in tool.parameters.get("required", ()) else ""
        told = f"{needed}{_takes(schema)}"
        lines = out.wrapped(told, first=first, rest=" " * len(first))
        yield out.accent(first) + lines[0].removeprefix(first)
        yield from lines[1:]


def _takes(schema: Mapping[str, Any]) -> str:
    """Return what an argument takes, in words; the description alone where that says it."""
    told = schema.get("description", "")
    match schema:
        case {"enum": [*names]}:
            kind = " or ".join(filter(None, (", ".join(names[:-1]), names[-1])))
        case {"format": "date"}:
            kind = "a day, as YYYY-MM-DD"
        case {"type": "integer", "maximum": most} if most < _ENDLESS:
            kind = f"a number from {schema['minimum']} to {most}"
        case {"type": "integer"}:
            kind = f"a number from {schema['minimum']}"
        case {"type": "boolean"}:
            kind = "true or false"
        case {"type": "array", "items": {"properties": fields}}:
            kind = f"@file.json, a list of up to {schema['maxItems']} objects with {', '.join(fields)}"
        case {"type": "array"}:
            kind = "" if "commas" in told else "one or several, apart by commas"
        case _:
            kind = "" if told else "text"
    return ". ".join(filter(None, (kind, told.rstrip(".")))) + "."
