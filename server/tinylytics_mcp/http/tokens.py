"""Reads and changes the file of tokens: the hash, access and Tinylytics key of each HTTP client."""

import hashlib
import os
import re
import secrets
import stat
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError
from tinylytics_tools.access import Access

from tinylytics_mcp.errors import CommandError, UsageError

T = TypeVar("T")

LOCK_TIMEOUT_S = 5.0
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_PREFIX = "tlm_"
"""Lets a scanner of repositories find a token that was published by mistake."""


@dataclass(frozen=True)
class Token:
    """What is stored of a token. `key_file` holds the Tinylytics key that it uses, None for the server's own."""

    name: str
    hash: str
    access: Access
    key_file: str | None
    made: str


def hash_of(secret: str) -> str:
    """Return the hash that is stored; a token is 256 random bits, so that no slow hash is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()


def read_tokens(path: Path) -> list[Token]:
    """Return the tokens in a file.

    Raises:
        UsageError: it is not there, not a file of tokens, or others could write to it.
    """
    try:
        status = path.stat()
        content = path.read_bytes()
        if sys.platform != "win32" and status.st_uid not in (0, os.geteuid()):
            raise UsageError(f"the file of tokens {path} belongs to another user of this computer. Run chown on it.")
        if sys.platform != "win32" and status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise UsageError(f"the file of tokens {path} can be written to by others. Run chmod go-w on it.")
        return _FILE.validate_json(content)["tokens"]
    except OSError as error:
        raise UsageError(f"the file of tokens {path} cannot be read: {error.strerror}.") from None
    except (ValidationError, KeyError):
        raise UsageError(f"{path} is not a file of tokens that this version can read.") from None


def add_token(path: Path, name: str, access: Access, key_file: str | None) -> str:
    """Return a new token whose hash is stored: it cannot be shown again.

    Raises:
        UsageError: the name is taken or is none, or the file cannot be read or opened to write.
        CommandError: it could not be written; it is as it was.
    """
    if not _NAME.fullmatch(name):
        raise UsageError("the name of a token is letters, digits, dots, dashes and underscores, 64 at most.")
    secret = _PREFIX + secrets.token_urlsafe(32)
    with _changing(path) as tokens:
        if any(token.name == name for token in tokens):
            raise UsageError(f"there is a token {name} already: revoke it first, or take another name.")
        tokens.append(Token(name, hash_of(secret), access, key_file, datetime.now(UTC).date().isoformat()))
    return secret


def revoke_token(path: Path, name: str) -> None:
    """Revoke a token, from the next request on.

    Raises:
        UsageError: there is none of that name, or the file cannot be read or opened to write.
        CommandError: it could not be written; it is as it was.
    """
    with _changing(path) as tokens:
        remaining = [token for token in tokens if token.name != name]
        if len(remaining) == len(tokens):
            raise UsageError(f"there is no token {name!r}.")
        tokens[:] = remaining


def watched(path: Path, read: Callable[[Path], T]) -> T:
    """Return what `read` makes of a file; it is read again when the file changes, and at each use while that fails."""
    try:
        status = path.stat()
    except OSError:
        return read(path)
    return _read(path, read, (status.st_mtime_ns, status.st_size, status.st_ino, status.st_mode, status.st_uid))


@lru_cache(maxsize=1024)
def _read(path: Path, read: Callable[[Path], Any], _: tuple[int, ...]) -> Any:
    return read(path)


_FILE: TypeAdapter[dict[str, list[Token]]] = TypeAdapter(dict[str, list[Token]])


@contextmanager
def _changing(path: Path) -> Generator[list[Token]]:
    """Yield the tokens of a file, to be changed; the new one, while it is written, is the lock that others wait for."""
    new = path.with_name(path.name + ".new")
    try:
        descriptor = _lock(new)
    except OSError as error:
        raise UsageError(f"the file of tokens {path} cannot be written: {error.strerror}.") from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            tokens = read_tokens(path) if path.exists() else []
            yield tokens
            file.write(_FILE.dump_json({"tokens": tokens}, indent=1) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except BaseException as error:
        new.unlink(missing_ok=True)
        if not isinstance(error, OSError):
            raise
        raise CommandError(f"the file of tokens {path} cannot be written: {error.strerror}. It is as it was.") from None


def _lock(new: Path) -> int:
    end = time.monotonic() + LOCK_TIMEOUT_S
    while True:
        try:
            return os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            if time.monotonic() > end:
                raise UsageError(
                    f"another command seems to change the tokens. If none does, one was broken off: delete {new}."
                ) from None
            time.sleep(0.02)
