"""Calls that break the schemas: a refusal that names the argument, and nothing sent."""

import json
import re
from functools import partial
from random import Random
from typing import Any

from canary import OF_FAKE_API, search
from jobs import Form, Job
from report import Part
from support.calls import CALLS, numbered
from support.client import NOW, connect
from tinylytics_mcp.fake_api import FakeApi
from tinylytics_tools.catalogue import ALL_TOOLS

WRONG: tuple[Any, ...] = (
    *(
        None,
        True,
        -1,
        0,
        10**30,
        1e308,
        "",
        " ",
        "\x00",
        "\ud800",
        "null",
        "all",
        "x" * 5000,
        "../..",
        "%2e%2e%2f",
        "*",
    ),
    *([], [[]], {}, {"a": {}}, [None] * 600, ["a", 1], "2026-02-30", "9999-12-31", "🦀", "-", "'; DROP TABLE hits; --"),
)
_DOCUMENTED = re.compile(
    r"(?:/(?:sites(?:/\d+(?:/(?:hits(?:/batch)?|kudos(?:/[^/]+)?|leaderboard|user_journeys|insights|uptime|content_status|"
    r"content_monitoring|content))?)?|me|openapi\.json)?)?"
)


GOOD: dict[str, list[dict[str, Any]]] = {
    name: [arguments for tool, arguments in numbered([456, 457, 458]) if tool == name] for name in CALLS
}
"""Calls that are right, of which arguments are broken."""
EACH = 2_500
"""Calls of one job; the made-up account lives for a fifth of them."""


def jobs(form: Form) -> list[Job]:
    """Generated calls, in memory."""
    number = 2_000 if form.is_short else form.inputs
    return [partial(_calls, form.seed, start, min(number, start + EACH)) for start in range(0, number, EACH)]


async def _calls(seed: int, first: int, end: int) -> list[Part]:
    part = Part("bad arguments")
    rng = Random(f"{seed} {first}")  # noqa: S311 - made-up arguments
    api = FakeApi(now=lambda: NOW, hourly_limit=10**9)
    for start in range(first, end, EACH // 5):
        async with connect(api, clock=lambda: NOW) as at:
            for count in range(start, min(end, start + EACH // 5)):
                tool = rng.choice(ALL_TOOLS)
                names = list(tool.parameters["properties"])
                broken = rng.sample(names, min(len(names), rng.choice((1, 1, 1, 2, 4))))
                arguments = {**rng.choice(GOOD[tool.name]), **{name: rng.choice(WRONG) for name in broken}}
                if rng.random() < 0.1:
                    arguments["no_such_argument"] = 1
                at.wire.requests.clear()
                result = await at.call(tool.name, **arguments)
                text = "".join(getattr(one, "text", "") for one in result.content)
                sent = [request.url.path.removeprefix("/api/v1") for request in at.wire.requests]
                part.cell(
                    f"{count} {tool.name} {json.dumps(arguments)[:200]}",
                    None if len(text) <= 8_000 else "too long",
                    "a trace" if "Traceback" in text else None,
                    *(f"asked {path}" for path in sent if not _DOCUMENTED.fullmatch(path)),
                    "no help" if result.is_error and len(text) < 20 else None,
                    None if not result.is_error or len(text) <= 600 else "an error too long",
                    None
                    if not result.is_error or sent or _names_one(text, {*names, *arguments})
                    else f"names none: {text[:300]}",
                )
                part.counted["refused"] += result.is_error
                search("answers", tool.name, result.model_dump_json().encode(), OF_FAKE_API)
    return [part]


def _names_one(text: str, names: set[str]) -> bool:
    """Return whether a refusal names an argument."""
    return any(re.search(rf"\b{name}\b", text) for name in names)
