"""Opens the account that a command works with: the user's own, or a made-up one of the embedded stand-in."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import replace

import httpx2 as httpx
from tinylytics_tools.access import ApiKey
from tinylytics_tools.api import Account
from tinylytics_tools.wire import build_wire, network, open_store
from tinylytics_tools.writes.record import WriteRecord

from tinylytics_mcp.misuse import Misuse
from tinylytics_mcp.settings import MEANT_FOR_THE_DEMO, Settings, read_settings
from tinylytics_mcp.terminal import say
from tinylytics_mcp.version import PROGRAM, VERSION

STATE_FILE = "state.sqlite3"
NOBODY = "no-key"
"""Whose requests those without a key are."""


def settings_for(environment: Mapping[str, str], *, demo: bool) -> Settings:
    """The settings, their warnings told on stderr; for the demo those of a made-up account, which takes no key.

    Raises:
        Misuse: a variable cannot mean anything.
    """
    if not demo:
        settings = read_settings(environment)
        for line in settings.warnings:
            say(line)
        return settings
    from tinylytics_mcp.standin import FULL_ACCESS_KEY  # only the demo needs the stand-in

    heeded = {name: value for name, value in environment.items() if name in MEANT_FOR_THE_DEMO}
    return replace(read_settings(heeded), key=ApiKey(FULL_ACCESS_KEY))


@asynccontextmanager
async def open_account(settings: Settings, *, demo: bool, cached: bool = True) -> AsyncGenerator[Account]:
    """The account, closed at the end. `cached`: whether stored answers are used again.

    The demo keeps nothing outside of memory and sends nothing over a network.

    Raises:
        Misuse: the environment names a proxy that cannot be used.
    """
    reads, writes = _standin() if demo else _network(settings.base_url)
    fingerprint = settings.key.fingerprint if settings.key else NOBODY
    with closing(open_store(None if demo else settings.state_dir / STATE_FILE)) as store:
        account = Account(
            settings.key,
            wire=build_wire(reads, writes, store=store, fingerprint=fingerprint, cache=cached),
            base_url=settings.base_url,
            access=settings.access,
            preferences=settings.preferences,
            user_agent=f"{PROGRAM}/{VERSION}",
            writes=WriteRecord(store.file, owner=f"{fingerprint} {settings.base_url}"),
        )
        try:
            yield account
        finally:
            await account.aclose()


def _standin() -> tuple[httpx.AsyncBaseTransport, httpx.AsyncBaseTransport]:
    from tinylytics_mcp.standin import Standin  # only the demo needs the stand-in

    transport = httpx.ASGITransport(app=Standin())
    return transport, transport


def _network(base_url: str) -> tuple[httpx.AsyncBaseTransport, httpx.AsyncBaseTransport]:
    try:
        return network(base_url)
    except ValueError as error:
        raise Misuse(str(error)) from None
