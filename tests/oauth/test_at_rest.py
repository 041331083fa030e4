"""What is kept: in a stranger's hands the store opens nothing, and each kind of store keeps it alike."""

import time
from collections.abc import AsyncGenerator, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import anyio.to_thread
import httpx2 as httpx
import pytest
from support.http_server import ANNA, ANNA_READS, BERT, Service
from support.oauth import CALLBACK, CLAUDE, STATE_KEY, OAuthServed, TwoPeople, oauth_serving
from support.redis_server import KINDS, stores_of
from tinylytics_mcp.http.oauth.seal import Seal
from tinylytics_mcp.http.oauth.store import records_in
from tinylytics_tools.transport import open_store
from tinylytics_tools.transport.interface import Store
from tinylytics_tools.transport.redis_store import RedisLink, RedisStore

pytestmark = pytest.mark.anyio

OTHER_KEY = "o" * 32
NAMED = b'"client_name":"Claude"'


async def used(server: OAuthServed) -> list[str]:
    """All secrets of a server that was used: keys, codes, tokens and state keys."""
    code = await server.code(scope="write")
    tokens = (await server.redeemed(code)).json()
    newer = (await server.refreshed(tokens["refresh_token"])).json()
    open_code = await server.code()
    assert not (await server.call(newer["access_token"], "get_overview")).get("isError")
    words = [one[name] for one in (tokens, newer) for name in ("access_token", "refresh_token")]
    return [ANNA, STATE_KEY, code, open_code, *words]


async def test_a_state_file_in_a_strangers_hands_holds_no_secret_and_no_figure(tmp_path: Path) -> None:
    file = tmp_path / "state.sqlite3"
    with closing(open_store(file)) as store:
        async with oauth_serving(store=store) as server:
            secrets = await used(server)
            kept = await anyio.to_thread.run_sync(lambda: b"".join(path.read_bytes() for path in tmp_path.iterdir()))
            with store.file.reading() as connection:
                assert connection.execute("SELECT count(*) FROM oauth").fetchone()[0] == 3  # two grants of one account
                assert connection.execute("SELECT count(*) FROM replies").fetchone()[0] == 0
    assert NAMED in kept
    for secret in secrets:
        assert secret.encode() not in kept
        assert secret.removeprefix("tlm_").encode() not in kept
    assert b"Site of anna" not in kept


async def test_a_redis_dump_in_a_strangers_hands_holds_none_either(redis_port: int) -> None:
    link = RedisLink(f"redis://127.0.0.1:{redis_port}/5")
    await link.run("redis.call('FLUSHDB')", [])
    async with oauth_serving(store=RedisStore(link)) as server:
        secrets = await used(server)
    dump = await link.run(
        "local all = '' for _, key in ipairs(redis.call('KEYS', '*')) do "
        "all = all .. key .. redis.call('DUMP', key) end return all",
        [],
    )
    texts = await link.run(
        "local all = '' for _, key in ipairs(redis.call('KEYS', '*:oauth:*:*')) do "
        "all = all .. key .. redis.call('GET', key) end return all",
        [],
    )
    lasting = await link.run(
        "local n = 0 for _, key in ipairs(redis.call('KEYS', '*:oauth:*:*')) do "
        "if redis.call('TTL', key) < 0 then n = n + 1 end end return n",
        [],
    )
    await link.aclose()
    assert NAMED in texts
    assert lasting == 0
    for secret in secrets:
        assert secret.encode() not in dump + texts
    assert b"Site of anna" not in dump


async def test_where_the_store_is_away_nobody_is_let_in_or_thrown_out(tmp_path: Path) -> None:
    async with oauth_serving() as before:
        tokens, environment = await before.tokens(), before.environment
    with closing(open_store(tmp_path)) as store:  # a folder, which cannot be a state file
        async with oauth_serving(store=store, environment=environment) as server, server.browser() as browser:
            await browser.open(server.authorize())
            assert (await browser.answer()).status_code == 503
            assert (await server.redeemed("tlc_any")).status_code == 503
            assert (await server.refreshed(tokens["refresh_token"])).status_code == 503
            assert (await server.post("/revoke", client_id=CLAUDE, token=tokens["access_token"])).status_code == 503
            assert await server.status(tokens["access_token"]) == 503
            assert await server.status("tlm_made-up") == 401  # which needs no store
            assert (await server.served.ask("POST", "/mcp")).status_code == 401  # and where to log in is told


def test_a_key_is_opened_by_its_token_and_the_state_key_together_alone() -> None:
    sealed = Seal((STATE_KEY,)).close("token", ANNA)
    assert ANNA not in sealed
    assert Seal((STATE_KEY,)).open("token", sealed) == ANNA
    assert Seal((OTHER_KEY, STATE_KEY)).open("token", sealed) == ANNA
    assert Seal((STATE_KEY, STATE_KEY)).open("token", sealed) == ANNA  # the old one is the new one
    assert Seal((STATE_KEY,)).open("other", sealed) is None
    assert Seal((OTHER_KEY,)).open("token", sealed) is None
    for wrong in ("", "x", sealed[:-4], f"A{sealed[1:]}" if sealed[0] != "A" else f"B{sealed[1:]}", "ü"):
        assert Seal((STATE_KEY,)).open("token", wrong) is None


def test_what_is_signed_for_one_thing_is_not_taken_for_another() -> None:
    seal = Seal((STATE_KEY,))
    signed = seal.close("ticket", ["x"])
    assert seal.open("ticket", signed) == ["x"]
    assert Seal((OTHER_KEY, STATE_KEY)).open("ticket", signed) == ["x"]
    assert seal.open("client", signed) is None
    assert Seal((OTHER_KEY,)).open("ticket", signed) is None


async def test_a_new_state_key_beside_the_old_one_moves_grants_over() -> None:
    service = Service()
    async with oauth_serving(service) as server:
        tokens = await server.tokens()
        answer = await server.served.ask("POST", "/register", json={"redirect_uris": [CALLBACK]})
        registered = answer.json()["client_id"]
        code = await server.code(client_id=registered, redirect_uri=CALLBACK)
        store = server.backend.store
        same = {"TINYLYTICS_PUBLIC_URL": server.issuer, "TINYLYTICS_STATE_KEY": OTHER_KEY}
        async with oauth_serving(service, store=store, environment=same) as without:
            assert await without.status(tokens["access_token"]) == 401
            assert (await without.refreshed(tokens["refresh_token"])).status_code == 400
        async with oauth_serving(
            service, store=store, environment={**same, "TINYLYTICS_STATE_KEY_OLD": STATE_KEY}
        ) as both:
            assert await both.status(tokens["access_token"]) == 200
            moved = (await both.refreshed(tokens["refresh_token"])).json()
            own = (await both.redeemed(code, client_id=registered, redirect_uri=CALLBACK)).json()
            own = (await both.refreshed(own["refresh_token"], client_id=registered)).json()
        async with oauth_serving(service, store=store, environment=same) as after:
            assert await after.status(moved["access_token"]) == 200
            assert (await after.refreshed(moved["refresh_token"])).status_code == 200
            told = await after.refreshed(own["refresh_token"], client_id=registered)
            assert (told.status_code, told.json()["error"]) == (401, "invalid_client")  # so it registers anew


@pytest.fixture(params=KINDS)
async def new_store(request: pytest.FixtureRequest) -> AsyncGenerator[Callable[[], Store]]:
    """Makes stores of each kind in turn."""
    async with stores_of(request.param, lambda: request.getfixturevalue("redis_port")) as make:
        yield make


async def test_of_all_that_swap_a_value_one_succeeds(new_store: Callable[[], Store]) -> None:
    records, soon = records_in(new_store()), time.time() + 60
    assert await records.get("code", "a") is None
    assert not await records.swap("code", "a", b"1", b"2", soon)
    assert await records.swap("code", "a", None, b"1", soon)
    assert not await records.swap("code", "a", None, b"2", soon)
    won: list[int] = []

    async def swap(number: int) -> None:
        if await records.swap("code", "a", b"1", f"by {number}".encode(), soon):
            won.append(number)

    async with anyio.create_task_group() as tasks:
        for number in range(10):
            tasks.start_soon(swap, number)
    assert len(won) == 1
    assert await records.get("code", "a") == f"by {won[0]}".encode()
    assert await records.get("grant", "a") is None


async def test_what_is_over_is_gone_and_a_kind_is_listed(new_store: Callable[[], Store]) -> None:
    records, now = records_in(new_store()), time.time()
    await records.swap("grant", "old", None, b"1", now - 5)
    await records.swap("grant", "a", None, b"2", now + 60)
    await records.swap("grant", "b", None, b"3", now + 60)
    await records.swap("code", "c", None, b"4", now + 60)
    assert await records.get("grant", "old") is None
    assert await records.all("grant") == {"a": b"2", "b": b"3"}
    assert await records.swap("grant", "a", b"2", None)
    assert await records.all("grant") == {"b": b"3"}
    assert await records.swap("grant", "old", None, b"5", now + 60)


async def test_over_each_store_a_grant_lives_and_ends(new_store: Callable[[], Store]) -> None:
    async with oauth_serving(store=new_store()) as server:
        code = await server.code()
        tokens = (await server.redeemed(code)).json()
        newer = (await server.refreshed(tokens["refresh_token"])).json()
        assert await server.status(newer["access_token"]) == 200
        answers: list[Any] = []

        async def refresh() -> None:
            answers.append(await server.refreshed(newer["refresh_token"]))

        async with anyio.create_task_group() as tasks:  # two processes of a host at once
            tasks.start_soon(refresh)
            tasks.start_soon(refresh)
        assert [answer.status_code for answer in answers] == [200, 200]
        assert (await server.refreshed(answers[0].json()["refresh_token"])).status_code == 200
        assert (await server.redeemed(code)).status_code == 400
        assert await server.status(newer["access_token"]) == 401


async def test_a_code_that_is_tried_at_two_replicas_at_once_gives_nothing_that_lasts(
    new_store: Callable[[], Store],
) -> None:
    service, store = Service(), new_store()
    async with oauth_serving(service, store=store) as here:
        same = {"TINYLYTICS_PUBLIC_URL": here.issuer}
        async with oauth_serving(service, store=store, environment=same) as there:
            code, answers = await here.code(), list[httpx.Response]()

            async def redeem(server: OAuthServed) -> None:
                answers.append(await server.redeemed(code))

            async with anyio.create_task_group() as tasks:
                for server in (here, there, here, there):
                    tasks.start_soon(redeem, server)
            given = [answer.json() for answer in answers if answer.status_code == 200]
            assert len(given) <= 1
            assert [await here.status(one["access_token"]) for one in given] == [401] * len(given)

            tokens = (await here.redeemed(await here.code())).json()
            newer = (await there.refreshed(tokens["refresh_token"])).json()
            newest = (await here.refreshed(newer["refresh_token"])).json()
            assert (await there.refreshed(tokens["refresh_token"])).status_code == 400  # stolen, and tried elsewhere
            assert await here.status(newest["access_token"]) == 401


async def kept_in(store: Store) -> list[tuple[str, str]]:
    """Kind and name of all that is kept of logins."""
    records = records_in(store)
    return [(kind, name) for kind in ("login", "account", "code", "access") for name in await records.all(kind)]


async def test_however_often_a_client_refreshes_and_revokes_one_record_is_kept(new_store: Callable[[], Store]) -> None:
    store = new_store()
    async with oauth_serving(store=store) as server:
        code = await server.code()
        first = newest = (await server.redeemed(code)).json()
        before = await kept_in(store)
        for _ in range(20):
            await server.refreshed(newest["refresh_token"])  # an answer that is lost
            newest = (await server.refreshed(newest["refresh_token"])).json()
            await server.post("/revoke", client_id=CLAUDE, token=newest["access_token"])
        (held,) = (await records_in(store).all("login")).values()
        assert await kept_in(store) == before
        assert len(held) < 1_000
        assert [await server.status(one["access_token"]) for one in (first, newest)] == [401, 401]
        newest = (await server.refreshed(newest["refresh_token"])).json()
        assert await server.status(newest["access_token"]) == 200
        assert (await server.refreshed(first["refresh_token"])).status_code == 400  # replaced twenty times over
        assert await server.status(newest["access_token"]) == 401
        assert (await server.refreshed(newest["refresh_token"])).status_code == 400
        assert not await records_in(store).all("login")


async def test_however_often_an_account_logs_in_the_newest_and_what_is_used_are_kept(
    new_store: Callable[[], Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tinylytics_mcp.http.oauth.grants.MOST_GRANTS", 3)
    store = new_store()
    async with oauth_serving(TwoPeople(), store=store) as server:
        other = await server.tokens(key=BERT)
        used, *idle = [await server.tokens(key=key) for key in (ANNA, ANNA_READS, ANNA)]  # keys of one account
        used = (await server.refreshed(used["refresh_token"])).json()
        newest = await server.tokens()
        await server.code()  # nobody fetches it, and it counts as well
        statuses = [await server.status(one["access_token"]) for one in (other, used, *idle, newest)]
        assert statuses == [200, 200, 401, 401, 200]
        for _ in range(10):
            await server.code()
        assert len(await kept_in(store)) == 1 + 3 + 2
        assert await server.status(other["access_token"]) == 200


async def test_two_replicas_over_one_redis_are_one_server(redis_port: int) -> None:
    links = [RedisLink(f"redis://127.0.0.1:{redis_port}/6") for _ in range(2)]
    await links[0].run("redis.call('FLUSHDB')", [])
    service = Service()
    async with oauth_serving(service, store=RedisStore(links[1])) as there:
        environment = {"TINYLYTICS_PUBLIC_URL": there.issuer}
        async with oauth_serving(service, store=RedisStore(links[0]), environment=environment) as here:
            code = await here.code()
            tokens = (await there.redeemed(code)).json()
            assert await here.status(tokens["access_token"]) == 200
        newer = (await there.refreshed(tokens["refresh_token"])).json()  # the other replica is gone
        assert await there.status(newer["access_token"]) == 200
    for link in links:
        await link.aclose()
