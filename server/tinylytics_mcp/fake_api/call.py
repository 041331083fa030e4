"""What a handler is given: the request as far as it has been understood."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Row

from tinylytics_mcp.fake_api.access import refused
from tinylytics_mcp.fake_api.operations import Operation
from tinylytics_mcp.fake_api.parameters import Page, Window, page, window
from tinylytics_mcp.fake_api.quirks import Quirk, scrambled
from tinylytics_mcp.fake_api.store import Store

_LONGEST_ID = 18


@dataclass(frozen=True)
class Call:
    """One request to one operation, past authentication and the hourly limit."""

    operation: Operation
    store: Store
    now: datetime
    quirks: frozenset[Quirk]
    key: str
    subscribed: bool
    base_url: str
    segments: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes

    def site(self) -> Row:
        """The site in the path, 404 where there is none (500 for what is not a number, by a quirk)."""
        written = self.segments["id"]
        if not (written.isascii() and written.isdigit()):
            if Quirk.SERVER_ERROR_FOR_UID in self.quirks:
                raise refused(500, "Internal server error")
            raise refused(404, "Site not found")
        site = None
        if len(written) <= _LONGEST_ID:
            site = self.store.row("SELECT * FROM sites WHERE id = ?", (int(written),))
        if site is None:
            raise refused(404, "Site not found")
        return site

    def window(self) -> Window:
        """The days asked for."""
        return window(self.query, self.now)

    def page(self) -> Page:
        """The page asked for."""
        return page(self.query, self.operation)

    def order(self, newest_first: str) -> str:
        """An ORDER BY list for rows with an `id`: the usual one, or one that means nothing."""
        return "(id * 7919) % 10007, id" if Quirk.UNSORTED in self.quirks else newest_first

    def ordered(self, rows: list[Row], key: Callable[[Row], object]) -> list[Row]:
        """Rows that come in their usual order, or scrambled by `key`."""
        return scrambled(rows, key) if Quirk.UNSORTED in self.quirks else rows


Body = dict[str, object]
Handler = Callable[[Call], tuple[int, Body]]
