"""Deleting a kudo: who is asked, and what counts as a yes."""

import anyio
import pytest
from inline_snapshot import snapshot
from mcp import MCPError
from mcp.client.session import ClientRequestContext
from mcp.types import ElicitRequestFormParams, ElicitRequestParams, ElicitResult, ErrorData
from support.client import MODES, Mode, connect
from support.writes import TICKED, UID, add, answering, deleted, fake_api, left, verbs
from tinylytics_mcp.fake_api import READ_ONLY_KEY

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("mode", MODES)
async def test_a_client_with_forms_shows_the_user_what_goes_and_a_tick_deletes_it(mode: Mode) -> None:
    service, asked = fake_api(), list[ElicitRequestParams]()
    site = add(service, UID)
    async with connect(service, mode=mode, elicitation=answering(TICKED, asked=asked)) as host:
        answer = await host.answer("delete_kudo", site=site, uid=UID)
    assert left(service) == []
    (question,) = asked
    assert isinstance(question, ElicitRequestFormParams)
    assert question.message == snapshot(
        "Delete the kudo “test-kudo-1” on /hello of “My Blog”, given 2026-11-20T09:30:00Z? Its id and its date cannot "
        "be brought back."
    )
    assert answer["status"] == "deleted"
    assert answer["next_step"] == snapshot(
        "To put it back: create_kudo with path /hello and custom_uid “test-kudo-1”; its id and date are lost."
    )


@pytest.mark.parametrize("mode", MODES)
async def test_a_deletion_is_one_call_with_all_its_requests_however_often_the_client_comes_back(
    mode: Mode, caplog: pytest.LogCaptureFixture
) -> None:
    service = fake_api()
    site = add(service, UID)
    caplog.set_level("INFO", "tinylytics_mcp.calls")
    async with connect(service, mode=mode, elicitation=answering(TICKED)) as host:
        answer = await host.answer("delete_kudo", site=site, uid=UID)
        assert answer["requests_used"] == len(host.wire.requests)
    (line,) = [record for record in caplog.records if record.name == "tinylytics_mcp.calls"]
    assert line.getMessage() == "delete_kudo: ok"
    assert getattr(line, "facts")["requests"] == answer["requests_used"]  # noqa: B009 -- a record has no such field


NO = {
    "declined": ElicitResult(action="decline"),
    "cancelled": ElicitResult(action="cancel"),
    "not ticked": ElicitResult(action="accept", content={"confirm": False}),
    "an empty form": ElicitResult(action="accept", content={}),
    "a word for a tick": ElicitResult(action="accept", content={"confirm": "yes"}),
    "a number for a tick": ElicitResult(action="accept", content={"confirm": 1}),
    "another field": ElicitResult(action="accept", content={"ok": True, "confirm": "true"}),
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("answer", NO)
async def test_whatever_is_not_a_tick_deletes_nothing_and_says_so(answer: str, mode: Mode) -> None:
    service = fake_api()
    site = add(service, UID)
    async with connect(service, mode=mode, elicitation=answering(NO[answer])) as host:
        told = await host.answer("delete_kudo", site=site, uid=UID, confirm=UID)
        assert verbs(host) == []
    assert left(service) == [UID]
    assert told["status"] == "not deleted"
    assert told["headline"] == snapshot("Nothing was deleted: the user did not agree. The kudo is still there.")


@pytest.mark.parametrize("mode", MODES)
async def test_a_form_that_comes_back_without_content_deletes_nothing_and_names_no_inner_part(mode: Mode) -> None:
    service = fake_api()
    site = add(service, UID)
    async with connect(service, mode=mode, elicitation=answering(ElicitResult(action="accept"))) as host:
        said = await host.error("delete_kudo", site=site, uid=UID)
        assert verbs(host) == []
    assert left(service) == [UID]
    assert said == snapshot("The user was asked, and the client sent no answer that can be used, so nothing was done.")


@pytest.mark.parametrize("mode", MODES)
async def test_a_client_that_fails_to_ask_deletes_nothing(mode: Mode) -> None:
    service = fake_api()
    site = add(service, UID)
    broken = answering(ErrorData(code=-32603, message="no window"))
    async with connect(service, mode=mode, elicitation=broken) as host:
        with pytest.raises(MCPError):
            await host.call("delete_kudo", site=site, uid=UID)
        assert verbs(host) == []
    assert left(service) == [UID]


@pytest.mark.parametrize("mode", MODES)
async def test_a_user_who_never_answers_deletes_nothing(mode: Mode) -> None:
    service, is_asked = fake_api(), anyio.Event()
    site = add(service, UID)

    async def silent(context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
        assert context.session is not None
        assert params.message
        is_asked.set()
        await anyio.sleep_forever()
        raise AssertionError

    async with connect(service, mode=mode, elicitation=silent) as host, anyio.create_task_group() as tasks:
        tasks.start_soon(lambda: host.call("delete_kudo", site=site, uid=UID, confirm=UID))
        await is_asked.wait()
        tasks.cancel_scope.cancel()
        assert verbs(host) == []
    assert left(service) == [UID]


@pytest.mark.parametrize("mode", MODES)
async def test_the_test_kudos_of_a_page_are_found_deleted_and_put_back(mode: Mode) -> None:
    """Question 15: delete my test kudos on /hello."""
    service = fake_api()
    site = add(service, UID, "real-one")
    async with connect(service, mode=mode) as host:
        found = await host.answer("list_kudos", site=site, path="/hello", search="test")
        assert [row[2] for row in found["newest"]["rows"]] == [UID]
        host.wire.requests.clear()
        assert (await deleted(host, site=site, uid=UID))["status"] == "deleted"
        sent = [request.method for request in host.wire.requests if not request.url.path.endswith("/sites")]
        assert sent == ["GET", "GET", "DELETE"]  # found for the code, and found again
        assert left(service) == ["real-one"]
        assert (await host.answer("create_kudo", site=site, path="/hello", custom_uid=UID))["status"] == "created"
        assert left(service) == ["real-one", UID]
        assert (await deleted(host, site=site, uid=UID))["repeated"] is False
        assert left(service) == ["real-one"]
        assert (await host.answer("create_kudo", site=site, path="/hello", custom_uid=UID))["repeated"] is False
    assert left(service) == ["real-one", UID]


@pytest.mark.parametrize("mode", MODES)
async def test_a_read_only_key_sends_nothing_and_asks_nobody(mode: Mode) -> None:
    service, asked = fake_api(), list[ElicitRequestParams]()
    async with connect(service, key=READ_ONLY_KEY, mode=mode, elicitation=answering(TICKED, asked=asked)) as host:
        assert "full-access key" in await host.error("delete_kudo", uid=UID)
        assert (host.wire.requests, asked) == ([], [])
