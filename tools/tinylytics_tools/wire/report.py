"""What the wire tells of one call, beside its answer."""

from dataclasses import dataclass

import httpx2 as httpx

_KEY = "tinylytics"


@dataclass(frozen=True)
class Report:
    """`requests`: how many left for the service. `age_s`: seconds since a stored answer was fetched, else None.
    `left`: requests that remain of this hour, None where nobody counts. `alone`: the store cannot be used, so this
    process counts alone. `fresh_s`: how long the answer stays as good as a new one; 0 where it is not stored."""

    requests: int = 1
    age_s: float | None = None
    left: int | None = None
    alone: bool = False
    fresh_s: float = 0.0


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
