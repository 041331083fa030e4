"""The account and its sites as resources: the same answers as the tools give, for hosts that attach them."""

import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from weakref import WeakValueDictionary

import anyio
from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ResourceNotFoundError
from mcp.server.subscriptions import InMemorySubscriptionBus, ResourceUpdated, ServerEvent
from mcp.types import Annotations, Resource, TextContent
from tinylytics_tools.account import get_account
from tinylytics_tools.client import CallContext, Client
from tinylytics_tools.endpoint import Endpoint
from tinylytics_tools.errors import InvalidArgument, NotFound, TinylyticsError
from tinylytics_tools.health import check_health
from tinylytics_tools.kudos.listing import list_kudos
from tinylytics_tools.periods import DEFAULT_PERIOD, PERIODS, resolve
from tinylytics_tools.site_lookup import SiteReply, list_all
from tinylytics_tools.sites import get_site, list_sites
from tinylytics_tools.tool import ApiTool
from tinylytics_tools.traffic.summarize import summarize_traffic

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
TIMEOUT_S = 2.0
"""How long a list or a completion waits for the service."""


@dataclass(frozen=True)
class ResourceKind:
    """A kind of resource: `template` is its URI or URI template; `title` follows the site's name."""

    template: str
    title: str
    description: str
    tool: ApiTool
    priority: float

    @property
    def name(self) -> str:
        """The name, unique among the kinds: how its URI ends."""
        return self.title.lower()

    @property
    def annotations(self) -> Annotations:
        """Its audience and priority: for people to pick and for assistants to read."""
        return Annotations(audience=["user", "assistant"], priority=self.priority)

    def uri(self, site_id: int | str, period: str | None = None) -> str:
        """Return the URI for a site, and for a period where one is given."""
        path = self.template.removesuffix("{?period}").format(site_id=site_id)
        return path if period is None else f"{path}?period={period}"


FIXED = (
    ResourceKind(ACCOUNT, "Account", "Whose account this is, its plan, and what the key may do.", get_account, 0.3),
    ResourceKind(SITES, "Sites", "All sites with their hits and kudos of all time.", list_sites, 0.6),
)
OF_A_SITE = (
    ResourceKind(SITE, "Site", "A site's address, and its hits and kudos of all time.", get_site, 0.5),
    ResourceKind(
        TRAFFIC,
        "Traffic",
        f"A site's hits, change, visitors, days, top pages and referrers; period is {DEFAULT_PERIOD} if left out.",
        summarize_traffic,
        0.9,
    ),
    ResourceKind(KUDOS, "Kudos", f"The kudos, likes of pages, of a site: {DEFAULT_PERIOD}.", list_kudos, 0.4),
    ResourceKind(HEALTH, "Health", "Outages, certificate, domain and broken links of a site.", check_health, 0.7),
)


def add_resources(server: MCPServer[Any], current: Callable[[], Client]) -> None:
    """Register the resources with a server; `current` as the server has it."""

    async def read(tool: ApiTool, **arguments: Any) -> str:
        try:
            result = await tool.fn(api=CallContext(current()), **arguments)
        except (InvalidArgument, NotFound) as error:
            raise ResourceNotFoundError(str(error)) from error
        return "\n".join(block.text for block in result.content if isinstance(block, TextContent))

    def reader(kind: ResourceKind) -> Callable[..., Awaitable[str]]:
        async def read_account() -> str:
            return await read(kind.tool)

        async def read_site(site_id: str) -> str:
            return await read(kind.tool, site=site_id)

        async def read_period(site_id: str, period: str | None = None) -> str:
            return await read(kind.tool, site=site_id, period=period)

        if kind in FIXED:
            return read_account
        return read_period if kind.template == TRAFFIC else read_site

    for kind in (*FIXED, *OF_A_SITE):
        server.resource(
            kind.template,
            name=kind.name,
            title=kind.title,
            description=kind.description,
            annotations=kind.annotations,
        )(reader(kind))


async def site_resources(client: Client) -> list[Resource]:
    """Return the resources of the known sites; none without a key or a connection."""
    sites = (await known_sites(client))[:MOST_LISTED]
    return [
        Resource(
            uri=kind.uri(site.id),
            name=f"{kind.name} {site.id}",
            title=site.name if kind.template == SITE else f"{site.name}: {kind.title}",
            mime_type="text/plain",
            annotations=kind.annotations,
        )
        for index, site in enumerate(sites)
        for kind in (OF_A_SITE if index < MOST_IN_FULL else OF_A_SITE[:1])
    ]


def check_query(uri: str) -> None:
    """Raise ResourceNotFoundError if the query of a URI is not a single period: the SDK drops parameters that a
    template does not name, a misspelt period too."""
    query = urlsplit(uri).query
    if query and (not query.startswith("period=") or "&" in query):
        raise ResourceNotFoundError("A resource takes no query but one period.")


async def known_sites(client: Client) -> list[SiteReply]:
    """Return the account's sites, the busiest first; from the reply cache where it has them."""
    sites: list[SiteReply] = []
    # A host asks for lists by itself: a failure would be shown for nothing that the user did.
    with anyio.move_on_after(TIMEOUT_S), contextlib.suppress(TinylyticsError):
        sites = await list_all(CallContext(client))
    return sorted(sites, key=lambda site: -(site.lifetime_hits or 0))


class AccountBus:
    """The SDK's subscription bus of all accounts: who listens hears of changes of their own account only."""

    def __init__(self, current: Callable[[], Client]) -> None:
        self._current = current
        self._buses = WeakValueDictionary[str, InMemorySubscriptionBus]()

    def of(self, account: str) -> InMemorySubscriptionBus:
        """Return the bus of an account; its listeners keep it."""
        return self._buses.setdefault(account, InMemorySubscriptionBus())

    def subscribe(self, listener: Callable[[ServerEvent], None]) -> Callable[[], None]:
        """Listen to the account of the request that is being served, until what is returned is called."""
        return self.of(self._current().account).subscribe(listener)

    async def publish(self, event: ServerEvent) -> None:
        """Tell those who listen to the account of the request that is being served."""
        await self.of(self._current().account).publish(event)


def publish_changes(client: Client, changes: AccountBus) -> None:
    """Tell subscribers of a site's resources about each write through this client that may have changed them."""

    # A subscription is to a URI as it is spelt, so each period has its own. Hits are always of today (field notes 22);
    # the traffic without a period is told all the same, since its host does not see that it ends yesterday.
    async def publish(endpoint: Endpoint[Any], site_id: int) -> None:
        today = client.clock().date()
        running = [p for p in PERIODS if today in resolve(p, None, None, today=today, earliest=today).window]
        unchanged = {HEALTH, TRAFFIC if "/kudos" in endpoint.path else KUDOS}
        kinds = [kind for kind in OF_A_SITE if kind.template not in unchanged]
        uris = [SITES, *(kind.uri(site_id) for kind in kinds)]
        uris += [kind.uri(site_id, period) for kind in kinds if kind.template == TRAFFIC for period in running]
        for uri in uris:
            await changes.of(client.account).publish(ResourceUpdated(uri=uri))

    client.on_change = publish
