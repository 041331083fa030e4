"""Counts kudos by page, beside the views of the same days."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tinylytics_tools import sanitize
from tinylytics_tools.client import CallContext
from tinylytics_tools.dimensions import stem
from tinylytics_tools.filters import Filters
from tinylytics_tools.kudos.api import KudoReply
from tinylytics_tools.read_hits import read_lists
from tinylytics_tools.scope import Scope

MOST_MORE_PAGES = 2
"""Pages of viewed paths that are read after the first, of at most 730 days; with more, the rate is left out."""


@dataclass(frozen=True)
class Page:
    """One page; `views` is None where they were not read. `is_merged`: both spellings of its slash have kudos."""

    name: str
    kudos: int
    views: int | None
    is_merged: bool


def by_page(rows: Sequence[KudoReply], views: Mapping[str | None, int] | None) -> list[Page]:
    """Pages by kudos, most first; `/x` and `/x/` are one (field notes 24), by the name that has more."""
    spelled = Counter(row.path for row in rows)
    pages: dict[str | None, list[str | None]] = {}
    for path, _ in spelled.most_common():
        pages.setdefault(_key(path), []).append(path)
    viewed = None if views is None else Counter[str | None]()
    if views is not None and viewed is not None:
        for path, hits in views.items():
            viewed[_key(path)] += hits
    made = [
        Page(
            sanitize.path(names[0]),
            sum(spelled[name] for name in names),
            None if viewed is None else viewed[key],
            len(names) > 1,
        )
        for key, names in pages.items()
    ]
    return sorted(made, key=lambda page: (-page.kudos, page.name))


async def read_views(api: CallContext, scope: Scope) -> dict[str | None, int] | None:
    """Views by path in the scope's days, None where there are too many paths to read them all."""
    parts = Filters().slices(scope, scope.window)
    (views,) = await read_lists(api, [("path", parts)], MOST_MORE_PAGES * len(parts))
    return {None if raw is None else str(raw): hits for raw, hits in views.hits.items()} if views.is_complete else None


def per_100(kudos: int | None, views: int | None) -> float | None:
    """Kudos per hundred views, small rates with two significant digits; None where there are no views or not known."""
    if kudos is None or not views:
        return None
    rate = 100 * kudos / views
    return round(rate, 1) if rate >= 1 else float(f"{rate:.2g}")


def _key(path: str | None) -> str | None:
    return path if path is None else stem(path)
