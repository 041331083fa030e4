"""Finds the kudos that are to be deleted, and how the user agrees: asked by the host, or by a code that comes back."""

import hmac
import re
from dataclasses import dataclass
from typing import Annotated, Any, Final

from mcp.server.mcpserver import Context
from mcp.server.mcpserver.resolve import Elicit, Resolve
from pydantic import AfterValidator, BaseModel, BeforeValidator, Field

from tinylytics_tools import sanitize
from tinylytics_tools.answer import Cell, compact
from tinylytics_tools.client import CallContext, WritingApi
from tinylytics_tools.errors import InvalidArgument, NotFound
from tinylytics_tools.kudos.api import DELETE, KUDO, KudoReply, KudoUid, find_each, recorded
from tinylytics_tools.site_lookup import SiteReply, find_site
from tinylytics_tools.tables import counted
from tinylytics_tools.transport.interface import StoreUnavailable
from tinylytics_tools.writes.attempt import not_recorded
from tinylytics_tools.writes.record import REPEAT_S, Entry, Outcome

MOST_UIDS: Final = 25
LARGEST_LIST: Final = 2_800
"""Bytes of the rows of one list and its notes, which are shown whole or not at all."""
VALID_S: Final = 600
"""How long a code confirms."""
REMEMBERED_S: Final = 86_400.0
"""A kudo that is not there counts as deleted where its deletion was sent within a day and not answered."""
_CODE: Final = re.compile(r"([0-9a-f]{8})-([0-9a-f]{20})")


def _uids(values: list[str]) -> list[str]:
    if not 0 < len(values) <= MOST_UIDS:
        raise ValueError(f"give 1 to {MOST_UIDS} uids")
    return list(dict.fromkeys(values))


KudoUids = Annotated[list[KudoUid] | None, AfterValidator(_uids), Field(description="In place of uid, up to 25.")]


@dataclass(frozen=True)
class Target:
    """What a uid names: a kudo that is there, the call that deleted it before, or None."""

    uid: str
    found: KudoReply | Entry | None

    @property
    def raw(self) -> str:
        """The uid as the service has it, where that is known."""
        return (self.found.uid if self.found else None) or self.uid

    @property
    def outcome(self) -> str:
        """What became of one that is not there."""
        return "deleted before" if isinstance(self.found, Entry) else "not found"

    def row(self, outcome: str) -> list[Cell]:
        """Return it as the row of a table."""
        time = sanitize.time(self.found.created_at) if isinstance(self.found, KudoReply) else None
        path = sanitize.path(self.found.path) if self.found else None
        return [sanitize.in_quotes(self.raw), path, time, outcome]


@dataclass(frozen=True)
class Targets:
    """All that one call names, in its order, each once. `is_single`: by `uid`."""

    site: SiteReply
    each: list[Target]
    is_single: bool

    @property
    def there(self) -> list[KudoReply]:
        """The kudos that would go."""
        return [target.found for target in self.each if isinstance(target.found, KudoReply)]

    @property
    def facts(self) -> list[tuple[int, str, str, str]]:
        """What is agreed to: of each that would go its id, uid, path and date."""
        return sorted((kudo.id or 0, kudo.uid or "", kudo.path or "", str(kudo.created_at)) for kudo in self.there)

    @property
    def notes(self) -> list[str]:
        """What a list needs beside it: which characters of its uids are not plain."""
        odd = [target.raw for target in self.each if not self.is_single and sanitize.is_odd(target.raw)]
        return [f"uid {sanitize.quoted(uid)}" for uid in odd]

    def outcomes(self, there: str) -> list[str]:
        """Return the outcome of each where nothing was sent; `there` for those that are there."""
        return [there if isinstance(one.found, KudoReply) else one.outcome for one in self.each]


async def find_targets(api: WritingApi, site: str | None, uid: str | None, uids: list[str] | None) -> Targets:
    """Return what is named; looked up in each round of the protocol, so that the question is about what is there.

    Raises:
        NotFound: nothing has these uids, and nothing that had them was deleted from here recently.
        InvalidArgument: one has several kudos, or cannot be sent without reaching something else; or they are too long
            to be listed.
    """
    if (uid is None) == (uids is None):
        raise InvalidArgument("Give uid, or uids for several kudos; one of the two. Nothing was deleted.")
    named = [uid] if uid is not None else uids or []
    place = await find_site(api, site)
    each: dict[str, Target] = {}
    for one, kudos in zip(named, await find_each(api, place, named), strict=True):
        if len(kudos) > 1:
            raise InvalidArgument(
                f"{len(kudos)} kudos of {place.quoted} are shown under this uid, {sanitize.in_quotes(one)}, and which "
                "one would go is not sure. Nothing was deleted. The user can delete one on tinylytics.app."
            )
        found = kudos[0] if kudos else await earlier_call(api, place, one)
        if isinstance(found, KudoReply):
            KUDO.fill(site_id=place.id, uid=found.uid or "")
        target = Target(one, found)
        each.setdefault(target.raw, target)
    if not any(target.found for target in each.values()):
        who = f"No kudo of {place.quoted} has this uid" if uid else f"None of these uids is of a kudo of {place.quoted}"
        raise NotFound(
            f"{who}, so nothing was deleted. list_kudos shows the uids there are; its search finds them by a part."
        )
    targets = Targets(place, list(each.values()), uid is not None)
    listed = [*(target.row("deleted before") for target in targets.each), *targets.notes]
    if not targets.is_single and compact(listed) > LARGEST_LIST:
        raise InvalidArgument("Nothing was deleted: these are too long to be listed in one answer. Name fewer uids.")
    return targets


async def earlier_call(api: CallContext, site: SiteReply, uid: str) -> Entry | None:
    """Return the call that deleted it: answered within the last minute, or not answered within the last day."""
    longest = {Outcome.DONE: REPEAT_S, Outcome.UNKNOWN: REMEMBERED_S}
    now = api.now().timestamp()
    recent = [
        entry for entry in await recorded(api, DELETE, site) if now - entry.at <= longest.get(entry.outcome, -1.0)
    ]
    exactly = (entry for entry in recent if entry.uid == uid)
    alike = (entry for entry in recent if sanitize.matches(uid, entry.uid, "uid"))
    return next(exactly, None) or next(alike, None)


class Confirm(BaseModel):
    """Whether the kudos go; without the tick they stay."""

    confirm: Annotated[bool, BeforeValidator(lambda value: value is True)] = Field(
        default=False, title="Delete", description="Tick to delete for good"
    )


@dataclass(frozen=True)
class Check:
    """How this call is confirmed. `asks`: the host asks the user, `waits`: while the call goes on. Otherwise by a code:
    `is_confirmed` with the right one; else `code` is a new one, and `problem` says what is wrong with that of the call.
    """

    asks: bool
    waits: bool = False
    is_confirmed: bool = False
    code: str | None = None
    problem: str | None = None


async def check(
    api: WritingApi,
    targets: Annotated[Targets, Resolve(find_targets)],
    confirm: str | None,
    ctx: Context[Any, Any],
) -> Check:
    """Return how a call is confirmed. A code holds for these kudos of this account, and for some minutes; raise
    `Unavailable` where there is no state key, and the record of writes cannot be read."""
    if not targets.there:
        return Check(asks=False, is_confirmed=True)  # all is gone: nothing is left to agree to
    if _can_ask(ctx):
        return Check(asks=True, waits=not _asks_in_rounds(ctx))
    now, problem = int(api.now().timestamp()), None

    async def code_until(end: str) -> str:
        return f"{end}-{await api.sign(DELETE, targets.site.id, targets.facts, end)}"

    try:
        if confirm is not None:
            code = _CODE.fullmatch(confirm.strip())
            if code is None or not hmac.compare_digest(code[0], await code_until(code[1])):
                problem = "confirm is not the code for exactly these kudos"
            elif int(code[1], 16) < now:
                problem = f"the code in confirm is older than {VALID_S // 60} minutes"
            else:
                return Check(asks=False, is_confirmed=True)
        return Check(asks=False, code=await code_until(f"{now + VALID_S:08x}"), problem=problem)
    except StoreUnavailable as error:
        raise not_recorded(error) from error


def ask(
    targets: Annotated[Targets, Resolve(find_targets)], check: Annotated[Check, Resolve(check)]
) -> Elicit[Confirm] | Confirm:
    """Ask the user, where the host can."""
    if not check.asks:
        return Confirm(confirm=check.is_confirmed)
    there = targets.there
    if targets.is_single:
        return Elicit(f"Delete {named(targets.site, there[0])}? Its id and its date cannot be brought back.", Confirm)
    lines = [f"{sanitize.quoted(kudo.uid)} on {sanitize.path(kudo.path)}, {_given(kudo)}" for kudo in there]
    question = f"Delete {counted(len(there), 'kudo')} of {targets.site.quoted}? Ids and dates cannot be brought back."
    return Elicit("\n".join([question, *lines]), Confirm)


def _can_ask(ctx: Context[Any, Any]) -> bool:
    """Return whether the client shows forms (a bare `elicitation: {}` counts) and can be reached from within a call."""
    capabilities = ctx.client_capabilities
    elicitation = capabilities.elicitation if capabilities else None
    if elicitation is None or (elicitation.form is None and elicitation.url is not None):
        return False
    return _asks_in_rounds(ctx) or ctx.session.can_send_request


def _asks_in_rounds(ctx: Context[Any, Any]) -> bool:
    """Return whether a question is the answer of a call's first round; else it waits within the call."""
    return (ctx.protocol_version or "") >= "2026-07-28"


def named(site: SiteReply, kudo: KudoReply) -> str:
    """Return a kudo as a sentence names it: uid, page, site and date."""
    return f"the kudo {sanitize.quoted(kudo.uid)} on {sanitize.path(kudo.path)} of {site.quoted}, {_given(kudo)}"


def _given(kudo: KudoReply) -> str:
    return f"given {sanitize.time(kudo.created_at)}"
