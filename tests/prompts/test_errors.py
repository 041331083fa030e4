"""A prompt that is not there, or crashes, is told as the protocol wants it."""

from collections.abc import AsyncGenerator

import httpx2 as httpx
import pytest
from mcp import Client, MCPError
from mcp.types import INTERNAL_ERROR, INVALID_PARAMS
from support.client import BASE_URL, MODES, Mode, transport_over
from tinylytics_mcp.server import TinylyticsServer, create_server
from tinylytics_tools.access import ApiKey
from tinylytics_tools.client import Client as ApiClient

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("mode", MODES)]


@pytest.fixture
async def server() -> AsyncGenerator[TinylyticsServer]:
    """A server with two prompts of the test."""
    wire = httpx.MockTransport(lambda _: httpx.Response(500))
    account = ApiClient(ApiKey("tly-ro-x"), transport=transport_over(wire), base_url=BASE_URL)
    server = create_server(account)

    @server.prompt()
    def greet(name: str) -> str:  # pyright: ignore[reportUnusedFunction] - registered
        return f"Say hello to {name}."

    @server.prompt()
    def crash() -> str:  # pyright: ignore[reportUnusedFunction] - registered
        raise RuntimeError("canary")

    yield server
    await account.aclose()


async def test_a_prompt_is_filled_in(server: TinylyticsServer, mode: Mode) -> None:
    async with Client(server, mode=mode) as client:
        (message,) = (await client.get_prompt("greet", {"name": "Ada"})).messages
        assert "Say hello to Ada." in message.model_dump_json()


async def test_an_unknown_prompt_and_a_missing_argument_are_the_callers_mistakes(
    server: TinylyticsServer, mode: Mode
) -> None:
    async with Client(server, mode=mode) as client:
        for name, told in (("nope", "Unknown prompt; those are weekly_report, "), ("spike_autopsy", "day is required")):
            with pytest.raises(MCPError) as caught:
                await client.get_prompt(name, {})
            assert caught.value.error.code == INVALID_PARAMS
            assert caught.value.error.message.startswith(told)


async def test_a_crash_keeps_its_text_to_itself(server: TinylyticsServer, mode: Mode) -> None:
    async with Client(server, mode=mode) as client:
        with pytest.raises(MCPError) as caught:
            await client.get_prompt("crash", {})
        assert (caught.value.error.code, caught.value.error.message) == (INTERNAL_ERROR, "The prompt failed")
