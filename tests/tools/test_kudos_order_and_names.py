"""What is easily misread of kudos: several names, rates on few views, pages without any, an end alone, the oldest."""

import json
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.client import NOW, connect, rows_of, text_of
from support.properties import examples
from support.writes import add, fake_api
from tinylytics_mcp.fake_api import FakeApi
from tinylytics_tools import sanitize

pytestmark = pytest.mark.anyio

PATHS = ["/", "/a", "/a/", "/b", "/blog/a,b", "/blog/c", "/Blog"]
UIDS = st.sampled_from(["u-1", "blog", "x"])
KUDOS = st.lists(st.tuples(st.sampled_from(PATHS), UIDS), max_size=40)
VIEWS = st.dictionaries(st.sampled_from(PATHS), st.integers(0, 70))
NAMES = st.lists(st.sampled_from(["/a", "/b", "BLOG", "/blog/", "nothing", "u-"]), min_size=1, max_size=3, unique=True)


def ago(days: float) -> int:
    return int((NOW - timedelta(days=days)).timestamp())


def filled(kudos: list[tuple[str, str]], views: dict[str, int]) -> tuple[FakeApi, str]:
    """A service whose first site has these kudos and views of three days ago."""
    service = fake_api()
    site = add(service)
    service.add_kudos(
        int(site), [{"uid": f"{uid}-{n}", "path": path, "created_at": ago(3)} for n, (path, uid) in enumerate(kudos)]
    )
    service.add_hits(int(site), [{"path": path, "created_at": ago(3)} for path, n in views.items() for _ in range(n)])
    return service, site


def page(path: str) -> str:
    """The page of a path, whatever its closing slash."""
    return path.rstrip("/") or "/"


def is_named(path: str, names: list[str]) -> bool:
    return any(name.casefold() in one.casefold() for name in names for one in (page(path), f"{page(path)}/"))


@given(kudos=KUDOS, views=VIEWS, names=NAMES, as_text=st.booleans())
@examples(30)
async def test_several_names_are_one_sum_and_share_and_no_kudo_counts_twice(
    kudos: list[tuple[str, str]], views: dict[str, int], names: list[str], *, as_text: bool
) -> None:
    service, site = filled(kudos, views)
    async with connect(service) as host:
        search = ", ".join(names) if as_text else names
        result = await host.call("list_kudos", site=site, search=search, period="last_7_days")
    answer, text = result.structured_content, text_of(result)
    assert answer is not None
    by_path = [is_named(path, names) for path, _ in kudos]
    matching = [
        on_page or any(name.casefold() in f"{uid}-{n}".casefold() for name in names)
        for n, (on_page, (_, uid)) in enumerate(zip(by_path, kudos, strict=True))
    ]
    assert (answer["kudos"], answer.get("kudos_of_all")) == (sum(matching), len(kudos))
    share = round(100 * sum(matching) / len(kudos), 1) if kudos else None
    assert answer.get("percent_of_all") == share
    seen = sum(n for path, n in views.items() if is_named(path, names))
    assert answer["views"] == (seen if by_path == matching else None)
    assert f"kudos: {sum(matching)}\n" in text
    assert answer["newest"]["of"] == sum(matching)
    if any(matching):
        assert f"{sum(matching)} of {len(kudos)} kudo" in answer["headline"]


async def test_a_name_of_several_that_nothing_has_is_named_and_not_hidden_in_the_sum() -> None:
    service, site = filled([("/a", "k"), ("/b", "k")], {"/a": 5, "/viewed": 2})
    async with connect(service) as host:
        answer = await host.answer("list_kudos", site=site, search="/a,/viewed,/nowhere", period="last_7_days")
    assert [note for note in answer["notes"] if "contains" in note] == ["no path or uid contains /nowhere"]
    assert (answer["kudos"], answer["views"]) == (1, 7)


@pytest.mark.parametrize("name", ["path", "uid"])
async def test_a_text_with_commas_is_one_that_is_there_or_refused_and_never_a_zero(name: str) -> None:
    service, site = filled([], {})
    add(service, "a,b", path="/blog/a,b")
    add(service, "c", path="/c")
    async with connect(service) as host:
        given = {"path": "/blog/a,b", "uid": "a,b"}[name]
        assert (await host.answer("list_kudos", site=site, **{name: given}))["kudos"] == 1
        said = await host.error("list_kudos", site=site, **{name: "/blog/a,/c" if name == "path" else "a,c"})
        assert "Name several pages in search" in said
        assert (await host.answer("list_kudos", site=site, search="/blog/a,/c"))["kudos"] == 2
        assert "Name several pages" in await host.error("list_kudos", site="all", **{name: "/blog/a,/c"})


@given(kudos=KUDOS, views=VIEWS, least=st.one_of(st.none(), st.integers(0, 60)))
@examples(30)
async def test_pages_by_rate_are_those_with_enough_views_and_the_others_are_neither_first_nor_lost(
    kudos: list[tuple[str, str]], views: dict[str, int], least: int | None
) -> None:
    service, site = filled(kudos, views)
    async with connect(service) as host:
        answer = await host.answer(
            "list_kudos", site=site, period="last_7_days", sort="rate", least_views=least, limit=50
        )
    liked = Counter(page(path) for path, _ in kudos)
    viewed: Counter[str] = Counter()
    for path, n in views.items():
        viewed[page(path)] += n
    enough = 30 if least is None else max(1, least)
    rates = {one: 100 * n / viewed[one] for one, n in liked.items() if viewed[one] >= enough}
    rows = [row for row in rows_of(answer["by_page"]) if row["path"] != "other"]
    assert {page(row["path"]) for row in rows} == set(rates)
    order = [round(rates[page(row["path"])], 6) for row in rows]
    told = [row["per_100_views"] for row in rows]
    assert order == sorted(order, reverse=True)
    assert all(abs(shown - rate) <= 0.05 * max(1, rate) for shown, rate in zip(told, order, strict=True))
    assert [row["few_views"] for row in rows] == [viewed[page(row["path"])] < 30 for row in rows]
    assert sum(row["kudos"] for row in rows_of(answer["by_page"])) == (len(kudos) if rates else 0)
    left_out = [note for note in answer["notes"] if f"not ranked{', but in other' if rates else ''}" in note]
    assert len(left_out) == (len(liked) > len(rates))
    assert (" pages have " in answer["headline"]) is (len(told) > 1 and told[0] == told[1])


async def test_a_rate_on_few_views_is_marked_in_its_row_and_a_first_place_that_is_shared_is_told() -> None:
    service, site = filled([("/a", "k"), ("/b", "k"), ("/blog/c", "k")], {"/a": 2, "/b": 30})
    async with connect(service) as host:
        answer = await host.answer("list_kudos", site=site, period="last_7_days")
    marked = {row["path"]: (row["per_100_views"], row["few_views"]) for row in rows_of(answer["by_page"])}
    assert marked == {"/a": (50.0, True), "/b": (3.3, False), "/blog/c": (None, False)}
    assert answer["headline"].endswith("; 3 pages have 1 kudo each, the most.")


@pytest.mark.parametrize(
    "arguments", [{"least_views": 5}, {"site": "all", "sort": "rate"}, {"uid": "x", "sort": "rate"}]
)
async def test_an_order_that_does_not_fit_is_refused_and_never_left_out_silently(arguments: dict[str, Any]) -> None:
    async with connect(fake_api()) as host:
        assert "rate" in await host.error("list_kudos", **arguments)
        assert host.wire.requests == []


@pytest.mark.parametrize(
    "given", [{"path": "/a"}, {"search": "/a"}, {"search": ["/a", "/blog"]}, {"period": "last_7_days"}]
)
async def test_a_page_with_views_and_no_kudos_says_both(given: dict[str, Any]) -> None:
    service, site = filled([], {"/a": 11, "/a/": 1})
    async with connect(service) as host:
        result = await host.call("list_kudos", site=site, **given)
    answer = result.structured_content
    assert answer is not None
    assert (answer["kudos"], answer["views"], answer["per_100_views"]) == (0, 12, 0)
    assert answer["headline"].startswith("12 views, no kudos")
    assert text_of(result).startswith("12 views, no kudos")


async def test_an_end_alone_means_until_that_day_and_never_the_thirty_days_before_it() -> None:
    service = fake_api()
    site = add(service, "first", days_ago=300)
    add(service, "second", days_ago=100)
    add(service, "later", days_ago=3)
    day = (NOW - timedelta(days=50)).date().isoformat()
    async with connect(service) as host:
        answer = await host.answer("list_kudos", site=site, end_date=day)
        before = await host.answer("list_kudos", site=site, end_date="2020-01-01")
        since = (await host.answer("get_site", site=site))["since"]
        both = await host.answer("list_kudos", site=site, start_date="2026-01-01", end_date=day)
    assert [row["uid"] for row in rows_of(answer["newest"])] == ["second", "first"]
    assert (answer["first_day"], answer["last_day"]) == (since, day)
    assert "start_date: the first day of the site" in answer["defaults"]
    assert any(
        note.startswith("end_date alone means until that day, from the first kudo on;") for note in answer["notes"]
    )
    assert before["kudos"] == 0
    assert both["kudos"] == 2
    assert "end_date alone" not in str(both)


async def test_the_oldest_first_goes_on_to_the_newest_and_is_never_called_the_newest() -> None:
    service = FakeApi(now=lambda: NOW)
    site = add(service)
    uids: list[str] = []
    offset: int | None = 0
    async with connect(service) as host:
        while offset is not None:
            answer = await host.answer(
                "list_kudos", site=site, period="all_time", sort="oldest", offset=offset, limit=40
            )
            assert "newest" not in answer
            uids += [row["uid"] for row in rows_of(answer["oldest"])]
            offset = answer["oldest"]["next_offset"]
    sql = "SELECT uid FROM kudos WHERE site_id = ? ORDER BY created_at, id"
    assert uids == [sanitize.uid(row[0]) for row in service.connection.execute(sql, (site,))]


async def test_an_offset_moves_one_list_alone_and_the_other_stays_at_its_beginning() -> None:
    service = FakeApi(now=lambda: NOW)
    site = add(service)
    async with connect(service) as host:
        by_kudo = [
            await host.answer("list_kudos", site=site, period="all_time", limit=5, offset=offset) for offset in (0, 5)
        ]
        names: list[str] = []
        of = 0
        offset: int | None = 0
        while offset is not None:
            answer = await host.answer("list_kudos", site=site, period="all_time", sort="most", limit=30, offset=offset)
            names += [row["path"] for row in rows_of(answer["by_page"]) if row["path"] != "other"]
            of, offset = answer["by_page"]["of"], answer["by_page"]["next_offset"]
            assert "newest" not in answer
    assert by_kudo[0]["by_page"] == by_kudo[1]["by_page"]
    assert by_kudo[0]["by_page"]["next_offset"] is None
    assert "by_page goes on, by offset, with sort most" in by_kudo[0]["notes"]
    assert by_kudo[0]["newest"] != by_kudo[1]["newest"]
    assert len(names) == len(set(names)) == of


async def test_the_schema_says_where_a_path_is_exact_and_where_a_text_is_contained() -> None:
    async with connect(fake_api()) as host:
        tools = {tool.name: tool for tool in (await host.client.list_tools()).tools}
    kudos = tools["list_kudos"].input_schema["properties"]
    assert "xact" in kudos["path"]["description"]
    assert "ontains" in kudos["search"]["description"]
    assert "ontains" in tools["get_leaderboard"].input_schema["properties"]["path"]["description"]
    assert len(json.dumps(tools["list_kudos"].input_schema)) < 2_000
