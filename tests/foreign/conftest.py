"""Finds what npm installed, and serves the made-up account to it."""

import signal
from collections.abc import Generator
from typing import Any

import anyio
import pytest
from foreign import errand
from foreign.npm import MODULES, NODE
from server.processes import address_told, environment, running


@pytest.fixture(scope="session", autouse=True)
def node() -> None:
    """Ends the tests of this folder where they have nothing to run."""
    if not NODE.is_file() or not MODULES.is_dir():
        pytest.skip("the foreign clients and their Node (22.19 or newer) are missing: npm install in tests/foreign")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    """A server of the made-up account on a port, for all tests of a file; it must have nothing to complain of."""
    env = environment(tmp_path_factory.mktemp("served"))
    with running("serve", "--demo", "--transport", "http", "--port", "0", env=env) as process:
        yield address_told(process)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


@pytest.fixture(scope="module")
def ours(address: str) -> dict[str, Any]:
    """What the Python client is told there, by step of the errand."""
    name = "the-python-client"
    return errand.comparable(anyio.run(lambda: errand.done(f"{address}/mcp", name=name)), name=name)
