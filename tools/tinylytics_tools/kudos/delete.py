"""Deletes a kudo, once the user has agreed to it: `DELETE /sites/:id/kudos/:kudo_uid`."""

import contextlib
from typing import Annotated, Literal

from mcp.server.mcpserver.resolve import Resolve
from pydantic import Field

from tinylytics_tools import sanitize
from tinylytics_tools.arguments import Site
from tinylytics_tools.client import CallContext, WritingApi
from tinylytics_tools.errors import NotFound, OutcomeUnknown, TinylyticsError, Unavailable
from tinylytics_tools.kudos.api import KUDO, KUDOS, KudoReply, KudoUid, find
from tinylytics_tools.kudos.confirm import Consent, Target, earlier_call, find_target, is_given
from tinylytics_tools.kudos.create import CREATE, DELETE, LATE_S
from tinylytics_tools.scope import SiteAnswer
from tinylytics_tools.site_lookup import SITES, SiteReply
from tinylytics_tools.tool import tool
from tinylytics_tools.transport.interface import StoreUnavailable
from tinylytics_tools.writes.attempt import Attempt, attempt, end
from tinylytics_tools.writes.record import Entry, Outcome, Write
from tinylytics_tools.writes.validation import hidden

Again = Annotated[str | None, Field(description="The uid again, once the user has agreed.")]

_DELETED = {"status": "deleted"}
"""What the record keeps of a deletion."""


class DeletedKudo(SiteAnswer):
    """The kudo that was deleted or kept. Where an earlier call deleted it, `created_at` is null, `repeated` true."""

    from_visitors = ("path", "uid")

    status: Literal["deleted", "not deleted"]
    uid: str
    path: str
    created_at: str | None
    repeated: bool = False


@tool(SITES, KUDOS, KUDO, title="Delete a kudo")
async def delete_kudo(
    api: WritingApi,
    uid: KudoUid,
    target: Annotated[Target, Resolve(find_target)],
    consent: Consent,
    site: Site = None,  # noqa: ARG001 - `find_target` takes it
    confirm: Again = None,  # noqa: ARG001 - `ask` takes it
) -> DeletedKudo:
    """Delete one kudo, a like, for good. The user is asked and sees its page and date; list_kudos finds uids.
    create_kudo can put it back, with a new date.
    """
    kudo = target.kudo
    if target.earlier is not None:
        return await _deleted_before(api, target.site, target.earlier, uid)
    if kudo is None:
        raise RuntimeError("a target is a kudo or the call that deleted it")
    if not is_given(consent):
        kept = "Nothing was deleted: the user did not agree. The kudo is still there."
        return _answer(target.site, kudo, "not deleted", kept)
    raw = kudo.uid or ""

    async def send() -> dict[str, str]:
        await api.call(KUDO, site_id=target.site.id, uid=raw)
        return _DELETED

    write = Write(DELETE, target.site.id, {"uid": raw}, path=kudo.path, uid=raw)
    tried = await attempt(api, write, send, again=True)  # it is there, so deleting it is no repeat
    if tried.outcome is Outcome.UNKNOWN:
        tried = await _looked_up(api, target.site, kudo, tried)
    if isinstance(tried.error, NotFound) and await earlier_call(api, target.site, raw) is None:
        raise NotFound("Tinylytics did not find this kudo any more: somebody else may have deleted it just now.")
    if tried.error is not None and not isinstance(tried.error, NotFound):
        raise tried.error
    await _forget_creation(api, target.site, raw)
    answer = _answer(target.site, kudo, "deleted", f"Deleted {target.named}.")
    answer.notes, answer.next_step = list(tried.notes), _restore(kudo.path, raw)
    return answer


async def _looked_up(api: CallContext, site: SiteReply, kudo: KudoReply, tried: Attempt) -> Attempt:
    """Look up what became of a deletion whose answer was lost, and return the attempt as done.

    Raises:
        Unavailable: the kudo is still there.
        OutcomeUnknown: the look-up failed.
    """
    await api.writes.pause(LATE_S)
    again = f"delete_kudo with uid {sanitize.uid(kudo.uid)}"
    why = tried.error.why if isinstance(tried.error, OutcomeUnknown) else "its answer is not there"
    try:
        found = await find(api, site, kudo.uid or "", looks_up=True)
    except TinylyticsError as error:
        raise OutcomeUnknown(
            f"It is not known whether the kudo was deleted: {why}, and a look-up did not work either. {again} finds "
            "out, and deletes it if it is there.",
            why=why,
        ) from error
    if any(row.uid == kudo.uid for row in found):
        raise Unavailable(
            f"{why[0].upper()}{why[1:]}, and a look-up says that the kudo is still there. To try again: {again}."
        )
    return Attempt(Outcome.DONE, tried.id, notes=await end(api, tried.id, Outcome.DONE, _DELETED))


async def _deleted_before(api: CallContext, site: SiteReply, earlier: Entry, uid: str) -> DeletedKudo:
    notes = await end(api, earlier.id, Outcome.DONE, _DELETED)
    await _forget_creation(api, site, earlier.uid or uid)
    age = max(0, round(api.now().timestamp() - earlier.at))
    return DeletedKudo(
        headline=f"Deleted: this kudo of {site.name} is gone, by a call {age} s ago. Nothing was sent now.",
        notes=list(notes),
        next_step=_restore(earlier.path, earlier.uid or uid),
        site_id=site.id,
        site=site.name,
        status="deleted",
        uid=sanitize.uid(earlier.uid),
        path=sanitize.path(earlier.path),
        created_at=None,
        repeated=True,
    )


async def _forget_creation(api: CallContext, site: SiteReply, uid: str) -> None:
    with contextlib.suppress(StoreUnavailable):
        await api.writes.undone(CREATE, site.id, uid)


def _answer(site: SiteReply, kudo: KudoReply, status: Literal["deleted", "not deleted"], headline: str) -> DeletedKudo:
    return DeletedKudo(
        headline=headline,
        site_id=site.id,
        site=site.name,
        status=status,
        uid=sanitize.uid(kudo.uid),
        path=sanitize.path(kudo.path),
        created_at=sanitize.time(kudo.created_at),
    )


def _restore(path: str | None, uid: str) -> str:
    if path is None or hidden(path + uid):
        return "It cannot be put back: its uid or path has characters that cannot be seen, and such are not written."
    named = f"path {sanitize.path(path)} and custom_uid {sanitize.uid(uid)}"
    return f"To put it back: create_kudo with {named}; its id and date are lost."


TOOLS = [delete_kudo]
