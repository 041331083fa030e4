"""Where grants, tokens and codes are kept: the state file, or the Redis that replicas share."""

import time
from sqlite3 import Connection
from typing import TYPE_CHECKING

from tinylytics_tools.transport import SqliteStore
from tinylytics_tools.transport.database import Database
from tinylytics_tools.transport.interface import Store

if TYPE_CHECKING:
    from tinylytics_tools.transport.redis_store import RedisLink


def records_in(store: Store) -> "Records":
    """Return the records of a store."""
    if isinstance(store, SqliteStore):
        return SqliteRecords(store.file)
    from tinylytics_tools.transport.redis_store import RedisStore  # an optional dependency

    if isinstance(store, RedisStore):
        return RedisRecords(store.link)
    raise TypeError("a store is a file or a Redis")


class SqliteRecords:
    """Small values by kind and name, each until a time in seconds since 1970, in a table of the state file.

    Raises (all methods):
        StoreUnavailable: nothing was found or changed.
    """

    def __init__(self, file: Database) -> None:
        self._file = file

    async def get(self, kind: str, name: str) -> bytes | None:
        """Return a value; None where there is none, or its time is over."""
        with self._file.reading() as connection:
            return _value(connection, kind, name, time.time())

    async def swap(self, kind: str, name: str, old: bytes | None, new: bytes | None, until: float = 0.0) -> bool:
        """Put a value in the place of another, None being no value; return whether the old one was there.

        Of all processes that swap the same old value one alone succeeds.
        """
        now = time.time()

        def work(connection: Connection) -> bool:
            if _value(connection, kind, name, now) != old:
                return False
            connection.execute("DELETE FROM oauth WHERE (kind = ? AND id = ?) OR until < ?", (kind, name, now))
            if new is not None:
                connection.execute("INSERT INTO oauth VALUES (?, ?, ?, ?)", (kind, name, new, until))
            return True

        return await self._file.patiently(work)

    async def all(self, kind: str) -> dict[str, bytes]:
        """Return all values of a kind by their name."""
        with self._file.reading() as connection:
            query = "SELECT id, value FROM oauth WHERE kind = ? AND until >= ? ORDER BY rowid"
            return dict(connection.execute(query, (kind, time.time())).fetchall())


class RedisRecords:
    """The same in Redis, which forgets them by itself; where its memory is full, people have to log in again."""

    def __init__(self, link: "RedisLink") -> None:
        self._link = link

    async def get(self, kind: str, name: str) -> bytes | None:
        """See `SqliteRecords`."""
        return await self._link.run("return redis.call('GET', KEYS[1])", [f"oauth:{kind}:{name}"])

    async def swap(self, kind: str, name: str, old: bytes | None, new: bytes | None, until: float = 0.0) -> bool:
        """See `SqliteRecords`."""
        keys = [f"oauth:{kind}:{name}", f"oauth:{kind}"]
        return bool(await self._link.run(_SWAP, keys, old or b"", new or b"", int(until), name, time.time()))

    async def all(self, kind: str) -> dict[str, bytes]:
        """See `SqliteRecords`."""
        found = await self._link.run(_ALL, [f"oauth:{kind}:", f"oauth:{kind}"], time.time())
        return {name.decode(): value for name, value in found}


Records = SqliteRecords | RedisRecords


def _value(connection: Connection, kind: str, name: str, now: float) -> bytes | None:
    query = "SELECT value FROM oauth WHERE kind = ? AND id = ? AND until >= ?"
    row = connection.execute(query, (kind, name, now)).fetchone()
    return None if row is None else row[0]


_SWAP = """
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', '(' .. ARGV[5])
if ARGV[2] == '' then
  redis.call('DEL', KEYS[1])
  redis.call('ZREM', KEYS[2], ARGV[4])
else
  redis.call('SET', KEYS[1], ARGV[2])
  redis.call('EXPIRE', KEYS[1], math.ceil(ARGV[3] - ARGV[5]))  -- whatever the clocks say
  redis.call('ZADD', KEYS[2], ARGV[3], ARGV[4])
end
return 1
"""
_ALL = """
local found = {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], ARGV[1], '+inf')) do
  local value = redis.call('GET', KEYS[1] .. id)
  if value then found[#found + 1] = {id, value} end
end
return found
"""
