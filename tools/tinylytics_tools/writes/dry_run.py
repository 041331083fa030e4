"""Tables of what would be sent, and of what was not stored, cut where an answer would be too long."""

from collections.abc import Mapping, Sequence

from tinylytics_tools import sanitize
from tinylytics_tools.answer import Cell, Table
from tinylytics_tools.tables import listing

MOST_ROWS = 50
SHOWN_ENCODED = "in would_send, long values are shortened, and brackets and quotes percent-encoded; they are sent whole"

_SHOWN = {"path": sanitize.path, "custom_uid": sanitize.uid, "source": sanitize.source}


def would_send(request: str, body: Mapping[str, str]) -> Table:
    """Return a request with its one object, a row a field."""
    return first_rows(["field", "value"], [["request", request], *([name, _shown(name, body[name])] for name in body)])


def would_send_rows(rows: Sequence[tuple[int, Mapping[str, str]]]) -> Table:
    """Return the rows of a batch under their indexes, a column a field."""
    names = list(dict.fromkeys(name for _, body in rows for name in body))
    cells: list[list[Cell]] = [
        [index, *(_shown(name, body[name]) if name in body else None for name in names)] for index, body in rows
    ]
    return first_rows(["index", *names], cells)


def first_rows(columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> Table:
    """Return the first rows of a list that has no offset."""
    return listing(columns, rows, limit=MOST_ROWS).without_offset()


def _shown(name: str, value: str) -> str:
    return _SHOWN.get(name, sanitize.url)(value)
