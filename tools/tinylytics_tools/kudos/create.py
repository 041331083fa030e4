"""Creates a kudo: `POST /sites/:id/kudos`.

It goes out under a uid of its own, by which it is looked for where the answer does not say what became of it. A deleted
one is named again from the record of writes, so that it can be put back as it was.
"""

from dataclasses import dataclass, replace
from secrets import choice
from typing import Any, Literal

from tinylytics_tools import sanitize
from tinylytics_tools.answer import Table
from tinylytics_tools.arguments import Site
from tinylytics_tools.client import CallContext, WritingApi
from tinylytics_tools.errors import InvalidArgument, OutcomeUnknown, Refused, Unavailable
from tinylytics_tools.kudos.api import (
    CREATE,
    DELETE,
    KUDOS,
    NEW_KUDO,
    KudoCreatedReply,
    KudoReply,
    find_exactly,
    look_up,
    recorded,
)
from tinylytics_tools.scope import SiteAnswer
from tinylytics_tools.site_lookup import SITES, SiteReply, find_site
from tinylytics_tools.tool import tool
from tinylytics_tools.writes import validation
from tinylytics_tools.writes.attempt import IGNORED, NO_REASON, Attempt, attempt, end, ignored
from tinylytics_tools.writes.dry_run import would_send
from tinylytics_tools.writes.record import EVERY, Outcome, Write
from tinylytics_tools.writes.validation import Flag

_UID_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without those that look alike."""


@dataclass(frozen=True)
class NewKudo:
    """What is to be created. `is_ours`: the uid was generated here, so nobody else has it."""

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
        path = sanitize.path(self.path)
        path = "the same path" if sanitize.CUT_MARK in path else f"path {path}"
        return f"{path} and custom_uid {sanitize.quoted(self.uid)}"


class CreatedKudo(SiteAnswer):
    """The kudo. `stored`: its answer was lost, and a look-up found it by its uid. `repeated`: nothing was sent."""

    from_visitors = ("path", "uid", "reason")
    may_not_apply = ("would_send",)

    status: Literal["created", "stored", "ignored", "dry_run"]
    path: str
    uid: str
    id: int | None = None
    created_at: str | None = None
    reason: str = "none"
    repeated: bool = False
    would_send: Table | None = None


@tool(SITES, KUDOS, NEW_KUDO, title="Create a kudo")
async def create_kudo(
    api: WritingApi,
    path: str,
    site: Site = None,
    custom_uid: str | None = None,
    dry_run: Flag = None,
    allow_repeat: Flag = None,
) -> CreatedKudo:
    """Create a kudo, a like, on a page; it gets the present time. With the path and uid of a deleted one it puts
    that back. The same call within a minute is not sent again, unless allow_repeat.
    """
    custom_uid = custom_uid and sanitize.unquoted(custom_uid)
    target = await find_site(api, site)
    kudo = await _as_deleted(api, target, path, custom_uid) if custom_uid is not None else None
    if kudo is None:  # one that was deleted from here is created as it was
        sent = validation.checked("path", validation.path, path)
        uid = _new_uid() if custom_uid is None else validation.checked("custom_uid", validation.uid, custom_uid)
        kudo = NewKudo(target, sent, uid, is_ours=custom_uid is None)
    notes = validation.slash_added(path, kudo.path)
    if dry_run:
        if not kudo.is_ours and (found := await find_exactly(api, target, kudo.uid)) is not None:
            raise _taken(found)
        where = f"{sanitize.path(kudo.path)} of {target.quoted}"
        return CreatedKudo(
            headline=f"Nothing was sent. Without dry_run, a kudo on {where} would be created.",
            notes=notes,
            next_step=f"create_kudo with {kudo.named} sends exactly this.",
            site_id=target.id,
            site=target.name,
            status="dry_run",
            path=sanitize.path(kudo.path),
            uid=sanitize.uid(kudo.uid),
            would_send=would_send(f"POST /sites/{target.id}/kudos", kudo.body),
        )
    tried = await _create(api, kudo, EVERY if allow_repeat else 0)
    result = tried.result
    uid = sanitize.quoted(tried.uid if sanitize.uid(tried.uid) == result["uid"] else result["uid"])
    where = f"{result['path']} of {target.quoted}"
    headline = {
        "created": f"Created a kudo on {where}, as uid {uid}.",
        "stored": f"The kudo on {where} is stored, as uid {uid}: its answer was lost, and a look-up found it.",
        "ignored": ignored("kudo", where, result.get("reason", NO_REASON)),
    }[result["status"]]
    is_ignored = result["status"] == "ignored"
    return CreatedKudo(
        headline=headline + tried.repeat_note,
        notes=[*notes, *tried.notes, *([IGNORED] if is_ignored else [])],
        next_step=None if is_ignored else f"delete_kudo with uid {uid} takes it back.",
        site_id=target.id,
        site=target.name,
        repeated=tried.repeated_s is not None,
        **result,
    )


async def _as_deleted(api: CallContext, site: SiteReply, path: str, uid: str) -> NewKudo | None:
    """Return the deleted kudo that these name as an answer showed them; raise `InvalidArgument` where several are shown
    like this, or what they name is not written."""
    found = {
        (entry.path, entry.uid): None
        for entry in await recorded(api, DELETE, site)
        if entry.uid
        and entry.path
        and sanitize.matches(path, entry.path, "path")
        and (sanitize.matches(uid, entry.uid, "uid") or sanitize.exact(entry.uid) == uid)
    }
    named = [pair for pair in found if uid in (pair[1], sanitize.exact(pair[1]))] or list(found)
    if not named:
        return None
    if len({one for _, one in named}) > 1:
        raise InvalidArgument(
            f"custom_uid: {len(named)} deleted kudos are shown under {sanitize.in_quotes(uid)}, and which one is meant "
            "is not sure. Nothing was sent."
        )
    deleted_path, deleted_uid = named[0]
    if validation.hidden(deleted_uid + deleted_path):
        raise InvalidArgument(
            "This kudo cannot be put back: its uid or path has characters that cannot be seen, and such are "
            "not written. Nothing was sent."
        )
    return NewKudo(site, deleted_path, deleted_uid)


def _new_uid() -> str:
    """Return a uid that can be read aloud and that nobody else has: 60 bits at random."""
    letters = "".join(choice(_UID_LETTERS) for _ in range(12))
    return f"kudo-{letters[:4]}-{letters[4:8]}-{letters[8:]}"


async def _create(api: CallContext, kudo: NewKudo, past: int) -> Attempt:
    """Create a kudo, and return an attempt that is done. The same call within a minute gets the first one's result.

    Raises:
        InvalidArgument, Refused: the uid is taken, or the service does not accept the values; nothing was stored.
        Unavailable: it was not stored, according to a look-up.
        OutcomeUnknown: the look-up failed too; the message says how to find out.
    """
    tried = await _attempt(api, kudo, past)
    if tried.repeated_s is not None and await _is_deleted(api, kudo.site, tried):
        tried = await _attempt(api, kudo, tried.id)
    while tried.repeated_s is not None and tried.outcome is Outcome.UNKNOWN:
        kudo = replace(kudo, uid=tried.uid or kudo.uid)
        found = await _look_up(api, kudo, "its answer is not there")
        if found is not None:
            return await _stored(api, found, tried)
        if tried.is_under_way:
            raise OutcomeUnknown(
                f"The same kudo is being created by another call, begun {tried.repeated_s} s ago. Nothing was sent "
                f"now. In a minute, list_kudos with uid {sanitize.quoted(kudo.uid)} tells whether it is there."
            )
        # Under the uid of the first, so that it cannot be doubled; of several that come to this, one sends it.
        tried = await _attempt(api, kudo, tried.id)
    if tried.error is None:
        return tried
    if isinstance(tried.error, OutcomeUnknown):
        why = tried.error.why
        found = await _look_up(api, kudo, why)
        if found is not None:
            return await _stored(api, found, tried)
        await end(api, tried.id, Outcome.UNKNOWN, {"status": "not found"})
        raise Unavailable(
            f"{why[0].upper()}{why[1:]}, and a look-up by its uid says that the kudo was not stored. To try again "
            f"under the same uid, so that it cannot be doubled: create_kudo with {kudo.named}."
        )
    refused = "Tinylytics refused it, as it may where a kudo has this uid already"
    found = await _look_up(api, kudo, refused) if isinstance(tried.error, Refused) else None
    if found is None:
        raise tried.error
    if found.path == kudo.path:  # it was not there before: this request came twice
        return await _stored(api, found, tried)
    raise _taken(found)


async def _is_deleted(api: CallContext, site: SiteReply, tried: Attempt) -> bool:
    """Return whether what an attempt created was deleted from here since, so that creating it again is no repeat."""
    return any(
        entry.id > tried.id and entry.uid == tried.uid and entry.outcome is Outcome.DONE
        for entry in await recorded(api, DELETE, site)
    )


async def _attempt(api: CallContext, kudo: NewKudo, past: int) -> Attempt:
    body = {"path": kudo.path} if kudo.is_ours else kudo.body
    write = Write(CREATE, kudo.site.id, body, path=kudo.path, uid=kudo.uid)
    return await attempt(api, write, lambda: _send(api, kudo), past=past)


async def _send(api: CallContext, kudo: NewKudo) -> dict[str, Any]:
    """Send a kudo; a given uid is looked up first, since the API document does not say what becomes of one taken."""
    found = None if kudo.is_ours else await find_exactly(api, kudo.site, kudo.uid)
    if found is None:
        return _result(kudo, await api.call(NEW_KUDO, body=kudo.body, site_id=kudo.site.id))
    earlier = [entry for entry in await recorded(api, CREATE, kudo.site) if entry.uid == kudo.uid][1:]  # than this one
    if found.path == kudo.path and any(entry.outcome is Outcome.UNKNOWN for entry in earlier):
        return _fields("stored", found)
    raise _taken(found)


async def _look_up(api: CallContext, kudo: NewKudo, why: str) -> KudoReply | None:
    to_find_out = f"To find out, and to create it if it is not there: create_kudo with {kudo.named}."
    return await look_up(api, kudo.site, kudo.uid, why, "stored", to_find_out)


async def _stored(api: CallContext, found: KudoReply, tried: Attempt) -> Attempt:
    result = _fields("stored", found)
    notes = await end(api, tried.id, Outcome.DONE, result)
    return replace(tried, outcome=Outcome.DONE, result=result, error=None, notes=notes, is_under_way=False)


def _result(kudo: NewKudo, reply: KudoCreatedReply) -> dict[str, Any]:
    if reply.status == "created" and reply.kudo is not None:
        return _fields("created", reply.kudo)
    sent = {"status": reply.status, "path": sanitize.path(kudo.path), "uid": sanitize.uid(kudo.uid)}
    why = sanitize.prose(reply.reason, cap=200) or NO_REASON
    return sent if reply.status == "created" else {**sent, "reason": why}


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


TOOLS = [create_kudo]
