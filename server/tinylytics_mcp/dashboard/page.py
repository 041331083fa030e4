"""Joins the parts of the dashboard into one self-contained page, and adds it to a server as an MCP App."""

import functools
import json
import re
from collections.abc import Iterable
from importlib import resources
from itertools import combinations
from typing import Any

from mcp.server.apps import Apps
from tinylytics_tools.catalogue import ALL_TOOLS
from tinylytics_tools.periods import DEFAULT_PERIOD, PERIODS
from tinylytics_tools.tool import ApiTool

URI = "ui://tinylytics/dashboard.html"

CHARTED = ("get_overview", "summarize_traffic", "rank_traffic", "explain_change", "get_uptime")
"""The tools whose answers a host shows with the page."""

_SCRIPTS = (
    "dom", "words", "text_half", "scrub", "trend", "outages", "tables", "overview", "answer", "host", "controls",
    "main",
)  # fmt: skip
"""In the order in which they are read; each uses only what stands before it, except inside of functions."""


def dashboard() -> Apps:
    """Return the extension that serves the page; without a policy of its own it gets the strictest one."""
    apps = Apps()
    apps.add_html_resource(
        URI,
        page(),
        name="dashboard",
        title="Tinylytics dashboard",
        description="A chart of an answer.",
        prefers_border=True,
    )
    return apps


def with_chart(tools: Iterable[ApiTool]) -> list[ApiTool]:
    """Return the tools, the charted ones as copies that name the page.

    The flat key is for hosts from before the final specification of MCP Apps.
    """
    meta = {"ui": {"resourceUri": URI}, "ui/resourceUri": URI}
    return [tool.model_copy(update={"meta": meta}) if tool.name in CHARTED else tool for tool in tools]


@functools.cache
def page() -> str:
    """The page as HTML, under the policy of its host."""
    parts = {"style": re.sub(r"\s*([{};,])\s*", r"\1", part("page.css")), "script": _script()}
    # One pass: inserted parts are not scanned again.
    return re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], part("page.html"))


def embedded(value: Any) -> str:
    """JSON that can end no script element and break no line, whatever strings it holds."""
    text = json.dumps(value, separators=(",", ":"))  # ASCII alone: U+2028 and its like are escaped
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def shortened(text: str) -> str:
    """Return a script without indentation and lines that are a comment."""
    return re.sub(r"(?m)^[ ]+|^//.*\n|^\n", "", text)


@functools.cache
def _script() -> str:
    known = {"TOOLS": _controls(), "PERIODS": PERIODS, "DEFAULT_PERIOD": DEFAULT_PERIOD}
    facts = "".join(f"const {name} = {embedded(value)};\n" for name, value in known.items())
    body = "\n".join(shortened(part(f"{name}.js")) for name in _SCRIPTS)
    return f'(() => {{\n"use strict";\n{facts}{body}}})();'


@functools.cache
def part(name: str) -> str:
    """Return a file of the page, or of a report."""
    return resources.files("tinylytics_mcp.dashboard").joinpath("page", name).read_text("utf-8")


def _controls() -> dict[str, dict[str, Any]]:
    """What the page must know of the tools: two fields that only its answers have, and the choices it can offer."""
    answers: dict[str, dict[str, Any]] = {tool.name: tool.fn_metadata.output_schema or {} for tool in ALL_TOOLS}
    controls: dict[str, dict[str, Any]] = {}
    for tool in ALL_TOOLS:
        if tool.name in CHARTED:
            others = [schema["properties"].keys() for name, schema in answers.items() if name != tool.name]
            pairs = combinations(answers[tool.name]["required"], 2)
            takes: dict[str, Any] = tool.parameters["properties"]
            controls[tool.name] = {
                "own": next(pair for pair in pairs if not any(fields >= {*pair} for fields in others)),
                "site": "site" in takes,
                "period": "period" in takes,
                "dimension": takes.get("dimension", {}).get("enum"),
            }
    return controls
