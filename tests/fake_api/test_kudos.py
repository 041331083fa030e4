"""Kudos: listing with filters, creating, ignoring, refusing and deleting."""

from urllib.parse import quote

import pytest
from support.fake_api import MAIN, PHOTOS, ask, epoch, made

pytestmark = pytest.mark.anyio


async def test_kudos_of_a_window_newest_first() -> None:
    fake_api = made()
    rows = fake_api.connection.execute("SELECT * FROM kudos WHERE site_id = 456").fetchall()
    expected = [row for row in rows if epoch(2026, 1, 15) <= row["created_at"] < epoch(2026, 2, 15)]
    reply = (await ask(fake_api, f"{MAIN}/kudos")).json()
    assert reply["pagination"]["total_count"] == len(expected)
    assert {kudo["uid"] for kudo in reply["kudos"]} == {row["uid"] for row in expected}
    times = [kudo["created_at"] for kudo in reply["kudos"]]
    assert times == sorted(times, reverse=True)


@pytest.mark.parametrize(
    ("query", "number"), [("path=/hello", 4), ("path=/HELLO", 0), ("uid=test-kudo-1", 1), ("uid=test", 0)]
)
async def test_path_and_uid_are_exact(query: str, number: int) -> None:
    reply = (await ask(made(), f"{MAIN}/kudos?{query}")).json()
    assert reply["pagination"]["total_count"] == len(reply["kudos"]) == number
    name, value = query.split("=")
    assert reply["filters"][name] == value


async def test_windows_of_the_account_zone() -> None:
    fake_api = made(hits=0)
    fake_api.add_kudos(456, [{"uid": "late", "created_at": epoch(2026, 2, 14, 3)}])
    days = "start_date=2026-02-13&end_date=2026-02-13"
    assert (await ask(fake_api, f"{MAIN}/kudos?{days}")).json()["kudos"] == []
    assert len((await ask(fake_api, f"{MAIN}/kudos?{days}&time_zone=user")).json()["kudos"]) == 1


async def test_a_kudo_without_a_uid_gets_one() -> None:
    fake_api = made(hits=0)
    replies = [await ask(fake_api, f"{MAIN}/kudos", method="POST", body={"path": "hello"}) for _ in range(2)]
    assert [reply.status_code for reply in replies] == [201, 201]
    first, second = (reply.json()["kudo"] for reply in replies)
    assert first["path"] == "/hello"
    assert first["uid"] != second["uid"]
    assert (await ask(fake_api, f"{MAIN}/kudos?uid={first['uid']}")).json()["kudos"] == [first]
    assert (await ask(fake_api, MAIN)).json()["lifetime_kudos"] == 2


async def test_a_uid_in_use_on_the_site_is_422_but_free_on_another() -> None:
    fake_api = made(hits=0)
    body = {"path": "/hello", "custom_uid": "mine"}
    statuses = [
        (await ask(fake_api, f"{site}/kudos", method="POST", body=body)).status_code for site in (MAIN, MAIN, PHOTOS)
    ]
    assert statuses == [201, 422, 201]


@pytest.mark.parametrize("body", [{}, {"path": " "}, {"path": 1}, {"path": "/p", "custom_uid": 1}, [], b"{"])
async def test_a_wrong_kudo_is_422(body: object) -> None:
    response = await ask(made(hits=0), f"{MAIN}/kudos", method="POST", body=body)
    assert (response.status_code, response.json()["status"]) == (422, "error")


async def test_an_ignored_kudo_is_not_stored() -> None:
    fake_api = made(hits=0)
    response = await ask(fake_api, f"{MAIN}/kudos", method="POST", body={"path": "/wp-admin", "custom_uid": "u"})
    assert response.status_code == 202
    assert fake_api.connection.execute("SELECT COUNT(*) FROM kudos").fetchone()[0] == 0


async def test_deleting_takes_exactly_one_kudo_once() -> None:
    fake_api = made()
    before = {row["uid"] for row in fake_api.connection.execute("SELECT uid FROM kudos")}
    gone = await ask(fake_api, f"{MAIN}/kudos/test-kudo-1", method="DELETE")
    assert (gone.status_code, gone.json()) == (200, {"status": "deleted", "uid": "test-kudo-1"})
    assert before - {row["uid"] for row in fake_api.connection.execute("SELECT uid FROM kudos")} == {"test-kudo-1"}
    again = await ask(fake_api, f"{MAIN}/kudos/test-kudo-1", method="DELETE")
    assert (again.status_code, again.json()) == (404, {"error": "Kudo not found"})


async def test_a_kudo_of_another_site_is_not_found() -> None:
    assert (await ask(made(), f"{PHOTOS}/kudos/test-kudo-1", method="DELETE")).status_code == 404


async def test_every_uid_can_be_named_in_the_path() -> None:
    fake_api = made()
    uids = [row["uid"] for row in fake_api.connection.execute("SELECT uid FROM kudos WHERE site_id = 456")]
    assert any("/" in uid for uid in uids)
    for uid in uids:
        response = await ask(fake_api, f"{MAIN}/kudos/{quote(uid, safe='')}", method="DELETE")
        assert (response.status_code, response.json()["uid"]) == (200, uid)
