"""The SDK's own client logs in, lists tools, calls one, and stays logged in."""

import pytest
from support.oauth import CLAUDE_CODE, Storage, oauth_serving, sdk_client

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("document", [None, CLAUDE_CODE])
async def test_a_client_logs_in_and_refreshes(document: str | None) -> None:
    async with oauth_serving() as server:
        storage = Storage()
        async with sdk_client(server, storage, document=document, scope="write") as client:
            names = {tool.name for tool in (await client.list_tools()).tools}
            assert "create_kudo" in names
            result = await client.call_tool("list_sites", {})
            assert "Site of anna" in str(result.structured_content)
            storage.expire()
            await client.call_tool("list_sites", {})
        assert storage.client is not None
        assert (storage.client.client_id == CLAUDE_CODE) is (document is not None)
        first, second = storage.saved
        assert (first.scope, second.scope) == ("read write", "read write")
        assert first.refresh_token != second.refresh_token
