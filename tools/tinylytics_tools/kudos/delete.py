"""Deletes kudos, once the user has agreed to it as the host allows: `DELETE /sites/:id/kudos/:kudo_uid`."""

from collections.abc import Sequence
from typing import Annotated, Final, Literal

from mcp.server.elicitation import AcceptedElicitation, ElicitationResult
from mcp.server.mcpserver.resolve import Resolve
from pydantic import Field

from tinylytics_tools import sanitize
from tinylytics_tools.answer import Cell, Table
from tinylytics_tools.arguments import Site
from tinylytics_tools.client import CallContext, WritingApi
from tinylytics_tools.errors import InvalidArgument, NotFound, OutcomeUnknown, TinylyticsError, Unavailable
from tinylytics_tools.kudos.api import DELETE, KUDO, KUDOS, AnyUid, KudoReply, look_up
from tinylytics_tools.kudos.confirm import (
    VALID_S,
    Check,
    Confirm,
    KudoUids,
    Target,
    Targets,
    ask,
    check,
    earlier_call,
    find_targets,
    named,
)
from tinylytics_tools.scope import SiteAnswer
from tinylytics_tools.site_lookup import SITES, SiteReply
from tinylytics_tools.tables import counted
from tinylytics_tools.tool import tool
from tinylytics_tools.writes.attempt import attempt, end
from tinylytics_tools.writes.record import EVERY, Entry, Outcome, Write
from tinylytics_tools.writes.validation import hidden

_DELETED: Final = {"status": "deleted"}
"""What the record keeps of a deletion."""

_GONE: Final = ("deleted", "deleted before")
_OPEN: Final = ("not known", "not deleted")
Status = Literal["deleted", "partly deleted", "not deleted", "not confirmed"]


class DeletedKudos(SiteAnswer):
    """Each kudo and its outcome. `code` is what a host that cannot ask the user brings back as `confirm`.
    `repeated`: earlier calls deleted them, nothing was sent now; `created_at` is null there."""

    from_visitors = ("headline", "path", "uid")
    may_not_apply = ("code",)

    status: Status
    deleted: int = 0
    repeated: bool = False
    code: str | None = None
    kudos: Table


@tool(SITES, KUDOS, KUDO, title="Delete kudos")
async def delete_kudo(
    api: WritingApi,
    targets: Annotated[Targets, Resolve(find_targets)],
    checked: Annotated[Check, Resolve(check)],
    consent: Annotated[ElicitationResult[Confirm], Resolve(ask)],
    uid: AnyUid = None,
    uids: KudoUids = None,
    site: Site = None,
    confirm: Annotated[  # noqa: ARG001 - `check` takes it
        str | None, Field(description="The code of the first call, once the user has agreed.")
    ] = None,
) -> DeletedKudos:
    """Delete kudos, likes, for good: one by `uid`, or up to 25 by `uids`. The user is asked once and sees uids, pages
    and dates; where the host cannot ask, the first call deletes nothing and gives a code. list_kudos finds uids.
    create_kudo can put one back, with a new date.
    """
    if isinstance(consent, AcceptedElicitation) and consent.data.confirm:
        agreed = targets.facts
        if checked.waits:  # the user may have been asked for minutes
            targets = await find_targets(api, site, uid, uids)
        if not {*targets.facts} <= {*agreed}:
            raise InvalidArgument(
                "Nothing was deleted: while the user was asked, one of these was deleted and made anew under its uid. "
                "The same call again asks about the new one."
            )
        return await _delete_all(api, targets)
    there, site_name = targets.there, targets.site.quoted
    if checked.asks:
        are = "The kudo is" if len(there) == 1 else "The kudos are"
        headline = f"Nothing was deleted: the user did not agree. {are} still there."
        return _answer(targets, "not deleted", headline, targets.outcomes("kept"))
    what = named(targets.site, there[0]) if targets.is_single else f"{counted(len(there), 'kudo')} of {site_name}"
    why = f": {checked.problem}" if checked.problem else " yet"
    headline = f"Nothing was deleted{why}. What would go: {what}."
    answer = _answer(targets, "not confirmed", headline, targets.outcomes("would go"))
    answer.code = checked.code
    answer.next_step = (
        f"Tell the user what would go. When they agree: delete_kudo with the same {'uid' if uid else 'uids'} and "
        f"confirm {checked.code}, within {VALID_S // 60} minutes."
    )
    return answer


async def _delete_all(api: CallContext, targets: Targets) -> DeletedKudos:
    """Delete one after the other, each sent once, until a failure that is not of one kudo alone; raise it where it was
    the only one, or nothing was deleted and all outcomes are known."""
    results: list[str] = []
    notes: list[str] = []
    failure: TinylyticsError | None = None
    for target in targets.each:
        try:
            notes += await _delete(api, targets.site, target)
            results.append("deleted" if isinstance(target.found, KudoReply) else target.outcome)
        except TinylyticsError as error:
            if isinstance(error, NotFound) and not targets.is_single:
                results.append("not found")
                continue
            results.append("not known" if isinstance(error, OutcomeUnknown) else "not deleted")
            failure = error
            break
    if failure is not None and (targets.is_single or not {*_GONE, "not known"} & set(results)):
        raise failure
    results += targets.outcomes("not deleted")[len(results) :]
    gone = sum(result in _GONE for result in results)
    left = [f"; {results.count(kind)} {kind}" for kind in ("not found", *_OPEN) if kind in results]
    headline = f"Deleted {gone} of {counted(len(results), 'kudo')} of {targets.site.quoted}{''.join(left)}."
    if targets.is_single:
        headline = _headline(api, targets)
    status = "deleted" if gone == len(results) else "partly deleted" if gone else "not deleted"
    answer = _answer(targets, status, headline, results)
    answer.deleted, answer.complete, answer.repeated = gone, not set(_OPEN) & set(results), not targets.there
    answer.notes += [*dict.fromkeys(notes), *([f"at the first of those left: {failure}"] if failure else [])]
    if not answer.complete:
        answer.next_step = "delete_kudo with the uids that are not known or not deleted finds out, and asks anew."
    elif gone:
        answer.next_step = _restore(targets)
    return answer


async def _delete(api: CallContext, site: SiteReply, target: Target) -> Sequence[str]:
    """Delete a kudo unless it is gone, and return notes; where the answer is lost, a look-up tells what became of it.

    Raises:
        NotFound: it is gone, and not by a call from here.
        Unavailable: it is still there.
        OutcomeUnknown: the look-up failed.
    """
    if target.found is None:
        return ()
    if isinstance(target.found, Entry):
        api.has_written = True
        return await end(api, target.found.id, Outcome.DONE, _DELETED)
    return await _send(api, site, target.found.path, target.raw)


async def _send(api: CallContext, site: SiteReply, path: str | None, uid: str) -> Sequence[str]:
    async def send() -> dict[str, str]:
        await api.call(KUDO, site_id=site.id, uid=uid)
        return _DELETED

    write = Write(DELETE, site.id, {"uid": uid}, path=path, uid=uid)
    tried = await attempt(api, write, send, past=EVERY)  # it is there, so deleting it is no repeat
    if isinstance(tried.error, OutcomeUnknown):
        why, again = tried.error.why, f"delete_kudo with uid {sanitize.quoted(uid)}"
        if await look_up(api, site, uid, why, "deleted", f"{again} finds out, and deletes it if it is there."):
            raise Unavailable(
                f"{why[0].upper()}{why[1:]}, and a look-up says that the kudo is still there. To try again: {again}."
            )
        return await end(api, tried.id, Outcome.DONE, _DELETED)
    if isinstance(tried.error, NotFound):
        if await earlier_call(api, site, uid) is None:
            raise NotFound(
                "Tinylytics did not find this kudo any more: somebody may have deleted it just now. list_kudos shows "
                "what is there."
            )
    elif tried.error is not None:
        raise tried.error
    return tried.notes


def _headline(api: CallContext, targets: Targets) -> str:
    found = targets.each[0].found
    if isinstance(found, KudoReply):
        return f"Deleted {named(targets.site, found)}."
    age = max(0, round(api.now().timestamp() - found.at)) if found else 0
    return f"Deleted: this kudo of {targets.site.quoted} is gone, by a call {age} s ago. Nothing was sent now."


def _answer(targets: Targets, status: Status, headline: str, outcomes: Sequence[str]) -> DeletedKudos:
    rows: list[list[Cell]] = [target.row(outcome) for target, outcome in zip(targets.each, outcomes, strict=True)]
    return DeletedKudos(
        headline=headline,
        notes=targets.notes,
        site_id=targets.site.id,
        site=targets.site.name,
        status=status,
        kudos=Table(columns=["uid", "path", "created_at", "outcome"], rows=rows, of=len(rows)),
    )


def _restore(targets: Targets) -> str:
    if not targets.is_single:
        return "To put one back: create_kudo with its path, and its uid as custom_uid; its id and date are lost."
    found, uid = targets.each[0].found, targets.each[0].raw
    path = found.path if found else None
    if path is None or hidden(path + uid):
        return "It cannot be put back: its uid or path has characters that cannot be seen, and such are not written."
    return (
        f"To put it back: create_kudo with path {sanitize.path(path)} and custom_uid {sanitize.quoted(uid)}; its id "
        "and date are lost."
    )


TOOLS = [delete_kudo]
