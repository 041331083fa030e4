"""Finds what no answer may carry out of visitors' data; written apart from the grammars, to be able to catch them."""

from functools import lru_cache
from unicodedata import category, name, normalize

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


@lru_cache(maxsize=10_000)
def _is_forbidden(char: str) -> bool:
    if char in _ALLOWED_QUOTES:
        return False
    if category(char) in _BAD_CATEGORIES or (category(char) == "Zs" and char != " "):
        return True
    if any(folded in "\"'`|<>\\()[]{}" for folded in normalize("NFKC", char)):
        return True
    return any(part in name(char, "") for part in _INVISIBLE_NAMES)
