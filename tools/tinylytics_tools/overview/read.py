"""Reads what an overview tells of each site, in as many columns as the requests of one call can pay for."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from tinylytics_tools import hit_log, uptime
from tinylytics_tools.answer import Cell
from tinylytics_tools.api import Api
from tinylytics_tools.filters import Filters
from tinylytics_tools.kudos.log import KUDOS
from tinylytics_tools.periods import Comparison, Window
from tinylytics_tools.plan import MOST_REQUESTS
from tinylytics_tools.scope import Scope, first_day
from tinylytics_tools.traffic.compare import Compared, compared
from tinylytics_tools.traffic.visitors import read_visitors

EVERYTHING = Filters()


@dataclass
class Row:
    """What is known of one site; None where it was not asked for, or is not known."""

    scope: Scope
    hits: int | None = None
    today: int | None = None
    change: Compared = field(default_factory=Compared)
    visitors: int | None = None
    kudos: int | None = None
    status: str | None = None

    def cells(self, columns: Sequence[str]) -> list[Cell]:
        """The row under these columns."""
        values: dict[str, Cell] = {
            "id": self.scope.site.id,
            "site": self.scope.site.name,
            "hits": self.hits,
            "hits_today": self.today,
            "change": self.change.change,
            "change_percent": self.change.percent,
            "visitors": self.visitors,
            "kudos": self.kudos,
            "status": self.status,
        }
        return [values[name] for name in columns]


@dataclass(frozen=True)
class Reading:
    """The rows with the columns that were asked for; `left_out` are those that would take too many requests."""

    rows: list[Row]
    columns: list[str]
    left_out: list[str]


def affordable(costs: Sequence[tuple[str, int]], sites: int, room: int) -> list[str]:
    """Which columns fit: each costs its requests for every site, and an earlier one goes before a later one."""
    chosen: list[str] = []
    for name, cost in costs:
        if cost * sites <= room:
            room -= cost * sites
            chosen.append(name)
    return chosen


async def read(api: Api, scopes: Sequence[Scope], comparison: Comparison | None) -> Reading:
    """One row a site, in the order given; with too many sites even for their hits, the last ones have none."""
    window = scopes[0].window
    each = len(_parts(scopes[0]))
    room = MOST_REQUESTS - api.requests - each * len(scopes)
    pieces = len(window.pieces())
    costs = [("visitors", 1), ("kudos", pieces), ("status", 1)]
    if comparison is not None:
        costs.insert(0, ("change", len(comparison.earlier.pieces())))
    chosen = affordable(costs, len(scopes), max(0, room))
    told = scopes[: (MOST_REQUESTS - api.requests) // each]
    first = await uptime.status(api, told[0].site.id) if "status" in chosen else None
    # Without a subscription no site has a status, and one refusal says so for all.
    same = first.state if first and first.unknown and first.unknown.why == "no subscription" else None
    watched = [first.state if first and scope is told[0] else same for scope in told]
    rows = await api.gather(
        *(
            partial(_read_site, api, scope, comparison, chosen, state)
            for scope, state in zip(told, watched, strict=True)
        )
    )
    columns = ["id", "site", "hits"]
    columns += ["hits_today"] if scopes[0].today in window and window.days > 1 else []
    columns += [part for name in chosen for part in (("change", "change_percent") if name == "change" else (name,))]
    left_out = [name for name, _ in costs if name not in chosen]
    return Reading([*rows, *(Row(scope) for scope in scopes[len(told) :])], columns, left_out)


async def _read_site(
    api: Api, scope: Scope, comparison: Comparison | None, chosen: Sequence[str], watched: str | None
) -> Row:
    """`watched` is the status, where it is known already."""
    row = Row(scope)

    async def hits() -> None:
        parts = _parts(scope)
        before = EVERYTHING.slices(scope, comparison.earlier) if comparison and "change" in chosen else []
        counts = await hit_log.count_all(api, [*parts, *before])
        row.hits = sum(counts[part].hits for part in parts)
        running = Window(scope.today, scope.today)
        row.today = sum(counts[part].hits for part in parts if part.window == running)
        if before:
            then = sum(counts[part].hits for part in before)
            born = first_day(scope.site, scope.zone)
            row.change = compared(comparison, now=row.hits - row.today, before=then, born=born)

    async def visitors() -> None:
        if "visitors" in chosen:
            row.visitors = (await read_visitors(api, scope, EVERYTHING)).visitors

    async def kudos() -> None:
        if "kudos" in chosen:
            queries = [{**scope.query(piece), "page": 1, "per_page": 1} for piece in scope.window.pieces()]
            replies = await api.gather(*(partial(api.call, KUDOS, query, site_id=scope.site.id) for query in queries))
            row.kudos = sum(reply.pagination.total_count for reply in replies)

    async def status() -> None:
        if "status" in chosen:
            row.status = watched or (await uptime.status(api, scope.site.id)).state

    await api.gather(hits, visitors, kudos, status)
    return row


def _parts(scope: Scope) -> list[hit_log.Slice]:
    running = Window(scope.today, scope.today) if scope.today in scope.window else None
    return [*EVERYTHING.slices(scope, scope.window.finished(scope.today)), *EVERYTHING.slices(scope, running)]
