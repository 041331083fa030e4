"""Turns raw values into the names that a ranking shows: spellings of a path, addresses of a host, equal values."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, cast, get_args

from tinylytics_tools import sanitize
from tinylytics_tools.answer import OTHER
from tinylytics_tools.channels import channel
from tinylytics_tools.hits.api import Grouping

Dimension = Literal[
    "path", "referrer", "link", "channel", "country", "browser", "platform", "source", "device", "hour", "weekday"
]
Raw = str | int | bool | None

GROUPED: Final[dict[Dimension, Grouping]] = {
    "path": "path",
    "referrer": "referrer",
    "link": "referrer",
    "channel": "referrer",
    "country": "country",
    "browser": "browser_name",
    "platform": "platform_name",
    "source": "source",
}
"""The dimensions that the API groups by itself; `source` only since May 2026 (field notes 9)."""
OF_REFERRERS: Final[tuple[Dimension, ...]] = ("referrer", "link", "channel")
"""Hosts, whole addresses and channels: all out of the same list."""

PLURAL: Final[dict[Dimension, str]] = {
    **{name: f"{name}s" for name in get_args(Dimension)},
    "link": "addresses",
    "country": "countries",
    "device": "kinds of device",
    "hour": "hours of the day",
}
WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_DEVICES: Final = {True: "mobile", False: "not mobile"}


@dataclass(frozen=True)
class Named:
    """One row of a ranking. `unique_hits` is None where several raw values were merged: they do not add up."""

    name: str
    hits: int
    raw: tuple[Raw, ...]
    unique_hits: int | None = None


def merged(
    dimension: Dimension, hits: Mapping[Raw, int], unique: Mapping[Raw, int | None] | None = None, *, own: str = ""
) -> dict[str, Named]:
    """Raw counts by the key under which values are the same, most hits first, then by name: the most used spelling.

    `own` is the host of the site itself, of which the channel is internal.
    """
    together: dict[str, list[Raw]] = {}
    for raw in hits:
        together.setdefault(key(dimension, raw, own), []).append(raw)
    names: dict[str, Named] = {}
    for same, raws in together.items():
        ordered = tuple(sorted(raws, key=lambda raw: (-hits[raw], len(str(raw)), str(raw))))
        alone = unique.get(ordered[0]) if unique and len(ordered) == 1 else None
        name = same if dimension == "channel" else shown(dimension, ordered[0])
        names[same] = Named(name, sum(hits[raw] for raw in ordered), ordered, alone)
    return dict(sorted(names.items(), key=lambda item: (-item[1].hits, item[1].name)))


def key(dimension: Dimension, raw: Raw, own: str = "") -> str:
    """What two raw values have in common that are the same row."""
    if dimension == "channel":
        return channel(cast("str | None", raw), own)
    if dimension == "path" and isinstance(raw, str):
        return sanitize.path(stem(raw))
    return shown(dimension, raw)


def shown(dimension: Dimension, raw: Raw) -> str:
    """A raw value as an answer shows it."""
    return _SHOWN[dimension](raw)


def stem(path: str) -> str:
    """Return a path without its closing slash; `/x` and `/x/` are the same page (field notes 24), `/` stays."""
    bare = path.removesuffix("/")
    return bare if bare.strip("/") else path


def spellings(path: str) -> list[str]:
    """Return a path and its other spelling, without or with the closing slash, if it has one."""
    bare = stem(path)
    return [path, f"{bare}/" if bare == path else bare] if bare.strip("/") else [path]


def _text(show: Callable[[str | None], str]) -> Callable[[Raw], str]:
    """Return how a text is shown; one that is like the name of the row for all others, encoded."""
    return lambda raw: "%6Fther" if (name := show(cast("str | None", raw))) == OTHER else name


_SHOWN: Final[dict[Dimension, Callable[[Raw], str]]] = {
    "path": _text(sanitize.path),
    "referrer": _text(sanitize.host),
    "link": _text(sanitize.referrer),
    "channel": _text(channel),
    "country": _text(sanitize.country),
    "browser": _text(sanitize.browser),
    "platform": _text(sanitize.platform),
    "source": _text(sanitize.source),
    "device": lambda raw: sanitize.UNKNOWN if raw is None else _DEVICES[bool(raw)],
    "hour": lambda raw: f"{cast('int', raw):02}:00",
    "weekday": lambda raw: WEEKDAYS[cast("int", raw)],
}
