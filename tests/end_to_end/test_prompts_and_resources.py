"""Prompts, resources, completion and notifications over stdio, Streamable HTTP and SSE, in both eras."""

from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

import anyio
import pytest
from mcp import Client, MCPError
from mcp.client.sse import sse_client
from mcp.client.stdio import stdio_client
from mcp.client.subscriptions import ResourceUpdated
from mcp.types import PromptReference, ResourceTemplateReference, TextResourceContents
from support.client import MODES, Mode, text_of
from support.processes import address_told, as_a_host_starts_it, environment, running
from support.prompts import steps_in, text_of_prompt
from tinylytics_mcp.prompts import ALL_PROMPTS
from tinylytics_mcp.resources import OF_A_SITE, TRAFFIC
from tinylytics_tools.periods import PERIODS

pytestmark = pytest.mark.anyio

Transport = Literal["stdio", "http", "sse"]
TRANSPORTS: tuple[Transport, ...] = ("stdio", "http", "sse")
KUDOS = "tinylytics://sites/456/kudos"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    """A server of the made-up account on a port."""
    env = environment(tmp_path_factory.mktemp("served"))
    with running("serve", "--demo", "--transport", "http", "--port", "0", env=env) as process:
        yield address_told(process)


@asynccontextmanager
async def served(transport: Transport, mode: Mode, address: str, folder: Path) -> AsyncGenerator[Client]:
    """A client of the program over a transport."""
    match transport:
        case "stdio":
            started = stdio_client(as_a_host_starts_it("serve", "--demo", env=environment(folder)))
            client = Client(started, mode=mode)
        case "http":
            client = Client(f"{address}/mcp", mode=mode)
        case "sse":
            client = Client(sse_client(f"{address}/sse"), mode=mode)
    async with client:
        yield client


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_prompts_resources_and_completion_are_served(
    transport: Transport, mode: Mode, address: str, tmp_path: Path
) -> None:
    async with served(transport, mode, address, tmp_path) as client:
        prompts = [prompt.name for prompt in (await client.list_prompts()).prompts]
        assert prompts == [prompt.name for prompt in ALL_PROMPTS]
        text = await text_of_prompt(client, "weekly_report", {"site": "example.com"})
        first = steps_in(text)[0]
        assert "My Blog" in text_of(await client.call_tool(first.tool, first.arguments))
        with pytest.raises(MCPError, match="a day of the calendar"):
            await client.get_prompt("spike_autopsy", {"day": "2026-02-30"})

        site = await client.complete(PromptReference(name="weekly_report"), {"name": "site", "value": "photo"})
        assert site.completion.values == ["photos.example.net"]
        ref = ResourceTemplateReference(uri=TRAFFIC)
        assert (await client.complete(ref, {"name": "site_id", "value": "45"})).completion.values[0] == "456"
        assert (await client.complete(ref, {"name": "period", "value": ""})).completion.values == list(PERIODS)

        listed = {resource.uri for resource in (await client.list_resources()).resources}
        for kind in OF_A_SITE:
            assert kind.uri(456) in listed
            (content,) = (await client.read_resource(kind.uri(456))).contents
            assert isinstance(content, TextResourceContents)
            assert "My Blog" in content.text


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_change_is_told_in_the_modern_era(transport: Transport, address: str, tmp_path: Path) -> None:
    async with (
        served(transport, "auto", address, tmp_path) as client,
        client.listen(resource_subscriptions=[KUDOS]) as subscription,
    ):
        made = await client.call_tool("create_kudo", {"site": "456", "path": f"/told-over-{transport}"})
        assert not made.is_error, text_of(made)
        with anyio.fail_after(10):
            assert await anext(aiter(subscription)) == ResourceUpdated(uri=KUDOS)
