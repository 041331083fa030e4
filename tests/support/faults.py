"""A transport that loses, delays, cuts and doubles what goes between a client and its service."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto

import httpx2 as httpx


class Fault(Enum):
    """What can happen to one exchange."""

    NO_CONNECTION = auto()
    """Nothing left."""
    LOST_REQUEST = auto()
    """The request left and never arrived."""
    LOST_ANSWER = auto()
    """It was carried out, and the connection broke."""
    LATE_ANSWER = auto()
    """It was carried out, and the answer came after the deadline."""
    LATE_REQUEST = auto()
    """The deadline passed, and the request arrives later, before one of the next."""
    CUT_ANSWER = auto()
    """Half of the answer, as if it were all."""
    DOUBLED_ANSWER = auto()
    """The answer twice in one."""
    FAILED_AFTERWARDS = auto()
    """It was carried out, and a 502 came back."""
    BUSY = auto()
    """It was not carried out: 503 with a time to come back."""
    BUSY_AFTERWARDS = auto()
    """It was carried out, and 503 with a time to come back came back."""
    TWICE = auto()
    """The request was delivered twice, and the second answer came back."""


@dataclass
class Faulty(httpx.AsyncBaseTransport):
    """Does to each exchange what `plan` says of its request; None lets it pass."""

    inner: httpx.AsyncBaseTransport
    plan: Callable[[httpx.Request], Fault | None]
    late: list[httpx.Request] = field(default_factory=list[httpx.Request])

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Exchange, or fail as planned."""
        await self.deliver_late_ones()
        fault = self.plan(request)
        if fault is Fault.NO_CONNECTION:
            raise httpx.ConnectError("no connection", request=request)
        if fault is Fault.LOST_REQUEST:
            raise httpx.ReadError("the connection broke", request=request)
        if fault is Fault.LATE_REQUEST:
            self.late.append(request)
            raise httpx.ReadTimeout("too late", request=request)
        if fault is Fault.BUSY:
            return _busy(request)
        if fault is Fault.TWICE:
            await self._exchange(request)
        response = await self._exchange(request)
        match fault:
            case Fault.LOST_ANSWER:
                raise httpx.ReadError("the connection broke", request=request)
            case Fault.LATE_ANSWER:
                raise httpx.ReadTimeout("too late", request=request)
            case Fault.FAILED_AFTERWARDS:
                return httpx.Response(502, json={"error": "Bad gateway"}, request=request)
            case Fault.BUSY_AFTERWARDS:
                return _busy(request)
            case Fault.CUT_ANSWER:
                return _with(response, response.content[: len(response.content) // 2])
            case Fault.DOUBLED_ANSWER:
                return _with(response, response.content * 2)
            case _:
                return response

    async def deliver_late_ones(self) -> None:
        """What was held back arrives."""
        while self.late:
            await self._exchange(self.late.pop(0))

    async def _exchange(self, request: httpx.Request) -> httpx.Response:
        again = httpx.Request(request.method, request.url, headers=request.headers, content=request.content)
        response = await self.inner.handle_async_request(again)
        await response.aread()
        response.request = again
        return response


def _busy(request: httpx.Request) -> httpx.Response:
    return httpx.Response(503, headers={"retry-after": "1"}, json={"error": "Busy"}, request=request)


def _with(response: httpx.Response, body: bytes) -> httpx.Response:
    headers = {"content-type": response.headers["content-type"]}
    return httpx.Response(response.status_code, headers=headers, content=body, request=response.request)


def once(method: str, *faults: Fault | None) -> Callable[[httpx.Request], Fault | None]:
    """A plan that does these things to the first requests of a verb, in turn, and lets all others pass."""
    left = iter(faults)
    return lambda request: next(left, None) if request.method == method else None
