"""Closed windows live a week, running ones a minute, and the API's own hints are taken."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2 as httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.network import BASE_URL, endpoint_of
from tinylytics_tools.leaderboard import LEADERBOARD
from tinylytics_tools.replies import JsonReply, Reply
from tinylytics_tools.uptime import UPTIME

MINUTE, HOUR, WEEK = 60, 3600, 604_800
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def lives(path: str, reply: Reply | None = None, now: datetime = NOON) -> float:
    url = httpx.URL(BASE_URL + path)
    endpoint = endpoint_of("GET", url.path.removeprefix("/api/v1"))
    return endpoint.ttl(dict(url.params), reply or JsonReply(body={}), now)


@pytest.mark.parametrize(
    ("path", "seconds"),
    [
        ("/", HOUR),
        ("/openapi.json", HOUR),
        ("/me", 300),
        ("/sites", 300),
        ("/sites/456", 300),
        ("/sites/456/hits", MINUTE),
        ("/sites/456/hits?start_date=2026-01-01", MINUTE),
        ("/sites/456/kudos?end_date=2026-11-22", WEEK),
        ("/sites/456/user_journeys?start_date=2024-01-01&end_date=2024-02-01", WEEK),
        ("/sites/456/hits?end_date=2026-11-23", MINUTE),
        ("/sites/456/hits?end_date=2027-01-01", MINUTE),
        ("/sites/456/hits?end_date=yesterday", MINUTE),
        ("/sites/456/insights", MINUTE),
        ("/sites/456/content", MINUTE),
    ],
)
def test_what_an_address_alone_says(path: str, seconds: float) -> None:
    assert lives(path) == seconds


@pytest.mark.parametrize(
    ("now", "zone", "over"),
    [
        ("2026-11-22T23:59", "utc", False),
        ("2026-11-23T00:30", "utc", False),  # this clock may be fast
        ("2026-11-23T01:00", "utc", True),
        ("2026-11-23T12:59", "user", False),  # in the last zone it is a quarter past midnight at best
        ("2026-11-23T13:00", "user", True),
    ],
)
def test_a_day_is_over_when_it_is_over_everywhere_and_by_any_clock(now: str, zone: str, over: bool) -> None:  # noqa: FBT001
    seconds = lives(f"/sites/456/hits?end_date=2026-11-22&time_zone={zone}", now=datetime.fromisoformat(f"{now}Z"))
    assert (seconds == WEEK) is over


@given(
    hours=st.integers(0, 24 * 800),
    zone=st.timedeltas(timedelta(hours=-12), timedelta(hours=14)),
    back=st.integers(-2, 3),
)
def test_a_window_that_lives_a_week_has_ended_in_the_users_zone_whichever_it_is(
    hours: int, zone: timedelta, back: int
) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=hours)
    end = now.date() - timedelta(days=back)
    if lives(f"/sites/1/hits?end_date={end}&time_zone=user", now=now) == WEEK:
        assert end < (now + zone).date()
    else:
        assert back < 2


@pytest.mark.parametrize(
    ("hint", "seconds"),
    [
        ("2026-11-23T12:20:00Z", 1200),
        ("2026-11-23T14:20:00+02:00", 1200),
        ("2026-11-23T12:20:00", 1200),
        ("2026-11-23T12:00:05Z", 5),
        ("2026-11-24T12:00:00Z", HOUR),
        ("2026-11-23T12:00:00Z", MINUTE),
        ("2020-01-01T00:00:00Z", MINUTE),
        (None, MINUTE),
        ("soon", MINUTE),
    ],
)
def test_the_leaderboard_and_the_monitor_live_as_long_as_they_say_and_no_longer_than_an_hour(
    hint: str | None, seconds: float
) -> None:
    pagination = {"current_page": 1, "total_pages": 1, "total_count": 0, "per_page": 100}
    board: dict[str, Any] = {"leaderboard": [], "pagination": pagination, "cache_info": {"expires_at": hint}}
    assert lives("/sites/456/leaderboard?page=1", LEADERBOARD.reply.model_validate(board)) == seconds
    monitored: dict[str, Any] = {
        "monitor": {"enabled": True, "next_check_at": hint},
        "downtimes": [],
        "pagination": pagination,
    }
    assert lives("/sites/456/uptime", UPTIME.reply.model_validate(monitored)) == seconds


@pytest.mark.parametrize("name", ["leaderboard", "uptime"])
def test_a_reply_without_the_hint_lives_a_minute(name: str) -> None:
    pagination = {"current_page": 1, "total_pages": 1, "total_count": 0, "per_page": 100}
    body: dict[str, Any] = {"leaderboard": [], "monitor": None, "downtimes": [], "pagination": pagination}
    reply = (LEADERBOARD if name == "leaderboard" else UPTIME).reply.model_validate(body)
    assert lives(f"/sites/456/{name}", reply) == MINUTE
