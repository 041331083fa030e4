"""In every comparison later minus earlier is the change: in the headline, in both halves, and in each row."""

import re
from datetime import date, timedelta
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp.types import CallToolResult
from support.client import connect, rows_of, text_of
from support.properties import examples
from support.traffic import NAMES, ZONES, World, counted, same_as, times, worlds

pytestmark = pytest.mark.anyio

COMPARES = st.sampled_from((*("previous_period", "previous_year") * 2, "none"))
NAMED = (("path", "about", "/bl*"), ("path", "/a", "/about"), ("country", "de", "US"), ("device", "mobile", "unknown"))
"""A dimension, a text in some of its names, and a pattern of others."""
FIGURES = ("compared_hits", "earlier_hits", "change")
IN_HEADLINE = re.compile(r" (?:(\d+), )?(?:([+-]\d+)(?:, \S+ %)? against|no change from) (\d+) on ")


class Triple(NamedTuple):
    """The figures of a comparison; all of them None where there is none."""

    later: int | None
    earlier: int | None
    change: int | None


class Days(NamedTuple):
    """The days that are compared, each both ends included."""

    later: tuple[date, date]
    earlier: tuple[date, date]


NOTHING = Triple(None, None, None)


@st.composite
def summaries(draw: st.DrawFn) -> tuple[World, dict[str, str]]:
    world = draw(worlds())
    return world, draw(times(world.now)) | {"compare": draw(COMPARES)}


@st.composite
def rankings(draw: st.DrawFn) -> tuple[World, dict[str, str]]:
    world, when = draw(summaries())
    dimension, search, exclude = draw(st.sampled_from(NAMED))
    chosen = draw(
        st.sampled_from(({}, {"search": search}, {"exclude": exclude}, {"search": search, "exclude": exclude}))
    )
    return world, {**when, "dimension": dimension, **chosen}


@st.composite
def accounts(draw: st.DrawFn) -> tuple[list[World], dict[str, str]]:
    first = draw(worlds())
    others = draw(st.lists(worlds(first.now), max_size=2))
    return [first, *others], draw(times(first.now))


@given(question=summaries())
@examples(40)
async def test_the_figures_of_a_summary_add_up(question: tuple[World, dict[str, str]]) -> None:
    world, when = question
    async with world.connected() as (host, site):
        answer = told(await host.call("summarize_traffic", site=site, **when))
    zone, days = when["time_zone"], days_of(answer)
    is_young = any(note.startswith("no comparison: the site has no day before") for note in answer["notes"])
    assert (days is not None) is (is_comparable(answer, world, when) and not is_young)
    figures = triple(answer)
    assert figures == truth(world, zone, days)
    assert in_headline(answer) == figures
    check_a_day(answer, days)
    if figures != NOTHING:
        assert figures.later == answer["hits"] - answer.get("hits_today", 0)


@given(question=rankings())
@examples(40)
async def test_the_figures_of_a_ranking_add_up(question: tuple[World, dict[str, str]]) -> None:
    world, asking = question
    async with world.connected() as (host, site):
        answer = told(await host.call("rank_traffic", site=site, limit=50, **asking))
    zone, dimension, days = asking["time_zone"], asking["dimension"], days_of(answer)
    if days is None:
        said = any("no comparison: " in note for note in answer["notes"])
        assert said or not is_comparable(answer, world, asking)
    kept = {name for name in counted(dimension, world.hits, zone) if not fnmatchcase(name, asking.get("exclude", ""))}
    found = {name for name in kept if asking.get("search", "") in name.casefold()}
    assert triple(answer) == truth(world, zone, days, dimension, kept)
    which = "matching_" if "search" in asking else ""
    matching = triple(answer, which)
    assert matching == truth(world, zone, days, dimension, found)
    assert in_headline(answer) == matching
    check_a_day(answer, days, which)
    if days is not None:
        assert answer["compared_hits"] == answer["hits"] - answer.get("hits_today", 0)
        check_tables(answer, world, zone, days)
        assert ("change_percent" in answer["rose"]["columns"]) is has_percent(answer, which)
        rows = [row for table in ("rose", "fell") for row in rows_of(answer[table]) if "change_percent" in row]
        small = [row for row in rows if min(row["earlier_hits"], row["earlier_hits"] + row["change"]) < 30]
        assert not small or "per cents of names with fewer than 30 hits: small numbers" in answer["notes"]


def check_tables(answer: dict[str, Any], world: World, zone: str, days: Days) -> None:
    """Each row has the figures of its change, under names that tell whether today is among the hits."""
    later = "compared_hits" if "hits_today" in answer else "hits"
    assert {"hits", later} <= set(answer["ranking"]["columns"])
    for table in ("rose", "fell", "new"):
        assert set(answer[table]["columns"]) & {"hits", "compared_hits"} == {later}
    rows = [row for table in ("ranking", "rose", "fell", "new", "gone") for row in rows_of(answer[table])]
    for row in rows:
        if row["name"] != "other":
            figures = {later: 0, "earlier_hits": 0} | row
            figures = {"change": figures[later] - figures["earlier_hits"]} | figures
            name = same_as(answer["dimension"], row["name"])
            assert of_row(figures) == truth(world, zone, days, answer["dimension"], {name})


@given(question=accounts())
@examples(40)
async def test_the_figures_of_an_overview_add_up(question: tuple[list[World], dict[str, str]]) -> None:
    account, when = question
    fake_api, ids = account[0].serve(*account[1:])
    sites = dict(zip(ids, account, strict=True))
    async with connect(fake_api, clock=lambda: account[0].now) as host:
        answer = told(await host.call("get_overview", **when))
    zone, days = when["time_zone"], days_of(answer)
    columns = answer["sites"]["columns"]
    if "change" in columns:
        assert "earlier_hits" in columns
        assert ("compared_hits" in columns) is ("hits_today" in answer)
        for row in rows_of(answer["sites"]):
            figures = of_row(row)
            assert days is None or figures == truth(sites[str(row["id"])], zone, days)
    assert in_headline(answer) == triple(answer)
    check_a_day(answer, days)
    assert has_percent(answer) or "change_percent" not in columns
    old = [world for world in account if days and born(world, zone) <= days.earlier[0]]
    assert triple(answer) == total([truth(world, zone, days) for world in old])
    if days is not None:
        labels = [f"World {n}" for n, world in enumerate(account) if world not in old]
        named = answer["headline"].partition(" of them on ")[0]
        assert re.findall(r"World \d", named) == sorted(labels, key=named.index)
        assert ("without today" in answer["headline"]) is ("hits_today" in answer)


def check_a_day(answer: dict[str, Any], days: Days | None, which: str = "") -> None:
    """Where months of two lengths are compared, hits a day and their change stand in both halves; else none do."""
    figures, lengths = triple(answer, which), [(last - first).days + 1 for first, last in days or ()]
    a_day = [answer.get(f"{which}{name}_a_day") for name in ("compared", "earlier", "change")]
    if None in a_day:
        assert a_day == [None] * 3
        assert len(set(lengths)) < 2 or figures == NOTHING or "did not exist on all of them" in answer["headline"]
        assert "a day" not in answer["headline"]
        return
    assert lengths[0] != lengths[1]
    later, earlier = (round((hits or 0) / length, 1) for hits, length in zip(figures[:2], lengths, strict=True))
    assert a_day == [later, earlier, round(later - earlier, 1)]
    change = f"{a_day[2]:+g} against" if a_day[2] else "no change from"
    assert f"; a day {later:g}, {change} {earlier:g}" in answer["headline"]


def has_percent(answer: dict[str, Any], which: str = "") -> bool:
    """Whether the headline has a per cent, or no change at all."""
    is_printed = re.search(r", [+-][\d.]+ % against ", answer["headline"]) is not None
    percent = answer.get(f"{which}change_percent")
    assert is_printed is (percent is not None and answer[f"{which}change"] != 0)
    return percent is not None


def told(result: CallToolResult) -> dict[str, Any]:
    """The structured half of an answer whose figures stand in the text as well."""
    answer, text = result.structured_content, text_of(result)
    assert answer is not None, text
    for name in FIGURES:
        assert f"\n{name}: {'unknown' if answer[name] is None else answer[name]}\n" in text
    return answer


def triple(answer: dict[str, Any], which: str = "") -> Triple:
    """The figures of an answer's comparison, which add up."""
    figures = Triple(*(answer.get(which + name) for name in FIGURES))
    assert figures == NOTHING or figures.change == (figures.later or 0) - (figures.earlier or 0)
    assert (None in figures) is (figures == NOTHING)
    return figures


def of_row(row: dict[str, Any]) -> Triple:
    """The figures of a row; its hits are the later ones where there is no column of those that are compared."""
    is_compared = row["change"] is not None
    return triple({"compared_hits": row["hits"] if is_compared else None, **row} if "hits" in row else row)


def in_headline(answer: dict[str, Any]) -> Triple:
    """The figures that a reader of the headline alone finds."""
    found = IN_HEADLINE.search(answer["headline"])
    if found is None:
        assert not re.search(" against | change ", answer["headline"])
        return NOTHING
    first = re.match(r"\d+", answer["headline"])
    assert first is not None
    return triple(dict(zip(FIGURES, (int(found[1] or first[0]), int(found[3]), int(found[2] or 0)), strict=True)))


def days_of(answer: dict[str, Any]) -> Days | None:
    """The days that an answer says it compares."""
    if answer["compared"] is None:
        return None
    found = re.fullmatch(r"(\d+) days? to (\S+) against (\d+) days? to (\S+)", answer["compared"])
    assert found is not None
    lengths = [timedelta(days=int(number) - 1) for number in found.group(1, 3)]
    later, earlier = (date.fromisoformat(end) for end in found.group(2, 4))
    return Days((later - lengths[0], later), (earlier - lengths[1], earlier))


def is_comparable(answer: dict[str, Any], world: World, asking: dict[str, str]) -> bool:
    """Whether a comparison is asked for and one of the days is over."""
    today = world.now.astimezone(ZONES[asking["time_zone"]]).date()
    is_over = date.fromisoformat(answer["first_day"]) < today
    return is_over and asking["compare"] != "none" and asking.get("period") != "all_time"


def born(world: World, zone: str) -> date:
    """The first day that can have hits."""
    return world.born - timedelta(days=zone == "user")


def truth(
    world: World, zone: str, days: Days | None, dimension: str | None = None, names: set[str] | None = None
) -> Triple:
    """A plain count of the days compared, of some names where they are given."""
    if days is None or born(world, zone) > days.earlier[1]:
        return NOTHING
    hits = [world.between(*window, zone) for window in days]
    if dimension is not None and names is not None:
        hits = [[hit for hit in found if NAMES[dimension](hit, zone) in names] for found in hits]
    later, earlier = map(len, hits)
    return Triple(later, earlier, later - earlier)


def total(figures: list[Triple]) -> Triple:
    """The sum of some comparisons; nothing where there are none."""
    sums = [sum(one or 0 for one in column) for column in zip(*figures, strict=True)]
    return Triple(*sums) if sums else NOTHING
