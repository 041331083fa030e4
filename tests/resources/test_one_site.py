"""A site's traffic, kudos and health as resources: what the tools say, small, and described for a picker."""

from typing import Any

import pytest
from mcp import Client, MCPError
from mcp.types import INVALID_PARAMS, Resource, TextResourceContents
from support.client import MODES, NOW, Mode, connect, text_of
from tinylytics_mcp.fake_api import FakeApi
from tinylytics_mcp.resources import HEALTH, KUDOS, SITE, TRAFFIC
from tinylytics_tools import sanitize
from tinylytics_tools.answer import LARGEST_DEFAULT_HALF, compact
from tinylytics_tools.periods import PERIODS

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("mode", MODES)]

OF_MAIN = "tinylytics://sites/456"
SAME: list[tuple[str, str, dict[str, Any]]] = [
    ("/traffic", "summarize_traffic", {}),
    ("/traffic?period=this_month", "summarize_traffic", {"period": "this_month"}),
    ("/kudos", "list_kudos", {}),
    ("/health", "check_health", {}),
]


def fake_api() -> FakeApi:
    """The service with its clock at the tests' time."""
    return FakeApi(now=lambda: NOW, hits=1_200)


async def read(client: Client, uri: str) -> str:
    """What a resource says."""
    (content,) = (await client.read_resource(uri)).contents
    assert isinstance(content, TextResourceContents)
    assert (content.uri, content.mime_type) == (uri, "text/plain")
    return content.text


async def listed(client: Client) -> dict[str, Resource]:
    """The account's resources by URI."""
    found = (await client.list_resources(cache_mode="bypass")).resources
    return {resource.uri: resource for resource in found if resource.uri.startswith("tinylytics://")}


def said(text: str) -> list[str]:
    """The lines of an answer without what it cost."""
    return [line for line in text.splitlines() if not line.startswith("requests:")]


async def test_a_resource_says_what_its_tool_says_and_is_small_enough_to_attach(mode: Mode) -> None:
    async with connect(fake_api(), mode=mode) as host:
        for end, tool, arguments in SAME:
            text = await read(host.client, OF_MAIN + end)
            assert said(text) == said(text_of(await host.call(tool, site="456", **arguments))), end
            assert compact(text) <= LARGEST_DEFAULT_HALF
            assert not sanitize.forbidden(text.replace("\n", "").replace("\t", ""))


@pytest.mark.parametrize(
    "end",
    [
        *("/traffic?period=last_fortnight", "/traffic?period=", "/traffic?perod=today", "/traffic?period=today&x=1"),
        *("/traffic?period=today&period=yesterday", "/kudos?period=today", "/nothing", "/traffic/"),
    ],
)
async def test_a_misspelt_question_is_an_error_and_never_the_default_answer(end: str, mode: Mode) -> None:
    async with connect(fake_api(), mode=mode) as host:
        with pytest.raises(MCPError) as caught:
            await read(host.client, OF_MAIN + end)
        assert caught.value.error.code == INVALID_PARAMS
        assert not sanitize.forbidden(caught.value.error.message)


async def test_a_site_that_is_not_there_is_not_found(mode: Mode) -> None:
    async with connect(fake_api(), mode=mode) as host:
        for end in ("/traffic", "/kudos", "/health"):
            with pytest.raises(MCPError, match='456 "My Blog"') as caught:
                await read(host.client, f"tinylytics://sites/999{end}")
            assert caught.value.error.code == INVALID_PARAMS


async def test_each_is_described_for_a_picker_and_for_an_assistant(mode: Mode) -> None:
    async with connect(fake_api(), mode=mode) as host:
        resources = await listed(host.client)
        for end, name, title, priority in (
            ("", "site 456", "My Blog", 0.5),
            ("/traffic", "traffic 456", "My Blog: Traffic", 0.9),
            ("/kudos", "kudos 456", "My Blog: Kudos", 0.4),
            ("/health", "health 456", "My Blog: Health", 0.7),
        ):
            found = resources[OF_MAIN + end]
            assert (found.name, found.title, found.mime_type) == (name, title, "text/plain")
            assert found.annotations is not None
            assert (found.annotations.audience, found.annotations.priority) == (["user", "assistant"], priority)
        templates = (await host.client.list_resource_templates()).resource_templates
        assert [template.uri_template for template in templates] == [SITE, TRAFFIC, KUDOS, HEALTH]
        for template in templates:
            assert template.name
            assert template.title
            assert template.description
            assert template.mime_type == "text/plain"
            assert template.annotations is not None
            assert template.annotations.audience


async def test_lists_and_readings_may_be_kept_for_a_while_by_one_user_only(mode: Mode) -> None:
    async with connect(fake_api(), mode=mode) as host:
        client = host.client
        for answer in (
            await client.list_resources(),
            await client.list_resource_templates(),
            await client.list_prompts(),
            await client.read_resource(OF_MAIN + "/health"),
        ):
            if mode == "auto":
                assert answer.ttl_ms is not None
                assert answer.ttl_ms >= 60_000
                assert answer.cache_scope == "private"


async def test_every_period_can_be_read(mode: Mode) -> None:
    async with connect(fake_api(), mode=mode) as host:
        for period in PERIODS:
            assert "My Blog" in await read(host.client, f"{OF_MAIN}/traffic?period={period}")
