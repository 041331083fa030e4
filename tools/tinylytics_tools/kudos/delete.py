"""Deletes kudos, once the user has agreed to it as the host allows: `DELETE /sites/:id/kudos/:kudo_uid`."""

import contextlib
from collections.abc import Sequence
from typing import Annotated, Final, Literal, cast

from mcp.server.elicitation import AcceptedElicitation, ElicitationResult
from mcp.server.mcpserver.resolve import Resolve
from pydantic import Field

from tinylytics_tools import sanitize
from tinylytics_tools.answer import Cell, Table
from tinylytics_tools.arguments import Site
from tinylytics_tools.client import CallContext, WritingApi
from tinylytics_tools.errors import NotFound, OutcomeUnknown, TinylyticsError, Unavailable
from tinylytics_tools.kudos.api import CREATE, DELETE, KUDO, KUDOS, AnyUid, KudoReply, look_up
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
from tinylytics_tools.transport.interface import StoreUnavailable
from tinylytics_tools.writes.attempt import attempt, end
from tinylytics_tools.writes.record import Entry, Outcome, Write
from tinylytics_tools.writes.validation import hidden

_DELETED: Final = {"status": "deleted"}
"""What the record keeps of a deletion."""

Result = Literal["deleted", "deleted before", "not found", "not known", "not deleted"]
_GONE: Final = ("deleted", "deleted before")


class DeletedKudos(SiteAnswer):
    """Each kudo and its outcome. `code` is what a host that cannot ask the user brings back as `confirm`.
    `repeated`: earlier calls deleted them, nothing was sent now; `created_at` is null there."""

    from_visitors = ("path", "uid")
    may_not_apply = ("code",)

    status: Literal["deleted", "partly deleted", "not deleted", "not confirmed"]
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
    uids: KudoUids = None,  # noqa: ARG001 - `find_targets` takes these two
    site: Site = None,  # noqa: ARG001
    confirm: Annotated[  # noqa: ARG001 - `check` takes it
        str | None, Field(description="The code of the first call, once the user has agreed.")
    ] = None,
) -> DeletedKudos:
    """Delete kudos, likes, for good: one by `uid`, or up to 25 by `uids`. The user is asked once and sees uids, pages
    and dates; where the host cannot ask, the first call deletes nothing and gives a code. list_kudos finds uids.
    create_kudo can put one back, with a new date.
    """
    if isinstance(consent, AcceptedElicitation) and consent.data.confirm:
        return await _delete_all(api, targets)
    if checked.asks:
        which = "The kudo is" if len(targets.there) == 1 else "The kudos are"
        headline = f"Nothing was deleted: the user did not agree. {which} still there."
        return _answer(targets, "not deleted", headline, _outcomes(targets, "kept"))
    what = named(targets.site, targets.there[0]) if targets.is_single else counted(len(targets.there), "kudo")
    of = "" if targets.is_single else f" of {targets.site.quoted}"
    why = f": {checked.problem}" if checked.problem else " yet"
    answer = _answer(
        targets,
        "not confirmed",
        f"Nothing was deleted{why}. What would go: {what}{of}.",
        _outcomes(targets, "would go"),
    )
    answer.code = checked.code
    answer.next_step = (
        f"Tell the user what would go. When they agree: delete_kudo with the same {'uid' if uid else 'uids'} and "
        f"confirm {checked.code}, within {VALID_S // 60} minutes."
    )
    return answer


async def _delete_all(api: CallContext, targets: Targets) -> DeletedKudos:
    """Delete one after the other, each sent once, until a failure that is not of one kudo alone.

    Raises:
        TinylyticsError: the only one failed, or nothing was deleted and all outcomes are known.
    """
    results: list[Result] = []
    notes: list[str] = []
    failure: TinylyticsError | None = None
    for target in targets.each:
        try:
            result, told = await _delete(api, targets.site, target)
        except TinylyticsError as error:
            result, told, failure = "not known" if isinstance(error, OutcomeUnknown) else "not deleted", (), error
            if isinstance(error, NotFound) and not targets.is_single:
                result, failure = "not found", None
        results.append(result)
        notes.extend(note for note in told if note not in notes)
        if failure is not None:
            break
    if failure is not None and (targets.is_single or not {*_GONE, "not known"} & set(results)):
        raise failure
    results += cast("list[Result]", ["not deleted"] * (len(targets.each) - len(results)))
    return _told(api, targets, results, notes, failure)


async def _delete(api: CallContext, site: SiteReply, target: Target) -> tuple[Result, tuple[str, ...]]:
    """Delete one kudo, and return what became of it with notes; raises as `_send` does."""
    if target.found is None:
        return "not found", ()
    if isinstance(target.found, Entry):
        notes = await end(api, target.found.id, Outcome.DONE, _DELETED)
    else:
        notes = await _send(api, site, target.found.path, target.raw)
    with contextlib.suppress(StoreUnavailable):
        await api.writes.undone(CREATE, site.id, target.raw)
    return _outcome_before(target) if isinstance(target.found, Entry) else "deleted", notes


async def _send(api: CallContext, site: SiteReply, path: str | None, uid: str) -> tuple[str, ...]:
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


def _told(
    api: CallContext, targets: Targets, results: list[Result], notes: list[str], failure: TinylyticsError | None
) -> DeletedKudos:
    """Return what became of each."""
    gone = sum(result in _GONE for result in results)
    open_ = sum(result in ("not known", "not deleted") for result in results)
    first = targets.each[0].found
    if not targets.is_single:
        others = "".join(
            f"; {results.count(kind)} {kind}" for kind in ("not found", "not known", "not deleted") if kind in results
        )
        headline = f"Deleted {gone} of {counted(len(results), 'kudo')} of {targets.site.quoted}{others}."
    elif isinstance(first, KudoReply):
        headline = f"Deleted {named(targets.site, first)}."
    else:
        age = max(0, round(api.now().timestamp() - first.at)) if first else 0
        headline = f"Deleted: this kudo of {targets.site.quoted} is gone, by a call {age} s ago. Nothing was sent now."
    status = "deleted" if gone == len(results) else "partly deleted" if gone else "not deleted"
    answer = _answer(targets, status, headline, results)
    answer.deleted, answer.complete = gone, not open_
    answer.repeated = not targets.there
    answer.notes = [*answer.notes, *notes, *([f"at the first of those left: {failure}"] if failure else [])]
    if open_:
        answer.next_step = "delete_kudo with the uids that are not known or not deleted finds out, and asks anew."
    elif gone:
        answer.next_step = _restore(targets)
    return answer


def _outcomes(targets: Targets, there: str) -> list[str]:
    """Return the outcome of each where nothing was sent; `there` for those that are there."""
    return [there if isinstance(target.found, KudoReply) else _outcome_before(target) for target in targets.each]


def _outcome_before(target: Target) -> Result:
    return "deleted before" if isinstance(target.found, Entry) else "not found"


def _answer(
    targets: Targets,
    status: Literal["deleted", "partly deleted", "not deleted", "not confirmed"],
    headline: str,
    outcomes: Sequence[str],
) -> DeletedKudos:
    rows: list[list[Cell]] = [target.row(outcome) for target, outcome in zip(targets.each, outcomes, strict=True)]
    odd = [sanitize.quoted(target.raw) for target in targets.each if sanitize.is_odd(target.raw)]
    return DeletedKudos(
        headline=headline,
        notes=[f"uid {uid}" for uid in odd] if not targets.is_single else [],
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
