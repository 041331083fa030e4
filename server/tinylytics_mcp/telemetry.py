"""Tells operators how each tool call went: on the SDK's OpenTelemetry span, and as a line of the log."""

import logging
from collections.abc import Generator
from contextlib import contextmanager
from time import perf_counter

from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.mcpserver.exceptions import ToolError, UnexpectedToolError
from opentelemetry.trace import get_current_span
from tinylytics_tools.transport.call_stats import CallStats

from tinylytics_mcp.logs import CALLS


@contextmanager
def observed(tool: str, stats: CallStats) -> Generator[None]:
    """Watch one round of a call: names of tools and errors, and numbers; nothing that anybody wrote.

    The outcome is `ok`, `asked` (a round that ends with a question to the user), the name of the error that was
    returned, `crashed`, or `cancelled`. The log has one line a call, so none for `asked`; over HTTP it names who calls.
    """
    began, outcome = perf_counter(), "cancelled"
    try:
        yield
        outcome = "asked" if stats.is_asking else "ok"
    except ToolError as error:
        outcome = "crashed" if isinstance(error, UnexpectedToolError) else type(error.__cause__ or error).__name__
        raise
    except Exception:
        outcome = "crashed"
        raise
    finally:
        facts = {"outcome": outcome, "requests": stats.requests, "cache_hits": stats.cache_hits}
        get_current_span().set_attributes({f"tinylytics.{name}": value for name, value in facts.items()})
        if CALLS.isEnabledFor(logging.INFO) and outcome != "asked":
            took, token = round((perf_counter() - began) * 1000), get_access_token()
            caller = {"caller": (token.claims or {}).get("name", token.client_id)} if token else {}
            CALLS.info("%s: %s", tool, outcome, extra={"facts": {"tool": tool, **caller, "ms": took, **facts}})
