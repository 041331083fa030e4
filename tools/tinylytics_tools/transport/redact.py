"""Strikes the key out of answers that repeat it, before anything above can store or tell them."""

import functools
import re
from urllib.parse import unquote_to_bytes

import httpx2 as httpx

REDACTED = b"(the key)"

_LOST_IN_PROSE = b"<>|`\\"
_INVISIBLE = bytes(code for code in range(256) if not 0x21 <= code <= 0x7E)
"""What may divide a key in an answer and vanish on the way to a reader: the characters that prose loses, and whatever
is no visible ASCII."""
_ESCAPED = re.compile(rb"\\(?:u00([2-7][0-9a-f])|u[0-9a-f]{4}|[nrtbf])", re.IGNORECASE)


class Redact(httpx.AsyncBaseTransport):
    """Takes the key from the request's own header; wraps a transport whose answers are complete.

    The key is found too where its characters are JSON escapes or percent-encoded, in any case, and where invisible
    characters divide it.
    """

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send; an answer without the key in it passes as it is."""
        response = await self._inner.handle_async_request(request)
        key = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not key:
            return response
        headers = [(name, value) for name, value in response.headers.multi_items() if name != "content-length"]
        shown = [(name, value) for name, value in headers if not _holds(key, value.encode())]
        is_in_body = _holds(key, response.content)
        if not is_in_body and len(shown) == len(headers):
            return response
        return httpx.Response(
            response.status_code,
            headers=shown,
            content=_struck(key, response.content) if is_in_body else response.content,
            request=request,
            extensions=response.extensions,
        )

    async def aclose(self) -> None:
        """Close what is wrapped."""
        await self._inner.aclose()


def _holds(key: str, text: bytes) -> bool:
    """Whether a text has the key, once everything is undone that could hide it; about a millisecond a page of hits."""
    if b"\\" in text:
        text = _ESCAPED.sub(lambda found: bytes.fromhex(found[1].decode()) if found[1] else b"", text)
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
