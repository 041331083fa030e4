"""Who may call what: keys, access levels and the hourly limit (API document, sections 2 and 8)."""

import math
from collections import defaultdict, deque
from dataclasses import dataclass
from datetime import datetime, timedelta

READ_ONLY_KEY = "tly-ro-fake-api"
FULL_ACCESS_KEY = "tly-fa-fake-api"

ACCESS_TYPES = {READ_ONLY_KEY: "read_only", FULL_ACCESS_KEY: "full_access"}
"""What `/me` calls the access of each accepted key; `full_access` follows the document's "Full Access"."""

_HOUR = timedelta(hours=1)


@dataclass(eq=False)
class Refusal(Exception):
    """A reply other than the operation's own: an HTTP status, a JSON body, a text or none, and headers."""

    status: int
    body: dict[str, object] | str | None
    headers: dict[str, str] | None = None


def refused(status: int, error: str) -> Refusal:
    """Return the document's typical error payload, `{"error": …}`."""
    return Refusal(status, {"error": error})


def unprocessable(error: str) -> Refusal:
    """Return the document's validation error, 422."""
    return Refusal(422, {"status": "error", "errors": [error]})


def key_of(authorization: str | None) -> str | None:
    """Return the accepted key that an `Authorization` header carries, or None."""
    scheme, _, key = (authorization or "").partition(" ")
    key = key.strip()
    return key if scheme.lower() == "bearer" and key in ACCESS_TYPES else None


class HourlyLimit:
    """At most `limit` requests a key in any 60 minutes; a refused request does not count."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._times: defaultdict[str, deque[datetime]] = defaultdict(deque)

    def seconds_to_wait(self, key: str, now: datetime) -> int:
        """Count the request and return 0, or return the whole seconds until the next one is accepted."""
        times = self._times[key]
        while times and now - times[0] >= _HOUR:
            times.popleft()
        if len(times) < self._limit:
            times.append(now)
            return 0
        oldest = times[0] if times else now
        return math.ceil((oldest + _HOUR - now).total_seconds())
