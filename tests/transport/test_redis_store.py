"""What only a Redis has: replicas that share it, and the times at which it is away."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic

import anyio
import pytest
from support.network import KEY, OTHER_KEY, Clock, answer, get, network, post, stats_of, statuses
from support.redis_server import MISSING, PROGRAM, running_redis
from tinylytics_tools.transport import build_transport
from tinylytics_tools.transport.interface import StoredReply, StoreUnavailable
from tinylytics_tools.transport.rate_limit import FOR_READS, WITHOUT_STORE
from tinylytics_tools.transport.redis_store import AWAY_S, PREFIX, RedisLink, RedisStore

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def links(port: int, *, many: int) -> AsyncGenerator[list[RedisLink]]:
    """Links of as many replicas, the Redis emptied before."""
    opened = [RedisLink(f"redis://127.0.0.1:{port}") for _ in range(many)]
    try:
        await opened[0].run("redis.call('FLUSHALL')", [])
        yield opened
    finally:
        for link in opened:
            await link.aclose()


async def keys(link: RedisLink) -> set[str]:
    """All that Redis holds, without our prefix."""
    found: list[bytes] = await link.run("return redis.call('KEYS', '*')", [])
    return {key.decode().removeprefix(PREFIX) for key in found}


async def test_replicas_send_what_is_allowed_together_and_no_more(redis_port: int) -> None:
    async with links(redis_port, many=4) as replicas:
        left = network(answer())
        wires = [build_transport(left, store=RedisStore(link), fingerprint=KEY, cache=False) for link in replicas]
        async with anyio.create_task_group() as tasks:
            for wire in wires:
                tasks.start_soon(statuses, wire, [get()] * 250)
        assert len(left.asked) == FOR_READS
        assert [(await wire.status()).left_for_reads for wire in wires] == [0] * 4
        for wire in wires:
            await wire.aclose()


async def test_what_one_replica_stored_another_gives_and_what_one_forgot_none_gives(redis_port: int) -> None:
    async with links(redis_port, many=2) as replicas:
        asked = network()
        here, there = (build_transport(asked, store=RedisStore(link), fingerprint=KEY) for link in replicas)
        assert (await here.handle_async_request(get())).json() == {"n": 1}
        again = get()
        assert (await there.handle_async_request(again)).json() == {"n": 1}
        assert stats_of(again).requests == 0
        await there.handle_async_request(post())
        assert (await here.handle_async_request(get())).json() == {"n": 3}


async def test_only_stored_answers_may_be_dropped_by_a_redis_that_is_full(redis_port: int) -> None:
    async with links(redis_port, many=1) as (link,):
        store, clock = RedisStore(link), Clock()
        await store.requests.reserve(KEY, 9, clock)
        await store.requests.refused(KEY, None, 0.0, clock, is_outage=False)
        await store.replies.forget(KEY, frozenset({"a"}))
        await store.replies.keep(KEY, "a?b", StoredReply("application/json", b"{}", 0.0, 60.0), 1)
        mortal: list[bytes] = await link.run(
            "local all = {} for _, key in ipairs(redis.call('KEYS', '*')) do"
            " if redis.call('TTL', key) >= 0 then all[#all + 1] = key end end return all",
            [],
        )
        assert [key.decode().removeprefix(PREFIX) for key in mortal] == [f"reply:{KEY}:1 a?b"]
        assert await keys(link) == {
            f"reply:{KEY}:1 a?b",
            f"hour:{KEY}",
            f"generations:{KEY}",
            "hours",
        }


async def test_a_key_that_nobody_uses_any_more_leaves_no_requests_behind(redis_port: int) -> None:
    async with links(redis_port, many=1) as (link,):
        store, clock = RedisStore(link), Clock()
        await store.requests.reserve(KEY, 9, clock)
        clock.move(3601)
        await store.requests.reserve(OTHER_KEY, 9, clock)
        assert await keys(link) == {f"hour:{OTHER_KEY}", "hours"}


@pytest.mark.skipif(PROGRAM is None, reason=MISSING)
async def test_a_redis_that_goes_away_is_never_wrong_and_one_that_comes_back_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = network()
    with running_redis(tmp_path) as port:
        link = RedisLink(f"redis://127.0.0.1:{port}")
        wire = build_transport(asked, store=RedisStore(link), fingerprint=KEY)
        first = get()
        await wire.handle_async_request(first)
        assert not stats_of(first).store_is_lost
    alone = get()
    assert (await wire.handle_async_request(alone)).json() == {"n": 2}
    assert stats_of(alone).store_is_lost
    reads = [get(f"/sites/{number}/hits") for number in range(WITHOUT_STORE)]
    assert (await statuses(wire, reads)).count(200) == WITHOUT_STORE - 1
    status = await wire.status()
    assert (status.left_for_reads, status.left_for_writes) == (0, 0)
    assert status.lost == "Redis cannot be used now"
    with running_redis(tmp_path, port=port):
        assert (await wire.status()).lost is not None  # not asked again at once
        monkeypatch.setattr("tinylytics_tools.transport.redis_store.monotonic", lambda: monotonic() + AWAY_S)
        assert (await wire.status()).lost is None
    await link.aclose()


async def test_a_password_in_the_url_is_told_to_nobody() -> None:
    link = RedisLink("redis://:secret@127.0.0.1:9/0")
    with pytest.raises(StoreUnavailable) as told:
        await RedisStore(link).requests.usage(KEY, Clock())
    assert str(told.value) == "Redis cannot be used now (ConnectionError)"
    await link.aclose()
