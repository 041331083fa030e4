"""Keeps and leaves out names of a ranking, as `search` and `exclude` say."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from tinylytics_tools import sanitize
from tinylytics_tools.dimensions import Named
from tinylytics_tools.errors import InvalidArgument


@dataclass(frozen=True)
class Patterns:
    """Names to leave out, `*` standing for any text; `text` is safe to show."""

    text: str
    _expressions: tuple[re.Pattern[str], ...]

    def match(self, named: Named) -> bool:
        """Whether one spelling of a name is to be left out, upper or lower case."""
        return any(expression.fullmatch(text) for expression in self._expressions for text in _spellings(named))


def patterns(exclude: str) -> Patterns:
    """Several names or patterns, apart by commas.

    Raises:
        InvalidArgument: there is none in it, or one that leaves out everything.
    """
    words = [word.strip() for word in exclude.split(",") if word.strip()]
    if not words or any(not word.strip("*") for word in words):
        raise InvalidArgument("exclude needs names to leave out, apart by commas, such as /feed*,*.xml")
    texts = (".*".join(re.escape(part) for part in re.split(r"\*+", word)) for word in words)
    expressions = tuple(re.compile(text, re.IGNORECASE | re.DOTALL) for text in texts)
    return Patterns(", ".join(sanitize.path(word) for word in words), expressions)


def containing(search: str) -> Callable[[Named], bool]:
    """Whether a name has a text in one of its spellings, upper or lower case."""
    part = search.strip().casefold()
    return lambda named: any(part in text.casefold() for text in _spellings(named))


def _spellings(named: Named) -> list[str]:
    return [named.name, *(raw for raw in named.raw if isinstance(raw, str) and raw.startswith("/"))]
