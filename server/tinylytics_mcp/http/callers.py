"""What each caller has open: the client of its account, its requests and sessions, within its limits."""

from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from mcp import MCPError
from mcp.server.auth.middleware.auth_context import auth_context_var
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.types import INTERNAL_ERROR
from tinylytics_tools.client import Client

from tinylytics_mcp.http.auth import Caller
from tinylytics_mcp.http.limits import Limits


class TooManyOpen(Exception):
    """A limit is reached; the caller may try again later."""


@dataclass(eq=False)
class _Account:
    client: Client
    users: int = 0
    used: float = field(default_factory=monotonic)


@dataclass(eq=False)
class Open:
    """What a caller has open: requests, messages being answered, and sessions with the time of their last use."""

    limits: Limits
    requests: int = 0
    messages: int = 0
    sessions: dict[str, float] = field(default_factory=dict[str, float])

    @contextmanager
    def request(self, *, opens_session: bool) -> Generator[None]:
        """Count a request for as long as it runs.

        Raises:
            TooManyOpen: there are as many as there may be, or as many sessions.
        """
        if self.requests >= self.limits.open_each:
            raise TooManyOpen
        if opens_session:
            self.forget_idle()
            if len(self.sessions) >= self.limits.sessions_each:
                raise TooManyOpen
        self.requests += 1
        try:
            yield
        finally:
            self.requests -= 1

    def forget_idle(self) -> None:
        """Forget sessions that the SDK closed for being idle."""
        before = monotonic() - self.limits.session_idle_s
        self.sessions = {session: used for session, used in self.sessions.items() if used >= before}


class User(AuthenticatedUser):
    """A caller as the SDK knows it: sessions, and what it seals, are bound to who and whose account it is."""

    def __init__(self, caller: Caller, client: Client, opened: Open) -> None:
        name = {"name": caller.name or caller.who}
        super().__init__(AccessToken(token="", client_id=caller.who, scopes=[], subject=client.account, claims=name))
        self.client = client
        self.opened = opened


def current_client() -> Client:
    """Return the client of the request that is being served, from the SDK's auth context."""
    return _current_user().client


async def count_messages(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
    """Answer no more messages of a caller at once than it may have requests: SSE takes many by one connection.

    Raises:
        MCPError: there are as many as there may be.
    """
    opened = _current_user().opened
    if ctx.request_id is None:
        return await call_next(ctx)
    if opened.messages >= opened.limits.open_each:
        raise MCPError(code=INTERNAL_ERROR, message="Too many requests are being answered: try again later")
    opened.messages += 1
    try:
        return await call_next(ctx)
    finally:
        opened.messages -= 1


class Callers:
    """All callers of a process. The clients of accounts are opened at first use and shared; idle ones are closed."""

    def __init__(self, open_client: Callable[[Caller], Client], limits: Limits) -> None:
        self._open_client = open_client
        self._limits = limits
        self._accounts = OrderedDict[Any, _Account]()
        self._open: dict[str, Open] = {}

    @asynccontextmanager
    async def user(self, caller: Caller) -> AsyncGenerator[User]:
        """Lend a caller the client of its account.

        Raises:
            TooManyOpen: there are as many as there may be, all in use.
        """
        account = self._accounts.get(caller.account)
        if account is None:
            if len(self._accounts) >= self._limits.accounts:
                await self._close_one()
            account = self._accounts.get(caller.account) or _Account(self._open_client(caller))
            self._accounts[caller.account] = account
        self._accounts.move_to_end(caller.account)
        opened = self._open.setdefault(caller.who, Open(self._limits))
        account.users += 1
        try:
            yield User(caller, account.client, opened)
        finally:
            account.users -= 1
            account.used = monotonic()

    async def forget_idle(self) -> None:
        """Close clients that were idle for long, and forget callers that have nothing open."""
        before = monotonic() - self._limits.account_idle_s
        for key, account in list(self._accounts.items()):
            if not account.users and account.used < before:
                del self._accounts[key]
                await account.client.aclose()
        for who, opened in list(self._open.items()):
            opened.forget_idle()
            if not opened.requests and not opened.messages and not opened.sessions:
                del self._open[who]

    async def aclose(self) -> None:
        """Close all clients."""
        while self._accounts:
            await self._accounts.popitem()[1].client.aclose()

    async def _close_one(self) -> None:
        for key, account in self._accounts.items():  # the one used longest ago first
            if not account.users:
                del self._accounts[key]
                await account.client.aclose()
                return
        raise TooManyOpen


def _current_user() -> User:
    user = auth_context_var.get()
    if not isinstance(user, User):
        raise TypeError("a message is served without its caller")
    return user
