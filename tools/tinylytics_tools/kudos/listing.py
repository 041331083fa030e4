"""Lists kudos: how many, on which pages, and the newest or oldest, of a site or of all: `GET /sites/:id/kudos`."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field

from tinylytics_tools import all_sites, sanitize
from tinylytics_tools import arguments as arg
from tinylytics_tools.answer import Cell, Table
from tinylytics_tools.arguments import ALL
from tinylytics_tools.client import CallContext, CurrentApi
from tinylytics_tools.errors import InvalidArgument, KeyNotAccepted, TinylyticsError, TooManyRequests
from tinylytics_tools.hits import api as hits_api
from tinylytics_tools.kudos.api import KUDOS, MOST_PAGES, PER_PAGE, AnyUid, KudoReply
from tinylytics_tools.kudos.pages import MOST_MORE_PAGES, Filters, Found, Page, find_kudos, per_100
from tinylytics_tools.me import Unknown
from tinylytics_tools.periods import resolve
from tinylytics_tools.planner import MOST_REQUESTS
from tinylytics_tools.scope import Scope, WindowAnswer, first_day, resolve_scope
from tinylytics_tools.site_lookup import SITES, SiteReply, list_all
from tinylytics_tools.tables import SMALL, counted, is_small, listing, percent, ranking
from tinylytics_tools.tool import tool

DEFAULT_ROWS = 10
MOST_IN_HEADLINE = 3
MOST_NAMED = 8
"""Sites in a note."""
Sort = Annotated[
    Literal["newest", "oldest", "most", "rate"] | None,
    Field(description="Kudos newest or oldest first; or pages by most kudos or by kudos per 100 views."),
]


class Kudos(WindowAnswer):
    """Kudos of some days, of one site or with site=all of the sites from `offset` on, by id. `kudos` counts all that
    match. `views` are of the same pages, null where not read; a rate on `few_views` rests on fewer than 30 of them."""

    from_visitors = ("headline", "path", "uid", "filters")
    may_not_apply = ("kudos_of_all", "percent_of_all", "newest", "oldest", "sites_asked", "sites")

    site_id: int | None = None  # pyright: ignore[reportIncompatibleVariableOverride] - none of all sites
    kudos: int | None
    kudos_of_all: int | None = None
    percent_of_all: float | None = None
    lifetime_kudos: int | None
    views: int | None
    per_100_views: float | None
    sites_asked: int | None = None
    by_page: Table | None = None
    newest: Table | None = None
    oldest: Table | None = None
    sites: Table | None = None


class KudosOfAllSites(Kudos):
    """The same of several sites."""

    may_not_apply = ("site_id", "by_page", *Kudos.may_not_apply)
    side_tables = ("newest", "oldest")


@tool(SITES, KUDOS, hits_api.HITS, title="Kudos")
async def list_kudos(
    api: CurrentApi,
    site: arg.SiteOrAll = None,
    path: arg.Path = None,
    uid: AnyUid = None,
    search: arg.Search = None,
    period: arg.Period = None,
    start_date: arg.StartDate = None,
    end_date: arg.EndDate = None,
    time_zone: arg.TimeZone = None,
    sort: Sort = None,
    least_views: arg.LeastViews = None,
    limit: arg.Limit = None,
    offset: arg.Offset = None,
) -> Kudos:
    """List kudos, the likes of pages: how many, which pages have most, likes per hundred views, and the newest.
    With `path` or `uid` the default period is all_time; end_date alone means until then.
    """
    by_kudo = sort not in ("most", "rate")
    if least_views is not None and sort != "rate":
        raise InvalidArgument("least_views goes with sort rate, which ranks pages by kudos per hundred views.")
    if uid is not None and not by_kudo:
        raise InvalidArgument("sort most and rate rank pages, and a uid names a single kudo: leave one of them out.")
    filters = Filters(path, uid, search or ())
    days = _Days(filters, period, start_date, end_date, time_zone)
    if site == ALL:
        return await _of_all_sites(api, days, sort, limit, offset or 0)
    scope = await days.of(api, site)
    found = await find_kudos(api, scope, filters)
    _refuse_several(filters, [found])
    kudos, most, start = found.kudos, limit or DEFAULT_ROWS, offset or 0
    pages, on_order = _ordered(found, sort, SMALL if least_views is None else least_views)
    by_page = None
    if uid is None and kudos is not None:
        ranked = [[page.name, page.kudos, page.views, page.rate, _is_few(page.views)] for page in pages]
        columns = ["path", "kudos", "percent", "views", "per_100_views", "few_views"]
        by_page = ranking(columns, ranked, total=kudos, limit=most, offset=0 if by_kudo else start)
        by_page = by_page.without_offset() if by_kudo else by_page
    goes_on = ["by_page goes on, by offset, with sort most"] if by_kudo and len(pages) > most else []
    return Kudos(
        headline=_headline(found, pages, sort),
        complete=found.is_complete,
        notes=[*on_order, *_notes(found), *days.notes(found.rows), *goes_on],
        next_step=_next_step(found),
        **scope.fields(),
        filters=filters.words(),
        kudos=kudos,
        kudos_of_all=found.of_all if search else None,
        percent_of_all=percent(kudos, found.of_all) if search else None,
        lifetime_kudos=scope.site.lifetime_kudos,
        views=found.views,
        per_100_views=per_100(kudos, found.views),
        by_page=by_page,
        **_single(sort, [(scope.site, row) for row in found.rows] if found.is_complete else None, most, start),
    )


def _refuse_several(filters: Filters, each: Sequence[Found]) -> None:
    """Raise `InvalidArgument` for a path or uid with commas that nothing is called by: it may stand for several."""
    if "," in f"{filters.path}{filters.uid}" and not any(found.rows or found.views for found in each):
        raise InvalidArgument(
            "path and uid take one, and none is called by this text with its commas. Name several pages in search, "
            "apart by commas."
        )


class _Days:
    """Which days a question is about, for one site after the other."""

    def __init__(
        self, filters: Filters, period: str | None, start: date | None, end: date | None, zone: str | None
    ) -> None:
        self.filters = filters
        self._end = end
        self._is_until = end is not None and start is None and period is None
        is_ever = bool(filters.path or filters.uid) and period is None and start is None and end is None
        self._implied = ["start_date: the first day of the site"] if self._is_until else ["period all_time"] * is_ever
        self._asked = ("all_time", None, None, zone) if self._implied else (period, start, end, zone)

    async def of(self, api: CallContext, site: SiteReply | str | None) -> Scope:
        """Return the scope of a site; an end alone begins at its first day, before which it can have no kudo."""
        scope = await resolve_scope(api, site, *self._asked)
        requested = scope.requested
        if self._end is not None and self._is_until:
            first = min(scope.window.first, self._end)
            requested = resolve(None, first, self._end, today=scope.today, earliest=first)
        return replace(scope, requested=requested, defaults=(*scope.defaults, *self._implied))

    def pieces(self, api: CallContext, sites: Sequence[SiteReply]) -> int:
        """Return in how many windows the days of the oldest site are asked for."""
        period, start, end, _ = self._asked
        today, earliest = api.now().date(), min(first_day(site, "user") for site in sites)
        start = None if start is None else min(start, today)
        return len(resolve(period, start, end, today=max(today, end or today), earliest=earliest).window.pieces())

    def notes(self, rows: Sequence[KudoReply]) -> list[str]:
        """Return what an end alone means."""
        if not self._is_until:
            return []
        first = f"; the first of these is of {sanitize.time(rows[-1].created_at)}" if rows else ""
        return [f"end_date alone means until that day, from the first kudo on{first}"]


def _single(
    sort: Sort, rows: Sequence[tuple[SiteReply, KudoReply]] | None, limit: int, offset: int, *, by_site: bool = False
) -> dict[str, Any]:
    """Return the table of single kudos by its name, the newest or the oldest first; none where not all were read, or
    pages are asked for."""
    if rows is None or sort in ("most", "rate"):
        return {}
    ordered = sorted(rows, key=lambda one: (one[1].created_at, one[1].id or 0), reverse=sort != "oldest")
    shown = [
        [sanitize.time(row.created_at), *[site.name] * by_site, sanitize.path(row.path), sanitize.uid(row.uid)]
        for site, row in ordered
    ]
    columns = ["time", *["site"] * by_site, "path", "uid"]
    table = listing(columns, shown, limit=limit, offset=offset)
    return {"oldest" if sort == "oldest" else "newest": table.without_offset() if by_site else table}


def _ordered(found: Found, sort: Sort, least_views: int) -> tuple[list[Page], list[str]]:
    """Return the pages in their order, with notes on what the order leaves out."""
    if sort != "rate":
        return found.pages, []
    if found.views_by_path is None:
        raise InvalidArgument("Pages cannot be sorted by rate: their views are not known here. Give a shorter period.")
    ranked = [page for page in found.pages if page.views and page.views >= least_views]
    ranked.sort(key=lambda page: (-page.kudos / (page.views or 1), -page.kudos, page.name))
    left_out = len(found.pages) - len(ranked)
    few = f"{counted(left_out, 'page')} with kudos and fewer than {max(1, least_views)} views not ranked"
    notes = [few + (", but in other" if ranked else "")] if left_out else []
    return ranked, notes


def _tied(pages: Sequence[Page], sort: Sort) -> str:
    """Return in words that several share the first place; nothing where one is alone there."""
    values = [
        f"{one.rate:g} kudos per hundred views" if sort == "rate" else counted(one.kudos, "kudo") for one in pages
    ]
    first = values.count(values[0]) if values else 0
    return f"; {first} pages have {values[0]} each, the most" if first > 1 else ""


def _headline(found: Found, pages: Sequence[Page], sort: Sort) -> str:
    scope, filters, kudos, views = found.scope, found.filters, found.kudos, found.views
    which = "" if filters.is_all else f" matching {filters.words()}"
    if kudos is None:
        return f"Not all kudos{which} of {scope.site.quoted} {scope.days} could be read."
    seen = "" if views is None else counted(views, "view")
    if not kudos:
        return f"{f'{seen}, no' if seen else 'No'} kudos{which} on {scope.site.quoted} {scope.days}."
    total = counted(kudos, "kudo")
    if filters.search and found.of_all is not None:
        total = f"{kudos} of {counted(found.of_all, 'kudo')}, {percent(kudos, found.of_all):g} %,"
    text = f"{scope.site.quoted} has {total}{which} {scope.days}"
    if seen and not filters.is_all:
        text += f", on {seen}"
    if tied := _tied(pages, sort):
        text += tied
    elif len(pages) > 1:
        best, is_rate = pages[0], sort == "rate" and pages[0].rate is not None
        rate, on = (
            (f"{best.rate:g} per hundred views, ", f" on {counted(best.views or 0, 'view')}") if is_rate else ("", "")
        )
        text += f"; most on {best.name}, {rate}{best.kudos}{on}"
    return f"{text}."


def _notes(found: Found) -> list[str]:
    notes: list[str] = []
    scope, filters, kudos, views = found.scope, found.filters, found.kudos, found.views
    lifetime = scope.site.lifetime_kudos
    if kudos is None:
        notes.append(
            f"the service counts {found.counted} before the filters that are applied here; they were not all read"
        )
    elif scope.requested.period == "all_time" and filters.is_all and lifetime not in (None, kudos):
        notes.append(
            f"the lifetime counter of the site says {lifetime}, the lists say {kudos}: one of them is behind, or "
            "kudos are older than the site"
        )
    notes += _unfound([found])
    if found.is_complete and filters.uid is None and found.views_by_path is None:
        notes.append("views are unknown here: this site has too many paths to read them all")
    elif found.views_by_path is not None and views is None:
        notes.append("views: not told, since some of these kudos are found by their uid and not by their page")
    if found.pages and is_small(kudos if found.of_all is None else found.of_all):
        notes.append(f"shares and rates rest on fewer than {SMALL} kudos: small numbers")
    if kudos and _is_few(views):
        notes.append(f"the rate rests on fewer than {SMALL} views: a small number")
    if any(page.is_merged for page in found.pages):
        notes.append("pages with and without a closing slash are counted together")
    return [*notes, *_running(scope)]


def _unfound(each: Sequence[Found]) -> list[str]:
    """Return the notes on names of several that nothing has, on none of the sites."""
    left_out = [found.filters.unfound(found.rows, found.views_by_path or {}) for found in each if found.is_complete]
    several = each[0].filters.search if each and len(each[0].filters.search) > 1 else ()
    nowhere = [text for text in several if left_out and all(text in texts for texts in left_out)]
    return [f"no path or uid contains {sanitize.path(text)}" for text in nowhere]


def _running(scope: Scope) -> list[str]:
    return [f"{scope.today} is still running"] if scope.window.last == scope.today else []


def _is_few(views: int | None) -> bool:
    """Return whether a rate on so many views has to be marked; on none there is no rate."""
    return bool(views) and is_small(views)


def _next_step(found: Found) -> str | None:
    scope, filters, kudos = found.scope, found.filters, found.kudos
    if kudos is None:
        return "Ask for a shorter period, by start_date and end_date."
    if kudos == 0 and not (filters.is_all or filters.search):
        return "list_kudos with search finds kudos by a part of their path or uid."
    lifetime = scope.site.lifetime_kudos
    if scope.requested.period != "all_time" and (lifetime is None or lifetime > kudos):
        return f"list_kudos with period all_time covers all {lifetime or ''}".rstrip() + "."
    return None


async def _of_all_sites(api: CallContext, days: _Days, sort: Sort, limit: int | None, start: int) -> Kudos:
    """Return the same figures as of each site alone, and their sums where each is known."""
    if sort == "rate":
        raise InvalidArgument("sort rate ranks the pages of one site: name one, or leave sort out.")

    async def find(site: SiteReply) -> Found | Unknown:
        try:
            return await find_kudos(api, await days.of(api, site), days.filters)
        except (InvalidArgument, KeyNotAccepted, TooManyRequests):
            raise
        except TinylyticsError as error:
            return Unknown("failed", str(error).partition(". ")[0])

    sites = all_sites.ordered(await list_all(api), start)
    most = max(-(-(site.lifetime_kudos or 1) // PER_PAGE) for site in sites)
    cost = 1 + min(most, MOST_PAGES) + (2 + MOST_MORE_PAGES) * days.pieces(api, sites)
    asked = await all_sites.ask(api, sites, find, cost=min(cost, MOST_REQUESTS - 1), start=start, limit=limit)
    known = [found for _, found in asked.found if isinstance(found, Found)]
    _refuse_several(days.filters, known)
    unread = [site.quoted for site, found in asked.found if isinstance(found, Unknown) or not found.is_complete]
    waiting = [site.quoted for site in sites[start + len(asked.found) :][: asked.left_out]]
    is_whole = not unread and not waiting

    def total(values: Sequence[int | None]) -> int | None:
        return sum(value for value in values if value is not None) if is_whole and None not in values else None

    kudos, views = total([found.kudos for found in known]), total([found.views for found in known])
    notes = [*asked.notes, *_named("not asked yet", waiting), *_named("no sum, since these could not be read", unread)]
    rows = [(found.scope.site, row) for found in known for row in found.rows]
    notes += days.notes([row for _, row in sorted(rows, key=lambda one: one[1].created_at, reverse=True)])
    if len({found.scope.window for found in known}) > 1:
        notes.append("each site from its own first day on")
    unviewed = [found.scope.site.quoted for found in known if found.is_complete and found.views is None]
    notes += _named("views not known", unviewed if days.filters.uid is None else [])
    notes += _unfound(known) if is_whole else []
    scope = known[0].scope if known else await days.of(api, sites[start])
    notes += _running(scope)
    fields = scope.fields() | {"site_id": None, "site": ALL}
    if known:
        first = min(found.scope.window.first for found in known)
        fields |= {"first_day": first, "days": (scope.window.last - first).days + 1}
    return KudosOfAllSites(
        headline=_headline_of_all(asked.which, known, kudos, days.filters),
        complete=is_whole,
        notes=notes,
        next_step="list_kudos of one site shows its pages." if rows else None,
        **fields,
        filters=days.filters.words(),
        kudos=kudos,
        lifetime_kudos=total([site.lifetime_kudos for site, _ in asked.found]),
        views=views,
        per_100_views=per_100(kudos, views),
        sites_asked=len(asked.found),
        sites=_sites(asked.found, start, asked.of),
        **_single(sort, rows if is_whole else None, DEFAULT_ROWS, 0, by_site=True),
    )


def _named(what: str, names: Sequence[str]) -> list[str]:
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return [f"{what}: {', '.join(names[:MOST_NAMED])}{more}"] if names else []


def _headline_of_all(which: str, known: Sequence[Found], kudos: int | None, filters: Filters) -> str:
    matching = "" if filters.is_all else f" matching {filters.words()}"
    liked = sorted((found for found in known if found.kudos), key=lambda found: -(found.kudos or 0))
    named = ", ".join(f"{found.scope.site.quoted} {found.kudos}" for found in liked[:MOST_IN_HEADLINE])
    others = len(liked) - MOST_IN_HEADLINE
    more = f" and {counted(others, 'more site')}" if others > 0 else ""
    total = counted("An unknown number of" if kudos is None else kudos or "No", "kudo")
    return f"{total}{matching} on {which}{named and f': {named}{more}'}."


def _sites(found: Sequence[tuple[SiteReply, Found | Unknown]], start: int, of: int) -> Table:
    columns = ["id", "site", "kudos", "lifetime_kudos", "views", "per_100_views", "few_views", "not_known"]
    rows: list[list[Cell]] = []
    for site, one in found:
        kudos, views, why = None, None, "not all kudos could be read"
        if isinstance(one, Unknown):
            why = one.reason
        elif one.is_complete:
            kudos, views, why = one.kudos, one.views, "nothing"
        few = None if kudos is None else _is_few(views)
        rows.append([site.id, site.name, kudos, site.lifetime_kudos, views, per_100(kudos, views), few, why])
    return all_sites.table(columns, rows, start=start, of=of)


TOOLS = [list_kudos]
