"""The command `writes`: what was written from this computer, and what came of it."""

import os
import sys
from datetime import UTC, datetime

import anyio
from tinylytics_tools import visitor_text
from tinylytics_tools.wire.interface import StoreUnavailable
from tinylytics_tools.writes.record import Entry

from tinylytics_mcp import logs
from tinylytics_mcp.backend import open_backend, settings_for
from tinylytics_mcp.misuse import Failure
from tinylytics_mcp.terminal import Terminal, say

_COLUMNS = ("time", "outcome", "action", "site_id", "rows", "path", "uid")


def list_writes(limit: int) -> None:
    """Print the latest writes of all keys that share the record, newest first, as a tab-separated table.

    Raises:
        Failure: the record cannot be read.
    """
    logs.configure()
    settings = settings_for(os.environ, demo=False)

    async def latest() -> list[Entry]:
        async with open_backend(settings, demo=False) as backend:
            return await backend.writes("").latest(limit=limit)

    try:
        entries = anyio.run(latest)
    except StoreUnavailable as error:
        raise Failure(f"the record of writes cannot be read: {visitor_text.prose(str(error), cap=200)}.") from None
    if not entries:
        say("nothing was written from here in the last 90 days.")
        return
    out = Terminal(sys.stdout)
    out.line("\t".join(_COLUMNS))
    for entry in entries:
        out.line("\t".join(_cells(entry)))


def _cells(entry: Entry) -> list[str]:
    """One write as the table shows it; paths and uids may be a stranger's."""
    path = visitor_text.path(entry.path) if entry.path else ""
    uid = visitor_text.uid(entry.uid) if entry.uid else ""
    moment = visitor_text.time(datetime.fromtimestamp(entry.at, UTC))
    return [moment, entry.outcome.value, entry.action, str(entry.site_id), str(entry.rows), path, uid]
