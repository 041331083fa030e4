"""What the demo asks, and what a client of the bare API would have to read to answer the same."""

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
"""A kudo that the stand-in has on its main site."""

_PAGE = 1000
"""The largest page that hits and kudos have: the fewest requests and bytes."""


@dataclass(frozen=True)
class Read:
    """One thing to fetch, all pages of it. `days`: those of the answer, as many before them, or what comes unasked."""

    endpoint: Endpoint[Any]
    query: Mapping[str, str | int]
    days: Literal["asked", "earlier", "any"] = "any"
    on_every_site: bool = False


@dataclass(frozen=True)
class Question:
    """What the user says, the call that an assistant makes of it, and the raw reads behind it."""

    words: str
    tool: str
    arguments: Mapping[str, str]
    raw: tuple[Read, ...]


@dataclass
class Cost:
    """Requests, and bytes of the bodies that came back."""

    requests: int = 0
    bytes: int = 0


def questions(site: str) -> list[Question]:
    """The questions about one site of the stand-in's account."""
    days = {"site": site, "period": "last_30_days"}
    count: dict[str, str | int] = {"page": 1, "per_page": 1}
    return [
        Question(
            "How was my month?",
            "summarize_traffic",
            days,
            (
                Read(HITS, {"per_page": _PAGE}, "asked"),  # only single hits tell the days
                Read(HITS, count, "earlier"),
                Read(JOURNEYS, count, "asked"),
            ),
        ),
        Question("What is popular?", "rank_traffic", {**days, "dimension": "path"}, _both(_grouped("path"))),
        Question("Who links to me?", "rank_traffic", {**days, "dimension": "referrer"}, _both(_grouped("referrer"))),
        Question("Which pages get kudos?", "list_kudos", days, (Read(KUDOS, {"per_page": _PAGE}, "asked"),)),
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
    """A client that reads the API page by page, as its document says."""

    def __init__(self, account: Client) -> None:
        self._account = account
        self._sites: list[int] = []

    async def sites(self) -> list[SiteReply]:
        """The account's sites, the one with the most hits first."""
        response = await self._account.send(SITES, SITES.fill(), {}, None)
        sites = SitesReply.model_validate_json(response.content).sites
        sites.sort(key=lambda site: -(site.lifetime_hits or 0))
        self._sites = [site.id for site in sites]
        return sites

    async def cost(self, question: Question, answer: Mapping[str, Any]) -> Cost:
        """Read all that a question needs, for the days that the answer is about, and count it."""
        cost = Cost()
        for read in question.raw:
            for site_id in self._sites if read.on_every_site else self._sites[:1]:
                await self._read(read, site_id, {**read.query, **_window(read, answer)}, cost)
        return cost

    async def _read(self, read: Read, site_id: int, query: Mapping[str, str | int], cost: Cost) -> None:
        path = read.endpoint.fill(site_id=site_id, uid=KUDO_UID)
        page, pages = 1, 1
        while page <= pages:
            response = await self._account.send(read.endpoint, path, {**query, "page": page} if query else {}, None)
            cost.requests += 1
            cost.bytes += len(response.content)
            if read.query.get("per_page") != 1:
                pages = json.loads(response.content).get("pagination", {}).get("total_pages", 1)
            page += 1


def _grouped(by: str) -> dict[str, str | int]:
    return {"grouped": "true", "group_by": by, "per_page": _PAGE}


def _both(query: dict[str, str | int]) -> tuple[Read, ...]:
    return Read(HITS, query, "asked"), Read(HITS, query, "earlier")


def _window(read: Read, answer: Mapping[str, Any]) -> dict[str, str]:
    if read.days == "any":
        return {}
    first, last = date.fromisoformat(answer["first_day"]), date.fromisoformat(answer["last_day"])
    if read.days == "earlier":
        first, last = first - (last - first) - timedelta(days=1), first - timedelta(days=1)
    return {"start_date": first.isoformat(), "end_date": last.isoformat()}
