"""Creating a kudo: under a uid always, once only, and told as what it is."""

import json
import re
from datetime import timedelta
from typing import Any

import anyio
import httpx2 as httpx
import pytest
from inline_snapshot import snapshot
from support.client import MODES, NOW, Mode, an_hour_later_each_time, connect, network_of, record_of, rows_of
from support.faults import Fault, Faulty, once
from support.writes import UID, add, agreeing, fake_api, left, verbs
from tinylytics_mcp.fake_api import READ_ONLY_KEY
from tinylytics_tools.transport import open_store
from tinylytics_tools.transport.database import Database
from tinylytics_tools.writes.record import WriteRecord

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("mode", MODES)
async def test_a_kudo_is_recorded_once_under_a_readable_uid_of_its_own(mode: Mode) -> None:
    """Question 16: record a kudo for /hello."""
    service = fake_api()
    site = add(service)
    async with connect(service, mode=mode) as host:
        answer = await host.answer("create_kudo", site=site, path="hello")
        assert verbs(host) == ["POST"]
    assert (answer["status"], answer["path"]) == ("created", "/hello")
    assert re.fullmatch(r"kudo(-[a-z2-9]{4}){3}", answer["uid"])
    assert left(service) == [answer["uid"]]


async def test_each_kudo_gets_another_uid() -> None:
    service = fake_api()
    site = add(service)
    async with connect(service) as host:
        for _ in range(5):
            await host.answer("create_kudo", site=site, path="/hello", allow_repeat=True)
    assert len(set(left(service))) == 5


async def test_an_ignored_kudo_is_not_called_created() -> None:
    service = fake_api()
    site = add(service)
    async with connect(service) as host:
        answer = await host.answer("create_kudo", site=site, path="/wp-admin/x")
    assert (answer["status"], answer["id"], left(service)) == ("ignored", None, [])
    assert answer["headline"] == snapshot(
        "Ignored: no kudo was stored on /wp-admin/x of “My Blog”. The service says: “Path matches ignore rule”."
    )


async def test_a_uid_that_is_taken_is_refused_before_anything_is_sent() -> None:
    service = fake_api()
    site = add(service, UID)
    async with connect(service) as host:
        said = await host.error("create_kudo", site=site, path="/hello", custom_uid=UID)
        assert verbs(host) == []
    assert said == snapshot(
        "custom_uid: a kudo on /hello has this uid already, since 2026-11-20T09:30:00Z. Nothing was stored; give "
        "another uid or none."
    )


async def test_a_uid_whose_kudo_was_deleted_elsewhere_is_free_again_on_an_old_site_too() -> None:
    service, now = fake_api(), NOW
    years_ago = int((NOW - timedelta(days=1500)).timestamp())
    site = service.add_site(label="Old", url="https://old.example", created_at=years_ago)
    service.add_kudos(site, [{"uid": UID, "path": "/hello", "created_at": years_ago + 86_400}])
    async with connect(service, store=open_store(None), clock=lambda: now) as host:
        arguments = {"site": str(site), "path": "/hello", "custom_uid": UID}
        assert "has this uid already" in await host.error("create_kudo", **arguments)
        service.connection.execute("DELETE FROM kudos")
        now += timedelta(minutes=2)
        assert (await host.answer("create_kudo", **arguments))["status"] == "created"


async def test_a_uid_that_is_taken_while_it_is_sent_is_refused_afterwards() -> None:
    service = fake_api()
    site = add(service)

    def plan(request: object) -> None:
        if getattr(request, "method", "") == "POST":
            add(service, "mine", path="/other")

    async with connect(Faulty(network_of(service), plan)) as host:
        said = await host.error("create_kudo", site=site, path="/hello", custom_uid="mine")
    assert said.startswith("custom_uid: a kudo on /other has this uid already")


async def test_a_refusal_that_cannot_be_looked_into_is_told_with_it_and_not_hidden_behind_the_look_up() -> None:
    service, is_refused = fake_api(), False
    site, passing = add(service), network_of(service)

    async def answer(request: httpx.Request) -> httpx.Response:
        nonlocal is_refused
        if is_refused:
            return httpx.Response(500, json={})
        is_refused = request.method == "POST"
        return httpx.Response(422, json={}) if is_refused else await passing.handle_async_request(request)

    async with connect(httpx.MockTransport(answer)) as host:
        said = await host.error("create_kudo", site=site, path="/hello", custom_uid="mine")
    assert said.startswith("It is not known whether the kudo was stored: Tinylytics refused it, ")


@pytest.mark.parametrize("custom_uid", [None, "my-kudo"])
@pytest.mark.parametrize(
    "fault",
    [
        Fault.LOST_ANSWER,
        Fault.LATE_ANSWER,
        Fault.CUT_ANSWER,
        Fault.DOUBLED_ANSWER,
        Fault.FAILED_AFTERWARDS,
        Fault.TWICE,
    ],
)
async def test_a_kudo_whose_answer_was_lost_is_looked_up_and_told_as_stored(
    fault: Fault, custom_uid: str | None
) -> None:
    service = fake_api()
    site = add(service)
    async with connect(Faulty(network_of(service), once("POST", fault))) as host:
        answer = await host.answer("create_kudo", site=site, path="/hello", custom_uid=custom_uid)
        assert verbs(host) == ["POST"]
    assert answer["status"] == "stored"
    assert left(service) == [answer["uid"]]
    assert answer["uid"] == custom_uid or custom_uid is None


@pytest.mark.parametrize("mode", MODES)
async def test_a_kudo_that_never_arrived_is_told_as_not_stored_with_the_call_that_repeats_it(mode: Mode) -> None:
    service = fake_api()
    site = add(service)
    async with connect(Faulty(network_of(service), once("POST", Fault.LOST_REQUEST)), mode=mode) as host:
        said = await host.error("create_kudo", site=site, path="/hello")
        assert verbs(host) == ["POST"]
        assert left(service) == []
        named = re.search(r"create_kudo with path (\S+) and custom_uid “(\S+)”\.", said)
        assert named is not None, said
        answer = await host.answer("create_kudo", site=site, path=named[1], custom_uid=named[2])
    assert answer["status"] == "created"
    assert left(service) == [named[2]]


async def test_a_long_path_is_not_named_in_a_form_that_the_next_call_refuses() -> None:
    service = fake_api()
    site = add(service)
    path = "/" + "long-" * 50
    async with connect(Faulty(network_of(service), once("POST", Fault.LOST_REQUEST))) as host:
        dry = await host.answer("create_kudo", site=site, path=path, dry_run=True)
        said = await host.error("create_kudo", site=site, path=path)
    assert dry["next_step"].startswith("create_kudo with the same path and custom_uid “")
    assert "create_kudo with the same path and custom_uid “" in said


async def test_a_request_that_arrives_after_it_was_given_up_does_not_double_its_repeat() -> None:
    service = fake_api()
    site = add(service)
    network = Faulty(network_of(service), once("POST", Fault.LATE_REQUEST))
    network_late = network.deliver_late_ones

    async def nothing_yet() -> None:
        return

    network.deliver_late_ones = nothing_yet  # it arrives only once it was looked for in vain
    async with connect(network) as host:
        assert "was not stored" in await host.error("create_kudo", site=site, path="/hello")
        await network_late()
        assert len(left(service)) == 1
        answer = await host.answer("create_kudo", site=site, path="/hello")
    assert answer["status"] == "stored"
    assert left(service) == [answer["uid"]]


async def test_several_that_repeat_a_lost_kudo_at_once_send_it_once() -> None:
    service = fake_api()
    site = add(service)
    passing = Faulty(network_of(service), once("POST", Fault.LOST_REQUEST))

    async def slowly(request: httpx.Request) -> httpx.Response:
        await anyio.sleep(0.01)
        return await passing.handle_async_request(request)

    answers: list[dict[str, Any]] = []
    async with connect(httpx.MockTransport(slowly), writes=WriteRecord(Database(None), pause=anyio.sleep)) as host:
        await host.error("create_kudo", site=site, path="/hello", custom_uid="mine")

        async def repeat() -> None:
            answers.append(await host.answer("create_kudo", site=site, path="/hello", custom_uid="mine"))

        async with anyio.create_task_group() as tasks:
            for _ in range(3):
                tasks.start_soon(repeat)
        assert verbs(host) == ["POST", "POST"]
    assert sorted((answer["status"], answer["repeated"]) for answer in answers) == [
        ("created", False),
        *[("created", True)] * 2,
    ]
    assert left(service) == ["mine"]


async def test_a_clock_that_is_behind_hides_no_kudo_that_is_there() -> None:
    service = fake_api()
    site = add(service)
    network = Faulty(network_of(service), once("POST", Fault.LOST_ANSWER))
    async with connect(network, clock=lambda: NOW - timedelta(days=2), elicitation=agreeing) as host:
        created = await host.answer("create_kudo", site=site, path="/hello")
        assert (created["status"], left(service)) == ("stored", [created["uid"]])
        assert (await host.answer("delete_kudo", site=site, uid=created["uid"]))["status"] == "deleted"
    assert left(service) == []


async def test_where_the_look_up_fails_too_the_outcome_is_unknown_and_the_same_uid_settles_it() -> None:
    service, record = fake_api(), record_of(Database(None))
    site = add(service)
    is_down = False

    def plan(request: object) -> Fault | None:
        nonlocal is_down
        is_down = is_down or getattr(request, "method", "") == "POST"
        return Fault.LOST_ANSWER if is_down else None

    async with connect(Faulty(network_of(service), plan), writes=record) as host:
        said = await host.error("create_kudo", site=site, path="/hello")
    assert said.startswith("It is not known whether the kudo was stored")
    uid = said.rpartition("custom_uid ")[2].strip("“”.")
    async with connect(service, writes=record) as host:
        answer = await host.answer("create_kudo", site=site, path="/hello", custom_uid=uid)
        assert verbs(host) == []
    assert (answer["status"], left(service)) == ("stored", [uid])


@pytest.mark.parametrize("fault", [Fault.NO_CONNECTION, Fault.BUSY])
async def test_what_was_refused_or_never_left_is_not_sent_again_by_itself_but_may_be_at_once(fault: Fault) -> None:
    service = fake_api()
    site = add(service)
    faulty = Faulty(network_of(service), once("POST", fault))
    async with connect(faulty, network_clock=an_hour_later_each_time()) as host:
        await host.error("create_kudo", site=site, path="/hello")
        assert verbs(host) == ["POST"]
        answer = await host.answer("create_kudo", site=site, path="/hello")
    assert (answer["status"], answer["repeated"]) == ("created", False)


async def test_the_same_call_within_a_minute_gets_the_first_result_and_sends_nothing() -> None:
    service, record, now = fake_api(), record_of(Database(None)), NOW
    site = add(service)
    async with connect(service, writes=record, clock=lambda: now) as host:
        first = await host.answer("create_kudo", site=site, path="/hello")
        now += timedelta(seconds=59)
        again = await host.answer("create_kudo", site=site, path="/hello")
        assert verbs(host) == ["POST"]
        assert (again["repeated"], again["uid"], again["status"]) == (True, first["uid"], "created")
        assert "59 s ago" in again["headline"]
        now += timedelta(seconds=2)
        assert (await host.answer("create_kudo", site=site, path="/hello"))["repeated"] is False
    assert len(left(service)) == 2


async def test_the_same_call_after_its_kudo_was_deleted_is_no_repeat_and_the_one_after_that_is() -> None:
    service = fake_api()
    site = add(service)
    async with connect(service, elicitation=agreeing) as host:
        first = await host.answer("create_kudo", site=site, path="/hello")
        await host.answer("delete_kudo", site=site, uid=first["uid"])
        second, third = [await host.answer("create_kudo", site=site, path="/hello") for _ in range(2)]
    assert (second["repeated"], third["repeated"], third["uid"]) == (False, True, second["uid"])
    assert left(service) == [second["uid"]]


async def test_a_dry_run_shows_every_field_and_sends_nothing() -> None:
    service = fake_api()
    site = add(service)
    async with connect(service) as host:
        dry = await host.answer("create_kudo", site=site, path="hello", dry_run=True)
        assert verbs(host) == []
        shown = {row["field"]: row["value"] for row in rows_of(dry["would_send"])}
        assert shown.pop("request") == f"POST /sites/{site}/kudos"
        await host.answer("create_kudo", site=site, path="hello", custom_uid=dry["uid"])
        (sent,) = [json.loads(request.content) for request in host.wire.requests if request.method == "POST"]
    assert sent == shown == {"path": "/hello", "custom_uid": dry["uid"]}


async def test_a_dry_run_does_not_promise_a_kudo_whose_uid_is_taken() -> None:
    service = fake_api()
    site = add(service, UID)
    async with connect(service) as host:
        said = await host.error("create_kudo", site=site, path="/x", custom_uid=UID, dry_run=True)
    assert said.startswith("custom_uid: a kudo on /hello has this uid already")


@pytest.mark.parametrize("mode", MODES)
async def test_a_read_only_key_sends_nothing(mode: Mode) -> None:
    async with connect(fake_api(), key=READ_ONLY_KEY, mode=mode) as host:
        assert "full-access key" in await host.error("create_kudo", path="/hello")
        assert host.wire.requests == []


@pytest.mark.parametrize("uid", ["..", ".", "", "a/b", "a?b", "a#b", "%2e", "%2e%2e%2f", "a b", "x" * 61, "a\u202eb"])
async def test_a_uid_that_could_not_be_shown_and_deleted_as_it_is_is_not_written(uid: str) -> None:
    service = fake_api()
    site = add(service)
    async with connect(service) as host:
        assert (await host.error("create_kudo", site=site, path="/hello", custom_uid=uid)).startswith("custom_uid: ")
        assert verbs(host) == []


@pytest.mark.parametrize("custom_uid", [None, "my-kudo"])
async def test_stored_answers_do_not_hide_what_a_doubled_or_late_request_had_stored(custom_uid: str | None) -> None:
    service = fake_api()
    site = add(service)
    network = Faulty(network_of(service), once("POST", Fault.TWICE, Fault.LATE_REQUEST, Fault.LATE_REQUEST))
    async with connect(network, store=open_store(None)) as host:
        twice = await host.answer("create_kudo", site=site, path="/twice", custom_uid=custom_uid)
        assert twice["status"] == "stored"
        late = await host.answer("create_kudo", site=site, path="/late", custom_uid=custom_uid and "late")
        assert late["status"] == "stored"
    assert left(service) == [twice["uid"], late["uid"]]
