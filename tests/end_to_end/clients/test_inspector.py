"""The official Inspector's command line on every transport is told what the Python client is told."""

import json
from pathlib import Path
from typing import Any

import pytest
from support import steps
from support.npm import INSPECTOR, output, started
from support.processes import START

TRANSPORTS = ("stdio", "http", "sse")
PRINT = ["--cli", "--format", "json", "--quiet", "--connect-timeout", "60000"]
MODERN = ["--protocol-era", "modern"]
"""Without it the Inspector speaks the older protocol."""
CALL = ["--method", "tools/call", "--tool-name", "summarize_traffic", "--tool-args-json"]
READ = ["--method", "resources/read", "--uri", "tinylytics://sites/456/traffic?period=last_month"]
PROMPT = ["--method", "prompts/get", "--prompt-name", "weekly_report", "--prompt-args", "site=example.com"]


def inspected(transport: str, address: str, folder: Path, *arguments: str) -> Any:
    """The result that the Inspector prints, without what may differ."""
    match transport:
        case "stdio":
            target = [*arguments, "--", *START, "serve", "--demo"]
        case "http":
            target = [f"{address}/mcp", *arguments]
        case _:
            target = [f"{address}/sse", "--transport", "sse", *arguments]
    with started(INSPECTOR, *PRINT, *target, home=folder) as inspector:
        return steps.result(json.loads(output(inspector))["result"])


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_the_tools_are_listed_and_every_schema_is_portable(
    transport: str, address: str, ours: dict[str, Any], tmp_path: Path
) -> None:
    listed = inspected(transport, address, tmp_path, "--method", "tools/list", "--strict")
    assert listed == ours["tools"]


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_tool_is_called(transport: str, address: str, ours: dict[str, Any], tmp_path: Path) -> None:
    arguments = json.dumps({"site": "example.com", "period": "last_month"})
    assert inspected(transport, address, tmp_path, *CALL, arguments, *MODERN) == ours["summary"]


def test_a_resource_is_read_and_a_prompt_filled_in(address: str, ours: dict[str, Any], tmp_path: Path) -> None:
    assert inspected("http", address, tmp_path, *READ, *MODERN) == ours["reading"]
    assert inspected("http", address, tmp_path, *PROMPT, *MODERN) == ours["prompt"]
