"""What the answers of the demo cost, beside what the raw API takes for the same."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

from tinylytics_tools.client import Client
from tinylytics_tools.endpoint import Endpoint
from tinylytics_tools.hits.api import HITS
from tinylytics_tools.site_lookup import SITES, SitesReply

KUDO_UID = "test-kudo-1"
"""A kudo on the main site of the fake API."""
PAGE = 1000
"""The largest page that hits and kudos have: the fewest requests and bytes."""
COUNT: dict[str, str | int] = {"page": 1, "per_page": 1}
"""A page that is asked for its total alone."""


@dataclass(frozen=True)
class Read:
    """All pages of one endpoint. `days`: those of the answer, as many days before them, or the default of the API."""

    endpoint: Endpoint[Any]
    query: Mapping[str, str | int]
    days: Literal["window", "earlier", "any"] = "any"
    on_every_site: bool = False


def compared(query: Mapping[str, str | int]) -> tuple[Read, Read]:
    """Return reads of hits in the days of an answer and in as many days before."""
    return Read(HITS, query, "window"), Read(HITS, query, "earlier")


@dataclass
class Cost:
    """Requests, and bytes of the bodies that came back."""

    requests: int = 0
    bytes: int = 0

    def add(self, other: "Cost") -> None:
        """Add another cost to this one."""
        self.requests += other.requests
        self.bytes += other.bytes


async def raw_cost(client: Client, reads: Sequence[Read], answer: Mapping[str, Any]) -> Cost:
    """Return the cost of reading page by page all that an answer needs, for its days."""
    cost = Cost()
    listed = await client.send(SITES, SITES.fill(), {}, None)
    sites = sorted(SitesReply.model_validate_json(listed.content).sites, key=lambda site: -(site.lifetime_hits or 0))
    for read in reads:
        query = {**read.query, **_window(read, answer)}
        for site in sites if read.on_every_site else sites[:1]:
            path = read.endpoint.fill(site_id=site.id, uid=KUDO_UID)
            page, pages = 1, 1
            while page <= pages:
                paged = {**query, "page": page} if query else {}
                response = await client.send(read.endpoint, path, paged, None)
                cost.add(Cost(1, len(response.content)))
                if query.get("per_page") != 1:
                    pages = json.loads(response.content).get("pagination", {}).get("total_pages", 1)
                page += 1
    return cost


def _window(read: Read, answer: Mapping[str, Any]) -> dict[str, str]:
    if read.days == "any":
        return {}
    first, last = date.fromisoformat(answer["first_day"]), date.fromisoformat(answer["last_day"])
    if read.days == "earlier":
        first, last = first - (last - first) - timedelta(days=1), first - timedelta(days=1)
    return {"start_date": first.isoformat(), "end_date": last.isoformat()}
