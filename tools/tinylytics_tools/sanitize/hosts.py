"""Merges referrers to the host that they come from (field notes 12)."""

import re
from typing import Final

from tinylytics_tools.sanitize.values import DIRECT, canonical, encoded, is_cut, url

NOT_A_HOST: Final = "not-a-host"
"""For a referrer in which there is no host. Like `direct` it has no dot, and every host that is shown has one."""

_CAP: Final = 80
_IN_HOSTS: Final = "-_."
_SCHEME: Final = re.compile(r"([a-z][a-z0-9+.-]*:)?//", re.IGNORECASE)
_PORT: Final = re.compile(r":[0-9]*$")
_WWW: Final = re.compile(r"(?:www\.)+(?=[^.]+\.)")
_DOTTED: Final = re.compile(r"[^.]+(?:\.[^.]+)+")


def host(value: str | None) -> str:
    """The host of a referrer, at most 80 characters, in lower case, without scheme, user, `www.`, port and path.

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
    if not is_cut(name, _CAP, _IN_HOSTS) and not _is_host(name):
        return NOT_A_HOST
    return encoded(name, absent=NOT_A_HOST, cap=_CAP, punctuation=_IN_HOSTS)


def domain(value: str | None) -> str:
    """The host of the account's own site; the whole address where that has no dot (`http://localhost:3000`)."""
    address = url(value)
    shown = host(address)
    return address if shown == NOT_A_HOST else shown


def _is_host(name: str) -> bool:
    return "%" not in name and canonical(name, _IN_HOSTS) == name and _DOTTED.fullmatch(name) is not None
