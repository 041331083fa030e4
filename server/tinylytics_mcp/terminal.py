"""Writes text for people: with colour and wrapped in a terminal, plain everywhere else."""

import contextlib
import os
import shutil
import sys
import textwrap
from functools import partialmethod
from itertools import groupby
from typing import TextIO

from tinylytics_mcp import logs
from tinylytics_mcp.errors import CommandError, OutputClosed, UsageError
from tinylytics_mcp.version import PROGRAM

_WIDEST = 120


class Terminal:
    """A text stream and what it can display. NO_COLOR (any value) and TERM=dumb switch colour off.

    Raises:
        CommandError: there is no such stream, as stdout where it was closed from the start.
    """

    def __init__(self, stream: TextIO | None) -> None:
        if stream is None:
            raise CommandError("there is no standard output to write to.")
        self._stream = stream
        self._is_terminal = stream.isatty()
        self._has_colour = self._is_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        self._width = min(shutil.get_terminal_size().columns, _WIDEST) if self._is_terminal else None

    def line(self, text: str = "") -> None:
        """Write one line as it is.

        Raises:
            OutputClosed: nobody reads the stream any more.
            CommandError: it cannot be written to, as a file on a full disk.
        """
        try:
            self._stream.write(text + "\n")
            self._stream.flush()
        except BrokenPipeError:
            raise OutputClosed from None
        except OSError as error:
            raise CommandError(f"the output cannot be written: {error.strerror}.") from None

    def _styled(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._has_colour else text

    strong = partialmethod(_styled, "1")
    faint = partialmethod(_styled, "2")
    accent = partialmethod(_styled, "36")
    """As a command is shown."""
    warning = partialmethod(_styled, "31")

    def wrapped(self, text: str, *, first: str = "", rest: str = "") -> list[str]:
        """Return the text in lines that fit, begun by `first` and `rest`; in one line where there is no width."""
        if self._width is None:
            return [first + text]
        lines = textwrap.wrap(text, self._width, initial_indent=first, subsequent_indent=rest, break_long_words=False)
        return lines or [first]

    def answer(self, text: str, *, margin: str = "") -> list[str]:
        """Return the lines of a tool's answer, in a terminal with aligned columns and wrapped."""
        lines = text.split("\n")
        if self._width is None:
            return [(margin + line).rstrip() for line in lines]
        out: list[str] = []
        for is_table, group in groupby(lines, lambda line: "\t" in line):
            if is_table:
                out.extend(margin + row for row in _aligned([line.split("\t") for line in group]))
            else:
                for line in group:
                    out.extend(self.wrapped(line, first=margin, rest=margin + "  "))
        return [line.rstrip() for line in out]


def say(line: str) -> None:
    """Print a message on stderr; where stderr cannot be written, nothing happens."""
    if sys.stderr is None:
        return
    text = f"{PROGRAM}: {line}"
    with contextlib.suppress(UsageError):  # the error is then the message
        if logs.is_json():
            text = logs.json_line("INFO", line)
    with contextlib.suppress(OSError):
        sys.stderr.write(text + "\n")
        sys.stderr.flush()


_SAID_TO_AN_ASSISTANT = (
    (" of this server and restart it; tinylytics-mcp serve --demo", "; --demo"),
    (" and restart the server", ""),
    ("The user can", "You can"),
)


def for_person(text: str) -> str:
    """Return an error of a tool as the one at the terminal needs it: no server has to be restarted."""
    for said, instead in _SAID_TO_AN_ASSISTANT:
        text = text.replace(said, instead)
    return text


def drop_unwritten() -> None:
    """Drop output that could not be written, or the interpreter would fail on it once more when it exits."""
    for stream in (sys.stdout, sys.stderr):
        if stream is None:  # it was closed from the start
            continue
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _aligned(table: list[list[str]]) -> list[str]:
    widths = [max(map(len, cells)) for cells in zip(*table, strict=False)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False)) for row in table]
