"""Kudos of some days by page, beside the views of the same days."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import cast

from tinylytics_tools import filters as traffic_filters
from tinylytics_tools import sanitize
from tinylytics_tools.client import CallContext
from tinylytics_tools.dimensions import Raw, merged, spellings
from tinylytics_tools.kudos.api import KudoReply, read
from tinylytics_tools.planner import MOST_REQUESTS
from tinylytics_tools.read_hits import read_lists
from tinylytics_tools.scope import Scope

MOST_MORE_PAGES = 2
"""Pages of viewed paths that are read after the first, of at most 730 days; with more, the rate is left out."""


@dataclass(frozen=True)
class Filters:
    """What kudos have to match; values are given as an answer showed them, or as they are. A path means both its
    spellings, with and without the closing slash, which are different rows (field notes 24)."""

    path: str | None
    uid: str | None
    search: Sequence[str]

    @property
    def is_all(self) -> bool:
        """Whether nothing is filtered out."""
        return not (self.path or self.uid or self.search)

    def queries(self, scope: Scope) -> list[dict[str, str]]:
        """Return the queries for the API; with its exact filters only where a value can stand for itself only."""
        uid = {"uid": self.uid} if self.uid and sanitize.is_plain(self.uid, "uid") else {}
        paths: list[dict[str, str]] = [{}]
        if self.path and all(sanitize.is_plain(path, "path") for path in spellings(self.path)):
            paths = [{"path": path} for path in spellings(self.path)]
        return [scope.query(piece) | uid | path for piece in scope.window.pieces() for path in paths]

    def keeps(self, row: KudoReply) -> bool:
        """Return whether a kudo matches."""
        is_named = self.uid is None or sanitize.matches(self.uid, row.uid, "uid")
        is_found = not self.search or any(_is_called(text, row) for text in self.search)
        return is_named and self._is_on(row.path) and is_found

    def is_page(self, path: Raw) -> bool:
        """Return whether a path is of a page that is meant; where none is named, each is."""
        return self._is_on(path) and (not self.search or any(_contains(text, path) for text in self.search))

    def unfound(self, rows: Sequence[KudoReply], viewed: Iterable[Raw]) -> list[str]:
        """Return the texts of a search that no uid and no path has, of those with kudos and those with views."""
        return [
            text
            for text in self.search
            if not any(_is_called(text, row) for row in rows) and not any(_contains(text, path) for path in viewed)
        ]

    def words(self) -> str:
        """Return the filters as an answer echoes them."""
        path = self.path and f"path {sanitize.path(self.path)} with and without closing slash"
        uid = self.uid and f"uid {sanitize.uid(self.uid)}"
        search = f"path or uid contains {' or '.join(map(sanitize.path, self.search))}" if self.search else None
        return "; ".join(part for part in (path, uid, search) if part) or "none"

    def _is_on(self, path: Raw) -> bool:
        if self.path is None:
            return True
        return any(sanitize.matches(name, cast("str | None", path), "path") for name in spellings(self.path))


def _is_called(text: str, row: KudoReply) -> bool:
    """Return whether the path or the uid of a kudo contains a text in any case."""
    uids = ((row.uid or "").casefold(), sanitize.uid(row.uid).casefold())
    return _contains(text, row.path) or any(text.casefold() in uid for uid in uids)


def _contains(part: str, path: Raw) -> bool:
    """Return whether a path, in one of its spellings, contains a text in any case."""
    names = spellings(path) if isinstance(path, str) else [sanitize.NONE]
    return any(part.casefold() in text.casefold() for name in names for text in (name, sanitize.path(name)))


@dataclass(frozen=True)
class Page:
    """One page; `views` is None where they were not read. `is_merged`: both spellings of its slash have kudos."""

    name: str
    kudos: int
    views: int | None
    is_merged: bool

    @property
    def rate(self) -> float | None:
        """Its kudos per hundred views."""
        return per_100(self.kudos, self.views)


@dataclass(frozen=True)
class Found:
    """The kudos of a scope that match, newest first, and the views of its days by path, None where not read. `counted`:
    how many the service counts before the filters that are applied here; all were read if `is_complete`."""

    scope: Scope
    filters: Filters
    rows: list[KudoReply]
    counted: int
    is_complete: bool
    views_by_path: Mapping[Raw, int] | None

    @property
    def kudos(self) -> int | None:
        """How many match; None where not all were read."""
        return len(self.rows) if self.is_complete else None

    @property
    def of_all(self) -> int | None:
        """How many these days have whatever is searched for; None where only a part was read."""
        return None if self.filters.path or self.filters.uid or not self.is_complete else self.counted

    @property
    def views(self) -> int | None:
        """Views of the pages that are meant; None where not known, or a uid is what some kudos were found by."""
        if self.views_by_path is None or not all(self.filters.is_page(row.path) for row in self.rows):
            return None
        return sum(hits for path, hits in self.views_by_path.items() if self.filters.is_page(path))

    @cached_property
    def pages(self) -> list[Page]:
        """Pages by kudos, most first; `/x` and `/x/` are one (field notes 24), by the name that has more."""
        viewed = {key: page.hits for key, page in merged("path", self.views_by_path or {}).items()}
        pages = merged("path", Counter[Raw](row.path for row in self.rows))
        return [
            Page(page.name, page.hits, None if self.views_by_path is None else viewed.get(key, 0), len(page.raw) > 1)
            for key, page in pages.items()
        ]


async def find_kudos(api: CallContext, scope: Scope, filters: Filters) -> Found:
    """Return the kudos of a scope that match, and the views of its days unless single kudos are asked for."""
    reading = await read(api, scope.site.id, filters.queries(scope))
    rows = [row for row in reading.rows if filters.keeps(row)]
    views = await _read_views(api, scope) if reading.complete and filters.uid is None else None
    return Found(scope, filters, rows, reading.total, reading.complete, views)


async def _read_views(api: CallContext, scope: Scope) -> dict[Raw, int] | None:
    """Return views by path in the scope's days; None where there are too many paths to read them all."""
    parts = traffic_filters.Filters().slices(scope, scope.window)
    room = min(MOST_MORE_PAGES * len(parts), max(0, MOST_REQUESTS - api.requests - len(parts)))
    (views,) = await read_lists(api, [("path", parts)], room)
    return views.hits if views.is_complete else None


def per_100(kudos: int | None, views: int | None) -> float | None:
    """Return kudos per hundred views, small rates with two significant digits; None without views."""
    if kudos is None or not views:
        return None
    rate = 100 * kudos / views
    return round(rate, 1) if rate >= 1 else float(f"{rate:.2g}")
