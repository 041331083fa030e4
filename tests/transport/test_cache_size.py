"""The cache keeps the file within its bound, and drops first what nobody asked for longest."""

import random
from pathlib import Path

import pytest
from support.network import KEY, Clock
from tinylytics_tools.transport import SqliteStore, open_store
from tinylytics_tools.transport.interface import StoredReply

pytestmark = pytest.mark.anyio

BOUND = 400_000
_random = random.Random(1)  # noqa: S311 -- bytes that do not pack


async def keep(store: SqliteStore, name: str, clock: Clock, size: int = 10_000, lives_s: float = 60.0) -> None:
    now = clock().timestamp()
    reply = StoredReply("application/json", _random.randbytes(size), now, now + lives_s)
    generation = (await store.replies.find(KEY, name, now)).generation
    await store.replies.keep(KEY, name, reply, generation)


async def has(store: SqliteStore, name: str, clock: Clock) -> bool:
    return (await store.replies.find(KEY, name, clock().timestamp())).reply is not None


def size_of(path: Path) -> int:
    return path.stat().st_size


async def test_the_file_stays_within_its_bound_whatever_is_kept(tmp_path: Path) -> None:
    store, clock, path = open_store(tmp_path / "state", largest_file=BOUND), Clock(), tmp_path / "state"
    for number in range(200):
        await keep(store, str(number), clock)
        clock.move(1)
    assert await has(store, "199", clock)
    assert not await has(store, "0", clock)
    store.close()
    assert BOUND / 2 < size_of(path) < BOUND * 1.1


async def test_what_was_asked_for_lately_stays(tmp_path: Path) -> None:
    store, clock = open_store(tmp_path / "state", largest_file=BOUND), Clock()
    await keep(store, "often", clock, lives_s=1e6)
    for number in range(100):
        await keep(store, str(number), clock)
        clock.move(61)
        assert await has(store, "often", clock)
    store.close()


async def test_an_answer_larger_than_the_bound_is_not_kept() -> None:
    store, clock = open_store(None, largest_file=BOUND), Clock()
    await keep(store, "large", clock, size=BOUND)
    assert not await has(store, "large", clock)
    await keep(store, "small", clock)
    assert await has(store, "small", clock)


async def test_an_answer_a_week_past_its_end_is_deleted_when_another_is_kept() -> None:
    store, clock = open_store(None), Clock()
    await keep(store, "old", clock)
    clock.move(7 * 86_400 + 60)
    await keep(store, "new", clock)
    assert await has(store, "old", clock)
    clock.move(1)
    await keep(store, "new", clock)
    assert not await has(store, "old", clock)


async def test_bodies_are_packed() -> None:
    store, clock = open_store(None), Clock()
    body = b'{"path": "/hello", "country": "DE"},' * 1000
    now = clock().timestamp()
    await store.replies.keep(KEY, "page", StoredReply("application/json", body, now, now), 0)
    with store.file.reading() as rows:
        assert rows.execute("SELECT length(body) FROM replies").fetchone()[0] < len(body) / 10
    assert (await store.replies.find(KEY, "page", now)).reply == StoredReply("application/json", body, now, now)


async def test_the_same_address_is_kept_once() -> None:
    store, clock = open_store(None), Clock()
    for _ in range(3):
        await keep(store, "page", clock)
    with store.file.reading() as rows:
        assert rows.execute("SELECT count(*) FROM replies").fetchone() == (1,)
