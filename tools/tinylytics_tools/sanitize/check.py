"""Finds what no answer may carry out of visitors' data; written apart from the grammars, to be able to catch them."""

from unicodedata import category, name, normalize

_ALLOWED_QUOTES = "\u201c\u201d\u2018\u2019"
_BAD_CATEGORIES = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Ps", "Pe", "Pi", "Pf"}
_BAD_NAMES = (
    "VARIATION SELECTOR",
    "HANGUL FILLER",
    "SEONG FILLER",
    "SCRIPT FILLER",
    "GRAPHEME JOINER",
    "VOWEL INHERENT",
)
_BLANK_NAMES = ("BRAILLE PATTERN BLANK", "HIEROGLYPH FULL BLANK", "HIEROGLYPH HALF BLANK", "NULL NOTEHEAD")


def forbidden(text: str) -> list[str]:
    """The characters of one shown value that may not be there, in order; for a tab-separated table, check each cell."""
    return [char for char in text if _is_forbidden(char)]


def _is_forbidden(char: str) -> bool:
    if char in _ALLOWED_QUOTES:
        return False
    if category(char) in _BAD_CATEGORIES or (category(char) == "Zs" and char != " "):
        return True
    if any(folded in "\"'`|<>\\()[]{}" for folded in normalize("NFKC", char)):
        return True
    return any(part in name(char, "") for part in _BAD_NAMES + _BLANK_NAMES)
