"""Start the program in a process of its own, as hosts and people do."""

import contextlib
import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
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


def in_terminal(*arguments: str, env: dict[str, str], columns: int = 80, typed: str = "") -> Finished:
    """Run the program to its end in a terminal of its own, where `typed` is typed; `out` is all that is shown."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    kept = {name: value for name, value in env.items() if name not in ("COLUMNS", "LINES", "NO_COLOR")}
    with subprocess.Popen(  # noqa: S603 - our own program
        [*START, *arguments], env={"TERM": "xterm", **kept}, stdin=theirs, stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        os.write(ours, typed.encode())
        shown = b""
        with contextlib.suppress(OSError):  # the terminal's other end is closed
            while part := os.read(ours, 65_536):
                shown += part
        os.close(ours)
    return Finished(process.returncode, shown.decode().replace("\r\n", "\n"), "")


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


@contextmanager
def replicas(
    folder: Path, redis: str, *, host: str = "127.0.0.1", **settings: str
) -> Generator[list["subprocess.Popen[str]"]]:
    """Two servers over HTTP, on free ports, that share a Redis and a made-up Tinylytics."""
    with ExitStack() as started:
        fake_api = started.enter_context(running("fake-api", "--port", "0", env=environment(folder)))
        base_url = f"{address_told(fake_api)}/api/v1"
        env = environment(folder, TINYLYTICS_BASE_URL=base_url, TINYLYTICS_REDIS_URL=redis, **settings)
        command = ("serve", "--transport", "http", "--host", host, "--port", "0")
        yield [started.enter_context(running(*command, env=env)) for _ in range(2)]
