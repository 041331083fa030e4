"""Lists kudos: how many, on which pages, and the newest: `GET /sites/:id/kudos`."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from tinylytics_tools import filters as traffic_filters
from tinylytics_tools import sanitize
from tinylytics_tools.answer import Table
from tinylytics_tools.arguments import EndDate, Limit, Offset, Path, Period, Search, Site, StartDate, TimeZone
from tinylytics_tools.client import CallContext, CurrentApi
from tinylytics_tools.dimensions import Raw, merged, spellings
from tinylytics_tools.hits import api as hits_api
from tinylytics_tools.kudos.api import KUDOS, AnyUid, KudoReply, read
from tinylytics_tools.read_hits import read_lists
from tinylytics_tools.scope import Scope, WindowAnswer, resolve_scope
from tinylytics_tools.site_lookup import SITES
from tinylytics_tools.tables import SMALL, counted, is_small, listing, ranking
from tinylytics_tools.tool import tool

DEFAULT_ROWS = 10
MOST_MORE_PAGES = 2
"""Pages of viewed paths that are read after the first, of at most 730 days; with more, the rate is left out."""


@dataclass(frozen=True)
class Filters:
    """What kudos have to match; values are given as an answer showed them, or as they are. A path means both its
    spellings, with and without the closing slash, which are different rows (field notes 24)."""

    path: str | None
    uid: str | None
    search: str | None

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
        texts = (row.path, row.uid, sanitize.path(row.path), sanitize.uid(row.uid))
        part = (self.search or "").casefold()
        return is_named and self.is_on(row.path) and any(part in (text or "").casefold() for text in texts)

    def is_on(self, path: Raw) -> bool:
        """Return whether a path is of the page that is named; where none is named, each is."""
        if self.path is None:
            return True
        return any(sanitize.matches(name, cast("str | None", path), "path") for name in spellings(self.path))

    def words(self) -> str:
        """Return the filters as an answer echoes them."""
        path = self.path and f"path {sanitize.path(self.path)} with and without closing slash"
        uid = self.uid and f"uid {sanitize.uid(self.uid)}"
        search = self.search and f"path or uid contains {sanitize.path(self.search)}"
        return "; ".join(part for part in (path, uid, search) if part) or "none"


@dataclass(frozen=True)
class Page:
    """One page; `views` is None where they were not read. `is_merged`: both spellings of its slash have kudos."""

    name: str
    kudos: int
    views: int | None
    is_merged: bool


class Kudos(WindowAnswer):
    """Kudos of some days. `kudos` counts all that match. `views` are of the same pages, null where not read."""

    from_visitors = ("path", "uid")

    kudos: int | None
    lifetime_kudos: int | None
    views: int | None
    per_100_views: float | None
    by_page: Table | None
    newest: Table | None


@tool(SITES, KUDOS, hits_api.HITS, title="Kudos")
async def list_kudos(
    api: CurrentApi,
    site: Site = None,
    path: Path = None,
    uid: AnyUid = None,
    search: Search = None,
    period: Period = None,
    start_date: StartDate = None,
    end_date: EndDate = None,
    time_zone: TimeZone = None,
    limit: Limit = None,
    offset: Offset = None,
) -> Kudos:
    """List kudos, the likes of pages: how many, which pages have most, likes per hundred views, and the newest.
    With `path` or `uid` the default period is all_time.
    """
    filters = Filters(path, uid, search)
    is_ever = bool(path or uid) and not (period or start_date or end_date)
    scope = await resolve_scope(api, site, "all_time" if is_ever else period, start_date, end_date, time_zone)
    reading = await read(api, scope.site.id, filters.queries(scope))
    rows = [row for row in reading.rows if filters.keeps(row)]
    views = await read_views(api, scope) if rows and uid is None else None
    pages = by_page(rows, views)
    total = len(rows) if reading.complete else None
    seen = None if views is None or search else sum(hits for name, hits in views.items() if filters.is_on(name))
    columns = ["path", "kudos", "percent", "views", "per_100_views"]
    ranked = [[page.name, page.kudos, page.views, per_100(page.kudos, page.views)] for page in pages]
    newest = [[sanitize.time(row.created_at), sanitize.path(row.path), sanitize.uid(row.uid)] for row in rows]
    most, start = limit or DEFAULT_ROWS, offset or 0
    fields = scope.fields()
    if is_ever:
        fields["defaults"] = [*scope.defaults, "period all_time"]
    return Kudos(
        headline=_headline(scope, total, pages, filters),
        complete=reading.complete,
        notes=_notes(scope, total, reading.total, pages, filters),
        next_step=_next_step(scope, total, filters),
        **fields,
        filters=filters.words(),
        kudos=total,
        lifetime_kudos=scope.site.lifetime_kudos,
        views=seen,
        per_100_views=per_100(total, seen),
        by_page=ranking(columns, ranked, total=total, limit=most, offset=start)
        if uid is None and total is not None
        else None,
        newest=None if total is None else listing(["time", "path", "uid"], newest, limit=most, offset=start),
    )


def _headline(scope: Scope, total: int | None, pages: list[Page], filters: Filters) -> str:
    days = f"{scope.window.first} to {scope.window.last}"
    which = "" if filters.is_all else f" matching {filters.words()}"
    if total is None:
        return f"Not all kudos{which} of {scope.site.name} from {days} could be read."
    best = f"; most on {pages[0].name}, {pages[0].kudos}" if len(pages) > 1 else ""
    return f"{scope.site.name} has {counted(total, 'kudo')}{which} from {days}{best}."


def _notes(scope: Scope, total: int | None, found: int, pages: list[Page], filters: Filters) -> list[str]:
    notes: list[str] = []
    lifetime = scope.site.lifetime_kudos
    if total is None:
        notes.append(f"the service counts {found} before the filters that are applied here; they were not all read")
    elif scope.requested.period == "all_time" and filters.is_all and lifetime not in (None, total):
        notes.append(
            f"the lifetime counter of the site says {lifetime}, the lists say {total}: one of them is behind, or "
            "kudos are older than the site"
        )
    if pages and pages[0].views is None and filters.uid is None:
        notes.append("views are unknown here: this site has too many paths to read them all")
    if pages and is_small(total):
        notes.append(f"shares and rates rest on fewer than {SMALL} kudos: small numbers")
    if any(page.is_merged for page in pages):
        notes.append("pages with and without a closing slash are counted together")
    if scope.window.last == scope.today:
        notes.append(f"{scope.today} is still running")
    return notes


def _next_step(scope: Scope, total: int | None, filters: Filters) -> str | None:
    if total is None:
        return "Ask for a shorter period, by start_date and end_date."
    if total == 0 and not filters.is_all:
        return "list_kudos with search finds kudos by a part of their path or uid."
    lifetime = scope.site.lifetime_kudos
    if scope.requested.period != "all_time" and (lifetime is None or lifetime > total):
        return f"list_kudos with period all_time covers all {lifetime or ''}".rstrip() + "."
    return None


def by_page(rows: Sequence[KudoReply], views: Mapping[Raw, int] | None) -> list[Page]:
    """Return pages by kudos, most first; `/x` and `/x/` are one (field notes 24), by the name that has more."""
    viewed = {key: page.hits for key, page in merged("path", views or {}).items()}
    pages = merged("path", Counter[Raw](row.path for row in rows))
    return [
        Page(page.name, page.hits, None if views is None else viewed.get(key, 0), len(page.raw) > 1)
        for key, page in pages.items()
    ]


async def read_views(api: CallContext, scope: Scope) -> dict[Raw, int] | None:
    """Return views by path in the scope's days; None where there are too many paths to read them all."""
    parts = traffic_filters.Filters().slices(scope, scope.window)
    (views,) = await read_lists(api, [("path", parts)], MOST_MORE_PAGES * len(parts))
    return views.hits if views.is_complete else None


def per_100(kudos: int | None, views: int | None) -> float | None:
    """Return kudos per hundred views, small rates with two significant digits; None without views."""
    if kudos is None or not views:
        return None
    rate = 100 * kudos / views
    return round(rate, 1) if rate >= 1 else float(f"{rate:.2g}")


TOOLS = [list_kudos]
