"""What outlives a process: a state file that is broken, shared or of another version, and a Redis that goes away."""

import asyncio
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path

from hosts import Host, host
from jobs import Form, Job
from report import Part
from support.redis_server import MISSING, PROGRAM, running_redis
from tinylytics_mcp.fake_api import FakeApi
from tinylytics_tools.transport.database import STEPS
from tinylytics_tools.transport.redis_store import AWAY_S
from upstream import Upstream

AT_ONCE = 8


def jobs(_form: Form) -> list[Job]:
    """Each is a part of its own."""
    return [_states, _together, _versions, _redis]


def _read_only(folder: Path) -> None:
    (folder / "state.sqlite3").write_bytes(b"")
    (folder / "state.sqlite3").chmod(0o400)
    folder.chmod(0o500)


def _version(number: int) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        with sqlite3.connect(folder / "state.sqlite3") as file:
            file.execute(f"PRAGMA user_version = {number}")
        file.close()

    return make


def _content(data: bytes) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        (folder / "state.sqlite3").write_bytes(data)

    return make


def _link(to: str) -> Callable[[Path], None]:
    return lambda folder: (folder / "state.sqlite3").symlink_to(to)


STATES: dict[str, Callable[[Path], None]] = {
    "no file": lambda _: None,
    "an empty file": _content(b""),
    "no database": _content(b"hello" * 1000),
    "a torn database": _content(b"SQLite format 3\x00" + b"\xff" * 9000),
    "a folder in its place": lambda folder: (folder / "state.sqlite3").mkdir(),
    "a link to nowhere": _link("/nowhere/at/all"),
    "a full disk": _link("/dev/full"),
    "no right to write": _read_only,
    "an older version": _version(1),
    "a newer version": _version(9999),
}


async def _states() -> list[Part]:
    """Whatever the state is, questions are answered, and what is missing is said or made anew."""
    part = Part("broken state")
    service = Upstream(FakeApi(hourly_limit=10**9))
    for name, make in STATES.items():
        folder = Path(tempfile.mkdtemp(prefix="state-"))
        make(folder)
        async with (
            service.serving(),
            host("stdio", service.base_url, settings={"TINYLYTICS_STATE_DIR": str(folder)}) as at,
        ):
            answer, text = await at.call("list_sites", {})
            dry = {"site": "456", "path": "/hello", "dry_run": True}
            _, written = await at.call("create_kudo", dry)
            part.cell(
                name,
                None if answer else f"no answer: {text[:200]}",
                "a trace" if b"Traceback" in at.output or "Traceback" in written else None,
            )
        _remove(folder)
    return [part]


def _remove(folder: Path) -> None:
    folder.chmod(0o700)
    shutil.rmtree(folder, ignore_errors=True)


async def _together() -> list[Part]:
    """Many processes on one file: each answers, and together they count every request."""
    part = Part("processes on one file")
    service, folder = Upstream(FakeApi(hourly_limit=10**9)), Path(tempfile.mkdtemp(prefix="shared-"))

    async def ask(number: int) -> None:
        async with host("stdio", service.base_url, settings={"TINYLYTICS_STATE_DIR": str(folder)}) as at:
            for _ in range(5):
                answer, text = await at.call("list_sites", {})
                part.cell(f"process {number}", None if answer else text[:200])

    async with service.serving():
        await asyncio.gather(*(ask(number) for number in range(AT_ONCE)))
    with sqlite3.connect(folder / "state.sqlite3") as file:
        counted = file.execute("SELECT SUM(LENGTH(value) / 8 - 4) FROM hours").fetchone()[0]
    file.close()
    part.cell("the count", None if counted == 5 * AT_ONCE else f"{counted} requests counted, {5 * AT_ONCE} sent")
    shutil.rmtree(folder, ignore_errors=True)
    return [part]


async def _versions() -> list[Part]:
    """Two versions of the program on one file, one of them running while the other starts: both answer."""
    part = Part("two versions on one file")
    for name, first, second in (
        ("an older one runs", len(STEPS) - 1, len(STEPS)),
        ("a newer one comes", len(STEPS), len(STEPS) + 1),
        ("a newer one was there", len(STEPS) + 1, len(STEPS)),
    ):
        service = Upstream(FakeApi(hourly_limit=10**9))
        folder = tempfile.mkdtemp(prefix="versions-")
        async with service.serving(), AsyncExitStack() as stack:
            both = list[Host]()
            for steps in (first, second):
                settings = {"TINYLYTICS_STATE_DIR": folder, "RELIABILITY_STEPS": str(steps)}
                both.append(await stack.enter_async_context(host("stdio", service.base_url, settings=settings)))
                for number, at in enumerate(both):
                    part.cell(f"{name}: {len(both)} run, number {number} is asked", *await _still_works(at, service))
        shutil.rmtree(folder)
    return [part]


async def _still_works(at: Host, service: Upstream) -> list[str | None]:
    """Ask and write: answered, and the write is done once, or not at all and said."""
    kudos = "SELECT COUNT(*) FROM kudos"
    answer, text = await at.call("list_sites", {})
    before = service.api.connection.execute(kudos).fetchone()[0]
    done, said = await at.call("create_kudo", {"site": "456", "path": f"/{before}"})
    more = service.api.connection.execute(kudos).fetchone()[0] - before
    is_told = done is not None or "nothing was" in said.lower() or "was not sent" in said.lower()
    return [
        None if answer else f"no answer: {text[:300]}",
        None if more == (done is not None) else f"{more} kudos more: {said[:300]}",
        None if is_told else f"not said what became of the write: {said[:300]}",
        "a trace" if b"Traceback" in at.output else None,
    ]


async def _redis() -> list[Part]:
    """A Redis that goes away and comes back with nothing in it: answers go on, and writes as soon as it is there."""
    part = Part("a Redis that goes away and comes back empty")
    if PROGRAM is None:
        part.skipped = MISSING
        return [part]
    service = Upstream(FakeApi(hourly_limit=10**9))
    with tempfile.TemporaryDirectory() as folder, ExitStack() as first:
        port = first.enter_context(running_redis(Path(folder)))
        url = {"TINYLYTICS_REDIS_URL": f"redis://127.0.0.1:{port}/0"}
        async with service.serving(), host("http", service.base_url, settings=url) as at:
            part.cell("it is there", *await _still_works(at, service), await _is_writable(at, is_so=True))
            first.close()
            for _ in range(3):
                part.cell("it is away", *await _still_works(at, service), await _is_writable(at, is_so=False))
            with running_redis(Path(folder), port=port):
                await asyncio.sleep(AWAY_S + 0.1)
                part.cell("it is back", *await _still_works(at, service), await _is_writable(at, is_so=True))
    return [part]


async def _is_writable(at: Host, *, is_so: bool) -> str | None:
    done, said = await at.call("create_kudo", {"site": "456", "path": f"/again-{time.monotonic()}"})
    return None if (done is not None) == is_so else f"a write is {'refused' if is_so else 'done'}: {said[:300]}"
