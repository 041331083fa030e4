"""The filters of a list of kudos."""

from dataclasses import dataclass

from tinylytics_tools import sanitize
from tinylytics_tools.dimensions import spellings
from tinylytics_tools.kudos.api import KudoReply
from tinylytics_tools.scope import Scope


@dataclass(frozen=True)
class Filters:
    """What kudos have to match; values are given as an answer showed them, or as they are.

    A path means its spelling with and without the closing slash, which are different rows (field notes 24).
    """

    path: str | None
    uid: str | None
    search: str | None

    @property
    def is_all(self) -> bool:
        """Whether nothing is filtered out."""
        return not (self.path or self.uid or self.search)

    def queries(self, scope: Scope) -> list[dict[str, str]]:
        """Return the queries for the API; with its exact filters only where a value can stand for itself only."""
        uid = {"uid": self.uid} if self.uid and sanitize.is_plain(self.uid, "uid") else {}
        paths: list[dict[str, str]] = [{}]
        if self.path and all(sanitize.is_plain(path, "path") for path in spellings(self.path)):
            paths = [{"path": path} for path in spellings(self.path)]
        return [scope.query(piece) | uid | path for piece in scope.window.pieces() for path in paths]

    def keeps(self, row: KudoReply) -> bool:
        """Return whether a kudo matches."""
        is_named = self.uid is None or sanitize.matches(self.uid, row.uid, "uid")
        return is_named and self.is_on(row.path) and self._is_found(row)

    def is_on(self, path: str | None) -> bool:
        """Return whether a path is of the page that is named; where none is named, each is."""
        return self.path is None or any(sanitize.matches(name, path, "path") for name in spellings(self.path))

    def words(self) -> str:
        """Return the filters as an answer echoes them."""
        path = self.path and f"path {sanitize.path(self.path)} with and without closing slash"
        uid = self.uid and f"uid {sanitize.uid(self.uid)}"
        search = self.search and f"path or uid contains {sanitize.path(self.search)}"
        return "; ".join(part for part in (path, uid, search) if part) or "none"

    def _is_found(self, row: KudoReply) -> bool:
        if self.search is None:
            return True
        texts = (row.path, row.uid, sanitize.path(row.path), sanitize.uid(row.uid))
        return any(self.search.casefold() in text.casefold() for text in texts if text)
