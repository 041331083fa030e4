"""The server ends when it is told to, at once or nearly so, and says nothing odd."""

import json
import os
import signal
import time
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path

import pytest
from support.http_server import ACCEPT, INITIALIZE, META, MODERN
from support.processes import address_told, environment, running

LISTEN = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "subscriptions/listen",
    "params": {"notifications": {"resourceSubscriptions": ["tinylytics://sites"]}, "_meta": META},
}


def sse(connect: Callable[[], HTTPConnection]) -> bytes:
    """An SSE connection, and its first line."""
    connection = connect()
    connection.request("GET", "/sse")
    return connection.getresponse().readline()


def listen(connect: Callable[[], HTTPConnection]) -> bytes:
    """A modern client's listening, and the beginning of what it hears."""
    connection = connect()
    about = {"content-type": "application/json", "mcp-protocol-version": MODERN, "mcp-method": "subscriptions/listen"}
    connection.request("POST", "/mcp", json.dumps(LISTEN), {**ACCEPT, **about})
    return connection.getresponse().readline()


def session(connect: Callable[[], HTTPConnection]) -> bytes:
    """An older client's session with its stream open."""
    opening = connect()
    opening.request("POST", "/mcp", json.dumps(INITIALIZE), {**ACCEPT, "content-type": "application/json"})
    answer = opening.getresponse()
    answer.read()
    connection = connect()
    connection.request("GET", "/mcp", headers={**ACCEPT, "mcp-session-id": answer.headers["mcp-session-id"]})
    return str(connection.getresponse().status).encode()


def nothing(connect: Callable[[], HTTPConnection]) -> bytes:
    """A request that was answered."""
    connection = connect()
    connection.request("GET", "/health")
    return connection.getresponse().read()


@pytest.mark.parametrize(
    ("number", "streams", "within_s"),
    [
        (signal.SIGTERM, (nothing,), 1.0),
        (signal.SIGINT, (nothing,), 1.0),
        (signal.SIGTERM, (sse, listen, session), 5.0),
    ],
    ids=["SIGTERM", "SIGINT", "SIGTERM with open streams"],
)
def test_it_ends_in_time(
    tmp_path: Path,
    number: signal.Signals,
    streams: tuple[Callable[[Callable[[], HTTPConnection]], bytes], ...],
    within_s: float,
) -> None:
    took = end(tmp_path, number, streams)
    busy = os.getloadavg()[0] / (os.cpu_count() or 1)  # what others do here is no fault of the server
    assert took < within_s * max(1.0, 2 * busy)


def end(
    folder: Path, number: signal.Signals, streams: tuple[Callable[[Callable[[], HTTPConnection]], bytes], ...]
) -> float:
    """The seconds that a server with these streams takes to end once it is told to."""
    opened: list[HTTPConnection] = []
    with running("serve", "--demo", "--transport", "http", "--port", "0", env=environment(folder)) as process:
        address = address_told(process).removeprefix("http://")

        def connect() -> HTTPConnection:
            opened.append(HTTPConnection(address, timeout=20))
            return opened[-1]

        assert all(stream(connect) for stream in streams)
        told = time.monotonic()
        process.send_signal(number)
        assert process.wait(timeout=20) == 0
        took = time.monotonic() - told
        assert process.stderr is not None
        assert process.stderr.read() == ""
    for connection in opened:
        connection.close()
    return took
