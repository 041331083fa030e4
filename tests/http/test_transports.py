"""Who is let in by each of the three ways, and that none of them falls back to another."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import anyio
import pytest
from mcp import MCPError
from support.client import MODES, Mode, text_of
from support.http_server import (
    ACCEPT,
    ANNA,
    ANNA_READS,
    BERT,
    INITIALIZE,
    QUICK,
    Service,
    backend_of,
    events_until_dropped,
    serving,
    tokens_in,
)
from tinylytics_mcp.http.auth import (
    CHECKED_AGAIN_S,
    CHECKED_FOR_S,
    MOST_AT_ONCE,
    MOST_WAITING,
    WRONG_TAKES_S,
    KeyChecks,
    TryLater,
    client_key_auth,
)
from tinylytics_mcp.http.settings import CLIENT_KEYS, TOKENS_FILE
from tinylytics_mcp.http.tokens import add_token, revoke_token
from tinylytics_tools.access import Access, ApiKey
from tinylytics_tools.errors import Unavailable

pytestmark = pytest.mark.anyio

GUARDED = [("POST", "/mcp"), ("POST", "/mcp/"), ("GET", "/mcp"), ("GET", "/sse"), ("POST", "/messages/?session_id=0")]
OPEN = [("GET", "/health"), ("GET", "/ready")]


@pytest.mark.parametrize(("method", "path"), GUARDED)
async def test_without_its_token_or_with_a_wrong_one_a_request_is_refused_without_detail(
    tmp_path: Path, method: str, path: str
) -> None:
    file, shown = tokens_in(tmp_path, anna=("full_access", ANNA))
    token = shown["anna"].removeprefix("Bearer ")
    wrong = ["", "Bearer", f"Bearer {token}x", f"Basic {token}", token, f"Bearer {ANNA}"]
    async with serving(backend_of(Service(), TINYLYTICS_API_KEY=ANNA), {TOKENS_FILE: file}) as served:
        for authorization in wrong:
            answer = await served.ask(method, path, authorization=authorization, x_tinylytics_key=ANNA)
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"] == "Bearer"
            assert answer.json()["error"] == "unauthorized"
            assert answer.json()["message"].startswith("the header Authorization: Bearer TOKEN")
            assert answer.json() == (await served.ask("GET", "/mcp")).json()  # whatever was wrong


@pytest.mark.parametrize(
    "path", ["/.well-known/oauth-protected-resource/mcp", "/.well-known/openid-configuration", "/no"]
)
async def test_where_clients_look_for_an_authorization_server_there_is_none_in_json(path: str) -> None:
    async with serving(backend_of(Service())) as served:
        answer = await served.ask("GET", path)
        assert (answer.status_code, answer.json()) == (404, {"error": "not found"})


@pytest.mark.parametrize(("method", "path"), OPEN)
async def test_probes_need_no_token(tmp_path: Path, method: str, path: str) -> None:
    file, _ = tokens_in(tmp_path, anna=("full_access", ANNA))
    async with serving(backend_of(Service()), {TOKENS_FILE: file}) as served:
        assert (await served.ask(method, path)).status_code == 200


async def test_a_token_that_was_added_is_let_in_and_a_revoked_one_is_not_without_a_restart(tmp_path: Path) -> None:
    file, shown = tokens_in(tmp_path, anna=("full_access", ANNA))
    async with serving(backend_of(Service(), TINYLYTICS_API_KEY=BERT), {TOKENS_FILE: file}) as served:
        secret = add_token(Path(file), "later", Access.READ_ONLY, None)
        async with served.client(authorization=f"Bearer {secret}") as client:
            assert "Site of bert" in text_of(await client.call_tool("list_sites", {}))
            revoke_token(Path(file), "later")
            with pytest.raises(MCPError):
                await client.list_tools()
        assert (await served.ask("POST", "/mcp", authorization=shown["anna"])).status_code != 401


@pytest.mark.parametrize("kind", ["sse", "session", "subscription"])
async def test_the_open_stream_of_a_revoked_token_is_closed(tmp_path: Path, kind: str) -> None:
    file, shown = tokens_in(tmp_path, anna=("full_access", ANNA), other=("full_access", ANNA))
    async with serving(backend_of(Service()), {TOKENS_FILE: file}, limits=QUICK) as served, AsyncExitStack() as stack:

        async def lines_of(token: str) -> AsyncIterator[str]:
            own = {"authorization": token}
            if kind == "sse":
                return await stack.enter_async_context(served.stream("/sse", **own))
            if kind == "session":
                opened = await served.ask("POST", "/mcp", json=INITIALIZE, **ACCEPT, **own)
                own["mcp_session_id"] = opened.headers["mcp-session-id"]
                return await stack.enter_async_context(served.stream("/mcp", **own))
            return await stack.enter_async_context(served.listening("tinylytics://sites", **own))

        revoked, other = await lines_of(shown["anna"]), await lines_of(shown["other"])
        revoke_token(Path(file), "anna")
        with anyio.fail_after(5):
            await events_until_dropped(revoked)
        assert (await served.ask("POST", "/mcp", authorization=shown["anna"])).status_code == 401
        with anyio.move_on_after(5 * QUICK.look_s) as waiting:
            await events_until_dropped(other)
        assert waiting.cancelled_caught


async def test_a_file_of_tokens_that_is_broken_lets_in_nobody_until_it_is_mended(tmp_path: Path) -> None:
    file, shown = tokens_in(tmp_path, anna=("full_access", ANNA))
    good = await anyio.Path(file).read_text()
    async with serving(backend_of(Service(), TINYLYTICS_API_KEY=ANNA), {TOKENS_FILE: file}) as served:
        for text, status in ((json.dumps({"tokens": [{}]}), 503), ("", 503), (good, 400)):
            await anyio.Path(file).write_text(text)
            answer = await served.ask("POST", "/mcp", json={}, authorization=shown["anna"], **ACCEPT)
            assert answer.status_code == status


async def test_a_key_file_that_is_gone_is_no_way_to_the_servers_own_key(tmp_path: Path) -> None:
    file, shown = tokens_in(tmp_path, anna=("full_access", ANNA))
    (tmp_path / "anna.key").unlink()
    async with serving(backend_of(Service(), TINYLYTICS_API_KEY=BERT), {TOKENS_FILE: file}) as served:
        assert (await served.ask("POST", "/mcp", authorization=shown["anna"])).status_code == 503


@pytest.mark.parametrize("path", ["/mcp", "/sse"])
@pytest.mark.parametrize("mode", MODES)
async def test_each_client_comes_with_a_key_of_its_own(path: str, mode: Mode) -> None:
    service = Service()
    async with serving(backend_of(service), {CLIENT_KEYS: "1"}) as served:
        for key, name, writes in ((ANNA, "anna", True), (BERT, "bert", True), (ANNA_READS, "anna", False)):
            async with served.client(path, mode=mode, x_tinylytics_key=key) as client:
                assert ("delete_kudo" in {tool.name for tool in (await client.list_tools()).tools}) is writes
                assert f"Site of {name}" in text_of(await client.call_tool("list_sites", {}))
    assert service.asked.count(("anna", "GET", "/me")) == 2  # one for each key


async def test_a_key_as_the_bearer_or_a_wrong_one_is_refused() -> None:
    service = Service()
    async with serving(backend_of(service), {CLIENT_KEYS: "1"}) as served:
        as_bearer = await served.ask("POST", "/mcp", json=INITIALIZE, authorization=f"Bearer {ANNA}", **ACCEPT)
        assert (as_bearer.status_code, as_bearer.headers["www-authenticate"]) == (401, "X-Tinylytics-Key")
        for wrong in ("", "anna", "tly-ro-a b"):
            assert (await served.ask("POST", "/mcp", json=INITIALIZE, x_tinylytics_key=wrong)).status_code == 401
        assert service.asked == []
        for _ in range(2):
            assert (await served.ask("POST", "/mcp", json=INITIALIZE, x_tinylytics_key="tly-fa-eve")).status_code == 401
        assert service.asked == [("eve", "GET", "/me")]
        service.is_away = True
        assert (await served.ask("POST", "/mcp", json=INITIALIZE, x_tinylytics_key=ANNA)).status_code == 503


async def test_a_key_is_checked_again_after_an_hour_and_a_good_one_stays_good_while_tinylytics_is_away() -> None:
    now, good, asked = [0.0], list[bool | None]([True]), list[str]()

    async def check(key: ApiKey) -> bool:
        asked.append(key.fingerprint)
        if good[0] is None:
            raise Unavailable("away")
        return good[0]

    door = client_key_auth(KeyChecks(check, clock=lambda: now[0]))
    for moved, told, times in (
        (0.0, True, 1),
        (CHECKED_FOR_S - 1, True, 1),
        (1.0, True, 2),
        (CHECKED_FOR_S, None, 3),
        (CHECKED_AGAIN_S - 1, None, 3),
        (1.0, False, 4),
        (CHECKED_AGAIN_S - 1, True, 4),
        (1.0, True, 5),
    ):
        now[0] += moved
        good[0] = told
        caller = await door.caller({"x-tinylytics-key": ANNA})
        is_let_in = times != 4
        assert (caller is not None, len(asked)) == (is_let_in, times)


async def test_however_many_wrong_keys_come_good_ones_are_let_in_and_few_are_asked_about_at_once() -> None:
    at_once, most, now = 0, 0, [0.0]

    async def check(key: ApiKey) -> bool:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await anyio.sleep(0.01)
        at_once -= 1
        return key.fingerprint in (ApiKey(ANNA).fingerprint, ApiKey(BERT).fingerprint)

    door = client_key_auth(KeyChecks(check, clock=lambda: now[0]))
    assert await door.caller({"x-tinylytics-key": ANNA}) is not None
    now[0] += CHECKED_FOR_S
    answers: list[object] = []

    async def wrong(number: int) -> None:
        answers.append(await door.caller({"x-tinylytics-key": f"tly-ro-{number}"}))

    async with anyio.create_task_group() as tasks:
        for number in range(40):
            tasks.start_soon(wrong, number)
        await anyio.sleep(0.05)
        with anyio.fail_after(WRONG_TAKES_S / 2):
            assert await door.caller({"x-tinylytics-key": ANNA}) is not None
        with anyio.fail_after(40 / MOST_AT_ONCE * (WRONG_TAKES_S + 1)):
            assert await door.caller({"x-tinylytics-key": BERT}) is not None
    assert (answers, most) == ([None] * 40, MOST_AT_ONCE)


async def test_no_more_strangers_wait_for_their_keys_than_there_may_be() -> None:
    async def check(key: ApiKey) -> bool:  # noqa: ARG001 - the same for all
        await anyio.sleep_forever()
        return True

    door, waiting = client_key_auth(KeyChecks(check)), MOST_AT_ONCE + MOST_WAITING
    async with anyio.create_task_group() as tasks:
        for number in range(waiting):
            tasks.start_soon(door.caller, {"x-tinylytics-key": f"tly-ro-{number}"})
        await anyio.wait_all_tasks_blocked()
        with pytest.raises(TryLater):
            await door.caller({"x-tinylytics-key": ANNA})
        tasks.cancel_scope.cancel()


async def test_a_key_may_come_as_x_api_key_and_two_that_differ_are_none() -> None:
    service = Service()
    async with serving(backend_of(service), {CLIENT_KEYS: "1"}) as served:
        for keys, is_let_in in (
            ({"x_api_key": ANNA}, True),
            ({"x_api_key": ANNA, "x_tinylytics_key": ANNA}, True),
            ({"x_api_key": ANNA, "x_tinylytics_key": ""}, True),
            ({"x_api_key": ANNA, "x_tinylytics_key": BERT}, False),
        ):
            answer = await served.ask("POST", "/mcp", json=INITIALIZE, **ACCEPT, **keys)
            assert (answer.status_code == 200) is is_let_in, keys
    assert {name for name, _, _ in service.asked} == {"anna"}


async def test_who_cannot_be_checked_now_is_neither_let_in_nor_refused() -> None:
    async def check(key: ApiKey) -> bool:
        raise Unavailable(f"away for {key!r}")

    with pytest.raises(TryLater):
        await client_key_auth(KeyChecks(check)).caller({"x-tinylytics-key": ANNA})


@pytest.mark.parametrize(
    ("way", "remedy"),
    [
        ("", "in TINYLYTICS_API_KEY, or the file that TINYLYTICS_API_KEY_FILE names; then restart"),
        (TOKENS_FILE, "Ask whoever runs this server"),
        (CLIENT_KEYS, "send it in the header X-Tinylytics-Key"),
    ],
)
async def test_a_key_that_tinylytics_refuses_is_replaced_where_the_user_can_do_it(
    tmp_path: Path, way: str, remedy: str
) -> None:
    file, shown = tokens_in(tmp_path, bert=("full_access", BERT))
    settings = {way: file if way == TOKENS_FILE else "1"} if way else {}
    service = Service()
    async with (
        serving(backend_of(service, TINYLYTICS_API_KEY="" if way else BERT), settings) as served,
        served.client(authorization=shown["bert"], x_tinylytics_key=BERT) as client,
    ):
        await client.list_tools()
        del service.accounts["bert"]
        refused = text_of(await client.call_tool("list_sites", {}))
    assert "did not accept the API key" in refused
    assert remedy in refused
    assert ("TINYLYTICS_API_KEY" in refused) is (not way)


async def test_on_this_computer_nothing_has_to_be_shown_and_nothing_that_is_shown_counts() -> None:
    async with (
        serving(backend_of(Service(), TINYLYTICS_API_KEY=ANNA)) as served,
        served.client(authorization="Bearer wrong", x_tinylytics_key=BERT) as client,
    ):
        assert "Site of anna" in text_of(await client.call_tool("list_sites", {}))
