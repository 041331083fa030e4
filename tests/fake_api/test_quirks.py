"""The unverified behaviours that change replies; those of keys and limits stand beside the rules they bend."""

from typing import Any, cast

import pytest
from support.fake_api import MAIN, YOUNG, ask, made
from tinylytics_mcp.fake_api import Quirk

pytestmark = pytest.mark.anyio

LISTS = {
    "hits": "hits",
    "hits?grouped=true": "grouped_hits",
    "hits?grouped=true&group_by=referrer": "grouped_hits",
    "kudos": "kudos",
    "user_journeys": "user_journeys",
    "insights": "insights",
    "uptime": "downtimes",
}


def test_quirks_are_off_by_default() -> None:
    assert len(Quirk) == 8


@pytest.mark.parametrize(("path", "rows"), LISTS.items())
async def test_lists_may_come_in_any_order_but_always_the_same(path: str, rows: str) -> None:
    size = 50 if path in {"user_journeys", "insights"} else 100
    path = f"{MAIN}/{path}{'&' if '?' in path else '?'}per_page={size}"
    usual = (await ask(made(hits=3000), path)).json()
    scrambled = (await ask(made(Quirk.UNSORTED, hits=3000), path)).json()
    assert scrambled[rows] == (await ask(made(Quirk.UNSORTED, hits=3000), path)).json()[rows]
    assert scrambled[rows] != usual[rows]
    assert scrambled["pagination"] == usual["pagination"]


async def test_scrambled_pages_hold_every_hit_once() -> None:
    fake_api = made(Quirk.UNSORTED)
    pages = [(await ask(fake_api, f"{MAIN}/hits?per_page=100&page={page}")).json() for page in range(1, 8)]
    ids = [hit["id"] for page in pages for hit in page["hits"]]
    assert len(ids) == len(set(ids)) == pages[0]["pagination"]["total_count"]


async def test_groups_by_source_may_be_unknown() -> None:
    response = await ask(made(Quirk.NO_SOURCE_GROUPS), f"{MAIN}/hits?grouped=true&group_by=source")
    assert (response.status_code, "group_by" in response.json()["error"]) == (400, True)
    assert (await ask(made(), f"{MAIN}/hits?grouped=true&group_by=source")).status_code == 200


async def test_account_and_site_may_be_wrapped() -> None:
    plain, wrapped = made(), made(Quirk.WRAPPED)
    assert (await ask(wrapped, "/me")).json() == {"user": (await ask(plain, "/me")).json()}
    assert (await ask(wrapped, MAIN)).json() == {"site": (await ask(plain, MAIN)).json()}
    assert (await ask(wrapped, "/sites")).json() == (await ask(plain, "/sites")).json()


def objects(value: Any) -> list[dict[str, Any]]:
    """All objects in a JSON value."""
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        return [fields, *(found for field in fields.values() for found in objects(field))]
    if isinstance(value, list):
        return [found for item in cast("list[Any]", value) for found in objects(item)]
    return []


@pytest.mark.parametrize(
    "path",
    ["/me", "/sites", MAIN, f"{YOUNG}/uptime", f"{YOUNG}/content", "/sites/9", *(f"{MAIN}/{path}" for path in LISTS)],
)
async def test_every_object_may_carry_an_unknown_field(path: str) -> None:
    plain = (await ask(made(), path)).json()
    extended = (await ask(made(Quirk.EXTRA_FIELDS), path)).json()
    assert len(objects(plain)) == len(objects(extended))
    assert all(found["do-not-leak"] == "do-not-leak" for found in objects(extended))
    assert "do-not-leak" not in str(plain)


async def test_the_schema_stays_as_it_is() -> None:
    plain, extended = [(await ask(made(*quirks), "/openapi.json")).json() for quirks in ((), (Quirk.EXTRA_FIELDS,))]
    assert plain == extended
