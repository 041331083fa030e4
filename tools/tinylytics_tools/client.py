"""The one way to ask Tinylytics something: a typed call of an endpoint, counted, with every failure in one tree."""

import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

import anyio
import httpx2 as httpx
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.resolve import Resolve
from pydantic import ValidationError

from tinylytics_tools import failures
from tinylytics_tools.access import Access, ApiKey
from tinylytics_tools.answer import Answer
from tinylytics_tools.endpoint import Endpoint
from tinylytics_tools.errors import KeyNotAccepted, OutcomeUnknown
from tinylytics_tools.finished import Finished
from tinylytics_tools.replies import Reply
from tinylytics_tools.transport import Transport
from tinylytics_tools.transport.call_stats import Asked, Purpose, report_of, requests_sent
from tinylytics_tools.transport.database import Database
from tinylytics_tools.transport.spent import note
from tinylytics_tools.writes.interface import Writes
from tinylytics_tools.writes.record import WriteRecord

R = TypeVar("R", bound=Reply)
T = TypeVar("T")
Query = Mapping[str, str | int | None]
Body = dict[str, Any] | list[dict[str, Any]]

Progress = Callable[[float, float | None, str | None], Awaitable[None]]
OnChange = Callable[[Endpoint[Any], int], Awaitable[None]]

MOST_AT_ONCE = 8
"""Requests of one tool call under way at the same time."""
LARGE = 50_000
"""Bytes from which an answer keeps the processor busy for milliseconds."""
FEW = 5
"""Up to so many requests nobody needs to hear of progress."""


@dataclass(frozen=True)
class Preferences:
    """What a question means that does not say it: the user's settings."""

    site: str | None = None
    time_zone: str = "utc"


class Client:
    """One key's way to the service; one for the process, or for each account that it serves.

    `wire` carries every request. `access` can lower what the key may do, never raise it.
    `clock` tells the time in UTC. `writes` is the record of what was written; without one it is kept in memory.
    `on_change` is told the endpoint and the site of each write that changed it, or may have; it must not raise.
    """

    def __init__(
        self,
        key: ApiKey | None,
        *,
        wire: httpx.AsyncBaseTransport,
        base_url: str,
        access: Access | None = None,
        preferences: Preferences = Preferences(),
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        user_agent: str = "tinylytics-mcp",
        writes: Writes | None = None,
    ) -> None:
        of_key = Access.READ_ONLY if key is None else key.access
        self.access = Access.READ_ONLY if access is Access.READ_ONLY else of_key
        self.is_lowered = self.access is not of_key
        self.preferences = preferences
        self.clock = clock
        self.writes: Writes = writes or WriteRecord(Database(None))
        self.on_change: OnChange | None = None
        self.finished = Finished(wire, clock) if isinstance(wire, Transport) else None
        self._key = key
        self._base_url = base_url.rstrip("/")
        self._http = httpx.AsyncClient(
            transport=wire,
            trust_env=False,  # a proxy or .netrc of the environment must not put itself before the wire
            follow_redirects=False,
            timeout=None,  # the wire's deadline bounds the whole call
            headers={"accept": "application/json", "accept-encoding": "identity", "user-agent": user_agent},
        )

    async def send(
        self, endpoint: Endpoint[Any], path: str, query: Query, body: Body | None, purpose: Purpose = Purpose.READ
    ) -> httpx.Response:
        """One request, with the key where the endpoint takes one.

        Raises:
            KeyNotAccepted: no key is configured.
            httpx.TransportError: as the wire raises it.
        """
        headers: dict[str, str] = {}
        if not endpoint.keyless:
            if self._key is None:
                raise KeyNotAccepted(failures.NO_KEY)
            headers["authorization"] = self._key.authorization
        sent = {name: str(value) for name, value in query.items() if value is not None}
        request = self._http.build_request(
            endpoint.method,
            self._base_url + path,
            params=sent or None,
            json=body,
            headers=headers,
            extensions=Asked(endpoint, purpose).extensions,
        )
        on_the_wire = request.url.raw_path.partition(b"?")[0]
        if on_the_wire != httpx.URL(self._base_url).raw_path.rstrip(b"/") + path.encode():
            raise RuntimeError("the path of a request is not its endpoint's template")
        return await self._http.send(request)

    async def tell_change(self, endpoint: Endpoint[Any], path_values: Mapping[str, int | str]) -> None:
        """Tell of a write to a site, if anybody wants to know."""
        if self.on_change is not None:
            await self.on_change(endpoint, int(path_values["site_id"]))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()


class CallContext:
    """What one tool call asks of an account, counted.

    `progress` hears `(answers read, None, words)` where one question takes more than a few requests. `is_alone`: the
    store of answers and counts could not be used.
    """

    def __init__(self, account: Client, progress: Progress | None = None, purpose: Purpose = Purpose.READ) -> None:
        self._account = account
        self._purpose = purpose
        self._progress = progress
        self._slots = anyio.CapacityLimiter(MOST_AT_ONCE)
        self._calls = 0
        self.requests = 0
        self.left: int | None = None
        self.oldest_s: float | None = None
        self.is_alone = False
        self._fresh_s = math.inf
        self.preferences = account.preferences
        self.access = account.access
        self.writes = account.writes

    def now(self) -> datetime:
        """The time in UTC."""
        return self._account.clock()

    async def call(
        self,
        endpoint: Endpoint[R],
        query: Query | None = None,
        *,
        body: Body | None = None,
        looks_up: bool = False,
        **path_values: int | str,
    ) -> R:
        """Ask one endpoint; the reply is complete and of the endpoint's type.

        `looks_up`: whether this finds out what came of a write; then nothing stored answers it.

        Raises:
            TinylyticsError: whichever of the tree fits, see `errors`.
        """
        path = endpoint.fill(**path_values)
        purpose = Purpose.LOOK_UP if looks_up else self._purpose
        try:
            async with self._slots:
                response = await self._account.send(endpoint, path, query or {}, body, purpose)
            if len(response.content) > LARGE:
                await anyio.sleep(0.001)  # lets those who waited for this slot send before it is read
        except httpx.TransportError as error:
            sent = requests_sent(error.request)
            self.requests += sent
            note(requests=sent, cache_hits=0)
            self._fresh_s = 0.0
            failure = failures.of_transport(endpoint, error)
            if isinstance(failure, OutcomeUnknown):
                await self._account.tell_change(endpoint, path_values)
            raise failure from error
        report = report_of(response)
        sent = report.requests > 0
        if endpoint.method != "GET" and not failures.left_all_as_it_was(response, sent=sent):
            await self._account.tell_change(endpoint, path_values)
        self._calls += 1
        if self._progress is not None and self._calls > FEW:
            await self._progress(self._calls, None, f"{self._calls} answers read")
        self.requests += report.requests
        note(requests=report.requests, cache_hits=report.age_s is not None)
        self.is_alone = self.is_alone or report.alone
        self._fresh_s = min(self._fresh_s, report.fresh_s)
        if report.left is not None:
            self.left = report.left
        if report.age_s is not None:
            self.oldest_s = max(self.oldest_s or 0.0, report.age_s)
        failure = failures.of_response(endpoint, response, sent=sent)
        if failure is not None:
            raise failure
        if isinstance(report.reply, endpoint.reply):
            return report.reply
        try:
            return endpoint.reply.model_validate_json(response.content)
        except ValidationError as error:
            raise failures.unexpected(endpoint, failures.places(error)) from None

    async def finish(self, question: str, make: Callable[[], Awaitable[Answer]]) -> Answer:
        """The answer to a question that only reads: made now, or as it was made before while it is as good as new.

        Answers that are not complete are always made anew. A day that ends ends them too: today is part of a question.
        """
        finished = self._account.finished
        generation = None if finished is None else await finished.wire.generation()
        if finished is None or generation is None:
            return await make()
        question = f"{self.now().date()} {question}"
        found = finished.find(question, generation)
        if found is not None:
            answer, self.oldest_s = found
            self.left = (await finished.wire.status()).left_for_reads
            note(requests=0, cache_hits=1)
            return answer.costing(self.costs())
        answer = await make()
        if answer.complete and not self.is_alone and 0 < self._fresh_s < math.inf:
            finished.keep(question, answer, generation, fresh_s=self._fresh_s, oldest_s=self.oldest_s or 0.0)
        return answer

    def costs(self) -> dict[str, int | None]:
        """What the call took so far, as the fields of an answer."""
        stored = None if self.oldest_s is None else round(self.oldest_s)
        return {"requests_used": self.requests, "requests_left": self.left, "stored_s": stored}

    async def gather(self, *questions: Callable[[], Awaitable[T]]) -> list[T]:
        """Ask several things at the same time, at most eight requests under way; answers in the order asked.

        The first failure cancels the others and is raised as it is.
        """
        answers: dict[int, T] = {}

        async def ask(index: int) -> None:
            answers[index] = await questions[index]()

        try:
            async with anyio.create_task_group() as tasks:
                for index in range(len(questions)):
                    tasks.start_soon(ask, index)
        except ExceptionGroup as group:
            first = group.exceptions[0]
            raise first from first.__cause__
        return [answers[index] for index in range(len(questions))]


async def current_api(ctx: Context[Any, Any]) -> CallContext:
    """The API for this tool call: the account is the server's, handed down as its lifespan."""
    return CallContext(_account_of(ctx), ctx.report_progress)


async def writing_api(ctx: Context[Any, Any]) -> CallContext:
    """The API for a tool that writes: all that it asks may use what is kept of the hour for writes."""
    return CallContext(_account_of(ctx), ctx.report_progress, Purpose.WRITE)


def _account_of(ctx: Context[Any, Any]) -> Client:
    account = ctx.request_context.lifespan_context
    if not isinstance(account, Client):
        raise TypeError("the server's lifespan must yield the account")
    return account


CurrentApi = Annotated[CallContext, Resolve(current_api)]
"""A tool's way to ask; the model does not see it."""
WritingApi = Annotated[CallContext, Resolve(writing_api)]
"""The way of a tool that writes."""
