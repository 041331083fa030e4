"""Opens the API clients that a command uses: of the user's own account, or of the embedded fake API."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager, closing
from dataclasses import dataclass, replace

import httpx2 as httpx
from tinylytics_tools import sanitize
from tinylytics_tools.access import Access, ApiKey
from tinylytics_tools.client import Client
from tinylytics_tools.failures import NO_KEY, OWN_KEY, Remedies
from tinylytics_tools.transport import Network, build_transport, open_store
from tinylytics_tools.transport.interface import Store, StoreUnavailable
from tinylytics_tools.writes.record import WriteRecord, Writes

from tinylytics_mcp.errors import CommandError, UsageError
from tinylytics_mcp.settings import REDIS_URL, USED_BY_DEMO, Settings, read_settings
from tinylytics_mcp.terminal import say
from tinylytics_mcp.version import PROGRAM, VERSION

STATE_FILE = "state.sqlite3"
NO_KEY_OWNER = "no-key"
"""The owner of requests without a key."""

Transports = Callable[[], httpx.AsyncBaseTransport]
"""Makes the network of a client."""


def settings_for(environment: Mapping[str, str], *, demo: bool) -> Settings:
    """Return the settings and print their warnings; for the demo those of the made-up account, which needs no key."""
    if not demo:
        settings = read_settings(environment)
        for line in settings.warnings:
            say(line)
        return settings
    from tinylytics_mcp.fake_api import FULL_ACCESS_KEY  # only the demo needs it

    used = {name: value for name, value in environment.items() if name in USED_BY_DEMO}
    return replace(read_settings(used), key=ApiKey(FULL_ACCESS_KEY))


def say_no_key() -> None:
    """Print on stderr what a server without a key answers."""
    say(f"{NO_KEY} Until then every question is answered with this.")


@dataclass(frozen=True)
class Backend:
    """What all clients of a process share: the store, and the transports to the service."""

    settings: Settings
    transports: Transports
    store: Store
    writes: Callable[[str], Writes]
    """Returns the record of writes of an owner."""
    cached: bool = True
    remedies: Remedies = OWN_KEY

    def record(self, key: ApiKey | None) -> Writes:
        """Return the record of the writes of a key to this service."""
        return self.writes(f"{_fingerprint(key)} {self.settings.base_url}")

    def open(self, key: ApiKey | None, *, access: Access | None = None, cached: bool = True) -> Client:
        """Return a client with a key, to be closed; `access` lowers what the key may do."""
        fingerprint = _fingerprint(key)
        return Client(
            key,
            transport=build_transport(
                self.transports(), store=self.store, fingerprint=fingerprint, cache=self.cached and cached
            ),
            base_url=self.settings.base_url,
            access=self.settings.access or access,
            preferences=self.settings.preferences,
            user_agent=f"{PROGRAM}/{VERSION}",
            writes=self.record(key),
            state_key=self.settings.state_key,
            remedies=self.remedies,
        )


def _fingerprint(key: ApiKey | None) -> str:
    return key.fingerprint if key else NO_KEY_OWNER


@asynccontextmanager
async def open_backend(settings: Settings, *, demo: bool, cached: bool = True) -> AsyncGenerator[Backend]:
    """Open the store and yield the backend; `cached` says whether stored replies are used again.

    The demo keeps everything in memory and sends nothing over a network. A proxy or a Redis of the environment that
    cannot be used is a UsageError.
    """
    transports = _fake_api() if demo else _network(settings.base_url)
    if settings.redis_url is not None and not demo:
        async with _redis(settings.redis_url) as (store, writes):
            yield Backend(settings, transports, store, writes, cached)
        return
    with closing(open_store(None if demo else settings.state_dir / STATE_FILE)) as store:
        yield Backend(settings, transports, store, lambda owner: WriteRecord(store.file, owner), cached)


@asynccontextmanager
async def open_client(settings: Settings, *, demo: bool, cached: bool = True) -> AsyncGenerator[Client]:
    """Open a client with the key of the settings; otherwise as `open_backend`."""
    async with (
        open_backend(settings, demo=demo, cached=cached) as backend,
        aclosing(backend.open(settings.key)) as client,
    ):
        yield client


@asynccontextmanager
async def open_stored(settings: Settings, problem: str) -> AsyncGenerator[Backend]:
    """Open the backend for a command on what is stored; a CommandError begins with `problem` if that cannot be used."""
    try:
        async with open_backend(settings, demo=False) as backend:
            yield backend
    except StoreUnavailable as error:
        raise CommandError(f"{problem}: {sanitize.prose(str(error), cap=200)}.") from None


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
    from tinylytics_mcp.fake_api import FakeApi  # only the demo needs it

    transport = httpx.ASGITransport(app=FakeApi())
    return lambda: transport


def _network(base_url: str) -> Transports:
    def transports() -> httpx.AsyncBaseTransport:
        try:
            return Network(base_url)
        except ValueError as error:
            raise UsageError(str(error)) from None

    return transports
