"""Visitors and the pages they went through, made from the hits (API document, `GET /sites/:id/user_journeys`)."""

from collections import Counter, defaultdict
from sqlite3 import Row

from tinylytics_mcp.fake_api.call import Body, Call
from tinylytics_mcp.fake_api.parameters import Window
from tinylytics_mcp.fake_api.quirks import Quirk, scrambled
from tinylytics_mcp.fake_api.store import Store, stamp

_TOP_PAGES = 10
"""How many entry and exit pages are listed; the document's example shows two and states no number."""

_STEPS = """
SELECT id, visitor_hash, path, created_at FROM hits
WHERE site_id = ? AND created_at >= ? AND created_at < ? AND visitor_hash IS NOT NULL
ORDER BY created_at, id
"""


_Journey = list[Row]
"""The steps of one visitor hash inside the window, never none; the hash changes every 12 hours (field notes 13)."""


def user_journeys(call: Call) -> tuple[int, Body]:
    """`GET /sites/:id/user_journeys`; summary and insights are of the whole window, rows are one page.

    A site without unique tracking stores no visitor hashes, so nobody is known to have come: zero visitors.
    """
    site = call.site()
    window, page = call.window(), call.page()
    journeys = _journeys(call.store, site["id"], window)
    total = len(journeys)
    single = sum(len(journey) == 1 for journey in journeys)
    if Quirk.UNSORTED in call.quirks:
        journeys = scrambled(journeys, lambda journey: journey[0]["visitor_hash"])
    else:
        journeys.sort(key=lambda journey: (journey[0]["created_at"], journey[0]["id"]), reverse=True)
    return 200, {
        "user_journeys": [_row(call.store, journey) for journey in journeys[page.offset : page.offset + page.size]],
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


def _journeys(store: Store, site_id: int, window: Window) -> list[_Journey]:
    journeys: defaultdict[str, _Journey] = defaultdict(list)
    for step in store.rows(_STEPS, (site_id, window.since, window.before)):
        journeys[step["visitor_hash"]].append(step)
    return list(journeys.values())


def _row(store: Store, journey: _Journey) -> Body:
    first, last = journey[0], journey[-1]
    origin = store.rows("SELECT referrer, country, browser_name FROM hits WHERE id = ?", (first["id"],))[0]
    seconds = last["created_at"] - first["created_at"]
    return {
        "visitor_hash": first["visitor_hash"],
        "page_count": len(journey),
        "first_hit": stamp(first["created_at"]),
        "last_hit": stamp(last["created_at"]),
        "duration_minutes": round(seconds / 60),
        "pages": [{"path": step["path"]} for step in journey],
        "entry_page": first["path"],
        "exit_page": last["path"],
        "session_duration": seconds,
        "referrer": origin["referrer"],
        "country": origin["country"],
        "browser": origin["browser_name"],
    }


def _top(visitors: Counter[str]) -> list[Body]:
    ranked = sorted(visitors.items(), key=lambda item: (-item[1], item[0]))
    return [{"path": path, "visitors": number} for path, number in ranked[:_TOP_PAGES]]
