"""Deleting a kudo: which one is meant, what never leaves, and what each outcome is called."""

import httpx2 as httpx
import pytest
from support.client import connect, network_of, record_of
from support.faults import Fault, Faulty, once
from support.writes import UID, add, deleted, fake_api, left, not_deleted, verbs
from tinylytics_tools.transport.database import Database

pytestmark = pytest.mark.anyio

STRANGE = {
    "kudo with 'quotes' and \"more\"": "kudo%20with%20%27quotes%27%20and%20%22more%22",
    "a/b?c=d&e=%2F#f": "a/b?c=d&e=%2F#f",
    "<b>kudo</b>": "%3Cb%3Ekudo%3C/b%3E",
    "100%": "100%25",
    "long-" * 40: None,
}


@pytest.mark.parametrize("uid", STRANGE)
async def test_a_uid_that_was_shown_encoded_or_cut_is_named_as_it_was_shown(uid: str) -> None:
    service = fake_api()
    site = add(service, uid, "other")
    async with connect(service) as host:
        listed = await host.answer("list_kudos", site=site, period="all_time")
        shown = next(row[2] for row in listed["newest"]["rows"] if row[2] != "other")
        answer = await deleted(host, site=site, uid=shown)
        (request,) = [request for request in host.wire.requests if request.method == "DELETE"]
        assert request.url.raw_path.count(b"/") == 6  # /api/v1/sites/:id/kudos/:uid
        assert left(service) == ["other"]
        ((_, path, _, _),) = answer["kudos"]["rows"]
        restored = await host.answer("create_kudo", site=site, path=path, custom_uid=shown)
        assert restored["status"] == "created"
    assert left(service) == ["other", uid]


@pytest.mark.parametrize("uid", ["..", ".", "%2e", "%2E%2e", "%2e%2e%2f", "a/../b", "%252e%252e", "a//b", "..\\.."])
@pytest.mark.parametrize("is_there", [True, False])
async def test_a_uid_that_could_reach_another_route_is_never_sent(uid: str, *, is_there: bool) -> None:
    service = fake_api()
    site = add(service, "other", *([uid] if is_there else []))
    async with connect(service) as host:
        await not_deleted(host, site=site, uid=uid)
        assert verbs(host) == []
        paths = {request.url.raw_path.partition(b"?")[0] for request in host.wire.requests}
    assert paths == {b"/api/v1/sites", f"/api/v1/sites/{site}/kudos".encode()}


async def test_an_empty_uid_is_refused_before_anything_is_asked() -> None:
    async with connect(fake_api()) as host:
        assert "uid" in await not_deleted(host, uid="")
        assert host.wire.requests == []


async def test_two_kudos_that_are_shown_alike_are_both_kept() -> None:
    service = fake_api()
    site = add(service, "a b", "a%20b")
    async with connect(service) as host:
        said = await not_deleted(host, site=site, uid="a%20b")
        assert verbs(host) == []
    assert "2 kudos of “My Blog” are shown under this uid" in said


async def test_on_a_first_clean_try_a_kudo_that_is_not_there_is_not_found() -> None:
    service = fake_api()
    site = add(service, "other")
    async with connect(service) as host:
        said = await not_deleted(host, site=site, uid=UID)
    assert said.startswith("No kudo of “My Blog” has this uid, so nothing was deleted.")


async def test_a_kudo_that_somebody_else_deletes_in_between_is_not_told_as_ours() -> None:
    service = fake_api()
    site = add(service, UID)

    def gone(request: httpx.Request) -> None:
        if request.method == "DELETE":
            service.connection.execute("DELETE FROM kudos")

    async with connect(Faulty(network_of(service), gone)) as host:
        said = await not_deleted(host, site=site, uid=UID)
    assert said.startswith("Tinylytics did not find this kudo any more")


@pytest.mark.parametrize("fault", [Fault.LOST_ANSWER, Fault.LATE_ANSWER, Fault.CUT_ANSWER, Fault.FAILED_AFTERWARDS])
async def test_a_deletion_whose_answer_was_lost_is_looked_up_and_told_as_deleted(fault: Fault) -> None:
    service = fake_api()
    site = add(service, UID)
    async with connect(Faulty(network_of(service), once("DELETE", fault))) as host:
        assert (await deleted(host, site=site, uid=UID))["status"] == "deleted"
        assert verbs(host) == ["DELETE"]


async def test_a_deletion_that_never_arrived_is_told_as_still_there_and_can_be_tried_again() -> None:
    service = fake_api()
    site = add(service, UID)
    async with connect(Faulty(network_of(service), once("DELETE", Fault.LOST_REQUEST))) as host:
        said = await not_deleted(host, site=site, uid=UID)
        assert "still there" in said
        assert "delete_kudo with uid “test-kudo-1”" in said
        assert (await deleted(host, site=site, uid=UID))["status"] == "deleted"


async def test_a_kudo_missing_after_a_deletion_nobody_answered_for_is_deleted_not_unknown() -> None:
    service, record = fake_api(), record_of(Database(None))
    site = add(service, UID)
    is_down = False

    def plan(request: httpx.Request) -> Fault | None:
        nonlocal is_down
        is_down = is_down or request.method == "DELETE"
        return Fault.LOST_ANSWER if is_down else None

    async with connect(Faulty(network_of(service), plan), writes=record) as host:
        assert "not known whether the kudo was deleted" in await not_deleted(host, site=site, uid=UID)
    async with connect(service, writes=record) as host:
        answer = await host.answer("delete_kudo", site=site, uid=UID)
        assert verbs(host) == []
    assert (answer["status"], answer["repeated"]) == ("deleted", True)
