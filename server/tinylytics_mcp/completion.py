"""Completes the arguments of prompts and resources: sites, periods, days."""

import contextlib
from collections.abc import Callable

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


def add_completion(server: MCPServer[Client], client: Client) -> None:
    """Register the completion handler of a server, which has only one."""

    async def complete(
        ref: PromptReference | ResourceTemplateReference, argument: CompletionArgument, _: CompletionContext | None
    ) -> Completion | None:
        typed = argument.value.strip().casefold()
        if isinstance(ref, ResourceTemplateReference):
            if ref.uri == TRAFFIC and argument.name == "period":
                return _matching(typed, list(PERIODS))
            if ref.uri in _TEMPLATES and argument.name == "site_id":
                return await _sites(client, typed, lambda _, site: str(site.id))
            return None
        prompt = next((prompt for prompt in ALL_PROMPTS if prompt.name == ref.name), None)
        declared = prompt.takes.get(argument.name) if prompt else None
        if declared is None:
            return None
        if declared.offered is None:
            return await _sites(client, typed, _handle)
        return _matching(typed, declared.offered(client.clock().date()))

    server.completion()(complete)


async def _sites(client: Client, typed: str, value: Callable[[list[SiteReply], SiteReply], str]) -> Completion:
    """Return the `value` of each site whose id begins with the typed text, or whose name or domain contains it."""
    sites = await known_sites(client)
    values = [
        value(sites, site)
        for site in sites
        if str(site.id).startswith(typed) or typed in site.name.casefold() or typed in site.domain.casefold()
    ]
    return _completion(values)


def _handle(sites: list[SiteReply], site: SiteReply) -> str:
    """Return the domain of a site where no other site has it, else its id."""
    with contextlib.suppress(InvalidArgument):
        if find(sites, site.domain) is site:
            return site.domain
    return str(site.id)


def _matching(typed: str, values: list[str]) -> Completion:
    """Return the values that contain the typed text, those that begin with it first."""
    matches = [value for value in values if typed in value]
    return _completion(sorted(matches, key=lambda value: not value.startswith(typed)))


def _completion(values: list[str]) -> Completion:
    shown = values[:MOST_COMPLETED]
    return Completion(values=shown, total=len(values), has_more=len(values) > len(shown))
