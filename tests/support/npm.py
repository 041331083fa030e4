"""Runs what npm installed here, in its own Node."""

import os
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).parents[1] / "end_to_end" / "clients"
MODULES = HERE / "node_modules" / "@modelcontextprotocol"
NODE = HERE / "node_modules" / "node" / "bin" / "node"
CONFORMANCE = MODULES / "conformance" / "dist" / "index.js"
INSPECTOR = MODULES / "inspector" / "clients" / "launcher" / "build" / "index.js"


@contextmanager
def started(script: Path, *arguments: str, home: Path) -> Generator[subprocess.Popen[str]]:
    """A script while it runs; what it keeps for its user goes to `home`."""
    pipe = subprocess.PIPE
    process = subprocess.Popen(  # noqa: S603 - our own words
        [str(NODE), str(script), *arguments],
        env={**os.environ, "HOME": str(home), "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        stdout=pipe,
        stderr=pipe,
        encoding="utf-8",
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def output(process: "subprocess.Popen[str]") -> str:
    """What it printed by its end, which must be a good one; it may say nothing on stderr."""
    out, err = process.communicate(timeout=120)
    assert (process.returncode, err) == (0, ""), f"{out[-3000:]}\n{err[-3000:]}"
    return out
