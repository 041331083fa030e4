"""The parts of the README and docs that the program makes itself; `python tests/support/readme.py` writes them."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
from mcp.types import CallToolResult
from tinylytics_mcp.fake_api import FakeApi
from tinylytics_mcp.prompts import ALL_PROMPTS
from tinylytics_tools.access import Access
from tinylytics_tools.catalogue import ALL_TOOLS
from tinylytics_tools.tool import ApiTool

# Where this is run as a program, they are not found otherwise.
sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[2] / "release"))

import artefacts
from support import tokens
from support.calls import CALLS
from support.client import NOW, connect, text_of
from support.npm import NODE
from support.processes import in_terminal

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
DOCS = [README, *sorted((ROOT / "docs").glob("*.md"))]
"""All pages for users."""
_LONGEST_EXAMPLE = 24
"""Lines of an example answer."""


def tools() -> str:
    """The table of tools: what each does in its own words, and which key it takes."""
    rows = ["| tool | what it does | key |", "|---|---|---|"]
    for tool in ALL_TOOLS:
        said = tool.description.partition(". ")[0].rstrip(".").replace("|", "\\|")
        key = "full access" if tool.access is Access.FULL_ACCESS else "any"
        rows.append(f"| [`{tool.name}`](#{tool.name}) | {said} | {key} |")
    return "\n".join(rows)


def prompts() -> str:
    """The table of prompts: the command, what it asks for, and its arguments."""
    rows = ["| prompt | what it does | arguments |", "|---|---|---|"]
    for prompt in ALL_PROMPTS:
        names = [f"`{a.name}`" if a.required else f"{a.name}" for a in prompt.arguments or []]
        rows.append(f"| `{prompt.name}` | {(prompt.description or '').rstrip('.')} | {', '.join(names)} |")
    return "\n".join(rows)


def command_help() -> str:
    """What `tinylytics-mcp --help` prints of the commands, 80 columns wide; the settings stand in a table."""
    return _fenced(_run("--help").partition("\nsettings (")[0])


def taste() -> str:
    """One question of the demo, as a terminal shows it that has no colours."""
    asked = ("call", "get_overview", "--demo")
    shown = in_terminal(*asked, env={**os.environ, "TERM": "dumb"}, columns=100).out
    return _fenced(shown, first_line=f"$ ./run {' '.join(asked)}")


def chart() -> str:
    """The picture of the chart, where there is one."""
    return "![A chart of a site's traffic](docs/chart.png)" if (ROOT / "docs" / "chart.png").exists() else ""


def links() -> str:
    """The one-click links, once it is known whose project they lead to."""
    facts = artefacts.read_facts()
    return "" if facts.owner == artefacts.PLACEHOLDER else artefacts.one_click(facts)


def withstands() -> str:
    """The table that the reliability harness wrote, in a sentence."""
    table = (ROOT / "docs" / "reliability.md").read_text("utf-8").partition("<!-- reliability -->")[2]
    rows = re.findall(r"^\| ([^|]+) \| ([\d,]+) \| ([\d,]+)", table, re.MULTILINE)
    cells = {name: [int(number.replace(",", "")) for number in numbers] for name, *numbers in rows}

    def passed(beginning: str) -> str:
        found = [numbers for name, numbers in cells.items() if name.startswith(beginning)]
        ran, right = (sum(numbers[side] for numbers in found) for side in (0, 1))
        return f"{right:,} of {ran:,}"

    key, through = cells["the key"], passed("the same through the pass-through server")
    return (
        f"- **It keeps standing.** In [its harness](docs/reliability.md) {passed('service faults')} faults of the "
        f"service were answered rightly or explained (through a server that passes everything on, {through}), "
        f"{passed('bad arguments')} calls with broken arguments and {passed('visitors')} outputs with visitors' text "
        f"held what is promised, {passed('kill -9')} kills lost no write, and the key was in {key[0] - key[1]:,} of "
        f"{key[0]:,} places."
    )


def costs() -> str:
    """What this server costs its reader in tokens, beside raw pages and other servers."""
    return anyio.run(tokens.table)


def reference() -> str:
    """Every tool: its description, its arguments, and an answer of the made-up account."""
    answers = anyio.run(_examples)
    return "\n\n".join(f"{_described(tool)}\n\n{_fenced(answers[tool.name])}" for tool in ALL_TOOLS)


def _described(tool: ApiTool) -> str:
    parts = [f"### `{tool.name}`", tool.description.replace("<", "&lt;")]
    required = set(tool.parameters.get("required", ()))
    properties: dict[str, dict[str, Any]] = tool.parameters["properties"]
    if properties:
        named = {name: f"`{name}`" if name in required else name for name in properties}
        rows = [
            f"| {named[name]} | {_taken(schema)} | {_cell(schema.get('description', ''))} |"
            for name, schema in properties.items()
        ]
        parts.append("\n".join(["| argument | takes | |", "|---|---|---|", *rows]))
    return "\n\n".join(parts)


def _taken(schema: dict[str, Any]) -> str:
    """What an argument takes, in words."""
    if "enum" in schema:
        return " ".join(f"`{value}`" for value in schema["enum"])
    kinds = schema.get("type") or [part.get("type", "object") for part in schema.get("anyOf", ())] or "object"
    text = kinds if isinstance(kinds, str) else " or ".join(kinds)
    if "minimum" in schema or "maximum" in schema:
        text += f", {schema.get('minimum', '')} to {schema.get('maximum', 'any')}"
    return _cell(text)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


async def _examples() -> dict[str, str]:
    """The text half of an answer of each tool, by its name."""
    found: dict[str, str] = {}
    async with connect(FakeApi(now=lambda: NOW)) as host:
        ids = [str(row[0]) for row in (await host.answer("list_sites"))["sites"]["rows"]]
        for tool in ALL_TOOLS:
            asked = CALLS[tool.name][0]
            arguments = {name: ids[0] if (name, value) == ("site", "1") else value for name, value in asked.items()}
            if "limit" in tool.parameters["properties"]:
                arguments["limit"] = 3
            found[tool.name] = _short(await host.call(tool.name, **arguments))
    return found


def _short(result: CallToolResult) -> str:
    text = re.sub(r"\b[0-9a-f]{20}\b", "…", text_of(result))  # codes and uids are others each time
    lines = re.sub(r"kudo(-[a-z0-9]{4}){3}", "kudo-abcd-efgh-jkmn", text).split("\n")
    return "\n".join([*lines[:_LONGEST_EXAMPLE], *(["…"] if len(lines) > _LONGEST_EXAMPLE else [])])


def undated(text: str) -> str:
    """A part without the answers in it, which depend on what the made-up account holds."""
    return re.sub(r"```\n.*?\n```", "", text, flags=re.DOTALL)


PARTS: dict[str, Callable[[], str]] = {
    "chart": chart,
    "links": links,
    "withstands": withstands,
    "tools": tools,
    "prompts": prompts,
    "help": command_help,
}
"""What is the same whenever it is made; the tests hold the pages to it."""
DATED: dict[str, Callable[[], str]] = {"taste": taste, "reference": reference}
"""What has answers in it: made anew for a release."""
COUNTED: dict[str, Callable[[], str]] = {"costs": costs}
"""What needs the tokenizer among the Node packages of the end-to-end tests, and stays as it is without."""


def part_of(name: str) -> str:
    """What stands between a part's marks, on the one page that has them."""
    (text,) = [text for page in DOCS if f"<!-- {name} -->\n" in (text := page.read_text("utf-8"))]
    return text.partition(f"<!-- {name} -->\n")[2].partition(f"<!-- /{name} -->")[0].rstrip("\n")


def replaced(text: str, name: str, part: str) -> str:
    """A page with another text between a part's marks; as it is where it has none."""
    before, mark, rest = text.partition(f"<!-- {name} -->\n")
    if not mark:
        return text
    end = "\n" if part else ""
    return f"{before}{mark}{part}{end}<!-- /{name} -->{rest.partition(f'<!-- /{name} -->')[2]}"


def _fenced(text: str, first_line: str = "") -> str:
    return "\n".join(["```", *([first_line] if first_line else []), text.rstrip(), "```"])


def _run(*arguments: str) -> str:
    command = [sys.executable, "-m", "tinylytics_mcp", *arguments]
    environment = {**os.environ, "COLUMNS": "80", "NO_COLOR": "1"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout  # noqa: S603 - our own program


def main() -> None:
    """Write all parts into the pages that have their marks."""
    for page in DOCS:
        text = page.read_text("utf-8")
        for name, make in {**PARTS, **DATED, **(COUNTED if NODE.is_file() else {})}.items():
            if f"<!-- {name} -->\n" in text:
                text = replaced(text, name, make())
        page.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
