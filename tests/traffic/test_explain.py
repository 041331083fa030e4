"""What `explain_change` tells: contributions that add up, days that are named, and no cause where nothing happened."""

import re
from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.client import NOW, connect, rows_of
from support.properties import examples
from support.traffic import NAMES, ZONES, Hit, World, asked, same_as, times, worlds
from tinylytics_mcp.fake_api import FakeApi
from tinylytics_tools.hits import api as hits_api

pytestmark = pytest.mark.anyio

DAY = 86_400
TODAY = NOW.date()
TABLES = {
    "pages": "path",
    "referrers": "referrer",
    "countries": "country",
    "browsers": "browser",
    "platforms": "platform",
}
FILTERS = st.sampled_from(({}, {}, {"country": "DE"}, {"path": "/about"}, {"path": "/a b"}))


@st.composite
def questions(draw: st.DrawFn) -> tuple[World, dict[str, Any], dict[str, str]]:
    world = draw(worlds())
    when: dict[str, Any] = draw(times(world.now))
    if draw(st.booleans()):
        today = world.now.astimezone(ZONES[when["time_zone"]]).date()
        when = {"time_zone": when["time_zone"], "day": str(today - timedelta(days=draw(st.integers(1, 60))))}
    elif draw(st.booleans()):
        when["compare"] = draw(st.sampled_from(("previous_period", "previous_year")))
    return world, when, draw(FILTERS)


def days_in(text: str) -> list[tuple[date, date]]:
    """The stretches of days that a field names."""
    found: list[tuple[date, date]] = []
    for part in text.split(", "):
        first, _, last = part.partition(" to ")
        found.append((date.fromisoformat(first), date.fromisoformat(last or first)))
    return found


def rows_and_other(table: dict[str, Any]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The rows of a table, and all of them with the one that stands for the rest."""
    rows = rows_of(table)
    name = table["columns"][0]
    return [row for row in rows if row[name] != "other"], rows


@pytest.mark.parametrize("per_page", [1000, 7], ids=["one page", "many pages"])
@given(question=questions())
@examples(40)
async def test_contributions_are_those_of_a_plain_count_and_add_up_to_the_difference(
    question: tuple[World, dict[str, Any], dict[str, str]], per_page: int
) -> None:
    world, when, filters = question
    zone = when["time_zone"]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(hits_api, "PER_PAGE", per_page)
        async with world.connected() as (host, site):
            result = await host.call("explain_change", site=site, **when, **asked(filters))
    assert len(host.wire.requests) <= 40
    today = world.now.astimezone(ZONES[zone]).date()
    if result.is_error:
        running = ("today", "this_week", "this_month", *(["all_time"] if world.born >= today else []))
        assert when.get("period") in running or when.get("start_date") == str(today)
        return
    answer = result.structured_content
    assert answer is not None
    ((first, last),) = days_in(answer["explained"])
    seen = world.between(first, last, zone, filters)
    assert answer["hits"] == len(seen)
    assert last < today
    if answer["compared_with"] is None:
        assert answer["difference"] is answer["usual_hits"] is None
        assert answer["complete"] is False
        return
    named = days_in(answer["compared_with"])
    usual = [hit for one in named for hit in world.between(*one, zone, filters)]
    assert answer["usual_hits"] == len(usual) / len(named)
    assert answer["difference"] == answer["hits"] - answer["usual_hits"]
    for name, dimension in TABLES.items():
        if answer[name] is None:
            assert answer["complete"] is False
            continue
        check_table(answer[name], dimension, answer, seen, usual, len(named), zone)


def check_table(
    table: dict[str, Any],
    dimension: str,
    answer: dict[str, Any],
    seen: Iterable[Hit],
    usual: Iterable[Hit],
    number: int,
    zone: str,
) -> None:
    """Each row has the plain counts of its name, and all rows add up."""
    rows, everything = rows_and_other(table)
    now, before = (Counter(NAMES[dimension](hit, zone) for hit in hits) for hits in (seen, usual))
    for row in rows:
        same = same_as(dimension, row[table["columns"][0]])
        assert (row["hits"], row["usual_hits"]) == (now[same], before[same] / number)
        assert row["difference"] == row["hits"] - row["usual_hits"]
    moved = {name for name in now | before if now[name] != before[name] / number}
    if dimension == "referrer":
        moved -= {"own.example"}  # the site itself, which is no source
    assert table["of"] == len(moved)
    assert sum(row["difference"] for row in everything) == answer["difference"]
    assert sum(row["hits"] for row in everything) in (answer["hits"], sum(row["hits"] for row in rows))
    sizes = [abs(row["difference"]) for row in rows]
    assert sizes == sorted(sizes, reverse=True)


def a_site(*, hits_a_day: int = 40, days: int = 80, extra: Iterable[Hit] = ()) -> tuple[FakeApi, str]:
    """A site with as many hits each day, of two pages, two referrers and two browsers, and more."""
    fake_api = FakeApi(now=lambda: NOW, hits=0)
    fake_api.connection.execute("DELETE FROM sites")
    site = fake_api.add_site(label="Even", url="https://even.example", created_at=int(NOW.timestamp()) - 400 * DAY)
    usual = (
        {
            "created_at": at(age, number),
            "path": ("/", "/about")[number % 2],
            "referrer": (None, "https://t.co/a")[number % 2],
            "country": ("DE", "US", "FR", "GB")[number % 4],
            "browser_name": ("Safari", "Firefox")[number % 2],
        }
        for age in range(1, days + 1)
        for number in range(hits_a_day)
    )
    fake_api.add_hits(site, [*usual, *extra])
    return fake_api, str(site)


def at(age: int, number: int = 0) -> int:
    """A time on the day that was so many days ago."""
    return int(NOW.timestamp()) - age * DAY - 10 * (number % 500)


def of_a_thread(ages: Iterable[int], number: int) -> list[Hit]:
    """Hits of a new page from one referring address, on some days."""
    return [
        {
            "created_at": at(age, one),
            "path": "/new",
            "referrer": "https://news.example/item?id=7",
            "country": "US",
            "browser_name": ("Safari", "Chrome")[one % 2],
        }
        for age in ages
        for one in range(number)
    ]


@pytest.mark.parametrize("zone", ["utc", "user"])
@pytest.mark.parametrize("how", ["by day", "in a period"])
async def test_a_spike_is_found_and_falls_to_its_page_and_its_thread(how: str, zone: str) -> None:
    fake_api, site = a_site(extra=of_a_thread([6], 300))
    day = TODAY - timedelta(days=6)
    asking = {"day": str(day)} if how == "by day" else {"period": "last_30_days"}
    async with connect(fake_api) as host:
        answer = await host.answer("explain_change", site=site, time_zone=zone, **asking)
    assert (answer["kind"], answer["explained"]) == ("unusual day", str(day))
    assert (answer["hits"], answer["usual_hits"], answer["difference"]) == (340, 40, 300)
    for table, first in (
        ("pages", ["/new", 300, 0, 300]),
        ("referrers", ["news.example", 300, 0, 300]),
        ("links", ["https://news.example/item?id=7", 300, 0, 300]),
        ("together", ["/new", "news.example", 300, 0, 300]),
        ("countries", ["US", 310, 10, 300]),
    ):
        assert answer[table]["rows"][0] == first
    assert (answer["before_a_day"], answer["peak"], answer["after_a_day"]) == (40.0, 340, 40.0)
    assert answer["lasted"].startswith("it did not last")
    assert re.search(r"340 hits .*unusual; \+300.* against 40 on average on [24] \w+days before", answer["headline"])


async def test_a_spike_that_goes_on_is_not_said_to_be_over() -> None:
    fake_api, site = a_site(extra=of_a_thread([4, 3, 2, 1], 300))
    async with connect(fake_api) as host:
        answer = await host.answer("explain_change", site=site, day=str(TODAY - timedelta(days=4)))
        last = await host.answer("explain_change", site=site, day=str(TODAY - timedelta(days=1)))
    assert (answer["after_a_day"], answer["lasted"].partition(":")[0]) == (340.0, "it lasted")
    assert (last.get("after_a_day"), last["lasted"]) == (None, "not known yet: no day after it is over")


async def test_a_shift_that_lasts_is_not_taken_for_a_day() -> None:
    fake_api, site = a_site(extra=of_a_thread(range(1, 15), 40))
    async with connect(fake_api) as host:
        answer = await host.answer("explain_change", site=site)
    first = TODAY - timedelta(days=14)
    assert answer["kind"] == "lasting shift"
    assert answer["explained"] == f"{first} to {TODAY - timedelta(days=1)}"
    assert (answer["hits"], answer["usual_hits"], answer["difference"]) == (1120, 560, 560)
    assert answer["pages"]["rows"][0] == ["/new", 560, 0, 560]


async def test_a_day_that_carries_a_shift_is_not_hidden_in_it() -> None:
    fake_api, site = a_site(extra=[*of_a_thread(range(1, 15), 40), *of_a_thread([6], 600)])
    async with connect(fake_api) as host:
        answer = await host.answer("explain_change", site=site)
    day = str(TODAY - timedelta(days=6))
    assert (answer["kind"], answer["explained"], answer["hits"]) == ("unusual day", day, 680)
    assert [row[0] for row in answer["unusual_days"]["rows"]] == [day]
    first = TODAY - timedelta(days=14)
    (shift,) = [note for note in answer["notes"] if note.startswith("besides, it shifted")]
    assert f"{first} to {TODAY - timedelta(days=1)}" in shift
    assert "+1160 against 560" in shift


async def test_a_mix_that_moved_while_the_total_did_not_is_told_apart_from_nothing() -> None:
    def hits(age: int) -> list[Hit]:
        browser = "Brave" if age <= 30 else "Opera"
        return [{"created_at": at(age, n), "path": "/x", "country": "DE", "browser_name": browser} for n in range(20)]

    fake_api, site = a_site(extra=[hit for age in range(1, 81) for hit in hits(age)])
    async with connect(fake_api) as host:
        answer = await host.answer("explain_change", site=site)
        quiet = await host.answer("explain_change", site=site, period="last_7_days")
    assert (answer["kind"], answer["difference"]) == ("shift of the mix", 0)
    assert [row[1:] for row in answer["moved_shares"]["rows"]] == [["Brave", 33.3, 0.0], ["Opera", 0.0, 33.3]]
    assert quiet["kind"] == "nothing unusual"
    assert "moved_shares" not in quiet


async def test_an_ordinary_day_gets_no_cause() -> None:
    fake_api, site = a_site()
    async with connect(fake_api) as host:
        answer = await host.answer("explain_change", site=site, day=str(TODAY - timedelta(days=3)))
    assert (answer["kind"], answer["difference"], answer["pages"]["rows"]) == ("usual day", 0, [])
    assert "; of it" not in answer["headline"]


async def test_a_spike_is_not_usual_for_the_days_a_week_later() -> None:
    fake_api, site = a_site(extra=of_a_thread([8], 300))
    async with connect(fake_api) as host:
        answer = await host.answer("explain_change", site=site, day=str(TODAY - timedelta(days=1)))
    assert (answer["kind"], answer["usual_hits"]) == ("usual day", 40)
    assert str(TODAY - timedelta(days=8)) not in answer["compared_with"]


async def test_a_spike_of_alike_hits_is_said_to_look_automated() -> None:
    bots = [
        {"created_at": at(2, n), "path": "/x", "country": "SG", "browser_name": "Chrome", "platform_name": "Linux"}
        for n in range(200)
    ]
    fake_api, site = a_site(extra=bots)
    async with connect(fake_api) as host:
        answer = await host.answer("explain_change", site=site, day=str(TODAY - timedelta(days=2)))
    assert any(note.startswith("looks automated, as a guess: all 200 hits on /x") for note in answer["notes"])


async def test_a_site_of_many_hits_names_what_did_not_fit_and_stays_within_its_requests(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hits_api, "PER_PAGE", 5)
    fake_api, site = a_site(extra=of_a_thread([6], 300))
    async with connect(fake_api) as host:
        answer = await host.answer("explain_change", site=site)
        again = await host.answer("explain_change", site=site, day=answer["explained"])
    assert (answer["kind"], answer["difference"]) == ("unusual day", 300)
    assert answer["pages"]["rows"][0] == ["/new", 300, 0, 300]
    assert answer["complete"] is False
    assert any(note.startswith("not read, they take more requests") and "countries" in note for note in answer["notes"])
    assert max(answer["requests_used"], again["requests_used"]) <= 40
    assert again["complete"] is True
    assert again["together"]["rows"] == [["/new", "news.example", 300, 0, 300]]


@pytest.mark.parametrize("compare", [None, "previous_period"])
async def test_a_day_before_that_makes_the_change_is_named_in_the_headline(compare: str | None) -> None:
    fake_api, site = a_site(extra=of_a_thread([40], 700))
    even, same = a_site(extra=of_a_thread(range(31, 61), 20))
    async with connect(fake_api) as host:
        answer = await host.answer("explain_change", site=site, compare=compare)
    async with connect(even) as host:
        level = await host.answer("explain_change", site=same, compare="previous_period")
    spike = TODAY - timedelta(days=40)
    assert (answer["kind"], answer["difference"]) == ("whole period", -700)
    assert f"30 days: 740 of those before on {spike} alone; -700, " in answer["headline"]
    assert any(f"{spike} has 740, 38.9 %; without it 1160, 40.0 a day" in note for note in answer["notes"])
    assert (level["difference"], "no single day makes the change; -600" in level["headline"]) == (-600, True)


async def test_a_single_day_compared_with_another_is_not_said_to_be_no_single_day() -> None:
    fake_api, site = a_site(extra=of_a_thread([6], 300))
    async with connect(fake_api) as host:
        answer = await host.answer(
            "explain_change", site=site, day=str(TODAY - timedelta(days=6)), compare="previous_period"
        )
    assert f"{TODAY - timedelta(days=6)}: more than before; +300, +750 % against 40" in answer["headline"]


async def test_a_running_day_is_not_explained() -> None:
    fake_api, site = a_site()
    async with connect(fake_api) as host:
        error = await host.error("explain_change", site=site, day=str(TODAY))
        both = await host.error("explain_change", site=site, day=str(TODAY), period="last_week")
    assert error.startswith(f"{TODAY} is not over yet")
    assert both.startswith("Give either day, or a period or dates.")


@pytest.mark.parametrize("zone", ["utc", "user"])
@pytest.mark.parametrize("period", ["last_30_days", "last_90_days", "all_time"])
async def test_that_a_site_began_is_no_shift_and_its_first_day_no_fall(period: str, zone: str) -> None:
    fake_api = FakeApi(now=lambda: NOW, hits=0)
    fake_api.connection.execute("DELETE FROM sites")
    site = fake_api.add_site(label="New", url="https://new.example", created_at=int(NOW.timestamp()) - 24 * DAY)
    fake_api.add_hits(site, ({"created_at": at(age, n)} for age in range(1, 24) for n in range(40)))
    async with connect(fake_api) as host:
        answer = await host.answer("explain_change", site=str(site), period=period, time_zone=zone)
    assert (answer["kind"], answer["usual_hits"]) == ("too little to say", None)


async def test_a_site_that_is_younger_than_the_earlier_days_gets_no_per_cent_of_them() -> None:
    fake_api = FakeApi(now=lambda: NOW, hits=0)
    fake_api.connection.execute("DELETE FROM sites")
    site = fake_api.add_site(label="New", url="https://new.example", created_at=int(NOW.timestamp()) - 10 * DAY)
    fake_api.add_hits(site, ({"created_at": at(age, n)} for age in range(1, 10) for n in range(40)))
    async with connect(fake_api) as host:
        answer = await host.answer("explain_change", site=str(site), period="last_7_days", compare="previous_period")
    assert (answer["difference"], answer["difference_percent"]) == (200, None)
    assert "+200 against 80 on as many days before, though the site did not exist on all of them" in answer["headline"]


async def test_a_spelling_that_only_the_earlier_days_have_is_not_lost() -> None:
    fake_api, site = a_site()
    old = [{"created_at": at(age, n), "path": "/x/"} for age in range(140, 170) for n in range(4)]
    new = [{"created_at": at(age, n), "path": "/x"} for age in range(1, 30) for n in range(2)]
    fake_api.add_hits(int(site), [*old, *new])
    asking = {"site": site, "path": "/x", "period": "last_90_days", "compare": "previous_period"}
    async with connect(fake_api) as host:
        answer = await host.answer("explain_change", **asking)
    assert (answer["hits"], answer["usual_hits"], answer["difference"]) == (58, 120, -62)


async def test_a_spelling_that_only_the_days_after_have_is_not_lost() -> None:
    fake_api, site = a_site(extra=of_a_thread([12], 300))
    later = [{"created_at": at(age, n), "path": "/new/"} for age in range(5, 12) for n in range(290)]
    fake_api.add_hits(int(site), later)
    async with connect(fake_api) as host:
        answer = await host.answer("explain_change", site=site, path="/new", day=str(TODAY - timedelta(days=12)))
    assert (answer["peak"], answer["after_a_day"]) == (300, 290.0)
    assert answer["lasted"].startswith("it lasted:")


async def test_hits_of_a_page_are_not_told_as_those_of_the_site() -> None:
    fake_api, site = a_site(extra=of_a_thread([6], 300))
    async with connect(fake_api) as host:
        answer = await host.answer("explain_change", site=site, path="/new")
    assert answer["headline"].startswith("300 hits that match the filters on “Even”")


async def test_a_young_site_is_not_compared_with_days_before_it_began() -> None:
    fake_api = FakeApi(now=lambda: NOW, hits=0)
    fake_api.connection.execute("DELETE FROM sites")
    site = fake_api.add_site(label="New", url="https://new.example", created_at=int(NOW.timestamp()) - 3 * DAY)
    fake_api.add_hits(site, ({"created_at": at(1, n), "path": "/"} for n in range(50)))
    async with connect(fake_api) as host:
        answer = await host.answer("explain_change", site=str(site), day=str(TODAY - timedelta(days=1)))
    assert (answer["kind"], answer["hits"], answer["usual_hits"]) == ("too little to say", 50, None)
    assert answer["complete"] is False


@pytest.mark.parametrize(("day", "why"), [("2026-11-30", "is in the future"), ("1999-11-30", "is too early")])
async def test_a_day_that_cannot_be_is_refused_by_its_own_name(day: str, why: str) -> None:
    async with connect(FakeApi(now=lambda: NOW, hits=0)) as host:
        error = await host.error("explain_change", site="456", day=day)
    assert f"{day} {why}" in error
    assert "start_date" not in error
