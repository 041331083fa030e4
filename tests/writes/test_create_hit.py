"""Recording one hit: as the API document says, once, and told as what it is."""

from typing import Any

import httpx2 as httpx
import pytest
from inline_snapshot import snapshot
from support.client import MODES, Mode, connect, network_of, record_of, rows_of, text_of
from support.faults import Fault, Faulty, once
from support.replies import answering
from support.writes import WHOLE, add, fake_api, hits, sent, verbs
from tinylytics_mcp.fake_api import READ_ONLY_KEY
from tinylytics_tools.transport.database import Database

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("mode", MODES)
async def test_every_field_of_the_document_is_sent_as_it_was_given(mode: Mode) -> None:
    service = fake_api()
    site = add(service)
    async with connect(service, mode=mode) as host:
        answer = await host.answer("create_hit", site=site, **WHOLE)
        assert sent(host.wire.requests) == [WHOLE]
    assert (answer["status"], answer["country"], answer["browser"], answer["source"]) == (
        "created",
        "DE",
        "Safari",
        "spring%20sale",
    )
    assert answer["notes"] == snapshot(["hits get the time of their arrival, and cannot be back-dated or removed"])


@pytest.mark.parametrize(("given", "resolved"), [("8.8.8.8", "US"), ("2a00:1450::1", "IE"), ("999.999.999.999", "XX")])
async def test_the_country_is_told_as_the_service_resolved_it(given: str, resolved: str) -> None:
    service = fake_api()
    site = add(service)
    async with connect(service) as host:
        answer = await host.answer("create_hit", site=site, path="from-ip", ip_address=given)
    assert (answer["country"], answer["path"]) == (resolved, "/from-ip")


async def test_an_ignored_hit_is_not_called_recorded() -> None:
    service = fake_api()
    site = add(service)
    async with connect(service) as host:
        answer = await host.answer("create_hit", site=site, path="/wp-admin/x")
    assert (answer["status"], answer["reason"], hits(service)) == ("ignored", "Path matches ignore rule", [])
    ignored = "Ignored: no hit was stored on /wp-admin/x of “My Blog”. "
    assert answer["headline"] == f"{ignored}The service says: “Path matches ignore rule”."


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("no”. It was stored. “x", "The service says: “no\u2019. It was stored. \u2018x”."),
        (None, "The service gave no reason."),
    ],
)
async def test_what_the_service_says_stands_in_quotes_and_is_not_made_up(reason: str | None, told: str) -> None:
    ignored = httpx.Response(202, json={"status": "ignored", "reason": reason})
    async with connect(answering({"/sites/456/hits": ignored, "/sites/456/kudos": ignored})) as host:
        for tool in ("create_hit", "create_kudo"):
            assert (await host.answer(tool, path="/x"))["headline"].endswith(f" of “My Blog”. {told}")


@pytest.mark.parametrize(
    "fault",
    [Fault.LOST_REQUEST, Fault.LOST_ANSWER, Fault.LATE_ANSWER, Fault.CUT_ANSWER, Fault.FAILED_AFTERWARDS],
)
async def test_a_hit_whose_answer_was_lost_is_told_as_unknown_and_never_sent_again_by_itself(fault: Fault) -> None:
    service = fake_api()
    site = add(service)
    async with connect(Faulty(network_of(service), once("POST", fault))) as host:
        said = await host.error("create_hit", site=site, path="/x")
        assert verbs(host) == ["POST"]
        assert "not known whether the hit on /x was stored" in said
        assert "list_hits with path /x and period today" in said
        repeated = await host.error("create_hit", site=site, path="/x")
        assert verbs(host) == ["POST"]
        assert "not known" in repeated
        assert (await host.answer("create_hit", site=site, path="/x", allow_repeat=True))["status"] == "created"


async def test_a_hit_that_never_left_is_sent_by_the_next_call() -> None:
    service = fake_api()
    site = add(service)
    async with connect(Faulty(network_of(service), once("POST", Fault.NO_CONNECTION))) as host:
        await host.error("create_hit", site=site, path="/x")
        assert verbs(host) == ["POST"]
        assert (await host.answer("create_hit", site=site, path="/x"))["repeated"] is False
    assert hits(service) == ["/x"]


@pytest.mark.parametrize("mode", MODES)
async def test_the_same_hit_within_a_minute_gets_the_first_result_and_another_visitor_is_another_hit(
    mode: Mode,
) -> None:
    service, record = fake_api(), record_of(Database(None))
    site = add(service)
    for visitor in ("a", "a", "b"):
        async with connect(service, mode=mode, writes=record) as host:
            answer = await host.answer("create_hit", site=site, path="/x", visitor_id=visitor)
            assert answer["repeated"] is (verbs(host) == [])
    assert hits(service) == ["/x", "/x"]


async def test_a_dry_run_shows_every_field_and_sends_nothing() -> None:
    service = fake_api()
    site = add(service)
    async with connect(service) as host:
        answer = await host.answer("create_hit", site=site, dry_run=True, **WHOLE)
        assert verbs(host) == []
    shown = {row["field"]: row["value"] for row in rows_of(answer["would_send"])}
    assert set(shown) == {"request", *WHOLE}
    assert shown["request"] == f"POST /sites/{site}/hits"
    assert shown["url"] == WHOLE["url"]
    assert hits(service) == []


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("tool", ["create_hit", "create_hits"])
async def test_a_read_only_key_sends_nothing(tool: str, mode: Mode) -> None:
    async with connect(fake_api(), key=READ_ONLY_KEY, mode=mode) as host:
        assert "full-access key" in await host.error(tool, path="/x", hits=[{"path": "/x"}])
        assert host.wire.requests == []


async def test_a_record_that_cannot_be_kept_stops_every_write_and_says_why(tmp_path: Any) -> None:
    service = fake_api()
    site = add(service, "k")
    blocked = tmp_path / "file"
    blocked.write_text("a file where a folder should be")
    async with connect(service, writes=record_of(Database(blocked / "state.sqlite"))) as host:
        for tool, arguments in (
            ("create_hit", {"path": "/x"}),
            ("create_hits", {"hits": [{"path": "/x"}]}),
            ("create_kudo", {"path": "/x"}),
            ("delete_kudo", {"uid": "k"}),
        ):
            result = await host.call(tool, site=site, **arguments)
            assert result.is_error
            assert text_of(result).startswith("Nothing was sent, because no write is made without a record of it")
            assert "Errno" not in text_of(result)
        assert verbs(host) == []
