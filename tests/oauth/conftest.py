"""One server with OAuth for each test that asks for it."""

from collections.abc import AsyncGenerator

import pytest
from support.oauth import Browser, OAuthServed, oauth_serving


@pytest.fixture
async def server() -> AsyncGenerator[OAuthServed]:
    """A server whose state is in memory."""
    async with oauth_serving() as served:
        yield served


@pytest.fixture
async def browser(server: OAuthServed) -> AsyncGenerator[Browser]:
    """A person's browser."""
    async with server.browser() as opened:
        yield opened
