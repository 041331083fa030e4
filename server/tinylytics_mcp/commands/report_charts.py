"""Draws the pictures of a report as SVG inside its HTML: a series with the earlier days behind it, and a small line."""

import html
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise
from math import ceil, floor, log10
from typing import Any

WIDTH, HEIGHT, TOP, BOTTOM, RIGHT = 720, 200, 18, 24, 4
FEWEST_CUT = 8
"""Fewer values than these are drawn in full, however far they are apart."""


class Html(str):
    """Markup; every other text is escaped where it becomes part of some."""

    __slots__ = ()


def tag(name: str, /, *parts: str | None, **attributes: object) -> Html:
    """Return an element. `class_` is class and `aria_label` aria-label; None leaves a part or an attribute out."""
    inside = "".join(part if isinstance(part, Html) else html.escape(part) for part in parts if part is not None)
    given = {key.rstrip("_").replace("_", "-"): value for key, value in attributes.items()}
    shown = "".join(f' {key}="{html.escape(str(value))}"' for key, value in given.items() if value is not None)
    return Html(f"<{name}{shown}>{inside}</{name}>" if name not in ("br", "meta") else f"<{name}{shown}>")


def joined(*parts: Html | None) -> Html:
    """Return elements one after the other; None is left out."""
    return Html("".join(filter(None, parts)))


def series_chart(answer: Mapping[str, Any], chart: Mapping[str, Any], label: str) -> tuple[Html, list[str]]:
    """Return the series of a summary as columns, and which of them are cut and go on to what; `chart` has pieces of the
    earlier days, or the hours of one day."""
    rows: list[list[Any]] = answer["series"]["rows"]
    if len(rows) == 1 and chart.get("hours"):
        return _columns([(f"{hour:02}", hits) for hour, hits in enumerate(chart["hours"])], [], label, set())
    names = [str(row[0]) for row in rows]
    before = _before(answer, names, chart.get("earlier") or [])
    return _columns([(_short(name), row[1] or 0) for name, row in zip(names, rows, strict=True)], before, label,
                    {number for number, name in enumerate(names) if name in answer["partial"]})  # fmt: skip


def line(pieces: Sequence[Sequence[int]]) -> Html | None:
    """Return a site's days as a small line; None where they are too few to be one."""
    hits = sum(one for _, one in pieces)
    size = max(1, min(7, ceil(3 * len(pieces) / max(1, hits))))
    parts = [pieces[at : at + size] for at in range(0, len(pieces) - size + 1, size)]
    rates = [sum(one for _, one in part) / sum(days for days, _ in part) for part in parts]
    if len(rates) < 4:
        return None
    most = max(reach(rates), 0.1)
    points = " ".join(
        f"{110 * i / (len(rates) - 1) + 1:.1f},{25 - 22 * min(1.0, rate / most):.1f}" for i, rate in enumerate(rates)
    )
    drawn = tag("polyline", points=points, class_="line")
    return tag("svg", drawn, viewBox="0 0 112 28", width=112, height=28, aria_hidden="true")


def reach(values: Sequence[float]) -> float:
    """Return how high a scale goes: a few values far above all others do not flatten these."""
    ordered = sorted(values)
    ordinary = 1.2 * ordered[floor(0.9 * (len(ordered) - 1))]
    is_cut = len(ordered) >= FEWEST_CUT and ordinary > 0 and ordered[-1] > 2 * ordinary
    return ordinary if is_cut else ordered[-1]


def _before(answer: Mapping[str, Any], names: Sequence[str], pieces: Sequence[Sequence[int]]) -> list[float | None]:
    """Return the earlier hits behind each column; none where they are not known, or no measure."""
    if answer["change_percent"] is None or not answer["earlier_hits"]:
        return []
    rates = [hits / days for days, hits in pieces for _ in range(days)]
    first, last = date.fromisoformat(answer["first_day"]), date.fromisoformat(answer["last_day"])
    starts = [max(first, _start(name)) for name in names] + [last + timedelta(days=1)]
    ends = [(end - first).days for end in starts]
    return [sum(rates[a:b]) if b <= len(rates) else None for a, b in pairwise(ends)] if rates else []


def _start(name: str) -> date:
    return date.fromisoformat(f"{name}-01-01"[:10] if len(name) == 4 else f"{name}-01"[:10])


def _short(name: str) -> str:
    day = _start(name)
    return name if len(name) == 4 else f"{day:%b %y}" if len(name) == 7 else f"{day.day} {day:%b}"


def _ticks(most: float) -> list[int]:
    size = 10 ** floor(log10(max(most, 1)))
    steps = [part * size for part in (0.25, 0.5, 1, 2, 2.5) if part * size >= 1 and most / (part * size) <= 4]
    step = max(1, round(steps[0] if steps else size * 5))
    return [number * step for number in range(ceil(max(most, 1) / step) + 1)]


def _columns(
    values: Sequence[tuple[str, int]], before: Sequence[float | None], label: str, partial: set[int]
) -> tuple[Html, list[str]]:
    known = [value for value in before if value is not None]
    scale = _ticks(max(reach([hits for _, hits in values]), reach(known) if known else 0))
    top = scale[-1]
    left = 10 + 7 * len(f"{top:,}")
    slot = (WIDTH - left - RIGHT) / len(values)
    bar = min(slot * 0.72, 56)

    def x(number: int) -> float:
        return left + slot * (number + 0.5)

    def y(value: float) -> float:
        return round(TOP + (HEIGHT - TOP - BOTTOM) * (1 - min(value, top) / top), 1)

    drawn: list[Html] = []
    free = 0.0
    for value in scale:
        drawn.append(tag("line", class_="grid", x1=left, x2=WIDTH - RIGHT, y1=y(value), y2=y(value)))
        drawn.append(tag("text", f"{value:,}", x=left - 8, y=y(value) + 4, text_anchor="end"))
    every = ceil(len(values) / max(1, (WIDTH - left) // 68))
    for number, (name, hits) in enumerate(values):
        height = round(y(0) - y(hits), 1)
        kind = "column open" if number in partial else "column"
        drawn.append(
            tag("rect", class_=kind, x=round(x(number) - bar / 2, 1), y=y(hits), width=round(bar, 1), height=height)
        )
        if hits > top and x(number) >= free:
            free = x(number) + 8 * len(f"{hits:,}")
            drawn.append(tag("text", f"{hits:,}", class_="cut", x=round(x(number), 1), y=TOP - 6, text_anchor="middle"))
        if hits > top:
            half = bar / 2 + 2
            drawn.append(
                tag("path", class_="break", d=f"M{x(number) - half:.1f} {TOP + 12}l{half:.1f} -5l{half:.1f} 5")
            )
        if number % every == 0:
            kind = "odd" if number // every % 2 else None  # makes way on a phone
            drawn.append(tag("text", name, class_=kind, x=round(x(number), 1), y=HEIGHT - 6, text_anchor="middle"))
    points = " ".join(f"{x(number):.1f},{y(value)}" for number, value in enumerate(before) if value is not None)
    if points:
        drawn.append(tag("polyline", points=points, class_="before"))
    picture = tag("svg", *drawn, viewBox=f"0 0 {WIDTH} {HEIGHT}", width="100%", role="img", aria_label=label)
    return picture, [f"{name} {hits:,}" for name, hits in values if hits > top]
