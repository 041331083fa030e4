"""Draws the structured half of an answer for people: headline, facts, chart, tables with bars, notes.

Values are shown as text and never as markup, and no control character reaches the terminal.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from rich.cells import cell_len, set_cell_size
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text
from tinylytics_tools.answer import OTHER, SERIES, UNKNOWN, Answer
from tinylytics_tools.scope import WindowAnswer

from tinylytics_mcp.chart import Bar, Chart
from tinylytics_mcp.terminal import printable

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
_WIDEST_TEXT = 100


def rendered_answer(answer: Mapping[str, Any], width: int) -> Group:
    """Return an answer as it is drawn on `width` columns."""
    fields = {name: value for name, value in answer.items() if name not in _FRAME}
    tables: dict[str, dict[str, Any]] = {name: value for name, value in fields.items() if isinstance(value, dict)}
    facts = {name: value for name, value in fields.items() if name not in {*tables, *_SCOPE} and value != []}
    wide = min(width, _WIDEST_TEXT)
    parts: list[RenderableType] = [_wrapped(_grouped(answer["headline"], facts), wide, "bold")]
    if not answer["complete"]:
        parts.append(_wrapped("Not everything was read: see the notes.", wide, "bold red"))
    if scope := _scope(fields):
        parts.append(_wrapped(scope, wide, "dim"))
    if facts:
        parts += ["", *_facts(facts, wide)]
    if (series := tables.pop(SERIES, None)) and series["rows"]:
        title = Text(f"{series['columns'][1]} by {series['columns'][0]}".capitalize(), "bold")
        parts += ["", title, Chart([(row[0], row[1]) for row in series["rows"]], width)]
    parts += _side_by_side([_drawn(name, table, width) for name, table in tables.items()], width)
    notes = [*answer["notes"], answer.get("shortened") and f"shortened to fit: {answer['shortened']}"]
    notes += [answer["visitor_data"]]
    parts.append("")
    parts += [_wrapped(f"note: {_grouped(note, facts)}", wide, "dim") for note in notes if note]
    parts.append(_wrapped(_cost(answer), wide, "dim"))
    if answer["next_step"]:
        parts.append(_wrapped(f"next: {answer['next_step']}", wide, "cyan"))
    return Group(*parts)


def rendered_table(columns: Sequence[str], rows: Sequence[Sequence[Any]], width: int) -> RenderableType:
    """Return a table alone."""
    return _Columns("", columns, rows, width).drawn()


def shortened(text: str, width: int) -> str:
    """Return a text that fits, what is too much left out of its middle."""
    if cell_len(text) <= width:
        return text
    head, tail = width // 2, (width - 1) - width // 2
    return set_cell_size(text, head).rstrip() + "…" + set_cell_size(text[::-1], tail).rstrip()[::-1]


def _wrapped(text: str, width: int, style: str = "") -> RenderableType:
    return _Hanging(Text(printable(text), style, overflow="fold"), width)


class _Hanging:
    """Text within a width, its further lines indented."""

    def __init__(self, text: Text, width: int) -> None:
        self._text, self._width = text, width

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        first, *rest = self._text.wrap(console, max(1, min(self._width, options.max_width) - 2)) or [Text()]
        yield first
        yield from (Text("  ") + line for line in rest)


def _grouped(text: str, facts: Mapping[str, Any]) -> str:
    """Return a sentence with separators in those of its numbers that are figures of the answer."""
    figures = {str(abs(value)) for value in facts.values() if isinstance(value, int) and not isinstance(value, bool)}
    figures = {figure for figure in figures if len(figure) > 3}

    def separated(found: re.Match[str]) -> str:
        return f"{int(found[0]):,}" if found[0] in figures else found[0]

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


def _facts(facts: Mapping[str, Any], width: int) -> list[RenderableType]:
    """Return name and value in as many columns as fit; long values have a line of their own."""
    shown = [(_label(name), _text(name, value), _style(name, value)) for name, value in facts.items()]
    short = [fact for fact in shown if cell_len(fact[1]) <= 24]
    name_width = max((cell_len(name) for name, _, _ in short), default=0)
    value_width = max((cell_len(value) for _, value, _ in short), default=0)
    across = max(1, (width + _GAP) // (name_width + value_width + 1 + _GAP))
    down = -(-len(short) // across)
    grid = Grid.grid(padding=(0, _GAP, 0, 0), pad_edge=False)
    for row in range(down):
        cells: list[Text] = []
        for name, value, style in short[row::down]:
            blanks = " " * (name_width + 1 - cell_len(name))
            cells.append(Text.assemble((name, "dim"), blanks, (value, style), no_wrap=True))
        grid.add_row(*cells)
    long = [_wrapped_fact(*fact, width=width) for fact in shown if fact not in short]
    return [*([grid] if short else []), *long]


def _wrapped_fact(name: str, value: str, style: str, *, width: int) -> RenderableType:
    return _Hanging(Text.assemble((name, "dim"), " ", (value, style), overflow="fold"), width)


def _heading(name: str, table: Mapping[str, Any]) -> Text:
    listed = len(table["rows"]) - bool(table["rows"] and table["rows"][-1][0] == OTHER)
    of = "" if listed == table["of"] else f"  {listed:,} of {table['of']:,}"
    go_on = "" if table["next_offset"] is None else f", goes on at offset {table['next_offset']:,}"
    return Text.assemble((_label(name).capitalize(), "bold"), (of + go_on if table["of"] else "  none", "dim"))


def _drawn(name: str, table: Mapping[str, Any], width: int) -> tuple[RenderableType, int]:
    """Return a table under its heading, and how wide they are."""
    heading = _heading(name, table)
    if not table["rows"]:
        return heading, heading.cell_len
    columns = _Columns(name, table["columns"], table["rows"], width)
    return Group(heading, columns.drawn()), max(heading.cell_len, columns.width)


def _side_by_side(drawn: Iterable[tuple[RenderableType, int]], width: int) -> list[RenderableType]:
    parts: list[RenderableType] = []
    line: list[RenderableType] = []
    left = 0

    def close() -> None:
        if line:
            grid = Grid.grid(padding=(0, _BETWEEN, 0, 0))
            grid.add_row(*line)
            parts.extend(["", grid])
            line.clear()

    for table, wide in drawn:
        if wide > left:
            close()
            left = width
        line.append(table)
        left -= wide + _BETWEEN
    close()
    return parts


class _Columns:
    """A table cut to a width: numbers to the right, long paths without their middle, a bar beside the main figure."""

    def __init__(self, name: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], width: int) -> None:
        self._columns, self._rows = columns, rows
        places = range(len(columns))
        self._numbers = [_is_number([row[place] for row in rows]) for place in places]
        decimals = [_decimals([row[place] for row in rows]) for place in places]
        self._cells = [[_text(columns[i], row[i], decimals[i]) for i in places] for row in rows]
        self._labels = [_label(column) for column in columns]
        widths = [max([_longest_word(self._labels[i]), *(cell_len(row[i]) for row in self._cells)]) for i in places]
        self._bar = _bar_column(name, columns, self._numbers)
        gaps = _GAP * (len(columns) - 1)
        for bar_width in _BARS if self._bar is not None else ():
            taken, self._bar_width = _GAP + bar_width, bar_width
            self._widths = self._fitted(widths, width - gaps - taken, _LEAST_BESIDE_BAR)
            if self._widths is not None:
                break
        else:
            self._bar, taken = None, 0
            self._widths = self._fitted(widths, width - gaps, _LEAST)
        self.width = width if self._widths is None else sum(self._widths) + gaps + taken

    def drawn(self) -> RenderableType:
        """Return the table, or each row as a paragraph where there is no room for it."""
        if self._widths is None:
            return Group(*map(self._paragraph, self._rows, self._cells))
        grid = Grid(box=None, padding=(0, _GAP, 0, 0), pad_edge=False, header_style="dim")
        for place, label in enumerate(self._labels):
            grid.add_column(label, justify="right" if self._numbers[place] else "left", width=self._widths[place])
            if place == self._bar:
                grid.add_column("", width=self._bar_width)
        top = self._top()
        for row, cells in zip(self._rows, self._cells, strict=True):
            styled = [self._cell(place, row[place], cells[place], self._widths[place]) for place in range(len(cells))]
            if self._bar is not None:
                value = row[self._bar] if row[0] != OTHER else None
                styled.insert(self._bar + 1, Bar(value, top, self._bar_width))
            grid.add_row(*styled)
        return grid

    def _top(self) -> float:
        values = [row[self._bar] for row in self._rows if self._bar is not None and row[0] != OTHER]
        return max((abs(value) for value in values if isinstance(value, int | float)), default=0)

    def _fitted(self, widths: Sequence[int], room: int, path: int) -> list[int] | None:
        least = [min(width, self._least(i, path)) for i, width in enumerate(widths)]
        fitted = list(widths)
        while sum(fitted) > room:
            widest = max(range(len(fitted)), key=lambda i: fitted[i] - least[i])
            if fitted[widest] == least[widest]:
                return None
            fitted[widest] -= 1
        return fitted

    def _least(self, place: int, path: int) -> int:
        texts = [cells[place] for cells in self._cells]
        if self._numbers[place] or any(_TIME.match(text) for text in texts):
            return _WIDEST_TEXT
        return _LEAST_PROSE if any(" " in text for text in texts) else path

    def _cell(self, place: int, value: Any, text: str, width: int) -> RenderableType:
        if " " not in text:
            text = shortened(text, width)
        style = "dim" if value in (OTHER, None) else _style(self._columns[place], value)
        return Text(text, style, overflow="fold")

    def _paragraph(self, row: Sequence[Any], cells: Sequence[str]) -> RenderableType:
        """Return a row as one paragraph under its first cells, each name with its value on one line if it fits."""
        titles = 2 if self._columns[0] == "id" and len(cells) > 1 else 1
        lines: list[Text] = []
        for place in range(titles, len(cells)):
            value = (cells[place], _style(self._columns[place], row[place]))
            item = Text.assemble((self._labels[place], "dim"), " ", value, overflow="fold")
            if lines and lines[-1].cell_len + _GAP + item.cell_len <= self.width - 2 * _GAP:
                lines[-1] = Text.assemble(lines[-1], " " * _GAP, item)
            else:
                lines.append(item)
        title = Text("  ".join(cells[:titles]), "bold", overflow="fold")
        return Group(title, *(Padding(_Hanging(line, self.width - _GAP), (0, 0, 0, _GAP)) for line in lines))


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
        return _duration(value)
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


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [f"{count:,} {unit}" for count, unit in ((hours, "h"), (minutes, "min"), (rest, "s")) if count]
    return " ".join(parts) or "0 s"


def _is_number(values: Sequence[Any]) -> bool:
    known = [value for value in values if value is not None]
    return bool(known) and all(isinstance(value, int | float) and not isinstance(value, bool) for value in known)


def _decimals(values: Sequence[Any]) -> int:
    floats = [f"{value:.2f}".rstrip("0") for value in values if isinstance(value, float)]
    return max((len(text.partition(".")[2]) for text in floats), default=0)


def _longest_word(text: str) -> int:
    return max(map(cell_len, text.split()), default=0)


def _cost(answer: Mapping[str, Any]) -> str:
    left, stored = answer["requests_left"], answer["stored_s"]
    text = f"requests: {answer['requests_used']} used"
    text += "" if left is None else f", {left} left this hour"
    return text + ("" if stored is None else f"; stored answers, the oldest {stored} s old")
