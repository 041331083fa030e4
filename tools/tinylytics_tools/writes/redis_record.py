"""The record of writes of several machines, in the Redis that they share."""

import json
import secrets
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

import anyio

from tinylytics_tools.replies import json_object
from tinylytics_tools.transport.redis_store import EACH_KEY, RedisLink, readable
from tinylytics_tools.writes.record import KEPT_S, REPEAT_S, Entry, Outcome, Write, Writes, outcome_of


class RedisWriteRecord(Writes):
    """The record in Redis. Neither key nor body is kept, and the hash that finds a repeat goes after a minute."""

    def __init__(self, link: RedisLink, owner: str, *, pause: Callable[[float], Awaitable[None]] = anyio.sleep) -> None:
        self._link = link
        self._owner = blake2b(owner.encode(), digest_size=16).hexdigest()
        self.pause = pause

    async def begin(self, write: Write, now: float, *, past: int = 0) -> int | Entry:
        same = json.dumps([self._owner, write.action, write.site_id, write.body], sort_keys=True)
        of_kind = self._index(write.action, write.site_id)
        found = await self._link.run(
            _BEGIN,
            ["write:", "all-writes", "recent-writes", "last-write", "write-secret", of_kind],
            now,
            REPEAT_S,
            KEPT_S,
            blake2b(same.encode(), digest_size=32).digest(),
            secrets.token_bytes(32),
            past,
            json.dumps([now, write.action, write.site_id, write.path, write.uid, write.rows]),
        )
        return found if isinstance(found, int) else _entry(found)

    async def end(self, entry: int, outcome: Outcome, result: dict[str, Any] | None = None) -> None:
        await self._link.run(_END, [f"write:{entry}"], outcome.value, json.dumps(result or {}, ensure_ascii=False))

    async def entry(self, number: int) -> Entry | None:
        found = await self._link.run(_ENTRY, ["write:"], number)
        return None if found[1] is None else _entry(found)

    async def clear(self) -> int:
        return await self._link.run(_CLEAR, ["write:", "all-writes", "recent-writes", f"writes:{self._owner}:"])

    async def latest(self, of_kind: tuple[str, int] | None = None, *, limit: int) -> list[Entry]:
        keys = ["write:", self._index(*of_kind) if of_kind else "all-writes"]
        return [_entry(row) for row in await self._link.run(_NEWEST, keys, limit - 1)]

    async def secret(self) -> bytes:
        return await self._link.run(_SHARED, ["write-secret"], secrets.token_bytes(32))

    def _index(self, action: str, site_id: int) -> str:
        """Return the name of the list of writes of a kind."""
        return f"writes:{self._owner}:{action}:{site_id}"


def _entry(row: list[Any]) -> Entry:
    """Return an entry from its number and the bytes of three fields, those that are not set None."""
    with readable():
        number, told, said, result = row
        at, action, site_id, path, uid, count = json.loads(told)
        datetime.fromtimestamp(at, UTC)  # raises where it is no moment
        outcome = outcome_of(None if said is None else said.decode())
        return Entry(number, at, action, site_id, path, uid, count, outcome, said is None, json_object(result or b"{}"))


_ROW = """
local function row(id)
  local of = redis.call('HMGET', KEYS[1] .. id, 'told', 'outcome', 'result')
  return {tonumber(id), of[1], of[2], of[3]}
end
"""
_BEGIN = f"""{_ROW}
local now, repeats, kept = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local function exactly(number) return string.format('%.17g', number) end
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[3], '(' .. exactly(now), '+inf')) do
  redis.call('ZADD', KEYS[3], exactly(now), id)
end
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', '(' .. exactly(now - repeats))) do
  redis.call('HDEL', KEYS[1] .. id, 'same')
  redis.call('ZREM', KEYS[3], id)
end
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', '(' .. exactly(now - kept), 'LIMIT', 0, 100)) do
  redis.call('ZREM', redis.call('HGET', KEYS[1] .. id, 'of_kind') or '', id)
  redis.call('DEL', KEYS[1] .. id)
  redis.call('ZREM', KEYS[2], id)
end
redis.call('SET', KEYS[5], ARGV[5], 'NX')
local same, past, found = redis.sha1hex(redis.call('GET', KEYS[5]) .. ARGV[4]), tonumber(ARGV[6]), 0
for _, id in ipairs(redis.call('ZRANGE', KEYS[3], 0, -1)) do
  local of = redis.call('HMGET', KEYS[1] .. id, 'same', 'outcome')
  if of[1] == same and of[2] ~= 'not sent' and of[2] ~= 'refused' then found = math.max(found, tonumber(id)) end
end
if found > past then return row(found) end
local id = redis.call('INCR', KEYS[4])
redis.call('HSET', KEYS[1] .. id, 'told', ARGV[7], 'same', same, 'of_kind', KEYS[6])
redis.call('ZADD', KEYS[3], ARGV[1], id)
redis.call('ZADD', KEYS[2], ARGV[1], id)
redis.call('ZADD', KEYS[6], id, id)
return id
"""
_END = """
if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('HSET', KEYS[1], 'outcome', ARGV[1], 'result', ARGV[2]) end
"""
_ENTRY = _ROW + "return row(ARGV[1])"
_SHARED = "redis.call('SET', KEYS[1], ARGV[1], 'NX') return redis.call('GET', KEYS[1])"
_NEWEST = f"""{_ROW}
local rows = {{}}
for _, id in ipairs(redis.call('ZREVRANGE', KEYS[2], 0, ARGV[1])) do rows[#rows + 1] = row(id) end
return rows
"""
_CLEAR = f"""{EACH_KEY}
local removed = 0
each_key(KEYS[4], function(index)
  for _, id in ipairs(redis.call('ZRANGE', index, 0, -1)) do
    removed = removed + redis.call('DEL', KEYS[1] .. id)
    redis.call('ZREM', KEYS[2], id)
    redis.call('ZREM', KEYS[3], id)
  end
  redis.call('DEL', index)
end)
return removed
"""
