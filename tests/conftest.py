"""What every test shares: one event loop backend."""

import pytest


@pytest.fixture
def anyio_backend() -> str:
    """asyncio is what the server is served on."""
    return "asyncio"
