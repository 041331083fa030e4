"""Asks a premium endpoint where not knowing is an answer too."""

from dataclasses import dataclass
from typing import Literal, TypeVar

from tinylytics_tools.client import CallContext, Query
from tinylytics_tools.endpoint import Endpoint
from tinylytics_tools.errors import KeyNotAccepted, NotEnabled, SubscriptionNeeded, TinylyticsError, TooManyRequests
from tinylytics_tools.me import read_premium
from tinylytics_tools.replies import Reply

R = TypeVar("R", bound=Reply)


@dataclass(frozen=True)
class Unknown:
    """Why an endpoint tells nothing about a site: its feature is off, the plan lacks it, or it failed this time."""

    why: Literal["off", "no subscription", "failed"]
    reason: str


async def ask(api: CallContext, endpoint: Endpoint[R], site_id: int, query: Query | None = None) -> R | Unknown:
    """The reply, or why there is none.

    Raises:
        KeyNotAccepted, TooManyRequests: every other question would fail as well.
    """
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
