"""Shows a value that is to be confirmed or restored, so that no two different ones look alike."""

import re
from collections.abc import Iterator
from typing import Final

from tinylytics_tools.sanitize.values import IN_URLS, NONE, PART, canonical, digest, uid

CAP: Final = 60
MOST_NAMED: Final = 4
"""Characters that are named one by one."""
_OPEN: Final = "\u201c"
_CLOSE: Final = "\u201d"
_INNER_SPACE: Final = re.compile(r"(?<=[^ ]) (?=[^ ])")


def exact(value: str | None) -> str:
    """Return a value as it is, with single spaces; what cannot be shown percent-encoded, a long one cut."""
    shown = " ".join(canonical(part, IN_URLS) for part in _INNER_SPACE.split(value or "")) or NONE
    return shown if len(shown) <= CAP else uid(value)


def quoted(value: str | None) -> str:
    """Return a value in quotes; after them its characters that are not shown, or not plain ASCII, are named."""
    text = value or ""
    odd = [f"U+{ord(char):04X} as character {place}" for place, char in _odd(text)]
    named = odd[:MOST_NAMED]
    if len(odd) > MOST_NAMED:
        named.append(f"{len(odd) - MOST_NAMED} more that are not plain, SHA-256 {digest(text)}")
    return f"{_OPEN}{exact(value)}{_CLOSE}" + (f" with {', '.join(named)}" if named else "")


def in_quotes(value: str | None) -> str:
    """Return a value in quotes alone, for a cell of a table."""
    return f"{_OPEN}{exact(value)}{_CLOSE}"


def is_odd(value: str | None) -> bool:
    """Return whether `quoted` names a character of a value."""
    return any(True for _ in _odd(value or ""))


def unquoted(given: str) -> str:
    """Return a value without the quotes that an answer put around it."""
    text = given.strip()
    return text[1:-1] if len(text) > 2 and text[0] == _OPEN and text[-1] == _CLOSE else given


def _odd(text: str) -> Iterator[tuple[int, str]]:
    """Yield the characters that are not shown as they are, or that another one may look like, with their places."""
    spaces = {found.start() for found in _INNER_SPACE.finditer(text)}
    for found in PART.finditer(text):
        part, place = found[0], found.start()
        is_plain = len(part) > 1 or (part.isascii() and (part.isalnum() or part in IN_URLS)) or place in spaces
        if not is_plain:
            yield place + 1, part
