"""The values that may be written: checked and normalised, so that nothing hidden goes out through one (ANSWERS 4).

Each check returns the value as it is sent, or raises `ValueError` with what the field takes.
"""

import re
from collections.abc import Callable
from functools import partial
from typing import Final
from unicodedata import category

from tinylytics_tools import sanitize
from tinylytics_tools.errors import InvalidArgument
from tinylytics_tools.sanitize import CUT_MARK, IN_URLS, INVISIBLE, canonical

LONGEST_PATH: Final = 1000
LONGEST_ADDRESS: Final = 2000
LONGEST_AGENT: Final = 500
LONGEST_NAME: Final = 200
LONGEST_UID: Final = 60
"""As long as a uid is shown in full."""

Flag = bool | None
"""A yes-or-no argument of a tool."""

_IN_AGENTS: Final = frozenset("()[]{}'\"")
_ADDRESS: Final = re.compile(r"https?://[^/?#]+", re.IGNORECASE)
_LIKE_AN_IP: Final = re.compile(r"[0-9A-Fa-f:.]{2,45}")


def hidden(text: str) -> list[str]:
    """Return the invisible characters: control, bidi, zero-width, tag and similar ones."""
    return [char for char in sanitize.forbidden(text) if category(char)[0] in "CZ" or char in INVISIBLE]


def path(value: str) -> str:
    """Return a page's path as it is sent: with its leading slash, and percent-encoded as answers show it."""
    text = _address(value, LONGEST_PATH)
    if set("?#") & set(text) or _ADDRESS.match(text):
        raise ValueError(
            "give the path alone, such as /about: it begins after the host and ends before ? and #; the url of a hit "
            "takes the whole address"
        )
    return text if text.startswith("/") else f"/{text}"


def slash_added(given: str, sent: str) -> list[str]:
    """Return the note that a path is sent with a leading slash that was not given; none where it was."""
    return [] if given.strip().startswith("/") else [f"a leading slash was added: the path is {sanitize.path(sent)}"]


def url(value: str) -> str:
    text = _address(value, LONGEST_ADDRESS)
    if not _ADDRESS.match(text):
        raise ValueError("give a whole address, for example https://example.com/pricing?ref=news")
    return text


def ip_address(value: str) -> str:
    """Return an address in digits; whether there is such a one, the service judges (API document, Payload rules)."""
    text = _visible(value, LONGEST_AGENT)
    if not _LIKE_AN_IP.fullmatch(text):
        raise ValueError("give an IPv4 or IPv6 address, for example 8.8.8.8")
    return text


def uid(value: str) -> str:
    """Return a kudo's uid that can be shown, named and deleted as it is: one segment of a path, no dots alone."""
    text = _visible(value, LONGEST_UID)
    if not sanitize.is_plain(text, "uid") or set("/?#%\\") & set(text) or not text.strip("."):
        raise ValueError("give letters, digits, - and _, for example pricing-kudo-1")
    return text


def _visible(value: str, most: int) -> str:
    text = value.strip(" ")
    if not text:
        raise ValueError("it is blank")
    if invisible := hidden(text):
        raise ValueError(f"it has a character that cannot be seen, U+{ord(invisible[0]):04X}; take it out")
    if len(text) > most:
        raise ValueError(f"it has {len(text)} characters, and at most {most} are written")
    return text


def _plain(value: str, most: int, but: frozenset[str] = frozenset()) -> str:
    text = _visible(value, most)
    if wrong := sorted(set(sanitize.forbidden(text)) - but):
        raise ValueError(f"it has quotes, brackets or the like, first U+{ord(wrong[0]):04X}; take them out")
    return text


def _address(value: str, most: int) -> str:
    text = _visible(value, most)
    if CUT_MARK in text:
        raise ValueError("this is the shortened form of a longer one; give it in full")
    sent = canonical(text, IN_URLS)
    if len(sent) > most:
        raise ValueError(f"percent-encoded it has {len(sent)} characters, and at most {most} are written")
    return sent


referrer = partial(_address, most=LONGEST_ADDRESS)
"""The address, or the host, that a visit came from."""
source = partial(_plain, most=LONGEST_UID)
"""A campaign's name."""
visitor_id = partial(_plain, most=LONGEST_NAME)
"""The text that identifies a visitor."""
user_agent = partial(_plain, most=LONGEST_AGENT, but=_IN_AGENTS)
"""A browser's name for itself, which may have brackets and quotes."""


def checked(name: str, check: Callable[[str], str], value: str) -> str:
    """Return a value as it is sent; raise `InvalidArgument` with the field's name where it cannot be written."""
    try:
        return check(value)
    except ValueError as error:
        raise InvalidArgument(f"{name}: {error}. Nothing was sent.") from error
