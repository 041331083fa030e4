"""The command `writes`: lists the writes sent from this computer and their outcomes."""

import os
import sys
from datetime import UTC, datetime

import anyio
from tinylytics_tools import sanitize
from tinylytics_tools.writes.record import Entry

from tinylytics_mcp.backend import open_stored, settings_for
from tinylytics_mcp.terminal import Terminal, say

_COLUMNS = ("time", "outcome", "action", "site_id", "rows", "path", "uid")


def command(*, limit: int) -> None:
    """Print the latest writes of all keys that share the record, newest first, as a tab-separated table."""
    settings = settings_for(os.environ, demo=False)

    async def latest() -> list[Entry]:
        async with open_stored(settings, "the record of writes cannot be read") as backend:
            return await backend.writes("").latest(limit=limit)

    entries = anyio.run(latest)
    if not entries:
        say("nothing was written from here in the last 90 days.")
        return
    out = Terminal(sys.stdout)
    out.lines(out.table(_COLUMNS, [_cells(entry) for entry in entries]))


def _cells(entry: Entry) -> list[str]:
    """Return the cells of one write; paths and uids may hold text of strangers."""
    path = sanitize.path(entry.path) if entry.path else ""
    uid = sanitize.uid(entry.uid) if entry.uid else ""
    moment = sanitize.time(datetime.fromtimestamp(entry.at, UTC))
    return [moment, entry.outcome.value, entry.action, str(entry.site_id), str(entry.rows), path, uid]
