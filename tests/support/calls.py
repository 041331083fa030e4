"""The calls that the rules of ANSWERS are held against: every tool by its defaults, and in its other forms."""

from typing import Any

MAIN = {"site": "1"}

CALLS: dict[str, list[dict[str, Any]]] = {
    "get_overview": [{}, {"period": "this_week"}, {"period": "this_month"}],
    "summarize_traffic": [
        MAIN,
        MAIN | {"period": "this_month", "time_zone": "user"},
        MAIN | {"period": "all_time"},
        MAIN | {"path": "/about", "limit": 50},
        MAIN | {"country": "DE", "period": "yesterday"},
        MAIN | {"referrer": "t.co"},
    ],
    "rank_traffic": [
        MAIN | {"dimension": dimension}
        for dimension in (
            "path",
            "referrer",
            "link",
            "channel",
            "country",
            "browser",
            "platform",
            "source",
            "device",
            "hour",
            "weekday",
        )
    ]
    + [
        MAIN | {"dimension": "path", "limit": 50, "period": "last_90_days"},
        MAIN | {"dimension": "referrer", "limit": 50, "offset": 20},
        MAIN | {"dimension": "path", "search": "nothing-has-this-name"},
        MAIN | {"dimension": "link", "limit": 50, "sort": "change"},
        MAIN | {"dimension": "channel", "referrer": "t.co"},
        MAIN | {"dimension": "path", "period": "this_month", "search": "blog", "exclude": "/blog/the*"},
        MAIN | {"dimension": "referrer", "period": "this_year", "compare": "previous_year", "limit": 50},
    ],
    "explain_change": [
        MAIN,
        MAIN | {"period": "yesterday"},
        MAIN | {"period": "last_month", "compare": "previous_year", "limit": 50},
        {"site": "2"},
    ],
    "list_hits": [MAIN, MAIN | {"limit": 50, "offset": 30}, MAIN | {"path": "/nowhere"}],
    "get_user_journeys": [
        MAIN,
        MAIN | {"limit": 50},
        MAIN | {"referrer": "news.ycombinator.com", "period": "last_7_days"},
        MAIN | {"entry": "/", "limit": 50},
        MAIN | {"page": "/about", "entry": "/nowhere"},
    ],
    "get_leaderboard": [MAIN, MAIN | {"limit": 50, "path": "BLOG"}, MAIN | {"path": "/blog,/about"}],
    "list_kudos": [
        MAIN,
        MAIN | {"period": "all_time", "limit": 50},
        MAIN | {"period": "all_time", "sort": "rate", "least_views": 0, "limit": 50},
        MAIN | {"search": "blog,nothing-has-this-name", "end_date": "2026-11-01", "sort": "oldest"},
        {"site": "all", "period": "all_time"},
    ],
    "create_kudo": [MAIN | {"path": "/hello", "dry_run": True}, MAIN | {"path": "/hello"}],
    "delete_kudo": [MAIN | {"uid": "test-kudo-1"}, MAIN | {"uids": ["test-kudo-1", "none-has-this"], "confirm": "1-2"}],
    "create_hit": [MAIN | {"path": "/hello", "dry_run": True}, MAIN | {"path": "/hello", "ip_address": "8.8.8.8"}],
    "create_hits": [
        MAIN | {"hits": [{"path": "/a"}, {"path": "/wp-admin/x"}]},
        MAIN | {"hits": [{"path": f"/{n}"} for n in range(250)], "dry_run": True},
    ],
    "get_insights": [MAIN, MAIN | {"limit": 50}, {"site": "2"}],
    "check_health": [{}, MAIN],
    "get_uptime": [MAIN, MAIN | {"limit": 50}, {"site": "3"}],
    "get_content_status": [MAIN, MAIN | {"limit": 50}, MAIN | {"status": 404}, {"site": "all"}],
    "list_sites": [{}],
    "get_site": [MAIN],
    "get_account": [{}],
    "get_api_info": [{}],
    "get_openapi": [{}, {"operation": "GET /sites/{id}/hits"}],
}
"""Sites of the stand-in go by 1, 2 and 3 here; `numbered` gives them their ids."""


def numbered(ids: list[int]) -> list[tuple[str, dict[str, Any]]]:
    """All calls with the ids of the account's sites in their order."""
    named = {str(place): str(number) for place, number in enumerate(ids, start=1)}
    return [
        (tool, {name: named.get(value, value) if name == "site" else value for name, value in arguments.items()})
        for tool, calls in CALLS.items()
        for arguments in calls
    ]
