"""Turns many rows into few without losing a count: lists, rankings with an `other` row, shares and changes."""

from collections.abc import Iterable, Sequence
from functools import partial

from tinylytics_tools.answer import Cell, Table

SMALL = 30
"""Per cents on fewer hits than these are marked (ANSWERS 3)."""
SMALL_NUMBERS = f"per cents rest on fewer than {SMALL} hits: small numbers"


def percent(part: float | None, whole: float | None) -> float | None:
    """Return a share in per cent with one decimal, and no sign on zero; None of nothing."""
    return None if part is None or not whole else round(100 * part / whole, 1) + 0.0


def total(counts: Iterable[int | None]) -> int | None:
    """Return the sum; None where one count is not known."""
    known = list(counts)
    return None if None in known else sum(count or 0 for count in known)


def change(now: int | None, before: int | None) -> tuple[int | None, float | None]:
    """Return absolute and relative change; no per cent from zero, and none of what is not known."""
    if now is None or before is None:
        return None, None
    return now - before, percent(now - before, before)


def is_small(*counts: int | None) -> bool:
    """Return whether a per cent of these counts has to be marked."""
    return any(count is not None and count < SMALL for count in counts)


def listing(
    columns: Sequence[str], rows: Sequence[Sequence[Cell]], *, limit: int, offset: int = 0, of: int | None = None
) -> Table:
    """Return `limit` rows of a list from `offset` on.

    `rows` holds the whole list; or, where `of` tells its length, just the part that begins at `offset`.
    """
    total = len(rows) if of is None else of
    part = rows[offset:] if of is None else rows
    shown = [list(row) for row in part[:limit]]
    follows = offset + len(shown)
    table = Table(columns=list(columns), rows=shown, of=total, next_offset=follows if 0 < follows < total else None)
    shorter = partial(listing, columns, rows, limit=len(shown) - 1, offset=offset, of=of)
    return table.shortened_by(lambda: shorter() if shown else None)


def ranking(
    columns: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    *,
    total: int | None,
    limit: int,
    offset: int = 0,
    of: int | None = None,
    apart: int = 0,
) -> Table:
    """Return a ranking with shares of `total` and an `other` row, so that the counts shown add up to it, less what is
    told `apart`; with neither where the total is not known, and without that row where no other is shown.

    `rows` holds `(name, count, more…)` in their order; the table has `(name, count, percent, more…)`, and
    `columns` names these. What the `other` row cannot add up is null there. `of` as in `listing`.
    """
    shares = [[row[0], row[1], percent(_count(row), total), *row[2:]] for row in rows]
    table = listing(columns, shares, limit=limit, offset=offset, of=of)
    shown = sum(_count(row) for row in table.rows)
    if total is not None and table.rows and shown != total - apart:
        rest = total - apart - shown
        table.closed_by([rest, percent(rest, total), *[None] * (len(columns) - 3)])
    shorter = partial(ranking, columns, rows, total=total, limit=table.listed - 1, offset=offset, of=of, apart=apart)
    return table.shortened_by(lambda: shorter() if table.listed else None)


def _count(row: Sequence[Cell]) -> int:
    count = row[1]
    if not isinstance(count, int):
        raise TypeError("the second cell of a ranking's row is its count")
    return count


def counted(count: int | str, thing: str) -> str:
    """Return `1 page` or `2 pages`; the plural is formed with s."""
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def plain(number: float) -> int | float:
    """Return a number with two decimals at most, and none where they are zero."""
    rounded = round(number, 2)
    return int(rounded) if rounded == int(rounded) else rounded
