"""get_user_journeys counts visitors of a whole window with one request, and never adds them up."""

from typing import Any

import httpx2 as httpx
import pytest
from support.client import MODES, NOW, Mode, connect, rows_of, text_of
from support.replies import HOSTILE, HTML, answering, assert_safe, paging, spoilt
from tinylytics_mcp.fake_api import FakeApi, Quirk

pytestmark = pytest.mark.anyio

JOURNEY: dict[str, Any] = {
    "visitor_hash": "v1a2b3",
    "page_count": 4,
    "first_hit": "2026-11-15T10:00:00Z",
    "last_hit": "2026-11-15T10:12:00Z",
    "duration_minutes": 12,
    "pages": [{"path": "/"}, {"path": "/blog"}, {"path": "/blog/hello-world"}, {"path": "/pricing"}],
    "entry_page": "/",
    "exit_page": "/pricing",
    "session_duration": 720,
    "referrer": "https://google.com",
    "country": "DE",
    "browser": "Firefox",
}
BODY: dict[str, Any] = {
    "user_journeys": [JOURNEY],
    "summary": {
        "total_visitors": 230,
        "multi_page_visitors": 95,
        "single_page_visitors": 135,
        "bounce_rate": 58.7,
    },
    "insights": {
        "top_entry_pages": [{"path": "/blog", "visitors": 45}, {"path": "/", "visitors": 120}],
        "top_exit_pages": [{"path": "/pricing", "visitors": 60}],
    },
    "pagination": paging(230, size=50),
}
DAYS = {"start_date": "2026-11-01", "end_date": "2026-11-20"}


def journeys_of(reply: Any) -> Any:
    """A service with one site whose journeys are this."""
    return answering({"/sites/456/user_journeys": reply})


@pytest.fixture(scope="module")
def fake_api() -> FakeApi:
    """An account with visitors."""
    return FakeApi(now=lambda: NOW, hits=4000, quirks=[Quirk.EXTRA_FIELDS])


def visits(fake_api: FakeApi) -> list[tuple[str, int]]:
    """First page and number of pages of each visitor hash of the days, counted from the hits."""
    found = fake_api.connection.execute(
        "SELECT visitor_hash, path FROM hits WHERE site_id = 456 AND visitor_hash IS NOT NULL "
        "AND date(created_at, 'unixepoch') BETWEEN :start_date AND :end_date ORDER BY created_at, id",
        DAYS,
    )
    pages: dict[str, list[str]] = {}
    for visitor, path in found:
        pages.setdefault(visitor, []).append(path)
    return [(paths[0], len(paths)) for paths in pages.values()]


@pytest.mark.parametrize("mode", MODES)
async def test_visitors_and_bounces_are_those_of_the_whole_window_from_one_request(
    fake_api: FakeApi, mode: Mode
) -> None:
    counted = visits(fake_api)
    async with connect(fake_api, mode=mode) as host:
        result = await host.call("get_user_journeys", site="456", **DAYS)
        asked = [request.url for request in host.wire.requests if request.url.path.endswith("user_journeys")]
    answer = result.structured_content
    assert answer is not None
    single = sum(pages == 1 for _, pages in counted)
    assert (answer["visitors"], answer["single_page_visitors"]) == (len(counted), single)
    assert answer["bounce_rate_percent"] == round(100 * single / len(counted), 1)
    assert (answer["first_day"], answer["last_day"], answer["days"]) == ("2026-11-01", "2026-11-20", 20)
    *entries, other = rows_of(answer["entry_pages"])
    assert [row["visitors"] for row in entries] == [
        sum(first == row["path"] for first, _ in counted) for row in entries
    ]
    assert sum(row["visitors"] for row in entries) + other["visitors"] == len(counted)
    assert [url.params["per_page"] for url in asked] == ["50"]
    text = text_of(result)
    assert f"“My Blog” had {len(counted)} visitors from 2026-11-01 to 2026-11-20" in text
    assert "not people, and never added up" in text
    assert any("not people" in note for note in answer["notes"])
    assert answer["complete"]
    assert_safe(result)


@pytest.mark.parametrize(("limit", "offset"), [(5, 0), (7, 7), (3, 4), (50, 30), (20, 45), (1, 49)])
async def test_rows_go_on_wherever_the_offset_stands(fake_api: FakeApi, limit: int, offset: int) -> None:
    async with connect(fake_api) as host:
        whole: list[Any] = []
        for start in range(0, 100, 25):
            page = await host.answer("get_user_journeys", site="456", limit=25, offset=start, **DAYS)
            whole += page["journeys"]["rows"]
        before = len(host.wire.requests)
        answer = await host.answer("get_user_journeys", site="456", limit=limit, offset=offset, **DAYS)
        assert len(host.wire.requests) - before <= 3
    rows = answer["journeys"]["rows"]
    assert rows == whole[offset : offset + len(rows)]
    assert answer["journeys"]["next_offset"] == offset + len(rows)
    assert 0 < len(rows) <= limit


async def test_an_order_that_is_not_that_of_time_is_said_to_be() -> None:
    fake_api = FakeApi(now=lambda: NOW, hits=1000, quirks=[Quirk.UNSORTED])
    async with connect(fake_api) as host:
        answer = await host.answer("get_user_journeys", site="456")
    assert any("not the newest" in note for note in answer["notes"])


async def test_more_than_730_days_are_refused_before_they_are_asked_for() -> None:
    async with connect(journeys_of(BODY)) as host:
        said = await host.error("get_user_journeys", start_date="2024-11-01", end_date="2026-11-20")
        assert "at most 730 days" in said
        assert "750" in said
        assert [request.url.path for request in host.wire.requests] == ["/api/v1/sites"]
        answer = await host.answer("get_user_journeys", start_date="2024-11-21", end_date="2026-11-20")
    assert answer["days"] == 730


async def test_a_site_without_visitor_tracking_explains_itself() -> None:
    async with connect(FakeApi(now=lambda: NOW, hits=1000)) as host:
        answer = await host.answer("get_user_journeys", site="457")
    assert (answer["visitors"], answer["bounce_rate_percent"]) == (0, None)
    assert "visitor tracking is off" in answer["notes"][1]
    assert "summarize_traffic" in answer["next_step"]


async def test_a_row_shows_the_way_in_short() -> None:
    way = [{"path": f"/{n}"} for n in range(9)]
    rows = [
        JOURNEY,
        {**JOURNEY, "visitor_hash": "b2", "pages": way, "page_count": 9},
        {**JOURNEY, "visitor_hash": "c3", "pages": way[:1], "page_count": 1},
    ]
    async with connect(journeys_of({**BODY, "user_journeys": rows})) as host:
        answer = await host.answer("get_user_journeys")
    assert [row["pages"] for row in rows_of(answer["journeys"])] == [
        "/ → /blog → /blog/hello-world → /pricing",
        "/0 → /1 → /2 → … 5 more → /8",
        "/0",
    ]
    assert answer["journeys"]["rows"][0][2:] == [720, "google.com", "DE", "Firefox"]
    assert answer["entry_pages"]["rows"] == [["/", 120, 52.2], ["/blog", 45, 19.6], ["other", 65, 28.3]]


@pytest.mark.parametrize("reply", [{"summary": {}}, {"summary": {"total_visitors": None}, "user_journeys": []}])
async def test_what_the_service_does_not_say_is_not_zero(reply: Any) -> None:
    async with connect(journeys_of({**BODY, **reply})) as host:
        answer = await host.answer("get_user_journeys")
    assert answer["visitors"] is answer["bounce_rate_percent"] is None
    assert not answer["complete"]
    assert "does not say how many visitors" in answer["headline"]


async def test_a_journey_of_nulls_is_shown_as_unknown() -> None:
    nulls = {**dict.fromkeys(JOURNEY), "pages": [{"path": None}]}
    async with connect(journeys_of({**BODY, "user_journeys": [nulls, {}]})) as host:
        answer = await host.answer("get_user_journeys", period="this_month")
    assert answer["journeys"]["rows"] == [
        ["unknown", "none", None, "direct", "unknown", "unknown"],
        ["unknown", "unknown", None, "direct", "unknown", "unknown"],
    ]
    assert "2026-11-23 is today and not over yet" in answer["notes"]


async def test_few_visitors_are_marked_as_small_numbers() -> None:
    async with connect(journeys_of({**BODY, "summary": {"total_visitors": 9, "bounce_rate": 50}})) as host:
        answer = await host.answer("get_user_journeys")
    assert any("small numbers" in note for note in answer["notes"])
    assert "other" not in [row["path"] for row in rows_of(answer["entry_pages"])]


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (HTML, "did not accept the API key"),
        (httpx.Response(500), "status 500"),
        ({**BODY, "summary": 1}, "at: summary"),
    ],
)
async def test_a_failing_service_is_an_error(reply: Any, words: str) -> None:
    async with connect(journeys_of(reply)) as host:
        assert words in await host.error("get_user_journeys")


@pytest.mark.parametrize("text", HOSTILE)
async def test_no_text_of_a_visitor_breaks_out(text: str) -> None:
    rows = [{**JOURNEY, "visitor_hash": f"{n:02x}"} for n in range(50)]
    reply = spoilt({**BODY, "user_journeys": rows}, text, keep=("first_hit", "last_hit", "visitor_hash"))
    async with connect(journeys_of(reply)) as host:
        for arguments in ({}, {"limit": 50}):
            result = await host.call("get_user_journeys", **arguments)
            assert not result.is_error, text_of(result)
            assert_safe(result)


@pytest.mark.parametrize("longest", [720, 43_200, 43_201, 200_000])
async def test_bounce_rates_are_not_compared_where_hashes_outlive_12_hours(longest: int) -> None:
    rows = [JOURNEY, {**JOURNEY, "visitor_hash": "b2", "session_duration": longest}]
    async with connect(journeys_of({**BODY, "user_journeys": rows})) as host:
        result = await host.call("get_user_journeys")
    answer = result.structured_content
    assert answer is not None
    told = [note for note in answer["notes"] if "not comparable" in note]
    assert len(told) == (longest > 12 * 3600)
    assert all(f"lasts {longest} s" in note and f"note: {note}" in text_of(result) for note in told)
    assert any("rotate every 12 hours" in note for note in answer["notes"]) == (not told)


async def test_a_long_journey_counts_though_it_is_not_among_those_shown() -> None:
    rows = [{**JOURNEY, "visitor_hash": f"{n}", "session_duration": 90_000 if n == 49 else 60} for n in range(50)]
    async with connect(journeys_of({**BODY, "user_journeys": rows})) as host:
        answer = await host.answer("get_user_journeys")
        assert len(host.wire.requests) == 2
    assert len(answer["journeys"]["rows"]) == 5
    assert any("lasts 90000 s" in note and "not comparable" in note for note in answer["notes"])
