"""Holds the accounts being served, each with a server object of its own, no more than there is room for."""

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

from tinylytics_mcp.http.auth import READ_ONLY_FOR_CALLER, Caller
from tinylytics_mcp.http.limits import Limits
from tinylytics_mcp.http.settings import HttpSettings
from tinylytics_mcp.server import READ_ONLY_BY_SETTING, create_server
from tinylytics_mcp.version import NAME

OpenAccount = Callable[[Caller], AbstractAsyncContextManager[Client]]


class TooManyOpen(Exception):
    """As many accounts, sessions or streams are open as may be."""


class AccountServer:
    """One account's server: its ASGI app, the requests under way in it, and its sessions by id with their last use."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.under_way = 0
        self.streams = 0
        self.sessions: dict[str, float] = {}
        self.leave = anyio.Event()

    def forget_idle(self, before: float) -> None:
        """Sessions that were used before a moment are closed by the SDK itself."""
        self.sessions = {session: used for session, used in self.sessions.items() if used >= before}

    @property
    def is_empty(self) -> bool:
        """Whether nobody would miss it."""
        return not self.under_way and not self.sessions


class Accounts:
    """The rooms of one process, made when they are first asked for."""

    def __init__(
        self, open_account: OpenAccount, settings: HttpSettings, limits: Limits, *, sse_only: bool = False
    ) -> None:
        self._open_account = open_account
        self._settings = settings
        self._limits = limits
        self._sse_only = sse_only
        self._rooms: OrderedDict[tuple[str, Access | None], AccountServer] = OrderedDict()
        self._buses = WeakValueDictionary[str, InMemorySubscriptionBus]()
        self._making = anyio.Lock()
        self._tasks: TaskGroup | None = None

    @property
    def rooms(self) -> list[AccountServer]:
        """Those there are, the one that was asked for longest ago first."""
        return list(self._rooms.values())

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[None]:
        """Rooms live while it is open."""
        async with anyio.create_task_group() as tasks:
            self._tasks = tasks
            try:
                yield
            finally:
                tasks.cancel_scope.cancel()

    async def room(self, caller: Caller) -> AccountServer:
        """The room of a caller's account.

        Raises:
            TooManyOpen: all are in use.
        """
        room = self._rooms.get(caller.account)
        if room is None:
            async with self._making:
                room = self._rooms.get(caller.account) or await self._make(caller)
        self._rooms.move_to_end(caller.account)
        return room

    def forget_idle(self) -> None:
        """Take account of sessions that nobody used for long."""
        before = monotonic() - self._limits.session_idle_s
        for room in self._rooms.values():
            room.forget_idle(before)

    async def _make(self, caller: Caller) -> AccountServer:
        if self._tasks is None:
            raise RuntimeError("the hall is not open")
        if len(self._rooms) >= self._limits.accounts:
            self._make_place()
        room = self._rooms[caller.account] = await self._tasks.start(self._keep, caller)
        return room

    def _make_place(self) -> None:
        self.forget_idle()
        for account, room in self._rooms.items():
            if room.is_empty:
                del self._rooms[account]
                room.leave.set()
                return
        raise TooManyOpen

    async def _keep(self, caller: Caller, *, task_status: TaskStatus[AccountServer]) -> None:
        """A room from its making to its end, in a task of its own as its session manager wants it."""
        async with self._open_account(caller) as account:
            keys = [self._settings.state_key] if self._settings.state_key else None
            audience = f"{NAME} {caller.account[0]}"  # else one account's server would take what another's sealed
            sealed = (
                RequestStateSecurity(keys=keys, audience=audience)
                if keys
                else RequestStateSecurity.ephemeral(audience=audience)
            )
            because = READ_ONLY_BY_SETTING if caller.access is None else READ_ONLY_FOR_CALLER
            bus = self._buses.setdefault(caller.account[0], InMemorySubscriptionBus())  # one for all levels of access
            server = create_server(account, request_state=sealed, bus=bus, read_only_because=because)
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
            room = AccountServer(AuthContextMiddleware(routes))
            if self._sse_only:
                task_status.started(room)
                await room.leave.wait()
                return
            async with server.session_manager.run():
                task_status.started(room)
                await room.leave.wait()
