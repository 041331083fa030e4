"""Dates, zones, pages and other query parameters: defaults, limits and errors that name the parameter."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from support.fake_api import MAIN, ask, epoch, made

pytestmark = pytest.mark.anyio

WINDOWED = ["hits", "kudos", "user_journeys"]
PAGED = {"hits": 1000, "kudos": 1000, "leaderboard": 1000, "user_journeys": 50, "insights": 50, "uptime": 100}


@pytest.mark.parametrize("endpoint", WINDOWED)
async def test_the_default_is_31_days_in_the_zone_asked_for(endpoint: str) -> None:
    fake_api = made(hits=0, now=datetime(2026, 2, 14, 3, 0, tzinfo=UTC))
    utc = (await ask(fake_api, f"{MAIN}/{endpoint}")).json()["filters"]
    assert (utc["start_date"], utc["end_date"], utc["time_zone"]) == ("2026-01-15", "2026-02-14", "utc")
    user = (await ask(fake_api, f"{MAIN}/{endpoint}?time_zone=user")).json()["filters"]
    assert (user["start_date"], user["end_date"], user["time_zone"]) == ("2026-01-14", "2026-02-13", "user")


@pytest.mark.parametrize("endpoint", WINDOWED)
@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("start_date=2026-02-30", "start_date"),
        ("start_date=20260201", "start_date"),
        ("start_date=2026-W05-1", "start_date"),
        ("start_date=2026-1-1", "start_date"),
        ("start_date=٢٠٢٦-01-01", "start_date"),
        ("end_date=yesterday", "end_date"),
        ("end_date=9999-12-31", "end_date"),
        ("end_date=2026-01-01T00:00:00Z", "end_date"),
        ("start_date=2026-02-02&end_date=2026-02-01", "start_date"),
        ("end_date=2025-01-01", "start_date"),
        ("time_zone=UTC", "time_zone"),
        ("time_zone=Europe/Berlin", "time_zone"),
    ],
)
async def test_a_wrong_window_is_400(endpoint: str, query: str, named: str) -> None:
    response = await ask(made(hits=0), f"{MAIN}/{endpoint}?{query}")
    assert response.status_code == 400
    assert named in response.json()["error"]


@pytest.mark.parametrize(("start", "status"), [("2024-02-16", 200), ("2024-02-15", 400)])
async def test_at_most_730_days_with_both_ends(start: str, status: int) -> None:
    response = await ask(made(hits=0), f"{MAIN}/hits?start_date={start}&end_date=2026-02-14")
    assert response.status_code == status
    assert status == 200 or "730" in response.json()["error"]


@pytest.mark.parametrize("endpoint", PAGED)
@pytest.mark.parametrize("query", ["page=0", "page=-1", "page=x", "per_page=0", "per_page=1.5", "page=²"])
async def test_a_wrong_page_is_400(endpoint: str, query: str) -> None:
    response = await ask(made(hits=0), f"{MAIN}/{endpoint}?{query}")
    assert response.status_code == 400
    assert query.split("=")[0] in response.json()["error"]


@pytest.mark.parametrize(("endpoint", "most"), PAGED.items())
async def test_the_largest_page(endpoint: str, most: int) -> None:
    fake_api = made(hits=0)
    fits = await ask(fake_api, f"{MAIN}/{endpoint}?per_page={most}")
    assert fits.json()["pagination"]["per_page"] == most
    over = await ask(fake_api, f"{MAIN}/{endpoint}?per_page={most + 1}")
    assert (over.status_code, "per_page" in over.json()["error"]) == (400, True)


@pytest.mark.parametrize("endpoint", PAGED)
async def test_a_page_after_the_last_is_empty(endpoint: str) -> None:
    reply = (await ask(made(hits=0), f"{MAIN}/{endpoint}?page={10**18 - 1}")).json()
    assert [] in reply.values()
    assert reply["pagination"]["current_page"] == 10**18 - 1


@pytest.mark.parametrize(
    ("endpoint", "default"),
    [("hits", 100), ("kudos", 100), ("leaderboard", 100), ("user_journeys", 50), ("insights", 50), ("uptime", 100)],
)
async def test_the_usual_page(endpoint: str, default: int) -> None:
    pagination = (await ask(made(hits=0), f"{MAIN}/{endpoint}")).json()["pagination"]
    assert (pagination["current_page"], pagination["per_page"]) == (1, default)


@pytest.mark.parametrize(
    ("query", "named"),
    [("grouped=true&group_by=city", "group_by"), ("group_by=Path", "group_by"), ("grouped=yes", "grouped")],
)
async def test_a_wrong_grouping_is_400(query: str, named: str) -> None:
    response = await ask(made(hits=0), f"{MAIN}/hits?{query}")
    assert (response.status_code, named in response.json()["error"]) == (400, True)


async def test_an_empty_parameter_is_the_same_as_none() -> None:
    filters = (await ask(made(hits=0), f"{MAIN}/hits?path=&country=&referrer=&start_date=&page=&time_zone=")).json()[
        "filters"
    ]
    assert (filters["path"], filters["country"], filters["referrer"]) == (None, None, None)


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-03-07", 24), ("2026-03-08", 23), ("2025-11-02", 25), ("2025-11-03", 24)]
)
async def test_days_of_the_account_zone_have_the_length_of_its_clock(day: str, hours: int) -> None:
    """One hit every quarter of an hour around a change of summer time, counted by Python's own calendar."""
    fake_api = made(hits=0, now=datetime(2026, 4, 1, tzinfo=UTC))
    first = epoch(*(int(part) for part in day.split("-"))) - 2 * 86_400
    moments = range(first, first + 5 * 86_400, 900)
    fake_api.add_hits(456, [{"created_at": moment} for moment in moments])
    zone = ZoneInfo("America/New_York")
    expected = sum(datetime.fromtimestamp(moment, zone).date().isoformat() == day for moment in moments)
    query = f"start_date={day}&end_date={day}&time_zone=user&per_page=1"
    counted = (await ask(fake_api, f"{MAIN}/hits?{query}")).json()["pagination"]["total_count"]
    assert counted == expected == 4 * hours


async def test_a_window_has_both_of_its_midnights_right() -> None:
    fake_api = made(hits=0)
    edges = [epoch(2026, 2, 1), epoch(2026, 2, 3) - 1]
    outside = [edges[0] - 1, edges[1] + 1]
    fake_api.add_hits(456, [{"path": "/in", "created_at": moment} for moment in edges])
    fake_api.add_hits(456, [{"path": "/out", "created_at": moment} for moment in outside])
    hits = (await ask(fake_api, f"{MAIN}/hits?start_date=2026-02-01&end_date=2026-02-02")).json()["hits"]
    assert [hit["path"] for hit in hits] == ["/in", "/in"]


async def test_single_days_add_up_to_the_window() -> None:
    fake_api = made()
    days = [(datetime(2026, 2, 1, tzinfo=UTC) + timedelta(days=n)).date().isoformat() for n in range(10)]
    for zone in ("utc", "user"):
        counts = [
            (await ask(fake_api, f"{MAIN}/hits?start_date={start}&end_date={end}&time_zone={zone}")).json()[
                "pagination"
            ]
            for start, end in [(day, day) for day in days] + [(days[0], days[-1])]
        ]
        totals = [pagination["total_count"] for pagination in counts]
        assert sum(totals[:-1]) == totals[-1] > 0
