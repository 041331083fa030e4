"""Says beside the rows of an overview what they leave out, and why."""

from collections.abc import Sequence

from tinylytics_tools.overview.read import FAILED, MOST_WATCHED, Reading, Row
from tinylytics_tools.periods import LONGEST_WINDOW, Comparison
from tinylytics_tools.scope import first_day
from tinylytics_tools.tables import SMALL_NUMBERS, counted
from tinylytics_tools.traffic.compare import Compared, compared
from tinylytics_tools.traffic.spikes import not_looked_at
from tinylytics_tools.traffic.visitors import HASHES

_MOST_NAMES = 3
_MANY = 20
"""Of more sites than these the rows need the room: sites that days carry are counted, and not named."""


def total_change(rows: Sequence[Row], comparison: Comparison | None) -> Compared:
    """The change of all sites that existed on all of the days compared: the others would pass for growth."""
    if comparison is None or any(row.hits is None for row in rows):
        return Compared()
    changes = [row.change for row in rows if not _is_young(row, comparison)]
    known = [(one.later, one.earlier) for one in changes if one.later is not None and one.earlier is not None]
    if not known or len(known) < len(changes):
        return Compared()
    later, earlier = (sum(counts) for counts in zip(*known, strict=True))
    return compared(comparison, later=later, earlier=earlier, born=comparison.earlier.first)


def not_compared(rows: Sequence[Row], comparison: Comparison | None) -> list[str]:
    """What the hits of all sites count and their change does not."""
    scope = rows[0].scope
    texts = ["today"] if scope.today in scope.window else []
    if young := _young(rows, comparison):
        texts.append(f"{_names(young)}, which {'is' if len(young) == 1 else 'are'} younger than the days compared,")
    return texts


def down(rows: Sequence[Row]) -> str:
    """Return a sentence on the sites that are down, empty where none is known to be."""
    names = [row for row in rows if row.status == "down"]
    return f" {_names(names)} {'is' if len(names) == 1 else 'are'} down." if names else ""


def notes(reading: Reading, total: Compared, comparison: Comparison | None, columns: Sequence[str]) -> list[str]:
    """What is not known, and what the figures under `columns` mean."""
    texts = [*_spikes(reading.rows), *_gaps(reading, columns)]
    if reading.left_out:
        missing = [row for row in reading.rows if row.hits is None and "hits" not in row.gaps]
        waiting = [*([f"hits of {counted(len(missing), 'site')}"] if missing else []), *reading.left_out]
        texts.append(f"not asked yet, for want of requests: {', '.join(name for name in waiting if name != 'hits')}")
    unshown = [part for part in shown(reading, total) if part not in columns]
    if unshown:
        texts.append(f"left out to keep all sites in sight: {', '.join(unshown)}; limit and offset show them of fewer")
    if len(reading.rows) > MOST_WATCHED:
        texts.append("status: of so many sites check_health tells it")
    if young := _young(reading.rows, comparison):
        texts.append(f"younger than the days compared, so not in the total change: {_names(young)}")
    printed = reading.rows if "change_percent" in columns else []
    if total.notes or any(SMALL_NUMBERS in row.change.notes for row in printed):
        texts.append(SMALL_NUMBERS)
    scope = reading.rows[0].scope
    if scope.requested.period == "all_time":
        texts.append("hits and kudos of all time are the counters of Tinylytics, today included")
    if scope.window.days > LONGEST_WINDOW:
        texts.append(f"visitors: unknown for more than {LONGEST_WINDOW} days, and not to be added up")
    if "visitors" in columns:
        texts.append(f"{HASHES}, and do not add up")
    return texts


def shown(reading: Reading, total: Compared) -> list[str]:
    """The columns of the table, the ones that are left out first at the end: a change goes before its two figures.

    Rows have no per cent where the headline has none.
    """
    scope = reading.rows[0].scope
    marks_today = scope.today in scope.window and scope.window.days > 1 and scope.requested.period != "all_time"
    names = ["id", "site", "hits", *(["hits_today"] if marks_today else []), *_optional(reading)]
    return names if total.percent is not None else [name for name in names if name != "change_percent"]


def _optional(reading: Reading) -> list[str]:
    """The columns that were read besides the hits; without today `hits` are what is compared."""
    scope = reading.rows[0].scope
    later = ["compared_hits"] if scope.today in scope.window else []
    parts = {"change": [*later, "earlier_hits", "change", "change_percent"]}
    names = [name for name in ("change", "visitors", "kudos", "status") if name in reading.columns]
    return [part for name in names for part in parts.get(name, [name])]


def _gaps(reading: Reading, columns: Sequence[str]) -> list[str]:
    """What failed, and under the columns shown also what cannot be known."""
    gaps: dict[tuple[str, str], list[Row]] = {}
    for row in reading.rows:
        for name, reason in row.gaps.items():
            if reason == FAILED or name in columns:
                gaps.setdefault((name, reason), []).append(row)
    return [f"{name} of {_names(rows)} unknown: {reason}" for (name, reason), rows in gaps.items()]


def _spikes(rows: Sequence[Row]) -> list[str]:
    """The days that carry a site's hits, and the sites whose days were not looked at."""
    words = [text for row in rows if row.spikes and (text := row.spikes.words(row.scope.site.quoted))]
    unread = [row for row in rows if row.spikes is None]
    if len(rows) > _MANY:
        which = ", ".join([f"carry the hits of {len(words)}", *([f"not looked at of {len(unread)}"] if unread else [])])
        return [f"single days, by sites: {which}; summarize_traffic names them"] if words or unread else []
    more = [f"so it is with {counted(len(words) - _MOST_NAMES, 'more site')}"] if len(words) > _MOST_NAMES else []
    of = _names(unread) if 0 < len(unread) <= _MOST_NAMES else counted(len(unread), "site")
    return [*words[:_MOST_NAMES], *more, *not_looked_at([of] if unread else [])]


def _names(rows: Sequence[Row]) -> str:
    named = [row.scope.site.quoted for row in rows[:_MOST_NAMES]]
    more = len(rows) - _MOST_NAMES
    *others, last = [*named, counted(more, "more site")] if more > 0 else named
    return f"{', '.join(others)} and {last}" if others else last


def _young(rows: Sequence[Row], comparison: Comparison | None) -> list[Row]:
    return [row for row in rows if comparison and _is_young(row, comparison)]


def _is_young(row: Row, comparison: Comparison) -> bool:
    return first_day(row.scope.site, row.scope.zone) > comparison.earlier.first
