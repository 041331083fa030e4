"""What the program logs: warnings on stderr, without anything that a key, a visitor or a caller wrote."""

import logging
import sys
import traceback
from types import TracebackType

_ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]

_QUIET = ("mcp.server.transport_security", "mcp.server.sse")
"""Loggers that warn of strangers' requests and repeat what is in them."""
_LONGEST = 300


def configure() -> None:
    """Set up the root logger, before the SDK would."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Discreet("tinylytics-mcp: %(levelname)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.ERROR)


class _Discreet(logging.Formatter):
    """One line a message; of an exception its type and the places it passed, not its text."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name is the standard library's
        said = "".join(char if char.isprintable() else " " for char in super().formatMessage(record))
        return said if len(said) <= _LONGEST else said[: _LONGEST - 1] + "…"

    def formatException(self, ei: _ExcInfo) -> str:  # noqa: N802 - the name is the standard library's
        kind, _, trace = ei
        frames = traceback.extract_tb(trace)
        places = [f"  {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames]
        return "\n".join([*places, f"  {kind.__qualname__ if kind else 'no exception'}"])
