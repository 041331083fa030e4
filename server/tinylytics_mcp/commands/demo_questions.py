"""The questions of the demo, and the requests of the raw API that answer the same."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

from tinylytics_tools.client import Client
from tinylytics_tools.content import CONTENT
from tinylytics_tools.endpoint import Endpoint
from tinylytics_tools.hits.api import HITS
from tinylytics_tools.journeys import JOURNEYS
from tinylytics_tools.kudos.api import KUDO, KUDOS
from tinylytics_tools.site_lookup import SITES, SiteReply, SitesReply
from tinylytics_tools.uptime import UPTIME

KUDO_UID = "test-kudo-1"
"""A kudo on the main site of the fake API."""

_PAGE = 1000
"""The largest page that hits and kudos have: the fewest requests and bytes."""


@dataclass(frozen=True)
class Read:
    """All pages of one endpoint. `days`: those of the answer, as many days before them, or the default of the API."""

    endpoint: Endpoint[Any]
    query: Mapping[str, str | int]
    days: Literal["window", "earlier", "any"] = "any"
    on_every_site: bool = False


@dataclass(frozen=True)
class Question:
    """A question of the user, the tool call that answers it, and the raw reads that would."""

    words: str
    tool: str
    arguments: Mapping[str, str]
    raw: tuple[Read, ...]


@dataclass
class Cost:
    """Requests, and bytes of the bodies that came back."""

    requests: int = 0
    bytes: int = 0

    def add(self, other: "Cost") -> None:
        """Add another cost to this one."""
        self.requests += other.requests
        self.bytes += other.bytes


def questions(site: str) -> list[Question]:
    """Return the questions about one site of the fake API's account."""
    days = {"site": site, "period": "last_30_days"}
    count: dict[str, str | int] = {"page": 1, "per_page": 1}
    return [
        Question(
            "How was my month?",
            "summarize_traffic",
            days,
            (
                Read(HITS, {"per_page": _PAGE}, "window"),  # only single hits tell the days
                Read(HITS, count, "earlier"),
                Read(JOURNEYS, count, "window"),
            ),
        ),
        Question("What is popular?", "rank_traffic", {**days, "dimension": "path"}, _ranked("path")),
        Question("Who links to me?", "rank_traffic", {**days, "dimension": "referrer"}, _ranked("referrer")),
        Question("Which pages get kudos?", "list_kudos", days, (Read(KUDOS, {"per_page": _PAGE}, "window"),)),
        Question(
            "Is everything up?",
            "check_health",
            {},
            (Read(UPTIME, {"per_page": 100}, on_every_site=True), Read(CONTENT, {}, on_every_site=True)),
        ),
        Question(
            "Delete my test kudo.",
            "delete_kudo",
            {"site": site, "uid": KUDO_UID},
            (Read(KUDOS, {"uid": KUDO_UID, "per_page": _PAGE}), Read(KUDO, {})),
        ),
    ]


class RawApi:
    """Reads the API page by page, as its document says."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._sites: list[int] = []

    async def sites(self) -> list[SiteReply]:
        """Return the account's sites, the one with the most hits first."""
        response = await self._client.send(SITES, SITES.fill(), {}, None)
        sites = SitesReply.model_validate_json(response.content).sites
        sites.sort(key=lambda site: -(site.lifetime_hits or 0))
        self._sites = [site.id for site in sites]
        return sites

    async def cost(self, question: Question, answer: Mapping[str, Any]) -> Cost:
        """Return the cost of reading all that a question needs, for the days of the answer."""
        cost = Cost()
        for read in question.raw:
            query = {**read.query, **_window(read, answer)}
            for site_id in self._sites if read.on_every_site else self._sites[:1]:
                path = read.endpoint.fill(site_id=site_id, uid=KUDO_UID)
                page, pages = 1, 1
                while page <= pages:
                    paged = {**query, "page": page} if query else {}
                    response = await self._client.send(read.endpoint, path, paged, None)
                    cost.add(Cost(1, len(response.content)))
                    if query.get("per_page") != 1:
                        pages = json.loads(response.content).get("pagination", {}).get("total_pages", 1)
                    page += 1
        return cost


def _ranked(by: str) -> tuple[Read, Read]:
    query: dict[str, str | int] = {"grouped": "true", "group_by": by, "per_page": _PAGE}
    return Read(HITS, query, "window"), Read(HITS, query, "earlier")


def _window(read: Read, answer: Mapping[str, Any]) -> dict[str, str]:
    if read.days == "any":
        return {}
    first, last = date.fromisoformat(answer["first_day"]), date.fromisoformat(answer["last_day"])
    if read.days == "earlier":
        first, last = first - (last - first) - timedelta(days=1), first - timedelta(days=1)
    return {"start_date": first.isoformat(), "end_date": last.isoformat()}
