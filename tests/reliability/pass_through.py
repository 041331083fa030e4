"""A server that passes requests and replies through blindly, for comparison: what most servers do."""

import json
from typing import Any

import httpx2 as httpx
from mcp.server.mcpserver import MCPServer
from tinylytics_mcp.fake_api import FULL_ACCESS_KEY

BASE = "http://service/api/v1"


def pass_through(service: httpx.AsyncBaseTransport) -> MCPServer:
    """Return a server whose tools give replies as they are."""
    server = MCPServer("pass-through")
    client = httpx.AsyncClient(transport=service, headers={"authorization": f"Bearer {FULL_ACCESS_KEY}"})

    async def ask(method: str, path: str) -> str:
        response = await client.request(method, f"{BASE}{path}")
        return json.dumps(response.json() if response.content else {}, ensure_ascii=False)

    async def get(path: str) -> str:
        """Return what the API answers."""
        return await ask("GET", path)

    async def delete_kudo(site: str, uid: str, confirm: str = "") -> str:  # noqa: ARG001 - the same call as ours
        """Delete a kudo."""
        return await ask("DELETE", f"/sites/{site}/kudos/{uid}")

    server.add_tool(get)
    server.add_tool(delete_kudo)
    return server


def texts_of(result: Any) -> str:
    """The text of a result."""
    return "".join(getattr(part, "text", "") for part in result.content)
