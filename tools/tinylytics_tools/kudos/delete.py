"""Deletes a kudo, once the user has agreed to it as the client allows: `DELETE /sites/:id/kudos/:kudo_uid`."""

import contextlib
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from mcp.server.elicitation import AcceptedElicitation, ElicitationResult
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.resolve import Elicit, Resolve
from pydantic import BaseModel, BeforeValidator, Field

from tinylytics_tools import sanitize
from tinylytics_tools.arguments import Site
from tinylytics_tools.client import CallContext, WritingApi
from tinylytics_tools.errors import InvalidArgument, NotFound, OutcomeUnknown, Unavailable
from tinylytics_tools.kudos.api import CREATE, DELETE, KUDO, KUDOS, KudoReply, KudoUid, find, look_up, recorded
from tinylytics_tools.scope import SiteAnswer
from tinylytics_tools.site_lookup import SITES, SiteReply, find_site
from tinylytics_tools.tool import tool
from tinylytics_tools.transport.interface import StoreUnavailable
from tinylytics_tools.writes.attempt import attempt, end
from tinylytics_tools.writes.record import REPEAT_S, Entry, Outcome, Write
from tinylytics_tools.writes.validation import hidden

REMEMBERED_S = 86_400.0
"""A kudo that is not there counts as deleted where its deletion was sent within a day and not answered."""
_ASKS_IN_ROUNDS = "2026-07-28"
"""From this version of the protocol on, a question is the answer of a call's first round."""
_DELETED = {"status": "deleted"}
"""What the record keeps of a deletion."""


@dataclass(frozen=True)
class Target:
    """The kudo that a uid names, or the call that deleted it before."""

    site: SiteReply
    found: KudoReply | Entry


async def find_target(api: WritingApi, site: str | None, uid: str) -> Target:
    """Return what `uid` names; looked up in each round of the protocol, so that the question is about what is there.

    Raises:
        NotFound: nothing has this uid, and nothing that had it was deleted from here recently.
        InvalidArgument: several have it, or it cannot be sent without reaching something else.
    """
    target = await find_site(api, site)
    kudos = await find(api, target, uid)
    if len(kudos) > 1:
        raise InvalidArgument(
            f"{len(kudos)} kudos of {target.name} are shown under this uid, and which one would go is not sure. "
            "Nothing was deleted. The user can delete one on tinylytics.app."
        )
    if kudos:
        KUDO.fill(site_id=target.id, uid=kudos[0].uid or "")
        return Target(target, kudos[0])
    earlier = await _earlier_call(api, target, uid)
    if earlier is None:
        raise NotFound(
            f"No kudo of {target.name} has this uid, so nothing was deleted. list_kudos shows the uids there are; its "
            "search finds them by a part."
        )
    return Target(target, earlier)


async def _earlier_call(api: CallContext, site: SiteReply, uid: str) -> Entry | None:
    """Return the call that deleted it: answered within the last minute, or not answered within the last day."""
    longest = {Outcome.DONE: REPEAT_S, Outcome.UNKNOWN: REMEMBERED_S}
    now = api.now().timestamp()
    recent = (
        entry for entry in await recorded(api, DELETE, site) if now - entry.at <= longest.get(entry.outcome, -1.0)
    )
    return next((entry for entry in recent if sanitize.matches(uid, entry.uid, "uid")), None)


class Confirm(BaseModel):
    """Whether the kudo goes; without the tick it stays."""

    confirm: Annotated[bool, BeforeValidator(lambda value: value is True)] = Field(
        default=False, title="Delete this kudo", description="Tick to delete it for good"
    )


async def ask(
    target: Annotated[Target, Resolve(find_target)], confirm: str | None, ctx: Context[Any, Any]
) -> Elicit[Confirm] | Confirm:
    """Ask for the user's consent; where the client cannot ask, the uid given once more is taken for it.

    Raises:
        InvalidArgument: the user has to see first what would go.
    """
    kudo = target.found
    if isinstance(kudo, Entry):
        return Confirm(confirm=True)  # it is gone: nothing is left to agree to
    named = _named(target.site, kudo)
    if _can_ask(ctx):
        return Elicit(f"Delete {named}? Its id and its date cannot be brought back.", Confirm)
    shown = sanitize.uid(kudo.uid)
    if confirm is not None and confirm in (kudo.uid, shown):
        return Confirm(confirm=True)
    raise InvalidArgument(
        f"Nothing was deleted yet. Tell the user what would go: {named}. When they agree, call delete_kudo again with "
        f"confirm {shown}."
    )


def _can_ask(ctx: Context[Any, Any]) -> bool:
    """Return whether the client shows forms (a bare `elicitation: {}` counts) and can be reached from within a call."""
    capabilities = ctx.client_capabilities
    elicitation = capabilities.elicitation if capabilities else None
    if elicitation is None or (elicitation.form is None and elicitation.url is not None):
        return False
    return (ctx.protocol_version or "") >= _ASKS_IN_ROUNDS or ctx.session.can_send_request


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
    consent: Annotated[ElicitationResult[Confirm], Resolve(ask)],
    site: Site = None,  # noqa: ARG001 - `find_target` takes it
    confirm: Annotated[  # noqa: ARG001 - `ask` takes it
        str | None, Field(description="The uid again, once the user has agreed.")
    ] = None,
) -> DeletedKudo:
    """Delete one kudo, a like, for good. The user is asked and sees its page and date; list_kudos finds uids.
    create_kudo can put it back, with a new date.
    """
    found, raw = target.found, target.found.uid or uid
    if isinstance(found, Entry):
        notes = await end(api, found.id, Outcome.DONE, _DELETED)
        age = max(0, round(api.now().timestamp() - found.at))
        headline = f"Deleted: this kudo of {target.site.name} is gone, by a call {age} s ago. Nothing was sent now."
    elif isinstance(consent, AcceptedElicitation) and consent.data.confirm:
        notes = await _delete(api, target.site, found.path, raw)
        headline = f"Deleted {_named(target.site, found)}."
    else:
        return _answer(target, "not deleted", "Nothing was deleted: the user did not agree. The kudo is still there.")
    with contextlib.suppress(StoreUnavailable):
        await api.writes.undone(CREATE, target.site.id, raw)
    answer = _answer(target, "deleted", headline)
    answer.notes, answer.next_step = list(notes), _restore(found.path, raw)
    return answer


async def _delete(api: CallContext, site: SiteReply, path: str | None, uid: str) -> tuple[str, ...]:
    """Delete a kudo, and return notes; where the answer is lost, a look-up tells what became of it.

    Raises:
        NotFound: it is gone, and not by a call from here.
        Unavailable: it is still there.
        OutcomeUnknown: the look-up failed.
    """

    async def send() -> dict[str, str]:
        await api.call(KUDO, site_id=site.id, uid=uid)
        return _DELETED

    write = Write(DELETE, site.id, {"uid": uid}, path=path, uid=uid)
    tried = await attempt(api, write, send, again=True)  # it is there, so deleting it is no repeat
    if isinstance(tried.error, OutcomeUnknown):
        why, again = tried.error.why, f"delete_kudo with uid {sanitize.uid(uid)}"
        if await look_up(api, site, uid, why, "deleted", f"{again} finds out, and deletes it if it is there."):
            raise Unavailable(
                f"{why[0].upper()}{why[1:]}, and a look-up says that the kudo is still there. To try again: {again}."
            )
        return await end(api, tried.id, Outcome.DONE, _DELETED)
    if isinstance(tried.error, NotFound):
        if await _earlier_call(api, site, uid) is None:
            raise NotFound("Tinylytics did not find this kudo any more: somebody else may have deleted it just now.")
    elif tried.error is not None:
        raise tried.error
    return tried.notes


def _named(site: SiteReply, kudo: KudoReply) -> str:
    """Return a kudo as a sentence names it: uid, page, site and date."""
    uid, path = sanitize.uid(kudo.uid), sanitize.path(kudo.path)
    return f"the kudo {uid} on {path} of {site.name}, given {sanitize.time(kudo.created_at)}"


def _answer(target: Target, status: Literal["deleted", "not deleted"], headline: str) -> DeletedKudo:
    found = target.found
    return DeletedKudo(
        headline=headline,
        site_id=target.site.id,
        site=target.site.name,
        status=status,
        uid=sanitize.uid(found.uid),
        path=sanitize.path(found.path),
        created_at=None if isinstance(found, Entry) else sanitize.time(found.created_at),
        repeated=isinstance(found, Entry),
    )


def _restore(path: str | None, uid: str) -> str:
    if path is None or hidden(path + uid):
        return "It cannot be put back: its uid or path has characters that cannot be seen, and such are not written."
    named = f"path {sanitize.path(path)} and custom_uid {sanitize.uid(uid)}"
    return f"To put it back: create_kudo with {named}; its id and date are lost."


TOOLS = [delete_kudo]
