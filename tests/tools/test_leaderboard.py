"""get_leaderboard ranks all pages ever, whatever order and pages they come in."""

from typing import Any, cast

import httpx2 as httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.client import MODES, NOW, Mode, connect, rows_of, text_of
from support.properties import examples
from support.replies import HOSTILE, HTML, SITE, answering, assert_safe, pages_of, paging, spoilt
from support.writes import fake_api
from tinylytics_mcp.fake_api import FakeApi, Quirk

pytestmark = pytest.mark.anyio

PAGE: dict[str, Any] = {"path": "/blog/hello-world", "total_hits": 540, "unique_hits": 320, "percentage": 12.5}
CACHE = {"cached_at": "2026-11-23T09:00:00Z", "expires_at": "2026-11-23T10:00:00Z"}


def board_of(rows: Any, *, lifetime: int | None = 12340, **more: Any) -> Any:
    """A service with one site whose leaderboard has these rows."""
    reply = (
        pages_of("leaderboard", cast("list[Any]", rows), cache_info=CACHE, **more) if isinstance(rows, list) else rows
    )
    return answering({"/sites": {"sites": [{**SITE, "lifetime_hits": lifetime}]}, "/sites/456/leaderboard": reply})


def many(count: int) -> list[dict[str, Any]]:
    """Pages of 1 to `count` hits, the most read ones last."""
    return [{**PAGE, "path": f"/{n}", "total_hits": n, "unique_hits": None} for n in range(1, count + 1)]


@pytest.fixture(scope="module")
def unsorted() -> FakeApi:
    """An account whose lists come in no order."""
    return FakeApi(now=lambda: NOW, hits=3000, quirks=[Quirk.UNSORTED, Quirk.EXTRA_FIELDS])


@pytest.mark.parametrize("mode", MODES)
async def test_the_ranking_is_that_of_all_hits_and_adds_up(unsorted: FakeApi, mode: Mode) -> None:
    counted = unsorted.connection.execute(
        "SELECT path, COUNT(*) FROM hits WHERE site_id = 456 GROUP BY path ORDER BY COUNT(*) DESC, path"
    ).fetchall()
    async with connect(unsorted, mode=mode) as host:
        result = await host.call("get_leaderboard", site="456", limit=8)
    answer = result.structured_content
    assert answer is not None
    *rows, other = rows_of(answer["pages"])
    assert [(row["path"], row["hits"]) for row in rows] == [tuple(row) for row in counted[:8]]
    assert other["path"] == "other"
    total = sum(hits for _, hits in counted)
    assert sum(row["hits"] for row in rows) + other["hits"] == answer["total_hits"] == total
    assert rows[0]["percent"] == round(100 * counted[0][1] / total, 1)
    assert other["unique_hits"] is None
    assert answer["pages"]["of"] == answer["paths_found"] == len(counted)
    assert f"{len(counted)} pages have {total} hits ever" in text_of(result)
    assert_safe(result)


@pytest.mark.parametrize("text", ["BLOG", "blog", "lov", "/About/"])
async def test_path_is_a_part_in_any_case_and_shares_stay_those_of_the_whole(unsorted: FakeApi, text: str) -> None:
    (hits, number) = unsorted.connection.execute(
        "SELECT COUNT(*), COUNT(DISTINCT path) FROM hits WHERE site_id = 456 AND instr(lower(path), lower(?))", (text,)
    ).fetchone()
    (total,) = unsorted.connection.execute("SELECT COUNT(*) FROM hits WHERE site_id = 456").fetchone()
    async with connect(unsorted) as host:
        answer = await host.answer("get_leaderboard", site="456", path=text)
    assert (answer["matching_hits"], answer["paths_found"], answer["total_hits"]) == (hits, number, total)
    assert answer["filters"] == f"path contains {text}"
    assert sum(row["hits"] for row in rows_of(answer["pages"])) == total


@given(
    hits=st.dictionaries(st.sampled_from(["/", "/a", "/a/b", "/Blog", "/blog/c", "/d"]), st.integers(1, 9)),
    names=st.lists(st.sampled_from(["/A", "/b", "blog", "/nowhere", "c"]), min_size=2, max_size=4, unique=True),
    as_text=st.booleans(),
)
@examples(30)
async def test_several_names_are_one_sum_and_share_of_the_whole_and_none_counts_twice(
    hits: dict[str, int], names: list[str], *, as_text: bool
) -> None:
    service = fake_api()
    service.add_hits(456, [{"path": path} for path, n in hits.items() for _ in range(n)])
    async with connect(service) as host:
        answer = await host.answer("get_leaderboard", site="456", path=",".join(names) if as_text else names)
    found = {path: n for path, n in hits.items() if any(name.casefold() in path.casefold() for name in names)}
    total = sum(hits.values())
    assert (answer["matching_hits"], answer["paths_found"], answer["total_hits"]) == (
        sum(found.values()),
        len(found),
        total,
    )
    assert answer["matching_percent"] == (round(100 * sum(found.values()) / total, 1) if total else None)
    assert sum(row["hits"] for row in rows_of(answer["pages"])) == (total if found else 0)
    unfound = [name for name in names if not any(name.casefold() in path.casefold() for path in hits)]
    assert [note.rpartition(" ")[2] for note in answer["notes"] if "no path contains" in note] == unfound


async def test_a_path_as_an_answer_shows_it_finds_itself() -> None:
    fake_api = FakeApi(now=lambda: NOW, hits=0)
    fake_api.add_hits(456, [{"path": "/a b"}, {"path": "/" + "x" * 300}, {"path": "/c"}])
    async with connect(fake_api) as host:
        shown = [row["path"] for row in rows_of((await host.answer("get_leaderboard", site="456"))["pages"])]
        assert len(shown) == 3
        for path in shown:
            answer = await host.answer("get_leaderboard", site="456", path=path)
            assert [row["path"] for row in rows_of(answer["pages"])] == [path, "other"]


async def test_a_filter_that_the_service_ignores_is_applied_all_the_same() -> None:
    async with connect(board_of([PAGE, {**PAGE, "path": "/about"}])) as host:
        answer = await host.answer("get_leaderboard", path="ABOUT")
    assert (answer["paths_found"], answer["matching_hits"]) == (1, 540)


async def test_nothing_found_names_what_helps() -> None:
    async with connect(board_of([PAGE])) as host:
        answer = await host.answer("get_leaderboard", path="nowhere")
        assert "no pages with hits whose path contains nowhere" in answer["headline"]
        assert "Leave path out" in answer["next_step"]
    async with connect(board_of([], lifetime=0)) as host:
        answer = await host.answer("get_leaderboard")
    assert "get_site" in answer["next_step"]
    assert answer["pages"]["rows"] == []


async def test_all_pages_are_read_before_one_is_called_the_first() -> None:
    async with connect(board_of(many(2500), lifetime=None)) as host:
        answer = await host.answer("get_leaderboard", limit=2, offset=1)
        assert answer["requests_used"] == 4
    assert [row["hits"] for row in rows_of(answer["pages"])] == [2499, 2498, 2500 * 2501 // 2 - 4997]
    assert (answer["pages"]["next_offset"], answer["complete"]) == (3, True)


@pytest.mark.parametrize("lifetime", [None, 10**9])
async def test_beyond_the_cap_no_sum_is_told(lifetime: int | None) -> None:
    async with connect(board_of(many(21_000), lifetime=lifetime)) as host:
        answer = await host.answer("get_leaderboard")
        assert answer["requests_used"] == 21
    assert (answer["complete"], answer["matching_hits"], answer["total_hits"]) == (False, None, lifetime)
    assert "only 20000 of 21000 paths" in answer["notes"][-1]
    assert "other" in [row["path"] for row in rows_of(answer["pages"])] or lifetime is None


async def test_hits_that_the_ranking_lacks_are_in_other_and_explained() -> None:
    async with connect(board_of([PAGE], lifetime=600)) as host:
        answer = await host.answer("get_leaderboard")
    assert rows_of(answer["pages"])[-1] == {"path": "other", "hits": 60, "percent": 10.0, "unique_hits": None}
    assert "not ranked yet" in answer["notes"][-1]


@pytest.mark.parametrize(
    ("cached", "age"), [("2026-11-23T09:00:00Z", 1800), ("2026-11-23T09:00:00", 1800), (None, None)]
)
async def test_the_age_of_the_ranking_is_told(cached: str | None, age: int | None) -> None:
    reply = {"leaderboard": [PAGE], "pagination": paging(1), "cache_info": {"cached_at": cached}}
    async with connect(board_of(reply)) as host:
        answer = await host.answer("get_leaderboard")
    assert answer["counted_s_ago"] == age
    assert answer["counted_at"] == ("unknown" if cached is None else "2026-11-23T09:00:00Z")


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (HTML, "did not accept the API key"),
        (httpx.Response(500), "failed with status 500"),
        ({"leaderboard": [{"path": "/"}], "pagination": paging(1)}, "total_hits"),
        (httpx.Response(404, json={"error": "Site not found"}), "no such thing"),
    ],
)
async def test_a_failing_service_is_an_error(reply: Any, words: str) -> None:
    async with connect(board_of(reply)) as host:
        assert words in await host.error("get_leaderboard")


@pytest.mark.parametrize("text", HOSTILE)
async def test_no_text_of_the_service_breaks_out(text: str) -> None:
    rows = [spoilt(PAGE, f"{text}{n}") for n in range(60)]
    async with connect(board_of(rows)) as host:
        for result in (
            await host.call("get_leaderboard"),
            await host.call("get_leaderboard", path=text[:100], limit=50),
        ):
            assert_safe(result)


async def test_a_single_page_with_a_single_hit_is_one() -> None:
    fake_api = FakeApi(now=lambda: NOW, hits=0)
    fake_api.add_hits(456, [{"path": "/c"}])
    async with connect(fake_api) as host:
        answer = await host.answer("get_leaderboard", site="456")
    assert answer["headline"].startswith("1 page has 1 hit ever; ")


async def test_a_name_with_two_spellings_is_one_row_with_the_hits_of_both() -> None:
    counts = {"/most": 9, "/x y": 7, "/x%20y": 5, "/x/": 2}
    rows = [{**PAGE, "path": path, "total_hits": hits} for path, hits in counts.items()]
    async with connect(board_of(rows, lifetime=23)) as host:
        answer = await host.answer("get_leaderboard")
    shown = [(row["path"], row["hits"], row["unique_hits"]) for row in rows_of(answer["pages"])]
    assert shown == [("/x%20y", 12, None), ("/most", 9, 320), ("/x/", 2, 320)]
    assert (answer["paths_found"], answer["matching_hits"]) == (3, 23)
