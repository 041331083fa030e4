"""Tells hosts which resources a write through this server changed."""

from typing import Any

from mcp.server.subscriptions import ResourceUpdated, SubscriptionBus
from tinylytics_tools.client import Client
from tinylytics_tools.endpoint import Endpoint
from tinylytics_tools.periods import PERIODS, resolve

from tinylytics_mcp.resources import HEALTH, KUDOS, OF_A_SITE, SITES, TRAFFIC
from tinylytics_mcp.shelf import Shelf


def watch(account: Client, shelf: Shelf, bus: SubscriptionBus) -> None:
    """From now on each write that may have changed a site is told to whoever listens to one of its resources."""

    async def tell(endpoint: Endpoint[Any], site_id: int) -> None:
        for uri in _changed(account, endpoint, site_id):
            shelf.changed(uri)
            await bus.publish(ResourceUpdated(uri=uri))

    account.on_change = tell


def _changed(account: Client, endpoint: Endpoint[Any], site_id: int) -> list[str]:
    """What a write of hits or kudos shows in: never in the health of a site.

    A URI is listened to as it is spelt, so each period has its own. Hits are always of today (field notes 22); the
    traffic without a period is told all the same, since its host does not see that it ends yesterday.
    """
    today = account.clock().date()
    running = [p for p in PERIODS if today in resolve(p, None, None, today=today, earliest=today).window]
    left_out = {HEALTH, TRAFFIC if "/kudos" in endpoint.path else KUDOS}
    kinds = [kind for kind in OF_A_SITE if kind.template not in left_out]
    uris = [SITES, *(kind.uri(site_id) for kind in kinds)]
    return uris + [kind.uri(site_id, period) for kind in kinds if kind.template == TRAFFIC for period in running]
