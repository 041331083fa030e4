"""The all-time ranking of paths, which is up to an hour old (API document, `GET /sites/:id/leaderboard`)."""

from sqlite3 import Row

from tinylytics_mcp.fake_api.call import Body, Call
from tinylytics_mcp.fake_api.parameters import text
from tinylytics_mcp.fake_api.sites import in_short
from tinylytics_mcp.fake_api.store import stamp

_LIFETIME_SECONDS = 3600
_RANKING = """
SELECT path, COUNT(*) AS hits, COUNT(DISTINCT unique_hash) AS uniques
FROM hits WHERE site_id = ? GROUP BY path ORDER BY hits DESC, path
"""


class Rankings:
    """The ranking of each site as it was last counted."""

    def __init__(self) -> None:
        self._counted: dict[int, tuple[int, list[Row]]] = {}

    def forget(self) -> None:
        """Count anew at the next request."""
        self._counted.clear()

    def leaderboard(self, call: Call) -> tuple[int, Body]:
        """`GET /sites/:id/leaderboard`. Percentages are of all hits of the site, whatever the filter."""
        site = call.site()
        page = call.page()
        needle = text(call.query, "path")
        cached_at, ranking = self._ranking(call, site["id"])
        total = sum(row["hits"] for row in ranking)
        found = [row for row in ranking if needle is None or needle.casefold() in row["path"].casefold()]
        return 200, {
            "leaderboard": [
                {
                    "path": row["path"],
                    "total_hits": row["hits"],
                    "unique_hits": row["uniques"],
                    "percentage": round(100 * row["hits"] / total, 1),
                }
                for row in found[page.offset : page.offset + page.size]
            ],
            "site": in_short(site),
            "pagination": page.of(len(found)),
            "cache_info": {"cached_at": stamp(cached_at), "expires_at": stamp(cached_at + _LIFETIME_SECONDS)},
            "filters": {"path": needle},
        }

    def _ranking(self, call: Call, site_id: int) -> tuple[int, list[Row]]:
        now = int(call.now.timestamp())
        cached = self._counted.get(site_id)
        if cached is None or now >= cached[0] + _LIFETIME_SECONDS:
            cached = self._counted[site_id] = (now, call.store.rows(_RANKING, (site_id,)))
        return cached
