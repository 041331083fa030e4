"""A server that passes requests and replies through blindly, for comparison: what most servers do."""

import os
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import httpx2 as httpx
from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import CallToolResult, TextContent

PROGRAM = Path(__file__)
READ_S = 2.0
"""As long as our own server waits in these runs."""
Answer = tuple[dict[str, Any] | None, str]
Ask = Callable[[str, dict[str, Any]], Coroutine[Any, Any, Answer]]
"""As in `hosts`, which this program does without."""


def pass_through(client: httpx.AsyncClient) -> MCPServer:
    """Return a server whose tools give replies as they are, and errors as httpx words them."""
    server = MCPServer("pass-through", log_level="ERROR")

    async def ask(method: str, path: str, body: object = None) -> CallToolResult:
        try:
            response = (await client.request(method, path, json=body)).raise_for_status()
            reply: Any = response.json() if response.content else {}
        except (httpx.HTTPError, ValueError) as error:
            raise ToolError(str(error)) from error
        return CallToolResult(
            content=[TextContent(type="text", text=response.text)], structured_content={"reply": reply}
        )

    async def get(path: str) -> CallToolResult:
        """Return what the API answers."""
        return await ask("GET", path)

    async def post(path: str, body: dict[str, Any]) -> CallToolResult:
        """Create something."""
        return await ask("POST", path, body)

    async def delete(path: str) -> CallToolResult:
        """Delete something."""
        return await ask("DELETE", path)

    for tool in (get, post, delete):
        server.add_tool(tool, structured_output=False)
    return server


def as_ours(ask: Ask) -> Ask:
    """Return calls of our tools by those of the pass-through server, with what a caller reads in a reply."""

    async def call(tool: str, given: dict[str, Any]) -> Answer:
        site = f"/sites/{given.get('site')}"
        match tool:
            case "rank_traffic":
                answer, text = await ask("get", {"path": f"{site}/hits?per_page=50"})
                if answer is None:
                    return None, text
                reply: Any = answer["reply"]
                try:
                    hits = reply["pagination"]["total_count"]
                except (TypeError, LookupError):
                    hits = None
                return {"hits": hits, "complete": True, "notes": []}, text
            case "create_kudo":
                body = {"path": given["path"], "custom_uid": given["custom_uid"]}
                answer, text = await ask("post", {"path": f"{site}/kudos", "body": body})
            case "create_hits":
                answer, text = await ask("post", {"path": f"{site}/hits/batch", "body": {"hits": given["hits"]}})
            case "delete_kudo" if "confirm" in given:
                answer, text = await ask("delete", {"path": f"{site}/kudos/{given['uid']}"})
            case "delete_kudo":
                return {"code": "none is needed"}, ""
            case _:
                answer, text = await ask("get", {"path": "/sites"})
        return answer and {"complete": True}, text

    return call


def texts_of(result: Any) -> str:
    """The text of a result."""
    return "".join(getattr(part, "text", "") for part in result.content)


if __name__ == "__main__":
    key, base_url = os.environ["TINYLYTICS_API_KEY"], os.environ["TINYLYTICS_BASE_URL"]
    own = httpx.AsyncClient(base_url=base_url, headers={"authorization": f"Bearer {key}"}, timeout=READ_S)
    sys.exit(pass_through(own).run("stdio"))
