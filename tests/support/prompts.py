"""Follow a prompt as an assistant does: find the calls in its text, and make them one after the other."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mcp import Client
from mcp.types import TextContent
from support.client import Connected, rows_of, text_of
from tinylytics_mcp.prompts.plan import EACH, MOST_SITES
from tinylytics_tools.answer import compact

BYTES_PER_TOKEN = 2
"""Fewer than any whole prompt with its answers has. The tokenizer that Anthropic published for Claude 2 found 2.4 bytes
a token in the text halves of these answers and 2.7 in the structured ones: figures and dates take many tokens."""

_STEP = re.compile(r"^\d+\. (\w+) (\{[^{}]*\}) for (.+)$", re.MULTILINE)
_IF_ASKED = re.compile(r"^Only if I ask for it afterwards: (\w+) (\{[^{}]*\}) for (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Step:
    """One call that a prompt names, and whom it is for."""

    tool: str
    arguments: dict[str, Any]
    use: str


def steps_in(text: str) -> list[Step]:
    """The numbered calls of a prompt."""
    return [Step(tool, json.loads(arguments), use) for tool, arguments, use in _STEP.findall(text)]


def offers_in(text: str) -> list[Step]:
    """The calls that a prompt makes only if it is asked to."""
    return [Step(tool, json.loads(arguments), use) for tool, arguments, use in _IF_ASKED.findall(text)]


async def text_of_prompt(client: Client, name: str, arguments: Mapping[str, str]) -> str:
    """A prompt as the assistant gets it."""
    (message,) = (await client.get_prompt(name, dict(arguments))).messages
    assert message.role == "user"
    assert isinstance(message.content, TextContent)
    return message.content.text


@dataclass
class Followed:
    """What came of a prompt: its text, and each answer by the number of its step, several for a step made per site."""

    text: str
    answers: list[list[dict[str, Any]]] = field(default_factory=list[list[dict[str, Any]]])
    calls: int = 0
    text_bytes: int = 0
    structured_bytes: int = 0

    @property
    def bytes_read(self) -> int:
        """Of the prompt and of the half of each answer that a host shows, whichever is larger in all."""
        return len(self.text.encode()) + max(self.text_bytes, self.structured_bytes)

    @property
    def tokens(self) -> int:
        """At most so many."""
        return -(-self.bytes_read // BYTES_PER_TOKEN)

    def only(self, step: int) -> dict[str, Any]:
        """The one answer of a step, counted from 1 as in the text."""
        (answer,) = self.answers[step - 1]
        return answer


async def follow(host: Connected, name: str, given: Mapping[str, str]) -> Followed:
    """Fetch a prompt and make all of its calls; each must work."""
    done = Followed(await text_of_prompt(host.client, name, given))
    sites: list[str] = []
    for step in steps_in(done.text):
        is_per_site = step.arguments.get("site") == EACH
        done.answers.append([])
        for arguments in [step.arguments | {"site": site} for site in sites] if is_per_site else [step.arguments]:
            result = await host.call(step.tool, **arguments)
            assert not result.is_error, (name, step, text_of(result))
            assert result.structured_content is not None
            done.calls += 1
            done.text_bytes += compact(text_of(result))
            done.structured_bytes += compact(result.structured_content)
            done.answers[-1].append(result.structured_content)
        sites = sites or _named_by(done.answers[0][0])
    return done


def _named_by(first: dict[str, Any]) -> list[str]:
    """The sites that the first answer sends to the steps made per site: those that need attention, else the busiest."""
    if "sites" not in first:
        return []
    rows = rows_of(first["sites"])
    if "need_attention" in first:
        rows = rows[: first["need_attention"]]
    else:
        rows.sort(key=lambda row: -row["hits"])
    return [str(row["id"]) for row in rows[:MOST_SITES]]
