"""A write says what is impossible first, and what the service made of it: country, path, uid and ignore rules."""

from typing import Any

import pytest
from support.client import connect, rows_of, text_of
from support.writes import add, agreeing, deleted, fake_api, hits, left, verbs

pytestmark = pytest.mark.anyio

MOMENTS = [
    "created_at",
    "createdAt",
    "created",
    "date",
    "timestamp",
    "time",
    "visited_at",
    "datetime",
    "ts",
    "hit-time",
]
NO_MOMENTS = ["update", "format", "time_zone", "option"]


@pytest.mark.parametrize("name", MOMENTS)
@pytest.mark.parametrize(("tool", "thing"), [("create_hit", "hits"), ("create_kudo", "kudos"), ("create_hits", "hits")])
async def test_a_time_is_answered_with_what_cannot_be_before_what_is_allowed(name: str, tool: str, thing: str) -> None:
    service = fake_api()
    site = add(service)
    row = {"path": "/x", name: "2026-01-01T00:00:00Z"}
    async with connect(service) as host:
        said = await host.error(tool, site=site, **({"hits": [row] * 3} if tool == "create_hits" else row))
        assert verbs(host) == []
    assert said.startswith(f"Nothing was sent: {thing} cannot be back-dated, each ")
    assert said.index("cannot be back-dated") < said.index("as if they were of today") < said.index(f"{name} is no")
    assert "those are" in said
    assert len(said) <= 600


@pytest.mark.parametrize("name", NO_MOMENTS)
async def test_a_field_that_is_no_time_is_not_answered_as_one(name: str) -> None:
    async with connect(fake_api()) as host:
        for tool, given in (("create_hit", {"path": "/x", name: "x"}), ("create_hits", {"hits": [{name: "x"}]})):
            assert "back-dated" not in await host.error(tool, **given)


async def test_a_time_in_some_rows_is_never_read_as_a_field_to_leave_out_of_them() -> None:
    service = fake_api()
    site = add(service)
    rows: list[dict[str, Any]] = [{"path": f"/{n}"} for n in range(500)]
    for row in rows[:400]:
        row["created_at"] = "2026-01-01"
    rows[499] = {"pth": "/x"}
    async with connect(service) as host:
        said = await host.error("create_hits", site=site, hits=rows)
        skipped = await host.answer("create_hits", site=site, hits=rows, skip_invalid=True)
    assert said.startswith("Nothing was sent: hits cannot be back-dated")
    assert "401 of 500 rows are wrong, counted from 0. Row 0-399: hits cannot be back-dated" in said
    assert "Leave out those of another time" in said
    assert "Correct them" not in said
    assert len(said) <= 600
    assert (skipped["created"], skipped["invalid"], len(hits(service))) == (99, 401, 99)
    assert rows_of(skipped["not_created"])[0]["why"].startswith("hits cannot be back-dated; created_at is no field")


@pytest.mark.parametrize(("tool", "name"), [("list_hits", "date"), ("delete_kudo", "created_at")])
async def test_a_tool_that_creates_nothing_does_not_speak_of_back_dating(tool: str, name: str) -> None:
    async with connect(fake_api()) as host:
        said = await host.error(tool, **{name: "2026-01-01"})
    assert said.startswith("Invalid arguments.")
    assert "back-dated" not in said


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"country": "DE"}, "stored with country DE."),
        ({"ip_address": "8.8.8.8"}, "stored with country US."),
        ({"ip_address": "999.999.999.999"}, "stored with country XX, which stands for an unknown one."),
        ({}, "stored with country XX, which stands for an unknown one."),
    ],
)
async def test_the_country_that_was_stored_stands_in_the_headline_and_xx_is_never_taken_for_a_country(
    given: dict[str, str], words: str
) -> None:
    service = fake_api()
    site = add(service)
    async with connect(service) as host:
        result = await host.call("create_hit", site=site, path="/x", **given)
    assert words in text_of(result)
    assert words in (result.structured_content or {})["headline"]


@pytest.mark.parametrize("tool", ["create_hit", "create_hits", "create_kudo"])
async def test_an_ignored_path_is_told_as_the_sites_own_setting_and_a_created_one_is_not(tool: str) -> None:
    service = fake_api()
    site = add(service)
    async with connect(service) as host:
        notes: list[list[str]] = []
        for path in ("/wp-admin/x", "/x"):
            given: dict[str, Any] = {"hits": [{"path": path}]} if tool == "create_hits" else {"path": path}
            notes.append((await host.answer(tool, site=site, **given))["notes"])
    ignored, created = (any("a setting of the site on Tinylytics" in note for note in told) for told in notes)
    assert (ignored, created) == (True, False)


@pytest.mark.parametrize("is_dry", [True, False])
@pytest.mark.parametrize("tool", ["create_hit", "create_hits", "create_kudo"])
async def test_a_leading_slash_that_was_added_is_said_and_one_that_was_given_is_not(tool: str, *, is_dry: bool) -> None:
    service = fake_api()
    site = add(service)
    async with connect(service) as host:
        told: list[str] = []
        for path in ("hello", " /hallo"):
            given: dict[str, Any] = (
                {"hits": [{"path": "/a"}, {"path": path}]} if tool == "create_hits" else {"path": path}
            )
            result = await host.call(tool, site=site, dry_run=is_dry, **given)
            told.append(text_of(result))
            both = text_of(result), str(result.structured_content)
            assert len({"a leading slash was added" in half for half in both}) == 1
    named = "to 1 path, first in row 1" if tool == "create_hits" else "the path is /hello"
    assert f"a leading slash was added{'' if tool == 'create_hits' else ':'} {named}" in told[0]
    assert "slash was added" not in told[1]


async def test_the_uid_that_takes_a_kudo_back_is_in_quotes_and_a_blank_is_never_taken_for_its_code() -> None:
    service = fake_api()
    site = add(service, "a b", "a%20b")
    async with connect(service, elicitation=agreeing) as host:
        plain = await host.answer("create_kudo", site=site, path="/hello", custom_uid="plain")
        again = await host.answer("create_kudo", site=site, path="/hello", custom_uid="plain")
        for answer in (plain, again):
            assert "as uid “plain”." in answer["headline"]
            assert answer["next_step"] == "delete_kudo with uid “plain” takes it back."
        await deleted(host, site=site, uid="a b")
        back = await host.answer("create_kudo", site=site, path="/hello", custom_uid="“a b”")
        assert "as uid “a b”." in back["headline"]
        assert back["next_step"] == "delete_kudo with uid “a b” takes it back."
        assert sorted(left(service)) == ["a b", "a%20b", "plain"]
        await deleted(host, site=site, uid="“a b”")
    assert sorted(left(service)) == ["a%20b", "plain"]
