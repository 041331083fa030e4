"""Completes what a user types for a prompt or a resource: sites, periods, days."""

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
"""Values that the protocol allows in one completion."""

_TEMPLATES = {kind.template for kind in OF_A_SITE}


def add_completion(server: MCPServer[Client], account: Client) -> None:
    """Register the one completion handler that a server may have."""

    async def complete(
        ref: PromptReference | ResourceTemplateReference, argument: CompletionArgument, _: CompletionContext | None
    ) -> Completion | None:
        typed = argument.value.strip().casefold()
        if isinstance(ref, ResourceTemplateReference):
            if ref.uri == TRAFFIC and argument.name == "period":
                return _fitting(typed, list(PERIODS))
            if ref.uri in _TEMPLATES and argument.name == "site_id":
                return await _sites(account, typed, lambda _, site: str(site.id))
            return None
        prompt = next((prompt for prompt in ALL_PROMPTS if prompt.name == ref.name), None)
        takes = prompt.takes.get(argument.name) if prompt else None
        if takes is None:
            return None
        if takes.offered is None:
            return await _sites(account, typed, _handle)
        return _fitting(typed, takes.offered(account.clock().date()))

    server.completion()(complete)


async def _sites(account: Client, typed: str, value: Callable[[list[SiteReply], SiteReply], str]) -> Completion:
    """Sites whose id begins with what is typed, or whose name or domain has it, each by `value`."""
    sites = await known_sites(account)
    fitting = [
        value(sites, site)
        for site in sites
        if str(site.id).startswith(typed) or typed in site.name.casefold() or typed in site.domain.casefold()
    ]
    return _completion(fitting)


def _handle(sites: list[SiteReply], site: SiteReply) -> str:
    """What a person would call a site: its domain where that means no other, else its id."""
    with contextlib.suppress(InvalidArgument):
        if find(sites, site.domain) is site:
            return site.domain
    return str(site.id)


def _fitting(typed: str, values: list[str]) -> Completion:
    """Values with what is typed, those that begin with it first."""
    holding = [value for value in values if typed in value]
    return _completion(sorted(holding, key=lambda value: not value.startswith(typed)))


def _completion(values: list[str]) -> Completion:
    shown = values[:MOST_COMPLETED]
    return Completion(values=shown, total=len(values), has_more=len(values) > len(shown))
