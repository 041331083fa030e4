"""Prompts that a host offers as commands: each names the calls, the caveats and the form of a report."""

from typing import Any

from mcp.server.mcpserver import MCPServer

from tinylytics_mcp.prompts import questions, reports
from tinylytics_mcp.prompts.prompt import Guide

ALL_PROMPTS: list[Guide] = [
    reports.weekly_report,
    reports.monthly_report,
    questions.what_moved,
    questions.campaign_check,
    questions.spike_autopsy,
    questions.kudos_review,
    questions.health_check,
    reports.year_in_review,
]
"""In the order in which a host lists them."""


def add_prompts(server: MCPServer[Any]) -> None:
    """Register the prompts with a server; which tools they name depends on the key of each request."""
    for prompt in ALL_PROMPTS:
        server.add_prompt(prompt)
