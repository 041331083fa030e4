"""Resolves the filters of a question, so that what the API finds is exactly the hits that are requested."""

from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import date
from functools import partial
from urllib.parse import unquote

from tinylytics_tools import sanitize
from tinylytics_tools.client import CallContext
from tinylytics_tools.dimensions import spellings, stem
from tinylytics_tools.errors import InvalidArgument
from tinylytics_tools.hits import api as hits_api
from tinylytics_tools.hits.api import Grouping, Groups, Slice
from tinylytics_tools.periods import Window
from tinylytics_tools.planner import MOST_REQUESTS
from tinylytics_tools.scope import Scope

_MOST_NAMES = 3


@dataclass(frozen=True)
class Filters:
    """Which of a site's hits are meant. `paths` are raw and disjoint, `text` and `notes` safe to show. `host` is set
    where no text that the API could look for finds that referring host and nothing else. No hit of the days in
    `without` is meant."""

    country: str | None = None
    paths: tuple[str | None, ...] = (None,)
    referrer: str | None = None
    host: str | None = None
    text: str = "none"
    notes: tuple[str, ...] = ()
    without: frozenset[date] = frozenset()

    def __bool__(self) -> bool:
        return self.text != "none"

    def slices(self, scope: Scope, window: Window | None) -> list[Slice]:
        """The hits of some days as slices that have no hit in common; none for no days."""
        return [
            Slice(scope.site.id, piece, scope.zone, self.country, path, self.referrer, self.host)
            for part in (window.without(self.without) if window else [])
            for piece in part.pieces()
            for path in self.paths
        ]

    def parts(self, scope: Scope) -> list[Slice]:
        """The hits of all days, the running day apart, since the finished ones do not change any more."""
        return [*self.slices(scope, scope.finished), *self.slices(scope, scope.running)]


async def resolve_filters(
    api: CallContext, scope: Scope, span: Window, *, country: str | None, path: str | None, referrer: str | None
) -> Filters:
    """What the filters mean in `span`, which holds all days of the question and of what it is compared with. Raises
    `InvalidArgument` for a name whose meaning would take too many requests to find, `UnexpectedReply` where the service
    does not show all values that it could be."""
    parts = [f"country {country}"] if country else []
    notes: list[str] = []
    paths: tuple[str | None, ...] = (None,)
    if path is not None:
        raw_paths = await _paths(api, scope, span, country, path)
        paths = tuple(raw_paths)
        names = list(dict.fromkeys(sanitize.path(raw) for raw in raw_paths))
        parts.append(f"path {' and '.join(names[:_MOST_NAMES])}")
        if len(raw_paths) > 1:
            notes.append(f"{len(raw_paths)} spellings of the path are counted together")
    text, host = None, None
    if referrer is not None:
        name = named_host(referrer)
        if name is None:
            text = await _by_part(api, scope, span, country, paths, referrer)
            parts.append(f"referrer containing {sanitize.referrer(referrer)}")
            notes.append("referrer is no host name: every address that contains the text counts, upper or lower case")
        else:
            parts.append(f"referrer host {name}")
            text, host, others = await _by_host(api, scope, span, country, paths, name)
            if others:
                notes.append(f"other hosts whose address contains {name} do not count: {', '.join(others)}")
    return Filters(country, paths, text, host, ", ".join(parts) or "none", tuple(notes))


async def _paths(api: CallContext, scope: Scope, span: Window, country: str | None, path: str) -> list[str]:
    """The raw paths that are meant: the one named, in both spellings of its closing slash where both have hits."""
    if sanitize.is_plain(path, "path"):
        both = spellings(path)
        counts = await hits_api.count_all(api, Filters(country, tuple(both)).slices(scope, span))
        used = {part.path for part, count in counts.items() if count.hits}
        return [spelling for spelling in both if spelling in used] or [path]
    groups = await _read(api, Filters(country).slices(scope, span), "path")
    known = {raw for part in groups for raw in part.hits if raw is not None}
    named = {stem(raw) for raw in known if any(sanitize.matches(path, one, "path") for one in spellings(raw))}
    return sorted(raw for raw in known if stem(raw) in named) or [path]


async def _by_host(
    api: CallContext, scope: Scope, span: Window, country: str | None, paths: tuple[str | None, ...], host: str
) -> tuple[str | None, str | None, list[str]]:
    """The text to look for, the host to check for (None where the text is enough), and some hosts found beside it."""
    # No text is in all addresses of no referrer, of one without a host, of a name shown cut or that is not plain ASCII.
    text = host if host.isascii() and "." in host else None
    groups = await _read(api, Filters(country, paths, text).slices(scope, span), "referrer")
    values = {raw for part in groups for raw in part.hits}
    of_host = {raw for raw in values if sanitize.host(raw) == host}
    if text is None:
        return None, host, []
    others = sorted({sanitize.host(raw) for raw in values - of_host})[:_MOST_NAMES]
    exactly = _text_of(of_host, values, (text, f"/{text}", f"//{text}", f"//{text}/", f".{text}"))
    return exactly or text, None if exactly else host, others


async def _by_part(
    api: CallContext, scope: Scope, span: Window, country: str | None, paths: tuple[str | None, ...], part: str
) -> str:
    """The text to look for, which is in all addresses with this part, also as an answer shows it, and in no others."""
    if "%" not in part and sanitize.CUT_MARK not in part:
        return part
    groups = await _read(api, Filters(country, paths).slices(scope, span), "referrer")
    values = {raw for group in groups for raw in group.hits if raw}
    meant = {raw for raw in values if has_part(part, raw)}
    # of the addresses themselves only the shortest can be in all of them
    if text := _text_of(meant, values, (part, unquote(part), min(meant, key=len, default=part))):
        return text
    raise InvalidArgument(
        f"{len(meant)} referrers are shown with this text, and no text finds just these. rank_traffic with dimension "
        "link and this as search counts them; or give a part without percent signs."
    )


def _text_of(meant: Set[str | None], values: Set[str | None], texts: Sequence[str]) -> str | None:
    """The first of these texts that the service, which looks in any case, finds in all that are meant and no others."""
    return next(
        (text for text in texts if {raw for raw in values if text.lower() in (raw or "").lower()} == meant), None
    )


def has_part(part: str, referrer: str) -> bool:
    """Return whether an address contains a text in any case, as it is or as an answer shows it."""
    shown = sanitize.canonical(referrer, sanitize.IN_URLS)
    is_in = any(part.casefold() in text.casefold() for text in (referrer, shown))
    return is_in or sanitize.matches(part, referrer, "referrer")


def named_host(referrer: str) -> str | None:
    """The host that a filter names; None where it is another part of an address."""
    host = sanitize.host(referrer)
    given = referrer.strip().lower()
    return host if given.removeprefix("www.") == host.removeprefix("www.") or referrer.strip() == host else None


async def _read(api: CallContext, parts: Sequence[Slice], by: Grouping) -> list[Groups]:
    groups = await api.gather(*(partial(hits_api.first_groups, api, part, by) for part in parts))
    if sum(part.pages_left for part in groups) > MOST_REQUESTS // 2:
        raise InvalidArgument(
            f"Too many different {by}s to tell which are meant by this {by}. Give a shorter period, "
            "or the value as rank_traffic shows it with search."
        )
    await api.gather(*(partial(hits_api.more_groups, api, *one) for one in zip(parts, groups, strict=True)))
    for found in groups:
        found.must_be_complete()
    return groups
