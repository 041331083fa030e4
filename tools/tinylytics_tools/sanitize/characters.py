"""Sorts characters by whether they can be shown as they are, and finds those that no answer may show."""

from functools import lru_cache
from typing import Final, Literal
from unicodedata import category, name, normalize

STRUCTURAL: Final = frozenset("\"'`<>|\\()[]{}")
"""What an answer's own structure is written with."""

MOST_MARKS: Final = 6
"""Combining marks on one letter: ordinary Burmese has five, a "zalgo" text dozens."""

# Unicode has no property for these letters, marks and symbols that draw nothing: fillers, joiners and blanks.
_INVISIBLE_RANGES: Final = (
    (0x034F, 0x034F),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x2800, 0x2800),
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),
    (0xFFA0, 0xFFA0),
    (0x13441, 0x13442),
    (0x16FE4, 0x16FE4),
    (0x1D159, 0x1D159),
    (0xE0000, 0xE0FFF),
)
INVISIBLE: Final = frozenset(chr(code) for first, last in _INVISIBLE_RANGES for code in range(first, last + 1))


@lru_cache(maxsize=4096)
def kind(char: str) -> Literal["letter", "mark", "other"]:
    """Return whether a character is a visible letter or digit of any script, a combining mark, or anything else."""
    if char in INVISIBLE or stands_for_structure(char):
        return "other"
    match category(char)[0]:
        case "L" | "N":
            return "letter"
        case "M":
            return "mark"
        case _:
            return "other"


def stands_for_structure(char: str) -> bool:
    """Return whether a reader that folds look-alikes, as many tokenizers do, sees structure in it, as in U+2474."""
    return not STRUCTURAL.isdisjoint(normalize("NFKC", char))


# From here on nothing above is used: this is to catch the mistakes of the grammars.
_ALLOWED_QUOTES = "\u201c\u201d\u2018\u2019"
_BAD_CATEGORIES = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Ps", "Pe", "Pi", "Pf"}
_INVISIBLE_NAMES = (
    "VARIATION SELECTOR",
    "HANGUL FILLER",
    "SEONG FILLER",
    "SCRIPT FILLER",
    "GRAPHEME JOINER",
    "VOWEL INHERENT",
    "BRAILLE PATTERN BLANK",
    "HIEROGLYPH FULL BLANK",
    "HIEROGLYPH HALF BLANK",
    "NULL NOTEHEAD",
)


def forbidden(text: str) -> list[str]:
    """Return the characters of one shown value that may not be there, in order; of a table, check each cell."""
    return [char for char in text if _is_forbidden(char)]


def _is_forbidden(char: str) -> bool:
    if char in _ALLOWED_QUOTES:
        return False
    if category(char) in _BAD_CATEGORIES or (category(char) == "Zs" and char != " "):
        return True
    if any(folded in "\"'`|<>\\()[]{}" for folded in normalize("NFKC", char)):
        return True
    return any(part in name(char, "") for part in _INVISIBLE_NAMES)
