"""Shows prose: the insights that an AI wrote, error messages, and the labels of sites."""

import re
from collections.abc import Iterator
from typing import Final
from unicodedata import category, normalize

from tinylytics_tools.sanitize.characters import INVISIBLE, MOST_MARKS, kind, stands_for_structure

UNNAMED: Final = "unnamed"

_OPEN: Final = "\u201c"
_CLOSE: Final = "\u201d"
_OPEN_SINGLE: Final = "\u2018"
_CLOSE_SINGLE: Final = "\u2019"
_DASH: Final = "\u2013"

_TYPOGRAPHIC: Final = (_OPEN, _CLOSE, _OPEN_SINGLE, _CLOSE_SINGLE)
_FOREIGN_QUOTES: Final = {
    "\N{LEFT-POINTING DOUBLE ANGLE QUOTATION MARK}": _OPEN,
    "\N{DOUBLE LOW-9 QUOTATION MARK}": _OPEN,
    "\N{RIGHT-POINTING DOUBLE ANGLE QUOTATION MARK}": _CLOSE,
    "\N{DOUBLE HIGH-REVERSED-9 QUOTATION MARK}": _CLOSE,
    "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}": _OPEN_SINGLE,
    "\N{SINGLE LOW-9 QUOTATION MARK}": _OPEN_SINGLE,
    "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}": _CLOSE_SINGLE,
    "\N{SINGLE HIGH-REVERSED-9 QUOTATION MARK}": _CLOSE_SINGLE,
}
_NOTHING: Final = "<>|\\`"
_BRACKETS: Final = ("Ps", "Pe", "Pi", "Pf")
_OPENS: Final = rf"(?<![^\s{_OPEN}{_OPEN_SINGLE}{_DASH}\u2014/-])"


def prose(value: str | None, cap: int = 600) -> str:
    """Return sentences on one line, at most `cap` characters and `…` after a cut; empty for null.

    Quotes become typographic ones, brackets dashes; angles, pipes, backticks, backslashes and what is invisible vanish.
    """
    text = "".join(_readable(" ".join((value or "").split())))
    text = re.sub(f'{_OPENS}"', _OPEN, text).replace('"', _CLOSE)
    text = re.sub(f"{_OPENS}'", _OPEN_SINGLE, text).replace("'", _CLOSE_SINGLE)
    text = re.sub(f"{_DASH}(?: *{_DASH})+", _DASH, " ".join(text.split()))
    text = re.sub(f" {_DASH} (?=[.,;:!?])", "", text).strip(f" {_DASH}")
    return text if len(text) <= cap else text[: cap - 1].rstrip(f" {_DASH}") + "…"


def label(value: str | None) -> str:
    """Return the account's own name for a site, at most 80 characters; `unnamed` where nothing of it is left."""
    return prose(value, cap=80) or UNNAMED


def _readable(text: str) -> Iterator[str]:
    marks_left = 0
    for char in "".join(normalize("NFKC", char) if stands_for_structure(char) else char for char in text):
        if kind(char) == "mark":
            if marks_left:
                marks_left -= 1
                yield char
            continue
        marks_left = MOST_MARKS if kind(char) == "letter" else 0
        group = category(char)
        if char in _FOREIGN_QUOTES:
            yield _FOREIGN_QUOTES[char]
        elif group in _BRACKETS and char not in _TYPOGRAPHIC:
            yield f" {_DASH} "
        elif group[0] != "C" and char not in INVISIBLE and char not in _NOTHING:
            yield char
