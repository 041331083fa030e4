"""A ranking is exactly the order, the shares and the changes that a plain count of the same hits gives."""

import re
from calendar import day_name
from collections import Counter
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.client import rows_of
from support.properties import examples
from support.traffic import FILTERS, NAMES, Hit, World, asked, counted, same_as, take_internal, times, worlds
from tinylytics_tools.hits import api as hits_api

pytestmark = pytest.mark.anyio


@st.composite
def questions(draw: st.DrawFn) -> tuple[World, dict[str, Any], dict[str, str]]:
    world = draw(worlds())
    dimension = draw(st.sampled_from(tuple(NAMES)))
    compare = draw(st.sampled_from(("previous_period", "previous_year", "none")))
    when = draw(times(world.now))
    if dimension == "hour":
        when["time_zone"] = "utc"
    return world, {**when, "dimension": dimension, "compare": compare}, draw(FILTERS)


@pytest.mark.parametrize("per_page", [1000, 7], ids=["one page", "many pages"])
@given(question=questions())
@examples(40)
async def test_a_ranking_is_what_a_plain_count_gives(
    question: tuple[World, dict[str, Any], dict[str, str]],
    per_page: int,
) -> None:
    world, asking, filters = question
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(hits_api, "PER_PAGE", per_page)
        async with world.connected() as (host, site):
            answer = await host.answer("rank_traffic", site=site, limit=50, **asking, **asked(filters))
    assert len(host.wire.requests) <= 40
    zone, dimension = asking["time_zone"], asking["dimension"]
    first, last = date.fromisoformat(answer["first_day"]), date.fromisoformat(answer["last_day"])
    hits = world.between(first, last, zone, filters)
    assert answer["hits"] == len(hits)
    if "estimate" in answer:
        assert answer["complete"] is False
        return
    truth = counted(dimension, hits, zone)
    internal = take_internal(dimension, truth)
    assert answer.get("internal_hits") == (internal if dimension in ("referrer", "link") else None)
    assert answer["names"] == len(truth) == answer["ranking"]["of"]
    rows = rows_of(answer["ranking"])
    other = rows.pop()["hits"] if rows and rows[-1]["name"] == "other" else 0
    if dimension in ("hour", "weekday"):  # in their own order, and all of them
        names = [row["name"] for row in rows]
        assert names == sorted(names, key=lambda name: name if dimension == "hour" else [*day_name].index(name))
        assert len(rows) == len(truth)
    else:
        assert [row["hits"] for row in rows] == sorted(truth.values(), reverse=True)[: len(rows)]
    assert {same_as(dimension, row["name"]): row["hits"] for row in rows}.items() <= truth.items()
    assert sum(row["hits"] for row in rows) + other + internal == len(hits)
    assert all(row["percent"] == round(100 * row["hits"] / len(hits), 1) for row in rows)
    if dimension == "path":
        check_uniques(rows, hits, world)
    check_movers(answer, rows, world, zone, filters)


def check_uniques(rows: list[dict[str, Any]], hits: list[Hit], world: World) -> None:
    """Uniques stand where one spelling of one stretch of days was asked for, and are never added up."""
    for row in rows:
        same = [hit for hit in hits if NAMES["path"](hit, "utc") == same_as("path", row["name"])]
        known = row.get("unique_hits")
        assert known is None or known == len({hit["unique_hash"] for hit in same} - {None})
        assert known is None or world.unique_tracking


def check_movers(
    answer: dict[str, Any], rows: list[dict[str, Any]], world: World, zone: str, filters: dict[str, str]
) -> None:
    """Changes count finished days only, and a missing name is new or gone, never a small one."""
    if "rose" not in answer:
        assert answer["compared"] is None
        assert answer["complete"] is not any("more requests than one call" in note for note in answer["notes"])
        return
    dimension = answer["dimension"]
    found = re.fullmatch(r"(\d+) days? to (\S+) against (\d+) days? to (\S+)", answer["compared"])
    assert found is not None
    back = timedelta(days=int(found[1]) - 1)
    ends = [date.fromisoformat(end) for end in found.group(2, 4)]
    now, before = (counted(dimension, world.between(end - back, end, zone, filters), zone) for end in ends)
    for counts in (now, before):
        take_internal(dimension, counts)
    for row in rows:
        name = same_as(dimension, row["name"])
        assert (row["earlier_hits"], row["change"]) == (before[name], now[name] - before[name])
    kept = set(now) & set(before)
    expected = {
        "rose": {name for name in kept if now[name] > before[name]},
        "fell": {name for name in kept if now[name] < before[name]},
        "new": set(now) - kept,
        "gone": set(before) - kept,
    }
    for table, names in expected.items():
        shown = rows_of(answer[table])
        assert answer[table]["of"] == len(names)
        assert {same_as(dimension, row["name"]) for row in shown} <= names
        for row in shown:
            name = same_as(dimension, row["name"])
            assert row.get("compared_hits" if "hits_today" in answer else "hits", 0) == now[name]
            assert row.get("earlier_hits", 0) == before[name]
    for table, sign in (("rose", 1), ("fell", -1)):
        changes = [sign * row["change"] for row in rows_of(answer[table])]
        largest: Counter[str] = Counter({name: sign * (now[name] - before[name]) for name in expected[table]})
        assert changes == [change for _, change in largest.most_common(len(changes))]
