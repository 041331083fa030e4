"""Measures what a place in the ledger costs, in one process and in eight.

Run it with `python tests/bench/ledger.py`. The clock runs an hour in 900 requests, so the table is as full as it gets.
"""

import multiprocessing
import random
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing.synchronize import Barrier
from pathlib import Path

import anyio
from tinylytics_tools.transport import open_store
from tinylytics_tools.transport.rate_limit import ALLOWED, FOR_READS

MEDIAN_MS, P99_MS = 1.0, 20.0
TIMES = 500
START = datetime(2026, 11, 23, tzinfo=UTC)


@dataclass(frozen=True)
class Case:
    """`pause_s`: mean time between two requests of a process. Each request goes over a network, so none asks without a
    pause; that case shows how processes queue, and has no target."""

    name: str
    processes: int
    pause_s: float

    @property
    def has_target(self) -> bool:
        return self.pause_s > 0


CASES = [
    Case("1 process", 1, 0.01),
    Case("8 processes, 10 ms apart (8 × 100 requests a second)", 8, 0.01),
    Case("8 processes without a pause (no target)", 8, 0.0),
]


def ask(path: Path, case: Case, begin: Barrier) -> list[float]:
    """One process: the seconds that each reservation took."""
    random.seed()

    async def run() -> list[float]:
        count = 0

        def clock() -> datetime:  # all processes together move it by an hour in 900 requests
            nonlocal count
            count += 1
            return START + timedelta(seconds=count * case.processes * 3600 / FOR_READS)

        store = open_store(path)
        key = "0123456789abcdef"
        await store.requests.usage(key, clock)
        took: list[float] = []
        begin.wait()
        for _ in range(TIMES):
            if case.pause_s:
                time.sleep(random.uniform(0, 2 * case.pause_s))  # noqa: S311, ASYNC251 -- a process alone in its loop
            begun = time.perf_counter()
            await store.requests.reserve(key, ALLOWED * 10, clock)
            took.append(time.perf_counter() - begun)
        store.close()
        return took

    return anyio.run(run)


def measure(case: Case) -> list[float]:
    """All reservations of a case, in milliseconds, in order of size."""
    with tempfile.TemporaryDirectory() as directory, multiprocessing.Manager() as manager:
        begin = manager.Barrier(case.processes)
        with multiprocessing.get_context("spawn").Pool(case.processes) as pool:
            results = pool.starmap(ask, [(Path(directory) / "state", case, begin)] * case.processes, chunksize=1)
    return sorted(1000 * seconds for took in results for seconds in took)


def main() -> int:
    """Print the table; 1 where a target is missed."""
    print(f"{'ledger cost a request, ms':54} {'median':>8} {'p99':>8} {'max':>8}  × one process")  # noqa: T201
    missed, alone = False, 0.0
    for case in CASES:
        took = measure(case)
        median, p99 = statistics.median(took), took[len(took) * 99 // 100]
        alone = alone or median
        missed = missed or (case.has_target and (median >= MEDIAN_MS or p99 >= P99_MS))
        print(f"{case.name:54} {median:8.3f} {p99:8.3f} {took[-1]:8.3f} {median / alone:14.1f}")  # noqa: T201
    print(f"target: median < {MEDIAN_MS:g}, p99 < {P99_MS:g}: {'missed' if missed else 'reached'}")  # noqa: T201
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
