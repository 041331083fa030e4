"""Draws numbers with block characters: a bar beside a figure, and columns over time."""

from collections.abc import Sequence
from statistics import median
from typing import Any

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

_ACROSS = " ▏▎▍▌▋▊▉█"
_UP = " ▁▂▃▄▅▆▇█"
_HEIGHT = 6
_WIDEST_COLUMN = 4
_SPIKE = 4
"""So many times the median is a spike; it is drawn at three times, or it would flatten all others."""


def bar(value: Any, top: float, width: int) -> Text:
    """Return a bar as long as a value is of the largest; nothing where the value is not known."""
    if not isinstance(value, int | float) or not top:
        return Text()
    eighths = max(round(abs(value) / top * width * 8), bool(value))
    return Text("█" * (eighths // 8) + _ACROSS[eighths % 8].strip(), "red" if value < 0 else "cyan")


class Chart:
    """Columns over time, the first and last point named; a spike is cut off, and its value written below."""

    def __init__(self, points: Sequence[tuple[str, Any]], *, height: int = _HEIGHT) -> None:
        self._names = [name for name, _ in points]
        self._values = [value if isinstance(value, int | float) else None for _, value in points]
        self._height = height

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw it."""
        known = [value for value in self._values if value is not None]
        if not known:
            return
        middle, highest = median(known), max(known)
        top = 3 * middle if len(known) > 2 and 0 < _SPIKE * middle < highest else highest
        left = max(len(f"{top:,.0f}"), 1)
        each = max(1, min(_WIDEST_COLUMN, (options.max_width - left - 1) // len(self._values)))
        gap = 1 if each > 1 else 0
        for row in range(self._height - 1, -1, -1):
            text = Text.assemble((f"{f'{top:,.0f}' if row == self._height - 1 else '':>{left}} ", "dim"))
            for value in self._values:
                filled = 0.0 if value is None or not top else min(value, top) / top * self._height - row
                eighths = max(0, min(8, round(filled * 8)))
                if row == 0 and value:
                    eighths = max(1, eighths)
                is_cut = value is not None and value > top
                block = " " if eighths == 0 else _UP[eighths]
                text.append(block * (each - gap) + " " * gap, "magenta" if is_cut else "cyan")
            yield text
        across = each * len(self._values) - gap
        yield Text(f"{'0':>{left}} {'─' * across}", "dim")
        first, last = self._names[0], self._names[-1]
        between = across - len(first) - len(last)
        names = f"{first}{' ' * between}{last}" if between > 0 else f"{first} to {last}"
        yield Text(f"{' ' * left} {names}", "dim")
        cut = [
            f"{name} {value:,}" for name, value in zip(self._names, self._values, strict=True) if value and value > top
        ]
        if cut:
            yield Text(f"{' ' * left} higher than drawn: {', '.join(cut)}", "magenta")
