"""The catalogue as a host sees it: complete, small, plain and honest about what each tool does."""

import json
import re
from typing import Any

import httpx2 as httpx
import pytest
from mcp.types import Tool
from support.calls import CALLS
from support.client import MODES, NOW, Json, Mode, connect
from tinylytics_mcp.fake_api import FULL_ACCESS_KEY, READ_ONLY_KEY, FakeApi
from tinylytics_mcp.server import INSTRUCTIONS
from tinylytics_tools.access import Access
from tinylytics_tools.catalogue import ALL_TOOLS, tools_for

pytestmark = pytest.mark.anyio

ARGUMENT_NAMES = {
    *(
        "site",
        "day",
        "period",
        "start_date",
        "end_date",
        "time_zone",
        "country",
        "path",
        "referrer",
        "dimension",
        "compare",
    ),
    *(
        "entry",
        "page",
        "search",
        "exclude",
        "sort",
        "least_views",
        "status",
        "limit",
        "offset",
        "uid",
        "uids",
        "custom_uid",
        "hits",
        "skip_invalid",
        "dry_run",
        "allow_repeat",
    ),
    *("confirm", "operation", "url", "ip_address", "user_agent", "visitor_id", "source"),
}
"""DESIGN, Names that others rely on; fields written are named as in the API document."""

VERBS = {"Check", "Count", "Create", "Delete", "Explain", "List", "Rank", "Read", "Record", "Show", "Summarize", "Tell"}
"""What a description may begin with."""


async def listed(key: str, mode: Mode = "auto") -> list[Tool]:
    """What a host is offered; nothing may be asked of the service for it."""

    def refuse(request: httpx.Request) -> httpx.Response:
        raise AssertionError(request.url)

    async with connect(refuse, key=key, mode=mode) as host:
        return (await host.client.list_tools()).tools


MOST_BYTES_A_TOOL = 850
"""On average: a host reads the whole list into each conversation."""


def weight(tools: list[Tool]) -> int:
    """Bytes of names, descriptions and input schemas."""
    told = [{"name": t.name, "description": t.description, "inputSchema": t.input_schema} for t in tools]
    return len(json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode())


async def test_every_documented_endpoint_is_reached_by_a_tool_and_no_other() -> None:
    fake_api = FakeApi(now=lambda: NOW)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=fake_api), base_url="https://t.test") as client:
        paths = (await client.get("/api/v1/openapi.json")).json()["paths"]
    documented = {(verb.upper(), re.sub(r"\{\w+\}", "{}", path)) for path, verbs in paths.items() for verb in verbs}
    reached = {(e.method, re.sub(r"\{\w+\}", "{}", e.path)) for tool in ALL_TOOLS for e in tool.endpoints}
    assert reached == documented


@pytest.mark.parametrize("mode", MODES)
async def test_the_tool_list_is_small_and_needs_no_network(mode: Mode) -> None:
    full, read = await listed(FULL_ACCESS_KEY, mode), await listed(READ_ONLY_KEY, mode)
    assert weight(full) <= MOST_BYTES_A_TOOL * len(full)
    assert weight(read) <= MOST_BYTES_A_TOOL * len(read)
    assert [(tool.name, tool.output_schema) for tool in full] == [(tool.name, tool.output_schema) for tool in ALL_TOOLS]
    assert [tool.name for tool in read] == [tool.name for tool in tools_for(Access.READ_ONLY)]
    assert {tool.name for tool in full} - {tool.name for tool in read} == {
        *("create_kudo", "delete_kudo", "create_hit", "create_hits")
    }


def schemas(node: Json) -> list[dict[str, Json]]:
    """Every object within a schema, itself among them."""
    if isinstance(node, list):
        return [found for part in node for found in schemas(part)]
    if not isinstance(node, dict):
        return []
    return [node, *[found for part in node.values() for found in schemas(part)]]


@pytest.mark.parametrize("tool", ALL_TOOLS, ids=lambda tool: tool.name)
def test_a_tool_is_plainly_declared(tool: Any) -> None:
    first, _, _ = tool.description.partition(". ")
    assert len(tool.description) <= 350
    assert len(first) < 120
    assert first.split()[0] in VERBS
    assert set(tool.parameters["properties"]) <= ARGUMENT_NAMES
    assert tool.title
    for schema in schemas(tool.parameters):
        assert not {"$ref", "anyOf", "$defs"} & set(schema)
    assert tool.parameters["additionalProperties"] is False
    assert tool.output_schema["type"] == "object"


@pytest.mark.parametrize("tool", ALL_TOOLS, ids=lambda tool: tool.name)
def test_hints_follow_from_the_endpoints(tool: Any) -> None:
    verbs = {endpoint.method for endpoint in tool.endpoints}
    assert tool.annotations.read_only_hint == (verbs == {"GET"})
    assert tool.annotations.destructive_hint == ("DELETE" in verbs)
    assert tool.annotations.idempotent_hint == ("POST" not in verbs)
    assert tool.annotations.open_world_hint is True


def test_every_tool_is_held_against_the_rules() -> None:
    assert set(CALLS) == {tool.name for tool in ALL_TOOLS}


def test_the_instructions_are_short_and_begin_with_a_sentence_that_stands_alone() -> None:
    assert len(INSTRUCTIONS) <= 1_500
    assert INSTRUCTIONS.index(".") < 250


@pytest.mark.parametrize("mode", MODES)
async def test_no_tool_that_writes_runs_with_a_read_only_key(mode: Mode) -> None:
    async with connect(FakeApi(now=lambda: NOW), key=READ_ONLY_KEY, mode=mode) as host:
        for name in ("create_kudo", "delete_kudo", "create_hit", "create_hits"):
            for arguments in ({}, *CALLS[name]):
                said = await host.error(name, **arguments)
                assert name in said
                assert "full-access key" in said
                assert "Account Settings" in said
        assert host.wire.requests == []
