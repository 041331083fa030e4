"""Bytes that are no protocol, over each transport: no crash, no trace, no hang, and the next good call works."""

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from random import Random

from hosts import PATHS, TRANSPORTS, Host, host
from jobs import Form, Job
from report import Part
from support.http_server import INITIALIZE, PING
from tinylytics_mcp.fake_api import FakeApi
from upstream import Upstream

TAKES_S = 20
RANDOM = 20
"""Random bytes of each kind in the short form; ten times as many in the long one."""

MESSAGES: dict[str, bytes] = {
    "no JSON": b"hello",
    "not UTF-8": b"\xff\xfe\xfd",
    "UTF-8 cut within a character": '{"jsonrpc":"2.0","id":1,"method":"pi\u00fc'.encode()[:-1],
    "UTF-16": json.dumps(PING).encode("utf-16"),
    "nothing": b"",
    "null": b"null",
    "a number": b"7",
    "an empty list": b"[]",
    "a batch": b'[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","id":2,"method":"ping"}]',
    "no method": b'{"jsonrpc":"2.0","id":1}',
    "another version": b'{"jsonrpc":"1.0","id":1,"method":"ping"}',
    "an id that is none": b'{"jsonrpc":"2.0","id":{"a":1},"method":"ping"}',
    "no id": b'{"jsonrpc":"2.0","id":null,"method":"ping"}',
    "half an id": b'{"jsonrpc":"2.0","id":1.5,"method":"ping"}',
    "a huge id": b'{"jsonrpc":"2.0","id":' + b"9" * 5000 + b',"method":"ping"}',
    "an id with a surrogate": b'{"jsonrpc":"2.0","id":"\\ud800","method":"ping"}',
    "an unknown method": b'{"jsonrpc":"2.0","id":77,"method":"no/such"}',
    "a method with a surrogate": b'{"jsonrpc":"2.0","id":79,"method":"\\udfff"}',
    "an unknown notification": b'{"jsonrpc":"2.0","method":"notifications/nothing"}',
    "a cancellation of nothing": b'{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":999}}',
    "a cancellation without an id": b'{"jsonrpc":"2.0","method":"notifications/cancelled","params":{}}',
    "progress of nothing": b'{"jsonrpc":"2.0","method":"notifications/progress",'
    b'"params":{"progressToken":1,"progress":1}}',
    "initialized once more": b'{"jsonrpc":"2.0","method":"notifications/initialized"}',
    "an answer to nothing": b'{"jsonrpc":"2.0","id":555,"result":{}}',
    "an error of nothing": b'{"jsonrpc":"2.0","id":556,"error":{"code":-1,"message":"x"}}',
    "a list for parameters": b'{"jsonrpc":"2.0","id":80,"method":"tools/call","params":[1]}',
    "a call of nothing": b'{"jsonrpc":"2.0","id":81,"method":"tools/call","params":{}}',
    "a list for arguments": b'{"jsonrpc":"2.0","id":82,"method":"tools/call",'
    b'"params":{"name":"list_sites","arguments":[]}}',
    "ten megabytes": b'{"jsonrpc":"2.0","id":1,"method":"' + b"x" * 10_000_000 + b'"}',
    "deep nesting": b'{"jsonrpc":"2.0","id":1,"method":"ping","params":' + b'{"a":' * 5000 + b"1" + b"}" * 5001,
    "a message cut": b'{"jsonrpc":"2.0",',
    "nulls": b"\x00" * 1000,
    "a carriage return": b'{"jsonrpc":"2.0","id":78,"method":"ping"}\r',
}
"""A line on stdio, a body over HTTP."""

Sends = Callable[[bytes, Random], bytes]
TO = b"POST PATH HTTP/1.1\r\nhost: 127.0.0.1\r\n"
TYPES = b"content-type: application/json\r\naccept: application/json, text/event-stream\r\n"


def _with(head: bytes, body: bytes) -> bytes:
    return TO + head + b"content-length: %d\r\n\r\n" % len(body) + body


GOOD = json.dumps(PING).encode()
REQUESTS: dict[str, bytes] = {
    "no type": _with(b"accept: application/json, text/event-stream\r\n", GOOD),
    "another type": _with(TYPES.replace(b"application/json\r", b"text/plain\r", 1), GOOD),
    "a type that is none": _with(TYPES.replace(b"application/json\r", b"\xff\xfe;;;=\r", 1), GOOD),
    "a character set that is none": _with(TYPES.replace(b"json\r", b"json; charset=utf-7\r", 1), GOOD),
    "nothing accepted": _with(b"content-type: application/json\r\naccept: image/png\r\n", GOOD),
    "half a body": TO + TYPES + b"content-length: 9000\r\n\r\n" + GOOD,
    "a body without a length": TO + TYPES + b"\r\n" + GOOD,
    "two lengths": TO + TYPES + b"content-length: 5\r\ncontent-length: 50\r\n\r\n" + GOOD,
    "a negative length": TO + TYPES + b"content-length: -1\r\n\r\n" + GOOD,
    "a length and chunks": TO
    + TYPES
    + b"content-length: 9\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "broken chunks": TO + TYPES + b"transfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n",
    "chunks without end": TO + TYPES + b"transfer-encoding: chunked\r\n\r\n" + b"fff\r\n" + b"x" * 0xFFF + b"\r\n",
    "ten megabytes in chunks": TO
    + TYPES
    + b"transfer-encoding: chunked\r\n\r\n"
    + (b"100000\r\n" + b"x" * 0x100000 + b"\r\n") * 10,
    "a wrong session": _with(TYPES + b"mcp-session-id: 0123456789abcdef\r\n", GOOD),
    "a session that is none": _with(TYPES + b"mcp-session-id: \xff\x01../../etc/passwd\r\n", GOOD),
    "a huge session": _with(TYPES + b"mcp-session-id: " + b"a" * 30_000 + b"\r\n", GOOD),
    "an unknown version": _with(TYPES + b"mcp-protocol-version: 1999-01-01\r\n", GOOD),
    "a version that is none": _with(TYPES + b"mcp-protocol-version: \xf0\x9f\xa6\x80\r\n", GOOD),
    "another method in the head": _with(
        TYPES + b"mcp-protocol-version: 2026-07-28\r\nmcp-method: tools/list\r\n", GOOD
    ),
    "a page of another site": _with(TYPES + b"origin: https://evil.example\r\n", GOOD),
    "no such verb": TO.replace(b"POST", b"BREW") + b"\r\n",
    "PUT": TO.replace(b"POST", b"PUT") + b"content-length: 0\r\n\r\n",
    "DELETE of no session": TO.replace(b"POST", b"DELETE") + b"mcp-session-id: none\r\n\r\n",
    "GET of no session": TO.replace(b"POST", b"GET") + b"accept: text/event-stream\r\nmcp-session-id: none\r\n\r\n",
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 PATH\r\n\r\n",
    "a head without end": TO + b"x-filler: " + b"a" * 200_000,
    "a flood of headers": TO + b"x-filler: 1\r\n" * 20_000 + b"\r\n",
    "two requests in one": _with(TYPES, b"{}") + TO + TYPES + b"content-length: 2\r\n\r\n{}",
}
"""Whole requests; `PATH` is the path."""


def jobs(form: Form) -> list[Job]:
    """Each transport."""
    times = RANDOM if form.is_short else 10 * RANDOM
    return [partial(_over, transport, form.seed, times) for transport in TRANSPORTS]


async def _over(transport: str, seed: int, times: int) -> list[Part]:
    part = Part(f"garbage over {transport}")
    rng = Random(f"{seed} {transport}")  # noqa: S311 - made-up bytes
    left = [(name, _message(transport, data)) for name, data in MESSAGES.items()]
    left += [(f"random {n}", _message(transport, rng.randbytes(rng.randrange(1, 4000)))) for n in range(times)]
    left += [(f"a good one changed {n}", _message(transport, _changed(rng, GOOD))) for n in range(times)]
    if transport != "stdio":
        left += REQUESTS.items()
        left += [(f"a good request changed {n}", _changed(rng, _with(TYPES, GOOD))) for n in range(times)]
    async with Upstream(FakeApi(hourly_limit=10**9)).serving() as service:
        while left:
            async with host(transport, service.base_url) as at, _sender(transport, at) as send:
                await at.call("list_sites", {})
                is_good = True
                while left and is_good and at.process.returncode is None:
                    name, data = left.pop(0)
                    problems = await _try(at, send, data)
                    part.cell(name, *problems, "a trace" if b"Traceback" in at.output else None)
                    is_good = not any(problems)
                    at.end_of_the_hour()
    return [part]


async def _try(at: Host, send: Callable[[bytes], Awaitable[str | None]], data: bytes) -> list[str | None]:
    """Send it, and then ask something good."""
    try:
        problem = await asyncio.wait_for(send(data), TAKES_S)
    except TimeoutError:
        problem = "it hangs"
    except (OSError, ValueError) as error:
        problem = f"it cannot be sent: {error!r}"
    try:
        after, said = await at.call("list_sites", {})
    except (TimeoutError, OSError, ValueError) as error:
        return [problem, f"the next call has no answer: {error!r}"]
    return [problem, None if after else f"the next call fails: {said[:200]}"]


def _message(transport: str, data: bytes) -> bytes:
    return data + b"\n" if transport == "stdio" else _with(TYPES, data)


def _changed(rng: Random, data: bytes) -> bytes:
    """Return bytes with some of them changed, left out, or there twice."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 8))):
        place = rng.randrange(len(changed))
        match rng.randrange(3):
            case 0:
                changed[place] = rng.randrange(256)
            case 1:
                del changed[place : place + rng.randrange(1, 9)]
            case _:
                changed[place:place] = changed[place : place + rng.randrange(1, 40)]
        changed = changed or bytearray(b"x")
    return bytes(changed)


@asynccontextmanager
async def _sender(transport: str, at: Host) -> AsyncGenerator[Callable[[bytes], Awaitable[str | None]]]:
    """Return a function that sends bytes and waits for their answer, if they have one; it returns what is wrong."""
    if transport == "stdio":

        async def write(data: bytes) -> None:
            assert at.process.stdin
            at.process.stdin.write(data)
            await at.process.stdin.drain()

        yield write
        return
    port = int(at.address.rpartition(":")[2])
    path = f"/{PATHS[transport]}"
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    if transport == "sse":  # a stream of its own, which stays open
        writer.write(b"GET /sse HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n")
        await reader.readuntil(b"session_id=")
        session = (await reader.readuntil(b"\r")).decode().strip()
        path = f"/messages/?session_id={session}"
        await _exchange(port, _with(TYPES, json.dumps(INITIALIZE).encode()).replace(b"PATH", path.encode()))

    async def exchange(data: bytes) -> str | None:
        return await _exchange(port, data.replace(b"PATH", path.encode(), 2))

    yield exchange
    writer.close()


_STATUS = re.compile(rb"HTTP/1.1 (\d+)")


async def _exchange(port: int, data: bytes) -> str | None:
    """Send a request in two parts and say no more; wait for the first bytes of an answer, or the end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for half in (data[: len(data) // 2], data[len(data) // 2 :]):
            writer.write(half)
            await writer.drain()
            await asyncio.sleep(0.001)
        writer.write_eof()
        answer = await reader.read(4096)
    except OSError:
        return None  # it was hung up on, as it may be
    finally:
        writer.close()
    status = _STATUS.match(answer)
    return f"answered with {status[1].decode()}" if status and status[1] >= b"500" else None
