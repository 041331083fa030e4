"""The record of writes in Redis means what the one in the state file means, for all replicas."""

import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from support.client import NOW, connect, network_of
from support.faults import Fault, Faulty, once
from support.writes import UID, add, agreeing, deleted, fake_api, hits, left, verbs
from tinylytics_mcp.fake_api import FULL_ACCESS_KEY
from tinylytics_tools.access import ApiKey
from tinylytics_tools.transport.database import Database
from tinylytics_tools.transport.interface import StoreUnavailable
from tinylytics_tools.transport.redis_store import PREFIX, RedisLink, RedisStore
from tinylytics_tools.writes.record import EVERY, KEPT_S, REPEAT_S, Entry, Outcome, Write, WriteRecord, Writes
from tinylytics_tools.writes.redis_record import RedisWriteRecord

pytestmark = pytest.mark.anyio

HIT = Write("create_hit", 1, {"path": "/x", "visitor_id": "alice"}, path="/x")
KINDS = ["sqlite", "redis"]
FINGERPRINT = ApiKey(FULL_ACCESS_KEY).fingerprint


class Records:
    """Records of the same place, one for each owner or process that asks."""

    def __init__(self, file: Database | None, link: RedisLink | None) -> None:
        self._file, self._link = file, link

    def __call__(self, owner: str = "") -> Writes:
        if self._link is not None:
            return RedisWriteRecord(self._link, owner)
        assert self._file is not None
        return WriteRecord(self._file, owner)

    async def spoil(self, statement: str, *keys: str) -> None:
        """Change what is stored behind the record's back."""
        if self._link is not None:
            await self._link.run(statement, list(keys))
        elif self._file is not None:
            with self._file.transaction() as rows:
                rows.execute(statement)


@pytest.fixture(params=KINDS)
async def records(request: pytest.FixtureRequest) -> AsyncGenerator[Records]:
    if request.param == "sqlite":
        yield Records(Database(None), None)
        return
    async with redis_link(request.getfixturevalue("redis_port")) as link:
        yield Records(None, link)


@asynccontextmanager
async def redis_link(port: int) -> AsyncGenerator[RedisLink]:
    """A link to an empty database."""
    link = RedisLink(f"redis://127.0.0.1:{port}/1")
    await link.run("redis.call('FLUSHDB')", [])
    yield link
    await link.aclose()


async def begun(record: Writes, write: Write, now: float, *, past: int = 0) -> int:
    """A write that is no repeat."""
    number = await record.begin(write, now, past=past)
    assert isinstance(number, int)
    return number


async def test_a_repeat_is_found_by_another_replica_and_for_a_minute_only(records: Records) -> None:
    one, other = records(), records()
    first = await begun(one, HIT, 1000.0)
    open_entry = await other.begin(HIT, 1000.0 + REPEAT_S)
    assert isinstance(open_entry, Entry)
    assert (open_entry.is_open, open_entry.outcome) == (True, Outcome.UNKNOWN)
    await one.end(first, Outcome.DONE, {"status": "created"})
    found = await other.begin(HIT, 1000.0)
    assert found == Entry(
        first, 1000.0, "create_hit", 1, "/x", None, 1, Outcome.DONE, is_open=False, result={"status": "created"}
    )
    second = await begun(other, HIT, 1000.0 + REPEAT_S, past=EVERY)
    latest = await one.begin(HIT, 1000.0 + REPEAT_S)
    assert isinstance(latest, Entry)
    assert latest.id == second
    await begun(other, HIT, 1001.0 + 2 * REPEAT_S)


@pytest.mark.parametrize("back_s", [1.0, 61.0, 3600.0, 40 * 86_400.0])
async def test_a_repeat_is_found_for_a_minute_after_the_clock_was_set_back(records: Records, back_s: float) -> None:
    record, now = records(), 100 * 86_400.0
    await record.end(await begun(record, HIT, now), Outcome.DONE)
    for seconds in (0.0, REPEAT_S):
        assert isinstance(await record.begin(HIT, now - back_s + seconds), Entry)
    await begun(record, HIT, now - back_s + REPEAT_S + 1)


async def test_an_outcome_that_this_version_does_not_know_is_not_known_and_its_write_not_repeated(
    records: Records,
) -> None:
    record = records()
    number = await begun(record, HIT, 1000.0)
    if isinstance(record, RedisWriteRecord):
        await records.spoil("redis.call('HSET', KEYS[1], 'outcome', 'postponed', 'result', '[')", f"write:{number}")
    else:
        await records.spoil("UPDATE writes SET outcome = 'postponed', result = '['")
    (entry,) = await record.latest(limit=9)
    assert (entry.outcome, entry.is_open, entry.result) == (Outcome.UNKNOWN, False, {})
    assert isinstance(await record.begin(HIT, 1001.0), Entry)


async def test_another_body_site_action_or_key_is_no_repeat(records: Records) -> None:
    await begun(records("one"), HIT, 1000.0)
    for write in (
        Write("create_hit", 1, {"path": "/x", "visitor_id": "bob"}),
        Write("create_hit", 2, HIT.body),
        Write("create_hits", 1, HIT.body),
    ):
        await begun(records("one"), write, 1000.0)
    await begun(records("another"), HIT, 1000.0)


@pytest.mark.parametrize("outcome", [Outcome.REFUSED, Outcome.NOT_SENT])
async def test_what_was_not_stored_may_be_tried_again_at_once_and_hides_nothing_older(
    records: Records, outcome: Outcome
) -> None:
    record = records()
    await record.end(await begun(record, HIT, 1000.0), outcome)
    done = await begun(record, HIT, 1001.0)
    await record.end(done, Outcome.DONE)
    await record.end(await begun(record, HIT, 1002.0, past=EVERY), outcome)
    found = await record.begin(HIT, 1003.0)
    assert isinstance(found, Entry)
    assert found.id == done


@pytest.mark.parametrize("outcome", [Outcome.REFUSED, Outcome.NOT_SENT])
@pytest.mark.parametrize("tool", ["create_hit", "create_kudo"])
async def test_a_write_that_waited_for_one_that_stored_nothing_is_sent_and_never_told_as_unknown(
    records: Records, tool: str, outcome: Outcome
) -> None:
    service = fake_api()
    site = add(service)
    first, second = records(), records()
    number = await begun(first, Write(tool, int(site), {"path": "/x"}, path="/x"), NOW.timestamp())

    async def settle(_: float) -> None:
        await first.end(number, outcome)

    second.pause = settle
    async with connect(service, writes=second) as host:
        answer = await host.answer(tool, site=site, path="/x")
        assert verbs(host) == ["POST"]
    assert (answer["status"], answer["repeated"]) == ("created", False)
    assert len(left(service)) + len(hits(service)) == 1


async def test_the_latest_writes_of_a_kind_are_found_by_site_and_one_by_its_number(records: Records) -> None:
    record = records("one")
    made = [await begun(record, Write("create_kudo", 1, {"uid": uid}, uid=uid), 1000.0) for uid in ("a", "b")]
    made.append(await begun(record, Write("create_kudo", 1, {"uid": "a"}, uid="a"), 1001.0, past=EVERY))
    await begun(records("another"), Write("create_kudo", 1, {"uid": "a"}, uid="a"), 1001.0)
    assert [entry.id for entry in await record.latest(("create_kudo", 1), limit=9)] == made[::-1]
    assert [entry.id for entry in await record.latest(("create_kudo", 1), limit=1)] == [made[2]]
    assert await record.latest(("create_kudo", 2), limit=9) == []
    entry = await record.entry(made[1])
    assert entry is not None
    assert entry.uid == "b"
    assert await record.entry(made[2] + 9) is None


async def test_old_writes_are_forgotten(records: Records) -> None:
    record = records()
    await begun(record, HIT, 1000.0)
    kept = await begun(record, HIT, 1001.0 + KEPT_S)
    assert [entry.id for entry in await record.latest(("create_hit", 1), limit=9)] == [kept]


async def test_the_hash_that_finds_a_repeat_is_forgotten_after_a_minute(redis_port: int) -> None:
    async with redis_link(redis_port) as link:
        record = RedisWriteRecord(link, "one")
        numbers = [await begun(record, HIT, now) for now in (1000.0, 1001.0 + REPEAT_S)]
        kept = [await link.run("return redis.call('HEXISTS', KEYS[1], 'same')", [f"write:{n}"]) for n in numbers]
    assert kept == [0, 1]


async def test_neither_key_nor_address_visitor_or_agent_is_in_redis(redis_port: int) -> None:
    async with redis_link(redis_port) as link:
        await begun(RedisWriteRecord(link, "fingerprint https://tinylytics.test"), HIT, 1000.0)
        dump: Any = await link.run(
            "local all = {} for _, key in ipairs(redis.call('KEYS', '*')) do all[#all + 1] = key"
            " if redis.call('TYPE', key).ok == 'hash' then"
            " for _, v in ipairs(redis.call('HVALS', key)) do all[#all + 1] = v end end end return all",
            [],
        )
    assert any(b"/x" in value for value in dump)
    assert not any(secret in value for value in dump for secret in (b"alice", b"visitor", b"fingerprint"))


SECRET = """
import anyio, sys
from tinylytics_tools.transport.redis_store import RedisLink
from tinylytics_tools.writes.redis_record import RedisWriteRecord

print("ready", flush=True)
sys.stdin.readline()
print(anyio.run(RedisWriteRecord(RedisLink(sys.argv[1]), sys.argv[2]).secret).hex())
"""


async def test_two_processes_that_begin_at_once_sign_with_one_secret_which_is_not_made_anew(redis_port: int) -> None:
    url = f"redis://127.0.0.1:{redis_port}/1"
    async with redis_link(redis_port) as link:
        command, pipe = [sys.executable, "-c", SECRET, url], subprocess.PIPE
        both = [
            subprocess.Popen([*command, owner], stdin=pipe, stdout=pipe, encoding="utf-8")  # noqa: ASYNC220, S603
            for owner in ("one", "another")
        ]
        for process in both:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        told = {process.communicate("go\n", timeout=60)[0].strip() for process in both}
        mine = (await RedisWriteRecord(link, "one").secret()).hex()
    assert told == {mine}
    assert len(bytes.fromhex(mine)) == 32


@pytest.mark.parametrize("fault", [None, Fault.LOST_ANSWER])
async def test_a_kudo_is_made_and_deleted_over_redis_as_over_a_file(redis_port: int, fault: Fault | None) -> None:
    service = fake_api()
    site = add(service)
    async with redis_link(redis_port) as link:

        async def at_once(_: float) -> None:
            return

        record = RedisWriteRecord(link, "one", pause=at_once)
        faulty = Faulty(network_of(service), once("POST", fault))
        async with connect(faulty, writes=record) as host:
            for repeated in (False, True):
                made = await host.answer("create_kudo", site=site, path="/x", custom_uid=UID)
                assert made.get("repeated") is repeated
            assert left(service) == [UID]
            await deleted(host, site=site, uid=UID)
            assert left(service) == []
            again = await host.answer("create_kudo", site=site, path="/x", custom_uid=UID)
            assert (again["repeated"], left(service)) == (False, [UID])


GARBAGE = {
    "a text": "redis.call('DEL', KEYS[1]) redis.call('SET', KEYS[1], 'garbage')",
    "a list": "redis.call('DEL', KEYS[1]) redis.call('RPUSH', KEYS[1], 'garbage', '\\255')",
    "values that are none": """
        local kind = redis.call('TYPE', KEYS[1]).ok
        if kind == 'hash' then
          for _, name in ipairs(redis.call('HKEYS', KEYS[1])) do redis.call('HSET', KEYS[1], name, 'garbage') end
        elseif kind == 'string' then
          redis.call('SET', KEYS[1], '\\255\\0{"garbage"')
        end""",
}


@pytest.mark.parametrize("garbage", GARBAGE)
async def test_garbage_in_redis_costs_the_cache_and_the_writes_and_fails_no_question(
    redis_port: int, garbage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tinylytics_tools.transport.redis_store.AWAY_S", 0.0)
    service = fake_api()
    site = add(service, UID)
    async with redis_link(redis_port) as link:
        record = RedisWriteRecord(link, "one")
        async with connect(service, writes=record, store=RedisStore(link), elicitation=agreeing) as host:
            await host.answer("create_kudo", site=site, path="/x", custom_uid="mine")
            await host.answer("list_kudos", site=site)
            await link.run("redis.call('HSET', KEYS[1], 'since', '1', 'till', '2')", [f"pause:{FINGERPRINT}"])
            keys: list[bytes] = await link.run("return redis.call('KEYS', '*')", [])
            assert len(keys) >= 9
            for key in keys:
                await link.run(GARBAGE[garbage], [key.decode().removeprefix(PREFIX)])
            for tool, arguments in (
                ("list_sites", {}),
                ("list_kudos", {"site": site}),
                ("summarize_traffic", {"site": site}),
            ):
                await host.answer(tool, **arguments)
            for tool, arguments in (
                ("create_hit", {"path": "/y"}),
                ("create_kudo", {"path": "/x", "custom_uid": "mine"}),
                ("delete_kudo", {"uid": UID}),
            ):
                said = (await host.call(tool, site=site, **arguments)).content
                assert "Error executing tool" not in str(said)
    assert len(left(service)) <= 2


async def test_without_redis_nothing_is_written() -> None:
    service = fake_api()
    site = add(service)
    link = RedisLink("redis://127.0.0.1:9")
    async with connect(service, writes=RedisWriteRecord(link, "one")) as host:
        told = await host.error("create_hit", site=site, path="/x")
    assert told.startswith("Nothing was sent, because no write is made without a record of it")
    with pytest.raises(StoreUnavailable):
        await RedisWriteRecord(link, "one").entry(1)
    await link.aclose()
