"""Where the wire of several machines keeps what outlives a request: one Redis, shared by all replicas."""

import json
import math
import struct
import zlib
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from time import monotonic
from typing import Any, TypeVar

import anyio
from redis.asyncio import ConnectionPool, Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from tinylytics_tools.transport.hour import Clock, Hour, Requests
from tinylytics_tools.transport.interface import KEPT_AFTER_END_S, Found, Replies, Store, StoredReply, StoreUnavailable

T = TypeVar("T")

PREFIX = "tinylytics-mcp:1:"
CONNECT_S, ANSWER_S = 1.0, 2.0
TRIES = 100
"""So often a value is read anew that another server changed meanwhile."""
AWAY_S = 2.0
"""After a fault Redis is not asked again for so long: a dead network would else hold up each question many times."""


_UNREADABLE = (
    ArithmeticError,
    LookupError,
    RecursionError,
    TypeError,
    AttributeError,
    ValueError,
    zlib.error,
    struct.error,
)


@contextmanager
def readable() -> Generator[None]:
    """What Redis holds may be garbage: what cannot be read in here raises `StoreUnavailable`."""
    try:
        yield
    except _UNREADABLE as error:
        raise StoreUnavailable("Redis holds something that this program did not write") from error


class RedisLink:
    """A way to run scripts in one Redis: each runs alone there, so that what it does is done at once for all replicas.

    Nothing is sent twice by itself. Keys that must not be lost have no time to live, and those of stored answers have
    one, so that Redis may drop the latter where its memory is full (`maxmemory-policy volatile-lru`). Raises
    `ValueError` for a URL that Redis does not know.
    """

    def __init__(self, url: str) -> None:
        pool: Any = ConnectionPool  # its types leave the options open
        options = {"socket_connect_timeout": CONNECT_S, "socket_timeout": ANSWER_S, "retry": Retry(NoBackoff(), 0)}
        self._redis = Redis.from_pool(pool.from_url(url, **options))  # which closes the pool with itself
        self._scripts: dict[str, Any] = {}
        self._asked_again_at = -math.inf

    async def run(self, script: str, keys: list[str], *values: str | bytes | float) -> Any:
        """Run a Lua script over keys of ours; numbers go exactly. Raises `StoreUnavailable` where Redis cannot be
        reached, or cannot do it; after a lost answer it may have been done."""
        if monotonic() < self._asked_again_at:
            raise StoreUnavailable("Redis cannot be used now")
        if script not in self._scripts:
            self._scripts[script] = self._redis.register_script(script)
        sent = [repr(value) if isinstance(value, float) else value for value in values]
        try:
            return await self._scripts[script](keys=[PREFIX + key for key in keys], args=sent)
        except (RedisError, OSError) as error:  # never its text: it may name the URL
            self._asked_again_at = monotonic() + AWAY_S
            raise StoreUnavailable(f"Redis cannot be used now ({type(error).__name__})") from error

    async def aclose(self) -> None:
        await self._redis.aclose()


class RedisStore(Store):
    """The `Store` of several machines, whose clocks agree to some seconds. `link`: for others with keys in it."""

    def __init__(self, link: RedisLink) -> None:
        super().__init__(RedisRequests(link), RedisReplies(link))
        self.link = link


class RedisRequests(Requests):
    """One value a key, changed only where it is still what was read; `hours` says when each ends."""

    def __init__(self, link: RedisLink) -> None:
        self._link = link
        self._turn = anyio.Lock()
        """Others of this process would only be in the way."""

    async def change(self, fingerprint: str, clock: Clock, work: Callable[[Hour, float], T]) -> T:
        async with self._turn:
            for _ in range(TRIES):
                old, hour = await self._read(fingerprint)
                now = clock().timestamp()
                result = work(hour, now)
                keys = [_key(fingerprint), "hours"]
                if await self._link.run(_SWAP, keys, old, hour.packed(), fingerprint, now, hour.ends):
                    return result
        raise StoreUnavailable("too many servers change the same in Redis")

    async def read(self, fingerprint: str) -> Hour:
        return (await self._read(fingerprint))[1]

    async def clear(self, fingerprint: str) -> int:
        _, hour = await self._read(fingerprint)
        await self._link.run(_CLEAR_REQUESTS, [_key(fingerprint), "hours"], fingerprint)
        return len(hour.sent)

    async def _read(self, fingerprint: str) -> tuple[bytes, Hour]:
        packed = await self._link.run("return redis.call('GET', KEYS[1])", [_key(fingerprint)]) or b""
        with readable():
            return packed, Hour(packed)


class RedisReplies(Replies):
    """What is forgotten is only not found any more: each path counts how often, and the count is part of the key under
    which its answers are stored."""

    def __init__(self, link: RedisLink) -> None:
        self._link = link

    async def find(self, fingerprint: str, address: str, now: float) -> Found:  # noqa: ARG002 - Redis notes the use
        generation, packed = await self._link.run(_FIND, _reply_keys(fingerprint), address.partition("?")[0], address)
        with readable():
            number = int(generation)
        if packed is not None:
            with suppress(StoreUnavailable), readable():
                head, _, body = packed.partition(b"\n")
                content_type, fetched_at, expires_at = json.loads(head)
                whole = zlib.decompress(body)
                return Found(StoredReply(str(content_type), whole, float(fetched_at), float(expires_at)), number)
        return Found(None, number)

    async def keep(self, fingerprint: str, address: str, reply: StoredReply, generation: int) -> None:
        head = json.dumps([reply.content_type, reply.fetched_at, reply.expires_at])
        packed = head.encode() + b"\n" + zlib.compress(reply.body, 1)
        lives_s = math.ceil(max(1.0, reply.expires_at + KEPT_AFTER_END_S - reply.fetched_at))
        path = address.partition("?")[0]
        await self._link.run(_KEEP, _reply_keys(fingerprint), path, address, generation, packed, lives_s)

    async def forget(self, fingerprint: str, paths: frozenset[str]) -> None:
        await self._link.run(_FORGET, _reply_keys(fingerprint), *paths)

    async def clear(self, fingerprint: str) -> int:
        return await self._link.run(_CLEAR_REPLIES, _reply_keys(fingerprint))


def _key(fingerprint: str) -> str:
    return f"hour:{fingerprint}"


def _reply_keys(fingerprint: str) -> list[str]:
    return [f"generations:{fingerprint}", f"reply:{fingerprint}:"]


_SWAP = """
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end
local stem = string.sub(KEYS[1], 1, -1 - #ARGV[3])
for _, idle in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', ARGV[4], 'LIMIT', 0, 2)) do
  redis.call('DEL', stem .. idle)
  redis.call('ZREM', KEYS[2], idle)
end
redis.call('SET', KEYS[1], ARGV[2])
redis.call('ZADD', KEYS[2], ARGV[5], ARGV[3])
return 1
"""
_CLEAR_REQUESTS = "redis.call('DEL', KEYS[1]) redis.call('ZREM', KEYS[2], ARGV[1])"
_FIND = """
local of = redis.call('HMGET', KEYS[1], '', ARGV[1])
return {of[1] or '0', redis.call('GET', KEYS[2] .. (of[2] or '0') .. ' ' .. ARGV[2])}
"""
_KEEP = """
local of = redis.call('HMGET', KEYS[1], '', ARGV[1])
if (of[1] or '0') == ARGV[3] then
  redis.call('SET', KEYS[2] .. (of[2] or '0') .. ' ' .. ARGV[2], ARGV[4], 'EX', ARGV[5])
end
"""
_FORGET = """
local of = redis.call('HINCRBY', KEYS[1], '', 1)
for _, path in ipairs(ARGV) do redis.call('HSET', KEYS[1], path, of) end
"""
EACH_KEY = """
local function each_key(stem, visit)
  local at = '0'
  repeat
    local found = redis.call('SCAN', at, 'MATCH', stem .. '*', 'COUNT', 1000)
    for _, key in ipairs(found[2]) do visit(key) end
    at = found[1]
  until at == '0'
end
"""
"""Begins a script that visits all keys with a stem; it holds up Redis meanwhile."""
_CLEAR_REPLIES = f"""{EACH_KEY}
local removed = 0
each_key(KEYS[2], function(key) removed = removed + redis.call('DEL', key) end)
local of = redis.call('HINCRBY', KEYS[1], '', 1)
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], '', of)
return removed
"""
