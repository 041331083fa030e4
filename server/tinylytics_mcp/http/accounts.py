"""Keeps a server object for each account being served, up to a limit."""

from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from time import monotonic
from weakref import WeakValueDictionary

import anyio
from anyio.abc import TaskGroup, TaskStatus
from mcp.server.auth.middleware.auth_context import AuthContextMiddleware
from mcp.server.request_state import RequestStateSecurity
from mcp.server.subscriptions import InMemorySubscriptionBus
from starlette.routing import Router
from starlette.types import ASGIApp
from tinylytics_tools.access import Access
from tinylytics_tools.client import Client

from tinylytics_mcp.http.auth import Caller
from tinylytics_mcp.http.limits import Limits
from tinylytics_mcp.http.settings import HttpSettings
from tinylytics_mcp.server import READ_ONLY_BY_SETTING, create_server
from tinylytics_mcp.version import NAME

OpenClient = Callable[[Caller], AbstractAsyncContextManager[Client]]


class TooManyOpen(Exception):
    """The limit of accounts, sessions or streams is reached."""


class AccountServer:
    """One account's server: its ASGI app, its open requests, and its sessions by id with the time of their last use."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.open_requests = 0
        self.streams = 0
        self.sessions: dict[str, float] = {}
        self.closed = anyio.Event()

    def forget_idle(self, before: float) -> None:
        """Forget sessions last used before a time; the SDK itself closes them."""
        self.sessions = {session: used for session, used in self.sessions.items() if used >= before}

    @property
    def is_idle(self) -> bool:
        """Whether it has no open request and no session."""
        return not self.open_requests and not self.sessions


class Accounts:
    """The account servers of one process, each created at the first request for it."""

    def __init__(
        self, open_client: OpenClient, settings: HttpSettings, limits: Limits, *, sse_only: bool = False
    ) -> None:
        self._open_client = open_client
        self._settings = settings
        self._limits = limits
        self._sse_only = sse_only
        self._servers: OrderedDict[tuple[str, Access | None], AccountServer] = OrderedDict()
        self._buses = WeakValueDictionary[str, InMemorySubscriptionBus]()
        self._lock = anyio.Lock()
        self._tasks: TaskGroup | None = None

    @property
    def servers(self) -> list[AccountServer]:
        """All of them, the least recently used first."""
        return list(self._servers.values())

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[None]:
        """Run the account servers while it is open."""
        async with anyio.create_task_group() as tasks:
            self._tasks = tasks
            try:
                yield
            finally:
                tasks.cancel_scope.cancel()

    async def server_for(self, caller: Caller) -> AccountServer:
        """Return the server of a caller's account.

        Raises:
            TooManyOpen: the limit is reached and none is idle.
        """
        account = self._servers.get(caller.account)
        if account is None:
            async with self._lock:
                account = self._servers.get(caller.account) or await self._create(caller)
        self._servers.move_to_end(caller.account)
        return account

    def forget_idle(self) -> None:
        """Forget sessions that were idle for too long."""
        before = monotonic() - self._limits.session_idle_s
        for account in self._servers.values():
            account.forget_idle(before)

    async def _create(self, caller: Caller) -> AccountServer:
        if self._tasks is None:
            raise RuntimeError("the accounts are not open")
        if len(self._servers) >= self._limits.accounts:
            self._evict_idle()
        account = self._servers[caller.account] = await self._tasks.start(self._run, caller)
        return account

    def _evict_idle(self) -> None:
        self.forget_idle()
        for key, account in self._servers.items():
            if account.is_idle:
                del self._servers[key]
                account.closed.set()
                return
        raise TooManyOpen

    async def _run(self, caller: Caller, *, task_status: TaskStatus[AccountServer]) -> None:
        """Run an account's server until it leaves, in a task of its own as the SDK's session manager requires."""
        async with self._open_client(caller) as client:
            keys = [self._settings.state_key] if self._settings.state_key else None
            audience = f"{NAME} {caller.account[0]}"  # else one account's server would accept state sealed by another's
            state_security = (
                RequestStateSecurity(keys=keys, audience=audience)
                if keys
                else RequestStateSecurity.ephemeral(audience=audience)
            )
            because = READ_ONLY_BY_SETTING if caller.access is None else caller.read_only_because
            bus = self._buses.setdefault(caller.account[0], InMemorySubscriptionBus())  # one for all levels of access
            server = create_server(client, request_state=state_security, bus=bus, read_only_because=because)
            limits, security = self._limits, self._settings.security
            apps = [server.sse_app(transport_security=security, max_request_body_size=limits.body)]
            if not self._sse_only:
                streamable = server.streamable_http_app(
                    transport_security=security,
                    max_request_body_size=limits.body,
                    session_idle_timeout=limits.session_idle_s,
                    max_sessions=limits.sessions_each,
                    stateless_http=self._settings.stateless,
                )
                apps.append(streamable)
            routes = Router([route for app in apps for route in app.router.routes])
            account = AccountServer(AuthContextMiddleware(routes))
            if self._sse_only:
                task_status.started(account)
                await account.closed.wait()
                return
            async with server.session_manager.run():
                task_status.started(account)
                await account.closed.wait()
