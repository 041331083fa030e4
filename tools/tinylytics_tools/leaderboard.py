"""The most read pages since a site was added: `GET /sites/:id/leaderboard`."""

from collections.abc import Iterable, Sequence

from tinylytics_tools import paging, sanitize
from tinylytics_tools.answer import Cell, Table
from tinylytics_tools.arguments import Limit, Offset, Search, Site
from tinylytics_tools.client import CallContext, CurrentApi
from tinylytics_tools.endpoint import Endpoint, until
from tinylytics_tools.paging import Listed
from tinylytics_tools.replies import Count, Paged, Reply, Time
from tinylytics_tools.scope import SiteAnswer
from tinylytics_tools.site_lookup import SITES, find_site
from tinylytics_tools.tables import counted, percent, ranking
from tinylytics_tools.tool import tool

DEFAULT_ROWS = 10
_COLUMNS = ["path", "hits", "percent", "unique_hits"]
PER_PAGE = 1_000
"""The most that the API gives (API document, section 3)."""
MOST_PAGES = 20


class PageReply(Reply):
    """One path; its hits are lifetime ones. `percentage` is not read: the service does not say of what it is one."""

    path: str | None = None
    total_hits: Count
    unique_hits: Count | None = None


class CacheReply(Reply):
    cached_at: Time | None = None
    expires_at: object = None


class LeaderboardReply(Paged):
    """`GET /sites/:id/leaderboard`."""

    leaderboard: list[PageReply]
    cache_info: CacheReply | None = None


LEADERBOARD = Endpoint(
    "GET",
    "/sites/{site_id}/leaderboard",
    LeaderboardReply,
    ttl=until(lambda reply: reply.cache_info and reply.cache_info.expires_at),
)


class Leaderboard(SiteAnswer):
    """All-time ranking of paths. `percent` is of `total_hits`, the site's hits ever, whatever the filter."""

    from_visitors = ("path",)

    filters: str
    total_hits: int | None
    matching_hits: int | None
    matching_percent: float | None
    paths_found: int
    counted_at: str
    counted_s_ago: int | None
    pages: Table


@tool(SITES, LEADERBOARD, title="All-time top pages")
async def get_leaderboard(
    api: CurrentApi, site: Site = None, path: Search = None, limit: Limit = None, offset: Offset = None
) -> Leaderboard:
    """Rank a site's pages by all hits ever; rank_traffic does it for a period. `path` keeps the paths that contain
    it, or one of several, in any case.
    """
    target = await find_site(api, site)
    names = path or []
    alone = names[0] if len(names) == 1 and sanitize.is_plain(names[0], "path") else None
    first, read = await _read(api, target.id, alone)
    complete = read.is_complete
    pages = _of_names(page for page in read.rows if not names or any(_contains(page.path, name) for name in names))
    ranked = sum(page.total_hits for page in pages)
    matching = ranked if complete else None
    everything = sum(page.total_hits for page in read.rows)
    total = _total(target.lifetime_hits, everything, is_whole=complete and alone is None)
    rows: list[list[Cell]] = [[sanitize.path(page.path), page.total_hits, page.unique_hits] for page in pages]
    empty = "Leave path out to see all pages." if path else "get_site shows whether the site has had any hits."
    notes = ["/x and /x/ are separate rows here, as the service has them; unique hits are not people and do not add up"]
    if not complete:
        notes.append(f"only {len(read.rows)} of {read.total} paths were read, so a page may be missing")
    elif not names and total != matching:
        notes.append("other: hits that the service has not ranked yet, for instance newer ones")
    if complete and len(names) > 1:
        unfound = [name for name in names if not any(_contains(page.path, name) for page in pages)]
        notes += [f"no path contains {sanitize.path(name)}" for name in unfound]
    cached = first.cache_info.cached_at if first.cache_info else None
    return Leaderboard(
        headline=_headline(target.quoted, pages, matching, total, names),
        complete=complete,
        notes=notes,
        next_step=empty if not pages else None if complete else "Narrow it down with path.",
        site_id=target.id,
        site=target.name,
        filters=f"path contains {_either(names)}" if names else "none",
        total_hits=total,
        matching_hits=matching,
        matching_percent=percent(matching, total),
        paths_found=len(pages),
        counted_at=sanitize.time(cached),
        counted_s_ago=None if cached is None else max(0, round((api.now() - cached).total_seconds())),
        pages=ranking(_COLUMNS, rows, total=total, limit=limit or DEFAULT_ROWS, offset=offset or 0),
    )


async def _read(api: CallContext, site_id: int, path: str | None) -> tuple[LeaderboardReply, Listed[PageReply]]:
    """Return the first page, and each path of all pages up to the cap, most hits first; each with its larger count."""

    async def read_page(number: int) -> LeaderboardReply:
        query = {"path": path, "page": number, "per_page": PER_PAGE}
        return await api.call(LEADERBOARD, query, site_id=site_id)

    first = await read_page(1)
    replies = await paging.pages(api, first, read_page, most=MOST_PAGES)
    return first, paging.listed(
        replies,
        lambda reply: reply.leaderboard,
        lambda row: (row.path,),
        order=_order,
    )


def _order(page: PageReply) -> tuple[int, str]:
    return -page.total_hits, page.path or ""


def _of_names(pages: Iterable[PageReply]) -> list[PageReply]:
    """Return pages in their order; those of one name, as `/x y` and `/x%20y`, as one, with unknown unique hits."""
    found: dict[str, PageReply] = {}
    for page in pages:
        name, hits = sanitize.path(page.path), page.total_hits
        found[name] = PageReply(path=name, total_hits=found[name].total_hits + hits) if name in found else page
    return sorted(found.values(), key=_order)


def _contains(raw: str | None, text: str) -> bool:
    """Return whether a path matches by the API's rule, a case-insensitive part (field notes 3), or as shown."""
    fold = text.casefold()
    is_part = fold in (raw or "").casefold() or fold in sanitize.path(raw).casefold()
    return is_part or sanitize.matches(text, raw, "path")


def _total(lifetime: int | None, ranked: int, *, is_whole: bool) -> int | None:
    """Return what shares are of: the site's counter, or the sum of a whole ranking that, counted later, has more."""
    if lifetime is not None and lifetime >= ranked:
        return lifetime
    return ranked if is_whole else None


def _either(names: Sequence[str]) -> str:
    return " or ".join(map(sanitize.path, names))


def _headline(name: str, pages: list[PageReply], matching: int | None, total: int | None, names: Sequence[str]) -> str:
    which = f" whose path contains {_either(names)}" if names else ""
    if not pages:
        return f"{name} has no pages with hits{which}."
    most = f"the most read page of {name}{which} has {pages[0].total_hits}"
    if matching is None:
        return f"Of the {len(pages)} pages that were read, {most} hits."
    of = f" of all {total}" if names and total is not None else ""
    have = "have" if len(pages) > 1 else "has"
    hits = f"{matching}{of} hits, {percent(matching, total) or 0:g} %," if of else counted(matching, "hit")
    return f"{counted(len(pages), 'page')} {have} {hits} ever; {most}."


TOOLS = [get_leaderboard]
