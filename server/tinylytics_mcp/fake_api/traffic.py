"""Reading hits, kudos, the leaderboard and journeys (API document, the GET endpoints of a site)."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from sqlite3 import Row

from tinylytics_mcp.fake_api.access import refused
from tinylytics_mcp.fake_api.call import Body, Call, Window
from tinylytics_mcp.fake_api.quirks import Quirk
from tinylytics_mcp.fake_api.store import HIT_FIELDS, KUDO_FIELDS, SITE_FIELDS, Value, fields, stamp

_RANKING_SECONDS = 3600
_RANKING = """
SELECT path, COUNT(*) AS hits, COUNT(DISTINCT unique_hash) AS uniques
FROM hits WHERE site_id = ? GROUP BY path ORDER BY hits DESC, path
"""
_TOP_PAGES = 10
"""How many entry and exit pages are listed; the document's example shows two and states no number."""

_STEPS = """
SELECT id, visitor_hash, path, created_at, referrer, country, browser_name AS browser FROM hits
WHERE site_id = ? AND created_at >= ? AND created_at < ? AND visitor_hash IS NOT NULL
ORDER BY created_at, id
"""


def hits(call: Call) -> tuple[int, Body]:
    """Answer `GET /sites/:id/hits`, raw or grouped."""
    site, window = call.site(), call.window()
    grouped = call.choice("grouped", "false") == "true"
    by = call.choice("group_by", "path")  # the document requires none
    if by == "source" and Quirk.NO_SOURCE_GROUPS in call.quirks:
        raise refused(400, "Invalid group_by. Sources are not grouped")
    texts = {name: call.text(name) for name in ("country", "path", "referrer")}
    filters: Body = {**window.filters, **texts, "grouped": grouped}
    condition, values = _condition(site["id"], window, texts)
    if grouped:
        groups, pagination = _groups(call, by, condition, values, unique=by == "path" and bool(site["unique_tracking"]))
        return 200, {"grouped_hits": groups, "pagination": pagination, "filters": filters | {"group_by": by}}
    rows, pagination = call.stored("hits", condition, values)
    return 200, {"hits": [fields(row, HIT_FIELDS) for row in rows], "pagination": pagination, "filters": filters}


def kudos(call: Call) -> tuple[int, Body]:
    """Answer `GET /sites/:id/kudos`."""
    site, window = call.site(), call.window()
    texts = {name: call.text(name) for name in ("path", "uid")}
    rows, pagination = call.stored("kudos", *_condition(site["id"], window, texts))
    shown = [fields(row, KUDO_FIELDS) for row in rows]
    return 200, {"kudos": shown, "pagination": pagination, "filters": {**window.filters, **texts}}


def _condition(site_id: int, window: Window, texts: dict[str, str | None]) -> tuple[str, list[Value]]:
    parts = ["site_id = ?", "created_at >= ?", "created_at < ?"]
    values: list[Value] = [site_id, window.since, window.before]
    for name, value in texts.items():
        if value is not None:
            parts.append("instr(lower(referrer), lower(?)) > 0" if name == "referrer" else f"{name} = ?")
            values.append(value)
    return " AND ".join(parts), values


def _groups(call: Call, by: str, condition: str, values: list[Value], *, unique: bool) -> tuple[list[Body], Body]:
    """Return a page of groups, most hits first, then by value; `total_count` counts groups (field notes 6)."""
    # Column and condition are constants of this package; every value is bound.
    sql = (
        f"SELECT {by} AS value, COUNT(*) AS hits, {'COUNT(DISTINCT unique_hash)' if unique else '0'} AS uniques"  # noqa: S608
        f" FROM hits WHERE {condition} GROUP BY {by} ORDER BY hits DESC, value"
    )
    rows, pagination = call.listed(call.store.rows(sql, values), lambda group: group["value"])
    count = "views" if by == "path" else "hit_count"
    groups: list[Body] = [
        {by: row["value"], count: row["hits"]} | ({"unique_views": row["uniques"]} if unique else {}) for row in rows
    ]
    return groups, pagination


def leaderboard(call: Call) -> tuple[int, Body]:
    """Answer `GET /sites/:id/leaderboard`, counted at most once an hour.

    Percentages are of all hits of the site, whatever the filter.
    """
    site, part, now = call.site(), call.text("path"), call.seconds
    counted = call.store.rankings.get(site["id"])
    if counted is None or now >= counted[0] + _RANKING_SECONDS:
        counted = call.store.rankings[site["id"]] = (now, call.store.rows(_RANKING, (site["id"],)))
    cached_at, ranking = counted
    total = sum(row["hits"] for row in ranking)
    found = [row for row in ranking if part is None or part.casefold() in row["path"].casefold()]
    rows, pagination = call.listed(found)
    return 200, {
        "leaderboard": [
            {
                "path": row["path"],
                "total_hits": row["hits"],
                "unique_hits": row["uniques"],
                "percentage": round(100 * row["hits"] / total, 1),
            }
            for row in rows
        ],
        "site": fields(site, SITE_FIELDS),
        "pagination": pagination,
        "cache_info": {"cached_at": stamp(cached_at), "expires_at": stamp(cached_at + _RANKING_SECONDS)},
        "filters": {"path": part},
    }


def user_journeys(call: Call) -> tuple[int, Body]:
    """Answer `GET /sites/:id/user_journeys`; summary and insights are of the whole window, rows are one page.

    A journey is the steps of one visitor hash, which changes every 12 hours (field notes 13). A site without
    unique tracking stores no hashes, so it has no visitors.
    """
    site, window = call.site(), call.window()
    visitors: defaultdict[str, list[Row]] = defaultdict(list)
    for step in call.store.rows(_STEPS, (site["id"], window.since, window.before)):
        visitors[step["visitor_hash"]].append(step)
    journeys = sorted(visitors.values(), key=lambda journey: (journey[0]["created_at"], journey[0]["id"]), reverse=True)
    shown, pagination = call.listed(journeys, lambda journey: journey[0]["visitor_hash"])
    total = len(journeys)
    single = sum(len(journey) == 1 for journey in journeys)
    return 200, {
        "user_journeys": [_journey(steps) for steps in shown],
        "summary": {
            "total_visitors": total,
            "multi_page_visitors": total - single,
            "single_page_visitors": single,
            "bounce_rate": round(100 * single / total, 1) if total else 0.0,
        },
        "insights": {
            "top_entry_pages": _top(journey[0]["path"] for journey in journeys),
            "top_exit_pages": _top(journey[-1]["path"] for journey in journeys),
        },
        "pagination": pagination,
        "filters": window.filters,
    }


def _journey(steps: list[Row]) -> Body:
    first, last = steps[0], steps[-1]
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
        **fields(first, ("referrer", "country", "browser")),
    }


def _top(pages: Iterable[str]) -> list[Body]:
    ranked = sorted(Counter(pages).items(), key=lambda item: (-item[1], item[0]))
    return [{"path": path, "visitors": number} for path, number in ranked[:_TOP_PAGES]]
