"""Reads what an overview tells of each site, in as many columns as the requests of one call can pay for."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from tinylytics_tools import uptime
from tinylytics_tools.answer import Cell
from tinylytics_tools.client import CallContext
from tinylytics_tools.errors import KeyNotAccepted, TinylyticsError, TooManyRequests
from tinylytics_tools.filters import Filters
from tinylytics_tools.kudos.api import KUDOS
from tinylytics_tools.periods import LONGEST_WINDOW, Comparison
from tinylytics_tools.planner import MOST_REQUESTS, batches
from tinylytics_tools.scope import Scope, first_day
from tinylytics_tools.traffic.compare import Compared, compared
from tinylytics_tools.traffic.reader import TrafficReader
from tinylytics_tools.traffic.spikes import Spikes, find_spikes
from tinylytics_tools.traffic.visitors import read_visitors
from tinylytics_tools.uptime import NO_DATE, ExpiryReply, Status

EVERYTHING = Filters()
AT_ONCE = 8
"""Sites asked at the same time where not all can be; then it is seen whether there is room for more requests."""
MOST_WATCHED = MOST_REQUESTS - 2
"""Sites whose status one call can ask besides /sites and the day: refusals of those not monitored are not stored, so
asking again would begin anew."""
FAILED = "Tinylytics did not answer"
NOT_COUNTED = "none were counted, unique tracking may be off"


@dataclass
class Row:
    """What is known of one site; None where it was not asked for, or is not known. `before`: hits of the earlier
    days of the comparison. `gaps`: why a column that was asked for is not known. `spikes`: the days that carry the
    finished ones, None where single days were not looked at. `pieces`: the days and hits of what was counted of them
    meanwhile. `ssl` is of the monitor that tells the status."""

    scope: Scope
    comparison: Comparison | None = None
    hits: int | None = None
    today: int | None = None
    before: int | None = None
    visitors: int | None = None
    kudos: int | None = None
    status: str | None = None
    gaps: dict[str, str] = field(default_factory=dict[str, str])
    error: TinylyticsError | None = None
    spikes: Spikes | None = None
    pieces: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    ssl: ExpiryReply = NO_DATE

    @property
    def change(self) -> Compared:
        """The finished days against the earlier ones, once both are counted."""
        if self.hits is None or self.before is None:
            return Compared()
        born = first_day(self.scope.site, self.scope.zone)
        return compared(self.comparison, later=self.hits - (self.today or 0), earlier=self.before, born=born)

    def cells(self, columns: Sequence[str]) -> list[Cell]:
        """The row under these columns."""
        change = self.change
        values: dict[str, Cell] = {
            "id": self.scope.site.id,
            "site": self.scope.site.name,
            "hits": self.hits,
            "hits_today": self.today,
            **change.fields(),
            "visitors": self.visitors,
            "kudos": self.kudos,
            "status": self.status,
        }
        return [values[name] for name in columns]


@dataclass(frozen=True)
class Reading:
    """The rows, the columns in which all of them were asked, and those in which there was no room for all."""

    rows: list[Row]
    columns: list[str]
    left_out: list[str]


@dataclass(frozen=True)
class Column:
    """What is asked of sites; `cost` is the most requests that one of them takes."""

    name: str
    cost: int
    rows: list[Row]
    ask: Callable[[CallContext, Sequence[Row]], Awaitable[None]]


def affordable(costs: Sequence[tuple[str, int]], room: int) -> list[str]:
    """Which columns fit into so many requests: an earlier one goes before a later one."""
    chosen: list[str] = []
    for name, cost in costs:
        if cost <= room:
            room -= cost
            chosen.append(name)
    return chosen


async def read(api: CallContext, scopes: Sequence[Scope], comparison: Comparison | None) -> Reading:
    """Return one row a site, in the order given; with too many sites even for their hits, the last ones have none.

    Stored answers cost nothing, so what they leave of the requests goes into further columns, and asking again reads
    on from where there was no room. Raises the error of the first site where no site's hits could be read.
    """
    rows = [Row(scope, comparison) for scope in scopes]
    waiting = _columns(rows, comparison)
    read: list[str] = []
    while waiting:
        costs = [(column.name, column.cost * len(column.rows)) for column in waiting]
        names = affordable(costs, MOST_REQUESTS - api.requests)
        # Nothing is told of a site before its hits are.
        chosen = [column for column in waiting if column.name in names and (read or waiting[0].name in names)]
        await api.gather(*(partial(column.ask, api, column.rows) for column in chosen))
        if not chosen:  # as many sites as there is room for
            asked = 0
            for part in batches(api, waiting[0].rows, cost=waiting[0].cost, at_once=AT_ONCE):
                await waiting[0].ask(api, part)
                asked += len(part)
            if asked < len(waiting[0].rows):
                break
            chosen = waiting[:1]
        read += [column.name for column in chosen]
        waiting = [column for column in waiting if column not in chosen]
    errors = [row.error for row in rows if row.error is not None]
    if len(errors) == len(rows):
        raise errors[0]
    await _look_at_days(api, rows)
    return Reading(rows, read, [column.name for column in waiting])


async def _look_at_days(api: CallContext, rows: Sequence[Row]) -> None:
    """Find the days that carry a site's window, of the first sites for which there is room once all else is read."""
    for row in rows:
        if row.hits is None or row.scope.requested.period == "all_time":
            continue
        try:
            reader = TrafficReader(api, row.scope, EVERYTHING)
            found = await find_spikes(reader, row.scope.finished)
        except TinylyticsError:
            return  # a failure here takes nothing from what was read
        row.spikes = found if found.is_read else None
        row.pieces = reader.counted_pieces(row.scope.since_born(row.scope.finished))


def _columns(rows: list[Row], comparison: Comparison | None) -> list[Column]:
    """What can be told of the sites. Of all time, the counters of `/sites` tell hits and kudos at no cost."""
    scope = rows[0].scope
    for row in rows if scope.requested.period == "all_time" else []:
        row.hits, row.kudos = row.scope.site.lifetime_hits, row.scope.site.lifetime_kudos
    uncounted = [row for row in rows if row.hits is None]
    unliked = [row for row in rows if row.kudos is None]
    columns = [Column("hits", len(EVERYTHING.parts(scope)), uncounted, _each("hits", _hits))]
    if comparison is not None:
        columns.append(Column("change", len(comparison.earlier.pieces()), rows, _each("change", _before)))
    if scope.window.days <= LONGEST_WINDOW:
        columns.append(Column("visitors", 1, rows, _each("visitors", _visitors)))
    columns.append(Column("kudos", len(scope.window.pieces()), unliked, _each("kudos", _kudos)))
    if len(rows) <= MOST_WATCHED:
        columns.append(Column("status", 1, rows, _statuses))
    return columns


def _each(
    name: str, ask: Callable[[CallContext, Row], Awaitable[None]]
) -> Callable[[CallContext, Sequence[Row]], Awaitable[None]]:
    """Ask of each site; one that fails leaves its own cell unknown, unless every other would fail as well."""

    async def one(api: CallContext, row: Row) -> None:
        try:
            await ask(api, row)
        except (KeyNotAccepted, TooManyRequests):
            raise
        except TinylyticsError as error:
            row.gaps[name] = FAILED
            row.error = error if name == "hits" else row.error

    async def every(api: CallContext, rows: Sequence[Row]) -> None:
        await api.gather(*(partial(one, api, row) for row in rows))

    return every


async def _hits(api: CallContext, row: Row) -> None:
    reader = TrafficReader(api, row.scope, EVERYTHING)
    await reader.count(row.scope.window)
    row.hits, row.today = reader.total, reader.today


async def _before(api: CallContext, row: Row) -> None:
    reader = TrafficReader(api, row.scope, EVERYTHING, row.comparison)
    await reader.count(reader.earlier)
    row.before = reader.hits(reader.earlier)


async def _visitors(api: CallContext, row: Row) -> None:
    visitors = await read_visitors(api, row.scope, EVERYTHING)
    row.visitors = visitors.visitors
    if visitors.visitors is None:
        row.gaps["visitors"] = NOT_COUNTED if visitors.is_read else FAILED


async def _kudos(api: CallContext, row: Row) -> None:
    queries = [{**row.scope.query(piece), "page": 1, "per_page": 1} for piece in row.scope.window.pieces()]
    site_id = row.scope.site.id
    replies = await api.gather(*(partial(api.call, KUDOS, query, site_id=site_id) for query in queries))
    row.kudos = sum(reply.pagination.total_count for reply in replies)


async def _statuses(api: CallContext, rows: Sequence[Row]) -> None:
    """Without a subscription no site has a status, and the refusal of the first says so for all."""

    async def one(row: Row) -> Status:
        status = await uptime.status(api, row.scope.site.id, most=1)
        row.status, row.ssl = status.state, status.ssl
        if status.unknown is not None and status.unknown.why != "off":
            row.gaps["status"] = FAILED if status.unknown.why == "failed" else status.unknown.reason
        return status

    first = await one(rows[0])
    if first.unknown is None or first.unknown.why != "no subscription":
        await api.gather(*(partial(one, row) for row in rows[1:]))
        return
    for row in rows[1:]:
        row.status, row.gaps["status"] = first.state, first.unknown.reason
