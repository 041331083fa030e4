"""What a session that may only read is offered, refused, and what is sent for it: nothing."""

from typing import Any

import pytest
from mcp import Client, MCPError
from support.client import BASE_URL, MODES, Mode, Recorder, connect, text_of, transport_over
from tinylytics_mcp.fake_api import FakeApi
from tinylytics_mcp.server import create_server
from tinylytics_tools.access import Access, ApiKey
from tinylytics_tools.catalogue import ALL_TOOLS, tools_for
from tinylytics_tools.client import Client as ApiClient

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("mode", MODES)]

SESSIONS = {
    "read-only key": (ApiKey("tly-ro-x"), None, "full-access key"),
    "key of an unknown kind": (ApiKey("tly-zz-x"), None, "full-access key"),
    "lowered key": (ApiKey("tly-fa-x"), Access.READ_ONLY, "TINYLYTICS_READ_ONLY"),
    "no key": (None, None, "full-access key"),
}


@pytest.mark.parametrize("session", SESSIONS)
async def test_a_writing_tool_is_not_listed_and_is_refused_before_anything_is_sent(session: str, mode: Mode) -> None:
    key, access, told = SESSIONS[session]
    wire = Recorder(inner=None)  # pyright: ignore[reportArgumentType] - whatever is sent crashes
    account = ApiClient(key, transport=transport_over(wire), base_url=BASE_URL, access=access)
    async with Client(create_server(account), mode=mode) as client:
        listed = (await client.list_tools()).tools
        assert [tool.name for tool in listed] == [tool.name for tool in tools_for(Access.READ_ONLY)]
        hidden = {tool.name for tool in ALL_TOOLS} - {tool.name for tool in listed}
        assert hidden == {"create_hit", "create_hits", "create_kudo", "delete_kudo"}
        for name in hidden:
            refused = await client.call_tool(name, {"site": "456", "path": "/x", "uid": "x", "confirm": "1-2"})
            assert refused.is_error
            assert told in text_of(refused)
            assert "Nothing was sent" in text_of(refused)
    assert wire.requests == []
    await account.aclose()


async def test_a_full_access_key_is_offered_every_tool(mode: Mode) -> None:
    account = ApiClient(ApiKey("tly-fa-x"), transport=transport_over(Recorder(inner=None)), base_url=BASE_URL)  # pyright: ignore[reportArgumentType] - nothing is sent
    async with Client(create_server(account), mode=mode) as client:
        assert [tool.name for tool in (await client.list_tools()).tools] == [tool.name for tool in ALL_TOOLS]
    await account.aclose()


async def test_an_unknown_tool_is_answered_with_the_nearest_names(mode: Mode) -> None:
    async with connect(FakeApi(), mode=mode) as host:
        with pytest.raises(MCPError, match=r"Unknown tool; did you mean get_overview\b.*\?$"):
            await host.call("get_over_view")
        with pytest.raises(MCPError, match=r"Unknown tool; tools/list has them all\.$"):
            await host.call("zzz")


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("summarize_traffic", {"path": "/\ud83d"}),
        ("list_hits", {"referrer": "\ude00.example"}),
        ("create_hits", {"hits": [{"path": "/x"}, {"path": "/x", "user_agent": "\ud83d"}], "skip_invalid": True}),
    ],
)
async def test_half_a_character_is_told_and_nothing_is_sent(tool: str, arguments: dict[str, Any], mode: Mode) -> None:
    async with connect(FakeApi(), mode=mode) as host:
        (name,) = (name for name in arguments if name != "skip_invalid")
        assert f"{name}: there is half of a character in it" in await host.error(tool, site="456", **arguments)
        assert host.wire.requests == []
