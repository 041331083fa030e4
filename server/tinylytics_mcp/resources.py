"""The account and its sites as resources: the same answers as the tools give, for hosts that attach them."""

import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import anyio
from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ResourceNotFoundError
from mcp.server.mcpserver.resources import FunctionResource
from mcp.types import Annotations, Resource, TextContent
from tinylytics_tools.account import get_account
from tinylytics_tools.client import CallContext, Client
from tinylytics_tools.errors import InvalidArgument, NotFound, TinylyticsError
from tinylytics_tools.health import check_health
from tinylytics_tools.kudos.listing import list_kudos
from tinylytics_tools.periods import DEFAULT_PERIOD
from tinylytics_tools.site_lookup import SiteReply, list_all
from tinylytics_tools.sites import get_site, list_sites
from tinylytics_tools.tool import ApiTool
from tinylytics_tools.traffic.summarize import summarize_traffic

from tinylytics_mcp.shelf import Shelf

ACCOUNT = "tinylytics://account"
SITES = "tinylytics://sites"
SITE = "tinylytics://sites/{site_id}"
TRAFFIC = "tinylytics://sites/{site_id}/traffic{?period}"
KUDOS = "tinylytics://sites/{site_id}/kudos"
HEALTH = "tinylytics://sites/{site_id}/health"

MOST_LISTED = 16
"""Sites in `resources/list`, the busiest first: the list stays under 8,000 bytes."""
MOST_IN_FULL = 4
"""The busiest of them, listed with their traffic, kudos and health."""
PATIENCE_S = 2.0
"""A list or a completion waits no longer than this for the service."""


@dataclass(frozen=True)
class Kind:
    """What can be read: `template` is its URI, or that of every site; `title` follows the site's name."""

    template: str
    title: str
    about: str
    tool: ApiTool
    priority: float

    @property
    def name(self) -> str:
        """Unique among the kinds: how its URI ends."""
        return self.title.lower()

    @property
    def annotations(self) -> Annotations:
        """For people to pick and for assistants to read."""
        return Annotations(audience=["user", "assistant"], priority=self.priority)

    def uri(self, site_id: int | str, period: str | None = None) -> str:
        """The URI of a site's, and of one of its periods."""
        path = self.template.removesuffix("{?period}").format(site_id=site_id)
        return path if period is None else f"{path}?period={period}"


FIXED = (
    Kind(ACCOUNT, "Account", "Whose account this is, its plan, and what the key may do.", get_account, 0.3),
    Kind(SITES, "Sites", "All sites with their hits and kudos of all time.", list_sites, 0.6),
)
OF_A_SITE = (
    Kind(SITE, "Site", "A site's address, and its hits and kudos of all time.", get_site, 0.5),
    Kind(
        TRAFFIC,
        "Traffic",
        f"A site's hits, change, visitors, days, top pages and referrers; period is {DEFAULT_PERIOD} if left out.",
        summarize_traffic,
        0.9,
    ),
    Kind(KUDOS, "Kudos", f"The kudos, likes of pages, of a site: {DEFAULT_PERIOD}.", list_kudos, 0.4),
    Kind(HEALTH, "Health", "Outages, certificate, domain and broken links of a site.", check_health, 0.7),
)


def add_resources(server: MCPServer[Client], account: Client, shelf: Shelf) -> None:
    """Register the resources of an account with its server; `shelf` keeps what their readings tell."""

    async def read(uri: str, tool: ApiTool, **arguments: Any) -> str:
        try:
            text, age_s = await _told(tool, account, **arguments)
        except (InvalidArgument, NotFound) as error:
            raise ResourceNotFoundError(str(error)) from error
        shelf.put(uri, text, age_s)
        return text

    def fixed(kind: Kind) -> Callable[[], Awaitable[str]]:
        async def read_it() -> str:
            return await read(kind.template, kind.tool)

        return read_it

    def of_a_site(kind: Kind) -> Callable[..., Awaitable[str]]:
        async def read_it(site_id: str) -> str:
            return await read(kind.uri(site_id), kind.tool, site=site_id)

        async def read_period(site_id: str, period: str | None = None) -> str:
            return await read(kind.uri(site_id, period), kind.tool, site=site_id, period=period)

        return read_period if "{?period}" in kind.template else read_it

    for kind in FIXED:
        server.add_resource(
            FunctionResource.from_function(
                fixed(kind),
                kind.template,
                name=kind.name,
                title=kind.title,
                description=kind.about,
                annotations=kind.annotations,
            )
        )
    for kind in OF_A_SITE:
        server.resource(
            kind.template,
            name=kind.name,
            title=kind.title,
            description=kind.about,
            annotations=kind.annotations,
        )(of_a_site(kind))


async def site_resources(account: Client) -> list[Resource]:
    """Those of each site that can be known at once; none without a key or a connection."""
    sites = (await known_sites(account))[:MOST_LISTED]
    return [
        Resource(
            uri=kind.uri(site.id),
            name=f"{kind.name} {site.id}",
            title=site.name if kind.template == SITE else f"{site.name}: {kind.title}",
            mime_type="text/plain",
            annotations=kind.annotations,
        )
        for place, site in enumerate(sites)
        for kind in (OF_A_SITE if place < MOST_IN_FULL else OF_A_SITE[:1])
    ]


def check_query(uri: str) -> None:
    """The SDK leaves out what a template does not name; here a misspelt period must not pass for none.

    Raises:
        ResourceNotFoundError: the URI has another query than one period.
    """
    query = urlsplit(uri).query
    if query and (not query.startswith("period=") or "&" in query):
        raise ResourceNotFoundError("A resource takes no query but one period.")


async def known_sites(account: Client) -> list[SiteReply]:
    """The account's sites, the busiest first; from the wire's store where it has them."""
    sites: list[SiteReply] = []
    # A host asks for lists by itself: a failure would be shown for nothing that the user did.
    with anyio.move_on_after(PATIENCE_S), contextlib.suppress(TinylyticsError):
        sites = await list_all(CallContext(account))
    return sorted(sites, key=lambda site: -(site.lifetime_hits or 0))


async def _told(tool: ApiTool, account: Client, **arguments: Any) -> tuple[str, float]:
    """What a tool's answer says to hosts that show text, and how many seconds old its oldest part is."""
    api = CallContext(account)
    result = await tool.fn(api=api, **arguments)
    (block,) = result.content
    if not isinstance(block, TextContent):
        raise TypeError("a tool's answer is one text")
    return block.text, api.stats.oldest_s or 0.0
