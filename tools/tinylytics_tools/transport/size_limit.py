"""Reads every answer to its end, and no further than a limit."""

import httpx2 as httpx

LARGEST_BODY = 8_000_000
"""Bytes after decoding; a page of 1,000 hits has about 350,000."""


class BodyTooLarge(httpx.ReadError):
    """An answer with more bytes than are read."""


class SizeLimit(httpx.AsyncBaseTransport):
    """Turns each streamed answer into a complete one, so that all above it can look at bodies.

    Raises:
        BodyTooLarge: as soon as the announced or the real size passes the limit.
    """

    def __init__(self, inner: httpx.AsyncBaseTransport, *, largest: int = LARGEST_BODY) -> None:
        self._inner = inner
        self._largest = largest

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send, then read the body in pieces."""
        response = await self._inner.handle_async_request(request)
        response.request = request
        try:
            body = bytearray()
            announced = response.headers.get("content-length", "")
            if announced.isdecimal() and int(announced) > self._largest:
                raise self._too_large(request)
            async for piece in response.aiter_bytes():
                body += piece
                if len(body) > self._largest:
                    raise self._too_large(request)
        except httpx.DecodingError as error:
            raise httpx.ReadError("the answer could not be decoded", request=request) from error
        finally:
            await response.aclose()
        headers = [(k, v) for k, v in response.headers.multi_items() if k not in _ABOUT_THE_STREAM]
        return httpx.Response(
            response.status_code, headers=headers, content=bytes(body), request=request, extensions=response.extensions
        )

    def _too_large(self, request: httpx.Request) -> BodyTooLarge:
        return BodyTooLarge(f"the answer has more than {self._largest:,} bytes", request=request)

    async def aclose(self) -> None:
        """Close what is wrapped."""
        await self._inner.aclose()


_ABOUT_THE_STREAM = ("content-encoding", "content-length", "transfer-encoding")
