"""Tells operators how each tool call went: on the SDK's OpenTelemetry span, and as a line of the log."""

import logging
from collections.abc import Generator
from contextlib import contextmanager
from time import perf_counter

from mcp.server.mcpserver.exceptions import ToolError, UnexpectedToolError
from opentelemetry.trace import get_current_span
from tinylytics_tools.transport.spent import adding_up

from tinylytics_mcp.logs import CALLS


@contextmanager
def observed(tool: str) -> Generator[None]:
    """Watch one call: names of tools and errors, and numbers; nothing that anybody wrote.

    The outcome is `ok`, the name of the error that was told, `crashed`, or `broken off`.
    """
    began, outcome = perf_counter(), "broken off"
    with adding_up() as spent:
        try:
            yield
            outcome = "ok"
        except ToolError as error:
            outcome = "crashed" if isinstance(error, UnexpectedToolError) else type(error.__cause__ or error).__name__
            raise
        except Exception:
            outcome = "crashed"
            raise
        finally:
            told = {"outcome": outcome, "requests": spent.requests, "cache_hits": spent.cache_hits}
            get_current_span().set_attributes({f"tinylytics.{name}": value for name, value in told.items()})
            if CALLS.isEnabledFor(logging.INFO):
                took = round((perf_counter() - began) * 1000)
                CALLS.info("%s: %s", tool, outcome, extra={"facts": {"tool": tool, "ms": took, **told}})
