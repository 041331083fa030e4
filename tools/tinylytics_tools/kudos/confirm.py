"""Finds the kudo that a deletion is about, and asks the user whether it may go, as the client allows it."""

from dataclasses import dataclass
from typing import Annotated, Any

from mcp.server.elicitation import AcceptedElicitation, ElicitationResult
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.resolve import Elicit, Resolve
from pydantic import BaseModel, BeforeValidator, Field

from tinylytics_tools import sanitize
from tinylytics_tools.client import CallContext, WritingApi
from tinylytics_tools.errors import InvalidArgument, NotFound
from tinylytics_tools.kudos.api import KUDO, KudoReply, find
from tinylytics_tools.kudos.create import DELETE
from tinylytics_tools.site_lookup import SiteReply, find_site
from tinylytics_tools.transport.interface import StoreUnavailable
from tinylytics_tools.writes.record import REPEAT_S, Entry, Outcome

REMEMBERED_S = 86_400.0
"""A kudo that is not there counts as deleted where its deletion was sent within a day and not answered."""
_MOST_EARLIER = 200

_ASKS_IN_ROUNDS = "2026-07-28"
"""From this version of the protocol on, a question is the answer of a call's first round."""


@dataclass(frozen=True)
class Target:
    """The kudo that a uid names, or the call that deleted it before."""

    site: SiteReply
    kudo: KudoReply | None
    earlier: Entry | None = None

    @property
    def named(self) -> str:
        """The kudo as a sentence names it: uid, page, site and date."""
        if self.kudo is None:
            return f"this kudo of {self.site.name}"
        uid, path = sanitize.uid(self.kudo.uid), sanitize.path(self.kudo.path)
        return f"the kudo {uid} on {path} of {self.site.name}, given {sanitize.time(self.kudo.created_at)}"


async def find_target(api: WritingApi, site: str | None, uid: str) -> Target:
    """Return what `uid` names; looked up in each round of the protocol, so that the question is about what is there.

    Raises:
        NotFound: nothing has this uid, and nothing that had it was deleted from here recently.
        InvalidArgument: several have it, or it cannot be sent without reaching something else.
    """
    found = await find_site(api, site)
    kudos = await find(api, found, uid)
    if len(kudos) > 1:
        raise InvalidArgument(
            f"{len(kudos)} kudos of {found.name} are shown under this uid, and which one would go is not sure. Nothing "
            "was deleted. The user can delete one on tinylytics.app."
        )
    if kudos:
        KUDO.fill(site_id=found.id, uid=kudos[0].uid or "")
        return Target(found, kudos[0])
    earlier = await earlier_call(api, found, uid)
    if earlier is None:
        raise NotFound(
            f"No kudo of {found.name} has this uid, so nothing was deleted. list_kudos shows the uids there are; its "
            "search finds them by a part."
        )
    return Target(found, None, earlier)


async def earlier_call(api: CallContext, site: SiteReply, uid: str) -> Entry | None:
    """Return the call that deleted it: answered within the last minute, or not answered within the last day."""
    try:
        entries = await api.writes.last(DELETE, site.id, limit=_MOST_EARLIER)
    except StoreUnavailable:
        return None
    longest = {Outcome.DONE: REPEAT_S, Outcome.UNKNOWN: REMEMBERED_S}
    now = api.now().timestamp()
    recent = (entry for entry in entries if now - entry.at <= longest.get(entry.outcome, -1.0))
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
    kudo = target.kudo
    if kudo is None:
        return Confirm(confirm=True)  # it is gone: nothing is left to agree to
    if _can_ask(ctx):
        return Elicit(f"Delete {target.named}? Its id and its date cannot be brought back.", Confirm)
    shown = sanitize.uid(kudo.uid)
    if confirm is not None and confirm in (kudo.uid, shown):
        return Confirm(confirm=True)
    raise InvalidArgument(
        f"Nothing was deleted yet. Tell the user what would go: {target.named}. When they agree, call "
        f"delete_kudo again with confirm {shown}."
    )


def _can_ask(ctx: Context[Any, Any]) -> bool:
    """Return whether the client shows forms (a bare `elicitation: {}` counts) and can be reached from within a call."""
    capabilities = ctx.client_capabilities
    elicitation = capabilities.elicitation if capabilities else None
    if elicitation is None or (elicitation.form is None and elicitation.url is not None):
        return False
    return (ctx.protocol_version or "") >= _ASKS_IN_ROUNDS or ctx.session.can_send_request


Consent = Annotated[ElicitationResult[Confirm], Resolve(ask)]


def is_given(consent: ElicitationResult[Confirm]) -> bool:
    """Return whether the user ticked and sent the form; declining, cancelling and an empty form are no."""
    return isinstance(consent, AcceptedElicitation) and consent.data.confirm
