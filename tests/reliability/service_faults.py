"""Each fault of the service in reading, creating, and deleting over stdio, HTTP and SSE: a true answer in time."""

import asyncio
import hashlib
import re
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any

from fault_list import FAULTS, HARMLESS
from hosts import TARGET, TRANSPORTS, Host, host
from jobs import Form, Job
from pass_through import PROGRAM, as_ours
from report import Part
from support.client import NOW
from target import READ_S, WRITE_S
from tinylytics_mcp.fake_api import FakeApi
from upstream import Upstream

GRACE_S = 0.5
LANES = 5
"""Servers that a process of this harness asks at once. A cell that comes late beside others is run again alone."""
GIVEN_UP_S = 3.0
"""So long after the deadline a call is given up."""
LOOKED_AGAIN_S = 1.0
"""A kudo whose answer was lost is looked up, and once more after a second."""
MOST_MORE_MB = 32.0
SPARSE = 6
"""In the short form each operation meets one fault of so many, another one than the next operation."""
BLOCK = 360
"""Cells of one job."""
HITS = 37
THROUGH = "through"
"""Over stdio, by the pass-through server."""
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
    return Bench(Upstream(api), site)


def jobs(form: Form) -> list[Job]:
    """All cells in blocks; `only` names one to run alone. The pass-through server is tried once with each fault."""
    is_short = form.is_short and form.only is None
    made = list[Job]()
    for transport in (*TRANSPORTS, THROUGH):
        cells = [
            f"{transport}/{operation}/{fault}/{number}"
            for number in range(1 if is_short or transport == THROUGH else form.seeds)
            for place, operation in enumerate(OPERATIONS)
            for fault in list(FAULTS)[place % SPARSE if is_short else 0 :: SPARSE if is_short else 1]
        ]
        cells = [cell for cell in cells if form.only in (None, cell)]
        Random(form.seed).shuffle(cells)  # noqa: S311 - no block has all that wait
        blocks = [cells[start : start + BLOCK] for start in range(0, len(cells), BLOCK)]
        made += [partial(_block, transport, block, form.seed) for block in blocks]
    return made


async def _block(transport: str, cells: list[str], seed: int) -> list[Part]:
    is_through = transport == THROUGH
    name = "the same through the pass-through server" if is_through else f"service faults over {transport}"
    part, left, late = Part(name, is_compared=is_through), deque(cells), deque[str]()
    await asyncio.gather(*(_lane(transport, left, part, seed, late) for _ in range(min(LANES, len(cells)))))
    if late:
        part.counted["run again alone"] += len(late)
        await _lane(transport, late, part, seed, None)
    return [part]


async def _lane(transport: str, left: deque[str], part: Part, seed: int, late: deque[str] | None) -> None:
    """Run cells in turn before one server, and before a new one where it ends; those that come late are put aside."""
    bench = _bench()
    program = (str(PROGRAM if transport == THROUGH else TARGET),)
    carrier = "stdio" if transport == THROUGH else transport
    async with bench.service.serving():
        while left:
            async with host(carrier, bench.service.base_url, program, settings={"RELIABILITY_QUICK": "1"}) as at:
                if transport == THROUGH:
                    at.call = as_ours(at.call)
                await at.call("list_sites", {})
                problems = dict[str, str]()
                while left and "broken" not in problems and at.process.returncode is None:
                    name = left.popleft()
                    problems = await _cell(at, bench, name, seed, is_again=late is None)
                    if "late" in problems and late is not None:
                        late.append(name)
                        continue
                    part.cell(name, *problems.values())
                    part.counted.update(problems.keys() if part.is_compared else ())


async def _cell(at: Host, bench: Bench, name: str, seed: int, *, is_again: bool) -> dict[str, str]:
    """Return what is wrong, by its kind; nothing if the cell passed."""
    _, kind, rest = name.split("/", 2)
    fault = rest.rpartition("/")[0]
    operation = OPERATIONS[kind]
    path = f"/{hashlib.sha256(f'{seed} {name} {is_again}'.encode()).hexdigest()[:16]}"
    bench.service.rng = Random(f"{seed} {name}")  # noqa: S311 - faults, not secrets
    at.forget_peak()
    before, most_s, began = at.memory_mb(), operation.seconds + GRACE_S, time.monotonic()
    bench.service.armed = operation.fails, FAULTS[fault]
    try:
        answer, text = await asyncio.wait_for(operation.ask(at, bench, path), operation.seconds + GIVEN_UP_S)
    except TimeoutError:
        return {"late": f"no answer within {operation.seconds + GIVEN_UP_S:g} s", "broken": "no more is asked"}
    except (ConnectionError, OSError) as error:
        return {"broken": f"the connection broke: {error!r} {bytes(at.output[-300:])!r}"}
    finally:
        bench.service.armed = None
    took_s, more = time.monotonic() - began, at.peak_mb() - before
    is_help = 20 <= len(text) <= 600 and TO_ANSWER.search(text)
    found = {
        "wrong": "; ".join(filter(None, operation.check(bench, path, answer, text))),
        "late": f"after {took_s:.1f} s" if took_s > most_s else "",
        "without help": f"no help: {text[:200]!r}" if answer is None and not is_help else "",
        "not borne": f"an error for a harmless answer: {text[:200]}" if answer is None and fault in HARMLESS else "",
        "a trace": "a trace" if "Traceback" in text or b"Traceback" in at.output[-4000:] else "",
        "memory": f"{more:.0f} MB more" if more > MOST_MORE_MB else "",
    }
    at.end_of_the_hour()  # else the pause that a 429 or 503 asks for would go on
    try:
        following, said = await asyncio.wait_for(at.call("list_sites", {}), 10)
    except (TimeoutError, ConnectionError) as error:
        following, said = None, repr(error)
    found["broken"] = "" if following else f"the next call fails: {said[:200]}"
    return {kind: problem for kind, problem in found.items() if problem}
