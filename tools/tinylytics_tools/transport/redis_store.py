"""Where the wire of several machines keeps what outlives a request: one Redis, shared by all replicas."""

import json
import math
import secrets
import zlib
from collections.abc import Generator
from contextlib import contextmanager, suppress
from time import monotonic
from typing import Any

from redis.asyncio import ConnectionPool, Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from tinylytics_tools.transport.interface import (
    FIRST_PAUSE_S,
    HOUR_S,
    KEPT_AFTER_END_S,
    LONGEST_GROWN_S,
    Clock,
    Found,
    Place,
    Replies,
    Requests,
    Store,
    StoredReply,
    StoreUnavailable,
    Usage,
    pause_length_s,
)

PREFIX = "tinylytics-mcp:1:"
CONNECT_S, ANSWER_S = 1.0, 2.0
AWAY_S = 2.0
"""After a fault Redis is not asked again for so long: a dead network would else hold up each question many times."""


@contextmanager
def readable() -> Generator[None]:
    """What Redis holds may be garbage: what cannot be read in here raises `StoreUnavailable`."""
    try:
        yield
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError, zlib.error) as error:
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
    """A sorted set of times a key, and its pause. Clocks are treated as in `SqliteRequests`."""

    def __init__(self, link: RedisLink) -> None:
        self._link = link

    async def reserve(self, fingerprint: str, most: int, clock: Clock, *, in_outage: bool = False) -> Place:
        now = clock().timestamp()
        until, refused_before = await self._link.run(
            _RESERVE,
            [*_keys(fingerprint), "accounts"],
            now,
            now - HOUR_S,
            most,
            secrets.token_hex(8),
            fingerprint,
            int(in_outage),
        )
        with readable():
            if until is None:
                return Place(wait_s=None, since=now, refused_before=bool(refused_before))
            kind, _, moment = until.decode().partition(" ")
            wait_s = float(moment) - now + (HOUR_S if kind == "full" else 0.0)
            return Place(wait_s, now, refused_before=bool(refused_before), is_outage=kind == "outage")

    async def refused(
        self, fingerprint: str, asked_s: float | None, sent: float, clock: Clock, *, is_outage: bool
    ) -> float:
        now = clock().timestamp()
        asked = "" if asked_s is None else pause_length_s(asked_s, 1, is_outage=is_outage)
        until = await self._link.run(
            _REFUSED, _keys(fingerprint)[1:], now, float(sent), asked, FIRST_PAUSE_S, LONGEST_GROWN_S, int(is_outage)
        )
        with readable():
            return float(until) - now

    async def answered(self, fingerprint: str, sent: float) -> None:
        await self._link.run(_ANSWERED, _keys(fingerprint)[1:], float(sent))

    async def usage(self, fingerprint: str, clock: Clock) -> Usage:
        now = clock().timestamp()
        used, until, oldest = await self._link.run(_USAGE, _keys(fingerprint), f"({now - HOUR_S!r}")
        with readable():
            first = min(now, float(oldest[1])) if oldest else None
            return Usage(int(used), first, 0.0 if until is None else max(0.0, float(until) - now))

    async def clear(self, fingerprint: str) -> int:
        return await self._link.run(_CLEAR_REQUESTS, [*_keys(fingerprint), "accounts"], fingerprint)


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


def _keys(fingerprint: str) -> list[str]:
    return [f"requests:{fingerprint}", f"pause:{fingerprint}"]


def _reply_keys(fingerprint: str) -> list[str]:
    return [f"generations:{fingerprint}", f"reply:{fingerprint}:"]


_RESERVE = """
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[2])
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. ARGV[1], '+inf')) do
  redis.call('ZADD', KEYS[1], ARGV[1], id)
end
local stem = string.sub(KEYS[1], 1, -1 - #ARGV[5])
for _, idle in ipairs(redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', '(' .. ARGV[2], 'LIMIT', 0, 2)) do
  redis.call('DEL', stem .. idle)
  redis.call('ZREM', KEYS[3], idle)
end
redis.call('ZADD', KEYS[3], ARGV[1], ARGV[5])
local now = tonumber(ARGV[1])
local pause = redis.call('HMGET', KEYS[2], 'since', 'till', 'outage')
local refused = pause[1] and 1 or 0
if pause[1] then
  local since, till, outage = tonumber(pause[1]), tonumber(pause[2]), pause[3] == '1'
  if since > now then
    till = now + till - since
    redis.call('HSET', KEYS[2], 'since', ARGV[1], 'till', string.format('%.17g', till))
  end
  if till > now and not (outage and ARGV[6] == '1') then
    return {(outage and 'outage ' or 'pause ') .. string.format('%.17g', till), 1}
  end
end
local used, most = redis.call('ZCARD', KEYS[1]), tonumber(ARGV[3])
if used >= most then
  return {'full ' .. redis.call('ZRANGE', KEYS[1], used - most, used - most, 'WITHSCORES')[2], refused}
end
redis.call('ZADD', KEYS[1], ARGV[1], ARGV[4])
return {false, refused}
"""
_CLEAR_REQUESTS = """
local counted = redis.call('ZCARD', KEYS[1])
redis.call('DEL', KEYS[1], KEYS[2])
redis.call('ZREM', KEYS[3], ARGV[1])
return counted
"""
_REFUSED = """
local now, sent = tonumber(ARGV[1]), tonumber(ARGV[2])
local pause = redis.call('HMGET', KEYS[1], 'since', 'till', 'refusals', 'outage')
local since, till, refusals = tonumber(pause[1] or 0), tonumber(pause[2] or 0), tonumber(pause[3] or 0)
local outage = pause[4] or ARGV[6]
if not (sent <= since and since <= now) then
  since, refusals = now, refusals + 1
end
local takes = tonumber(ARGV[3]) or math.min(tonumber(ARGV[4]) * 2 ^ (refusals - 1), tonumber(ARGV[5]))
if till <= now + takes then
  till, outage = now + takes, ARGV[6]
end
till, since = string.format('%.17g', till), string.format('%.17g', since)
redis.call('HSET', KEYS[1], 'since', since, 'till', till, 'refusals', math.min(refusals, 30), 'outage', outage)
return till
"""
_ANSWERED = """
local since = redis.call('HGET', KEYS[1], 'since')
if since and tonumber(since) < tonumber(ARGV[1]) then redis.call('DEL', KEYS[1]) end
"""
_USAGE = """
local oldest = redis.call('ZRANGEBYSCORE', KEYS[1], ARGV[1], '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
return {redis.call('ZCOUNT', KEYS[1], ARGV[1], '+inf'), redis.call('HGET', KEYS[2], 'till'), oldest}
"""
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
