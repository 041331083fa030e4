"""Sets up logging: lines on stderr without keys, visitor data or values of callers."""

import json
import logging
import os
import sys
import traceback
from collections import Counter
from datetime import UTC, datetime
from time import monotonic
from typing import Any

from tinylytics_mcp.errors import UsageError

LOG_FORMAT = "TINYLYTICS_LOG_FORMAT"
CALLS = logging.getLogger("tinylytics_mcp.calls")
"""One line a tool call at level INFO, its `facts` in `extra`; shown where the format is json."""

_QUIET = ("mcp.server.sse", "mcp.server.streamable_http_manager", "uvicorn.error")
"""Loggers that warn of strangers' requests and repeat parts of them."""
_LONGEST = 300
_SELDOM_S = 60.0


def configure() -> None:
    """Set up the root logger, before the SDK would; a bad `TINYLYTICS_LOG_FORMAT` is a UsageError."""
    as_text = _TextFormatter("tinylytics-mcp: %(levelname)s: %(message)s")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonFormatter() if is_json() else as_text)
    handler.addFilter(_Seldom())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    CALLS.setLevel(logging.INFO if is_json() else logging.WARNING)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.ERROR)


def is_json() -> bool:
    """Return whether the log has one JSON object a line; a bad `TINYLYTICS_LOG_FORMAT` is a UsageError."""
    chosen = os.environ.get(LOG_FORMAT, "").strip().lower() or "text"
    if chosen not in ("text", "json"):
        raise UsageError(f"{LOG_FORMAT} takes text or json; it is set to something else.")
    return chosen == "json"


def json_line(level: str, message: str, **facts: Any) -> str:
    """Return one line of the log; the time is UTC."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    return json.dumps({"time": now, "level": level, "message": message, **facts})


class _Seldom(logging.Filter):
    """Lets a line of the same place through once a minute, so that nobody can flood the log; crashes and calls always.

    The next line says how many were left out.
    """

    def __init__(self) -> None:
        super().__init__()
        self._last: dict[tuple[str, int], float] = {}
        self._left_out = Counter[tuple[str, int]]()

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info or record.levelno < logging.WARNING:
            return True
        now, place = monotonic(), (record.pathname, record.lineno)
        if now - self._last.get(place, -_SELDOM_S) < _SELDOM_S:
            self._left_out[place] += 1
            return False
        self._last[place] = now
        record.left_out = self._left_out.pop(place, 0)
        return True


class _TextFormatter(logging.Formatter):
    """Formats a message as one line, and an exception as its type and stack without its text."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name is the standard library's
        left_out = getattr(record, "left_out", 0)
        text = super().formatMessage(record) + (f" (and {left_out} more like it)" if left_out else "")
        line = "".join(char if char.isprintable() else " " for char in text)
        return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"

    def formatException(self, ei: Any) -> str:  # noqa: N802 - the name is the standard library's
        kind, _, trace = ei
        places = [f"  {frame.filename}:{frame.lineno} in {frame.name}" for frame in traceback.extract_tb(trace)]
        return "\n".join([*places, f"  {kind.__qualname__ if kind else 'no exception'}"])


class _JsonFormatter(_TextFormatter):
    """Formats the same as one JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        record.message = record.getMessage()
        facts: dict[str, Any] = dict(getattr(record, "facts", {}))
        if record.exc_info:
            facts["failed"] = self.formatException(record.exc_info).split("\n")
        return json_line(record.levelname, self.formatMessage(record), logger=record.name, **facts)
