"""The command `token`: makes, lists and revokes the tokens of HTTP clients."""

import os
import sys
from pathlib import Path

from tinylytics_tools.access import Access

from tinylytics_mcp.errors import CommandError, OutputClosed, UsageError
from tinylytics_mcp.http.settings import TOKENS_FILE
from tinylytics_mcp.http.tokens import add_token, read_tokens, revoke_token
from tinylytics_mcp.settings import key_in
from tinylytics_mcp.terminal import Terminal, say


def command(*, action: str, name: str = "", access: str = "", key_file: Path | None = None) -> None:
    """Add, list or revoke tokens."""
    match action:
        case "add":
            _add(Terminal(sys.stdout), name, Access(access), key_file)
        case "list":
            terminal = Terminal(sys.stdout)
            tokens = [
                (token.name, str(token.access), token.key_file or "the key of the server", token.made)
                for token in read_tokens(_file())
            ]
            lines = terminal.table(("name", "access", "key", "made"), tokens)
            for line in lines if terminal.is_terminal else lines[1:]:  # programs read the rows alone
                terminal.line(line)
        case _:
            revoke_token(_file(), name)
            say(f"{name} is revoked; no restart is needed.")


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
        raise UsageError(f"set {TOKENS_FILE} to the file in which the tokens are kept, here and for the server.")
    return Path(name).expanduser()
