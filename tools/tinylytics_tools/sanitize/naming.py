"""Tells which value is meant by what an assistant gives back."""

from collections.abc import Callable
from typing import Final, Literal

from tinylytics_tools.sanitize import forms, hosts, values

Field = Literal["path", "referrer", "host", "source", "uid", "url", "country", "browser", "platform"]

_SHOWN: Final[dict[Field, Callable[[str | None], str]]] = {
    "path": values.path,
    "referrer": values.referrer,
    "host": hosts.host,
    "source": values.source,
    "uid": values.uid,
    "url": values.url,
    "country": forms.country,
    "browser": values.browser,
    "platform": values.platform,
}
_ONE_WAY: Final[tuple[Field, ...]] = ("host", "country", "browser", "platform")
_ABSENT: Final = (values.DIRECT, values.NO_SOURCE, values.NONE, forms.UNKNOWN, hosts.NOT_A_HOST)


def matches(given: str, raw: str | None, field: Field) -> bool:
    """Whether `given` names the value `raw`: as it is shown, as it is, or in a spelling that is shown alike.

    Several raw values can be shown alike (`/a b` and `/a%20b`), so a caller that acts on one must see that it is the
    only one.
    """
    show = _SHOWN[field]
    return given == raw or show(raw) == (given if field in _ONE_WAY else show(given))


def is_plain(given: str, field: Field) -> bool:
    """Whether `given` can stand for itself only, so that the API's exact filter may be asked for it.

    Otherwise it may be the shown form of something else: read the full list and use `matches`.
    """
    if "%" in given or values.CUT_MARK in given or given in _ABSENT:
        return False
    return _SHOWN[field](given) == given
