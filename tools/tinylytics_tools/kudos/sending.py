"""Sends a kudo under a uid of its own, and finds out what became of it where the answer does not say."""

from dataclasses import dataclass
from secrets import choice
from typing import Any

from tinylytics_tools import sanitize
from tinylytics_tools.client import CallContext
from tinylytics_tools.errors import InvalidArgument, OutcomeUnknown, Refused, TinylyticsError, Unavailable
from tinylytics_tools.kudos.api import NEW_KUDO, KudoCreatedReply, KudoReply, find
from tinylytics_tools.site_lookup import SiteReply
from tinylytics_tools.transport.interface import StoreUnavailable
from tinylytics_tools.writes.attempt import Attempt, attempt, end
from tinylytics_tools.writes.record import Outcome, Write

CREATE = "create_kudo"
LATE_S = 1.0
"""A request whose answer was lost may still be on its way: so long is waited before looking."""
_MOST_EARLIER = 50
_UID_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without those that are taken for one another."""


@dataclass(frozen=True)
class NewKudo:
    """What is to be created. `is_ours`: the uid was made up here, so nobody else has it."""

    site: SiteReply
    path: str
    uid: str
    is_ours: bool = False

    @property
    def body(self) -> dict[str, Any]:
        """As it is sent."""
        return {"path": self.path, "custom_uid": self.uid}

    @property
    def named(self) -> str:
        """How an assistant names it again."""
        return f"path {sanitize.path(self.path)} and custom_uid {sanitize.uid(self.uid)}"


class FoundReply(KudoCreatedReply):
    """The kudo as it was found, where no POST told of it."""


def new_uid() -> str:
    """A uid that can be read aloud and that nobody else has: 60 bits at random."""
    letters = "".join(choice(_UID_LETTERS) for _ in range(12))
    return f"kudo-{letters[:4]}-{letters[4:8]}-{letters[8:]}"


async def create(api: CallContext, kudo: NewKudo, *, again: bool) -> Attempt:
    """Create a kudo; what is returned is done. The same call within a minute gets what the first one got.

    Raises:
        InvalidArgument, Refused: the uid is taken, or the service does not accept the values; nothing was stored.
        Unavailable: it was not stored, as far as a look-up tells.
        OutcomeUnknown: nobody knows; the message says how to find out.
    """
    tried = await _attempt(api, kudo, again=again)
    if tried.repeated_s is not None and tried.outcome is Outcome.UNKNOWN and tried.uid is not None:
        kudo = NewKudo(kudo.site, kudo.path, tried.uid, is_ours=kudo.is_ours)
        found = await _look(api, kudo, "its answer is not there")
        if found is not None:
            return await _stored(api, found, tried)
        if tried.is_under_way:
            raise OutcomeUnknown(
                f"The same kudo is being created by another call, begun {tried.repeated_s} s ago. Nothing was sent "
                f"now. In a minute, list_kudos with uid {sanitize.uid(kudo.uid)} tells whether it is there."
            )
        tried = await _attempt(api, kudo, again=True)  # under the uid of the first, so that it cannot be doubled
    if tried.error is None:
        return tried
    if isinstance(tried.error, OutcomeUnknown):
        why = tried.error.why
        found = await _look(api, kudo, why)
        if found is not None:
            return await _stored(api, found, tried)
        await end(api, tried.id, Outcome.UNKNOWN, {"status": "not found"})
        raise Unavailable(
            f"{why[0].upper()}{why[1:]}, and a look-up by its uid says that the kudo was not stored. To try again "
            f"under the same uid, so that it cannot be doubled: create_kudo with {kudo.named}."
        )
    if isinstance(tried.error, Refused):
        found = await _find(api, kudo)
        if found is not None and found.path == kudo.path:  # it was not there before: this request came twice
            return await _stored(api, found, tried)
        if found is not None:
            raise _taken(found)
    raise tried.error


async def _attempt(api: CallContext, kudo: NewKudo, *, again: bool) -> Attempt:
    body = {"path": kudo.path} if kudo.is_ours else kudo.body
    write = Write(CREATE, kudo.site.id, body, path=kudo.path, uid=kudo.uid)
    return await attempt(api, write, lambda: _send(api, kudo), lambda reply: _told(kudo, reply), again=again)


async def _send(api: CallContext, kudo: NewKudo) -> KudoCreatedReply:
    """A uid that was given is looked up first: nobody knows what the service does with one that is taken."""
    found = None if kudo.is_ours else await _find(api, kudo)
    if found is None:
        return await api.call(NEW_KUDO, body=kudo.body, site_id=kudo.site.id)
    if found.path == kudo.path and await _may_be_stored(api, kudo):
        return FoundReply(status="created", kudo=found)
    raise _taken(found)


async def _may_be_stored(api: CallContext, kudo: NewKudo) -> bool:
    """Whether an earlier attempt under this uid, the present one aside, left nobody knowing."""
    try:
        entries = await api.writes.last(CREATE, kudo.site.id, kudo.uid, limit=_MOST_EARLIER)
    except StoreUnavailable:
        return False
    return any(entry.outcome is Outcome.UNKNOWN for entry in entries[1:])


async def _find(api: CallContext, kudo: NewKudo, *, looks_up: bool = False) -> KudoReply | None:
    rows = await find(api, kudo.site, kudo.uid, looks_up=looks_up)
    return next((row for row in rows if row.uid == kudo.uid), None)


async def _look(api: CallContext, kudo: NewKudo, why: str) -> KudoReply | None:
    """The kudo of which it is not known whether it is stored, where the service has it."""
    await api.writes.pause(LATE_S)
    try:
        return await _find(api, kudo, looks_up=True)
    except TinylyticsError as error:
        raise OutcomeUnknown(
            f"It is not known whether the kudo was stored: {why}, and a look-up did not work either. To find out, and "
            f"to create it if it is not there: create_kudo with {kudo.named}.",
            why=why,
        ) from error


async def _stored(api: CallContext, found: KudoReply, tried: Attempt) -> Attempt:
    result = _fields("stored", found)
    notes = await end(api, tried.id, Outcome.DONE, result)
    return Attempt(Outcome.DONE, tried.id, result, repeated_s=tried.repeated_s, notes=notes)


def _told(kudo: NewKudo, reply: KudoCreatedReply) -> dict[str, Any]:
    if reply.status == "ignored":
        fields = {"status": "ignored", "path": sanitize.path(kudo.path), "uid": sanitize.uid(kudo.uid)}
        return {**fields, "reason": sanitize.prose(reply.reason, cap=200) or "the service gave none"}
    if reply.kudo is None:
        return {"status": "created", "path": sanitize.path(kudo.path), "uid": sanitize.uid(kudo.uid)}
    return _fields("stored" if isinstance(reply, FoundReply) else "created", reply.kudo)


def _fields(status: str, kudo: KudoReply) -> dict[str, Any]:
    return {
        "status": status,
        "path": sanitize.path(kudo.path),
        "uid": sanitize.uid(kudo.uid),
        "id": kudo.id,
        "created_at": sanitize.time(kudo.created_at),
    }


def _taken(found: KudoReply) -> InvalidArgument:
    return InvalidArgument(
        f"custom_uid: a kudo on {sanitize.path(found.path)} has this uid already, since "
        f"{sanitize.time(found.created_at)}. Nothing was stored; give another uid or none."
    )
