"""The one way to ask Tinylytics something: a typed call of an endpoint, counted, with every failure in one tree."""

import hmac
import json
import math
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, NamedTuple, TypeVar

import anyio
import httpx2 as httpx
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.resolve import Resolve
from pydantic import ValidationError

from tinylytics_tools import failures
from tinylytics_tools.access import Access, ApiKey
from tinylytics_tools.answer import Costs, Halves
from tinylytics_tools.endpoint import Endpoint
from tinylytics_tools.errors import KeyNotAccepted, OutcomeUnknown, TinylyticsError
from tinylytics_tools.replies import Reply
from tinylytics_tools.transport.cache import Transport, reply_of
from tinylytics_tools.transport.call_stats import CallStats, Purpose, RequestInfo
from tinylytics_tools.transport.database import Database
from tinylytics_tools.transport.rate_limit import Status, was_sent
from tinylytics_tools.writes.record import WriteRecord, Writes

R = TypeVar("R", bound=Reply)
T = TypeVar("T")
Query = Mapping[str, str | int | None]
Body = dict[str, Any] | list[dict[str, Any]]

Progress = Callable[[float, float | None, str | None], Awaitable[None]]
OnChange = Callable[[Endpoint[Any], int], Awaitable[None]]

FEW = 5
"""Up to so many requests nobody needs to hear of progress."""
MOST_ANSWERS_KEPT = 48
"""Answers of one client in memory, 35 kB each where they are long; the one not asked for longest goes first."""


@dataclass(frozen=True)
class Preferences:
    """What a question means that does not say it: the user's settings."""

    site: str | None = None
    time_zone: str = "utc"


class KeptAnswer(NamedTuple):
    """An answer, and what its making took; `generation` is that of the stored replies before the first was asked."""

    halves: Halves
    stats: CallStats
    made_at: float
    generation: int


class Client:
    """One key's way to the service; one for the process, or for each account that it serves.

    `transport` carries every request. `access` can lower what the key may do, never raise it. `clock` tells the time in
    UTC. `writes` is the record of what was written; without one it is kept in memory. `state_key` is shared by servers
    that accept each other's codes; without one those do that share the record. `on_change` is told the endpoint and the
    site of each write that changed it, or may have; it must not raise. `answers` are kept to be used again. `remedies`
    are told in errors about the key.
    """

    def __init__(
        self,
        key: ApiKey | None,
        *,
        transport: Transport,
        base_url: str,
        access: Access | None = None,
        preferences: Preferences = Preferences(),
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        user_agent: str = "tinylytics-mcp",
        writes: Writes | None = None,
        state_key: str | None = None,
        remedies: failures.Remedies = failures.OWN_KEY,
    ) -> None:
        of_key = Access.READ_ONLY if key is None else key.access
        self.access = Access.READ_ONLY if access is Access.READ_ONLY else of_key
        self.is_lowered = access is Access.READ_ONLY
        self.preferences = preferences
        self.clock = clock
        self.writes: Writes = writes or WriteRecord(Database(None))
        self.on_change: OnChange | None = None
        self.transport = transport
        self.answers = OrderedDict[str, KeptAnswer]()
        self.state_key = state_key
        self.remedies = remedies
        self._key = key
        self.base_url = base_url.rstrip("/")
        self._base_path = httpx.URL(self.base_url).raw_path.rstrip(b"/")
        self._headers = {"accept": "application/json", "accept-encoding": "identity", "user-agent": user_agent}

    @property
    def account(self) -> str:
        """Whose data this client reaches: the key's fingerprint, and where."""
        return f"{self._key.fingerprint if self._key else ''} {self.base_url}"

    async def send(
        self, endpoint: Endpoint[Any], path: str, query: Query, body: Body | None, info: RequestInfo | None = None
    ) -> httpx.Response:
        """Send one request, with the key where the endpoint takes one; raise `KeyNotAccepted` where there is none."""
        headers = self._headers
        if not endpoint.keyless:
            if self._key is None:
                raise KeyNotAccepted(self.remedies.no_key)
            headers = {**headers, "authorization": self._key.authorization}
        given = {name: str(value) for name, value in query.items() if value is not None}
        request = httpx.Request(
            endpoint.method,
            self.base_url + path,
            params=given or None,
            json=body,
            headers=headers,
            extensions=info.extensions if info else None,
        )
        if request.url.raw_path.partition(b"?")[0] != self._base_path + path.encode():
            raise RuntimeError("the path of a request is not its endpoint's template")
        return await self.transport.handle_async_request(request)

    async def report_change(self, endpoint: Endpoint[Any], path_values: Mapping[str, int | str]) -> None:
        """Report a write to a site, if anybody wants to know."""
        self.answers.clear()
        if self.on_change is not None:
            await self.on_change(endpoint, int(path_values["site_id"]))

    async def aclose(self) -> None:
        await self.transport.aclose()


class CallContext:
    """What one tool call asks through a client.

    `stats` counts what it took, `answers_read` the answers so far, stored ones among them. `progress` hears
    `(answers read, None, words)` where one question takes more than a few requests. `has_written`: its answer tells of
    a write, of this call or an earlier one.
    """

    def __init__(self, client: Client, stats: CallStats | None = None, progress: Progress | None = None) -> None:
        self.stats = stats or CallStats()
        self.preferences = client.preferences
        self.access = client.access
        self.writes = client.writes
        self._client = client
        self._progress = progress
        self._purpose = Purpose.READ
        self.answers_read = 0
        self.has_written = False

    def for_writing(self) -> "CallContext":
        """Return this, all that it asks from here on using what is kept of the hour for writes."""
        self._purpose = Purpose.WRITE
        return self

    async def sign(self, *facts: Any) -> str:
        """Return 20 hex digits that only a server of this account, with the same state key, makes of these facts;
        raise `StoreUnavailable` where there is no state key, and the record of writes cannot be read."""
        shared = self._client.state_key
        secret = await self.writes.secret() if shared is None else shared.encode()
        signed = json.dumps([self._client.account, *facts])
        return hmac.new(secret, signed.encode(), "sha256").hexdigest()[:20]

    @property
    def requests(self) -> int:
        return self.stats.requests

    def now(self) -> datetime:
        return self._client.clock()

    async def call(
        self,
        endpoint: Endpoint[R],
        query: Query | None = None,
        *,
        body: Body | None = None,
        looks_up: bool = False,
        **path_values: int | str,
    ) -> R:
        """Return the reply of one endpoint, complete and of its type; `looks_up`: whether this finds out what came of
        a write, so that nothing stored answers it. Raise the `TinylyticsError` that fits."""
        path = endpoint.fill(**path_values)
        info = RequestInfo(endpoint, Purpose.LOOK_UP if looks_up else self._purpose, self.stats)
        try:
            response = await self._client.send(endpoint, path, query or {}, body, info)
        except httpx.TransportError as error:
            self.stats.fresh_until = 0.0
            failure = failures.of_transport(endpoint, error, base_url=self._client.base_url)
            if isinstance(failure, OutcomeUnknown):
                self.has_written = True
                await self._client.report_change(endpoint, path_values)
            raise self._told(failure) from error
        is_sent, is_write = was_sent(response), endpoint.method != "GET"
        self.has_written = self.has_written or (is_write and is_sent)
        if is_write and not failures.left_all_as_it_was(response, sent=is_sent):
            await self._client.report_change(endpoint, path_values)
        self.answers_read += 1
        if self._progress is not None and self.answers_read > FEW:
            await self._progress(self.answers_read, None, f"{self.answers_read} answers read")
        failure = failures.of_response(
            endpoint, response, sent=is_sent, base_url=self._client.base_url, remedies=self._client.remedies
        )
        if failure is not None:
            raise self._told(failure)
        reply = reply_of(response)
        if isinstance(reply, endpoint.reply):
            return reply
        try:
            return endpoint.reply.model_validate_json(response.content)
        except ValidationError as error:
            raise self._told(failures.unexpected(endpoint, failures.places(error))) from None

    def _told(self, failure: TinylyticsError) -> TinylyticsError:
        """Return a failure; one before the first write of a call that writes says that nothing was changed."""
        if self._purpose is Purpose.WRITE and not self.has_written:
            failure.args = (f"Nothing was changed. {failure}",)
        return failure

    async def reuse(self, question: str, make: Callable[[], Awaitable[Halves]]) -> Halves:
        """Return the answer to a question that only reads: made now, or before while its replies are as good as new.

        It is gone with any write, through whatever process that shares the store, and with the day; one that is not
        complete is always made anew.
        """
        answers, now = self._client.answers, self.now().timestamp()
        generation = await self._client.transport.generation()
        question = f"{self.now().date()} {question}"
        kept = answers.get(question)
        if kept is not None and kept.generation == generation and kept.made_at <= now < kept.stats.fresh_until:
            self.stats.add_stored(now - kept.made_at + (kept.stats.oldest_s or 0.0), kept.stats.fresh_until)
            answers.move_to_end(question)
            return kept.halves
        halves = await make()
        if halves.answer.complete and generation is not None and now < self.stats.fresh_until < math.inf:
            answers[question] = KeptAnswer(halves, self.stats, now, generation)
            if len(answers) > MOST_ANSWERS_KEPT:
                answers.popitem(last=False)
        return halves

    async def hour(self) -> Status:
        """How much of the hour is used; an answer with this is not kept to be used again."""
        self.stats.fresh_until = 0.0
        return await self._client.transport.status()

    async def costs(self) -> Costs:
        """Return what the call took so far, as the fields of an answer."""
        status = await self._client.transport.status()
        self.stats.store_is_lost = self.stats.store_is_lost or status.lost is not None
        left = status.left_for_reads if self._purpose is Purpose.READ else status.left_for_writes
        stored_s = None if self.stats.oldest_s is None else round(self.stats.oldest_s)
        return {"requests_used": self.stats.requests, "requests_left": left, "stored_s": stored_s}

    async def gather(self, *questions: Callable[[], Awaitable[T]]) -> list[T]:
        """Ask several things at the same time, answers in the order asked; the first failure cancels the others."""
        answers: dict[int, T] = {}

        async def ask(index: int, question: Callable[[], Awaitable[T]]) -> None:
            answers[index] = await question()

        try:
            async with anyio.create_task_group() as tasks:
                for index, question in enumerate(questions):
                    tasks.start_soon(ask, index, question)
        except ExceptionGroup as group:
            first = group.exceptions[0]
            raise first from first.__cause__
        return [answers[index] for index in range(len(questions))]


async def current_api(ctx: Context[Any, Any]) -> CallContext:
    """Return the context of this tool call, which the server made where the call began."""
    found = ctx.request_context.lifespan_context
    if not isinstance(found, CallContext):
        raise TypeError("the server must hand down the context of a call")
    return found


async def writing_api(ctx: Context[Any, Any]) -> CallContext:
    """Return the same for a tool that writes."""
    return (await current_api(ctx)).for_writing()


CurrentApi = Annotated[CallContext, Resolve(current_api)]
"""A tool's way to ask; the model does not see it."""
WritingApi = Annotated[CallContext, Resolve(writing_api)]
"""The way of a tool that writes."""
