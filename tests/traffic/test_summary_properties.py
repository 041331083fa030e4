"""A summary counts exactly what a plain count of the same hits counts, by whatever plan it was read."""

import re
from collections import Counter
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.client import rows_of
from support.properties import examples
from support.traffic import FILTERS, NOWS, Hit, World, asked, counted, same_as, take_internal, times, worlds
from tinylytics_tools.hits import api as hits_api

pytestmark = pytest.mark.anyio

TABLES = {
    "pages": ("path", "path"),
    "referrers": ("referrer", "host"),
    "countries": ("country", "country"),
    "browsers": ("browser", "browser"),
    "platforms": ("platform", "platform"),
}
DAY = timedelta(days=1)
SPELLED = {"/a b": "/a%20b", "/[x]": "/%5Bx%5D"}
"""Raw paths that are not shown as they are."""


@st.composite
def questions(draw: st.DrawFn) -> tuple[World, dict[str, str], dict[str, str]]:
    world = draw(worlds())
    return world, draw(times(world.now)), draw(FILTERS)


YOUNG_SITE_READ_BY_MANY_LISTS = (
    World(NOWS[1], 300, 148, NOWS[1].date(), unique_tracking=False),
    {"time_zone": "user", "period": "last_7_days"},
    {"referrer": "direct"},
)
"""Each day of the series takes several requests, since the referrer has to be told apart."""


@pytest.mark.parametrize("per_page", [1000, 4], ids=["by rows", "by lists"])
@example(question=YOUNG_SITE_READ_BY_MANY_LISTS)
@given(question=questions())
@examples(40)
async def test_every_figure_of_a_summary_is_what_a_plain_count_gives(
    question: tuple[World, dict[str, str], dict[str, str]],
    per_page: int,
) -> None:
    world, when, filters = question
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(hits_api, "PER_PAGE", per_page)
        async with world.connected() as (host, site):
            answer = await host.answer("summarize_traffic", site=site, limit=50, **when, **asked(filters))
    assert len(host.wire.requests) <= 40
    zone = when["time_zone"]
    first, last = date.fromisoformat(answer["first_day"]), date.fromisoformat(answer["last_day"])
    hits = world.between(first, last, zone, filters)
    assert answer["hits"] == len(hits), answer
    everything = len(world.between(first, last, zone))
    if "all_hits" in answer:
        assert filters
        assert answer["all_hits"] == everything
        assert answer["percent_of_all"] == round(100 * len(hits) / everything, 1)
        assert f", {answer['percent_of_all']:g} % of all {everything}" in answer["headline"]
    else:
        assert not filters or not everything or answer["requests_used"] > 37
    check_series(answer, hits, last, zone, world, filters)
    for table, (dimension, column) in TABLES.items():
        check_table(answer[table], dimension, column, hits, zone)
    internal = take_internal("referrer", counted("referrer", hits, zone))
    assert answer.get("internal_hits") == (None if answer["referrers"] is None else internal)
    check_change(answer, world, zone, filters)
    missing = [name for name in ("series", *TABLES) if answer[name] is None]
    told = [note for note in answer["notes"] if "too long" in note or "not known for" in note or "series: not" in note]
    assert answer["complete"] is (not told)
    assert len(missing) <= len(told)
    visitors = len({hit["visitor_hash"] for hit in hits if hit["visitor_hash"]}) or None
    assert answer["visitors"] == (None if filters or (last - first).days >= 730 else visitors)


def check_series(
    answer: dict[str, Any], hits: list[Hit], last: date, zone: str, world: World, filters: dict[str, str]
) -> None:
    if answer["series"] is None:
        return
    rows = [list(row) for row in answer["series"]["rows"]]
    assert sum(count for _, count in rows) == len(hits)
    starts = [date.fromisoformat((name + "-01-01")[:10] if len(name) < 10 else name) for name, _ in rows]
    starts[0] = date.fromisoformat(answer["first_day"])
    ends = [start - DAY for start in starts[1:]] + [last]
    for (_, count), start, end in zip(rows, starts, ends, strict=True):
        assert count == len(world.between(start, end, zone, filters))


def check_table(table: dict[str, Any] | None, dimension: str, column: str, hits: list[Hit], zone: str) -> None:
    if table is None:
        return
    truth = counted(dimension, hits, zone)
    internal = take_internal(dimension, truth)
    is_merged = table["of"] == len(truth)
    if not is_merged:  # paths that were not read to their end stand as they are spelled
        truth = Counter(SPELLED.get(hit["path"], hit["path"]) for hit in hits)
    rows = rows_of(table)
    other = rows.pop() if rows and rows[-1][column] == "other" else None
    shown = [row["hits"] for row in rows]
    for row in rows:
        if is_merged or "…~" not in row[column]:
            assert row["hits"] == truth[same_as(dimension, row[column]) if is_merged else row[column]]
    assert shown == sorted(truth.values(), reverse=True)[: len(shown)]
    assert sum(shown) + (other["hits"] if other else 0) + internal == len(hits)
    assert all(row["percent"] == round(100 * row["hits"] / len(hits), 1) for row in rows)
    assert table["of"] == len(truth)


def check_change(answer: dict[str, Any], world: World, zone: str, filters: dict[str, str]) -> None:
    if answer["compared"] is None:
        assert answer["change"] is None
        return
    found = re.fullmatch(r"(\d+) days? to (\S+) against (\d+) days? to (\S+)", answer["compared"])
    assert found is not None
    assert found[1] == found[3]
    back = (int(found[1]) - 1) * DAY
    ends = [date.fromisoformat(end) for end in found.group(2, 4)]
    now, before = (len(world.between(end - back, end, zone, filters)) for end in ends)
    assert (answer["earlier_hits"], answer["change"]) == (before, now - before)
    is_young = world.born - DAY * (zone == "user") > ends[1] - back
    assert answer["change_percent"] == (None if is_young or not before else round(100 * (now - before) / before, 1))
