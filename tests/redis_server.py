"""A real Redis on a free port of this computer, for as long as it is needed."""

import shutil
import socket
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

PROGRAM = shutil.which("redis-server")
MISSING = "redis-server is not installed (Debian: apt-get install redis-server)"


@contextmanager
def running_redis(folder: Path, *, port: int = 0) -> Generator[int]:
    """Its port; it keeps nothing on disk. `port` 0 takes a free one."""
    if PROGRAM is None:
        raise RuntimeError(MISSING)
    chosen = port or _free_port()
    command = [PROGRAM, "--port", str(chosen), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:  # noqa: S603 - our own
        try:
            _wait_for(chosen)
            yield chosen
        finally:
            process.kill()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def _wait_for(port: int) -> None:
    end = time.monotonic() + 10
    while time.monotonic() < end:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1) as asking:
                asking.sendall(b"PING\r\n")
                if asking.recv(16) == b"+PONG\r\n":
                    return
        except OSError:
            time.sleep(0.01)  # there is nothing else to wait for
    raise TimeoutError("redis-server did not start")
