"""Who the key belongs to, and how a premium endpoint's refusal is told apart with it."""

from typing import TypeVar

from tinylytics_tools import failures
from tinylytics_tools.client import CallContext, Query
from tinylytics_tools.endpoint import MINUTE_S, Endpoint, lasting
from tinylytics_tools.errors import NotAllowed
from tinylytics_tools.replies import Id, Reply, Time, Wrapped


class KeyReply(Reply):
    """The key that was used, as `/me` describes it."""

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

R = TypeVar("R", bound=Reply)


async def read_premium(api: CallContext, endpoint: Endpoint[R], site_id: int, query: Query | None = None) -> R:
    """Ask a premium endpoint; a 403 that does not say why is explained with `/me` (field notes 21).

    Raises:
        SubscriptionNeeded, NotEnabled: which of the two it is.
    """
    try:
        return await api.call(endpoint, query, site_id=site_id)
    except NotAllowed:
        if (await api.call(ME)).is_subscribed is False:
            raise failures.needs_subscription(endpoint) from None
        raise failures.not_enabled(endpoint) from None
