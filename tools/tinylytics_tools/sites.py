"""The account's sites with their lifetime counters: `GET /sites` and `GET /sites/:id`."""

from tinylytics_tools import sanitize
from tinylytics_tools.answer import Answer, Table
from tinylytics_tools.arguments import Limit, Offset, Site
from tinylytics_tools.client import CallContext, CurrentApi
from tinylytics_tools.errors import NotFound
from tinylytics_tools.scope import SiteAnswer
from tinylytics_tools.site_lookup import SITE, SITES, SiteReply, find_site, list_all
from tinylytics_tools.tables import counted, listing, total
from tinylytics_tools.tool import tool

DEFAULT_ROWS = 15
LONGEST_ID = 18
"""Digits of a number that the service may be expected to store; longer ones are looked up as names."""

_COLUMNS = ["id", "site", "domain", "hits", "unique_hits", "kudos", "active", "public", "since"]
_UNIQUES = "unique hits are counted per site and half day: they are not people, and not added up"


class Sites(Answer):
    """All sites, most hits first. Counters are lifetime ones; a total is null where the service leaves one out."""

    sites_in_all: int
    hits_of_all_sites: int | None
    kudos_of_all_sites: int | None
    sites: Table


@tool(SITES, title="List sites")
async def list_sites(api: CurrentApi, limit: Limit = None, offset: Offset = None) -> Sites:
    """List the account's websites with their all-time hits, unique hits and kudos (likes)."""
    sites = sorted(await list_all(api), key=lambda site: (-(site.lifetime_hits or 0), site.id))
    hits, kudos = total(site.lifetime_hits for site in sites), total(site.lifetime_kudos for site in sites)
    rows = [
        [
            site.id,
            site.name,
            sanitize.domain(site.url),
            site.lifetime_hits,
            site.lifetime_unique_hits,
            site.lifetime_kudos,
            site.active,
            site.public,
            site.created_at.date().isoformat(),
        ]
        for site in sites
    ]
    return Sites(
        headline=_all_sites(len(sites), hits, kudos),
        notes=[_UNIQUES] if sites else [],
        next_step=None if sites else "Add a site on tinylytics.app first; get_account shows whose key this is.",
        sites_in_all=len(sites),
        hits_of_all_sites=hits,
        kudos_of_all_sites=kudos,
        sites=listing(_COLUMNS, rows, limit=limit or DEFAULT_ROWS, offset=offset or 0),
    )


class OneSite(SiteAnswer):
    """One site. The counters are lifetime ones, null where the service does not state them; `since` is a day in UTC."""

    uid: str
    url: str
    lifetime_hits: int | None
    lifetime_unique_hits: int | None
    lifetime_kudos: int | None
    active: bool | None
    public: bool | None
    since: str


@tool(SITES, SITE, title="One site")
async def get_site(api: CurrentApi, site: Site = None) -> OneSite:
    """Show a site's all-time hits and kudos (likes), since when they count, and its address."""
    found = await _read_site(api, site or api.preferences.site)
    since = found.created_at.date().isoformat()
    hits = counted("an unknown number of" if found.lifetime_hits is None else found.lifetime_hits, "hit")
    return OneSite(
        headline=f"{found.quoted} has had {hits} since {since}.",
        notes=[_UNIQUES],
        site_id=found.id,
        site=found.name,
        uid=sanitize.uid(found.uid),
        url=sanitize.url(found.url),
        lifetime_hits=found.lifetime_hits,
        lifetime_unique_hits=found.lifetime_unique_hits,
        lifetime_kudos=found.lifetime_kudos,
        active=found.active,
        public=found.public,
        since=since,
    )


async def _read_site(api: CallContext, wanted: str | None) -> SiteReply:
    """Return the site of an id; another name, or an id that is not there, is looked up among all sites."""
    digits = (wanted or "").strip()
    if digits.isdecimal() and len(digits) <= LONGEST_ID:
        try:
            return await api.call(SITE, site_id=int(digits))
        except NotFound:
            pass
    return await api.call(SITE, site_id=(await find_site(api, wanted)).id)


def _all_sites(number: int, hits: int | None, kudos: int | None) -> str:
    if not number:
        return "This account has no site yet."
    sites = counted(number, "site")
    totals = [] if hits is None else [counted(hits, "hit")]
    totals += [] if kudos is None else [counted(kudos, "kudo")]
    return f"{sites}: {' and '.join(totals)} in all." if totals else f"{sites}."


TOOLS = [list_sites, get_site]
