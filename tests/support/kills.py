"""Kill a process that records writes at random moments, and count the records that are torn or lost."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

WRITER = Path(__file__).parent / "kill_target.py"
LONGEST_S = 0.03


@dataclass
class Losses:
    """`sent` without an intent in the record, `told` as done without an outcome there, and files that are broken."""

    kills: int
    writes: int
    sent: int = 0
    told: int = 0
    broken: int = 0


def kill(folder: Path, times: int, seed: int) -> Losses:
    """`kill -9` within 30 ms after the first write was told, `times` over; all in one file, which must stay whole."""
    dice = random.Random(seed)  # noqa: S311 - moments, not secrets
    told: set[int] = set()
    broken = 0
    for _ in range(times):
        told |= _one_life(folder, dice.uniform(0.0, LONGEST_S))
        with sqlite3.connect(folder / "state.sqlite") as file:
            broken += file.execute("PRAGMA quick_check").fetchone()[0] != "ok"
        file.close()
    with sqlite3.connect(folder / "state.sqlite") as file:
        rows = dict(file.execute("SELECT id, outcome FROM writes").fetchall())
        broken += file.execute("PRAGMA integrity_check").fetchone()[0] != "ok"
    file.close()
    sent = {int(line) for line in (folder / "service").read_text().splitlines()}
    return Losses(times, len(rows), len(sent - set(rows)), sum(rows.get(number) != "done" for number in told), broken)


def _one_life(folder: Path, seconds: float) -> set[int]:
    """Return the writes that a process reported as done before it was killed."""
    with subprocess.Popen([sys.executable, WRITER, folder], stdout=subprocess.PIPE) as writer:  # noqa: S603 - our own program
        assert writer.stdout is not None
        first = writer.stdout.readline()
        time.sleep(seconds)
        os.kill(writer.pid, signal.SIGKILL)
        rest = writer.stdout.read()
    return {int(line) for line in (first + rest).splitlines(keepends=False)}
