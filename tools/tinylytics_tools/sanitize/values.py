"""Shows values of visitors and of the account, a grammar a field, and finds the raw value that a shown one names.

Paths, addresses, identifiers and names become canonical percent-encoded text: letters, digits and combining marks of
any script stay, and so do the ASCII punctuation of URLs and every `%XX` that is there already; everything else is
percent-encoded as UTF-8. A value longer than its cap ends in `…~` and eight hex digits of the SHA-256 of the whole
value, so that two long values stay two.
"""

import functools
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final, Literal

from tinylytics_tools.sanitize.characters import MOST_MARKS, kind

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
PART: Final = re.compile(r"%[0-9A-Fa-f]{2}|.", re.DOTALL)
_SCHEME: Final = re.compile(r"([a-z][a-z0-9+.-]*:)?//", re.IGNORECASE)
_PORT: Final = re.compile(r":[0-9]*$")
_WWW: Final = re.compile(r"(?:www\.)+(?=[^.]+\.)")
_DOTTED: Final = re.compile(r"[^.]+(?:\.[^.]+)+")
_COUNTRY: Final = re.compile(r"[A-Z]{2}")


def path(value: str | None) -> str:
    """Return a page's path, at most 120 characters."""
    return encoded(value, absent=NONE, cap=120)


def referrer(value: str | None) -> str:
    """Return a referrer's full address, at most 120 characters; `direct` for none. For rankings see `host`."""
    return encoded(value, absent=DIRECT, cap=120)


def source(value: str | None) -> str:
    """Return a campaign's name (`?ref=`, `?utm_source=`), at most 60 characters."""
    return encoded(value, absent=NO_SOURCE, cap=60)


def uid(value: str | None) -> str:
    """Return a kudo's or a site's uid, at most 60 characters."""
    return encoded(value, absent=NONE, cap=60)


def url(value: str | None) -> str:
    """Return a page's or a link's full address, at most 120 characters."""
    return encoded(value, absent=NONE, cap=120)


def browser(value: str | None) -> str:
    """Return a browser's short plain name, at most 40 characters; `unknown` for none."""
    # Browser detection writes "iOS (iPhone)": the brackets go, the words stay.
    words = re.sub(r"[()\s]+", " ", value or "").strip()
    return encoded(words, absent=UNKNOWN, cap=40, punctuation=_IN_NAMES)


def platform(value: str | None) -> str:
    """Return an operating system's name, in the grammar of a browser's."""
    return browser(value)


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


def encoded(value: str | None, *, absent: str, cap: int, punctuation: str = IN_URLS) -> str:
    """Return the value in its canonical form, of at most `cap` characters; `absent` for null and for empty text."""
    if not value or value == absent or _is_cut(value, cap, punctuation):
        return value or absent
    whole = canonical(value, punctuation)
    return whole if len(whole) <= cap else _cut(value, cap, punctuation)


def canonical(value: str, punctuation: str) -> str:
    """Return the value with all percent-encoded but letters, digits, their marks, and this ASCII punctuation."""
    return value if _canonical_already(punctuation).fullmatch(value) else "".join(_parts(value, punctuation))


@functools.cache
def _canonical_already(punctuation: str) -> re.Pattern[str]:
    return re.compile(rf"(?:[0-9A-Za-z{re.escape(punctuation)}]|%[0-9A-Fa-f]{{2}})*")


def _is_cut(value: str, cap: int, punctuation: str) -> bool:
    """Return whether a value has the form that a longer one is shown in."""
    cut = _CUT.fullmatch(value)
    return cut is not None and len(value) <= cap and canonical(cut[1], punctuation) == cut[1]


def _parts(value: str, punctuation: str) -> Iterator[str]:
    """Yield the canonical form in parts that a cut must not divide."""
    marks_left = 0  # a mark that follows no letter would sit on what we print before it
    for part in PART.findall(value):
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
    most = cap - len(CUT_MARK) - _CUT_DIGITS
    kept = ""
    for part in _parts(value, punctuation):
        if len(kept) + len(part) > most:
            break
        kept += part
    return f"{kept}{CUT_MARK}{_digest(value)[:_CUT_DIGITS]}"


def _digest(value: str) -> str:
    return sha256(value.encode("utf-8", "surrogatepass")).hexdigest()
