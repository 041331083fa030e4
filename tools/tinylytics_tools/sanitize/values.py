"""Shows paths, addresses, identifiers and names as canonical percent-encoded text.

Letters, digits and combining marks of any script stay, and so do the ASCII punctuation of URLs and every `%XX` that
is there already; everything else is percent-encoded as UTF-8. A value longer than its cap ends in `…~` and eight hex
digits of the SHA-256 of the whole value, so that two long values stay two.
"""

import re
from collections.abc import Iterator
from hashlib import sha256
from typing import Final

from tinylytics_tools.sanitize.characters import MOST_MARKS, kind

DIRECT: Final = "direct"
"""No referrer (null or stripped, field notes 11). A `Referer` of just this word is no address and counts as none."""

NO_SOURCE: Final = "no source"
"""No source. No other source is shown with a space, so that a campaign called `none` stays one."""

NONE: Final = "none"
"""No path, URL or uid; a real path starts with a slash and a real URL has a colon."""

UNKNOWN_NAME: Final = "unknown"

CUT_MARK: Final = "…~"
_HASH_DIGITS: Final = 8
_CUT: Final = re.compile(rf"(.*){CUT_MARK}[0-9a-f]{{{_HASH_DIGITS}}}", re.DOTALL)
_PART: Final = re.compile(r"%[0-9A-Fa-f]{2}|.", re.DOTALL)

_IN_URLS: Final = "/-_.~!$&*+,;=:@?#"
_IN_NAMES: Final = " -_./+"


def path(value: str | None) -> str:
    """A page's path, at most 120 characters."""
    return encoded(value, absent=NONE, cap=120)


def referrer(value: str | None) -> str:
    """A referrer's full address, at most 120 characters; `direct` where there is none. For rankings see `host`."""
    return encoded(value, absent=DIRECT, cap=120)


def source(value: str | None) -> str:
    """A campaign's name (`?ref=`, `?utm_source=`), at most 60 characters."""
    return encoded(value, absent=NO_SOURCE, cap=60)


def uid(value: str | None) -> str:
    """A kudo's or a site's uid, at most 60 characters."""
    return encoded(value, absent=NONE, cap=60)


def url(value: str | None) -> str:
    """A page's or a link's full address, at most 120 characters."""
    return encoded(value, absent=NONE, cap=120)


def browser(value: str | None) -> str:
    """A browser's short plain name, at most 40 characters; `unknown` where there is none."""
    return _name(value)


def platform(value: str | None) -> str:
    """An operating system's short plain name, at most 40 characters; `unknown` where there is none."""
    return _name(value)


def encoded(value: str | None, *, absent: str, cap: int, punctuation: str = _IN_URLS) -> str:
    """The value in its canonical form, of at most `cap` characters; `absent` for null and for empty text."""
    if not value or value == absent or is_cut(value, cap, punctuation):
        return value or absent
    whole = canonical(value, punctuation)
    return whole if len(whole) <= cap else _cut(value, cap, punctuation)


def canonical(value: str, punctuation: str) -> str:
    """The value with everything percent-encoded but letters, digits, their marks, and this ASCII punctuation."""
    return "".join(_parts(value, punctuation))


def is_cut(value: str, cap: int, punctuation: str = _IN_URLS) -> bool:
    """Whether a value has the form that a longer one is shown in."""
    cut = _CUT.fullmatch(value)
    return cut is not None and len(value) <= cap and canonical(cut[1], punctuation) == cut[1]


def _name(value: str | None) -> str:
    # Browser detection writes "iOS (iPhone)": the brackets go, the words stay.
    words = re.sub(r"[()\s]+", " ", value or "").strip()
    return encoded(words, absent=UNKNOWN_NAME, cap=40, punctuation=_IN_NAMES)


def _parts(value: str, punctuation: str) -> Iterator[str]:
    """The canonical form in parts that a cut must not divide."""
    marks_left = 0  # a mark that follows no letter would sit on what we print before it
    for part in _PART.findall(value):
        if len(part) > 1 or part in punctuation:
            marks_left = 0
            yield part
        elif kind(part) == "letter":
            marks_left = MOST_MARKS
            yield part
        elif kind(part) == "mark" and marks_left:
            marks_left -= 1
            yield part
        else:
            marks_left = 0
            yield "".join(f"%{byte:02X}" for byte in part.encode("utf-8", "surrogatepass"))


def _cut(value: str, cap: int, punctuation: str) -> str:
    room = cap - len(CUT_MARK) - _HASH_DIGITS
    kept = ""
    for part in _parts(value, punctuation):
        if len(kept) + len(part) > room:
            break
        kept += part
    digest = sha256(value.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{kept}{CUT_MARK}{digest[:_HASH_DIGITS]}"
