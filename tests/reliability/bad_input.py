"""Calls that break the schemas, and bytes that are no protocol: a refusal that names the argument, and nothing sent."""

import asyncio
import json
import re
from random import Random
from typing import Any

from hosts import KEY, host
from report import Part
from support.client import NOW, connect
from tinylytics_mcp.fake_api import FakeApi
from tinylytics_tools.catalogue import ALL_TOOLS
from upstream import Upstream

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


async def run(*, seed: int, short: bool, inputs: int = 100_000) -> list[Part]:
    """Generated calls in memory, and garbage over stdio."""
    return [await _calls(seed, 2_000 if short else inputs), await _garbage(seed)]


async def _calls(seed: int, number: int) -> Part:
    part = Part("bad arguments")
    rng = Random(seed)  # noqa: S311 - made-up arguments
    api = FakeApi(now=lambda: NOW, hourly_limit=10**9)
    for start in range(0, number, 500):
        async with connect(api, clock=lambda: NOW) as at:
            for count in range(start, min(number, start + 500)):
                tool = rng.choice(ALL_TOOLS)
                names = list(tool.parameters["properties"])
                broken = rng.sample(names, min(len(names), rng.choice((1, 1, 1, 2, 4))))
                arguments = {name: rng.choice(WRONG) for name in broken}
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
                )
                part.counted["refused"] += result.is_error
    return part


GARBAGE: dict[str, bytes] = {
    "no JSON": b"hello\n",
    "not UTF-8": b"\xff\xfe\xfd\n",
    "an empty line": b"\n",
    "null": b"null\n",
    "a number": b"7\n",
    "an empty list": b"[]\n",
    "a batch": b'[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","id":2,"method":"ping"}]\n',
    "no method": b'{"jsonrpc":"2.0","id":1}\n',
    "another version": b'{"jsonrpc":"1.0","id":1,"method":"ping"}\n',
    "an id that is none": b'{"jsonrpc":"2.0","id":{"a":1},"method":"ping"}\n',
    "a huge id": b'{"jsonrpc":"2.0","id":' + b"9" * 5000 + b',"method":"ping"}\n',
    "an unknown method": b'{"jsonrpc":"2.0","id":77,"method":"no/such"}\n',
    "an unknown notification": b'{"jsonrpc":"2.0","method":"notifications/nothing"}\n',
    "a cancellation of nothing": b'{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":999}}\n',
    "an answer to nothing": b'{"jsonrpc":"2.0","id":555,"result":{}}\n',
    "a line of ten megabytes": b'{"jsonrpc":"2.0","id":1,"method":"' + b"x" * 10_000_000 + b'"}\n',
    "deep nesting": b'{"jsonrpc":"2.0","id":1,"method":"ping","params":' + b'{"a":' * 5000 + b"1" + b"}" * 5001 + b"\n",
    "a line in three parts": b'{"jsonrpc":"2.0",',
    "nulls": b"\x00" * 1000 + b"\n",
    "carriage returns": b'{"jsonrpc":"2.0","id":78,"method":"ping"}\r\n',
}


async def _garbage(seed: int) -> Part:
    part = Part("garbage over stdio")
    service = Upstream(FakeApi(hourly_limit=10**9), KEY)
    await service.start()
    rng = Random(seed)  # noqa: S311 - made-up bytes
    garbage = {**GARBAGE, **{f"random {n}": rng.randbytes(rng.randrange(1, 4000)) + b"\n" for n in range(20)}}
    left = list(garbage.items())
    while left:
        async with host("stdio", service.base_url) as at:
            await at.call("list_sites", {})
            assert at.process.stdin
            while left and at.process.returncode is None:
                name, data = left.pop(0)
                at.process.stdin.write(data if data.endswith(b"\n") else data + b"\n")
                try:
                    after, said = await asyncio.wait_for(at.call("list_sites", {}), 20)
                    problem = None if after else f"the next call fails: {said[:200]}"
                except (TimeoutError, OSError, ValueError) as error:
                    problem = f"the next call has no answer: {error!r}"
                part.cell(name, problem, "a trace" if b"Traceback" in at.output else None, *at.leaks(KEY))
                at.end_of_the_hour()
    service.stop()
    return part
