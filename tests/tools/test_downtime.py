"""get_uptime adds the outages of 30 days up, and says where they contradict the uptime per cent."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.client import MODES, NOW, Mode, connect, text_of
from support.properties import examples
from support.replies import answering, assert_safe, paging
from tinylytics_mcp.fake_api import FakeApi, Quirk
from tinylytics_tools import downtime

pytestmark = pytest.mark.anyio

MONTH_S = 30 * 86_400


def at(seconds_ago: float) -> str:
    """The time so many seconds ago, as the API writes it."""
    return f"{NOW - timedelta(seconds=seconds_ago):%Y-%m-%dT%H:%M:%SZ}"


def outage(number: int, began_ago: float, ended_ago: float | None, **more: Any) -> dict[str, Any]:
    """An outage by the seconds since it began and ended."""
    ended = None if ended_ago is None else at(ended_ago)
    return {"id": number, "started_at": at(began_ago), "ended_at": ended, "ongoing": ended_ago is None, **more}


def uptime_of(*outages: dict[str, Any], total: int | None = None, summary: Any = None, **monitor: Any) -> Any:
    """A service with one site, these outages and this monitor."""
    reply: dict[str, Any] = {
        "monitor": {"enabled": True, "is_down": False, "created_at": "2025-06-01T12:00:00Z", **monitor},
        "downtimes": list(outages),
        "pagination": paging(len(outages) if total is None else total),
        "summary": summary,
    }
    return answering({"/sites/456/uptime": reply})


async def both_halves(service: Any) -> tuple[dict[str, Any], str]:
    """The answer as structured content and as text, after what both must have."""
    async with connect(service) as host:
        result = await host.call("get_uptime")
    assert result.structured_content is not None, text_of(result)
    assert_safe(result)
    return result.structured_content, text_of(result)


def seconds_in(fake_api: FakeApi, site: int) -> int:
    """The downtime of the last 30 days in the database, where no two outages are at the same time."""
    within = "MAX(0, IFNULL(ended_at, :now) - MAX(started_at, :now - :month))"
    return fake_api.connection.execute(
        f"SELECT SUM({within}) FROM downtimes WHERE site_id = :site",  # noqa: S608 - no value of anybody's
        {"now": int(NOW.timestamp()), "month": MONTH_S, "site": site},
    ).fetchone()[0]


def in_text(text: str, name: str) -> str:
    """The value of a field in the text half."""
    found = re.search(rf"^{name}: (.*)$", text, re.MULTILINE)
    assert found
    return found[1]


@pytest.mark.parametrize("quirks", [[], [Quirk.UNSORTED, Quirk.EXTRA_FIELDS]])
@pytest.mark.parametrize("mode", MODES)
async def test_downtime_of_30_days_is_not_left_to_be_added_up_from_the_rows(mode: Mode, quirks: list[Quirk]) -> None:
    fake_api = FakeApi(now=lambda: NOW, hits=0, quirks=quirks)
    counted = seconds_in(fake_api, 456)
    expiry = fake_api.connection.execute(
        "SELECT ssl_expires_at, domain_expires_at FROM monitors WHERE site_id = 456"
    ).fetchone()
    async with connect(fake_api, mode=mode) as host:
        result = await host.call("get_uptime", site="456")
    answer, text = result.structured_content, text_of(result)
    assert answer is not None
    assert answer["downtime_30_days_s"] == int(in_text(text, "downtime_30_days_s")) == counted
    dates = [datetime.fromtimestamp(moment, UTC).date().isoformat() for moment in expiry]
    assert [answer["ssl_expires"], answer["domain_expires"]] == dates
    assert [in_text(text, "ssl_expires"), in_text(text, "domain_expires")] == dates
    assert all(f"on {day}" in answer["headline"] for day in dates)
    assert not [note for note in answer["notes"] if "contradict" in note]
    assert f"down for {downtime.in_words(counted)} in the last 30 days" in answer["headline"]


async def test_downtime_of_a_monitor_younger_than_30_days_is_not_read_as_that_of_30_days() -> None:
    fake_api = FakeApi(now=lambda: NOW, hits=0)
    async with connect(fake_api) as host:
        answer = await host.answer("get_uptime", site="458")
    assert answer["downtime_30_days_s"] is None
    (note,) = answer["notes"]
    assert "monitored only since" in note
    assert f"the outages listed are {downtime.in_words(seconds_in(fake_api, 458))} of it" in note


async def test_99_95_per_cent_beside_90_minutes_of_outages_is_not_read_without_the_contradiction() -> None:
    answer, text = await both_halves(uptime_of(outage(1, 9000, 3600), uptime=99.95, period="30d"))
    (note,) = answer["notes"]
    allowed, told = (int(number) for number in re.findall(r"(\d+) s", note))
    assert allowed == round(MONTH_S * 0.05 / 100) == 1296
    assert told == answer["downtime_30_days_s"] == int(in_text(text, "downtime_30_days_s")) == 5400
    assert f"note: {note}" in text
    assert "99.95 % uptime over 30d; down for 1 h 30 min in the last 30 days" in answer["headline"]


async def test_a_low_per_cent_without_outages_is_not_read_as_no_downtime() -> None:
    answer, _ = await both_halves(uptime_of(uptime=95.0, period="30d"))
    assert answer["downtime_30_days_s"] == 0
    assert re.findall(r"(\d+) s", answer["notes"][0]) == [str(MONTH_S // 20), "0"]


@pytest.mark.parametrize(("percent", "period"), [(99.79, "30d"), (99.0, "7d"), (99.0, None), (None, "30d")])
async def test_a_rounded_per_cent_or_one_of_other_days_is_no_contradiction(
    percent: float | None, period: str | None
) -> None:
    answer, _ = await both_halves(uptime_of(outage(1, 9000, 3600), uptime=percent, period=period))
    assert (answer["downtime_30_days_s"], answer["notes"]) == (5400, [])


async def test_an_outage_that_began_before_the_30_days_counts_only_within_them() -> None:
    answer, _ = await both_halves(
        uptime_of(outage(1, MONTH_S + 500, MONTH_S - 100), outage(2, MONTH_S + 900, MONTH_S + 600))
    )
    assert answer["downtime_30_days_s"] == 100


async def test_an_outage_that_goes_on_counts_until_now() -> None:
    answer, _ = await both_halves(uptime_of(outage(1, 700, None), is_down=True))
    assert answer["downtime_30_days_s"] == 700


async def test_an_end_that_is_told_as_a_duration_is_an_end() -> None:
    answer, _ = await both_halves(uptime_of(outage(1, 700, None, ongoing=False, duration=300)))
    assert answer["downtime_30_days_s"] == 300


RUNNING = outage(1, 700, None)
PAST = outage(1, 9000, 3600)


@pytest.mark.parametrize(
    ("service", "why", "listed"),
    [
        (uptime_of(PAST, total=3), "counts 3 outages and lists 1", 5400),
        (uptime_of(PAST, summary={"total_downtimes": 2}), "counts 2 outages and lists 1", 5400),
        (uptime_of(PAST, auto_paused=True), "paused the monitor", 5400),
        (uptime_of(PAST, is_down=None), "does not say", 5400),
        (uptime_of({**RUNNING, "ongoing": False}), "the end of an outage is not told", 0),
        (uptime_of(PAST, is_down=True), "the outage that is going on is not listed", 5400),
        (uptime_of(RUNNING), "the site is up, and an outage is listed as going on", 700),
        (uptime_of(PAST, created_at=at(86_400)), "monitored only since 2026-11-22T09:30:00Z", 5400),
    ],
)
async def test_downtime_that_is_not_known_is_null_with_the_reason_and_never_zero(
    service: Any, why: str, listed: int
) -> None:
    answer, text = await both_halves(service)
    assert answer["downtime_30_days_s"] is None
    assert in_text(text, "downtime_30_days_s") == "unknown"
    (note,) = [note for note in answer["notes"] if note.startswith("downtime of the last 30 days is not known")]
    assert why in note
    assert f"the outages listed are {downtime.in_words(listed)} of it" in note
    assert "in the last 30 days" not in answer["headline"]
    assert not [note for note in answer["notes"] if "contradict" in note]


async def test_a_counter_above_the_outages_that_are_listed_makes_the_answer_incomplete() -> None:
    answer, _ = await both_halves(uptime_of(PAST, summary={"total_downtimes": 3}))
    assert (answer["complete"], answer["downtimes_in_all"], answer["downtimes"]["of"]) == (False, 3, 1)
    assert "only 1 of 3 outages were read" in answer["notes"][0]


@pytest.mark.parametrize(("stated", "told"), [(3, [3, 1]), (0, [0, 1]), (1, []), (2, []), (None, [])])
async def test_a_counter_of_30_days_that_the_list_does_not_bear_out_is_not_read_alone(
    stated: int | None, told: list[int]
) -> None:
    at_the_edge = outage(2, MONTH_S + 3600, MONTH_S + 600)
    summary = {"total_downtimes": 2, "recent_downtimes_30_days": stated}
    answer, _ = await both_halves(uptime_of(PAST, at_the_edge, summary=summary))
    assert answer["downtimes_in_30_days"] == stated
    found = [re.findall(r"(\d+) as", note) for note in answer["notes"]]
    assert found == ([[str(count) for count in told]] if told else [])


async def test_a_partial_outage_is_not_read_as_a_whole_one() -> None:
    answer, _ = await both_halves(uptime_of({**PAST, "partial": True}, outage(2, 2 * MONTH_S, MONTH_S, partial=True)))
    assert answer["notes"] == ["1 outage of the last 30 days marked as partial by the service"]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"ssl": {"valid": False, "days_until_expiry": 90}}, "certificate not valid"),
        ({"ssl": {"expired": True}}, "certificate expired"),
        ({"domain": {"expiring_soon": True}}, "domain expires soon"),
        ({"domain": {"expires_at": "2027-06-01T23:59:59Z"}}, "domain expires on 2027-06-01"),
        ({"domain": {"expires_at": "2026-11-20T00:00:00Z", "remaining_days": -3}}, "expired 3 days ago, on 2026-11-20"),
    ],
)
async def test_the_headline_leaves_out_nothing_that_is_wrong_with_certificate_or_domain(
    fields: dict[str, Any], words: str
) -> None:
    answer, _ = await both_halves(uptime_of(**fields))
    assert words in answer["headline"]


SECONDS = st.integers(-200, 400)


@examples(200)
@given(st.lists(st.tuples(SECONDS, st.integers(0, 300)), max_size=6))
def test_downtime_is_the_number_of_seconds_of_the_window_within_any_outage(outages: list[tuple[int, int]]) -> None:
    start = NOW - downtime.WINDOW
    # Seconds of a window that begins at 0 and ends at 30 days; all that lie near its beginning or its end count.
    for origin in (start, NOW - timedelta(seconds=300)):
        begins = int((origin - start).total_seconds())
        within = {
            second
            for began, length in outages
            for second in range(begins + began, begins + began + length)
            if 0 <= second < MONTH_S
        }
        spans = [
            (origin + timedelta(seconds=began), origin + timedelta(seconds=began + length)) for began, length in outages
        ]
        assert downtime.seconds_down(spans, NOW) == len(within)


@examples(200)
@given(st.integers(0, 10**8))
def test_a_duration_in_words_is_the_whole_duration(seconds: int) -> None:
    units = {"d": 86_400, "h": 3600, "min": 60, "s": 1}
    words = re.findall(r"(\d+) (\w+)", downtime.in_words(seconds))
    assert sum(int(count) * units[unit] for count, unit in words) == seconds
