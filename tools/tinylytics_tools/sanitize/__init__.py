"""The only exit for text that strangers can write (ANSWERS 4).

Anybody can visit any path, send any `Referer` and post any kudo uid, and a guard that detects bad intent does not work.
So each field has a grammar of what may be shown; ordinary values pass unchanged, and what is left over can neither
break out of an answer's structure nor hide in it. None of these functions raises, and showing a shown value again
changes nothing.
"""

from tinylytics_tools.sanitize.check import forbidden
from tinylytics_tools.sanitize.exact import exact, in_quotes, is_odd, quoted, unquoted
from tinylytics_tools.sanitize.prose import label, prose
from tinylytics_tools.sanitize.values import (
    DIRECT,
    NO_SOURCE,
    NONE,
    NOT_A_HOST,
    UNKNOWN,
    Field,
    browser,
    country,
    domain,
    host,
    is_plain,
    matches,
    path,
    platform,
    referrer,
    source,
    time,
    uid,
    url,
)

__all__ = [
    "DIRECT",
    "NONE",
    "NOT_A_HOST",
    "NO_SOURCE",
    "UNKNOWN",
    "Field",
    "browser",
    "country",
    "domain",
    "exact",
    "forbidden",
    "host",
    "in_quotes",
    "is_odd",
    "is_plain",
    "label",
    "matches",
    "path",
    "platform",
    "prose",
    "quoted",
    "referrer",
    "source",
    "time",
    "uid",
    "unquoted",
    "url",
]
