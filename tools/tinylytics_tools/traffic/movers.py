"""Finds what moved between two complete lists: who rose and fell most, what is new and what is gone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tinylytics_tools.answer import Cell, Table
from tinylytics_tools.dimensions import Named
from tinylytics_tools.tables import change


@dataclass(frozen=True)
class Movers:
    """Four lists that have no name in common; each is told with its length."""

    rose: Table
    fell: Table
    new: Table
    gone: Table


def movers(now: Mapping[str, Named], before: Mapping[str, Named], limit: int, *, later: str) -> Movers:
    """Compare two complete lists by key; a name that is missing in one has no hits there, and never merely few.

    `later` names the column of the hits in `now`.
    """
    columns = ("name", later, "earlier_hits", "change", "change_percent")
    moved = [(key, named.hits - before[key].hits) for key, named in now.items() if key in before]
    rose = sorted((pair for pair in moved if pair[1] > 0), key=lambda pair: (-pair[1], pair[0]))
    fell = sorted((pair for pair in moved if pair[1] < 0), key=lambda pair: (pair[1], pair[0]))

    def row(key: str) -> list[Cell]:
        hits, earlier = now[key].hits, before[key].hits
        return [now[key].name, hits, earlier, *change(hits, earlier)]

    new: list[list[Cell]] = [[named.name, named.hits] for key, named in now.items() if key not in before]
    gone: list[list[Cell]] = [[named.name, named.hits] for key, named in before.items() if key not in now]
    return Movers(
        _top(columns, [row(key) for key, _ in rose], limit),
        _top(columns, [row(key) for key, _ in fell], limit),
        _top(("name", later), new, limit),
        _top(("name", "earlier_hits"), gone, limit),
    )


def _top(columns: Sequence[str], rows: Sequence[Sequence[Cell]], limit: int) -> Table:
    """The first rows; a table without `next_offset`, since `offset` is the ranking's: `limit` shows more of these."""
    shown = [list(row) for row in rows[:limit]]
    table = Table(columns=list(columns), rows=shown, of=len(rows))
    return table.shortened_by(lambda: _top(columns, rows, len(shown) - 1) if shown else None)
