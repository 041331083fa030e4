"""Lets the tests of a store run over each kind of store."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from support.redis_server import KINDS, stores_of
from tinylytics_tools.transport import open_store


@pytest.fixture(params=KINDS)
async def over_each_store(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[None]:
    """What a module opens without a path is a store of each kind in turn; what it opens with one stays a file."""
    async with stores_of(request.param, lambda: request.getfixturevalue("redis_port")) as new_store:

        def opened(path: Path | None, **options: Any) -> Any:
            return new_store() if path is None else open_store(path, **options)

        monkeypatch.setattr(f"{request.node.module.__name__}.open_store", opened)
        yield
