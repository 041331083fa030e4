"""The only exit for text that strangers can write (ANSWERS 4).

Anybody can visit any path, send any `Referer` and post any kudo uid, and a guard that detects bad intent does not work.
So each field has a grammar of what may be shown; ordinary values pass unchanged, and what is left over can neither
break out of an answer's structure nor hide in it. None of these functions raises, and showing a shown value again
changes nothing.

Paths, addresses, identifiers and names become canonical percent-encoded text: letters, digits and combining marks of
any script stay, and so do the ASCII punctuation of URLs and every `%XX` that is there already; everything else is
percent-encoded as UTF-8. A value longer than its cap ends in `…~` and eight hex digits of the SHA-256 of the whole
value, so that two long values stay two.
"""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache, lru_cache, partial
from hashlib import sha256
from typing import Final, Literal
from unicodedata import category, name, normalize

_STRUCTURAL: Final = frozenset("\"'`<>|\\()[]{}")
"""What an answer's own structure is written with."""

_MOST_MARKS: Final = 6
"""Combining marks on one letter: ordinary Burmese has five, a "zalgo" text dozens."""

# Unicode has no property for these letters, marks and symbols that draw nothing: fillers, joiners and blanks.
_INVISIBLE_RANGES: Final = (
    (0x034F, 0x034F),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x2800, 0x2800),
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),
    (0xFFA0, 0xFFA0),
    (0x13441, 0x13442),
    (0x16FE4, 0x16FE4),
    (0x1D159, 0x1D159),
    (0xE0000, 0xE0FFF),
)
INVISIBLE: Final = frozenset(chr(code) for first, last in _INVISIBLE_RANGES for code in range(first, last + 1))


@lru_cache(maxsize=4096)
def _kind(char: str) -> Literal["letter", "mark", "other"]:
    """Return whether a character is a visible letter or digit of any script, a combining mark, or anything else."""
    if char in INVISIBLE or _stands_for_structure(char):
        return "other"
    match category(char)[0]:
        case "L" | "N":
            return "letter"
        case "M":
            return "mark"
        case _:
            return "other"


def _stands_for_structure(char: str) -> bool:
    """Return whether a reader that folds look-alikes, as many tokenizers do, sees structure in it, as in U+2474."""
    return not _STRUCTURAL.isdisjoint(normalize("NFKC", char))


DIRECT: Final = "direct"
"""No referrer (null or stripped, field notes 11). A `Referer` of just this word is no address and counts as none."""
NO_SOURCE: Final = "no source"
"""No source. No other source is shown with a space, so that a campaign called `none` stays one."""
NONE: Final = "none"
"""No path, URL or uid; a real path starts with a slash and a real URL has a colon."""
UNKNOWN: Final = "unknown"
"""What is missing, or not in its form."""
NOT_A_HOST: Final = "not-a-host"
"""For a referrer in which there is no host. Like `direct` it has no dot, and every host that is shown has one."""
CUT_MARK: Final = "…~"

IN_URLS: Final = "/-_.~!$&*+,;=:@?#"
_IN_NAMES: Final = " -_./+"
_IN_HOSTS: Final = "-_."
_HOST_CAP: Final = 80
_CUT_DIGITS: Final = 8

_CUT: Final = re.compile(rf"(.*){CUT_MARK}[0-9a-f]{{{_CUT_DIGITS}}}", re.DOTALL)
_PART: Final = re.compile(r"%[0-9A-Fa-f]{2}|.", re.DOTALL)
_SCHEME: Final = re.compile(r"([a-z][a-z0-9+.-]*:)?//", re.IGNORECASE)
_PORT: Final = re.compile(r":[0-9]*$")
_WWW: Final = re.compile(r"(?:www\.)+(?=[^.]+\.)")
_DOTTED: Final = re.compile(r"[^.]+(?:\.[^.]+)+")
_COUNTRY: Final = re.compile(r"[A-Z]{2}")


def encoded(value: str | None, *, absent: str, cap: int, punctuation: str = IN_URLS) -> str:
    """Return the value in its canonical form, of at most `cap` characters; `absent` for null and for empty text."""
    if not value or value == absent or _is_cut(value, cap, punctuation):
        return value or absent
    whole = canonical(value, punctuation)
    return whole if len(whole) <= cap else _cut(value, cap, punctuation)


def canonical(value: str, punctuation: str) -> str:
    """Return the value with all percent-encoded but letters, digits, their marks, and this ASCII punctuation."""
    return value if _canonical_already(punctuation).fullmatch(value) else "".join(_parts(value, punctuation))


@cache
def _canonical_already(punctuation: str) -> re.Pattern[str]:
    return re.compile(rf"(?:[0-9A-Za-z{re.escape(punctuation)}]|%[0-9A-Fa-f]{{2}})*")


def _is_cut(value: str, cap: int, punctuation: str) -> bool:
    """Return whether a value has the form that a longer one is shown in."""
    cut = _CUT.fullmatch(value)
    return cut is not None and len(value) <= cap and canonical(cut[1], punctuation) == cut[1]


def _parts(value: str, punctuation: str) -> Iterator[str]:
    """Yield the canonical form in parts that a cut must not divide."""
    marks_left = 0  # a mark that follows no letter would sit on what we print before it
    for part in _PART.findall(value):
        if len(part) > 1 or part in punctuation:
            marks_left = 0
            yield part
        elif _kind(part) == "letter":
            marks_left = _MOST_MARKS
            yield part
        elif _kind(part) == "mark" and marks_left:
            marks_left -= 1
            yield part
        else:
            marks_left = 0
            yield "".join(f"%{byte:02X}" for byte in part.encode("utf-8", "surrogatepass"))


def _cut(value: str, cap: int, punctuation: str) -> str:
    most = cap - len(CUT_MARK) - _CUT_DIGITS
    kept = ""
    for part in _parts(value, punctuation):
        if len(kept) + len(part) > most:
            break
        kept += part
    return f"{kept}{CUT_MARK}{_digest(value)}"


def _digest(value: str) -> str:
    """Return the hex digits that tell values apart of which not all is shown."""
    return sha256(value.encode("utf-8", "surrogatepass")).hexdigest()[:_CUT_DIGITS]


path = url = partial(encoded, absent=NONE, cap=120)
"""A page's path; a page's or a link's full address."""
referrer = partial(encoded, absent=DIRECT, cap=120)
"""A referrer's full address. For rankings see `host`."""
source = partial(encoded, absent=NO_SOURCE, cap=60)
"""A campaign's name (`?ref=`, `?utm_source=`)."""
uid = partial(encoded, absent=NONE, cap=60)
"""A kudo's or a site's uid."""


def browser(value: str | None) -> str:
    """Return a browser's short plain name; `unknown` for none."""
    # Browser detection writes "iOS (iPhone)": the brackets go, the words stay.
    words = re.sub(r"[()\s]+", " ", value or "").strip()
    return encoded(words, absent=UNKNOWN, cap=40, punctuation=_IN_NAMES)


platform = browser
"""An operating system's name, in the grammar of a browser's."""


def host(value: str | None) -> str:
    """Return the host of a referrer (field notes 12), at most 80 characters, in lower case, without `www.` and port.

    `direct` where there is no referrer, `not-a-host` where it names no host with a dot in it. International names stay
    as they were sent, in letters or as `xn--`. A bare host is its own host.
    """
    text = (value or "").strip()
    if text in ("", DIRECT):
        return DIRECT
    scheme = _SCHEME.match(text)
    # Browsers end the host at a backslash too: `http://evil.example\@good.example` is a page of evil.example.
    authority = re.split(r"[/?#\\]", text[scheme.end() if scheme else 0 :], maxsplit=1)[0]
    name = _PORT.sub("", authority.rpartition("@")[2]).rstrip(".").lower()
    name = _WWW.sub("", name, count=1)
    is_host = "%" not in name and canonical(name, _IN_HOSTS) == name and _DOTTED.fullmatch(name) is not None
    if not is_host and not _is_cut(name, _HOST_CAP, _IN_HOSTS):
        return NOT_A_HOST
    return encoded(name, absent=NOT_A_HOST, cap=_HOST_CAP, punctuation=_IN_HOSTS)


def domain(value: str | None) -> str:
    """Return the host of the account's own site; the whole address without a dot there (`http://localhost:3000`)."""
    address = url(value)
    shown = host(address)
    return address if shown == NOT_A_HOST else shown


def country(value: str | None) -> str:
    """Return a country's code of two capitals (`XX` is the API's own word for one it could not find)."""
    return value if value and _COUNTRY.fullmatch(value) else UNKNOWN


def time(value: str | datetime | None) -> str:
    """Return a moment as `2026-02-14T10:00:00Z`; without an offset it is UTC, as the API's times (field notes 16)."""
    if value is None:
        return UNKNOWN
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return aware.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"
    except (ValueError, OverflowError):
        return UNKNOWN


Field = Literal["path", "referrer", "host", "source", "uid", "url", "country", "browser", "platform"]

_GRAMMARS: Final[dict[Field, Callable[[str | None], str]]] = {
    "path": path,
    "referrer": referrer,
    "host": host,
    "source": source,
    "uid": uid,
    "url": url,
    "country": country,
    "browser": browser,
    "platform": platform,
}
_ONE_WAY: Final[tuple[Field, ...]] = ("host", "country", "browser", "platform")
_ABSENT: Final = (DIRECT, NO_SOURCE, NONE, UNKNOWN, NOT_A_HOST)


def matches(given: str, raw: str | None, field: Field) -> bool:
    """Return whether `given` names the value `raw`: as it is shown, as it is, or in a spelling that is shown alike.

    Several raw values can be shown alike (`/a b` and `/a%20b`), so a caller that acts on one must see that it is the
    only one.
    """
    show = _GRAMMARS[field]
    return given == raw or show(raw) == (given if field in _ONE_WAY else show(given))


def is_plain(given: str, field: Field) -> bool:
    """Return whether `given` can stand for itself only, so that the API's exact filter may be used for it.

    Otherwise it may be the shown form of something else: read the full list and use `matches`.
    """
    if "%" in given or CUT_MARK in given or given in _ABSENT:
        return False
    return _GRAMMARS[field](given) == given


_EXACT_CAP: Final = 60
_MOST_NAMED: Final = 4
"""Characters that are named one by one."""
_OPEN: Final = "\u201c"
_CLOSE: Final = "\u201d"
_INNER_SPACE: Final = re.compile(r"(?<=[^ ]) (?=[^ ])")


def exact(value: str | None) -> str:
    """Return a value as it is, with single spaces; what cannot be shown percent-encoded, a long one cut."""
    shown = " ".join(canonical(part, IN_URLS) for part in _INNER_SPACE.split(value or "")) or NONE
    return shown if len(shown) <= _EXACT_CAP else uid(value)


def quoted(value: str | None) -> str:
    """Return a value in quotes; after them its characters that are not shown, or not plain ASCII, are named."""
    text = value or ""
    odd = [f"U+{ord(char):04X} as character {place}" for place, char in _odd(text)]
    named = odd[:_MOST_NAMED]
    if len(odd) > _MOST_NAMED:
        named.append(f"{len(odd) - _MOST_NAMED} more that are not plain, SHA-256 {_digest(text)}")
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
    for found in _PART.finditer(text):
        part, place = found[0], found.start()
        is_plain = len(part) > 1 or (part.isascii() and (part.isalnum() or part in IN_URLS)) or place in spaces
        if not is_plain:
            yield place + 1, part


_UNNAMED: Final = "unnamed"
_OPEN_SINGLE: Final = "\u2018"
_CLOSE_SINGLE: Final = "\u2019"
_DASH: Final = "\u2013"

_TYPOGRAPHIC: Final = (_OPEN, _CLOSE, _OPEN_SINGLE, _CLOSE_SINGLE)
_FOREIGN_QUOTES: Final = {
    "\N{LEFT-POINTING DOUBLE ANGLE QUOTATION MARK}": _OPEN,
    "\N{DOUBLE LOW-9 QUOTATION MARK}": _OPEN,
    "\N{RIGHT-POINTING DOUBLE ANGLE QUOTATION MARK}": _CLOSE,
    "\N{DOUBLE HIGH-REVERSED-9 QUOTATION MARK}": _CLOSE,
    "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}": _OPEN_SINGLE,
    "\N{SINGLE LOW-9 QUOTATION MARK}": _OPEN_SINGLE,
    "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}": _CLOSE_SINGLE,
    "\N{SINGLE HIGH-REVERSED-9 QUOTATION MARK}": _CLOSE_SINGLE,
}
_NOTHING: Final = "<>|\\`"
_BRACKETS: Final = ("Ps", "Pe", "Pi", "Pf")
_OPENS: Final = rf"(?<![^\s{_OPEN}{_OPEN_SINGLE}{_DASH}\u2014/-])"


def prose(value: str | None, cap: int = 600) -> str:
    """Return sentences on one line, at most `cap` characters and `…` after a cut; empty for null.

    Quotes become typographic ones, brackets dashes; angles, pipes, backticks, backslashes and what is invisible vanish.
    """
    text = "".join(_readable(" ".join((value or "").split())))
    text = re.sub(f'{_OPENS}"', _OPEN, text).replace('"', _CLOSE)
    text = re.sub(f"{_OPENS}'", _OPEN_SINGLE, text).replace("'", _CLOSE_SINGLE)
    text = re.sub(f"{_DASH}(?: *{_DASH})+", _DASH, " ".join(text.split()))
    text = re.sub(f" {_DASH} (?=[.,;:!?])", "", text).strip(f" {_DASH}")
    return text if len(text) <= cap else text[: cap - 1].rstrip(f" {_DASH}") + "…"


def label(value: str | None) -> str:
    """Return the account's own name for a site, at most 80 characters; `unnamed` where nothing of it is left. Its
    semicolons become commas, since in an answer's second line they part the facts."""
    return prose(value, cap=80).replace(";", ",") or _UNNAMED


def phrase(shown: str) -> str:
    """Return guarded words in quotes, as they stand in a sentence; none of their own closes these."""
    return f"{_OPEN}{shown.replace(_OPEN, _OPEN_SINGLE).replace(_CLOSE, _CLOSE_SINGLE)}{_CLOSE}"


def _readable(text: str) -> Iterator[str]:
    marks_left = 0
    for char in "".join(normalize("NFKC", char) if _stands_for_structure(char) else char for char in text):
        if _kind(char) == "mark":
            if marks_left:
                marks_left -= 1
                yield char
            continue
        marks_left = _MOST_MARKS if _kind(char) == "letter" else 0
        group = category(char)
        if char in _FOREIGN_QUOTES:
            yield _FOREIGN_QUOTES[char]
        elif group in _BRACKETS and char not in _TYPOGRAPHIC:
            yield f" {_DASH} "
        elif group[0] != "C" and char not in INVISIBLE and char not in _NOTHING:
            yield char


# From here on nothing above is used: this is to catch the mistakes of the grammars.
_BAD_CATEGORIES = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Ps", "Pe", "Pi", "Pf"}
_INVISIBLE_NAMES = (
    "VARIATION SELECTOR",
    "HANGUL FILLER",
    "SEONG FILLER",
    "SCRIPT FILLER",
    "GRAPHEME JOINER",
    "VOWEL INHERENT",
    "BRAILLE PATTERN BLANK",
    "HIEROGLYPH FULL BLANK",
    "HIEROGLYPH HALF BLANK",
    "NULL NOTEHEAD",
)


def forbidden(text: str) -> list[str]:
    """Return the characters of one shown value that may not be there, in order; of a table, check each cell."""
    return [char for char in text if _is_forbidden(char)]


@lru_cache(maxsize=10_000)
def _is_forbidden(char: str) -> bool:
    if char in "\u201c\u201d\u2018\u2019":
        return False
    if category(char) in _BAD_CATEGORIES or (category(char) == "Zs" and char != " "):
        return True
    if any(folded in "\"'`|<>\\()[]{}" for folded in normalize("NFKC", char)):
        return True
    return any(part in name(char, "") for part in _INVISIBLE_NAMES)
