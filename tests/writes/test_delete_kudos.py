"""Deleting several kudos, and deleting by a code: what one agreement covers, and what it never does."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import httpx2 as httpx
import pytest
from inline_snapshot import snapshot
from mcp import Client
from mcp.client.session import ClientRequestContext
from mcp.types import ElicitRequestFormParams, ElicitRequestParams, ElicitResult
from support.client import BASE_URL, MODES, NOW, Mode, connect, network_of, record_of, rows_of, text_of, transport_over
from support.faults import Fault, Faulty, once
from support.writes import TICKED, UID, add, agreeing, answering, deleted, fake_api, left, not_deleted, verbs
from tinylytics_mcp.fake_api import FULL_ACCESS_KEY, FakeApi
from tinylytics_mcp.server import create_server
from tinylytics_tools.access import ApiKey
from tinylytics_tools.client import Client as ApiClient
from tinylytics_tools.transport import open_store
from tinylytics_tools.transport.database import Database

pytestmark = pytest.mark.anyio


def outcomes(answer: dict[str, Any]) -> list[str]:
    """Return what became of each kudo."""
    return [row["outcome"] for row in rows_of(answer["kudos"])]


@pytest.mark.parametrize("mode", MODES)
async def test_several_kudos_are_one_question_that_lists_each_and_are_not_asked_for_one_by_one(mode: Mode) -> None:
    service, asked = fake_api(), list[ElicitRequestParams]()
    site = add(service, "a", "b", "real")
    async with connect(service, mode=mode, elicitation=answering(TICKED, asked=asked)) as host:
        answer = await host.answer("delete_kudo", site=site, uids=["a", "b", "a", "nowhere"])
        assert verbs(host) == ["DELETE", "DELETE"]
    (question,) = asked
    assert isinstance(question, ElicitRequestFormParams)
    assert question.message == snapshot(
        """\
Delete 2 kudos of “My Blog”? Ids and dates cannot be brought back.
“a” on /hello, given 2026-11-20T09:30:00Z
“b” on /hello, given 2026-11-20T09:30:00Z\
"""
    )
    assert outcomes(answer) == ["deleted", "deleted", "not found"]
    assert answer["headline"] == snapshot("Deleted 2 of 3 kudos of “My Blog”; 1 not found.")
    assert left(service) == ["real"]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("reply", [ElicitResult(action="decline"), ElicitResult(action="accept", content={})])
async def test_without_a_tick_none_of_several_goes(reply: ElicitResult, mode: Mode) -> None:
    service = fake_api()
    site = add(service, "a", "b")
    async with connect(service, mode=mode, elicitation=answering(reply)) as host:
        answer = await host.answer("delete_kudo", site=site, uids=["a", "b"])
        assert verbs(host) == []
    assert (answer["status"], outcomes(answer), left(service)) == ("not deleted", ["kept", "kept"], ["a", "b"])


@pytest.mark.parametrize("mode", MODES)
async def test_a_host_that_cannot_ask_deletes_nothing_at_the_first_call_and_is_given_a_code(mode: Mode) -> None:
    service = fake_api()
    site = add(service, "a", "b")
    async with connect(service, mode=mode) as host:
        shown = await host.answer("delete_kudo", site=site, uids=["a", "b"])
        assert verbs(host) == []
        assert (shown["status"], outcomes(shown)) == ("not confirmed", ["would go", "would go"])
        assert shown["kudos"]["rows"][0][:3] == ["“a”", "/hello", "2026-11-20T09:30:00Z"]
        assert f"confirm {shown['code']}" in shown["next_step"]
        again = await host.answer("delete_kudo", site=site, uids=["a", "b"], confirm=shown["code"])
        assert (again["status"], again["deleted"]) == ("deleted", 2)
        assert "code" not in again
    assert left(service) == []


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("confirm", ["yes", "true", UID, "0", "69241c94-00000000000000000000", ""])
async def test_what_is_not_the_code_deletes_nothing_and_says_what_to_do(confirm: str, mode: Mode) -> None:
    service = fake_api()
    site = add(service, UID)
    async with connect(service, mode=mode) as host:
        told = await host.answer("delete_kudo", site=site, uid=UID, confirm=confirm)
        assert verbs(host) == []
    assert left(service) == [UID]
    assert told["headline"].startswith("Nothing was deleted: confirm is not the code for exactly these kudos.")
    assert "delete_kudo with the same uid and confirm" in told["next_step"]


async def test_a_code_for_other_kudos_or_for_some_of_them_deletes_nothing() -> None:
    service = fake_api()
    site = add(service, "a", "b", "c")
    async with connect(service) as host:
        code = (await host.answer("delete_kudo", site=site, uids=["a", "b"]))["code"]
        for uids in (["a"], ["a", "c"], ["a", "b", "c"]):
            told = await host.answer("delete_kudo", site=site, uids=uids, confirm=code)
            assert told["status"] == "not confirmed"
        assert verbs(host) == []


async def test_a_code_does_not_delete_a_kudo_that_was_put_back_since() -> None:
    service = fake_api()
    site = add(service, UID)
    async with connect(service) as host:
        code = (await host.answer("delete_kudo", site=site, uid=UID))["code"]
        await host.answer("delete_kudo", site=site, uid=UID, confirm=code)
        await host.answer("create_kudo", site=site, path="/hello", custom_uid=UID)
        told = await host.answer("delete_kudo", site=site, uid=UID, confirm=code)
    assert (told["status"], left(service)) == ("not confirmed", [UID])


@pytest.mark.parametrize(("minutes", "status"), [(9, "deleted"), (11, "not confirmed")])
async def test_a_code_ends_after_ten_minutes(minutes: int, status: str) -> None:
    service, time = fake_api(), [NOW]
    site = add(service, UID)
    async with connect(service, clock=lambda: time[0]) as host:
        code = (await host.answer("delete_kudo", site=site, uid=UID))["code"]
        time[0] += timedelta(minutes=minutes)
        told = await host.answer("delete_kudo", site=site, uid=UID, confirm=code)
    assert told["status"] == status
    assert ("older than 10 minutes" in told["headline"]) is (status != "deleted")


async def told_by(
    service: FakeApi | httpx.AsyncBaseTransport, *, key: str = FULL_ACCESS_KEY, state_key: str | None, **arguments: Any
) -> dict[str, Any]:
    """Return the answer of a server of its own: another replica, with a record of its own."""
    clock: Callable[[], datetime] = lambda: NOW  # noqa: E731
    account = ApiClient(
        ApiKey(key),
        transport=transport_over(service),
        base_url=BASE_URL,
        clock=clock,
        writes=record_of(Database(None)),
        state_key=state_key,
    )
    async with Client(create_server(account)) as client:
        result = await client.call_tool("delete_kudo", arguments)
    await account.aclose()
    assert not result.is_error, result
    return result.structured_content or {}


@pytest.mark.parametrize(
    ("first", "second", "status"),
    [("k" * 32, "k" * 32, "deleted"), ("k" * 32, "j" * 32, "not confirmed"), (None, None, "not confirmed")],
)
async def test_a_code_holds_at_a_replica_with_the_same_state_key_and_nowhere_else(
    first: str | None, second: str | None, status: str
) -> None:
    service = fake_api()
    site = add(service, UID)
    code = (await told_by(service, state_key=first, site=site, uid=UID))["code"]
    assert (await told_by(service, state_key=second, site=site, uid=UID, confirm=code))["status"] == status


async def test_a_code_of_another_account_deletes_nothing() -> None:
    service, other = fake_api(), "tly-fa-another-account"
    site = add(service, UID)
    code = (await told_by(service, state_key="k" * 32, site=site, uid=UID))["code"]

    def as_the_other(request: httpx.Request) -> None:
        request.headers["authorization"] = f"Bearer {FULL_ACCESS_KEY}"

    theirs = Faulty(network_of(service), as_the_other)
    told = await told_by(theirs, key=other, state_key="k" * 32, site=site, uid=UID, confirm=code)
    assert told["status"] == "not confirmed"
    assert left(service) == [UID]


@pytest.mark.parametrize("fault", [Fault.LOST_ANSWER, Fault.NO_CONNECTION])
async def test_an_outage_in_the_middle_says_which_went_and_sends_none_twice(fault: Fault) -> None:
    service, is_down, deletes = fake_api(), False, 0
    site = add(service, "a", "b", "c")

    def plan(request: httpx.Request) -> Fault | None:
        nonlocal is_down, deletes
        deletes += request.method == "DELETE"
        is_down = is_down or deletes == 2
        return fault if is_down else None

    async with connect(Faulty(network_of(service), plan), elicitation=agreeing) as host:
        answer = await host.answer("delete_kudo", site=site, uids=["a", "b", "never there", "c"])
        assert verbs(host) == ["DELETE", "DELETE"]
    middle = "not known" if fault is Fault.LOST_ANSWER else "not deleted"
    assert outcomes(answer) == ["deleted", middle, "not found", "not deleted"]
    assert (answer["status"], answer["complete"], answer["deleted"]) == ("partly deleted", False, 1)
    assert "a" not in left(service)


@pytest.mark.parametrize(
    "arguments", [{}, {"uid": "a", "uids": ["a"]}, {"uids": []}, {"uids": [str(n) for n in range(26)]}]
)
async def test_neither_both_none_nor_too_many_uids_ask_for_anything(arguments: dict[str, Any]) -> None:
    async with connect(fake_api(), elicitation=agreeing) as host:
        assert "uids" in await host.error("delete_kudo", **arguments)
        assert host.wire.requests == []


async def test_a_list_that_would_not_be_shown_whole_is_not_asked_for() -> None:
    service = fake_api()
    uids = [f"{number:02}" + "x" * 58 for number in range(25)]
    site = add(service, *uids, path="/" + "漢字" * 50)
    async with connect(service, elicitation=agreeing) as host:
        assert "Name fewer uids" in await host.error("delete_kudo", site=site, uids=uids)
        assert verbs(host) == []


@pytest.mark.parametrize(("count", "fits"), [(8, True), (14, False), (25, False)])
async def test_uids_that_have_to_be_spelled_out_are_listed_whole_or_not_deleted(count: int, *, fits: bool) -> None:
    service = fake_api()
    uids = [f"\u0430\u200b<{number}>\u0435\u202e" for number in range(count)]
    site = add(service, *uids)
    async with connect(service, elicitation=agreeing) as host:
        result = await host.call("delete_kudo", site=site, uids=uids)
    assert result.is_error is not fits
    assert len(left(service)) == (0 if fits else count)
    assert text_of(result).count("\nnote: uid ") == count if fits else "Name fewer uids" in text_of(result)


async def test_twenty_five_uids_of_the_usual_length_fit_into_one_answer() -> None:
    service = fake_api()
    uids = [f"6f1c2d3e-aaaa-bbbb-cccc-{number:012}" for number in range(25)]
    site = add(service, *uids)
    async with connect(service, elicitation=agreeing) as host:
        answer = await host.answer("delete_kudo", site=site, uids=uids)
    assert (answer["deleted"], len(answer["kudos"]["rows"]), left(service)) == (25, 25, [])


ALIKE = {
    "a b": "“a b”",
    "a%20b": "“a%20b”",
    "a\u200bb": "“a%E2%80%8Bb” with U+200B as character 2",
    "a%E2%80%8Bb": "“a%E2%80%8Bb”",
    "\u0430b": "“\u0430b” with U+0430 as character 1",
    "<b": "“%3Cb” with U+003C as character 1",
}


@pytest.mark.parametrize("uid", ALIKE)
async def test_two_uids_never_look_alike_in_a_question_and_come_back_as_they_were(uid: str) -> None:
    service, asked = fake_api(), list[ElicitRequestParams]()
    site = add(service, uid)
    async with connect(service, elicitation=answering(TICKED, asked=asked)) as host:
        answer = await host.answer("delete_kudo", site=site, uid=uid)
        (question,) = asked
        assert f"Delete the kudo {ALIKE[uid]} on /hello of" in question.message
        if "\u200b" not in uid:
            assert f"custom_uid {ALIKE[uid]};" in answer["next_step"]
            shown = answer["kudos"]["rows"][0][0]
            await host.answer("create_kudo", site=site, path="/hello", custom_uid=shown)
            assert left(service) == [uid]
    assert len(set(ALIKE.values())) == len(ALIKE)


async def test_a_uid_that_looks_like_a_shortened_one_is_deleted_by_the_name_that_the_answer_gave_it() -> None:
    service = fake_api()
    site = add(service, "\u2026~12345678")
    async with connect(service) as host:
        first = await host.answer("delete_kudo", site=site, uid="\u2026~12345678")
        await host.answer("delete_kudo", site=site, uid=first["kudos"]["rows"][0][0], confirm=first["code"])
    assert left(service) == []


async def test_of_a_blank_and_its_escape_each_is_deleted_and_put_back_as_itself() -> None:
    service = fake_api()
    site = add(service, "a b", "a%20b")
    async with connect(service) as host:
        await deleted(host, site=site, uid="a b")
        assert left(service) == ["a%20b"]
        await deleted(host, site=site, uid="a%20b")
        for uid in ("a%20b", "a b"):
            await host.answer("create_kudo", site=site, path="/hello", custom_uid=uid)
    assert left(service) == ["a%20b", "a b"]


async def test_a_uid_that_two_deleted_kudos_are_shown_under_puts_none_of_them_back() -> None:
    service = fake_api()
    site = add(service, "<b", "%3Cb")
    async with connect(service) as host:
        await not_deleted(host, site=site, uid="%3Cb")
        await deleted(host, site=site, uid="<b")
        await deleted(host, site=site, uid="%3Cb")
        assert "2 deleted kudos" in await host.error("create_kudo", site=site, path="/hello", custom_uid="%3Cb")
        await host.answer("create_kudo", site=site, path="/hello", custom_uid="<b")
    assert left(service) == ["<b"]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("named", [{"uid": "a"}, {"uids": ["a", "b"]}])
async def test_a_kudo_made_anew_while_the_user_is_asked_does_not_go_unless_they_agree_to_it(
    named: dict[str, Any], mode: Mode
) -> None:
    service, asked = fake_api(), list[str]()
    site = add(service, "a", "b")

    async def ask(context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
        assert context.session is not None
        asked.append(params.message)
        if len(asked) > 1:
            return ElicitResult(action="decline")
        service.connection.execute("DELETE FROM kudos WHERE uid = 'a'")
        add(service, "a", path="/new", days_ago=1)
        return TICKED

    async with connect(service, mode=mode, elicitation=ask, store=open_store(None)) as host:
        text = text_of(await host.call("delete_kudo", site=site, **named))
        assert verbs(host) == []
    assert sorted(left(service)) == ["a", "b"]
    assert text.startswith("Nothing was deleted: ")
    assert "made anew" in text if mode == "legacy" else "/new" in asked[1]  # elsewhere the question is put anew


@pytest.mark.parametrize("mode", MODES)
async def test_kudos_that_went_elsewhere_while_the_user_is_asked_keep_none_of_the_others(mode: Mode) -> None:
    service = fake_api()
    site = add(service, "a", "b")

    async def ask(context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
        assert context.session is not None
        assert params.message
        service.connection.execute("DELETE FROM kudos WHERE uid = 'a'")
        return TICKED

    async with connect(service, mode=mode, elicitation=ask, store=open_store(None)) as host:
        answer = await host.answer("delete_kudo", site=site, uids=["a", "b"])
    assert (outcomes(answer), left(service)) == (["not found", "deleted"], [])


async def test_beside_a_kudo_that_an_earlier_call_deleted_none_says_that_nothing_was_changed() -> None:
    service = fake_api()
    site = add(service, "a", "b")
    network = Faulty(network_of(service), once("DELETE", None, Fault.NO_CONNECTION))
    async with connect(network, elicitation=agreeing) as host:
        await deleted(host, site=site, uid="a")
        text = text_of(await host.call("delete_kudo", site=site, uids=["a", "b"]))
    assert text.startswith("Deleted 1 of 2 kudos")
    assert "Nothing was changed" not in text


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("prefix", ["k", "é "])
async def test_deleting_among_thousands_of_old_kudos_takes_no_more_than_a_calls_requests(
    prefix: str, mode: Mode
) -> None:
    service = fake_api()
    born = int((NOW - timedelta(days=1_100)).timestamp())
    site = str(service.add_site(label="Big", url="https://big.example", created_at=born))
    uids = [f"{prefix}{number}" for number in range(9_000)]
    rows = [{"uid": uid, "path": "/x", "created_at": born + number} for number, uid in enumerate(uids)]
    service.add_kudos(int(site), rows)
    async with connect(service, mode=mode, elicitation=agreeing) as host:
        refused = await host.error("delete_kudo", site=site, uids=uids[:25])
        assert refused.endswith("Name fewer uids in one call.")
        assert verbs(host) == []
        answer = await host.answer("delete_kudo", site=site, uids=uids[:6])
    assert (answer["deleted"], left(service)) == (6, uids[6:])
    assert answer["requests_used"] <= 40
