"""A process may die at any point: no record is torn or lost; the long form is tests/bench/faults.py."""

from pathlib import Path

from support.kills import kill


def test_a_killed_process_leaves_every_record_whole(tmp_path: Path) -> None:
    losses = kill(tmp_path, 6, seed=5)
    assert (losses.sent, losses.told, losses.broken) == (0, 0, 0)
    assert losses.writes > 6
