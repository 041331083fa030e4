"""The command `token`: makes, lists and revokes the tokens of HTTP clients, and ends what people granted."""

import os
import sys
from pathlib import Path

import anyio
from tinylytics_tools.access import Access

from tinylytics_mcp.backend import open_stored, settings_for
from tinylytics_mcp.errors import CommandError, OutputClosed, UsageError
from tinylytics_mcp.http.oauth.grants import Grant, all_grants, end
from tinylytics_mcp.http.oauth.store import records_in
from tinylytics_mcp.http.settings import PUBLIC_URL, TOKENS_FILE
from tinylytics_mcp.http.tokens import add_token, read_tokens, revoke_token
from tinylytics_mcp.settings import key_in
from tinylytics_mcp.terminal import Terminal, say


def command(*, action: str, name: str = "", access: str = "", key_file: Path | None = None) -> None:
    """Add, list or revoke tokens."""
    match action:
        case "add":
            _add(Terminal(sys.stdout), name, Access(access), key_file)
        case "list":
            _list(Terminal(sys.stdout))
        case _ if _has_grants() and anyio.run(_ended, name):
            say(f"{name} has ended; the app has to ask again.")
        case _:
            revoke_token(_file(), name)
            say(f"{name} is revoked; no restart is needed.")


def _list(terminal: Terminal) -> None:
    """Print the tokens in the file and what people granted, whichever of the two the settings name."""
    rows: list[tuple[str, ...]] = []
    if TOKENS_FILE in os.environ or not _has_grants():
        rows += [
            (token.name, str(token.access), token.key_file or "the key of the server", token.made)
            for token in read_tokens(_file())
        ]
    if _has_grants():
        rows += [
            (grant, told.scope, f"{told.client_name} for account {told.account}", told.made)
            for grant, told in anyio.run(_grants).items()
        ]
    lines = terminal.table(("name", "access", "key", "made"), rows)
    terminal.lines(lines if terminal.is_terminal else lines[1:])  # programs read the rows alone


def _has_grants() -> bool:
    return bool(os.environ.get(PUBLIC_URL, "").strip())


async def _grants() -> dict[str, Grant]:
    async with open_stored(settings_for(os.environ, demo=False), "the logins cannot be read") as backend:
        return await all_grants(records_in(backend.store))


async def _ended(grant: str) -> bool:
    async with open_stored(settings_for(os.environ, demo=False), "the login cannot be ended") as backend:
        return await end(records_in(backend.store), grant)


def _add(terminal: Terminal, name: str, access: Access, key_file: Path | None) -> None:
    """Make a token and print it once; one that cannot be printed is revoked."""
    key_path = None
    if key_file is not None:
        key_path = str(key_file.expanduser().absolute())
        warnings: list[str] = []
        key = key_in("--key-file", key_path, warnings)
        if access is Access.FULL_ACCESS and key.access is Access.READ_ONLY:
            warnings.append("the key may only read, and so may this token until there is another key in the file.")
        for line in warnings:
            say(line)
    secret = add_token(_file(), name, access, key_path)
    say(f"this is the token of {name}. It is not kept and cannot be shown again.")
    try:
        terminal.line(secret)
    except (CommandError, OutputClosed):
        revoke_token(_file(), name)
        raise CommandError(f"the token of {name} could not be printed and was revoked: nobody would know it.") from None


def _file() -> Path:
    name = os.environ.get(TOKENS_FILE, "").strip()
    if not name:
        if _has_grants():
            raise UsageError("there is no such grant: `token list` shows those there are.")
        raise UsageError(f"set {TOKENS_FILE} to the file in which the tokens are kept, here and for the server.")
    return Path(name).expanduser()
