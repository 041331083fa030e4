"""Creates a kudo: `POST /sites/:id/kudos`."""

from typing import Literal

from pydantic import Field

from tinylytics_tools import sanitize
from tinylytics_tools.answer import Table
from tinylytics_tools.arguments import Site
from tinylytics_tools.client import CallContext, WritingApi
from tinylytics_tools.kudos.api import KUDOS, NEW_KUDO
from tinylytics_tools.kudos.restoring import as_deleted
from tinylytics_tools.kudos.sending import NewKudo, create, new_uid
from tinylytics_tools.scope import SiteAnswer
from tinylytics_tools.site_lookup import SITES, SiteReply, find_site
from tinylytics_tools.tool import tool
from tinylytics_tools.writes import validation
from tinylytics_tools.writes.dry_run import nothing, would_send
from tinylytics_tools.writes.validation import Flag


class CreatedKudo(SiteAnswer):
    """`stored`: no answer told, and it was found by its uid. `repeated`: nothing was sent."""

    from_visitors = ("path", "uid", "reason")

    status: Literal["created", "stored", "ignored", "dry_run"]
    path: str
    uid: str
    id: int | None = None
    created_at: str | None = None
    reason: str = "none"
    repeated: bool = False
    would_send: Table = Field(default_factory=nothing)


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
    target = await find_site(api, site)
    kudo = await _checked(api, target, path, custom_uid)
    request = f"POST /sites/{target.id}/kudos"
    if dry_run:
        return CreatedKudo(
            headline=f"Nothing was sent. Without dry_run, a kudo on {sanitize.path(kudo.path)} would be created.",
            next_step=f"create_kudo with {kudo.named} sends exactly this.",
            site_id=target.id,
            site=target.name,
            status="dry_run",
            path=sanitize.path(kudo.path),
            uid=sanitize.uid(kudo.uid),
            would_send=would_send(request, kudo.body),
        )
    tried = await create(api, kudo, again=bool(allow_repeat))
    answer = CreatedKudo(
        headline="",
        notes=list(tried.notes),
        site_id=target.id,
        site=target.name,
        repeated=tried.repeated_s is not None,
        **tried.result,
    )
    return answer.model_copy(
        update={
            "headline": _headline(answer) + tried.words,
            "next_step": f"delete_kudo with uid {answer.uid} takes it back." if answer.status != "ignored" else None,
        }
    )


async def _checked(api: CallContext, site: SiteReply, path: str, uid: str | None) -> NewKudo:
    """What is to be created; one that was deleted from here is meant as it was."""
    deleted = None if uid is None else await as_deleted(api, site.id, path, uid)
    if deleted is not None:
        return NewKudo(site, *deleted)
    sent = validation.checked("path", validation.path, path)
    if uid is None:
        return NewKudo(site, sent, new_uid(), is_ours=True)
    return NewKudo(site, sent, validation.checked("custom_uid", validation.uid, uid))


def _headline(answer: CreatedKudo) -> str:
    where = f"{answer.path} of {answer.site}"
    match answer.status:
        case "ignored":
            return f"Ignored: no kudo was stored on {where}. The service says: {answer.reason}."
        case "stored":
            return f"The kudo on {where} is stored, as uid {answer.uid}: no answer told so, a look-up found it."
        case _:
            return f"Created a kudo on {where}, as uid {answer.uid}."


TOOLS = [create_kudo]
