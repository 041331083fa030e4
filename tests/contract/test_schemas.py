"""What is published about tools, prompts and questions is JSON Schema 2020-12 as it is written."""

from typing import Any

import pytest
from mcp.client.session import ClientRequestContext
from mcp.types import ElicitRequestFormParams, ElicitRequestParams, ElicitResult
from support.client import MODES, NOW, Mode, connect
from support.schemas import problems_of_schema, problems_of_value
from tinylytics_mcp.fake_api import FakeApi

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    "wrong",
    [
        {"ge": 1},
        {"type": "number", "minimum": "1"},
        {"properties": {"limit": {"type": "integer", "ge": 1}}},
        {"$defs": {"Row": {"items": {"anyOf": [{"le": 1}]}}}},
        {"type": "whole number"},
        {"definitions": {}},
    ],
)
def test_a_word_that_json_schema_does_not_have_is_found_wherever_a_schema_stands(wrong: dict[str, Any]) -> None:
    assert problems_of_schema(wrong)


@pytest.mark.parametrize(
    "right", [{"properties": {"ge": {"type": "integer"}}}, {"enum": [{"ge": 1}], "default": {"le": 2}}]
)
def test_names_of_properties_and_values_are_no_words_of_a_schema(right: dict[str, Any]) -> None:
    assert problems_of_schema(right) == []


def test_a_date_that_is_none_is_found() -> None:
    assert problems_of_value("2026-02-30", {"type": "string", "format": "date"})


@pytest.mark.parametrize("mode", MODES)
async def test_every_schema_of_every_tool_is_json_schema(mode: Mode) -> None:
    async with connect(FakeApi(now=lambda: NOW), mode=mode) as host:
        tools = (await host.client.list_tools()).tools
    assert tools
    for tool in tools:
        assert problems_of_schema(tool.input_schema) == [], tool.name
        assert problems_of_schema(tool.output_schema) == [], tool.name


async def test_a_host_sees_the_bounds_of_a_list() -> None:
    async with connect(FakeApi(now=lambda: NOW)) as host:
        tools = (await host.client.list_tools()).tools
    limits = [tool.input_schema["properties"].get("limit") for tool in tools]
    offsets = [tool.input_schema["properties"].get("offset") for tool in tools]
    assert {(limit["minimum"], limit["maximum"]) for limit in limits if limit} == {(1, 50)}
    assert {(offset["minimum"], offset["maximum"]) for offset in offsets if offset} == {(0, 10_000_000)}


async def test_a_prompt_publishes_names_and_words_and_no_schema() -> None:
    async with connect(FakeApi(now=lambda: NOW)) as host:
        prompts = (await host.client.list_prompts()).prompts
    told = [
        argument.model_dump(by_alias=True, exclude_none=True)
        for prompt in prompts
        for argument in prompt.arguments or []
    ]
    assert told
    assert {frozenset(argument) for argument in told} <= {frozenset(("name", "description", "required"))}


@pytest.mark.parametrize("mode", MODES)
async def test_the_form_that_a_user_is_shown_is_json_schema_and_takes_its_own_default(mode: Mode) -> None:
    asked: list[ElicitRequestParams] = []

    async def decline(context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
        assert context.session is not None
        asked.append(params)
        return ElicitResult(action="decline")

    async with connect(FakeApi(now=lambda: NOW), mode=mode, elicitation=decline) as host:
        await host.call("delete_kudo", site="456", uid="test-kudo-1")
    (form,) = asked
    assert isinstance(form, ElicitRequestFormParams)
    schema = form.requested_schema
    assert problems_of_schema(schema) == []
    defaults = {name: field["default"] for name, field in schema["properties"].items() if "default" in field}
    assert problems_of_value(defaults, schema) == []
