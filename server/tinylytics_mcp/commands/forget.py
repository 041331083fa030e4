"""The command `forget`: removes what is stored of a key on this computer, or in the Redis that is set."""

import sys

import anyio
from tinylytics_tools.access import ApiKey
from tinylytics_tools.tables import counted

from tinylytics_mcp.backend import open_stored, settings_for
from tinylytics_mcp.errors import CommandError, UsageError
from tinylytics_mcp.hosts import own_environment
from tinylytics_mcp.settings import API_KEY, Settings
from tinylytics_mcp.terminal import Terminal

_ASKED = "The record of writes goes too: then none is listed, and one sent again is not noticed. Go on? [y/N] "


def command(*, what: str, yes: bool) -> None:
    """Remove the stored replies of the key, the requests counted of it, or all with the record of its writes, and print
    how many of each there were."""
    settings = settings_for(own_environment(), demo=False)
    if settings.key is None:
        where = "" if settings.redis_url else f" To forget every key, delete the folder {str(settings.state_dir)!r}."
        raise UsageError(f"set {API_KEY} to the key whose state is to go.{where}")
    out = Terminal(sys.stdout)
    if what == "all" and not yes:
        _ask()
    anyio.run(_remove, settings, settings.key, what, out)


def _ask() -> None:
    if sys.stdin is None or sys.stderr is None or not sys.stdin.isatty():
        raise UsageError("the record of writes goes too: say so with --yes.")
    sys.stderr.write(_ASKED)
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise CommandError("nothing was removed.")


async def _remove(settings: Settings, key: ApiKey, what: str, out: Terminal) -> None:
    async with open_stored(settings, "not all could be removed") as backend:
        if what != "counts":
            answers = await backend.store.replies.clear(key.fingerprint)
            out.line(f"{counted(answers, 'stored answer')} removed")
        if what != "replies":
            requests = await backend.store.requests.clear(key.fingerprint)
            out.line(f"{counted(requests, 'counted request')} removed; Tinylytics goes on counting them")
        if what == "all":
            writes = await backend.record(key).clear()
            out.line(f"{counted(writes, 'recorded write')} removed, of those to {settings.base_url}")
