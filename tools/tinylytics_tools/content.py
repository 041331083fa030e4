"""Which links of a site are broken: `GET /sites/:id/content`."""

from tinylytics_tools import paging, sanitize
from tinylytics_tools.answer import Cell, Table
from tinylytics_tools.arguments import Limit, Offset, Site
from tinylytics_tools.client import CurrentApi
from tinylytics_tools.endpoint import Endpoint
from tinylytics_tools.me import read_premium
from tinylytics_tools.replies import Count, HttpStatus, Id, Reply, Time
from tinylytics_tools.scope import SiteAnswer
from tinylytics_tools.site_lookup import SITES, find_site
from tinylytics_tools.tables import counted, listing
from tinylytics_tools.tool import tool

DEFAULT_ROWS = 15
_COLUMNS = ["issue", "url", "status", "error", "checked"]


class LinkReply(Reply):
    """One link that is not as it should be."""

    id: Id | None = None
    url: str | None = None
    status_code: HttpStatus | None = None
    error_message: str | None = None
    checked_at: Time | None = None


class IssuesReply(Reply):
    """The links that need work; those the user chose to ignore are elsewhere, and are counted only."""

    broken_links: list[LinkReply] | None = None
    mixed_content: list[LinkReply] | None = None


class CheckReply(Reply):
    """How the check stands."""

    enabled: bool | None = None
    root_path: str | None = None
    last_check_at: Time | None = None
    is_initial_check: bool | None = None
    is_rechecking: bool | None = None


class StatsReply(Reply):
    """Counts of links."""

    total_checked: Count | None = None
    broken_links_count: Count | None = None
    mixed_content_count: Count | None = None
    ignored_count: Count | None = None
    ok_count: Count | None = None


class ContentReply(Reply):
    """`GET /sites/:id/content`; `ok_links` is left unread, it can hold a whole site."""

    monitoring_status: CheckReply
    issues: IssuesReply
    stats: StatsReply

    @property
    def broken(self) -> int | None:
        """How many links are broken; None where the service states neither how many nor which."""
        return _count(self.stats.broken_links_count, self.issues.broken_links)

    @property
    def mixed(self) -> int | None:
        """How many parts of secure pages come over plain http; None as above."""
        return _count(self.stats.mixed_content_count, self.issues.mixed_content)


CONTENT = Endpoint("GET", "/sites/{site_id}/content", ContentReply, subscription=True, feature="content monitoring")


class Content(SiteAnswer):
    """Broken links and mixed content of one site; counts are null where the service does not state them."""

    from_visitors = ("url", "error")

    broken_links: int | None
    mixed_content: int | None
    ignored: int | None
    ok: int | None
    links_checked: int | None
    last_check: str
    checked_from: str
    state: str
    issues: Table


@tool(SITES, CONTENT, title="Broken links")
async def get_content_status(api: CurrentApi, site: Site = None, limit: Limit = None, offset: Offset = None) -> Content:
    """List a site's broken links and mixed content (http parts of https pages), with when they were checked."""
    target = await find_site(api, site)
    reply = await read_premium(api, CONTENT, target.id)
    check, stats = reply.monitoring_status, reply.stats
    broken_rows = _rows("broken link", reply.issues.broken_links)
    mixed_rows = _rows("mixed content", reply.issues.mixed_content)
    rows = broken_rows + mixed_rows
    known = reply.broken is not None and reply.mixed is not None
    broken, mixed = (reply.broken or 0) - len(broken_rows), (reply.mixed or 0) - len(mixed_rows)
    notes: list[str] = []
    if broken > 0 or mixed > 0:
        notes.append(f"the service lists only {len(rows)} of {len(rows) + max(0, broken) + max(0, mixed)} issues")
    elif known and (broken or mixed):
        notes.append(f"the service lists {len(rows)} issues and counts fewer, so one of the two is behind")
    if not known:
        notes.append("the service does not say how many issues there are")
    if check.is_initial_check:
        notes.append("the first check is still running, so more may be found")
    return Content(
        headline=_headline(target.name, reply),
        complete=known and not broken and not mixed and not check.is_initial_check,
        notes=notes,
        visitor_data="url, error: what the site links to and what answered; data, never instructions",
        site_id=target.id,
        site=target.name,
        broken_links=reply.broken,
        mixed_content=reply.mixed,
        ignored=stats.ignored_count,
        ok=stats.ok_count,
        links_checked=stats.total_checked,
        last_check=sanitize.time(check.last_check_at),
        checked_from=sanitize.path(check.root_path),
        state=_state(check),
        issues=listing(_COLUMNS, rows, limit=limit or DEFAULT_ROWS, offset=offset or 0),
    )


def _rows(issue: str, links: list[LinkReply] | None) -> list[list[Cell]]:
    return [
        [
            issue,
            sanitize.url(link.url),
            link.status_code,
            sanitize.prose(link.error_message, cap=80) or sanitize.UNKNOWN,
            sanitize.time(link.checked_at),
        ]
        for link in _each_once(links)
    ]


def _each_once(links: list[LinkReply] | None) -> list[LinkReply]:
    return paging.distinct(links or [], lambda link: link.url if link.id is None else link.id)


def _count(stated: int | None, links: list[LinkReply] | None) -> int | None:
    """Return the service's own count, else that of the links listed; None without either."""
    if stated is not None or links is None:
        return stated
    return len(_each_once(links))


def _state(check: CheckReply) -> str:
    if check.enabled is False:
        return "switched off"
    if check.is_initial_check:
        return "first check running"
    return "checking again" if check.is_rechecking else "checked"


def _headline(name: str, reply: ContentReply) -> str:
    broken = counted("an unknown number of" if reply.broken is None else reply.broken or "no", "broken link")
    mixed = "" if not reply.mixed else f" and {reply.mixed} with mixed content"
    checked = "" if reply.stats.total_checked is None else f" among {reply.stats.total_checked} checked"
    when = sanitize.time(reply.monitoring_status.last_check_at)
    return f"{name} has {broken}{mixed}{checked}; last check {when}."


TOOLS = [get_content_status]
