"""One key's way to the service: what was fetched before answers a read while that is as good as new or the service is
away; all else is sent, within a time, and a read again that failed by accident."""

import contextlib
import copy
import random
import re
from collections.abc import Awaitable, Callable
from dataclasses import KW_ONLY, dataclass
from functools import partial

import anyio
import httpx2 as httpx
from pydantic import ValidationError

from tinylytics_tools.replies import Reply
from tinylytics_tools.transport.call_stats import Purpose, info_of
from tinylytics_tools.transport.hour import Clock
from tinylytics_tools.transport.interface import KEPT_AFTER_END_S, Found, Replies, StoredReply, StoreUnavailable
from tinylytics_tools.transport.rate_limit import RateLimit, Status, asks_to_wait, was_sent
from tinylytics_tools.transport.receive import BodyTooLarge
from tinylytics_tools.transport.single_flight import SingleFlight

LARGE = 50_000
"""Bytes from which an answer keeps the processor busy for milliseconds."""
READ_S = 30.0
WRITE_S = 45.0
"""A write gets longer, since giving up on one leaves its outcome unknown."""
TRIES = 3
FIRST_WAIT_S = 0.5
"""The first wait is anything up to this, the second up to twice this (full jitter): many who failed together must not
come back together."""

_SURE_TO_FAIL_AGAIN = (BodyTooLarge, httpx.UnsupportedProtocol, httpx.LocalProtocolError)

_REPLY = "tinylytics-reply"
_FOR_WRITES = "#for-writes"
"""Ends the path of a second copy, which no write makes stale (`Endpoint.survives_writes`)."""
_OF_A_SITE = re.compile(r"(?P<sites>.*/sites)/(?P<id>\d+)/")
_CHANGE_NOTHING = (400, 401, 403)


@dataclass(eq=False)
class Transport(httpx.AsyncBaseTransport):
    """One key's way to the network: the cache of its reads, over the rate limit and what is below.

    Replies that are of their endpoint's model are kept, by key and address: the URL with its query in order. On an
    outage (a fault of transport, a 5xx or 429, a reply that is not of the model) a stored reply is used although its
    time is over, for up to a week, and stays stored. Equal reads under way are one. Where the store cannot be used,
    everything is asked anew, and so it is where the cache is not `enabled`. What a write must know, before or after it,
    is asked anew, but for the site. A write drops what its endpoint makes stale, whatever became of it, unless the
    service refused it or it did not leave. What was stored and sent is added to the call's stats; `reply_of` is what an
    answer says, already read.
    """

    rate_limit: RateLimit
    replies: Replies
    _: KW_ONLY
    fingerprint: str
    clock: Clock
    enabled: bool = True

    def __post_init__(self) -> None:
        self._flights = SingleFlight[tuple[httpx.Response, StoredReply | None]]()
        self._writes = 0
        self._distrusted_until = float("-inf")

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        info = info_of(request)
        if request.method != "GET":
            return await self._write(request)
        if not self.enabled or (info.purpose is not Purpose.READ and not info.endpoint.survives_writes):
            info.stats.fresh_until = 0.0
            return await send(self.rate_limit.handle_async_request, request)
        address = _address(request.url)
        found = await self._find(address)
        stored = self._usable(request, found.reply, is_fresh=True)
        if stored is None and info.purpose is not Purpose.READ:
            kept = (await self._find(_address(request.url, _FOR_WRITES))).reply
            stored = self._usable(request, kept, is_fresh=True)
        return stored or await self._ask(request, address, found)

    async def _ask(self, request: httpx.Request, address: str, found: Found) -> httpx.Response:
        """Ask the service, or use what is stored where it is away."""
        info = info_of(request)
        # a read that began before a write is not joined by one that begins after it
        key = (address, info.purpose, found.generation, self._writes)
        try:
            response, kept = await self._flights.join(key, partial(self._fetch, request, address, found.generation))
        except httpx.TransportError as error:
            stored = self._usable(request, found.reply)
            if stored is not None:
                return stored
            raise copy.copy(error) from error  # each waiter has its own, which httpx links to its own request
        if kept is None and _is_outage(response) and (stored := self._usable(request, found.reply)) is not None:
            return stored
        info.stats.fresh_until = min(info.stats.fresh_until, 0.0 if kept is None else kept.expires_at)
        return httpx.Response(
            response.status_code,
            headers=response.headers,
            content=response.content,
            request=request,
            extensions=response.extensions,
        )

    async def _fetch(
        self, request: httpx.Request, address: str, generation: int
    ) -> tuple[httpx.Response, StoredReply | None]:
        """Return the answer, and as what it is stored; None where it is not what the endpoint answers."""
        response = await send(self.rate_limit.handle_async_request, request)
        endpoint = info_of(request).endpoint
        if len(response.content) > LARGE:
            await anyio.sleep(0.001)  # lets those who waited send before it is read
        reply = _read(request, response.content) if _is_success(response) else None
        if reply is None:
            return response, None
        response.extensions = {**response.extensions, _REPLY: reply}
        now = self.clock()
        end = now.timestamp() + endpoint.ttl(dict(request.url.params), reply, now)
        stored = StoredReply(response.headers.get("content-type", ""), response.content, now.timestamp(), end)
        copies = [address, _address(request.url, _FOR_WRITES)] if endpoint.survives_writes else [address]
        with contextlib.suppress(StoreUnavailable):
            for one in copies:
                await self.replies.keep(self.fingerprint, one, stored, generation)
        return response, stored

    async def _write(self, request: httpx.Request) -> httpx.Response:
        """Send a write. A 404 or 422 shows that something stored is stale: the kudo is gone, or its uid was taken."""
        changed_nothing = False
        try:
            response = await send(self.rate_limit.handle_async_request, request)
            changed_nothing = response.status_code in _CHANGE_NOTHING or not was_sent(response)
            return response
        finally:
            if not changed_nothing:
                with anyio.CancelScope(shield=True):
                    await self._forget(request)

    async def _forget(self, request: httpx.Request) -> None:
        """Drop what is stored of the replies that a write makes stale, whatever the query, and what is under way."""
        site = _OF_A_SITE.match(request.url.path)
        if site is None:
            return
        one = f"{site['sites']}/{site['id']}"
        paths = [f"{one}/{name}" for name in info_of(request).endpoint.invalidates if name != "sites"]
        paths += [site["sites"], one] if "sites" in info_of(request).endpoint.invalidates else []
        self._writes += 1
        try:
            addresses = frozenset(str(request.url.copy_with(path=path, query=None, fragment=None)) for path in paths)
            await self.replies.forget(self.fingerprint, addresses)
        except StoreUnavailable:
            self._distrusted_until = self.clock().timestamp()  # what this could not drop, it does not use either

    async def status(self) -> Status:
        return await self.rate_limit.status()

    async def generation(self) -> int | None:
        """Return how often replies of the key were dropped, by all that share the store; None where none are used."""
        if not self.enabled or self._distrusted_until > float("-inf"):
            return None
        generation = (await self._find("")).generation
        return None if generation < 0 else generation

    async def _find(self, address: str) -> Found:
        try:
            return await self.replies.find(self.fingerprint, address, self.clock().timestamp())
        except StoreUnavailable:
            return Found(None, -1)

    def _usable(
        self, request: httpx.Request, stored: StoredReply | None, *, is_fresh: bool = False
    ) -> httpx.Response | None:
        """Return a stored reply as an answer; None where its time is over, or it is not of the endpoint's model.

        `is_fresh`: only one that is as good as new; else also one that ended within the last week, for an outage.
        """
        now = self.clock().timestamp()
        if stored is None or now >= stored.expires_at + (0.0 if is_fresh else KEPT_AFTER_END_S):
            return None
        if is_fresh and not self._distrusted_until < stored.fetched_at <= now:
            return None
        reply = _read(request, stored.body)
        if reply is None:
            return None
        info_of(request).stats.add_stored(max(0.0, now - stored.fetched_at), stored.expires_at)
        headers = {"content-type": stored.content_type}
        return httpx.Response(200, headers=headers, content=stored.body, request=request, extensions={_REPLY: reply})

    async def aclose(self) -> None:
        await self._flights.aclose()
        await self.rate_limit.aclose()


async def send(
    once: Callable[[httpx.Request], Awaitable[httpx.Response]],
    request: httpx.Request,
    *,
    read_s: float = READ_S,
    write_s: float = WRITE_S,
    sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    between: Callable[[float, float], float] = random.uniform,
) -> httpx.Response:
    """Send a write once; a read up to three times, until there is neither a fault of transport nor a 5xx.

    All tries together, to the last byte of the body, have `read_s` or `write_s` seconds; then `ReadTimeout` is raised,
    and the request may have left. A 429 or 503 is returned at once: how long to wait is the rate limit's matter.
    """
    seconds, tries = (read_s, TRIES) if request.method == "GET" else (write_s, 1)
    with anyio.move_on_after(seconds):
        for tried in range(tries - 1):
            try:
                response = await once(request)
                if response.status_code < 500 or asks_to_wait(response):
                    return response
            except _SURE_TO_FAIL_AGAIN:
                raise
            except httpx.TransportError:
                pass
            await sleep(between(0.0, FIRST_WAIT_S * 2**tried))
        return await once(request)
    raise httpx.ReadTimeout(f"no complete answer within {seconds:g} s", request=request)


def reply_of(response: httpx.Response) -> Reply | None:
    """Return what an answer says, where it was read already."""
    return response.extensions.get(_REPLY)


def _read(request: httpx.Request, body: bytes) -> Reply | None:
    try:
        return info_of(request).endpoint.reply.model_validate_json(body)
    except ValidationError:
        return None


def _is_success(response: httpx.Response) -> bool:
    return response.status_code == 200 and _kind(response).endswith("json")


def _is_outage(response: httpx.Response) -> bool:
    """Return whether a failure is nobody's word. A page of HTML may mean a key not accepted (field notes 2)."""
    status = response.status_code
    return status >= 500 or status == 429 or (status < 300 and _kind(response) != "text/html")


def _kind(response: httpx.Response) -> str:
    return response.headers.get("content-type", "").partition(";")[0].strip().lower()


def _address(url: httpx.URL, suffix: str = "") -> str:
    """Return what a reply is kept under: the URL with its query in order."""
    query = httpx.QueryParams(sorted(url.params.multi_items()))
    return f"{url.copy_with(query=None, fragment=None)}{suffix}?{query}"
