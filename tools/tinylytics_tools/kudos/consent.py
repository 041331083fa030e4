"""Asks the user whether a kudo may go, as the client allows it."""

from typing import Annotated, Any

from mcp.server.elicitation import AcceptedElicitation, ElicitationResult
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.resolve import Elicit, Resolve
from pydantic import BaseModel, BeforeValidator, Field

from tinylytics_tools import sanitize
from tinylytics_tools.errors import InvalidArgument
from tinylytics_tools.kudos.target import Target, the_kudo

_ASKS_IN_ROUNDS = "2026-07-28"
"""From this version of the protocol on, a question is the answer of a call's first round."""


class Confirm(BaseModel):
    """Whether the kudo goes; without the tick it stays."""

    confirm: Annotated[bool, BeforeValidator(lambda value: value is True)] = Field(
        default=False, title="Delete this kudo", description="Tick to delete it for good"
    )


async def ask(
    target: Annotated[Target, Resolve(the_kudo)], confirm: str | None, ctx: Context[Any, Any]
) -> Elicit[Confirm] | Confirm:
    """The user's consent; where the client cannot ask, the uid given once more is taken for it.

    Raises:
        InvalidArgument: the user is to be shown first what would go.
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
    """Whether the client shows forms (a bare `elicitation: {}` counts) and can be reached from within a call."""
    capabilities = ctx.client_capabilities
    elicitation = capabilities.elicitation if capabilities else None
    if elicitation is None or (elicitation.form is None and elicitation.url is not None):
        return False
    return (ctx.protocol_version or "") >= _ASKS_IN_ROUNDS or ctx.session.can_send_request


Consent = Annotated[ElicitationResult[Confirm], Resolve(ask)]


def is_given(consent: ElicitationResult[Confirm]) -> bool:
    """Whether the user ticked and sent the form; declining, cancelling and an empty form are no."""
    return isinstance(consent, AcceptedElicitation) and consent.data.confirm
