"""The file of gateway tokens: who may connect, by the hash of what they show, and with which Tinylytics key."""

import hashlib
import json
import os
import re
import secrets
import stat
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter, ValidationError
from tinylytics_tools.access import Access

from tinylytics_mcp.errors import CommandError, UsageError

T = TypeVar("T")

PATIENCE_S = 5.0
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_BEGINNING = "tlm_"
"""Lets a scanner of repositories find a token that was published by mistake."""


@dataclass(frozen=True)
class Token:
    """What is kept of a token. `key_file` holds the Tinylytics key that it stands for, None for the server's own."""

    name: str
    hash: str
    access: Access
    key_file: str | None
    made: str


def hash_of(secret: str) -> str:
    """What is kept of what a client shows; a token is 256 random bits, so that no slow hash is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()


def read_tokens(path: Path) -> list[Token]:
    """The tokens in a file.

    Raises:
        UsageError: it is not there, not a file of tokens, or others could write to it.
    """
    try:
        mode = path.stat().st_mode
        told = path.read_bytes()
        if sys.platform != "win32" and mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise UsageError(f"the file of tokens {path} can be written to by others. Run chmod go-w on it.")
        return _FILE.validate_json(told)["tokens"]
    except OSError as error:
        raise UsageError(f"the file of tokens {path} cannot be read: {error.strerror}.") from None
    except (ValidationError, KeyError):
        raise UsageError(f"{path} is not a file of tokens that this version can read.") from None


def add_token(path: Path, name: str, access: Access, key_file: str | None) -> str:
    """Make a token, keep its hash, and return it: it cannot be shown again.

    Raises:
        UsageError: the name is taken or is none, or the file cannot be read or opened to write.
        CommandError: it could not be written; it is as it was.
    """
    if not _NAME.fullmatch(name):
        raise UsageError("the name of a token is letters, digits, dots, dashes and underscores, 64 at most.")
    secret = _BEGINNING + secrets.token_urlsafe(32)

    def add(tokens: list[Token]) -> list[Token]:
        if any(token.name == name for token in tokens):
            raise UsageError(f"there is a token {name} already: revoke it first, or take another name.")
        return [*tokens, Token(name, hash_of(secret), access, key_file, datetime.now(UTC).date().isoformat())]

    _change(path, add)
    return secret


def revoke_token(path: Path, name: str) -> None:
    """Forget a token: who shows it is not let in any more, from the next request on.

    Raises:
        UsageError: there is none of that name, or the file cannot be read or opened to write.
        CommandError: it could not be written; it is as it was.
    """

    def revoke(tokens: list[Token]) -> list[Token]:
        left = [token for token in tokens if token.name != name]
        if len(left) == len(tokens):
            raise UsageError(f"there is no token {name!r}.")
        return left

    _change(path, revoke)


class Watched(Generic[T]):
    """What a file says, read again when it is another one than before; looking costs a few microseconds."""

    def __init__(self, path: Path, read: Callable[[Path], T]) -> None:
        self._path = path
        self._read = read
        self._seen: tuple[int, ...] | None = None
        self._value: T | None = None

    def value(self) -> T:
        """What it says now.

        Raises:
            UsageError: as `read` raises it, at each use until the file is mended.
        """
        try:
            status = self._path.stat()
            seen = (status.st_mtime_ns, status.st_size, status.st_ino, status.st_mode)
        except OSError:
            seen = None
        if self._value is None or seen is None or seen != self._seen:
            self._value, self._seen = None, None
            value = self._read(self._path)
            self._value, self._seen = value, seen
        return self._value


_FILE: TypeAdapter[dict[str, list[Token]]] = TypeAdapter(dict[str, list[Token]])


def _change(path: Path, change: Callable[[list[Token]], list[Token]]) -> None:
    """Put a new file into the place of the old; the new one, while it is written, keeps other processes waiting."""
    fresh = path.with_name(path.name + ".new")
    try:
        descriptor = _take(fresh)
    except OSError as error:
        raise UsageError(f"the file of tokens {path} cannot be written: {error.strerror}.") from None
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            tokens = change(read_tokens(path) if path.exists() else [])
            told: dict[str, Any] = {"tokens": [asdict(token) for token in tokens]}
            file.write(json.dumps(told, indent=1) + "\n")
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise CommandError(f"the file of tokens {path} cannot be written: {error.strerror}. It is as it was.") from None
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise


def _take(fresh: Path) -> int:
    end = time.monotonic() + PATIENCE_S
    while True:
        try:
            return os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            if time.monotonic() > end:
                raise UsageError(
                    f"another command seems to change the tokens. If none does, one was broken off: delete {fresh}."
                ) from None
            time.sleep(0.02)
