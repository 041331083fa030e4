"""A day that carries a window is named with its hits and share, and only such a day."""

import re
from collections import Counter
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from support.client import NOW, connect, rows_of
from support.properties import examples
from support.traffic import ZONES, World, day_of, times, worlds
from tinylytics_mcp.fake_api import FakeApi
from tinylytics_tools.hits import api as hits_api
from tinylytics_tools.transport import open_store

pytestmark = pytest.mark.anyio

DAY = 86_400
MOMENT = int(NOW.timestamp())
NAMED = re.compile(r"(?P<weekday>\w+) (?P<day>\d{4}-\d\d-\d\d) has (?P<hits>\d+), (?P<percent>[\d.]+) %")
NOT_LOOKED_AT = "not looked at day by day, too many to count in one call: these days"


def a_site(spike: date, hits: int, *, days: int = 800) -> tuple[FakeApi, str]:
    """A site with two hits on each of so many days, and many on one of them."""
    fake_api = FakeApi(now=lambda: NOW, hits=0)
    fake_api.connection.execute("DELETE FROM sites")
    site = fake_api.add_site(label="Even", url="https://even.example", created_at=MOMENT - 900 * DAY)
    moments = [MOMENT - age * DAY for age in range(days) for _ in range(2)]
    moments += [MOMENT - (NOW.date() - spike).days * DAY] * hits
    fake_api.add_hits(site, ({"created_at": moment, "path": "/x"} for moment in moments))
    return fake_api, str(site)


def named(answer: dict[str, Any], which: str) -> list[tuple[str, int, float]]:
    """The days that an answer names in the note on `which` days, with hits and share."""
    (note,) = [
        note
        for note in answer["notes"]
        if " stand" in note and f" of {which}: " in note.translate({ord(mark): None for mark in "“”"})
    ] or [""]
    return [(found["day"], int(found["hits"]), float(found["percent"])) for found in NAMED.finditer(note)]


@pytest.mark.parametrize("per_page", [1000, 20], ids=["by rows", "by counts"])
@pytest.mark.parametrize("zone", ["utc", "user"])
@pytest.mark.parametrize("period", ["last_7_days", "last_30_days", "last_90_days", "last_month", "last_12_months"])
@pytest.mark.parametrize(
    ("tool", "more"),
    [("summarize_traffic", {}), ("rank_traffic", {"dimension": "country"}), ("get_overview", {})],
)
async def test_the_day_of_a_spike_is_not_lost_in_a_week_or_month(
    monkeypatch: pytest.MonkeyPatch, tool: str, more: dict[str, str], period: str, zone: str, per_page: int
) -> None:
    monkeypatch.setattr(hits_api, "PER_PAGE", per_page)
    spike = date(2026, 10, 14) if period in ("last_90_days", "last_month", "last_12_months") else date(2026, 11, 18)
    fake_api, site = a_site(spike, 300)
    asked = {} if tool == "get_overview" else {"site": site, **more}
    async with connect(fake_api) as host:
        answer = await host.answer(tool, period=period, time_zone=zone, **asked)
    which = "Even" if tool == "get_overview" else "these days"
    total = answer["hits"]
    of = ", of “Even”" if tool == "get_overview" else ""
    assert answer["headline"].endswith(f"; 302 of them on {spike} alone{of}.")
    assert named(answer, which) == [(str(spike), 302, round(30_200 / total, 1))]
    assert any(f"without it {total - 302}, " in note for note in answer["notes"])
    assert answer["requests_used"] <= 40


@pytest.mark.parametrize(
    ("tool", "more"),
    [("summarize_traffic", {}), ("rank_traffic", {"dimension": "hour"}), ("get_overview", {})],
)
async def test_days_before_a_site_began_make_no_spike_of_those_after(tool: str, more: dict[str, str]) -> None:
    fake_api = FakeApi(now=lambda: NOW, hits=0)
    fake_api.connection.execute("DELETE FROM sites")
    site = fake_api.add_site(label="New", url="https://new.example", created_at=MOMENT - 5 * DAY)
    fake_api.add_hits(site, [{"created_at": MOMENT - age * DAY} for age in range(1, 6) for _ in range(20)])
    asked = {} if tool == "get_overview" else {"site": str(site), **more}
    async with connect(fake_api) as host:
        even = await host.answer(tool, **asked)
        fake_api.add_hits(site, [{"created_at": MOMENT - 2 * DAY}] * 80)
        spike = await host.answer(tool, **asked)
    assert even["hits"] == 100
    assert not [note for note in even["notes"] if " carr" in note]
    assert any("2026-11-21 has 100, 55.6 %; without it 80, 20.0 a day" in note for note in spike["notes"])
    if tool == "rank_traffic":
        assert [row["a_day"] for row in rows_of(even["ranking"])] == [20]


async def test_a_fall_after_a_spike_names_the_day_before() -> None:
    fake_api, site = a_site(date(2026, 11, 12), 90)
    async with connect(fake_api) as host:
        answer = await host.answer("summarize_traffic", site=site, period="last_7_days")
    assert answer["change"] == -90
    assert answer["headline"].endswith(" on as many days before; 92 of those before on 2026-11-12 alone.")
    assert named(answer, "the days before") == [("2026-11-12", 92, 88.5)]
    assert named(answer, "these days") == []


async def test_a_day_of_a_small_site_is_not_told_of_all_sites() -> None:
    fake_api, _ = a_site(date(2026, 11, 12), 60)
    large = fake_api.add_site(label="Large", url="https://large.example")
    fake_api.add_hits(large, ({"created_at": MOMENT - age * DAY} for age in range(1, 60) for _ in range(50)))
    async with connect(fake_api) as host:
        answer = await host.answer("get_overview")
    assert named(answer, "Even") == [("2026-11-12", 62, 51.7)]
    assert " alone" not in answer["headline"]


async def test_days_that_take_too_many_requests_are_said_not_to_be_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hits_api, "PER_PAGE", 20)
    fake_api, site = a_site(date(2026, 10, 14), 0)
    fake_api.add_hits(int(site), ({"created_at": MOMENT - age % 80 * DAY, "path": f"/{age}"} for age in range(720)))
    async with connect(fake_api) as host:
        answer = await host.answer("rank_traffic", site=site, period="last_90_days", dimension="path")
    assert answer["requests_used"] <= 40
    assert any(note.startswith(NOT_LOOKED_AT) for note in answer["notes"]), answer["notes"]


@pytest.mark.parametrize("tool", ["summarize_traffic", "rank_traffic"])
async def test_a_question_asked_again_costs_nothing_and_names_the_same_days(
    monkeypatch: pytest.MonkeyPatch, tool: str
) -> None:
    monkeypatch.setattr(hits_api, "PER_PAGE", 20)
    fake_api, site = a_site(date(2026, 10, 14), 0)
    fake_api.add_hits(int(site), ({"created_at": MOMENT - age % 80 * DAY, "path": f"/{age}"} for age in range(720)))
    store = open_store(None)
    more = {"dimension": "path"} if tool == "rank_traffic" else {}
    answers: list[dict[str, Any]] = []
    for _ in range(2):  # by another server that shares the store, and has kept no answer
        async with connect(fake_api, store=store) as host:
            answers.append(await host.answer(tool, site=site, period="last_90_days", **more))
    first, again = answers
    assert any(note.startswith("not looked at") for note in first["notes"]) is (tool == "rank_traffic")
    assert again["requests_used"] == 0
    assert again["notes"] == first["notes"]


@given(worlds().flatmap(lambda world: times(world.now).map(lambda when: (world, when))))
@examples(40)
async def test_the_days_named_are_those_of_a_plain_count(question: tuple[World, dict[str, str]]) -> None:
    world, when = question
    async with world.connected() as (host, site):
        answer = await host.answer("summarize_traffic", site=site, compare="none", **when)
    zone = when["time_zone"]
    today = world.now.astimezone(ZONES[zone]).date()
    first, last = date.fromisoformat(answer["first_day"]), date.fromisoformat(answer["last_day"])
    last = min(last, today - timedelta(days=1))
    born = world.born - timedelta(days=zone == "user")
    if not world.between(first, min(last, born - timedelta(days=1)), zone):
        first = max(first, born)  # else its first hits are older than the site, and all days count
    days, hits = (last - first).days + 1, Counter(day_of(hit, zone) for hit in world.between(first, last, zone))
    total = hits.total()
    expected = {
        str(day): number
        for day, number in hits.items()
        if number >= 10 and 100 * number >= 15 * total and number * (days - 1) >= 3 * (total - number)
    }
    found = named(answer, "the finished days" if answer.get("hits_today") is not None else "these days")
    if days < 4 or any(note.startswith(NOT_LOOKED_AT) for note in answer["notes"]):
        assert found == []
        return
    assert len(found) == min(3, len(expected))
    assert {day: number for day, number, _ in found}.items() <= expected.items()
    assert all(share == round(100 * number / total, 1) for _, number, share in found)


async def test_hours_and_weekdays_keep_their_order_and_name_the_day_that_makes_one_of_them() -> None:
    spike = date(2026, 11, 18)  # a Wednesday
    fake_api, site = a_site(spike, 30)
    async with connect(fake_api) as host:
        hours = await host.answer("rank_traffic", site=site, dimension="hour")
        weekdays = await host.answer("rank_traffic", site=site, dimension="weekday")
    days = [date(2026, 11, 22) - timedelta(days=age) for age in range(30)]
    names = [f"{date(2026, 11, 16) + timedelta(days=n):%A}" for n in range(7)]
    assert [row["name"] for row in rows_of(weekdays["ranking"])] == names
    for number, row in enumerate(rows_of(weekdays["ranking"])):
        those = [day for day in days if day.weekday() == number]
        assert row["hits"] == 2 * len(those) + 30 * (number == 2)
        assert row["a_day"] == round(row["hits"] / len(those), 1)
    assert "Wednesday: 32 of its 38 hits are of 2026-11-18 alone" in weekdays["notes"]
    (row,) = rows_of(hours["ranking"])
    assert (row["name"], row["hits"], row["a_day"]) == ("09:00", 90, 3)


async def test_hours_stand_in_the_order_of_the_day() -> None:
    async with connect(FakeApi(now=lambda: NOW)) as host:
        answer = await host.answer("rank_traffic", site="456", dimension="hour")
    assert [row["name"] for row in rows_of(answer["ranking"])] == [f"{hour:02}:00" for hour in range(24)]
