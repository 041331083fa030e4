"""Who the key belongs to, `GET /me`, and premium endpoints, whose refusals it takes that to explain."""

from dataclasses import dataclass
from typing import Literal, TypeVar

from tinylytics_tools import failures
from tinylytics_tools.client import CallContext, Query
from tinylytics_tools.endpoint import MINUTE_S, Endpoint, lasting
from tinylytics_tools.errors import (
    KeyNotAccepted,
    NotAllowed,
    NotEnabled,
    SubscriptionNeeded,
    TinylyticsError,
    TooManyRequests,
)
from tinylytics_tools.replies import Id, Reply, Time, Wrapped

R = TypeVar("R", bound=Reply)


class KeyReply(Reply):
    name: str | None = None
    access_type: str | None = None
    last_used_at: Time | None = None


class MeReply(Wrapped):
    """`GET /me`."""

    id: Id
    email: str | None
    is_subscribed: bool | None
    created_at: Time | None = None
    api_key: KeyReply | None = None


ME = Endpoint("GET", "/me", MeReply, ttl=lasting(5 * MINUTE_S))


@dataclass(frozen=True)
class Unknown:
    """Why an endpoint tells nothing about a site: its feature is off, the plan lacks it, or it failed this time."""

    why: Literal["off", "no subscription", "failed"]
    reason: str


async def read_premium(api: CallContext, endpoint: Endpoint[R], site_id: int, query: Query | None = None) -> R:
    """Return the reply of a premium endpoint. For a 403 that does not say why, `/me` tells whether it is
    `SubscriptionNeeded` or `NotEnabled` that is raised (field notes 21)."""
    try:
        return await api.call(endpoint, query, site_id=site_id)
    except NotAllowed:
        if (await api.call(ME)).is_subscribed is False:
            raise failures.needs_subscription(endpoint) from None
        raise failures.not_enabled(endpoint) from None


async def read_premium_or_unknown(
    api: CallContext, endpoint: Endpoint[R], site_id: int, query: Query | None = None
) -> R | Unknown:
    """Return the reply of a premium endpoint, or why there is none; raise only what every other request would too."""
    try:
        return await read_premium(api, endpoint, site_id, query)
    except NotEnabled:
        return Unknown("off", f"{endpoint.feature} is not enabled for this site")
    except SubscriptionNeeded:
        return Unknown("no subscription", f"{endpoint.feature} needs a Tinylytics subscription")
    except (KeyNotAccepted, TooManyRequests):
        raise
    except TinylyticsError as error:
        return Unknown("failed", str(error).partition(". ")[0])
