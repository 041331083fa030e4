"""Finds a site by its id, uid, URL, domain or label."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from tinylytics_tools import paging, sanitize
from tinylytics_tools.client import CallContext
from tinylytics_tools.endpoint import MINUTE_S, Endpoint, lasting
from tinylytics_tools.errors import InvalidArgument, NotFound
from tinylytics_tools.replies import Count, Id, Reply, Time, Wrapped


class SiteReply(Wrapped):
    """One site with its lifetime counters."""

    id: Id
    uid: str | None = None
    url: str | None = None
    label: str | None = None
    lifetime_hits: Count | None = None
    lifetime_unique_hits: Count | None = None
    lifetime_kudos: Count | None = None
    active: bool | None = None
    public: bool | None = None
    created_at: Time

    @property
    def name(self) -> str:
        """What an answer calls it: its label, else its host, else its id; guarded."""
        return sanitize.label(self.label) if self.label else self.domain

    @property
    def quoted(self) -> str:
        """Its name in quotes, as it stands in a sentence (ANSWERS 4)."""
        return sanitize.phrase(self.name)

    @property
    def domain(self) -> str:
        """Where it is: its host, or the whole address of one without a dot; its id where it has no address."""
        return sanitize.domain(self.url) if self.url else str(self.id)


class SitesReply(Reply):
    """`GET /sites`: all of them, in one page."""

    sites: list[SiteReply]


MOST_CHOICES = 8

SITES = Endpoint("GET", "/sites", SitesReply, ttl=lasting(5 * MINUTE_S), survives_writes=True)
SITE = Endpoint("GET", "/sites/{site_id}", SiteReply, ttl=lasting(5 * MINUTE_S))


async def list_all(api: CallContext) -> list[SiteReply]:
    """Return all sites of the account, each once, in the service's order."""
    return paging.distinct((await api.call(SITES)).sites, lambda site: site.id)


async def find_site(api: CallContext, wanted: str | None) -> SiteReply:
    """Return the site of a name, see `find`; without a name the one of the settings, else the only one."""
    return find(await list_all(api), wanted or api.preferences.site)


def find(sites: Sequence[SiteReply], wanted: str | None) -> SiteReply:
    """Return the one site that `wanted` names: its id before all else, then uid, URL, domain or label, then a beginning
    of a label or domain that only one site has. Raise `NotFound` where the account has no site, `InvalidArgument` with
    the choices where none or several fit."""
    if not sites:
        raise NotFound("This Tinylytics account has no site yet. Add one on tinylytics.app first.")
    if wanted is None:
        if len(sites) == 1:
            return sites[0]
        raise InvalidArgument(f"This account has {len(sites)} sites. Name one as site: {_choices(sites)}.")
    text = sanitize.unquoted(wanted).strip()
    by_id = [site for site in sites if text.isdecimal() and site.id == int(text)]
    found = by_id or [site for site in sites if _is_called(site, text)]
    found = found or [site for site in sites if text and _begins(site, text)]
    if len(found) == 1:
        return found[0]
    if found:
        raise InvalidArgument(f"Several sites fit this name. Give the id of one: {_choices(found)}.")
    of_all = " For all sites there is get_overview." if text.casefold() == "all" else ""
    raise InvalidArgument(f"No site of this account is called that. site can be one of: {_choices(sites)}.{of_all}")


def site_host(url: str | None) -> str:
    """Return a site's own host, as referrers are merged to; empty where it has none. Not its subdomains: they may be
    sites of others, or counted by themselves."""
    host = sanitize.host(url)
    return "" if host in (sanitize.DIRECT, sanitize.NOT_A_HOST) else host


def _is_called(site: SiteReply, text: str) -> bool:
    wanted = text.casefold()
    names = {site.uid, site.label, site.name, _address(site.url), _domain(site.url)}
    return wanted in {name.casefold() for name in names if name} or _address(text) == _address(site.url)


def _begins(site: SiteReply, text: str) -> bool:
    names = (site.label, site.name, _domain(site.url))
    return any(name.casefold().startswith(text.casefold()) for name in names if name)


def _address(url: str | None) -> str:
    """Return host and path without scheme, `www.` and closing slash."""
    bare = (url or "").strip().casefold().partition("://")
    return (bare[2] or bare[0]).removeprefix("www.").rstrip("/")


def _domain(url: str | None) -> str:
    try:
        return (urlsplit(f"//{_address(url)}").hostname or "") if url else ""
    except ValueError:
        return ""


def _choices(sites: Sequence[SiteReply]) -> str:
    shown = ", ".join(f'{site.id} "{site.name}"' for site in sites[:MOST_CHOICES])
    more = len(sites) - MOST_CHOICES
    return f"{shown} and {more} more, see list_sites" if more > 0 else shown
