"""The state file is private, shared, and given up on without harm."""

import sqlite3
import stat
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import anyio
import pytest
from support.network import KEY, Clock, contents, empty
from tinylytics_tools.transport import open_store
from tinylytics_tools.transport.database import STEPS, Database, StoreBusy
from tinylytics_tools.transport.interface import StoreUnavailable

pytestmark = pytest.mark.anyio


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "tinylytics.sqlite3"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_file_and_its_companions_are_the_users_alone_from_the_first_moment(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(Path, "chmod")
    store = open_store(path)
    with store.file.transaction() as rows:
        rows.execute("INSERT INTO hours VALUES (?, x'', 1)", (KEY,))
    assert mode(path.parent) == 0o700
    assert {found.name: mode(found) for found in path.parent.iterdir()} == {
        path.name: 0o600,
        f"{path.name}-wal": 0o600,
        f"{path.name}-shm": 0o600,
    }
    store.close()


def test_a_file_that_others_can_read_is_closed_to_them_and_a_directory_that_was_there_is_left_alone(
    path: Path,
) -> None:
    path.parent.mkdir(mode=0o755)
    path.touch(mode=0o644)
    store = open_store(path)
    with store.file.reading():
        assert (mode(path), mode(path.parent)) == (0o600, 0o755)
    store.close()


def test_what_was_committed_is_there_for_the_next_process_and_what_failed_is_not(path: Path) -> None:
    first, second = Database(path), Database(path)
    with first.transaction() as rows:
        rows.execute("INSERT INTO hours VALUES ('kept', x'', 1)")
    with pytest.raises(IndexError), first.transaction() as rows:
        rows.execute("INSERT INTO hours VALUES ('undone', x'', 1)").fetchall()[0]
    with second.reading() as rows:
        assert rows.execute("SELECT fingerprint FROM hours").fetchall() == [("kept",)]
        assert rows.execute("PRAGMA user_version").fetchone() == (len(STEPS),)
    first.close()
    second.close()


def test_threads_take_turns() -> None:
    file = Database(None)
    begun = threading.Barrier(8)

    def work(number: int) -> None:
        begun.wait()
        for at in range(50):
            with file.transaction() as rows:
                rows.execute("INSERT INTO hours VALUES (?, x'', 1)", (f"{number} {at}",))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    with file.reading() as rows:
        assert rows.execute("SELECT count(*) FROM hours").fetchone() == (400,)


def corrupt(path: Path) -> None:
    path.write_bytes(b"no database at all" * 1000)


def torn(path: Path) -> None:
    file = Database(path)
    with file.reading():
        file.close()
    path.write_bytes(path.read_bytes()[:4096] + b"\xff" * (path.stat().st_size - 4096))


def newer(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA user_version = {len(STEPS) + 1}")
    connection.close()


def directory(path: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize("spoil", [corrupt, torn, newer, directory])
async def test_a_file_that_cannot_be_used_is_told_at_each_use_and_left_as_it_is(
    path: Path, spoil: Callable[[Path], None]
) -> None:
    path.parent.mkdir()
    spoil(path)
    before = contents(path.parent)
    store = open_store(path)
    for _ in range(2):
        with pytest.raises(StoreUnavailable, match=r"state file .* cannot be used: "):
            await store.requests.reserve(KEY, 1, Clock())
    assert contents(path.parent) == before


async def test_a_fault_does_not_outlive_its_cause(path: Path) -> None:
    path.parent.mkdir()
    corrupt(path)
    store = open_store(path)
    with pytest.raises(StoreUnavailable):
        await store.requests.reserve(KEY, 1, Clock())
    empty(path.parent)
    assert (await store.requests.reserve(KEY, 1, Clock())).wait_s is None
    store.close()


async def test_a_file_that_was_deleted_is_made_again_so_that_all_processes_count_in_the_same(path: Path) -> None:
    first, second, clock = open_store(path), open_store(path), Clock()
    await first.requests.reserve(KEY, 9, clock)
    empty(path.parent)
    await second.requests.reserve(KEY, 9, clock)
    await first.requests.reserve(KEY, 9, clock)
    assert (await first.requests.usage(KEY, clock)).used == 2
    first.close()
    second.close()


async def test_a_full_disk_is_told_and_nothing_is_half_done(path: Path) -> None:
    store = open_store(path)
    with store.file.reading() as rows:
        rows.execute("PRAGMA max_page_count = 1")  # SQLite's own way to have no room
    with pytest.raises(StoreUnavailable, match="full"), store.file.transaction() as rows:
        rows.executemany("INSERT INTO hours VALUES (?, x'', 1)", [(f"{n:1000}",) for n in range(100)])
    with store.file.reading() as rows:
        assert rows.execute("SELECT count(*) FROM hours").fetchone() == (0,)
    store.close()


async def test_a_locked_file_is_waited_for_while_others_run_and_then_given_up(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tinylytics_tools.transport.database.BUSY_S", 0.005)
    holder, store, clock = Database(path), open_store(path), Clock()
    with holder.transaction():
        assert (await store.requests.usage(KEY, clock)).used == 0  # reading goes on
        with pytest.raises(StoreBusy):
            await store.requests.reserve(KEY, 1, clock)
    assert (await store.requests.reserve(KEY, 1, clock)).wait_s is None
    holder.close()
    store.close()


async def test_a_lock_that_is_given_back_in_time_harms_nobody(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tinylytics_tools.transport.database.BUSY_S", 0.005)
    holder, store = Database(path), open_store(path)
    async with anyio.create_task_group() as tasks:
        with holder.transaction():
            tasks.start_soon(store.requests.reserve, KEY, 1, Clock())
            await anyio.wait_all_tasks_blocked()
    assert (await store.requests.usage(KEY, Clock())).used == 1
    holder.close()
    store.close()


def test_a_row_that_a_table_does_not_take_is_no_fault_of_the_file() -> None:
    with pytest.raises(sqlite3.IntegrityError), Database(None).transaction() as rows:
        rows.execute("INSERT INTO hours VALUES ('none', NULL, 1)")


async def test_a_count_that_cannot_be_read_is_told(path: Path) -> None:
    store = open_store(path)
    for value in (b"odd", bytes(16)):
        with store.file.transaction() as rows:
            rows.execute("INSERT OR REPLACE INTO hours VALUES (?, ?, 1)", (KEY, value))
        with pytest.raises(StoreUnavailable, match="damaged"):
            await store.requests.reserve(KEY, 9, Clock())
    store.close()
