"""Completes the arguments of prompts and resources: sites, periods, days."""

import contextlib
from collections.abc import Callable
from typing import Any

from mcp.server.mcpserver import MCPServer
from mcp.types import Completion, CompletionArgument, CompletionContext, PromptReference, ResourceTemplateReference
from tinylytics_tools.client import Client
from tinylytics_tools.errors import InvalidArgument
from tinylytics_tools.periods import PERIODS
from tinylytics_tools.site_lookup import SiteReply, find

from tinylytics_mcp.prompts import ALL_PROMPTS
from tinylytics_mcp.resources import OF_A_SITE, TRAFFIC, known_sites

MOST_COMPLETED = 100
"""Values in one completion, as the protocol allows."""

_TEMPLATES = {kind.template for kind in OF_A_SITE}


def add_completion(server: MCPServer[Any], current: Callable[[], Client]) -> None:
    """Register the completion handler of a server, which has only one; `current` as the server has it."""

    async def complete(
        ref: PromptReference | ResourceTemplateReference, argument: CompletionArgument, _: CompletionContext | None
    ) -> Completion | None:
        client, typed = current(), argument.value.strip().casefold()
        values: list[str] | None = None
        if isinstance(ref, ResourceTemplateReference):
            if ref.uri == TRAFFIC and argument.name == "period":
                values = _matching(typed, list(PERIODS))
            elif ref.uri in _TEMPLATES and argument.name == "site_id":
                values = [str(site.id) for site in _called(await known_sites(client), typed)]
        else:
            prompt = next((prompt for prompt in ALL_PROMPTS if prompt.name == ref.name), None)
            declared = prompt.takes.get(argument.name) if prompt else None
            if declared and declared.offered:
                values = _matching(typed, declared.offered(client.clock().date()))
            elif declared:
                sites = await known_sites(client)
                values = [_handle(sites, site) for site in _called(sites, typed)]
        if values is None:
            return None
        shown = values[:MOST_COMPLETED]
        return Completion(values=shown, total=len(values), has_more=len(values) > len(shown))

    server.completion()(complete)


def _called(sites: list[SiteReply], typed: str) -> list[SiteReply]:
    """Return the sites whose id begins with the typed text, or whose name or domain contains it."""
    return [
        site
        for site in sites
        if str(site.id).startswith(typed) or typed in site.name.casefold() or typed in site.domain.casefold()
    ]


def _handle(sites: list[SiteReply], site: SiteReply) -> str:
    """Return the domain of a site where no other site has it, else its id."""
    with contextlib.suppress(InvalidArgument):
        if find(sites, site.domain) is site:
            return site.domain
    return str(site.id)


def _matching(typed: str, values: list[str]) -> list[str]:
    """Return the values that contain the typed text, those that begin with it first."""
    return sorted((value for value in values if typed in value), key=lambda value: not value.startswith(typed))
