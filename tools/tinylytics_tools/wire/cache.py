"""Answers a read from what was fetched before, while that is as good as new or the service is away."""

import copy

import httpx2 as httpx

from tinylytics_tools.wire.interface import KEPT_AFTER_END_S, Clock, Found, Replies, Reply, StoreUnavailable
from tinylytics_tools.wire.lifetime import lifetime_s
from tinylytics_tools.wire.report import Report, attach
from tinylytics_tools.wire.single_flight import SingleFlight


class Cache(httpx.AsyncBaseTransport):
    """Keeps answers of status 200 in JSON, by key and address; the address is the URL with its query in order.

    An answer from the store tells its age, 0 requests and no header but its content type. On an outage (a fault of
    transport, a 5xx or 429) a stored answer is served although its time is over, for up to a week. Equal reads under
    way are one. Where the store cannot be used, everything is asked anew. Only reads may come here.
    Where it is not `enabled`, each read is asked anew, and `forget` still serves the processes that share the store.
    """

    def __init__(
        self,
        inner: httpx.AsyncBaseTransport,
        replies: Replies,
        *,
        fingerprint: str,
        clock: Clock,
        enabled: bool = True,
    ) -> None:
        self._inner = inner
        self._replies = replies
        self._fingerprint = fingerprint
        self._clock = clock
        self._enabled = enabled
        self._flights = SingleFlight[httpx.Response]()
        self._forgets = 0
        self._distrusted_until = float("-inf")

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer from the store, from an equal request under way, or from the service."""
        if not self._enabled:
            return await self._inner.handle_async_request(request)
        address = _address(request.url)
        found = await self._find(address)
        if found.reply is not None and self._is_fresh(found.reply):
            return self._stored(request, found.reply)
        # a read that began before a write was told to `forget` is not joined by one that begins after it
        key = (address, found.generation, self._forgets)
        try:
            response = await self._flights.join(key, lambda: self._fetch(request, address, found.generation))
        except httpx.TransportError as error:
            if found.reply is not None and self._is_usable(found.reply):
                return self._stored(request, found.reply)
            raise copy.copy(error) from error  # each waiter has its own, which httpx links to its own request
        if found.reply is not None and _is_outage(response) and self._is_usable(found.reply):
            return self._stored(request, found.reply)
        answer = httpx.Response(
            response.status_code, headers=response.headers, content=response.content, request=request
        )
        now = self._clock()
        return attach(answer, Report(fresh_s=lifetime_s(request.url, answer.content, now) if _is_kept(answer) else 0.0))

    async def holds(self, request: httpx.Request) -> bool:
        """Whether the answer is stored and as good as new, so that asking would cost nothing."""
        found = await self._find(_address(request.url))
        return self._enabled and found.reply is not None and self._is_fresh(found.reply)

    async def generation(self) -> int | None:
        """Counts what was forgotten of the key, by all that share the store; None where answers are not used again."""
        if not self._enabled or self._distrusted_until > float("-inf"):
            return None
        generation = (await self._find("")).generation
        return None if generation < 0 else generation

    async def forget(self, *urls: httpx.URL) -> None:
        """Drop what is stored of these addresses, whatever the query, and what is under way."""
        self._forgets += 1
        try:
            await self._replies.forget(self._fingerprint, frozenset(_path(url) for url in urls))
        except StoreUnavailable:
            self._distrusted_until = self._now()  # what this could not drop, it does not use either

    async def _fetch(self, request: httpx.Request, address: str, generation: int) -> httpx.Response:
        response = await self._inner.handle_async_request(request)
        if _is_kept(response):
            content_type = response.headers.get("content-type", "")
            now = self._clock()
            end = now.timestamp() + lifetime_s(request.url, response.content, now)
            reply = Reply(content_type, response.content, now.timestamp(), end)
            try:
                await self._replies.keep(self._fingerprint, address, reply, generation)
            except StoreUnavailable:
                return response
        return response

    async def _find(self, address: str) -> Found:
        try:
            return await self._replies.find(self._fingerprint, address, self._now())
        except StoreUnavailable:
            return Found(None, -1)

    def _stored(self, request: httpx.Request, reply: Reply) -> httpx.Response:
        headers = {"content-type": reply.content_type}
        response = httpx.Response(200, headers=headers, content=reply.body, request=request)
        now = self._now()
        age_s, fresh_s = max(0.0, now - reply.fetched_at), max(0.0, reply.expires_at - now)
        return attach(response, Report(requests=0, age_s=age_s, fresh_s=fresh_s))

    def _is_fresh(self, reply: Reply) -> bool:
        return self._distrusted_until < reply.fetched_at <= self._now() < reply.expires_at

    def _is_usable(self, reply: Reply) -> bool:
        return self._now() < reply.expires_at + KEPT_AFTER_END_S

    def _now(self) -> float:
        return self._clock().timestamp()

    async def aclose(self) -> None:
        """End what is under way and close what is wrapped."""
        await self._flights.aclose()
        await self._inner.aclose()


def _is_kept(response: httpx.Response) -> bool:
    kind = response.headers.get("content-type", "").partition(";")[0].strip()
    return response.status_code == 200 and kind.endswith("json")


def _is_outage(response: httpx.Response) -> bool:
    return response.status_code >= 500 or response.status_code == 429


def _path(url: httpx.URL) -> str:
    return str(url.copy_with(query=None, fragment=None))


def _address(url: httpx.URL) -> str:
    query = httpx.QueryParams(sorted(url.params.multi_items()))
    return f"{_path(url)}?{query}"
