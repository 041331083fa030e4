"""Writes text for people: with colour and wrapped in a terminal, plain everywhere else."""

import contextlib
import os
import shutil
import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from functools import partialmethod
from io import BytesIO, TextIOWrapper
from typing import TYPE_CHECKING, Any, TextIO

from tinylytics_mcp import logs
from tinylytics_mcp.errors import CommandError, OutputClosed, UsageError
from tinylytics_mcp.version import PROGRAM

if TYPE_CHECKING:
    from rich.console import RenderableType

WIDEST_TEXT = 100
"""Columns of running text; longer lines are hard to read."""
_ASCII = str.maketrans("…·–→“”‘’─▏▎▍▌▋▊▉▁▂▃▄▅▆▇█", "~-->\"\"''-   ####..::||##")  # noqa: RUF001 - these are what is replaced
"""What stands for characters that a terminal cannot show; a question mark would look like a part of an address."""


class Terminal:
    """A text stream and what it can display. NO_COLOR (any value) and TERM=dumb switch colour off.

    Raises:
        CommandError: there is no such stream, as stdout where it was closed from the start.
    """

    def __init__(self, stream: TextIO | None) -> None:
        if stream is None:
            raise CommandError("there is no standard output to write to.")
        self._stream = stream
        self.is_terminal = stream.isatty()
        self._is_dumb = os.environ.get("TERM") == "dumb"
        self._has_colour = self.is_terminal and not os.environ.get("NO_COLOR") and not self._is_dumb
        self._has_progress = False
        self.width = shutil.get_terminal_size().columns if self.is_terminal else None

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

    def lines(self, texts: Iterable[str]) -> None:
        """Write each text as a line."""
        for text in texts:
            self.line(text)

    def _styled(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._has_colour else text

    strong = partialmethod(_styled, "1")
    faint = partialmethod(_styled, "2")
    accent = partialmethod(_styled, "36")
    """As a command is shown."""
    warning = partialmethod(_styled, "31")

    def wrapped(self, text: str, *, first: str = "", rest: str = "") -> list[str]:
        """Return the text in lines that fit, begun by `first` and `rest`; in one line where there is no width."""
        if self.width is None:
            return [first + text]
        width = min(self.width, WIDEST_TEXT)
        lines = textwrap.TextWrapper(width, first, rest, break_long_words=False, break_on_hyphens=False)
        return lines.wrap(printable(text)) or [first]

    def answer(self, text: str, structured: Mapping[str, Any] | None, *, margin: str = "") -> list[str]:
        """Return the lines of a tool's answer: the text as it is, or in a terminal the structured half for people."""
        if self.width is None or structured is None:
            return [(margin + line).rstrip() for line in text.split("\n")]
        from tinylytics_mcp.rendering import rendered_answer  # only a terminal needs it, and it takes long to load

        width = self.width - len(margin)
        return [margin + line for line in self.rendered(rendered_answer(structured), width=width)]

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[str]:
        """Return the lines of a table, tab-separated where this is no terminal."""
        if self.width is None:
            return ["\t".join(map(str, row)) for row in (columns, *rows)]
        from tinylytics_mcp.rendering import TableView

        return self.rendered(TableView(columns, rows), width=self.width)

    def rendered(self, what: "RenderableType", *, width: int) -> list[str]:
        """Return the lines of something that rich can draw, in the colours and characters of this terminal."""
        from rich.console import Console

        colours = "standard" if self._has_colour else None
        # rich writes even what it captures, if only nothing, and that may fail: not to the stream
        console = Console(
            file=TextIOWrapper(BytesIO(), self._stream.encoding or "utf-8"),
            force_terminal=True,
            color_system=colours,
            width=width,
            height=25,  # without one a dumb terminal has 80 columns
            highlight=False,
            markup=False,
            emoji=False,
            legacy_windows=False,
        )
        with console.capture() as captured:
            console.print(what)
        text = captured.get().removesuffix("\n")
        if console.options.ascii_only:
            text = text.translate(_ASCII)
        return [line.rstrip() for line in text.split("\n")]

    def progress(self, text: str) -> None:
        """Show a line that the next one replaces, and without text clear it; nothing where lines cannot be replaced."""
        if self.is_terminal and not self._is_dumb and (text or self._has_progress):
            self._has_progress = bool(text)
            with contextlib.suppress(OSError):
                self._stream.write("\r\x1b[K" + (self.faint(printable(text)) if text else ""))
                self._stream.flush()


def printable(text: str) -> str:
    """Return a line in which no character is a command to the terminal, or hidden."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


def say(line: str, *, is_error: bool = False) -> None:
    """Print a message on stderr; where stderr cannot be written, nothing happens."""
    if sys.stderr is None:
        return
    out, name = Terminal(sys.stderr), f"{PROGRAM}:"
    text = "\n".join(out.wrapped(line, first=f"{name} ", rest="  "))
    text = (out.warning if is_error else out.faint)(name) + text.removeprefix(name)
    with contextlib.suppress(UsageError):  # the error is then the message
        if logs.is_json():
            text = logs.json_line("INFO", line)
    with contextlib.suppress(OSError):
        sys.stderr.write(text + "\n")
        sys.stderr.flush()


_SAID_TO_AN_ASSISTANT = (
    (" of this server; then restart it. tinylytics-mcp serve --demo", ". --demo"),
    ("; then restart the server", ""),
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
