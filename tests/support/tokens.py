"""Counts tokens as a model does, with the tokenizer o200k_base from npm: our tool list, our answers, and raw pages.

The README's table is made from it; the tokenizer is what those use who publish figures of many servers.
"""

import json
import subprocess
from collections.abc import Sequence
from statistics import median

import httpx2 as httpx
from mcp.types import Tool
from support.calls import numbered
from support.client import BASE_URL, NOW, connect, network_of, text_of
from support.npm import HERE, NODE
from tinylytics_mcp.fake_api import FULL_ACCESS_KEY, READ_ONLY_KEY, FakeApi
from tinylytics_tools.access import Access
from tinylytics_tools.catalogue import ALL_TOOLS

PUBLISHED = {
    "the median of 3,213 MCP servers": 1_905,
    "Convalytics (analytics, 15 tools)": 2_659,
    "Countly (analytics, 127 tools)": 34_880,
}
"""Counted alike by policylayer.com/token-cost, as read in November 2026."""
WRITES = {tool.name for tool in ALL_TOOLS if tool.access is Access.FULL_ACCESS}

_COUNT = """
import { Tiktoken } from 'js-tiktoken/lite';
import ranks from 'js-tiktoken/ranks/o200k_base';
import { readFileSync } from 'node:fs';
const tokenizer = new Tiktoken(ranks);
const texts = JSON.parse(readFileSync(0, 'utf8'));
console.log(JSON.stringify(texts.map((text) => tokenizer.encode(text, [], []).length)));
"""


def counts(texts: Sequence[str]) -> list[int]:
    """Return the number of tokens of each text."""
    done = subprocess.run(  # noqa: S603 - our own words
        [str(NODE), "--input-type=module", "--eval", _COUNT],
        cwd=HERE,
        input=json.dumps(texts),
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    return json.loads(done.stdout)


def tool_list(tools: Sequence[Tool]) -> str:
    """What of a tool list a host hands to its model: names, descriptions and what the tools take."""
    return json.dumps(
        [{"name": tool.name, "description": tool.description, "inputSchema": tool.input_schema} for tool in tools]
    )


async def table() -> str:
    """What this server costs its reader, beside a raw page and the published figures of other servers."""
    lists = list[str]()
    for key in (READ_ONLY_KEY, FULL_ACCESS_KEY):
        async with connect(FakeApi(now=lambda: NOW), key=key) as host:
            lists.append(tool_list((await host.client.list_tools()).tools))
    async with connect(FakeApi(now=lambda: NOW)) as host:
        ids = [row[0] for row in (await host.answer("list_sites"))["sites"]["rows"]]
        calls = [(tool, arguments) for tool, arguments in numbered(ids) if tool not in WRITES]
        answers = [text_of(await host.call(tool, **arguments)) for tool, arguments in calls]
    page, reading, writing, *each = counts([await _raw_page(ids[0]), *lists, *answers])
    rows = {
        "a raw page of 1,000 hits": page,
        f"an answer of this server: the median of {len(each)} questions": median(each),
        "the longest of these": max(each),
        "the list of its tools, for a key that reads": reading,
        "the same for a key that reads and writes": writing,
    }
    ours = [f"| {name} | {round(count, 2 - len(str(round(count)))):,} |" for name, count in rows.items()]
    theirs = [f"| the list of tools of {name} | {count:,} |" for name, count in PUBLISHED.items()]
    return "\n".join(["| read by the assistant | tokens |", "|---|---:|", *ours, *theirs])


async def _raw_page(site: int) -> str:
    """The busiest site's newest hits, as the API sends them."""
    key = {"Authorization": f"Bearer {FULL_ACCESS_KEY}"}
    service = network_of(FakeApi(now=lambda: NOW))
    async with httpx.AsyncClient(transport=service, base_url=BASE_URL, headers=key) as client:
        reply = await client.get(f"/sites/{site}/hits", params={"per_page": 1000})
    assert len(reply.json()["hits"]) == 1000
    return reply.text
