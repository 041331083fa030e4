"""What a request is for, as the client tells the wire, and what the wire tells of it beside its answer."""

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

import httpx2 as httpx

from tinylytics_tools.endpoint import Endpoint
from tinylytics_tools.replies import JsonReply, Reply

_KEY = "tinylytics"
_ASKED = "tinylytics-asked"


class Purpose(Enum):
    """What a request is for, which says how much of the hour it may use."""

    READ = auto()
    WRITE = auto()
    """A write, or something that it must know first: the site it goes to, the kudo it is about."""
    LOOK_UP = auto()
    """Whether a write whose answer does not say so was carried out. Nothing stored answers that."""


@dataclass(frozen=True)
class Asked:
    """The endpoint that a request asks, and what for."""

    endpoint: Endpoint[Any]
    purpose: Purpose = Purpose.READ

    @property
    def extensions(self) -> dict[str, Any]:
        """What an httpx request carries it in."""
        return {_ASKED: self}


def asked_of(request: httpx.Request) -> Asked:
    """What a request is for; one that does not say it reads, or writes, any JSON."""
    asked = request.extensions.get(_ASKED)
    if isinstance(asked, Asked):
        return asked
    return Asked(_ANYTHING, Purpose.READ if request.method == "GET" else Purpose.WRITE)


_ANYTHING = Endpoint("GET", "/", JsonReply)


@dataclass(frozen=True)
class Report:
    """`requests`: how many left for the service. `age_s`: seconds since a stored answer was fetched, else None.
    `left`: requests that remain of this hour, None where nobody counts. `alone`: the store cannot be used, so this
    process counts alone. `fresh_s`: how long the answer stays as good as a new one; 0 where it is not stored. `reply`:
    what the answer says, where it was read already."""

    requests: int = 1
    age_s: float | None = None
    left: int | None = None
    alone: bool = False
    fresh_s: float = 0.0
    reply: Reply | None = field(default=None, compare=False, repr=False)


def attach(response: httpx.Response, report: Report) -> httpx.Response:
    """Put a report on an answer."""
    response.extensions = {**response.extensions, _KEY: report}
    return response


def report_of(response: httpx.Response) -> Report:
    """The report of an answer; a transport that tells nothing has sent one request."""
    report = response.extensions.get(_KEY)
    return report if isinstance(report, Report) else Report()


def start_count(request: httpx.Request) -> None:
    """From here on `count` counts the requests that leave for this one."""
    request.extensions = {**request.extensions, _KEY: 0}


def count(request: httpx.Request) -> None:
    """One request leaves."""
    request.extensions = {**request.extensions, _KEY: request.extensions.get(_KEY, 0) + 1}


def requests_sent(request: httpx.Request) -> int:
    """How many requests left for this one, answered or not; a transport that does not count has sent one."""
    sent: int = request.extensions.get(_KEY, 1)
    return sent
