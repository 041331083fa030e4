"""Kills at any moment, and a state file that is full, closed, broken, old, new, locked or shared."""

import asyncio
import os
import shutil
import signal
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path
from random import Random

from hosts import KEY, host
from report import Part
from support.kills import kill
from tinylytics_mcp.fake_api import FakeApi
from upstream import Upstream

KILLS = 50
AT_ONCE = 8


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


async def run(*, seed: int, short: bool) -> list[Part]:
    """Kill, break the state, close pipes, and share one file."""
    service = Upstream(FakeApi(hourly_limit=10**9), KEY)
    await service.start()
    parts = [await _kills(seed, 10 if short else KILLS), await _states(service), await _together(service)]
    parts.append(await _ends(service, seed))
    service.stop()
    return parts


async def _kills(seed: int, times: int) -> Part:
    part = Part("kill -9 while writes are recorded")
    with tempfile.TemporaryDirectory() as folder:
        losses = await asyncio.to_thread(kill, Path(folder), times, seed)
    part.ran = losses.kills
    part.counted["writes"] = losses.writes
    part.failures += [f"{losses.sent} sent without an intent"] if losses.sent else []
    part.failures += [f"{losses.told} told without an outcome"] if losses.told else []
    part.failures += [f"{losses.broken} files torn"] if losses.broken else []
    return part


async def _states(service: Upstream) -> Part:
    """Whatever the state is, questions are answered, and what is missing is said or made anew."""
    part = Part("broken state")
    for name, make in STATES.items():
        folder = Path(tempfile.mkdtemp(prefix="state-"))
        make(folder)
        async with host("stdio", service.base_url, TINYLYTICS_STATE_DIR=str(folder)) as at:
            answer, text = await asyncio.wait_for(at.call("list_sites", {}), 30)
            dry = {"site": "456", "path": "/hello", "dry_run": True}
            _, written = await asyncio.wait_for(at.call("create_kudo", dry), 30)
            part.cell(
                name,
                None if answer else f"no answer: {text[:200]}",
                "a trace" if b"Traceback" in at.output or "Traceback" in written else None,
                f"the key is in {leaks}" if (leaks := at.leaks(KEY)) else None,
            )
        _remove(folder)
    return part


def _remove(folder: Path) -> None:
    folder.chmod(0o700)
    shutil.rmtree(folder, ignore_errors=True)


async def _together(service: Upstream) -> Part:
    """Many processes on one file: each answers, and together they count every request."""
    part = Part("processes on one file")
    folder = Path(tempfile.mkdtemp(prefix="shared-"))

    async def ask(number: int) -> None:
        settings = {"TINYLYTICS_STATE_DIR": str(folder), "RELIABILITY_READ_S": "30"}
        async with host("stdio", service.base_url, **settings) as at:
            for _ in range(5):
                answer, text = await asyncio.wait_for(at.call("list_sites", {}), 60)
                part.cell(f"process {number}", None if answer else text[:200])

    await asyncio.gather(*(ask(number) for number in range(AT_ONCE)))
    with sqlite3.connect(folder / "state.sqlite3") as file:
        counted = file.execute("SELECT SUM(LENGTH(value) / 8 - 4) FROM hours").fetchone()[0]
    file.close()
    part.cell("the count", None if counted == 5 * AT_ONCE else f"{counted} requests counted, {5 * AT_ONCE} sent")
    shutil.rmtree(folder, ignore_errors=True)
    return part


async def _ends(service: Upstream, seed: int) -> Part:
    """Signals and pipes that close: the process ends, at once and without a trace."""
    part = Part("ends")
    rng = Random(seed)  # noqa: S311 - moments
    for how in ("SIGTERM", "SIGINT", "stdin closed") * 4:
        async with host("stdio", service.base_url, program=("-m", "tinylytics_mcp")) as at:
            assert at.process.stdin
            call = asyncio.create_task(at.call("list_sites", {}))
            await asyncio.sleep(rng.uniform(0, 2))
            if how.startswith("SIG"):
                os.kill(at.process.pid, getattr(signal, how))
            else:
                at.process.stdin.close()
            try:
                await asyncio.wait_for(at.process.wait(), 10)
                problem = None
            except TimeoutError:
                problem = "it goes on after ten seconds"
            call.cancel()
            await asyncio.gather(call, return_exceptions=True)
            await asyncio.sleep(0.05)
            part.cell(how, problem, "a trace" if b"Traceback" in at.output else None)
    return part
