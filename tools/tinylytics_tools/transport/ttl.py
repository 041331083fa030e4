"""How long an answer may be used again, from its address and, where the API gives a hint, from its body."""

import json
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx2 as httpx

MINUTE_S = 60.0
FIVE_MINUTES_S = 300.0
HOUR_S = 3600.0
WEEK_S = 7 * 86_400.0

CLOCKS_DIFFER = timedelta(hours=1)
"""A day of UTC is over for sure when this machine's clock, which may be wrong, says so by an hour."""
LAST_ZONE = timedelta(hours=12)
"""The account's zone is not named by the API (field notes 16); nowhere does a day end later than 12 h after UTC's."""
LONGEST_HINT_S = HOUR_S

_OF_A_SITE = re.compile(r"/sites/\d+/(\w+)$")
_SITES_OR_ACCOUNT = re.compile(r"/(sites|sites/\d+|me)$")
_HINTS = {"leaderboard": ("cache_info", "expires_at"), "uptime": ("monitor", "next_check_at")}


def ttl_s(url: httpx.URL, body: bytes, now: datetime) -> float:
    """Seconds that an answer of status 200 stays as good as a new one.

    A window whose last day is over everywhere does not change any more: hits cannot be back-dated (field notes 22), and
    a kudo deleted elsewhere shows within the week. With `time_zone=user` the last day may still run for
    hours in the account's zone, so it counts as over half a day later. A window up to today, and what has no dates,
    lives a minute; the leaderboard and the monitor for as long as they say themselves, an hour at most.
    """
    what = _OF_A_SITE.search(url.path)
    if what is not None:
        if what[1] in _HINTS:
            return _hint_s(body, *_HINTS[what[1]], now=now)
        return WEEK_S if _is_over(url.params, now) else MINUTE_S
    if _SITES_OR_ACCOUNT.search(url.path):
        return FIVE_MINUTES_S
    return HOUR_S if url.path.endswith(("/", "/openapi.json")) else MINUTE_S


def _is_over(params: httpx.QueryParams, now: datetime) -> bool:
    try:
        last = date.fromisoformat(params.get("end_date", ""))
    except ValueError:
        return False
    late = CLOCKS_DIFFER + (LAST_ZONE if params.get("time_zone", "utc") != "utc" else timedelta())
    return last < (now - late).date()


def _hint_s(body: bytes, part: str, name: str, *, now: datetime) -> float:
    try:
        found: Any = json.loads(body)[part][name]
        until = datetime.fromisoformat(found)
    except (ValueError, TypeError, LookupError, RecursionError):
        return MINUTE_S
    left = (until if until.tzinfo else until.replace(tzinfo=UTC)) - now
    return min(left.total_seconds(), LONGEST_HINT_S) if left > timedelta() else MINUTE_S
