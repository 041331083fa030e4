"""Shows the lists of a window as rankings, as far as they were read."""

from collections.abc import Sequence

from tinylytics_tools.answer import Cell, Table
from tinylytics_tools.dimensions import PLURAL, Dimension, merged, shown
from tinylytics_tools.tables import ranking
from tinylytics_tools.traffic.read import Values
from tinylytics_tools.traffic.window import Picture


def ranked(dimension: Dimension, picture: Picture, limit: int) -> tuple[Table | None, str | None]:
    """A ranking with shares of all hits, and a note where the list is not read to its end.

    The top of an unfinished list holds only where all that is not read is less than its last row; then its rows stand
    as they were read, since a twin or another address of a host could be among the rest.
    """
    values = picture.by.get(dimension)
    if values is None:
        return None, f"{PLURAL[dimension]}: {picture.unread}"
    columns = ["host" if dimension == "referrer" else dimension, "hits", "percent"]
    if values.is_complete:
        rows: list[list[Cell]] = [[found.name, found.hits] for found in merged(dimension, values.hits).values()]
        return ranking(columns, rows, total=max(picture.total, values.total), limit=limit), None
    return unfinished(dimension, values, columns, total=picture.total, limit=limit)


def unfinished(
    dimension: Dimension, values: Values, columns: Sequence[str], *, total: int, limit: int
) -> tuple[Table | None, str]:
    """The top of a list that is not read to its end, or None where it cannot be known; with a note."""
    top = sorted(values.hits.items(), key=lambda item: (-item[1], str(item[0])))[:limit]
    name = PLURAL[dimension]
    if dimension != "referrer" and len(top) == limit and top[-1][1] > total - values.total:
        rows = [[shown(dimension, raw), hits] for raw, hits in top]
        note = f"{name}: the largest of {values.of}, spellings not merged, since the list is too long for one call"
        return ranking(columns, rows, total=total, limit=limit, of=values.of), note
    return (
        None,
        f"{name}: unknown, the list of {values.of} is too long for this call; ask rank_traffic",
    )
