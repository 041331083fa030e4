"""Sends a write once, its intent recorded before and its outcome after; the same write again is answered from there."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from tinylytics_tools import sanitize
from tinylytics_tools.client import CallContext
from tinylytics_tools.errors import InvalidArgument, OutcomeUnknown, TinylyticsError, TooManyRequests, Unavailable
from tinylytics_tools.transport.interface import StoreUnavailable
from tinylytics_tools.writes.record import Entry, Outcome, Write

UNDER_WAY_S = 45.0
"""A write whose intent is older was given up by the process that sent it: its deadline is over."""
PATIENCE_S = 5.0
LOOK_S = 0.25
IGNORED = "what is ignored is a setting of the site on Tinylytics: its owner can change the ignore rules there"
NO_REASON = "the service gave none"
NOT_RECORDED = "the outcome of this could not be written into the record of writes"


def ignored(what: str, where: str, reason: str) -> str:
    """Return the headline of a write that the service ignored, with its own words in quotes."""
    says = "The service gave no reason" if reason == NO_REASON else f"The service says: {sanitize.phrase(reason)}"
    return f"Ignored: no {what} was stored on {where}. {says}."


@dataclass(frozen=True)
class Attempt:
    """The outcome of a write. `error` is set unless it is done.

    `repeated_s`: the same write was sent before, so many seconds ago, and this one was not. `uid` was sent.
    """

    outcome: Outcome
    id: int
    result: dict[str, Any] = field(default_factory=dict[str, Any])
    error: TinylyticsError | None = None
    notes: tuple[str, ...] = ()
    repeated_s: int | None = None
    is_under_way: bool = False
    uid: str | None = None

    @property
    def repeat_note(self) -> str:
        """What a headline adds where nothing was sent; empty where something was."""
        if self.repeated_s is None:
            return ""
        return f" The same call got this {self.repeated_s} s ago; nothing was sent now."

    @property
    def unknown(self) -> str | None:
        """How it was sent, where it is not known whether it was stored; a process that died may not have sent it."""
        if not isinstance(self.error, OutcomeUnknown):
            return None
        repeated = f"perhaps sent once, by the same call {self.repeated_s} s ago"
        return f"sent once, and {self.error.why}" if self.repeated_s is None else repeated


def _outcome_of(error: TinylyticsError) -> Outcome:
    if isinstance(error, OutcomeUnknown):
        return Outcome.UNKNOWN
    never_left = isinstance(error, Unavailable | TooManyRequests | InvalidArgument)
    return Outcome.NOT_SENT if never_left else Outcome.REFUSED


async def attempt(
    api: CallContext, write: Write, send: Callable[[], Awaitable[dict[str, Any]]], *, past: int = 0
) -> Attempt:
    """Send a write, or find the same one within the last minute, past an attempt, unless that was refused or never
    left; `send` returns what is recorded of the reply. Raise `Unavailable`, with nothing sent, where the intent cannot
    be recorded."""
    try:
        while isinstance(begun := await api.writes.begin(write, api.now().timestamp(), past=past), Entry):
            first = await _awaited(api, begun)
            if first.outcome not in (Outcome.NOT_SENT, Outcome.REFUSED):
                return _repeated(api, first)
    except StoreUnavailable as error:
        raise not_recorded(error) from error
    try:
        result = await send()
    except TinylyticsError as error:
        outcome = _outcome_of(error)
        return Attempt(outcome, begun, error=error, notes=await end(api, begun, outcome), uid=write.uid)
    notes = await end(api, begun, Outcome.DONE, result)
    return Attempt(Outcome.DONE, begun, result, notes=notes, uid=write.uid)


def not_recorded(error: StoreUnavailable) -> Unavailable:
    """Return the error of a write that was not sent since it cannot be recorded."""
    return Unavailable(
        "Nothing was sent, because no write is made without a record of it, and that cannot be kept: "
        f"{sanitize.prose(str(error), cap=200)}. Where it is kept, TINYLYTICS_STATE_DIR says, or TINYLYTICS_REDIS_URL "
        "where that is set: the user can mend that."
    )


async def end(api: CallContext, entry: int, outcome: Outcome, result: dict[str, Any] | None = None) -> tuple[str, ...]:
    """Record an outcome, and return notes: where that fails the write is done all the same, and a note says so."""
    try:
        await api.writes.end(entry, outcome, result)
    except StoreUnavailable:
        return (NOT_RECORDED,)
    return ()


async def _awaited(api: CallContext, entry: Entry) -> Entry:
    """Return a write as it ended; one still under way is waited for some seconds."""
    for _ in range(round(PATIENCE_S / LOOK_S)):
        if not _is_under_way(api, entry):
            break
        await api.writes.pause(LOOK_S)
        later = await api.writes.entry(entry.id)
        if later is None:
            raise StoreUnavailable("the same write, which was under way, is not in the record any more")
        entry = later
    return entry


def _repeated(api: CallContext, entry: Entry) -> Attempt:
    """Return what the first of two equal writes came to."""
    api.has_written = True
    age = max(0, round(api.now().timestamp() - entry.at))
    error = None if entry.outcome is Outcome.DONE else OutcomeUnknown("the same write was begun before")
    under_way = _is_under_way(api, entry)
    return Attempt(entry.outcome, entry.id, entry.result, error, (), age, is_under_way=under_way, uid=entry.uid)


def _is_under_way(api: CallContext, entry: Entry) -> bool:
    return entry.is_open and api.now().timestamp() - entry.at <= UNDER_WAY_S
