"""The directory of operations: one row an endpoint (API document, section 4)."""

from dataclasses import dataclass
from typing import Literal

Access = Literal["public", "read", "full"]


@dataclass(frozen=True)
class Operation:
    """One method on one path; `parameters` are the query parameters it knows, `replies` the schema of each success."""

    name: str
    method: Literal["GET", "POST", "DELETE"]
    template: str
    purpose: str
    replies: dict[int, str]
    access: Access = "read"
    parameters: tuple[str, ...] = ()
    per_page: int = 0
    """The largest `per_page`; 0 where there are no pages."""
    default_per_page: int = 100
    """Not stated in the document; its examples show 100, and 50 for journeys and insights (field notes 19)."""
    subscription: bool = False
    body: str | None = None


_DATES = ("start_date", "end_date", "time_zone")
_PAGES = ("page", "per_page")

DISCOVERY = Operation("discovery", "GET", "/", "Public API discovery metadata", {200: "Discovery"}, "public")
OPENAPI = Operation(
    "openapi", "GET", "/openapi.json", "OpenAPI 3.1 schema for API v1", {200: "OpenApiDocument"}, "public"
)
ME = Operation("me", "GET", "/me", "Validate API key and return account info", {200: "Account"})
SITES = Operation("sites", "GET", "/sites", "List accessible sites", {200: "Sites"})
SITE = Operation("site", "GET", "/sites/{id}", "Get one site", {200: "Site"})
HITS = Operation(
    "hits",
    "GET",
    "/sites/{id}/hits",
    "Raw or grouped analytics hits",
    {200: "HitsOrGroups"},
    parameters=(*_DATES, "country", "path", "referrer", "grouped", "group_by", *_PAGES),
    per_page=1000,
)
CREATE_HIT = Operation(
    "create_hit",
    "POST",
    "/sites/{id}/hits",
    "Create one hit",
    {201: "CreatedHit", 202: "Ignored"},
    "full",
    body="NewHit",
)
CREATE_HITS = Operation(
    "create_hits",
    "POST",
    "/sites/{id}/hits/batch",
    "Create many hits in one request",
    {200: "Batch"},
    "full",
    body="NewHits",
)
KUDOS = Operation(
    "kudos",
    "GET",
    "/sites/{id}/kudos",
    "Read kudos records",
    {200: "Kudos"},
    parameters=(*_DATES, "path", "uid", *_PAGES),
    per_page=1000,
)
CREATE_KUDO = Operation(
    "create_kudo",
    "POST",
    "/sites/{id}/kudos",
    "Create one kudo",
    {201: "CreatedKudo", 202: "Ignored"},
    "full",
    body="NewKudo",
)
DELETE_KUDO = Operation(
    "delete_kudo", "DELETE", "/sites/{id}/kudos/{kudo_uid}", "Delete one kudo by UID", {200: "DeletedKudo"}, "full"
)
LEADERBOARD = Operation(
    "leaderboard",
    "GET",
    "/sites/{id}/leaderboard",
    "All-time path leaderboard",
    {200: "Leaderboard"},
    parameters=("path", *_PAGES),
    per_page=1000,
)
JOURNEYS = Operation(
    "user_journeys",
    "GET",
    "/sites/{id}/user_journeys",
    "Visitor journey analysis",
    {200: "UserJourneys"},
    parameters=(*_DATES, *_PAGES),
    per_page=50,
    default_per_page=50,
)
INSIGHTS = Operation(
    "insights",
    "GET",
    "/sites/{id}/insights",
    "AI insights for the site",
    {200: "Insights"},
    parameters=_PAGES,
    per_page=50,
    default_per_page=50,
    subscription=True,
)
UPTIME = Operation(
    "uptime",
    "GET",
    "/sites/{id}/uptime",
    "Uptime + SSL/domain status",
    {200: "Uptime"},
    parameters=_PAGES,
    per_page=100,
    subscription=True,
)
CONTENT = Operation(
    "content",
    "GET",
    "/sites/{id}/content",
    "Content monitoring status and issues",
    {200: "Content"},
    subscription=True,
)

OPERATIONS = (
    DISCOVERY,
    OPENAPI,
    ME,
    SITES,
    SITE,
    HITS,
    CREATE_HIT,
    CREATE_HITS,
    KUDOS,
    CREATE_KUDO,
    DELETE_KUDO,
    LEADERBOARD,
    JOURNEYS,
    INSIGHTS,
    UPTIME,
    CONTENT,
)
