"""A headline says which days are compared, and what its own figure counts and the comparison does not."""

from datetime import timedelta

import pytest
from support.client import NOW, connect, text_of
from tinylytics_mcp.fake_api import FakeApi

pytestmark = pytest.mark.anyio

DAY = 86_400
MOMENT = int(NOW.timestamp())


@pytest.mark.parametrize(
    ("asked", "end"),
    [
        ({"period": "last_7_days"}, "7 days; no change from 7 on as many days before."),
        ({"period": "yesterday"}, "2026-11-22; no change from 1 on the day before."),
        (
            {"period": "this_month"},
            "so far; without today 22, no change from 22 on 2026-10-01 to 2026-10-22, 22 days.",
        ),
        ({"period": "this_month", "compare": "previous_year"}, "22, no change from 22 on the same days of 2025."),
        (
            {"start_date": "2025-12-20", "end_date": "2026-01-10", "compare": "previous_year"},
            "22 days; no change from 22 on the same days a year before.",
        ),
        (
            {"start_date": "2024-02-10", "end_date": "2024-03-10", "compare": "previous_year"},
            "30 days; +1, +3.4 % against 29 on the same days of 2023; a day 1, no change from 1.",
        ),
        (
            {"period": "last_month"},
            "31 days; +1, +3.3 % against 30 on 2026-09-01 to 2026-09-30, 30 days; a day 1, no change from 1.",
        ),
        ({"period": "this_week"}, "2026-11-23, 1 of them today so far."),
        ({"period": "last_7_days", "compare": "none"}, "2026-11-16 to 2026-11-22, 7 days."),
    ],
)
@pytest.mark.parametrize(("tool", "more"), [("summarize_traffic", {}), ("rank_traffic", {"dimension": "path"})])
async def test_the_days_compared_are_named(tool: str, more: dict[str, str], asked: dict[str, str], end: str) -> None:
    fake_api = FakeApi(now=lambda: NOW, hits=0)
    site = fake_api.add_site(label="Daily", url="https://daily.example", created_at=MOMENT - 1_500 * DAY)
    fake_api.add_hits(site, ({"created_at": MOMENT - age * DAY} for age in range(1_500)))
    async with connect(fake_api) as host:
        answer = await host.answer(tool, site=str(site), **more, **asked)
    assert answer["headline"].endswith(end), answer["headline"]


async def test_a_site_younger_than_the_earlier_days_is_said_to_be_beside_the_change() -> None:
    fake_api = FakeApi(now=lambda: NOW, hits=0)
    site = fake_api.add_site(label="New", url="https://new.example", created_at=MOMENT - 10 * DAY)
    fake_api.add_hits(site, ({"created_at": MOMENT - age * DAY} for age in range(10)))
    async with connect(fake_api) as host:
        answer = await host.answer("summarize_traffic", site=str(site), period="last_7_days")
    assert answer["headline"].endswith(
        "; +5 against 2 on as many days before, though the site did not exist on all of them."
    )


@pytest.mark.parametrize(("later", "change"), [(2_999, "-1, 0 %"), (3_001, "+1, 0 %"), (3_300, "+300, +10 %")])
async def test_a_per_cent_that_rounds_to_zero_has_no_sign(later: int, change: str) -> None:
    fake_api = FakeApi(now=lambda: NOW, hits=0)
    site = fake_api.add_site(label="Large", url="https://large.example")
    for age, hits in ((1, later), (2, 3_000)):
        fake_api.add_hits(site, [{"created_at": MOMENT - age * DAY}] * hits)
    async with connect(fake_api) as host:
        result = await host.call("summarize_traffic", site=str(site), period="yesterday")
    assert f"; {change} against 3000 on the day before." in text_of(result)
    assert "change_percent: -0\n" not in text_of(result)


@pytest.mark.parametrize(
    ("young", "said"),
    [
        (0, ""),
        (1, "without “New 0”, which is younger than the days compared, "),
        (2, "without “New 0” and “New 1”, which are younger than the days compared, "),
        (5, "without “New 0”, “New 1”, “New 2” and 2 more sites, which are younger than the days compared, "),
    ],
)
async def test_young_sites_are_left_out_of_the_change_of_all_and_named(young: int, said: str) -> None:
    fake_api = FakeApi(now=lambda: NOW, hits=0)
    fake_api.connection.execute("DELETE FROM sites")
    old = fake_api.add_site(label="Old", url="https://old.example")
    fake_api.add_hits(old, ({"created_at": MOMENT - age * DAY} for age in range(1, 10)))
    for number in range(young):
        site = fake_api.add_site(label=f"New {number}", url=f"https://{number}.example", created_at=MOMENT - 3 * DAY)
        fake_api.add_hits(site, [{"created_at": MOMENT - DAY}])
    days = {"start_date": str(NOW.date() - timedelta(days=7)), "end_date": str(NOW.date() - timedelta(days=1))}
    async with connect(fake_api) as host:
        answer = await host.answer("get_overview", **days)
    later = "7, " if young else ""
    assert answer["headline"].startswith(f"{7 + young} hits on ")
    assert answer["headline"].endswith(f" 7 days; {said}{later}+5, +250 % against 2 on as many days before.")


async def test_no_days_are_told_as_compared_where_the_site_is_too_young_for_them() -> None:
    fake_api = FakeApi(now=lambda: NOW, hits=0)
    site = fake_api.add_site(label="New", url="https://new.example", created_at=MOMENT - 5 * DAY)
    fake_api.add_hits(site, [{"created_at": MOMENT - 2 * DAY}])
    async with connect(fake_api) as host:
        answer = await host.answer("summarize_traffic", site=str(site), period="last_7_days")
    assert (answer["compared"], answer["compared_hits"], answer["change"]) == (None, None, None)
    assert "no comparison: the site has no day before 2026-11-18, and so none to compare with" in answer["notes"]
