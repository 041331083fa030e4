"""Start the program in a process of its own, as hosts and people do."""

import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mcp import StdioServerParameters

START = [sys.executable, "-P", "-m", "tinylytics_mcp"]
NOBODY_LISTENS = "http://127.0.0.1:9/api/v1"
"""A base URL at which no request can be answered."""


@dataclass(frozen=True)
class Finished:
    """How a run ended."""

    status: int
    out: str
    err: str


def environment(folder: Path, **settings: str) -> dict[str, str]:
    """Return the environment of this process with these settings only, and all state in a folder of the test."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TINYLYTICS_")}
    state = {"TINYLYTICS_STATE_DIR": str(folder / "state"), "XDG_STATE_HOME": str(folder / "state of the user")}
    return {**kept, **state, **settings}


def state_left(folder: Path) -> list[Path]:
    """Return the state files of a program that ran in this `environment`."""
    return list(folder.glob("state*"))


def finished(*arguments: str, env: dict[str, str], given: str = "") -> Finished:
    """Run the program to its end, with `given` on its input."""
    done = subprocess.run(  # noqa: S603 - our own program
        [*START, *arguments], env=env, input=given, capture_output=True, encoding="utf-8", timeout=120, check=False
    )
    return Finished(done.returncode, done.stdout, done.stderr)


@contextmanager
def running(*arguments: str, env: dict[str, str], descriptors: int | None = None) -> Generator[subprocess.Popen[str]]:
    """The program while it runs, its three streams open; killed at the end if it still does.

    `descriptors`: how many files and connections it may have open.
    """
    pipe = subprocess.PIPE
    limited = [] if descriptors is None else ["sh", "-c", f'ulimit -n {descriptors}; exec "$@"', "sh"]
    process = subprocess.Popen(  # noqa: S603 - our own program
        [*limited, *START, *arguments], env=env, stdin=pipe, stdout=pipe, stderr=pipe, encoding="utf-8"
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def address_told(process: "subprocess.Popen[str]") -> str:
    """Return the address that a server prints on stderr once it listens."""
    assert process.stderr is not None
    line = process.stderr.readline()
    assert "http://" in line, line + process.stderr.read()
    return "http://" + line.partition("http://")[2].split("/")[0].strip()


def as_a_host_starts_it(*arguments: str, env: dict[str, str]) -> StdioServerParameters:
    """Return the same program for the SDK's client."""
    return StdioServerParameters(command=START[0], args=[*START[1:], *arguments], env=env)
