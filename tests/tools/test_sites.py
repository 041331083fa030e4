"""list_sites and get_site tell lifetime counters, and add up only what adds up."""

from typing import Any

import httpx2 as httpx
import pytest
from support.client import MODES, NOW, Mode, connect, rows_of, text_of
from support.replies import HOSTILE, HTML, SITE, answering, assert_safe, spoilt
from tinylytics_mcp.fake_api import FakeApi, Quirk
from tinylytics_tools.client import Preferences

pytestmark = pytest.mark.anyio


def sites_of(*changes: dict[str, Any]) -> Any:
    """A service with these sites, numbered from 1."""
    return answering({"/sites": {"sites": [{**SITE, "id": n, **more} for n, more in enumerate(changes, start=1)]}})


def paths(host: Any) -> list[str]:
    """What was asked."""
    return [request.url.path.removeprefix("/api/v1") for request in host.wire.requests]


@pytest.mark.parametrize("quirks", [[], [Quirk.WRAPPED, Quirk.EXTRA_FIELDS]])
@pytest.mark.parametrize("mode", MODES)
async def test_counters_are_those_of_the_hits_and_the_totals_their_sums(mode: Mode, quirks: list[Quirk]) -> None:
    fake_api = FakeApi(now=lambda: NOW, hits=500, quirks=quirks)
    counted = dict(fake_api.connection.execute("SELECT site_id, COUNT(*) FROM hits GROUP BY site_id").fetchall())
    (kudos,) = fake_api.connection.execute("SELECT COUNT(*) FROM kudos").fetchone()
    async with connect(fake_api, mode=mode) as host:
        result = await host.call("list_sites")
        one = await host.call("get_site", site="example.com")
    answer, single = result.structured_content, one.structured_content
    assert answer is not None
    assert single is not None
    rows = rows_of(answer["sites"])
    assert {row["id"]: row["hits"] for row in rows} == counted
    assert [row["hits"] for row in rows] == sorted(counted.values(), reverse=True)
    assert (answer["hits_of_all_sites"], answer["kudos_of_all_sites"]) == (sum(counted.values()), kudos)
    assert f"3 sites: {sum(counted.values())} hits and {kudos} kudos in all." in text_of(result)
    assert (single["lifetime_hits"], single["site"], single["since"]) == (counted[456], "My Blog", "2025-06-23")
    assert f"“My Blog” has had {counted[456]} hits since 2025-06-23." in text_of(one)
    assert_safe(result)
    assert_safe(one)


async def test_unique_hits_are_never_added_up() -> None:
    async with connect(sites_of({"lifetime_unique_hits": 7001}, {"lifetime_unique_hits": 5003})) as host:
        result = await host.call("list_sites")
    assert "12004" not in text_of(result) + str(result.structured_content)
    assert "not added up" in text_of(result)


async def test_a_counter_that_one_site_lacks_has_no_total() -> None:
    bare = {**SITE, "lifetime_hits": None, "url": None, "label": None, "uid": None}
    async with connect(answering({"/sites": {"sites": [{**SITE, "id": 1}, bare]}, "/sites/456": bare})) as host:
        answer = await host.answer("list_sites")
        single = await host.answer("get_site", site="456")
    assert answer["hits_of_all_sites"] is None
    assert answer["kudos_of_all_sites"] == 174
    assert rows_of(answer["sites"])[1]["hits"] is None
    assert (single["lifetime_hits"], single["uid"], single["url"]) == (None, "none", "none")
    assert "an unknown number of hits" in single["headline"]


async def test_many_sites_are_listed_in_parts() -> None:
    async with connect(sites_of(*[{"label": f"Site {n}", "lifetime_hits": n} for n in range(120)])) as host:
        seen: list[int] = []
        offset: int | None = 0
        while offset is not None:
            table = (await host.answer("list_sites", offset=offset))["sites"]
            seen += [row["hits"] for row in rows_of(table)]
            offset = table["next_offset"]
            assert table["of"] == 120
    assert seen == list(range(119, -1, -1))


async def test_no_site_is_explained() -> None:
    async with connect(sites_of()) as host:
        answer = await host.answer("list_sites")
        assert "has no site yet" in await host.error("get_site")
    assert answer["headline"] == "This account has no site yet."
    assert "get_account" in answer["next_step"]


async def test_digits_go_straight_to_the_site_and_names_through_the_list() -> None:
    fake_api = FakeApi(now=lambda: NOW, hits=0)
    async with connect(fake_api) as host:
        await host.answer("get_site", site="457")
        assert paths(host) == ["/sites/457"]
        await host.answer("get_site", site="Photos")
        assert paths(host)[1:] == ["/sites", "/sites/457"]
        said = await host.error("get_site", site="999")
        assert '456 "My Blog", 457 "Photos", 458 "Field Notes"' in said


async def test_a_site_called_by_a_number_is_found_by_it() -> None:
    site = {**SITE, "label": "2024"}
    async with connect(answering({"/sites": {"sites": [site]}, "/sites/456": site})) as host:
        assert (await host.answer("get_site", site="2024"))["site_id"] == 456


async def test_the_site_of_the_settings_is_the_default() -> None:
    fake_api = FakeApi(now=lambda: NOW, hits=0)
    async with connect(fake_api, preferences=Preferences(site="458")) as host:
        assert (await host.answer("get_site"))["site"] == "Field Notes"
        assert paths(host) == ["/sites/458"]


@pytest.mark.parametrize("site", ["4\u06656", "9" * 40, "4 5 6", "../456", "456/hits"])
async def test_nothing_but_digits_ever_reaches_the_path(site: str) -> None:
    async with connect(sites_of({})) as host:
        await host.call("get_site", site=site)
        for path in paths(host):
            assert path.removeprefix("/sites").removeprefix("/").isascii()
            assert path == "/sites" or path.removeprefix("/sites/").isdigit()


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (HTML, "did not accept the API key"),
        (httpx.Response(500), "failed with status 500"),
        ({"sites": 3}, "at: sites"),
    ],
)
async def test_a_failing_list_is_an_error(reply: Any, words: str) -> None:
    async with connect(answering({"/sites": reply})) as host:
        assert words in await host.error("list_sites")


@pytest.mark.parametrize("text", HOSTILE)
async def test_no_text_of_the_service_breaks_out(text: str) -> None:
    site = spoilt(SITE, text, keep=("created_at", "updated_at"))
    async with connect(answering({"/sites": {"sites": [site]}, "/sites/456": site})) as host:
        for result in (await host.call("list_sites"), await host.call("get_site")):
            assert not result.is_error, text_of(result)
            assert_safe(result)
