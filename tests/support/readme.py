"""The parts of the README that the program makes itself; `python tests/support/readme.py` writes them."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tinylytics_mcp.prompts import ALL_PROMPTS
from tinylytics_tools.access import Access
from tinylytics_tools.catalogue import ALL_TOOLS

README = Path(__file__).parents[2] / "README.md"


def tools() -> str:
    """The table of tools: what each does in its own words, and which key it takes."""
    rows = ["| tool | what it does | key |", "|---|---|---|"]
    for tool in ALL_TOOLS:
        said = tool.description.partition(". ")[0].rstrip(".").replace("|", "\\|")
        key = "full access" if tool.access is Access.FULL_ACCESS else "any"
        rows.append(f"| `{tool.name}` | {said} | {key} |")
    return "\n".join(rows)


def prompts() -> str:
    """The table of prompts: the command, what it asks for, and its arguments."""
    rows = ["| prompt | what it does | arguments |", "|---|---|---|"]
    for prompt in ALL_PROMPTS:
        names = [f"`{a.name}`" if a.required else f"{a.name}" for a in prompt.arguments or []]
        rows.append(f"| `{prompt.name}` | {(prompt.description or '').rstrip('.')} | {', '.join(names)} |")
    return "\n".join(rows)


def command_help() -> str:
    """What `tinylytics-mcp --help` prints, 80 columns wide."""
    return _fenced(_run("--help"))


def taste() -> str:
    """One question of the demo, as a terminal shows it."""
    return _fenced(_run("call", "get_overview", "--demo"), first_line="$ tinylytics-mcp call get_overview --demo")


PARTS: dict[str, Callable[[], str]] = {"tools": tools, "prompts": prompts, "help": command_help}
"""What is the same whenever it is made; the tests hold the README to it."""
DATED: dict[str, Callable[[], str]] = {"taste": taste}
"""What depends on the day: made anew for a release."""


def part_of(text: str, name: str) -> str:
    """What stands between a part's marks."""
    return text.partition(f"<!-- {name} -->\n")[2].partition(f"\n<!-- /{name} -->")[0]


def replaced(text: str, name: str, part: str) -> str:
    """The README with another text between a part's marks."""
    before, mark, rest = text.partition(f"<!-- {name} -->\n")
    if not mark:
        raise ValueError(f"the README has no mark {name}")
    return f"{before}{mark}{part}\n<!-- /{name} -->{rest.partition(f'<!-- /{name} -->')[2]}"


def _fenced(text: str, first_line: str = "") -> str:
    return "\n".join(["```", *([first_line] if first_line else []), text.rstrip(), "```"])


def _run(*arguments: str) -> str:
    command = [sys.executable, "-m", "tinylytics_mcp", *arguments]
    environment = {**os.environ, "COLUMNS": "80", "NO_COLOR": "1"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout  # noqa: S603 - our own program


def main() -> None:
    """Write all parts into the README."""
    text = README.read_text("utf-8")
    for name, make in {**PARTS, **DATED}.items():
        text = replaced(text, name, make())
    README.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
