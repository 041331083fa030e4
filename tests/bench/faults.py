"""The long form of the fault tests, as a table: `PYTHONPATH=tests uv run python tests/bench/faults.py [writes]`."""

import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import anyio
from support.fault_runs import RATE, Figures, create_kudos, delete_kudos, record_hits, retry_blindly
from support.kills import kill

WRITES, KILLS = 10_000, 500
COLUMNS = "{:<32}{:>8}{:>8}{:>12}{:>14}{:>10}{:>8}"


def main() -> int:
    """Run all, print a line each, and return 1 if anything was doubled, told wrongly, torn or lost."""
    writes = int(sys.argv[1]) if len(sys.argv) > 1 else WRITES
    kills = int(sys.argv[2]) if len(sys.argv) > 2 else KILLS
    _say(f"{RATE:.0%} of all requests fail, at every point of an exchange")
    _say(COLUMNS.format("", "writes", "calls", "duplicates", "told wrongly", "unknown", "s"))
    ours = [
        _line("create_kudo", lambda: create_kudos(writes, seed=11)),
        _line("create_hit", lambda: record_hits(writes, seed=12)),
        _line("delete_kudo", lambda: delete_kudos(writes, seed=13)),
    ]
    _line("kudos, retried blindly", lambda: retry_blindly("kudos", writes, seed=11))
    _line("hits, retried blindly", lambda: retry_blindly("hits", writes, seed=12))
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        losses = kill(Path(folder), kills, seed=14)
    _say(
        f"{losses.kills} times kill -9 over {losses.writes} recorded writes: {losses.sent} sent without an intent, "
        f"{losses.told} told without an outcome, {losses.broken} files torn ({time.monotonic() - began:.0f} s)"
    )
    bad = sum(figures.duplicates + figures.wrong for figures in ours) + losses.sent + losses.told + losses.broken
    return 1 if bad else 0


def _line(name: str, run: Callable[[], Awaitable[Figures]]) -> Figures:
    began = time.monotonic()
    figures = anyio.run(run)
    took = f"{time.monotonic() - began:.0f}"
    _say(COLUMNS.format(name, figures.writes, figures.calls, figures.duplicates, figures.wrong, figures.unknown, took))
    return figures


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
