"""Answers a read from what was fetched before, while that is as good as new or the service is away."""

import copy

import httpx2 as httpx
from pydantic import ValidationError

from tinylytics_tools.replies import Reply
from tinylytics_tools.transport.call_stats import Purpose, Report, asked_of, attach
from tinylytics_tools.transport.interface import KEPT_AFTER_END_S, Clock, Found, Replies, StoredReply, StoreUnavailable
from tinylytics_tools.transport.single_flight import SingleFlight
from tinylytics_tools.transport.ttl import ttl_s

_FOR_WRITES = "#for-writes"
"""Ends the path of a second copy, which no write makes stale (`Endpoint.survives_writes`)."""


class Cache(httpx.AsyncBaseTransport):
    """Keeps replies that are of their endpoint's model, by key and address: the URL with its query in order.

    An answer from the store tells its age, 0 requests and no header but its content type. On an outage (a fault of
    transport, a 5xx or 429, a reply that is not of the model) a stored answer is served although its time is over, for
    up to a week, and stays stored. Equal reads under way are one. Where the store cannot be used, everything is asked
    anew. Only reads may come here. A look-up after a write is always asked anew.
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
        self._flights = SingleFlight[tuple[httpx.Response, Reply | None]]()
        self._forgets = 0
        self._distrusted_until = float("-inf")

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer from the store, from an equal request under way, or from the service."""
        asked = asked_of(request)
        if not self._enabled or asked.purpose is Purpose.LOOK_UP:
            return await self._inner.handle_async_request(request)
        address = _address(request.url)
        found = await self._find(address)
        if found.reply is not None and self._is_fresh(found.reply) and (stored := self._stored(request, found.reply)):
            return stored
        if asked.purpose is Purpose.WRITE and asked.endpoint.survives_writes:
            kept = (await self._find(_address(request.url, _FOR_WRITES))).reply
            if kept is not None and self._is_fresh(kept) and (stored := self._stored(request, kept)):
                return stored
        # a read that began before a write was told to `forget` is not joined by one that begins after it
        key = (address, asked.purpose, found.generation, self._forgets)
        try:
            response, reply = await self._flights.join(key, lambda: self._fetch(request, address, found.generation))
        except httpx.TransportError as error:
            if found.reply is not None and (stored := self._usable(request, found.reply)):
                return stored
            raise copy.copy(error) from error  # each waiter has its own, which httpx links to its own request
        if reply is None and found.reply is not None and _is_outage(response):
            stored = self._usable(request, found.reply)
            if stored is not None:
                return stored
        answer = httpx.Response(
            response.status_code, headers=response.headers, content=response.content, request=request
        )
        fresh_s = 0.0 if reply is None else ttl_s(request.url, answer.content, self._clock())
        return attach(answer, Report(fresh_s=fresh_s, reply=reply))

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

    async def _fetch(
        self, request: httpx.Request, address: str, generation: int
    ) -> tuple[httpx.Response, Reply | None]:
        """The answer, and what it says; None where it is not what the endpoint answers, and so not kept."""
        response = await self._inner.handle_async_request(request)
        reply = _read(request, response.content) if _is_success(response) else None
        if reply is not None:
            content_type = response.headers.get("content-type", "")
            now = self._clock()
            end = now.timestamp() + ttl_s(request.url, response.content, now)
            stored = StoredReply(content_type, response.content, now.timestamp(), end)
            copies = [address]
            if asked_of(request).endpoint.survives_writes:
                copies.append(_address(request.url, _FOR_WRITES))
            try:
                for one in copies:
                    await self._replies.keep(self._fingerprint, one, stored, generation)
            except StoreUnavailable:
                pass
        return response, reply

    async def _find(self, address: str) -> Found:
        try:
            return await self._replies.find(self._fingerprint, address, self._now())
        except StoreUnavailable:
            return Found(None, -1)

    def _stored(self, request: httpx.Request, stored: StoredReply) -> httpx.Response | None:
        """A stored answer; None where what is stored is not of the endpoint's model."""
        reply = _read(request, stored.body)
        if reply is None:
            return None
        headers = {"content-type": stored.content_type}
        response = httpx.Response(200, headers=headers, content=stored.body, request=request)
        now = self._now()
        age_s, fresh_s = max(0.0, now - stored.fetched_at), max(0.0, stored.expires_at - now)
        return attach(response, Report(requests=0, age_s=age_s, fresh_s=fresh_s, reply=reply))

    def _usable(self, request: httpx.Request, stored: StoredReply) -> httpx.Response | None:
        """A stored answer for an outage, up to a week after its end."""
        is_usable = self._now() < stored.expires_at + KEPT_AFTER_END_S
        return self._stored(request, stored) if is_usable else None

    def _is_fresh(self, reply: StoredReply) -> bool:
        return self._distrusted_until < reply.fetched_at <= self._now() < reply.expires_at

    def _now(self) -> float:
        return self._clock().timestamp()

    async def aclose(self) -> None:
        """End what is under way and close what is wrapped."""
        await self._flights.aclose()
        await self._inner.aclose()


def _read(request: httpx.Request, body: bytes) -> Reply | None:
    """A body as the model of its endpoint."""
    try:
        return asked_of(request).endpoint.reply.model_validate_json(body)
    except ValidationError:
        return None


def _is_success(response: httpx.Response) -> bool:
    return response.status_code == 200 and _kind(response).endswith("json")


def _is_outage(response: httpx.Response) -> bool:
    """A failure that is nobody's word. A page of HTML may mean a key that is not accepted (field notes 2)."""
    status = response.status_code
    return status >= 500 or status == 429 or (status < 300 and _kind(response) != "text/html")


def _kind(response: httpx.Response) -> str:
    return response.headers.get("content-type", "").partition(";")[0].strip().lower()


def _path(url: httpx.URL) -> str:
    return str(url.copy_with(query=None, fragment=None))


def _address(url: httpx.URL, suffix: str = "") -> str:
    query = httpx.QueryParams(sorted(url.params.multi_items()))
    return f"{_path(url)}{suffix}?{query}"
