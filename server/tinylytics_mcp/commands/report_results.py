"""Asks the tools for what a report tells, of one site or of all."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mcp import Client
from mcp.types import CallToolResult
from tinylytics_tools.answer import CHART

from tinylytics_mcp.commands.call import text_of
from tinylytics_mcp.errors import CommandError
from tinylytics_mcp.terminal import for_person

ROWS = 10
"""Rows of each ranking; both halves of an answer still fit together (ANSWERS 2)."""
MOST_SITES = 50
ALL = "all"
_FORMS = {"week": "Weekly report", "7_days": "Weekly report", "month": "Monthly report", "year": "Yearly report"}


@dataclass(frozen=True)
class Result:
    """A tool's result: its structured half, None of an error; its text, and what only a chart shows."""

    answer: Mapping[str, Any] | None
    text: str
    chart: Mapping[str, Any]


@dataclass(frozen=True)
class SiteResults:
    """What a report tells of one site."""

    name: str
    traffic: Result
    kudos: Result
    uptime: Result


@dataclass(frozen=True)
class Report:
    """What a report tells; `overview` is None in one of a single site."""

    title: str
    made: datetime
    sites: list[SiteResults]
    health: Result | None = None
    overview: Result | None = None

    @property
    def answers(self) -> list[Mapping[str, Any] | str]:
        """All answers in order, an error as its text."""
        first = [self.overview, self.health] if self.overview else []
        every = [*first, *(one for site in self.sites for one in (site.traffic, site.kudos, site.uptime))]
        return [one.answer or one.text for one in every if one is not None]

    @property
    def window(self) -> Mapping[str, Any]:
        """The answer whose days are the report's."""
        first = self.overview or self.sites[0].traffic
        return first.answer or {}


async def read_report(client: Client, site: str, period: str | None, made: datetime) -> Report:
    """Return what a report on a site, or on `all`, tells. What cannot be had, as uptime without a subscription, is an
    error in its place; without the traffic it is a CommandError."""
    form = next((title for word, title in _FORMS.items() if (period or "").endswith(word)), "Report")
    days = {} if period is None else {"period": period}
    if site != ALL:
        one = await _site(client, site, days)
        health = await _ask(client, "check_health", {"site": site})
        return Report(f"{form}: {one.name}", made, [one], health)
    overview = await _ask(client, "get_overview", {"limit": MOST_SITES, **days})
    if overview.answer is None:
        raise CommandError(for_person(overview.text))
    health = await _ask(client, "check_health", {})
    sites = [await _site(client, str(row[0]), days, str(row[1])) for row in overview.answer["sites"]["rows"]]
    return Report(f"{form}: all sites", made, sites, health, overview)


async def _site(client: Client, site: str, days: Mapping[str, str], name: str = "") -> SiteResults:
    """Ask for one site; where it has a `name` already, its traffic may fail."""
    traffic = await _ask(client, "summarize_traffic", {"site": site, "limit": ROWS, **days})
    if traffic.answer is None and not name:
        raise CommandError(for_person(traffic.text))
    kudos = await _ask(client, "list_kudos", {"site": site, "limit": ROWS, **days})
    name = name or str((traffic.answer or {}).get("site", ""))
    return SiteResults(name, traffic, kudos, await _ask(client, "get_uptime", {"site": site}))


async def _ask(client: Client, tool: str, arguments: dict[str, Any]) -> Result:
    result: CallToolResult = await client.call_tool(tool, arguments)
    answer = None if result.is_error else result.structured_content
    return Result(answer, text_of(result), (result.meta or {}).get(CHART, {}))
