"""Leaves names, days, pages and referring hosts out of a ranking, exactly: by counting them too, and taking them away.

Days are left out of the windows that are read. The API has no "not" for pages and referrers, so what matches them is
read by itself and subtracted; what matches a page and a referrer was subtracted twice, and is added again.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import chain, product
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from tinylytics_tools import sanitize
from tinylytics_tools.answer import OTHER
from tinylytics_tools.arguments import several
from tinylytics_tools.client import CallContext
from tinylytics_tools.dimensions import PLURAL, Dimension, Named, stem
from tinylytics_tools.errors import InvalidArgument
from tinylytics_tools.filters import Filters, named_host, resolve_filters
from tinylytics_tools.periods import Comparison
from tinylytics_tools.scope import Scope
from tinylytics_tools.traffic.compare import span
from tinylytics_tools.traffic.counts import DimensionTraffic
from tinylytics_tools.traffic.reader import TrafficReader

Exclude = Annotated[
    list[str] | None,
    BeforeValidator(several),
    Field(description="Names to leave out, such as /feed*; or day:2026-02-13, page:/x, referrer:host."),
]
TOO_MUCH = (
    "That is too much to leave out in one call. Give a shorter period or fewer of them, leave the comparison out "
    "(compare none), or name one page or referrer and subtract it."
)

Keys = dict[str, set[str]]
"""The keys of the names that each text means, in any of the lists, upper or lower case; the texts are safe to show."""
TO_RESOLVE = 6
"""Requests that may be needed to find what a page or a host means."""
LONGEST_WORDS = 80
"""Characters of what is left out that a headline has; what is longer stands beside it alone."""


@dataclass(frozen=True)
class Excluded:
    """What is left out: names of the ranking, and days, pages and referring hosts, whatever is ranked; `hits` are of
    these three together, once they are counted."""

    names: tuple[str, ...] = ()
    days: frozenset[date] = frozenset()
    pages: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    hits: int = 0

    def __bool__(self) -> bool:
        return bool(self.days or self.pages or self.hosts)

    def __str__(self) -> str:
        """All that is left out, safe to show."""
        days = [f"day:{day}" for day in sorted(self.days)]
        pages = [f"page:{sanitize.path(page)}" for page in self.pages]
        hosts = [f"referrer:{sanitize.host(host)}" for host in self.hosts]
        return ", ".join([*days, *pages, *hosts, *map(sanitize.path, self.names)])

    @property
    def words(self) -> str:
        """All that is left out, within a headline; empty where nothing is."""
        text = str(self)
        return f" without {text if len(text) <= LONGEST_WORDS else 'what is excluded'}" if text else ""

    def why_not_compared(self, comparison: Comparison | None) -> str | None:
        """Return why days cannot be compared, none being left of the later or the earlier ones; None where they can."""
        if comparison is None or all(one.without(self.days) for one in (comparison.current, comparison.earlier)):
            return None
        return "no comparison: the days that are left out are all there is on one side"

    def fields(self, *, names: int = 0, hits: int = 0) -> dict[str, Any]:
        """Return what is left out as fields of an answer: so many names of the ranking, with their hits, among it."""
        if not self and not self.names:
            return {}
        return {"excluded": str(self), "excluded_names": names, "excluded_hits": self.hits + hits}


def parse_excluded(exclude: Sequence[str] | None) -> Excluded:
    """Return what the argument `exclude` means; raise `InvalidArgument` for a day, path or host that is none."""
    found: dict[str, list[str]] = {"day": [], "page": [], "referrer": [], "": []}
    for text in exclude or ():
        kind, colon, value = text.partition(":")
        known = kind.lower() if colon and kind.lower() in found else ""
        found[known].append(value.strip() if known else text)
    try:
        days = frozenset(date.fromisoformat(day) for day in found["day"])
    except ValueError:
        raise InvalidArgument("exclude day: takes a day as YYYY-MM-DD, such as day:2026-02-13.") from None
    if not all(page.startswith("/") and "*" not in page for page in found["page"]):
        raise InvalidArgument("exclude page: takes one exact path, such as page:/about.")
    hosts = [named_host(referrer) for referrer in found["referrer"]]
    if None in hosts:
        raise InvalidArgument("exclude referrer: takes a host, such as referrer:example.org, or referrer:direct.")
    pages = {stem(page): page for page in found["page"]}
    return Excluded(tuple(found[""]), days, tuple(pages.values()), tuple(dict.fromkeys(filter(None, hosts))))


async def read_without(
    api: CallContext, scope: Scope, filters: Filters, comparison: Comparison | None, dimension: Dimension, out: Excluded
) -> tuple[DimensionTraffic, TrafficReader, Excluded]:
    """Return the traffic of a dimension without what is excluded, its reader, and what is excluded with its hits; raise
    `InvalidArgument` where that takes more requests than one call may use, or cannot be counted exactly."""
    if (out.pages and filters.paths != (None,)) or (out.hosts and (filters.referrer or filters.host)):
        raise InvalidArgument("exclude page: and referrer: do not go with a filter by path or referrer. Leave one out.")
    kept = replace(filters, without=out.days)
    reader = TrafficReader(api, scope, kept, comparison)
    if not out:
        return await reader.read_dimension(dimension), reader, out
    everything = TrafficReader(api, scope, filters)
    await everything.count(scope.window)
    traffic = await _read(reader, dimension)
    found: dict[str, list[Filters]] = {"path": [], "referrer": []}
    for name, value in [*(("path", page) for page in out.pages), *(("referrer", host) for host in out.hosts)]:
        if reader.room < TO_RESOLVE:
            raise InvalidArgument(TOO_MUCH)
        given = {"country": filters.country, "path": None, "referrer": None, name: value}
        found[name].append(await resolve_filters(api, scope, span(scope, comparison), **given))
    # what is left out has to match the other filters too
    pages = [replace(kept, paths=one.paths) for one in found["path"]]
    hosts = [replace(kept, referrer=one.referrer, host=one.host) for one in found["referrer"]]
    twice = [replace(page, referrer=of.referrer, host=of.host) for page, of in product(pages, hosts)]
    for sign, part in [*((1, one) for one in twice), *((-1, one) for one in chain(pages, hosts))]:
        one = await _read(TrafficReader(api, scope, part, comparison), dimension)
        if not one.is_exact or not traffic.is_exact:
            raise InvalidArgument(
                f"That cannot be left out exactly: its {PLURAL[dimension]} are too many to read in one call. Give a "
                "shorter period."
            )
        traffic = traffic.plus(one, sign)
    if out.pages or out.hosts:
        traffic.notes.append("single days were not looked at without what is excluded")
    return traffic, reader, replace(out, hits=max(0, everything.total - traffic.total))


async def _read(reader: TrafficReader, dimension: Dimension) -> DimensionTraffic:
    if 2 * reader.first_pages + TO_RESOLVE > reader.room:  # the service may refuse lists, and then hits are read
        raise InvalidArgument(TOO_MUCH)
    return await reader.read_dimension(dimension)


def containing(search: Sequence[str], *lists: Mapping[str, Named]) -> Keys:
    """Return the names that contain one of these texts."""
    return {sanitize.path(text): _keys(["", text, ""], lists) for text in search}


def matching(exclude: Sequence[str], *lists: Mapping[str, Named]) -> Keys:
    """Return the names that are one of these, `*` standing for any text; raise `InvalidArgument` where one would leave
    out everything."""
    if any(not text.strip("*") for text in exclude):
        raise InvalidArgument("exclude needs names to leave out, apart by commas, such as /feed*,*.xml")
    return {sanitize.path(text): _keys(re.split(r"\*+", text), lists) for text in exclude}


def only(named: Mapping[str, Named], keys: Collection[str]) -> dict[str, Named]:
    """Return the names under these keys, in their order."""
    return {key: one for key, one in named.items() if key in keys}


def _keys(parts: Sequence[str], lists: Sequence[Mapping[str, Named]]) -> set[str]:
    """Return the keys of the names with a spelling that has these parts, with anything between them."""
    first, *others = map(re.escape, parts)
    # Each part is taken where it first stands and nowhere else: trying all places of many takes for ever.
    found = first + "".join(f"(?>.*?{part})" for part in others[:-1]) + "".join(f".*{part}" for part in others[-1:])
    pattern = re.compile(found, re.IGNORECASE | re.DOTALL)
    return {key for one in lists for key, named in one.items() if any(map(pattern.fullmatch, _spellings(named)))}


def _spellings(named: Named) -> list[str]:
    return [named.name, *(raw for raw in named.raw if isinstance(raw, str) and (raw[0:1] == "/" or raw == OTHER))]
