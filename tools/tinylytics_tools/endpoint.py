"""An endpoint of the API as a value: verb, path, reply, who may call it, and how long a reply may be used again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from string import Formatter
from typing import Any, Generic, Literal, TypeVar
from urllib.parse import quote, unquote

from tinylytics_tools.access import Access
from tinylytics_tools.errors import InvalidArgument
from tinylytics_tools.replies import Reply

R = TypeVar("R", bound=Reply)

MINUTE_S, HOUR_S, WEEK_S = 60.0, 3600.0, 7 * 86_400.0

CLOCKS_DIFFER = timedelta(hours=1)
"""A day of UTC is over for sure when this machine's clock, which may be wrong, says so by an hour."""
LAST_ZONE = timedelta(hours=12)
"""The account's zone is not named by the API (field notes 16); nowhere does a day end later than 12 h after UTC's."""

Ttl = Callable[[Mapping[str, str], Any, datetime], float]
"""Seconds that a reply stays as good as a new one, given the query, the reply and the time."""


def lasting(seconds: float) -> Ttl:
    """Always as long."""
    return lambda _query, _reply, _now: seconds


A_MINUTE = lasting(MINUTE_S)


def by_window(query: Mapping[str, str], _reply: Any, now: datetime) -> float:
    """A week once the last day of the window is over everywhere, else a minute.

    A window whose days are over does not change any more: hits cannot be back-dated (field notes 22), and a kudo
    deleted elsewhere shows within the week. With `time_zone=user` the last day may still run for hours in the account's
    zone, so it counts as over half a day later.
    """
    try:
        last = date.fromisoformat(query.get("end_date", ""))
    except ValueError:
        return MINUTE_S
    late = CLOCKS_DIFFER + (LAST_ZONE if query.get("time_zone", "utc") != "utc" else timedelta())
    return WEEK_S if last < (now - late).date() else MINUTE_S


def until(hint: Callable[[Any], object]) -> Ttl:
    """As long as the reply says itself, an hour at most; a minute where it does not say, or says nonsense."""

    def ttl(_query: Mapping[str, str], reply: Any, now: datetime) -> float:
        try:
            end = datetime.fromisoformat(str(hint(reply)))
        except ValueError:
            return MINUTE_S
        left_s = ((end if end.tzinfo else end.replace(tzinfo=UTC)) - now).total_seconds()
        return min(left_s, HOUR_S) if left_s > 0 else MINUTE_S

    return ttl


@dataclass(frozen=True)
class Endpoint(Generic[R]):
    """One row of the API document's endpoint directory (section 4).

    `keyless`: answered without a key. `feature`: what has to be switched on for the site, in the user's words.
    `ttl`: how long a reply may be used again. `invalidates`: the replies that a write makes stale, by the last word of
    their path; `sites` are the list and the site. `survives_writes`: a write changes figures in the reply, but not what
    a write needs to know of it.
    """

    method: Literal["GET", "POST", "DELETE"]
    path: str
    reply: type[R] = field(repr=False)
    subscription: bool = False
    keyless: bool = False
    feature: str | None = None
    ttl: Ttl = A_MINUTE
    invalidates: tuple[str, ...] = ()
    survives_writes: bool = False

    @property
    def access(self) -> Access:
        """Read-only keys can call all GET endpoints, and no others (API document, section 2)."""
        return Access.READ_ONLY if self.method == "GET" else Access.FULL_ACCESS

    def fill(self, **values: int | str) -> str:
        """The path with its values in place, each of them one segment, whatever it holds; that of `/` is empty, since
        the base URL has no closing slash (API document, section 1). Raises `InvalidArgument` for a value that could
        become another route on the way: empty, or with a dot segment."""
        if self.path == "/":
            return ""
        names = [name for _, name, _, _ in Formatter().parse(self.path) if name]
        return self.path.format(**{name: _segment(name, values[name]) for name in names})


def _segment(name: str, value: int | str) -> str:
    text = str(value)
    plain, once = text, unquote(text)
    while once != plain:  # a proxy may decode more than once
        plain, once = once, unquote(once)
    if not text or any(part in ("", ".", "..") for part in plain.replace("\\", "/").split("/")):
        raise InvalidArgument(
            f"{name} cannot be sent: it is empty, or has an empty or dot segment, which the path of a request cannot "
            "carry without reaching something else. Nothing was sent; what is called that can only be removed on "
            "tinylytics.app, by the user."
        )
    return quote(text, safe="")
