"""Names that a ranking keeps or leaves out: one argument for them, and what they mean."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import BeforeValidator, Field

from tinylytics_tools import sanitize
from tinylytics_tools.arguments import several
from tinylytics_tools.dimensions import Named
from tinylytics_tools.errors import InvalidArgument

Exclude = Annotated[
    list[str] | None,
    BeforeValidator(several),
    Field(description="Names to leave out, such as /feed*; or day:2026-02-13, page:/x, referrer:host."),
]


@dataclass(frozen=True)
class Names:
    """Texts by which names of a ranking are meant, safe to show, each with its pattern."""

    patterns: dict[str, re.Pattern[str]]

    def __str__(self) -> str:
        return ", ".join(self.patterns)

    def keys(self, *lists: Mapping[str, Named]) -> set[str]:
        """Return the keys that are meant in one of the lists, by one of their spellings, upper or lower case."""
        named = [item for one in lists for item in one.items()]
        return {key for pattern in self.patterns.values() for key, name in named if _means(pattern, name)}

    def unfound(self, *lists: Mapping[str, Named]) -> list[str]:
        """Return the texts that mean no name in any of the lists."""
        names = [name for one in lists for name in one.values()]
        return [text for text, pattern in self.patterns.items() if not any(_means(pattern, name) for name in names)]


def containing(search: Sequence[str]) -> Names:
    """Return the names that contain one of these texts."""
    return Names({sanitize.path(text): _pattern("", text, "") for text in search})


def matching(exclude: Sequence[str]) -> Names:
    """Return the names that are one of these, `*` standing for any text.

    Raises:
        InvalidArgument: one would leave out everything.
    """
    if any(not text.strip("*") for text in exclude):
        raise InvalidArgument("exclude needs names to leave out, apart by commas, such as /feed*,*.xml")
    return Names({sanitize.path(text): _pattern(*re.split(r"\*+", text)) for text in exclude})


def only(named: Mapping[str, Named], keys: Collection[str]) -> dict[str, Named]:
    """Return the names under these keys, in their order."""
    return {key: one for key, one in named.items() if key in keys}


def _pattern(*parts: str) -> re.Pattern[str]:
    """A pattern of texts with anything between them."""
    return re.compile(".*".join(map(re.escape, parts)), re.IGNORECASE | re.DOTALL)


def _means(pattern: re.Pattern[str], named: Named) -> bool:
    spellings = [named.name, *(raw for raw in named.raw if isinstance(raw, str) and raw.startswith("/"))]
    return any(map(pattern.fullmatch, spellings))
