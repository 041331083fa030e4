"""Answers are read to their end, within a size and a time."""

import gzip
from collections.abc import AsyncGenerator, AsyncIterator
from functools import partial

import anyio
import httpx2 as httpx
import pytest
from tinylytics_tools.transport.cache import send
from tinylytics_tools.transport.receive import BodyTooLarge, receive

pytestmark = pytest.mark.anyio
REQUEST = httpx.Request("GET", "https://tinylytics.test/api/v1/me")


class Stream(httpx.AsyncByteStream):
    """A body that comes in pieces, and remembers that it was closed."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = pieces
        self.read = 0
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            self.read += 1
            yield piece

    async def aclose(self) -> None:
        self.closed = True


def answering(stream: httpx.AsyncByteStream, **headers: str) -> httpx.MockTransport:
    """A network that answers with this stream."""
    return httpx.MockTransport(lambda _: httpx.Response(200, headers=headers, stream=stream))


async def test_a_body_within_the_limit_is_complete_and_its_stream_closed() -> None:
    stream = Stream(b"ab", b"cd")
    response = await receive(answering(stream), REQUEST, largest=4)
    assert response.content == b"abcd"
    assert stream.closed


async def test_a_body_over_the_limit_is_not_read_further() -> None:
    stream = Stream(*[b"xx"] * 100)
    with pytest.raises(BodyTooLarge):
        await receive(answering(stream), REQUEST, largest=5)
    assert stream.read == 3
    assert stream.closed


async def test_an_announced_size_over_the_limit_is_not_read_at_all() -> None:
    stream = Stream(b"x")
    with pytest.raises(BodyTooLarge):
        await receive(answering(stream, **{"content-length": "9"}), REQUEST, largest=8)
    assert stream.read == 0


async def test_the_limit_counts_what_a_compressed_body_becomes() -> None:
    bomb = Stream(gzip.compress(b"0" * 100_000))
    with pytest.raises(BodyTooLarge):
        await receive(answering(bomb, **{"content-encoding": "gzip"}), REQUEST, largest=50_000)
    small = Stream(gzip.compress(b"{}"))
    response = await receive(answering(small, **{"content-encoding": "gzip"}), REQUEST)
    assert response.content == b"{}"


async def test_a_body_that_cannot_be_decoded_is_a_broken_answer() -> None:
    with pytest.raises(httpx.ReadError, match="decoded"):
        await receive(answering(Stream(b"no gzip"), **{"content-encoding": "gzip"}), REQUEST)


class Never(httpx.AsyncBaseTransport):
    """A network that takes the request and says nothing."""

    def __init__(self) -> None:
        self.cancelled = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        try:
            await anyio.sleep_forever()
        finally:
            self.cancelled = True
        raise AssertionError(request)


async def test_a_call_ends_at_its_deadline_and_is_cancelled_below() -> None:
    network = Never()
    with pytest.raises(httpx.ReadTimeout, match=r"within 0\.01 s"):
        await send(network.handle_async_request, REQUEST, read_s=0.01)
    assert network.cancelled


async def test_a_body_that_drips_does_not_prolong_the_deadline() -> None:
    class Drip(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncGenerator[bytes]:
            while True:
                await anyio.lowlevel.checkpoint()
                yield b""

    with pytest.raises(httpx.ReadTimeout):
        await send(partial(receive, answering(Drip())), REQUEST, read_s=0.02)
