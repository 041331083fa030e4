"""Each fault of the service in reading, creating, and deleting over stdio, HTTP and SSE: a true answer in time."""

import asyncio
import hashlib
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from hosts import KEY, TRANSPORTS, Host, host
from report import Part
from support.client import NOW
from target import READ_S, WRITE_S
from tinylytics_mcp.fake_api import FakeApi
from upstream import FAULTS, HARMLESS, Upstream

GRACE_S = 0.5
LAG_S = 0.2
"""A pause of this machine itself, after which a cell that came late is run once more."""
LOOKED_AGAIN_S = 1.0
"""A kudo whose answer was lost is looked up, and once more after a second."""
MOST_MORE_MB = 32.0
SPARSE = 6
"""In the short form each operation meets one fault of so many, another one than the next operation."""
BLOCK = 500
"""Cells of one process."""
HITS = 37
TO_ANSWER = re.compile(
    r"shows|before|try|give|ask|see|check|set|make|wait|again|later|is not|not known|needs", re.IGNORECASE
)

Check = Callable[["Bench", str, dict[str, Any] | None, str], list[str | None]]
Ask = Callable[[Host, "Bench", str], Awaitable[tuple[dict[str, Any] | None, str]]]


@dataclass
class Bench:
    """An account at a service that can fail."""

    service: Upstream
    site: int

    def stored(self, table: str, path: str) -> int:
        """How many rows there are of a path."""
        query = f"SELECT COUNT(*) FROM {table} WHERE path = ?"  # noqa: S608 - names of this file
        return self.service.api.connection.execute(query, (path,)).fetchone()[0]


@dataclass(frozen=True)
class Operation:
    """What is asked, which request fails, and how long it may take."""

    ask: Ask
    fails: Callable[[str, str], bool]
    seconds: float
    check: Check


async def _read(at: Host, bench: Bench, _path: str) -> tuple[dict[str, Any] | None, str]:
    return await at.call("rank_traffic", {"site": str(bench.site), "dimension": "device"})


def _check_read(_bench: Bench, _path: str, answer: dict[str, Any] | None, _text: str) -> list[str | None]:
    if answer is None or answer["hits"] == HITS:
        return [None]
    is_told = not answer["complete"] or any("add" in note or "counts" in note for note in answer["notes"])
    return [None if is_told else f"{answer['hits']} hits told as complete, there are {HITS}"]


async def _create(at: Host, bench: Bench, path: str) -> tuple[dict[str, Any] | None, str]:
    return await at.call("create_kudo", {"site": str(bench.site), "path": path, "custom_uid": path.replace("/", "-")})


async def _batch(at: Host, bench: Bench, path: str) -> tuple[dict[str, Any] | None, str]:
    hits = [{"path": f"{path}/{number}"} for number in range(3)]
    return await at.call("create_hits", {"site": str(bench.site), "hits": hits})


async def _delete(at: Host, bench: Bench, path: str) -> tuple[dict[str, Any] | None, str]:
    uid = path.replace("/", "-")
    row = {"site_id": bench.site, "uid": uid, "path": path, "created_at": int(NOW.timestamp()) - 60}
    bench.service.api.connection.execute(
        f"INSERT INTO kudos ({', '.join(row)}) VALUES (?, ?, ?, ?)",  # noqa: S608 - names of this file
        tuple(row.values()),
    )
    first, text = await at.call("delete_kudo", {"site": str(bench.site), "uid": uid})
    if first is None:
        return None, f"no code: {text}"
    return await at.call("delete_kudo", {"site": str(bench.site), "uid": uid, "confirm": first["code"]})


def _check_create(table: str, paths: Callable[[str], list[str]]) -> Check:
    def check(bench: Bench, path: str, answer: dict[str, Any] | None, text: str) -> list[str | None]:
        stored = [bench.stored(table, one) for one in paths(path)]
        problems: list[str | None] = []
        if max(stored) > 1:
            problems.append(f"stored {max(stored)} times")
        told = text.lower()
        if answer is not None and set(stored) != {1} and "not known" not in told and answer["complete"]:
            problems.append(f"told as done, stored {stored}: {text[:120]}")
        if (
            answer is None
            and any(stored)
            and ("nothing was" in told or "was not sent" in told or "no kudo was" in told)
        ):
            problems.append(f"told as not done, stored {stored}: {text[:120]}")
        return problems

    return check


def _check_delete(bench: Bench, path: str, answer: dict[str, Any] | None, text: str) -> list[str | None]:
    left = bench.stored("kudos", path)
    if answer is not None and answer["complete"] and left and "not known" not in text:
        return [f"told as deleted and still there: {text[:120]}"]
    if answer is None and not left and ("nothing was" in text.lower() or "is still there" in text):
        return [f"told as kept and gone: {text[:120]}"]
    return [None]


OPERATIONS = {
    "read": Operation(_read, lambda method, target: method == "GET" and "/hits" in target, READ_S, _check_read),
    "create": Operation(
        _create,
        lambda method, target: method == "POST" and "/kudos" in target,
        WRITE_S + LOOKED_AGAIN_S,
        _check_create("kudos", lambda path: [path]),
    ),
    "batch": Operation(
        _batch,
        lambda method, target: method == "POST" and "/batch" in target,
        WRITE_S,
        _check_create("hits", lambda path: [f"{path}/{number}" for number in range(3)]),
    ),
    "delete": Operation(_delete, lambda method, _target: method == "DELETE", WRITE_S + LOOKED_AGAIN_S, _check_delete),
}


def _bench() -> Bench:
    api = FakeApi(hits=0, hourly_limit=10**9)
    api.connection.execute("DELETE FROM sites")
    now = int(time.time())
    site = api.add_site(label="Site", url="https://site.example", created_at=now - 90 * 86_400)
    hits = [
        {"created_at": now - (2 + number % 20) * 86_400, "path": "/", "is_mobile": number % 2} for number in range(HITS)
    ]
    api.add_hits(site, hits)
    return Bench(Upstream(api, KEY), site)


async def run(*, seed: int, short: bool, seeds: int = 20, only: str | None = None) -> list[Part]:
    """Run all cells, a process for each transport at a time; `only` names one cell to run alone."""
    is_short = short and only is None
    times = 1 if is_short else seeds
    runs = (_of_transport(one, seed, times, only, is_short=is_short) for one in TRANSPORTS)
    return list(await asyncio.gather(*runs))


async def _of_transport(transport: str, seed: int, seeds: int, only: str | None, *, is_short: bool) -> Part:
    part = Part(f"service faults over {transport}")
    cells = [
        (f"{transport}/{operation}/{fault}/{number}", operation, fault)
        for number in range(seeds)
        for place, operation in enumerate(OPERATIONS)
        for fault in list(FAULTS)[place % SPARSE if is_short else 0 :: SPARSE if is_short else 1]
    ]
    cells = [cell for cell in cells if only is None or cell[0] == only]
    bench = _bench()
    await bench.service.start()
    for start in range(0, len(cells), BLOCK):
        async with host(transport, bench.service.base_url) as at:
            await at.call("list_sites", {})
            for name, operation, fault in cells[start : start + BLOCK]:
                problems = await _cell(at, bench, name, OPERATIONS[operation], fault, seed)
                part.cell(name, *problems)
                if at.process.returncode is not None:
                    part.failures.append(f"{name}: the process ended: {bytes(at.output[-300:])!r}")
                    break
            part.failures += [f"{transport}: the key is in {place}" for place in at.leaks(KEY)]
    part.counted["hosts that got the key"] = len(bench.service.hosts)
    bench.service.stop()
    return part


@dataclass(frozen=True)
class Asked:
    """What came of a call, and when; `lag_s`: the longest time that this machine did nothing."""

    path: str
    answer: dict[str, Any] | None
    text: str
    took_s: float
    lag_s: float


async def _ask(at: Host, bench: Bench, operation: Operation, name: str) -> Asked:
    path = f"/{hashlib.sha256(name.encode()).hexdigest()[:16]}"
    began, lag = time.monotonic(), asyncio.create_task(_lag())
    try:
        answer, text = await asyncio.wait_for(operation.ask(at, bench, path), operation.seconds + 10)
    finally:
        lag.cancel()
    return Asked(path, answer, text, time.monotonic() - began, await lag)


async def _cell(at: Host, bench: Bench, name: str, operation: Operation, fault: str, seed: int) -> list[str | None]:
    bench.service.rng = Random(f"{seed} {name}")  # noqa: S311 - faults, not secrets
    at.forget_peak()
    before, most_s = at.memory_mb(), operation.seconds + GRACE_S
    bench.service.armed = operation.fails, FAULTS[fault]
    try:
        asked = await _ask(at, bench, operation, f"{seed} {name}")
        if asked.took_s > most_s and asked.lag_s > LAG_S:
            asked = await _ask(at, bench, operation, f"{seed} {name} again")
    except TimeoutError:
        return [f"no answer within {operation.seconds + 10:g} s"]
    except (ConnectionError, OSError) as error:
        return [f"the connection broke: {error!r}"]
    finally:
        bench.service.armed = None
    answer, text, more = asked.answer, asked.text, at.peak_mb() - before
    is_help = 20 <= len(text) <= 600 and TO_ANSWER.search(text)
    problems = [
        *operation.check(bench, asked.path, answer, text),
        f"after {asked.took_s:.1f} s" if asked.took_s > most_s else None,
        f"no help: {text[:200]!r}" if answer is None and not is_help else None,
        f"an error for a harmless answer: {text[:200]}" if answer is None and fault in HARMLESS else None,
        "a trace" if "Traceback" in text or b"Traceback" in at.output[-4000:] else None,
        "the key is in the answer" if KEY in text or KEY in str(answer) else None,
        f"{more:.0f} MB more" if more > MOST_MORE_MB else None,
    ]
    at.end_of_the_hour()  # else the pause that a 429 or 503 asks for would go on
    following, said = await asyncio.wait_for(at.call("list_sites", {}), 10)
    return [*problems, None if following else f"the next call fails: {said[:200]}"]


async def _lag() -> float:
    worst = 0.0
    try:
        while True:
            began = time.monotonic()
            await asyncio.sleep(0.02)
            worst = max(worst, time.monotonic() - began - 0.02)
    except asyncio.CancelledError:
        return worst
