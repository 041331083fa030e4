"""Reading hits, kudos, the leaderboard and journeys (API document, the GET endpoints of a site)."""

from collections import Counter, defaultdict
from sqlite3 import Row

from tinylytics_mcp.fake_api.access import refused
from tinylytics_mcp.fake_api.call import Body, Call, Window
from tinylytics_mcp.fake_api.openapi import choices
from tinylytics_mcp.fake_api.quirks import Quirk, scrambled
from tinylytics_mcp.fake_api.store import HIT_FIELDS, KUDO_FIELDS, SITE_FIELDS, Value, fields, stamp

_GROUPS = choices("group_by")
_DOCUMENTED_GROUPS = tuple(group for group in _GROUPS if group != "source")
"""`source` is not in the API document but answered since May 2026 (field notes 9)."""

_RANKING_SECONDS = 3600
_RANKING = """
SELECT path, COUNT(*) AS hits, COUNT(DISTINCT unique_hash) AS uniques
FROM hits WHERE site_id = ? GROUP BY path ORDER BY hits DESC, path
"""
_TOP_PAGES = 10
"""How many entry and exit pages are listed; the document's example shows two and states no number."""

_STEPS = """
SELECT id, visitor_hash, path, created_at FROM hits
WHERE site_id = ? AND created_at >= ? AND created_at < ? AND visitor_hash IS NOT NULL
ORDER BY created_at, id
"""


def hits(call: Call) -> tuple[int, Body]:
    """Answer `GET /sites/:id/hits`, raw or grouped."""
    site = call.site()
    window = call.window()
    grouped = call.choice("grouped", ("true", "false"), "false") == "true"
    by = _group(call)
    texts = {name: call.text(name) for name in ("country", "path", "referrer")}
    filters: Body = {**window.filters(), **texts, "grouped": grouped}
    condition, values = _condition(site["id"], window, texts)
    if grouped:
        reply = _groups(call, by, condition, values, unique=by == "path" and bool(site["unique_tracking"]))
        return 200, reply | {"filters": filters | {"group_by": by}}
    page = call.page()
    rows, total = call.rows("hits", condition, values, page)
    return 200, {"hits": [fields(row, HIT_FIELDS) for row in rows], "pagination": page.of(total), "filters": filters}


def kudos(call: Call) -> tuple[int, Body]:
    """Answer `GET /sites/:id/kudos`."""
    site_id = call.site()["id"]
    window, page = call.window(), call.page()
    texts = {name: call.text(name) for name in ("path", "uid")}
    rows, total = call.rows("kudos", *_condition(site_id, window, texts), page)
    shown = [fields(row, KUDO_FIELDS) for row in rows]
    return 200, {"kudos": shown, "pagination": page.of(total), "filters": {**window.filters(), **texts}}


def _group(call: Call) -> str:
    """Return the grouping asked for; `path` where none is, since the document does not require one."""
    by = call.text("group_by") or "path"
    if by not in (_DOCUMENTED_GROUPS if Quirk.NO_SOURCE_GROUPS in call.quirks else _GROUPS):
        raise refused(400, f"Invalid group_by. Use one of: {', '.join(_DOCUMENTED_GROUPS)}")
    return by


def _condition(site_id: int, window: Window, texts: dict[str, str | None]) -> tuple[str, list[Value]]:
    parts = ["site_id = ?", "created_at >= ?", "created_at < ?"]
    values: list[Value] = [site_id, window.since, window.before]
    for name, value in texts.items():
        if value is not None:
            parts.append("instr(lower(referrer), lower(?)) > 0" if name == "referrer" else f"{name} = ?")
            values.append(value)
    return " AND ".join(parts), values


def _groups(call: Call, by: str, condition: str, values: list[Value], *, unique: bool) -> Body:
    """Return all groups, most hits first, then by value; `total_count` is the number of groups (field notes 6)."""
    page = call.page()
    # Column and condition are constants of this package; every value is bound.
    sql = (
        f"SELECT {by} AS value, COUNT(*) AS hits, {'COUNT(DISTINCT unique_hash)' if unique else '0'} AS uniques"  # noqa: S608
        f" FROM hits WHERE {condition} GROUP BY {by} ORDER BY hits DESC, value"
    )
    groups = call.ordered(call.store.rows(sql, values), lambda group: group["value"])
    count = "views" if by == "path" else "hit_count"
    rows: list[Body] = [
        {by: group["value"], count: group["hits"]} | ({"unique_views": group["uniques"]} if unique else {})
        for group in page.rows(groups)
    ]
    return {"grouped_hits": rows, "pagination": page.of(len(groups))}


class Rankings:
    """The all-time ranking of each site as it was last counted, which is up to an hour old."""

    def __init__(self) -> None:
        self._counted: dict[int, tuple[int, list[Row]]] = {}

    def forget(self) -> None:
        """Count anew at the next request."""
        self._counted.clear()

    def leaderboard(self, call: Call) -> tuple[int, Body]:
        """Answer `GET /sites/:id/leaderboard`. Percentages are of all hits of the site, whatever the filter."""
        site = call.site()
        page = call.page()
        part = call.text("path")
        cached_at, ranking = self._ranking(call, site["id"])
        total = sum(row["hits"] for row in ranking)
        rows = [row for row in ranking if part is None or part.casefold() in row["path"].casefold()]
        return 200, {
            "leaderboard": [
                {
                    "path": row["path"],
                    "total_hits": row["hits"],
                    "unique_hits": row["uniques"],
                    "percentage": round(100 * row["hits"] / total, 1),
                }
                for row in page.rows(rows)
            ],
            "site": fields(site, SITE_FIELDS),
            "pagination": page.of(len(rows)),
            "cache_info": {"cached_at": stamp(cached_at), "expires_at": stamp(cached_at + _RANKING_SECONDS)},
            "filters": {"path": part},
        }

    def _ranking(self, call: Call, site_id: int) -> tuple[int, list[Row]]:
        now = int(call.now.timestamp())
        cached = self._counted.get(site_id)
        if cached is None or now >= cached[0] + _RANKING_SECONDS:
            cached = self._counted[site_id] = (now, call.store.rows(_RANKING, (site_id,)))
        return cached


def user_journeys(call: Call) -> tuple[int, Body]:
    """Answer `GET /sites/:id/user_journeys`; summary and insights are of the whole window, rows are one page.

    A journey is the steps of one visitor hash, which changes every 12 hours (field notes 13). A site without
    unique tracking stores no hashes, so it has no visitors.
    """
    site = call.site()
    window, page = call.window(), call.page()
    visitors: defaultdict[str, list[Row]] = defaultdict(list)
    for step in call.store.rows(_STEPS, (site["id"], window.since, window.before)):
        visitors[step["visitor_hash"]].append(step)
    journeys = sorted(visitors.values(), key=lambda journey: (journey[0]["created_at"], journey[0]["id"]), reverse=True)
    if Quirk.UNSORTED in call.quirks:
        journeys = scrambled(journeys, lambda journey: journey[0]["visitor_hash"])
    total = len(journeys)
    single = sum(len(journey) == 1 for journey in journeys)
    return 200, {
        "user_journeys": [_journey(call, steps) for steps in journeys[page.offset : page.offset + page.size]],
        "summary": {
            "total_visitors": total,
            "multi_page_visitors": total - single,
            "single_page_visitors": single,
            "bounce_rate": round(100 * single / total, 1) if total else 0.0,
        },
        "insights": {
            "top_entry_pages": _top(Counter(journey[0]["path"] for journey in journeys)),
            "top_exit_pages": _top(Counter(journey[-1]["path"] for journey in journeys)),
        },
        "pagination": page.of(total),
        "filters": window.filters(),
    }


def _journey(call: Call, steps: list[Row]) -> Body:
    first, last = steps[0], steps[-1]
    origin = call.store.rows("SELECT referrer, country, browser_name AS browser FROM hits WHERE id = ?", (first["id"],))
    seconds = last["created_at"] - first["created_at"]
    return {
        "visitor_hash": first["visitor_hash"],
        "page_count": len(steps),
        "first_hit": stamp(first["created_at"]),
        "last_hit": stamp(last["created_at"]),
        "duration_minutes": round(seconds / 60),
        "pages": [{"path": step["path"]} for step in steps],
        "entry_page": first["path"],
        "exit_page": last["path"],
        "session_duration": seconds,
        **dict(origin[0]),
    }


def _top(visitors: Counter[str]) -> list[Body]:
    ranked = sorted(visitors.items(), key=lambda item: (-item[1], item[0]))
    return [{"path": path, "visitors": number} for path, number in ranked[:_TOP_PAGES]]
