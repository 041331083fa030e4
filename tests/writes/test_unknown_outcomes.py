"""A write that is answered with neither a success nor a refusal may have been stored: it is told so, and sent once."""

from collections.abc import Callable
from datetime import datetime, timedelta

import httpx2 as httpx
import pytest
from support.client import MODES, NOW, Mode, connect, network_of, record_of
from support.writes import UID, add, deleted, fake_api, left, not_deleted, verbs
from tinylytics_mcp.fake_api import FakeApi
from tinylytics_tools.transport import open_store
from tinylytics_tools.transport.database import Database
from tinylytics_tools.writes.record import Outcome

pytestmark = pytest.mark.anyio

ANSWERS: list[tuple[int, dict[str, str]]] = [
    (301, {"location": "https://elsewhere.example/"}),
    (302, {"location": "https://tinylytics.app/"}),
    (307, {}),
    (408, {}),
    (409, {}),
    (418, {}),
    (429, {}),
    (429, {"retry-after": "60"}),
    (500, {}),
    (502, {}),
    (503, {}),
    (503, {"retry-after": "60"}),
    (503, {"retry-after": "86400"}),
]
"""What may stand between the service and this machine and answer in its stead."""


class Answering(httpx.AsyncBaseTransport):
    """A service behind something that answers the first write itself, whether or not it handed it on."""

    def __init__(self, service: FakeApi, status: int, headers: dict[str, str], *, hands_on: bool) -> None:
        self._service = network_of(service)
        self._status, self._headers, self._hands_on = status, headers, hands_on
        self._is_first = True

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The service's answer, or one's own."""
        if request.method == "GET" or not self._is_first:
            return await self._service.handle_async_request(request)
        self._is_first = False
        if self._hands_on:
            response = await self._service.handle_async_request(request)
            await response.aread()
        return httpx.Response(self._status, headers=self._headers, json={"error": "Busy"}, request=request)


def clock() -> tuple[list[datetime], Callable[[], datetime]]:
    """A time that a test can move, and what tells it."""
    time = [NOW]
    return time, lambda: time[0]


@pytest.mark.parametrize(("status", "headers"), ANSWERS)
@pytest.mark.parametrize("stored", [1, 0])
@pytest.mark.parametrize("mode", MODES)
async def test_a_hit_may_be_stored_and_is_not_sent_again_by_its_repeat(
    status: int, headers: dict[str, str], stored: int, mode: Mode
) -> None:
    service, file = fake_api(), Database(None)
    site = add(service)
    answering = Answering(service, status, headers, hands_on=bool(stored))
    async with connect(answering, store=open_store(None), writes=record_of(file), mode=mode) as host:
        said = await host.error("create_hit", site=site, path="/x")
        assert "It is not known whether the hit on /x was stored" in said
        assert f"status {status}" in said
        assert "list_hits with path /x and period today" in said
        again = await host.error("create_hit", site=site, path="/x")
        assert "not known whether" in again
        assert verbs(host) == ["POST"]
    assert service.connection.execute("SELECT COUNT(*) FROM hits").fetchone()[0] == stored
    assert [entry.outcome for entry in await record_of(file).latest(limit=9)] == [Outcome.UNKNOWN]


@pytest.mark.parametrize(("status", "headers"), ANSWERS)
async def test_many_hits_are_told_as_unknown_and_the_rest_is_not_sent(status: int, headers: dict[str, str]) -> None:
    service = fake_api()
    site = add(service)
    rows = [{"path": f"/{number}"} for number in range(150)]
    async with connect(Answering(service, status, headers, hands_on=True), store=open_store(None)) as host:
        for _ in range(2):
            answer = await host.answer("create_hits", site=site, hits=rows)
            assert (answer["created"], answer["unknown"], answer["not_sent"]) == (0, 100, 50)
            assert answer["complete"] is False
        assert verbs(host) == ["POST"]
    assert service.connection.execute("SELECT COUNT(*) FROM hits").fetchone()[0] == 100


@pytest.mark.parametrize(("status", "headers"), ANSWERS)
@pytest.mark.parametrize("custom_uid", [None, "mine"])
async def test_a_kudo_is_looked_up_by_its_uid_and_found_unless_the_hour_is_used_up(
    status: int, headers: dict[str, str], custom_uid: str | None
) -> None:
    service = fake_api()
    site = add(service)
    time, now = clock()
    answering = Answering(service, status, headers, hands_on=True)
    async with connect(answering, store=open_store(None), clock=now) as host:
        if status == 429:  # the service wants silence, a look-up too
            said = await host.error("create_kudo", site=site, path="/hello", custom_uid=custom_uid)
            assert "It is not known whether the kudo was stored: Tinylytics answered with status 429" in said
            time[0] += timedelta(minutes=2)
        answer = await host.answer("create_kudo", site=site, path="/hello", custom_uid=custom_uid)
        assert verbs(host) == ["POST"] or status == 429
    assert answer["status"] == "stored" or status == 429
    assert len(left(service)) == 1 or custom_uid is None


@pytest.mark.parametrize(("status", "headers"), [one for one in ANSWERS if one[0] != 429])
async def test_a_kudo_that_was_not_stored_is_told_so_with_the_call_that_repeats_it(
    status: int, headers: dict[str, str]
) -> None:
    service = fake_api()
    site = add(service)
    time, now = clock()
    async with connect(Answering(service, status, headers, hands_on=False), store=open_store(None), clock=now) as host:
        said = await host.error("create_kudo", site=site, path="/hello", custom_uid="mine")
        assert f"Tinylytics answered with status {status}" in said
        assert "a look-up by its uid says that the kudo was not stored" in said
        assert "create_kudo with path /hello and custom_uid “mine”" in said
        time[0] += timedelta(minutes=16)
        assert (await host.answer("create_kudo", site=site, path="/hello", custom_uid="mine"))["status"] == "created"
    assert left(service) == ["mine"]


@pytest.mark.parametrize(("status", "headers"), [one for one in ANSWERS if one[0] != 429])
@pytest.mark.parametrize("stored", [1, 0])
async def test_a_deletion_is_looked_up(status: int, headers: dict[str, str], stored: int) -> None:
    service = fake_api()
    site = add(service, UID)
    async with connect(Answering(service, status, headers, hands_on=bool(stored)), store=open_store(None)) as host:
        if stored:
            assert (await deleted(host, site=site, uid=UID))["status"] == "deleted"
        else:
            assert "still there" in await not_deleted(host, site=site, uid=UID)
        assert verbs(host) == ["DELETE"]
    assert left(service) == ([] if stored else [UID])


@pytest.mark.parametrize("status", [400, 401, 403, 422])
async def test_a_refusal_of_the_service_stored_nothing(status: int) -> None:
    service, file = fake_api(), Database(None)
    site = add(service)
    async with connect(
        Answering(service, status, {}, hands_on=False), store=open_store(None), writes=record_of(file)
    ) as host:
        assert "not known" not in await host.error("create_hit", site=site, path="/x")
        assert (await host.answer("create_hit", site=site, path="/x"))["repeated"] is False
    assert [entry.outcome for entry in await record_of(file).latest(limit=9)] == [Outcome.DONE, Outcome.REFUSED]


@pytest.mark.parametrize("tool", ["create_hit", "create_hits", "create_kudo", "delete_kudo"])
@pytest.mark.parametrize("status", [302, 429, 500, 503, None])
async def test_a_write_that_fails_before_it_is_sent_says_so_and_does_not_speak_of_periods(
    tool: str, status: int | None
) -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        if status is None:
            raise httpx.ConnectError("no connection", request=request)
        return httpx.Response(status, json={})

    arguments = {"create_hits": {"hits": [{"path": "/x"}]}, "delete_kudo": {"uid": UID}}
    async with connect(fail) as host:
        said = await host.error(tool, **arguments.get(tool, {"path": "/x"}))
    assert said.startswith("Nothing was changed. Tinylytics ")
    assert "period" not in said


async def test_a_write_that_a_pause_keeps_here_is_told_as_not_sent_and_can_be_repeated() -> None:
    service, file = fake_api(), Database(None)
    site = add(service)
    time, now = clock()
    async with connect(
        Answering(service, 503, {"retry-after": "120"}, hands_on=False),
        store=open_store(None),
        writes=record_of(file),
        clock=now,
    ) as host:
        await host.error("create_hit", site=site, path="/x")
        said = await host.error("create_hit", site=site, path="/y")
        assert said.startswith("Nothing was changed. Tinylytics is out of order for now")
        assert "in 2 min" in said
        time[0] += timedelta(seconds=121)
        assert (await host.answer("create_hit", site=site, path="/y"))["status"] == "created"
        assert verbs(host) == ["POST", "POST"]
    outcomes = [entry.outcome for entry in await record_of(file).latest(limit=9)]
    assert outcomes == [Outcome.DONE, Outcome.NOT_SENT, Outcome.UNKNOWN]
