"""Reads how many visitors a window had, as the journeys tell."""

from dataclasses import dataclass

from tinylytics_tools.client import CallContext
from tinylytics_tools.errors import KeyNotAccepted, TinylyticsError, TooManyRequests
from tinylytics_tools.filters import Filters
from tinylytics_tools.journeys import JOURNEYS
from tinylytics_tools.periods import LONGEST_WINDOW
from tinylytics_tools.scope import Scope

HASHES = "visitors are salted hashes that change every 12 hours, not people"
"""What a number of visitors counts (field notes 13)."""


@dataclass(frozen=True)
class Visitors:
    """Visitors and bounce rate (0 to 100) of a window; None where they are not known, with the reason in `note`."""

    visitors: int | None
    bounce_rate: float | None
    note: str
    is_read: bool = True


async def read_visitors(api: CallContext, scope: Scope, filters: Filters) -> Visitors:
    """Return the visitors by one request: the summary is of the whole window, whatever the page (field notes 15); none
    of one that takes two, since they cannot be added up (field notes 13). Raises `KeyNotAccepted` and
    `TooManyRequests`: every other question would fail as well."""
    if filters:
        return Visitors(None, None, "visitors: unknown, since they are counted for all hits and take no filter")
    if scope.window.days > LONGEST_WINDOW:
        return Visitors(None, None, f"visitors: unknown for more than {LONGEST_WINDOW} days, and not to be added up")
    try:
        reply = await api.call(JOURNEYS, {**scope.query(), "page": 1, "per_page": 1}, site_id=scope.site.id)
    except (KeyNotAccepted, TooManyRequests):
        raise
    except TinylyticsError:
        return Visitors(None, None, "visitors: unknown, Tinylytics did not answer this part", is_read=False)
    visitors = reply.summary.total_visitors
    if not visitors:
        return Visitors(None, None, "visitors: unknown, none were counted; unique tracking may be off for this site")
    return Visitors(visitors, reply.summary.bounce_rate, HASHES)
