"""Records one hit: `POST /sites/:id/hits`."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict

from tinylytics_tools import sanitize
from tinylytics_tools.answer import Table
from tinylytics_tools.arguments import Country, Site
from tinylytics_tools.client import WritingApi
from tinylytics_tools.endpoint import Endpoint
from tinylytics_tools.errors import OutcomeUnknown
from tinylytics_tools.hits.api import CHANGED_BY_HITS, HitFields
from tinylytics_tools.replies import Id, Reply
from tinylytics_tools.scope import SiteAnswer
from tinylytics_tools.site_lookup import SITES, find_site
from tinylytics_tools.tool import tool
from tinylytics_tools.writes import validation
from tinylytics_tools.writes.attempt import IGNORED, NO_REASON, attempt, ignored
from tinylytics_tools.writes.dry_run import SHOWN_ENCODED, would_send
from tinylytics_tools.writes.record import EVERY, Write
from tinylytics_tools.writes.validation import Flag

FOR_GOOD = "hits get the time of their arrival, and cannot be back-dated or removed"
"""Field notes 22."""

HitPath = Annotated[str, AfterValidator(validation.path)]
Url = Annotated[str | None, AfterValidator(validation.url)]
Referrer = Annotated[str | None, AfterValidator(validation.referrer)]
IpAddress = Annotated[str | None, AfterValidator(validation.ip_address)]
UserAgent = Annotated[str | None, AfterValidator(validation.user_agent)]
VisitorId = Annotated[str | None, AfterValidator(validation.visitor_id)]
Source = Annotated[str | None, AfterValidator(validation.source)]


class HitRow(BaseModel):
    """One hit to be written (API document, `POST /sites/:id/hits`)."""

    model_config = ConfigDict(extra="forbid")

    path: HitPath
    url: Url = None
    referrer: Referrer = None
    country: Country = None
    ip_address: IpAddress = None
    user_agent: UserAgent = None
    visitor_id: VisitorId = None
    source: Source = None


class NewHitReply(HitFields):
    """The hit as it was stored; its hashes are not read."""

    id: Id | None = None


class HitCreatedReply(Reply):
    """201 with the hit, or 202 with a reason and nothing stored (field notes 23)."""

    status: Literal["created", "ignored"]
    hit: NewHitReply | None = None
    reason: str | None = None


NEW_HIT = Endpoint("POST", "/sites/{site_id}/hits", HitCreatedReply, invalidates=CHANGED_BY_HITS)


class CreatedHit(SiteAnswer):
    """The hit. `country` is the one that the service determined. `repeated`: nothing was sent."""

    from_visitors = ("path", "source", "reason")
    may_not_apply = ("would_send",)

    status: Literal["created", "ignored", "dry_run"]
    path: str
    id: int | None = None
    country: str = sanitize.UNKNOWN
    browser: str = sanitize.UNKNOWN
    platform: str = sanitize.UNKNOWN
    source: str = sanitize.NO_SOURCE
    reason: str = "none"
    repeated: bool = False
    would_send: Table | None = None


@tool(SITES, NEW_HIT, title="Record a hit")
async def create_hit(
    api: WritingApi,
    path: str,
    site: Site = None,
    url: Url = None,
    referrer: Referrer = None,
    country: Country = None,
    ip_address: IpAddress = None,
    user_agent: UserAgent = None,
    visitor_id: VisitorId = None,
    source: Source = None,
    dry_run: Flag = None,
    allow_repeat: Flag = None,
) -> CreatedHit:
    """Record one hit, a page view, with the present time; it cannot be back-dated or removed.
    dry_run shows what would be sent. The same call within a minute is not sent again, unless allow_repeat.
    """
    sent = validation.checked("path", validation.path, path)
    target = await find_site(api, site)
    given = (sent, url, referrer, country, ip_address, user_agent, visitor_id, source)
    body = {name: value for name, value in zip(HitRow.model_fields, given, strict=True) if value is not None}
    shown, notes = sanitize.path(sent), [FOR_GOOD, *validation.slash_added(path, sent)]
    if dry_run:
        return CreatedHit(
            headline=f"Nothing was sent. Without dry_run, a hit on {shown} of {target.quoted} would be recorded.",
            notes=[*notes, SHOWN_ENCODED],
            site_id=target.id,
            site=target.name,
            status="dry_run",
            path=shown,
            would_send=would_send(f"POST /sites/{target.id}/hits", body),
        )

    async def send() -> dict[str, Any]:
        return _result(sent, await api.call(NEW_HIT, body=body, site_id=target.id))

    write = Write("create_hit", target.id, body, path=sent)
    tried = await attempt(api, write, send, past=EVERY if allow_repeat else 0)
    if tried.unknown:
        raise OutcomeUnknown(
            f"It is not known whether the hit on {shown} was stored: it was {tried.unknown}. It was not sent again, "
            f"since a hit cannot be removed. To check: list_hits with path {shown} and period today. To send it again "
            "all the same: allow_repeat."
        )
    if tried.error is not None:
        raise tried.error
    result = tried.result
    where, country = f"{result['path']} of {target.quoted}", result.get("country", sanitize.UNKNOWN)
    of = "country not told" if country == sanitize.UNKNOWN else f"stored with country {country}"
    headline = f"Recorded a hit on {where}, {of}{', which stands for an unknown one' if country == 'XX' else ''}."
    if result["status"] == "ignored":
        headline = ignored("hit", where, result["reason"])
    return CreatedHit(
        headline=headline + tried.repeat_note,
        notes=[*notes, *tried.notes, *([IGNORED] if result["status"] == "ignored" else [])],
        site_id=target.id,
        site=target.name,
        repeated=tried.repeated_s is not None,
        **result,
    )


def _result(path: str, reply: HitCreatedReply) -> dict[str, Any]:
    result: dict[str, Any] = {"status": reply.status, "path": sanitize.path(path)}
    if reply.status == "ignored":
        return result | {"reason": sanitize.prose(reply.reason, cap=200) or NO_REASON}
    if reply.hit is None:
        return result
    return result | {
        "id": reply.hit.id,
        "path": sanitize.path(reply.hit.path),
        "country": sanitize.country(reply.hit.country),
        "browser": sanitize.browser(reply.hit.browser_name),
        "platform": sanitize.platform(reply.hit.platform_name),
        "source": sanitize.source(reply.hit.source),
    }


TOOLS = [create_hit]
