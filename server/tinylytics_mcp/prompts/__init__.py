"""Prompts that a host offers as commands: each names the calls, the caveats and the form of a report."""

from mcp.server.mcpserver import MCPServer
from tinylytics_tools.client import Client

from tinylytics_mcp.prompts import questions, reports
from tinylytics_mcp.prompts.prompt import Guide

ALL_PROMPTS: list[Guide] = [*reports.PROMPTS[:2], *questions.PROMPTS, *reports.PROMPTS[2:]]
"""In the order in which a host lists them."""


def add_prompts(server: MCPServer[Client]) -> None:
    """Register the prompts with a server; which tools they name depends on its account's key."""
    for prompt in ALL_PROMPTS:
        server.add_prompt(prompt)
