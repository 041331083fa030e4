"""Draws the structured half of an answer for people: headline, facts, chart, tables with bars, notes.

Values are shown as text and never as markup, and no control character reaches the terminal.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, cast

from rich.cells import cell_len, set_cell_size
from rich.columns import Columns
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.constrain import Constrain
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text
from tinylytics_tools import downtime
from tinylytics_tools.answer import OTHER, SERIES, UNKNOWN, Answer, cost_line
from tinylytics_tools.scope import WindowAnswer

from tinylytics_mcp.chart import Chart, bar
from tinylytics_mcp.terminal import WIDEST_TEXT, printable

_FRAME = frozenset(Answer.model_fields)
_SCOPE = frozenset({*WindowAnswer.model_fields, "filters"}) - _FRAME
_CHANGES = ("change", "difference")
_COUNTS = ("hits", "kudos", "visitors", "broken_links", "earlier_hits")
_BAD, _GOOD = ("down", "no longer", "refused", "unknown outcome"), ("up", "done", "deleted", "created")
_GAP, _BETWEEN = 2, 4
_BARS = (10, 5)
"""Columns of a bar, and where there is less room."""
_LEAST, _LEAST_BESIDE_BAR, _LEAST_PROSE = 14, 24, 30
"""Columns that a path, or running text, may be narrowed to; where there are fewer, a row is a paragraph."""
_ENDLESS = 10_000


def rendered_answer(answer: Mapping[str, Any]) -> Group:
    """Return an answer as it is drawn."""
    fields = {name: value for name, value in answer.items() if name not in _FRAME}
    tables: dict[str, dict[str, Any]] = {name: value for name, value in fields.items() if isinstance(value, dict)}
    facts = {name: value for name, value in fields.items() if name not in {*tables, *_SCOPE} and value != []}
    parts: list[RenderableType] = [_Prose(grouped(answer["headline"], facts), "bold")]
    if not answer["complete"]:
        parts.append(_Prose("Not everything was read: see the notes.", "bold red"))
    if scope := _scope(fields):
        parts.append(_Prose(scope, "dim"))
    if facts:
        parts += ["", *_facts(facts)]
    if (series := tables.pop(SERIES, None)) and series["rows"]:
        title = Text(f"{series['columns'][1]} by {series['columns'][0]}".capitalize(), "bold")
        parts += ["", title, Chart([(row[0], row[1]) for row in series["rows"]])]
    parts.append(_SideBySide([_drawn(name, table) for name, table in tables.items()]))
    notes = [*answer["notes"], answer.get("shortened") and f"shortened to fit: {answer['shortened']}"]
    notes += [answer["visitor_data"]]
    parts.append("")
    parts += [_Prose(f"note: {grouped(note, facts)}", "dim") for note in notes if note]
    parts.append(_Prose(cost_line(answer), "dim"))
    if answer["next_step"]:
        parts.append(_Prose(f"next: {answer['next_step']}", "cyan"))
    return Group(*parts)


def shortened(text: str, width: int) -> str:
    """Return a text that fits, what is too much left out of its middle."""
    if cell_len(text) <= width:
        return text
    head, tail = width // 2, (width - 1) - width // 2
    return set_cell_size(text, head).rstrip() + "…" + set_cell_size(text[::-1], tail).rstrip()[::-1]


class _Prose:
    """Text of a readable width, its further lines indented."""

    def __init__(self, text: str | Text, style: str = "") -> None:
        self._text = text if isinstance(text, Text) else Text(printable(text), style, overflow="fold")

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = min(WIDEST_TEXT, options.max_width)
        first, *rest = self._text.wrap(console, max(1, width - 2)) or [Text()]
        yield first
        yield from (Text("  ") + line for line in rest)


def grouped(text: str, facts: Mapping[str, Any] = MappingProxyType({})) -> str:
    """Return a sentence with separators in its numbers; one that may be a year has them if it is among the facts."""
    figures = {str(abs(value)) for value in facts.values() if isinstance(value, int) and not isinstance(value, bool)}

    def separated(found: re.Match[str]) -> str:
        return found[0] if found[0] not in figures and "1970" <= found[0] < "2100" else f"{int(found[0]):,}"

    parts = re.split("(“[^”]*”)", text)  # names in quotes are no figures
    return "".join(part if part[:1] == "“" else _NUMBER.sub(separated, part) for part in parts)


_TIME = re.compile(r"\d{4}-\d\d-\d\dT")
_NUMBER = re.compile(r"(?<![^\s(+-])(?<!\d-)\d{4,}(?=[\s,;.)]|$)(?!\.\d)")


def _scope(fields: Mapping[str, Any]) -> str:
    parts: list[str] = []
    if "site" in fields:
        parts.append(f"{fields['site']} ({fields['site_id']})" if "site_id" in fields else str(fields["site"]))
    if fields.get("first_day"):
        parts.append(f"{fields['first_day']} to {fields['last_day']}, {fields['time_zone']}")
    if fields.get("filters") not in (None, "none"):
        parts.append(f"only {fields['filters']}")
    return " · ".join(parts)


def _facts(facts: Mapping[str, Any]) -> list[RenderableType]:
    """Return name and value in as many columns as fit; long values have a line of their own."""
    shown = [(_label(name), _text(name, value), _style(name, value)) for name, value in facts.items()]
    short = [fact for fact in shown if cell_len(fact[1]) <= 24]
    widest = max((len(name) for name, _, _ in short), default=0)
    cells = [Text.assemble((f"{name:<{widest}} ", "dim"), (value, style)) for name, value, style in short]
    long = [_Prose(_fact(*fact)) for fact in shown if fact not in short]
    grid = Constrain(Columns(cells, padding=(0, _GAP), column_first=True), WIDEST_TEXT)
    return [*([grid] if cells else []), *long]


def _fact(name: str, value: str, style: str) -> Text:
    return Text.assemble((name, "dim"), " ", (value, style), overflow="fold")


def _drawn(name: str, table: Mapping[str, Any]) -> RenderableType:
    """Return a table under its heading."""
    listed = len(table["rows"]) - bool(table["rows"] and table["rows"][-1][0] == OTHER)
    of = "" if listed == table["of"] else f"  {listed:,} of {table['of']:,}"
    go_on = "" if table["next_offset"] is None else f", goes on at offset {table['next_offset']}"
    told = (of + go_on if table["of"] else "  none", "dim")
    heading = Text.assemble((_label(name).capitalize(), "bold"), told)
    return Group(heading, TableView(table["columns"], table["rows"], name)) if table["rows"] else heading


class _SideBySide:
    """Tables, as many beside one another as fit."""

    def __init__(self, tables: Sequence[RenderableType]) -> None:
        self._tables = tables

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        lines: list[list[RenderableType]] = []
        left = 0
        for table in self._tables:
            wide = Measurement.get(console, options, table).maximum
            if wide > left:
                lines.append([])
                left = options.max_width
            lines[-1].append(table)
            left -= wide + _BETWEEN
        for line in lines:
            yield ""
            grid = Grid.grid(padding=(0, _BETWEEN, 0, 0))
            grid.add_row(*line)
            yield grid


class TableView:
    """A table cut to the width there is: numbers to the right, long paths without their middle, a bar beside the main
    figure; where there is no room for that, each row is a paragraph. `name` says what it is about."""

    def __init__(self, columns: Sequence[str], rows: Sequence[Sequence[Any]], name: str = "") -> None:
        self._columns, self._rows = columns, rows
        places = range(len(columns))
        self._numbers = [_is_number([row[place] for row in rows]) for place in places]
        decimals = [_decimals([row[place] for row in rows]) for place in places]
        self._cells = [[_text(columns[i], row[i], decimals[i]) for i in places] for row in rows]
        self._labels = [_label(column) for column in columns]
        self._bar = _bar_column(name, columns, self._numbers)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for grid in self._grids():
            if Measurement.get(console, options.update(width=_ENDLESS), grid).minimum <= options.max_width:
                yield grid
                return
        for row, cells in zip(self._rows, self._cells, strict=True):
            yield from self._paragraph(row, cells, options.max_width)

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement.get(console, options, next(self._grids()))

    def _grids(self) -> Iterator[Grid]:
        """Yield the table with a long bar, a short one and none."""
        if self._bar is not None:
            yield from (self._grid(width, _LEAST_BESIDE_BAR) for width in _BARS)
        yield self._grid(0, _LEAST)

    def _grid(self, bar_width: int, least: int) -> Grid:
        grid = Grid(box=None, padding=(0, _GAP, 0, 0), pad_edge=False, header_style="dim")
        cells: list[list[RenderableType]] = []
        for place, label in enumerate(self._labels):
            texts = [row[place] for row in self._cells]
            is_whole = self._numbers[place] or any(_TIME.match(text) for text in texts)
            words = label if any(cell_len(text) >= len(label) for text in texts) else label.replace(" ", "\n")
            grid.add_column(words, justify="right" if self._numbers[place] else "left", no_wrap=is_whole)
            if any(" " in text for text in texts):
                is_short = not bar_width and max(map(cell_len, texts)) <= _LEAST_PROSE
                least = max(map(len, " ".join(texts).split())) if is_short else _LEAST_PROSE
            narrowest = _ENDLESS if is_whole else least
            styles = [self._style(place, row) for row in self._rows]
            cells.append([_Cell(text, style, narrowest) for text, style in zip(texts, styles, strict=True)])
            if place == self._bar and bar_width:
                values = [None if row[0] == OTHER else row[place] for row in self._rows]
                top = max((abs(value) for value in values if value is not None), default=0)
                grid.add_column("", width=bar_width)
                cells.append([bar(value, top, bar_width) for value in values])
        for row in zip(*cells, strict=True):
            grid.add_row(*row)
        return grid

    def _style(self, place: int, row: Sequence[Any]) -> str:
        return "dim" if row[place] in (OTHER, None) else _style(self._columns[place], row[place])

    def _paragraph(self, row: Sequence[Any], cells: Sequence[str], width: int) -> Iterator[RenderableType]:
        """Yield a row as one paragraph under its first cells, each name with its value on one line if it fits."""
        titles = 2 if self._columns[0] == "id" and len(cells) > 1 else 1
        lines: list[Text] = []
        for place in range(titles, len(cells)):
            item = _fact(self._labels[place], cells[place], _style(self._columns[place], row[place]))
            if lines and lines[-1].cell_len + _GAP + item.cell_len <= width - 2 * _GAP:
                lines[-1] = Text.assemble(lines[-1], " " * _GAP, item)
            else:
                lines.append(item)
        yield Text("  ".join(cells[:titles]), "bold", overflow="fold")
        yield from (Padding(_Prose(line), (0, 0, 0, _GAP)) for line in lines)


class _Cell:
    """A value that loses its middle, or is wrapped at its blanks, where it does not fit."""

    def __init__(self, text: str, style: str, least: int) -> None:
        self._text, self._style, self._least = text, style, least

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        text = self._text if " " in self._text else shortened(self._text, options.max_width)
        yield Text(text, self._style, overflow="fold", justify=options.justify)

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(min(cell_len(self._text), self._least), cell_len(self._text))


def _bar_column(name: str, columns: Sequence[str], numbers: Sequence[bool]) -> int | None:
    """Return the place of the figure that a table is about."""
    about = _CHANGES if name in ("rose", "fell") else ("difference", *_COUNTS, "change")
    return next(
        (columns.index(column) for column in about if column in columns and numbers[columns.index(column)]), None
    )


def _label(name: str) -> str:
    """Return a field's name for people; the unit stands beside the value."""
    return re.sub("_s$", "", re.sub("(^|_)percent$", r"\1%", name)).replace("_", " ")


def _text(name: str, value: Any, decimals: int | None = None) -> str:
    if value is None:
        return UNKNOWN
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(_text("", part) for part in cast("list[Any]", value)) or "none"
    if isinstance(value, str):
        return printable(value)
    if name.endswith("_s"):
        return downtime.in_words(round(value))
    sign = "+" if value > 0 and name.startswith(_CHANGES) else ""
    if name in ("id", "site_id", "status", "user_id") or name.endswith("_id"):
        return str(value)
    places = _decimals([value]) if decimals is None else decimals
    return f"{sign}{value:,.{places}f}"


def _style(name: str, value: Any) -> str:
    if isinstance(value, int | float) and name.startswith(_CHANGES):
        return "green" if value > 0 else "red" if value < 0 else ""
    if value is None:
        return "dim"
    if isinstance(value, str):
        return "bold red" if value in _BAD else "green" if value in _GOOD else ""
    return ""


def _is_number(values: Sequence[Any]) -> bool:
    known = [value for value in values if value is not None]
    return bool(known) and all(isinstance(value, int | float) and not isinstance(value, bool) for value in known)


def _decimals(values: Sequence[Any]) -> int:
    floats = [f"{value:.2f}".rstrip("0") for value in values if isinstance(value, float)]
    return max((len(text.partition(".")[2]) for text in floats), default=0)
