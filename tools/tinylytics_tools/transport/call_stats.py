"""What a tool call takes, and what each of its requests is for: both travel with the requests."""

import json
import math
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

import httpx2 as httpx

from tinylytics_tools.endpoint import Endpoint
from tinylytics_tools.replies import JsonReply

_KEY = "tinylytics"
_STATE = "tinylytics_stats"


class Purpose(Enum):
    """What a request is for, which says how much of the hour it may use."""

    READ = auto()
    WRITE = auto()
    """A write, or something that it must know first: the site it goes to, the kudo it is about."""
    LOOK_UP = auto()
    """Whether a write whose answer does not say so was carried out. No stored reply answers that."""


@dataclass
class CallStats:
    """What one tool call did: one object, made where the call begins, that the transports add to.

    `requests`: how many were sent. `cache_hits`: stored replies that were used; `oldest_s`: seconds since the oldest of
    them was fetched. `fresh_until`: when the first reply of all ends being as good as a new one, in seconds since 1970.
    `store_is_lost`: the store of replies and counts could not be used. `is_asking`: this round of the call ends with a
    question to the user.
    """

    requests: int = 0
    cache_hits: int = 0
    oldest_s: float | None = None
    fresh_until: float = math.inf
    store_is_lost: bool = False
    is_asking: bool = False

    def add_stored(self, age_s: float, fresh_until: float) -> None:
        """Count a stored reply that was fetched so many seconds ago."""
        self.cache_hits += 1
        self.oldest_s = max(self.oldest_s or 0.0, age_s)
        self.fresh_until = min(self.fresh_until, fresh_until)

    def into_state(self, state: str) -> str:
        """Return the state of a call that asks the user something, with this in it; the SDK seals it."""
        try:
            fields: Any = json.loads(state)
        except ValueError:
            return state
        counted = {"requests": self.requests, "cache_hits": self.cache_hits, "oldest_s": self.oldest_s}
        return json.dumps({**fields, _STATE: counted}, separators=(",", ":")) if isinstance(fields, dict) else state

    @classmethod
    def from_state(cls, state: str | None) -> "CallStats":
        """Return what a call had done before it asked the user; nothing where it begins."""
        try:
            return cls(**json.loads(state or "")[_STATE], fresh_until=0.0)
        except (ValueError, TypeError, LookupError):
            return cls()


@dataclass(frozen=True)
class RequestInfo:
    """The endpoint that a request asks, what for, and the call that it belongs to."""

    endpoint: Endpoint[Any]
    purpose: Purpose
    stats: CallStats

    @property
    def extensions(self) -> dict[str, Any]:
        return {_KEY: self}


def info_of(request: httpx.Request) -> RequestInfo:
    """Return what a request is for; one that does not say it reads, or writes, any JSON."""
    info = request.extensions.get(_KEY)
    if not isinstance(info, RequestInfo):
        purpose = Purpose.READ if request.method == "GET" else Purpose.WRITE
        info = RequestInfo(_ANYTHING, purpose, CallStats())
        request.extensions = {**request.extensions, **info.extensions}
    return info


_ANYTHING = Endpoint("GET", "/", JsonReply)
