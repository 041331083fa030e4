"""Reads every answer to its end, no further than a limit, and strikes the key out of it."""

import functools
import re
from urllib.parse import unquote_to_bytes

import httpx2 as httpx

LARGEST_BODY = 8_000_000
"""Bytes after decoding; a page of 1,000 hits has about 350,000."""
REDACTED = b"(the key)"

_ABOUT_THE_STREAM = ("content-encoding", "content-length", "transfer-encoding")
_LOST_IN_PROSE = b"<>|`\\"
_INVISIBLE = bytes(code for code in range(256) if not 0x21 <= code <= 0x7E)
"""What may divide a key in an answer and vanish on the way to a reader: the characters that prose loses, and whatever
is no visible ASCII."""
_ESCAPED = re.compile(rb"\\u00([2-7][0-9a-f])", re.IGNORECASE)
_ESCAPED_INVISIBLE = re.compile(rb"(?:\\(?:u(?!00[2-7])[0-9a-f]{4}|[nrtbf]))+", re.IGNORECASE)


class BodyTooLarge(httpx.ReadError):
    """An answer with more bytes than are read."""


async def receive(
    network: httpx.AsyncBaseTransport, request: httpx.Request, *, largest: int = LARGEST_BODY
) -> httpx.Response:
    """Send, and return the complete answer without the key, so that all above can look at bodies.

    The key, known from the request's own header, is found too where its characters are JSON escapes or
    percent-encoded, in any case, and where invisible characters divide it. Raises `BodyTooLarge` as soon as the
    announced or the real size passes the limit.
    """
    response = await network.handle_async_request(request)
    response.request = request
    announced, body = response.headers.get("content-length", ""), bytearray()
    too_large = BodyTooLarge(f"the answer has more than {largest:,} bytes", request=request)
    try:
        if announced.isdecimal() and int(announced) > largest:
            raise too_large
        async for piece in response.aiter_bytes():
            body += piece
            if len(body) > largest:
                raise too_large
    except httpx.DecodingError as error:
        raise httpx.ReadError("the answer could not be decoded", request=request) from error
    finally:
        await response.aclose()
    key = request.headers.get("authorization", "").removeprefix("Bearer ")
    headers = [
        (name, value)
        for name, value in response.headers.multi_items()
        if name not in _ABOUT_THE_STREAM and not (key and _holds(key, value.encode()))
    ]
    text = bytes(body)
    return httpx.Response(
        response.status_code,
        headers=headers,
        content=_struck(key, text) if key and _holds(key, text) else text,
        request=request,
        extensions=response.extensions,
    )


def _holds(key: str, text: bytes) -> bool:
    """Whether a text has the key, once everything is undone that could hide it; about a millisecond a page of hits."""
    if b"\\" in text:
        text = _ESCAPED_INVISIBLE.sub(b"", text)
        text = _ESCAPED.sub(lambda found: bytes.fromhex(found[1].decode()), text)
    if b"%" in text:
        text = unquote_to_bytes(text)
    lost = bytes(byte for byte in _LOST_IN_PROSE if byte not in key.encode())
    return key.lower().encode() in text.translate(None, _INVISIBLE + lost).lower()


def _struck(key: str, text: bytes) -> bytes:
    """The text without the key; nothing of it where it cannot be said which part is the key."""
    struck, found = _pattern(key).subn(REDACTED, text)
    return struck if found and not _holds(key, struck) else REDACTED


@functools.lru_cache(maxsize=256)
def _pattern(key: str) -> re.Pattern[bytes]:
    lost = bytes(byte for byte in _LOST_IN_PROSE if byte not in key.encode() + b"\\")
    divides = rb"[^!-~]|\\u(?!00[2-7])[0-9a-f]{4}|%%(?![2-7])[0-9a-f]{2}|\\[nrtbf]|\\\\|[%b]" % lost
    return re.compile((rb"(?:%b)*+" % divides).join(_forms(char) for char in key), re.IGNORECASE)


def _forms(char: str) -> bytes:
    """One visible character as it is, as a JSON escape, and percent-encoded."""
    return rb"(?:\\?%b|\\u00%02x|%%%02x)" % (re.escape(char.encode()), ord(char), ord(char))
