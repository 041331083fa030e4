"""Eight processes never send more than the hour's allowance, whoever of them is killed."""

import subprocess
import sys
from pathlib import Path

import pytest
from tinylytics_tools.transport import open_store
from tinylytics_tools.transport.rate_limit import FOR_READS

TESTS = Path(__file__).parents[1]


def begin(path: Path, times: int) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "support.asking_process", str(path), str(times)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, bufsize=0, stdin=pipe, stdout=pipe, cwd=TESTS)  # noqa: S603 -- our own


def lines(process: "subprocess.Popen[bytes]", line: bytes, times: int) -> int:
    assert process.stdout is not None
    return sum(process.stdout.readline() == line for _ in range(times))


@pytest.mark.parametrize("killed", [0, 3])
def test_eight_processes_send_what_is_allowed_and_no_more(tmp_path: Path, killed: int) -> None:
    path = tmp_path / "state"
    # those that are killed would go on asking for ever: none has ended before it is killed
    processes = [begin(path, 10**9 if number < killed else 200) for number in range(8)]
    assert [lines(process, b"ready\n", 1) for process in processes] == [1] * 8
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(b"go\n")
    left = 0
    for number, process in enumerate(processes[:killed]):
        left += lines(process, b"left\n", 20 + number)
        process.kill()
    for process in processes:
        left += process.communicate()[0].count(b"left\n")
    assert [process.returncode == 0 for process in processes] == [False] * killed + [True] * (8 - killed)
    store = open_store(path)
    with store.file.reading() as rows:
        (taken,) = rows.execute("SELECT length(value) / 8 - 4 FROM hours").fetchone()
        assert rows.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    store.close()
    assert taken == FOR_READS
    assert taken - killed <= left <= taken  # one that was killed may have had a place that it did not use
