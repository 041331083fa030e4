"""Says beside the rows of an overview what they leave out, and why."""

from collections.abc import Sequence

from tinylytics_tools.condense import SMALL_NUMBERS, change, is_small
from tinylytics_tools.overview.read import FAILED, MOST_WATCHED, Reading, Row
from tinylytics_tools.periods import LONGEST_WINDOW, Comparison
from tinylytics_tools.scope import first_day
from tinylytics_tools.traffic.compare import Compared
from tinylytics_tools.traffic.visitors import HASHES
from tinylytics_tools.wording import counted

_MOST_NAMES = 3


def total_change(rows: Sequence[Row], comparison: Comparison | None) -> Compared:
    """The change of all sites that existed on all of the days compared: the others would pass for growth."""
    old = [row for row in rows if comparison and not _is_young(row, comparison)]
    known = [row.change for row in old if row.change.earlier is not None]
    if not known or len(known) < len(old) or any(row.hits is None for row in rows):
        return Compared()
    before = sum(one.earlier or 0 for one in known)
    now = before + sum(one.change or 0 for one in known)
    more, relative = change(now, before)
    is_marked = relative is not None and is_small(now, before)
    return Compared(known[0].days, before, more, relative, (SMALL_NUMBERS,) if is_marked else ())


def notes(reading: Reading, total: Compared, comparison: Comparison | None, columns: Sequence[str]) -> list[str]:
    """What is not known, and what the figures under `columns` mean."""
    said = _gaps(reading, columns)
    if reading.left_out:
        missing = [row for row in reading.rows if row.hits is None and "hits" not in row.gaps]
        waiting = [*([f"hits of {counted(len(missing), 'site')}"] if missing else []), *reading.left_out]
        said.append(f"not asked yet, for want of requests: {', '.join(name for name in waiting if name != 'hits')}")
    unshown = [part for part in _parts_of(reading.columns) if part not in columns]
    if unshown:
        said.append(f"left out to keep all sites in sight: {', '.join(unshown)}; limit and offset show them of fewer")
    if len(reading.rows) > MOST_WATCHED:
        said.append("status: of so many sites check_health tells it")
    down = [row for row in reading.rows if row.status == "down"]
    if down and "status" not in columns:
        said.append(f"down: {_names(down)}")
    young = [row for row in reading.rows if comparison and _is_young(row, comparison)]
    if young:
        said.append(f"younger than the days compared, so not in the total change: {_names(young)}")
    printed = reading.rows if "change_percent" in columns else []
    if total.notes or any(SMALL_NUMBERS in row.change.notes for row in printed):
        said.append(SMALL_NUMBERS)
    scope = reading.rows[0].scope
    if scope.asked.period == "all_time":
        said.append("hits and kudos of all time are the counters of Tinylytics, today included")
    if scope.window.days > LONGEST_WINDOW:
        said.append(f"visitors: unknown for more than {LONGEST_WINDOW} days, and not to be added up")
    if "visitors" in columns:
        said.append(f"{HASHES}, and do not add up")
    return said


def shown(reading: Reading) -> list[str]:
    """The columns of the table, the ones that are left out first at the end."""
    scope = reading.rows[0].scope
    marks_today = scope.today in scope.window and scope.window.days > 1 and scope.asked.period != "all_time"
    return ["id", "site", "hits", *(["hits_today"] if marks_today else []), *_parts_of(reading.columns)]


def _parts_of(columns: Sequence[str]) -> list[str]:
    optional = [name for name in ("change", "visitors", "kudos", "status") if name in columns]
    return [part for name in optional for part in (("change", "change_percent") if name == "change" else (name,))]


def _gaps(reading: Reading, columns: Sequence[str]) -> list[str]:
    """What failed, and under the columns shown also what cannot be known."""
    found: dict[tuple[str, str], list[Row]] = {}
    for row in reading.rows:
        for name, reason in row.gaps.items():
            if reason == FAILED or name in columns:
                found.setdefault((name, reason), []).append(row)
    return [f"{name} of {_names(rows)} unknown: {reason}" for (name, reason), rows in found.items()]


def _names(rows: Sequence[Row]) -> str:
    named = ", ".join(row.scope.site.name for row in rows[:_MOST_NAMES])
    more = len(rows) - _MOST_NAMES
    return f"{named} and {counted(more, 'more site')}" if more > 0 else named


def _is_young(row: Row, comparison: Comparison) -> bool:
    return first_day(row.scope.site, row.scope.zone) > comparison.earlier.first
