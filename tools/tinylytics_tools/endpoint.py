"""An endpoint of the API as a value: verb, path, reply, and what it takes to be allowed to call it."""

from dataclasses import dataclass, field
from string import Formatter
from typing import Generic, Literal, TypeVar
from urllib.parse import quote, unquote

from tinylytics_tools.access import Access
from tinylytics_tools.errors import InvalidArgument
from tinylytics_tools.replies import Reply

R = TypeVar("R", bound=Reply)


@dataclass(frozen=True)
class Endpoint(Generic[R]):
    """One row of the API document's endpoint directory (section 4).

    `keyless`: answered without a key. `feature`: what has to be switched on for the site, in the user's words.
    `survives_writes`: a write changes figures in the reply, but not what a write needs to know of it.
    """

    method: Literal["GET", "POST", "DELETE"]
    path: str
    reply: type[R] = field(repr=False)
    subscription: bool = False
    keyless: bool = False
    feature: str | None = None
    survives_writes: bool = False

    @property
    def access(self) -> Access:
        """Read-only keys can call all GET endpoints, and no others (API document, section 2)."""
        return Access.READ_ONLY if self.method == "GET" else Access.FULL_ACCESS

    def fill(self, **values: int | str) -> str:
        """The path with its values in place, each of them one segment, whatever it holds.

        That of `/` is empty: the base URL has no closing slash (API document, section 1).

        Raises:
            InvalidArgument: a value that could become another route on the way: empty, or with a dot segment.
        """
        if self.path == "/":
            return ""
        names = [name for _, name, _, _ in Formatter().parse(self.path) if name]
        return self.path.format(**{name: _segment(name, values[name]) for name in names})


def _segment(name: str, value: int | str) -> str:
    text = str(value)
    plain, once = text, unquote(text)
    while once != plain:  # a proxy may decode more than once
        plain, once = once, unquote(once)
    if not text or any(part in ("", ".", "..") for part in plain.replace("\\", "/").split("/")):
        raise InvalidArgument(
            f"{name} cannot be sent: it is empty, or has an empty or dot segment, which the path of a request cannot "
            "carry without reaching something else. Nothing was sent; what is called that can only be removed on "
            "tinylytics.app, by the user."
        )
    return quote(text, safe="")
