"""Strikes the key out of answers that repeat it, before anything above can store or tell them."""

import httpx2 as httpx

STRUCK = b"(the key)"


class NoEcho(httpx.AsyncBaseTransport):
    """Takes the key from the request's own header; wraps a transport whose answers are complete."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send; an answer without the key in it passes as it is."""
        response = await self._inner.handle_async_request(request)
        key = request.headers.get("authorization", "").removeprefix("Bearer ").encode()
        if not key or key not in response.content:
            return response
        return httpx.Response(
            response.status_code,
            headers=[(k, v) for k, v in response.headers.multi_items() if k != "content-length"],
            content=response.content.replace(key, STRUCK),
            request=request,
            extensions=response.extensions,
        )

    async def aclose(self) -> None:
        """Close what is wrapped."""
        await self._inner.aclose()
