"""The record of writes: committed before, settled after, shared by processes, and without anybody's data."""

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import anyio
import pytest
from support.client import NOW, connect, network_of, record_of
from support.faults import Fault, Faulty, once
from support.writes import WHOLE, add, fake_api, hits, left, verbs
from tinylytics_mcp.fake_api import FULL_ACCESS_KEY
from tinylytics_tools.transport.database import Database
from tinylytics_tools.transport.interface import StoreUnavailable
from tinylytics_tools.writes.record import EVERY, KEPT_S, REPEAT_S, Entry, Outcome, Write, WriteRecord

pytestmark = pytest.mark.anyio

HIT = Write("create_hit", 1, {"path": "/x", "visitor_id": "alice"}, path="/x")


def bytes_in(folder: Path) -> bytes:
    """All that its files hold."""
    return b"".join(path.read_bytes() for path in folder.iterdir())


async def test_the_intent_is_there_before_the_request_leaves(tmp_path: Path) -> None:
    service, file = fake_api(), tmp_path / "state.sqlite"
    site = add(service)
    seen: list[Any] = []

    def look(request: object) -> None:
        if getattr(request, "method", "") == "POST":
            with closing(sqlite3.connect(file)) as other:
                seen.extend(other.execute("SELECT action, path, outcome FROM writes").fetchall())

    async with connect(Faulty(network_of(service), look), writes=record_of(Database(file))) as host:
        await host.answer("create_hit", site=site, path="/x")
    assert seen == [("create_hit", "/x", None)]
    (entry,) = await WriteRecord(Database(file)).latest(limit=9)
    assert (entry.outcome, entry.is_open, entry.result["status"]) == (Outcome.DONE, False, "created")


async def test_an_intent_without_an_outcome_is_unknown() -> None:
    file = Database(None)
    await WriteRecord(file).begin(HIT, 1000.0)
    (entry,) = await WriteRecord(file).latest(limit=9)
    assert (entry.outcome, entry.is_open, entry.at, entry.rows) == (Outcome.UNKNOWN, True, 1000.0, 1)


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (None, "done"),
        (Fault.NO_CONNECTION, "not sent"),
        (Fault.BUSY, "unknown"),
        (Fault.BUSY_AFTERWARDS, "unknown"),
        (Fault.LOST_ANSWER, "unknown"),
        (Fault.CUT_ANSWER, "unknown"),
    ],
)
async def test_each_attempt_is_classed(fault: Fault | None, outcome: str) -> None:
    service, file = fake_api(), Database(None)
    site = add(service)
    async with connect(Faulty(network_of(service), once("POST", fault)), writes=record_of(file)) as host:
        await host.call("create_hit", site=site, path="/x")
    assert [entry.outcome for entry in await WriteRecord(file).latest(limit=9)] == [outcome]


async def test_what_the_service_refuses_is_refused_and_a_wrong_argument_is_no_attempt() -> None:
    service, file = fake_api(), Database(None)
    add(service)
    async with connect(service, key="tly-fa-revoked", writes=record_of(file)) as host:
        await host.call("create_hit", path="/x")
        await host.call("create_hit", path="/x?y")
    assert await WriteRecord(file).latest(limit=9) == []


async def test_neither_key_nor_address_visitor_or_agent_is_in_the_file(tmp_path: Path) -> None:
    service, file = fake_api(), Database(tmp_path / "state.sqlite")
    site = add(service)
    row = WHOLE | {"ip_address": "203.0.113.77", "visitor_id": "alice-4711", "user_agent": "Agent/4712"}
    async with connect(service, writes=record_of(file)) as host:
        await host.answer("create_hit", site=site, **row)
        await host.answer("create_hits", site=site, hits=[row])
    file.close()
    raw = bytes_in(tmp_path)
    assert b"/pricing" in raw
    for secret in (FULL_ACCESS_KEY, "203.0.113.77", "alice-4711", "Agent/4712"):
        assert secret.encode() not in raw


async def test_a_repeat_is_found_by_another_process_and_for_a_minute_only(tmp_path: Path) -> None:
    one, other = (WriteRecord(Database(tmp_path / "state.sqlite")) for _ in range(2))
    first = await one.begin(HIT, 1000.0)
    assert isinstance(first, int)
    await one.end(first, Outcome.DONE, {"status": "created"})
    found = await other.begin(HIT, 1000.0 + REPEAT_S)
    assert isinstance(found, Entry)
    assert (found.id, found.result) == (first, {"status": "created"})
    assert isinstance(await other.begin(HIT, 1000.0 + REPEAT_S, past=EVERY), int)
    assert isinstance(await other.begin(HIT, 1100.0 + 2 * REPEAT_S), int)


async def test_another_body_site_action_or_key_is_no_repeat() -> None:
    file = Database(None)
    record = WriteRecord(file, "one key")
    await record.begin(HIT, 1000.0)
    others = [
        Write("create_hit", 1, {"path": "/x", "visitor_id": "bob"}),
        Write("create_hit", 2, HIT.body),
        Write("create_hits", 1, HIT.body),
    ]
    for write in others:
        assert isinstance(await record.begin(write, 1000.0), int)
    assert isinstance(await WriteRecord(file, "another key").begin(HIT, 1000.0), int)
    assert len(await record.latest(limit=9)) == 5
    assert [entry.id for entry in await record.latest(limit=3)] == [5, 4, 3]


@pytest.mark.parametrize("outcome", [Outcome.REFUSED, Outcome.NOT_SENT])
async def test_what_was_not_stored_may_be_tried_again_at_once(outcome: Outcome) -> None:
    record = WriteRecord(Database(None))
    first = await record.begin(HIT, 1000.0)
    assert isinstance(first, int)
    await record.end(first, outcome)
    assert isinstance(await record.begin(HIT, 1001.0), int)


async def test_old_writes_are_forgotten() -> None:
    file = Database(None)
    record = WriteRecord(file)
    await record.begin(HIT, 1000.0)
    await record.begin(HIT, 1001.0 + KEPT_S)
    assert [entry.at for entry in await WriteRecord(file).latest(limit=9)] == [1001.0 + KEPT_S]


async def test_a_file_that_cannot_be_used_says_so(tmp_path: Path) -> None:
    broken = tmp_path / "state.sqlite"
    broken.write_bytes(b"not a database" * 100)
    with pytest.raises(StoreUnavailable):
        await WriteRecord(Database(broken)).begin(HIT, 1000.0)
    assert broken.read_bytes() == b"not a database" * 100


@pytest.mark.parametrize("tool", ["create_kudo", "create_hit"])
async def test_the_same_call_twice_at_once_over_two_processes_is_stored_once(tmp_path: Path, tool: str) -> None:
    service = fake_api()
    site = add(service)
    results: list[dict[str, Any]] = []
    begun = anyio.Event()

    async def call(*, second: bool) -> None:
        if second:
            await begun.wait()
        async with connect(service, writes=record_of(Database(tmp_path / "state.sqlite"))) as host:
            begun.set()
            results.append(await host.answer(tool, site=site, path="/x"))

    async with anyio.create_task_group() as tasks:
        for second in (False, True):
            tasks.start_soon(lambda second=second: call(second=second))
    assert len(left(service) + hits(service)) == 1
    assert sorted(result["repeated"] for result in results) == [False, True]


async def test_a_repeat_that_waits_for_a_write_which_is_removed_from_the_record_sends_nothing_and_says_so() -> None:
    service, file = fake_api(), Database(None)
    site = add(service)
    first = WriteRecord(file)

    async def remove(_: float) -> None:
        await first.clear()

    async with connect(service, writes=WriteRecord(file, pause=remove)) as host:
        await first.begin(Write("create_hit", int(site), {"path": "/x"}), NOW.timestamp())
        said = await host.error("create_hit", site=site, path="/x")
        assert verbs(host) == []
    assert said.startswith("Nothing was sent, ")
    assert "is not in the record any more" in said


async def test_a_hit_whose_process_died_is_told_as_perhaps_sent_and_not_as_sent() -> None:
    service, file = fake_api(), Database(None)
    site = add(service)
    async with connect(service, writes=record_of(file), clock=lambda: NOW + timedelta(seconds=50)) as host:
        await WriteRecord(file).begin(Write("create_hit", int(site), {"path": "/x"}), NOW.timestamp())
        said = await host.error("create_hit", site=site, path="/x")
        assert verbs(host) == []
    assert "/x was stored: it was perhaps sent once, by the same call 50 s ago. It was not sent again," in said


async def test_a_repeat_waits_for_the_outcome_of_the_first(tmp_path: Path) -> None:
    service = fake_api()
    site = add(service)
    file = tmp_path / "state.sqlite"
    first = WriteRecord(Database(file))
    is_settled = False

    async def settle(_: float) -> None:
        nonlocal is_settled
        if not is_settled:
            is_settled = True
            await first.end(1, Outcome.DONE, {"status": "created", "path": "/x"})

    async with connect(service, writes=WriteRecord(Database(file), pause=settle)) as host:
        write = Write("create_hit", int(site), {"path": "/x"}, path="/x")
        assert await first.begin(write, NOW.timestamp()) == 1
        answer = await host.answer("create_hit", site=site, path="/x")
        assert verbs(host) == []
    assert (answer["repeated"], answer["status"]) == (True, "created")
