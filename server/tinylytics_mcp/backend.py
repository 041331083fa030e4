"""Opens the accounts that a command works with: the user's own, or a made-up one of the embedded stand-in."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager, closing
from dataclasses import dataclass, replace

import httpx2 as httpx
from tinylytics_tools.access import Access, ApiKey
from tinylytics_tools.client import Client
from tinylytics_tools.failures import NO_KEY
from tinylytics_tools.transport import Network, build_transport, open_store
from tinylytics_tools.transport.interface import Store
from tinylytics_tools.writes.interface import Writes
from tinylytics_tools.writes.record import WriteRecord

from tinylytics_mcp.errors import UsageError
from tinylytics_mcp.settings import MEANT_FOR_THE_DEMO, REDIS_URL, Settings, read_settings
from tinylytics_mcp.terminal import say
from tinylytics_mcp.version import PROGRAM, VERSION

STATE_FILE = "state.sqlite3"
NOBODY = "no-key"
"""Whose requests those without a key are."""

Transports = Callable[[], httpx.AsyncBaseTransport]
"""Makes the network of a client."""


def settings_for(environment: Mapping[str, str], *, demo: bool) -> Settings:
    """The settings, their warnings told on stderr; for the demo those of a made-up account, which takes no key.

    Raises:
        UsageError: a variable cannot mean anything.
    """
    if not demo:
        settings = read_settings(environment)
        for line in settings.warnings:
            say(line)
        return settings
    from tinylytics_mcp.fake_api import FULL_ACCESS_KEY  # only the demo needs the stand-in

    heeded = {name: value for name, value in environment.items() if name in MEANT_FOR_THE_DEMO}
    return replace(read_settings(heeded), key=ApiKey(FULL_ACCESS_KEY))


def say_no_key() -> None:
    """Tell on stderr what a server without a key is good for."""
    say(f"{NO_KEY} Until then every question is answered with this.")


@dataclass(frozen=True)
class Backend:
    """What all accounts of a process share: the store, and how the service is reached."""

    settings: Settings
    transports: Transports
    store: Store
    writes: Callable[[str], Writes]
    """The record of writes of an owner."""
    cached: bool = True

    @asynccontextmanager
    async def account(
        self, key: ApiKey | None, *, access: Access | None = None, cached: bool = True
    ) -> AsyncGenerator[Client]:
        """The account of a key, closed at the end; `access` lowers what the key may do, as the settings may."""
        fingerprint = key.fingerprint if key else NOBODY
        base_url = self.settings.base_url
        account = Client(
            key,
            transport=build_transport(
                self.transports(), store=self.store, fingerprint=fingerprint, cache=self.cached and cached
            ),
            base_url=base_url,
            access=self.settings.access or access,
            preferences=self.settings.preferences,
            user_agent=f"{PROGRAM}/{VERSION}",
            writes=self.writes(f"{fingerprint} {base_url}"),
        )
        try:
            yield account
        finally:
            await account.aclose()


@asynccontextmanager
async def open_backend(settings: Settings, *, demo: bool, cached: bool = True) -> AsyncGenerator[Backend]:
    """The backend with its store open. `cached`: whether stored answers are used again.

    The demo keeps nothing outside of memory and sends nothing over a network.

    Raises:
        UsageError: the environment names a proxy or a Redis that cannot be used.
    """
    transports = _fake_api() if demo else _network(settings.base_url)
    if settings.redis_url is not None and not demo:
        async with _redis(settings.redis_url) as (store, writes):
            yield Backend(settings, transports, store, writes, cached)
        return
    with closing(open_store(None if demo else settings.state_dir / STATE_FILE)) as store:
        yield Backend(settings, transports, store, lambda owner: WriteRecord(store.file, owner), cached)


@asynccontextmanager
async def open_account(settings: Settings, *, demo: bool, cached: bool = True) -> AsyncGenerator[Client]:
    """The one account that the settings are of; as `open_backend` otherwise."""
    async with (
        open_backend(settings, demo=demo, cached=cached) as backend,
        backend.account(settings.key) as account,
    ):
        yield account


@asynccontextmanager
async def _redis(url: str) -> AsyncGenerator[tuple[Store, Callable[[str], Writes]]]:
    try:
        from tinylytics_tools.transport.redis_store import RedisLink, RedisStore  # an optional dependency
        from tinylytics_tools.writes.redis_record import RedisWriteRecord
    except ImportError:
        raise UsageError(f"{REDIS_URL} is set, and the package redis is missing: install {PROGRAM}[redis].") from None
    try:
        link = RedisLink(url)
    except ValueError:
        raise UsageError(f"{REDIS_URL} is not an address such as redis://127.0.0.1:6379/0.") from None
    async with aclosing(link):
        yield RedisStore(link), lambda owner: RedisWriteRecord(link, owner)


def _fake_api() -> Transports:
    from tinylytics_mcp.fake_api import FakeApi  # only the demo needs the stand-in

    transport = httpx.ASGITransport(app=FakeApi())
    return lambda: transport


def _network(base_url: str) -> Transports:
    def transports() -> httpx.AsyncBaseTransport:
        try:
            return Network(base_url)
        except ValueError as error:
            raise UsageError(str(error)) from None

    return transports
