"""What every test shares: one event loop backend, and one Redis for those that need one."""

from collections.abc import Generator

import pytest
from redis_server import MISSING, PROGRAM, running_redis


@pytest.fixture
def anyio_backend() -> str:
    """asyncio is what the server is served on."""
    return "asyncio"


@pytest.fixture(scope="session")
def redis_port(tmp_path_factory: pytest.TempPathFactory) -> Generator[int]:
    """The port of a real Redis; the tests that need it are skipped where there is none."""
    if PROGRAM is None:
        pytest.skip(MISSING)
    with running_redis(tmp_path_factory.mktemp("redis")) as port:
        yield port
