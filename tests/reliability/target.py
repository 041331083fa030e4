"""The program with what a run changes about its surroundings.

`RELIABILITY_QUICK`: deadlines of seconds in place of half a minute, so that a service that never answers costs less.
`RELIABILITY_CLOCK`: a file with the seconds by which its clock is wrong. `RELIABILITY_DESCRIPTORS`: how many files and
connections it may have open. `RELIABILITY_STEPS`: the version of its state file, older or newer than this program's.
"""

import asyncio
import os
import resource
import signal
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tinylytics_mcp.cli import main
from tinylytics_tools.client import Client
from tinylytics_tools.transport import build_transport, database
from tinylytics_tools.transport.cache import send

READ_S, WRITE_S = 2.0, 3.0
NEWER_STEP = ("ALTER TABLE hours ADD COLUMN newer TEXT", "CREATE TABLE newer (id INTEGER PRIMARY KEY) STRICT")


def _with_defaults(function: Any, **defaults: Any) -> None:
    function.__kwdefaults__ = {**(function.__kwdefaults__ or {}), **defaults}


def _tell_tasks(_number: int, _frame: object) -> None:
    sys.stderr.write(f"tasks {len(asyncio.all_tasks())}\n")
    sys.stderr.flush()


def _wrong_clock(by: Path) -> None:
    real = time.time
    time.time = lambda: real() + float(by.read_text())
    for function in (Client.__init__, build_transport):
        _with_defaults(function, clock=lambda: datetime.now(UTC) + timedelta(seconds=float(by.read_text())))


if __name__ == "__main__":
    if os.environ.get("RELIABILITY_QUICK"):
        _with_defaults(send, read_s=READ_S, write_s=WRITE_S)
    signal.signal(signal.SIGUSR1, _tell_tasks)
    if by := os.environ.get("RELIABILITY_CLOCK"):
        _wrong_clock(Path(by))
    if descriptors := int(os.environ.get("RELIABILITY_DESCRIPTORS", "0")):
        resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))
    if steps := int(os.environ.get("RELIABILITY_STEPS", "0")):
        database.STEPS = (*database.STEPS, NEWER_STEP)[:steps]
    sys.exit(main())
