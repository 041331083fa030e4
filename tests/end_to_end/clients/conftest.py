"""Finds what npm installed, and serves the made-up account to it."""

import signal
from collections.abc import Generator
from typing import Any

import anyio
import pytest
from support import steps
from support.npm import MODULES, NODE
from support.processes import address_told, environment, running


@pytest.fixture(scope="session", autouse=True)
def node() -> None:
    """Ends the tests of this folder where they have nothing to run."""
    if not NODE.is_file() or not MODULES.is_dir():
        pytest.skip("other clients and their Node are missing: npm install in tests/end_to_end/clients")


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
    """What the Python client is told there, by step."""
    name = "the-python-client"
    return steps.comparable(anyio.run(lambda: steps.done(f"{address}/mcp", name=name)), name=name)
