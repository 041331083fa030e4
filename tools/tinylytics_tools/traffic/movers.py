"""Tells what rose, fell, is new and is gone between two lists of the same dimension."""

from collections.abc import Iterable, Mapping, Sequence

from tinylytics_tools.answer import Cell, Table
from tinylytics_tools.dimensions import Named
from tinylytics_tools.tables import change


def movers(
    now: Mapping[str, Named], before: Mapping[str, Named], limit: int, *, later: str, has_percent: bool, is_ever: bool
) -> dict[str, Table]:
    """Compare two complete lists by key: four tables that have no name in common, each with its length.

    A name that is missing in one list has no hits there, and never merely few. `later` names the column of the hits in
    `now`. With `is_ever` the earlier days are all there are: then only what is new can be told, being of other lengths.
    """
    if is_ever:
        return {"new": _top(("name", later), _names_of(now, before), limit)}
    columns = ["name", later, "earlier_hits", "change", *(["change_percent"] if has_percent else [])]
    moved = {key: named.hits - before[key].hits for key, named in now.items() if key in before}
    rose = sorted((key for key in moved if moved[key] > 0), key=lambda key: (-moved[key], key))
    fell = sorted((key for key in moved if moved[key] < 0), key=lambda key: (moved[key], key))

    def rows(keys: Iterable[str]) -> list[list[Cell]]:
        found: list[list[Cell]] = []
        for key in keys:
            hits, earlier = now[key].hits, before[key].hits
            found.append([now[key].name, hits, earlier, *change(hits, earlier)[: 2 if has_percent else 1]])
        return found

    return {
        "rose": _top(columns, rows(rose), limit),
        "fell": _top(columns, rows(fell), limit),
        "new": _top(("name", later), _names_of(now, before), limit),
        "gone": _top(("name", "earlier_hits"), _names_of(before, now), limit),
    }


def _names_of(one: Mapping[str, Named], other: Mapping[str, Named]) -> list[list[Cell]]:
    return [[named.name, named.hits] for key, named in one.items() if key not in other]


def _top(columns: Sequence[str], rows: Sequence[Sequence[Cell]], limit: int) -> Table:
    """The first rows; a table without `next_offset`, since `offset` is the ranking's: `limit` shows more of these."""
    top = [list(row) for row in rows[:limit]]
    table = Table(columns=list(columns), rows=top, of=len(rows))
    return table.shortened_by(lambda: _top(columns, rows, len(top) - 1) if top else None)
