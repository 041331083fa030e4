"""What somebody gets who holds old tokens, a stolen store, a stolen state key, or many logins: nothing of others."""

import json
import random
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import closing
from itertools import count, pairwise
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import pytest
from support.http_server import ACCEPT, ANNA, BERT, INITIALIZE, Service
from support.oauth import CLAUDE, CLAUDE_CALLBACK, STATE_KEY, OAuthServed, TwoPeople, oauth_serving
from support.redis_server import KINDS, stores_of
from tinylytics_mcp import cli
from tinylytics_mcp.backend import STATE_FILE
from tinylytics_mcp.http.oauth.grants import all_grants
from tinylytics_mcp.http.oauth.seal import Seal
from tinylytics_mcp.http.oauth.store import SqliteRecords, records_in
from tinylytics_mcp.http.tokens import hash_of
from tinylytics_tools.transport import open_store
from tinylytics_tools.transport.interface import Store, StoreUnavailable
from tinylytics_tools.transport.redis_store import RedisStore

pytestmark = pytest.mark.anyio

NEW_KEY = "n" * 32


@pytest.fixture(params=KINDS)
async def new_store(request: pytest.FixtureRequest) -> AsyncGenerator[Callable[[], Store]]:
    """Makes stores of each kind in turn."""
    async with stores_of(request.param, lambda: request.getfixturevalue("redis_port")) as make:
        yield make


async def test_who_logs_out_each_time_or_never_comes_back_ends_no_other_login(
    new_store: Callable[[], Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tinylytics_mcp.http.oauth.grants.MOST_GRANTS", 3)
    async with oauth_serving(TwoPeople(), store=new_store()) as server:
        first = await server.tokens()
        for _ in range(5):
            other = await server.tokens()
            await server.post("/revoke", client_id=CLAUDE, token=other["refresh_token"])
        assert await server.status(first["access_token"]) == 200
        with monkeypatch.context() as late:
            late.setattr("tinylytics_mcp.http.oauth.grants.CODE_S", -1)
            for _ in range(5):
                await server.code()
        assert await server.status(first["access_token"]) == 200
        second, third = await server.tokens(), await server.tokens()
        assert [await server.status(one["access_token"]) for one in (first, second, third)] == [200, 200, 200]
        fourth = await server.tokens()
        statuses = [await server.status(one["access_token"]) for one in (first, second, third, fourth)]
        assert statuses == [401, 200, 200, 200]


@pytest.mark.parametrize("seed", range(4))
async def test_in_whatever_order_two_replicas_see_refresh_tokens_only_the_newest_and_the_one_before_are_good(
    new_store: Callable[[], Store], seed: int
) -> None:
    chance, service, store = random.Random(seed), Service(), new_store()  # noqa: S311 - of a test
    async with oauth_serving(service, store=store) as here:
        same = {"TINYLYTICS_PUBLIC_URL": here.issuer}
        async with oauth_serving(service, store=store, environment=same) as there:
            tokens = [await here.tokens(scope="write")]
            before, newest = -1, {0}
            for _ in range(40):
                good = sorted(newest | {before} - {-1})
                shown = chance.choice(good) if chance.random() < 0.9 else chance.randrange(len(tokens))
                scope = chance.choice(["read", "write", "read write"] if shown in good else ["read", "none"])
                answer = await chance.choice((here, there)).refreshed(tokens[shown]["refresh_token"], scope=scope)
                if shown not in good:
                    assert answer.json()["error"] == "invalid_grant"
                    break
                assert (answer.status_code, answer.json()["scope"]) == (200, scope)
                tokens.append(answer.json())
                if shown != before:
                    before, newest = shown, set[int]()
                newest.add(len(tokens) - 1)
                assert await there.status(chance.choice(tokens)["access_token"]) == 200
            else:
                shown = next(number for number in count() if number not in newest | {before})
                assert (await there.refreshed(tokens[shown]["refresh_token"])).status_code == 400
            for one in tokens:
                assert await here.status(one["access_token"]) == 401
                assert (await there.refreshed(one["refresh_token"])).status_code == 400


async def test_the_state_key_makes_tokens_that_open_nothing_and_end_nothing(server: OAuthServed) -> None:
    tokens, seal = await server.tokens(), Seal((STATE_KEY,))
    ((grant, held),) = (await records_in(server.backend.store).all("login")).items()
    guesses = [grant, json.loads(held)["sealed"], "", CLAUDE, ANNA[:4], *map(str, json.loads(held).values())]
    for secret in guesses:
        assert seal.open(secret, json.loads(held)["sealed"]) is None
        for number in (-1, 0, 1, 9):
            said = [grant, secret, number, "read write", time.time() + 999]
            access, refresh = [kind + seal.close(f"{kind} {server.issuer}/mcp", said) for kind in ("tlm_", "tlr_")]
            assert await server.status(access) == 401
            assert (await server.refreshed(refresh)).status_code == 400
            for token in (access, refresh):
                assert (await server.post("/revoke", client_id=CLAUDE, token=token)).status_code == 200
    assert await server.status(tokens["access_token"]) == 200
    newer = (await server.refreshed(tokens["refresh_token"])).json()
    assert max(len(newer[kind]) for kind in ("access_token", "refresh_token")) < 400


async def test_a_token_that_may_read_does_not_write_whatever_is_done_to_it(server: OAuthServed) -> None:
    tokens = await server.tokens(scope="write")
    read = (await server.refreshed(tokens["refresh_token"], scope="read")).json()["access_token"]
    swapped = read[:40] + tokens["access_token"][40:]
    for token, status in ((swapped, 401), (read.upper(), 401), (read[:-2], 401), (f"{read}A", 401), (read, 200)):
        assert await server.status(token) == status
    assert (await server.call(read, "create_kudo", site="456", path="/x"))["isError"]
    assert all(method == "GET" for _, method, _ in server.service.asked)


async def test_the_address_that_lets_somebody_in_is_not_in_the_store(tmp_path: Path) -> None:
    with closing(open_store(tmp_path / STATE_FILE)) as store:
        async with oauth_serving(
            store=store, environment={"TINYLYTICS_ALLOWED_ACCOUNTS": "blogger@example.com"}
        ) as server:
            tokens = await server.tokens()
            assert await server.status(tokens["access_token"]) == 200
            kept = await anyio.to_thread.run_sync(lambda: b"".join(path.read_bytes() for path in tmp_path.iterdir()))
            assert b"login" in kept
            assert b"blogger" not in kept.lower()


def old_rows(grant: str, hashes: dict[str, str]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """What an earlier version kept: a record a grant, a code and a token."""
    about = {"client": CLAUDE, "client_name": "Claude", "scope": "read write", "account": 123, "fingerprint": "f"}
    held = {**about, "admitted": "", "made": "2026-11-01", "current": [hashes["tlr_old"]], "previous": ""}
    yield "grant", grant, held
    yield "code", hashes["tlc_old"], {"grant": held, "redirect": CLAUDE_CALLBACK, "challenge": "c", "sealed": "s"}
    for kind, secret in (("access", "tlm_old"), ("refresh", "tlr_old")):
        yield kind, hashes[secret], {"grant": grant, "scope": "read write", "resource": "r", "sealed": "s"}


async def test_what_an_earlier_version_kept_lets_nobody_in_and_is_in_nobodys_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    old = ("tlc_old", "tlm_old", "tlr_old")
    with closing(open_store(tmp_path / STATE_FILE)) as store:
        for kind, name, value in old_rows("0ld9rant", {secret: hash_of(secret) for secret in old}):
            await records_in(store).swap(kind, name, None, json.dumps(value).encode(), time.time() + 999)
        async with oauth_serving(store=store) as server:
            assert await server.status("tlm_old") == 401
            assert (await server.refreshed("tlr_old")).json()["error"] == "invalid_grant"
            assert (await server.redeemed("tlc_old")).json()["error"] == "invalid_grant"
            assert (await server.post("/revoke", client_id=CLAUDE, token="tlr_old")).status_code == 200
            tokens = await server.tokens()
            for name, value in {**server.environment, "TINYLYTICS_STATE_DIR": str(tmp_path)}.items():
                monkeypatch.setenv(name, value)

            def typed(*words: str) -> tuple[int, str]:
                return cli.main(["token", *words]), capsys.readouterr().out

            status, out = await anyio.to_thread.run_sync(typed, "list")
            assert (status, out.count("\n"), "0ld9rant" in out) == (0, 1, False)
            assert (await anyio.to_thread.run_sync(typed, "revoke", "0ld9rant"))[0] == 2
            assert await server.status(tokens["access_token"]) == 200


@pytest.mark.parametrize("ahead_s", [-600, 600])
async def test_a_replica_whose_clock_is_wrong_still_lets_people_log_in(
    redis_port: int, monkeypatch: pytest.MonkeyPatch, ahead_s: int
) -> None:
    async with stores_of("redis", lambda: redis_port) as make:
        store, now = make(), time.time
        assert isinstance(store, RedisStore)
        async with oauth_serving(store=store) as server:
            with monkeypatch.context() as wrong:
                wrong.setattr(time, "time", lambda: now() + ahead_s)
                code = await server.code()
            for_s = await store.link.run("return redis.call('TTL', redis.call('KEYS', '*:oauth:login:*')[1])", [])
            assert 50 < for_s <= 60
            assert (await server.redeemed(code)).status_code == 200


async def test_a_code_that_could_not_be_answered_for_want_of_the_store_can_be_sent_again(
    server: OAuthServed, monkeypatch: pytest.MonkeyPatch
) -> None:
    swap, code = SqliteRecords.swap, await server.code()

    async def away(self: SqliteRecords, kind: str, *about: Any) -> bool:
        if kind == "account":
            raise StoreUnavailable("away")
        return await swap(self, kind, *about)

    with monkeypatch.context() as outage:
        outage.setattr(SqliteRecords, "swap", away)
        assert (await server.redeemed(code)).status_code == 503
    tokens = await server.redeemed(code)
    assert tokens.status_code == 200
    assert await server.status(tokens.json()["access_token"]) == 200


async def test_a_new_state_key_reaches_replicas_one_by_one_and_throws_out_nobody(
    new_store: Callable[[], Store],
) -> None:
    service, store = Service(), new_store()

    def replica(issuer: str, newest: str, older: str = "") -> Any:
        keys = {"TINYLYTICS_STATE_KEY": newest, "TINYLYTICS_STATE_KEY_OLD": older}
        return oauth_serving(service, store=store, environment={"TINYLYTICS_PUBLIC_URL": issuer, **keys})

    async with oauth_serving(service, store=store) as only_old:
        tokens, url = await only_old.tokens(), only_old.issuer
        steps = [(STATE_KEY, ""), (STATE_KEY, NEW_KEY), (NEW_KEY, STATE_KEY), (NEW_KEY, "")]
        for earlier, later in pairwise(steps):
            async with replica(url, *earlier) as here, replica(url, *later) as there:
                for server in (here, there, here, there):
                    assert await server.status(tokens["access_token"]) == 200
                    tokens = (await server.refreshed(tokens["refresh_token"])).json()


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"])
async def test_no_spelling_of_the_address_is_a_way_past_the_login(server: OAuthServed, method: str) -> None:
    guarded = ("/mcp", "/mcp/", "/mcp//", "/mcp%2F", "/%6Dcp", "/mcp?x=/health", "/sse", "/sse/", "/messages/")
    nothing = ("/MCP", "//mcp", "/%2Fmcp", "/mcp/x", "/mcp;x", "/mcp%00", "/mcp%20", "/messages/x", "/health/mcp")
    for path, status in [*((path, 401) for path in guarded), *((path, 404) for path in nothing)]:
        answer = await server.served.ask(method, path, json=INITIALIZE, **ACCEPT)
        assert answer.status_code == status, path
        assert "mcp-session-id" not in answer.headers
    assert server.service.asked == []


async def test_a_record_that_this_version_cannot_read_lets_nobody_in_and_stops_nobody(
    new_store: Callable[[], Store],
) -> None:
    store = new_store()
    async with oauth_serving(store=store) as server:
        records, until = records_in(store), time.time() + 999
        spoilt = await server.tokens()
        ((name, held),) = (await records.all("login")).items()
        bert, anna = [await server.tokens(key=key) for key in (BERT, ANNA)]
        for number, garbage in enumerate((b"\xff{", b"[]", b'{"client":1}', b"null", b"9" * 5_000)):
            assert await records.swap("login", f"garbage {number}", None, garbage, until)
            assert await records.swap("login", name, held, garbage, until)
            held = garbage
            assert await server.status(spoilt["access_token"]) == 401
            assert (await server.refreshed(spoilt["refresh_token"])).json()["error"] == "invalid_grant"
            for token in spoilt.values():
                assert (await server.post("/revoke", client_id=CLAUDE, token=str(token))).status_code == 200
        del server.service.accounts["bert"]
        assert (await server.call(bert["access_token"]))["isError"]
        assert [await server.status(tokens["access_token"]) for tokens in (bert, anna)] == [401, 200]
        assert len(await all_grants(records)) == 1
