"""Single hits are listed newest first whatever the order of the service, and go on by offset without gap or repeat."""

from datetime import UTC, date, datetime
from typing import Any

import httpx2 as httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.client import NOW, connect, rows_of, text_of
from support.properties import examples
from support.replies import answering, pages_of
from support.traffic import FILTERS, World, asked, times, worlds
from tinylytics_mcp.fake_api import FakeApi, Quirk
from tinylytics_tools.hits import api as hits_api

pytestmark = pytest.mark.anyio


@st.composite
def questions(draw: st.DrawFn) -> tuple[World, dict[str, str], dict[str, str], int]:
    world = draw(worlds())
    return world, draw(times(world.now)), draw(FILTERS), draw(st.sampled_from((3, 7, 50)))


@pytest.mark.parametrize("per_page", [1000, 20], ids=["one page", "many pages"])
@given(question=questions())
@examples(30)
async def test_all_hits_are_listed_once_newest_first(
    question: tuple[World, dict[str, str], dict[str, str], int],
    per_page: int,
) -> None:
    world, when, filters, limit = question
    offset, moments = 0, list[int]()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(hits_api, "PER_PAGE", per_page)
        async with world.connected() as (host, site):
            while True:
                answer = await host.answer("list_hits", site=site, limit=limit, offset=offset, **when, **asked(filters))
                assert answer["complete"] is True
                shown = rows_of(answer["rows"])
                moments += [int(datetime.fromisoformat(row["time"]).timestamp()) for row in shown]
                if answer["rows"]["next_offset"] is None:
                    break
                assert answer["rows"]["next_offset"] == offset + len(shown)
                offset += len(shown)
    days = date.fromisoformat(answer["first_day"]), date.fromisoformat(answer["last_day"])
    hits = world.between(*days, when["time_zone"], filters)
    assert answer["hits"] == answer["rows"]["of"] == len(hits)
    assert moments == sorted((hit["created_at"] for hit in hits), reverse=True)


async def test_rows_that_cannot_be_sorted_in_one_call_are_said_not_to_be_the_newest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hits_api, "PER_PAGE", 10)
    fake_api = FakeApi(now=lambda: NOW, hits=3_000, quirks=[Quirk.UNSORTED])
    async with connect(fake_api) as host:
        answer = await host.answer("list_hits", site="456")
        today = await host.answer("list_hits", site="456", period="today")
    assert answer["complete"] is False
    assert any("newer ones may be missing" in note for note in answer["notes"])
    assert today["complete"] is True


async def test_pages_that_are_shorter_than_asked_make_the_list_incomplete() -> None:
    whole = pages_of("hits", [{"id": n, "path": "/", "created_at": f"2026-02-10T10:{n:02}:00Z"} for n in range(30)])

    def short(request: httpx.Request) -> Any:
        reply = whole(request)
        return {**reply, "hits": reply["hits"][:10]}

    async with connect(answering({"/sites/456/hits": short})) as host:
        answer = await host.answer("list_hits", site="456", offset=5)
    assert (answer["hits"], answer["complete"]) == (30, False)
    assert any("fewer hits than it counts" in note for note in answer["notes"])


async def test_a_page_far_down_takes_one_request_more_than_the_first() -> None:
    fake_api = FakeApi(now=lambda: NOW, hits=12_000)
    async with connect(fake_api) as host:
        result = await host.call("list_hits", site="456", offset=2_500, limit=2)
        assert len(host.wire.requests) == 4
    since = int(datetime(2026, 10, 24, tzinfo=UTC).timestamp())
    midnight = int(datetime(2026, 11, 23, tzinfo=UTC).timestamp())
    where = "site_id = 456 AND created_at >= ? AND created_at < ?"
    sql = f"SELECT path FROM hits WHERE {where} ORDER BY created_at DESC, id DESC"  # noqa: S608 - constants
    paths = [row[0] for row in fake_api.connection.execute(sql, (since, midnight))]
    assert result.structured_content is not None
    assert [row["path"] for row in rows_of(result.structured_content["rows"])] == paths[2_500:2_502]
    assert "rows: 2 of 2835, goes on at offset 2502" in text_of(result)


@pytest.mark.parametrize(("period", "days"), [("today", 1), ("this_year", 327), ("last_7_days", None)])
async def test_today_is_marked_as_a_part_day(period: str, days: int | None) -> None:
    fake_api = FakeApi(now=lambda: NOW, hits=3_000)
    midnight = int(datetime(2026, 11, 23, tzinfo=UTC).timestamp())
    sql = "SELECT count(*) FROM hits WHERE site_id = 456 AND created_at >= ?"
    count = fake_api.connection.execute(sql, (midnight,)).fetchone()[0]
    async with connect(fake_api) as host:
        result = await host.call("list_hits", site="456", period=period)
    answer = result.structured_content
    assert answer is not None
    assert answer.get("hits_today") == (None if days is None else count)
    assert (f", {count} of them today so far." in text_of(result)) is (days is not None)
    assert days is None or answer["days"] == days


async def test_no_hit_says_how_to_find_the_right_name() -> None:
    async with connect(FakeApi(now=lambda: NOW, hits=1_000)) as host:
        result = await host.call("list_hits", site="456", path="/nowhere")
    assert "0 hits that match the filters" in text_of(result)
    assert "next: No hit matches. rank_traffic with search finds" in text_of(result)


async def test_blanks_around_a_referrer_are_no_part_of_it() -> None:
    async with connect(FakeApi(now=lambda: NOW, hits=300)) as host:
        bare = await host.answer("list_hits", site="456", referrer="t.co", period="all_time")
        padded = await host.answer("list_hits", site="456", referrer=" t.co" + " " * 100_000, period="all_time")
        part = await host.answer("list_hits", site="456", referrer="t.co/" + " " * 100_000, period="all_time")
    assert (padded["filters"], padded["rows"]) == (bare["filters"], bare["rows"]) != ("none", [])
    assert part["filters"] == "referrer containing t.co/"
