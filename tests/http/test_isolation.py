"""Nothing of one account can be reached by another: tools, answers, sessions, sealed questions, resources."""

from pathlib import Path

import anyio.lowlevel
import pytest
from mcp import Client
from support.client import MODES, Mode, text_of
from support.http_server import (
    ACCEPT,
    ANNA,
    ANNA_READS,
    BERT,
    INITIALIZE,
    PING,
    Service,
    backend_of,
    confirmed,
    serving,
    tokens_in,
)
from support.writes import UID, add, left
from tinylytics_mcp.http.settings import TOKENS_FILE
from tinylytics_mcp.settings import READ_ONLY, STATE_KEY
from tinylytics_tools.access import Access
from tinylytics_tools.catalogue import tools_for

pytestmark = pytest.mark.anyio

DELETE = {"name": "delete_kudo", "arguments": {"site": "456", "uid": UID}}


@pytest.mark.parametrize("path", ["/mcp", "/sse"])
@pytest.mark.parametrize("mode", MODES)
async def test_each_token_gets_its_own_account_and_tools(tmp_path: Path, path: str, mode: Mode) -> None:
    file, shown = tokens_in(tmp_path, anna=("full_access", ANNA), bert=("full_access", BERT), guest=("read_only", ANNA))
    service = Service()
    async with serving(backend_of(service), {TOKENS_FILE: file}) as served:
        for name, whose, access in (
            ("anna", "anna", Access.FULL_ACCESS),
            ("bert", "bert", Access.FULL_ACCESS),
            ("guest", "anna", Access.READ_ONLY),
        ):
            async with served.client(path, mode=mode, authorization=shown[name]) as client:
                listed = [tool.name for tool in (await client.list_tools()).tools]
                assert listed == [tool.name for tool in tools_for(access)]
                assert f"Site of {whose}" in text_of(await client.call_tool("list_sites", {}))
                resources = await client.list_resources()
                assert f"Site of {whose}" in {resource.title for resource in resources.resources}


@pytest.mark.parametrize(
    ("setting", "told"), [({}, "this gateway token may only read"), ({READ_ONLY: "1"}, "TINYLYTICS_READ_ONLY")]
)
async def test_a_reader_is_refused_with_the_reason_before_anything_is_sent(
    tmp_path: Path, setting: dict[str, str], told: str
) -> None:
    file, shown = tokens_in(
        tmp_path, guest=("read_only", ANNA), anna=("full_access", ANNA), reader=("full_access", ANNA_READS)
    )
    service = Service()
    async with serving(backend_of(service, None, **setting), {TOKENS_FILE: file}) as served:
        for name in ("guest", *(["anna", "reader"] if setting else [])):
            async with served.client(authorization=shown[name]) as client:
                refused = await client.call_tool("create_hit", {"site": "456", "path": "/x"})
                assert refused.is_error
                assert told in text_of(refused)
    assert service.asked == []


async def test_one_account_is_never_answered_from_what_was_stored_for_another(tmp_path: Path) -> None:
    file, shown = tokens_in(tmp_path, anna=("full_access", ANNA), bert=("full_access", BERT))
    service = Service()
    async with serving(backend_of(service), {TOKENS_FILE: file}) as served:
        for name in ("anna", "bert", "anna", "bert"):
            async with served.client(authorization=shown[name]) as client:
                await client.call_tool("list_sites", {})
    assert [name for name, _, path in service.asked if path == "/sites"] == ["anna", "bert"]


async def test_a_session_is_unknown_to_every_other_token_of_the_same_account_too(tmp_path: Path) -> None:
    file, shown = tokens_in(
        tmp_path, anna=("full_access", ANNA), second=("full_access", ANNA), bert=("full_access", BERT)
    )
    async with serving(backend_of(Service()), {TOKENS_FILE: file}) as served:
        opened = await served.ask("POST", "/mcp", json=INITIALIZE, authorization=shown["anna"], **ACCEPT)
        session = opened.headers["mcp-session-id"]
        found = {
            name: (await served.ask("POST", "/mcp", json=PING, authorization=token, mcp_session_id=session, **ACCEPT))
            for name, token in shown.items()
        }
    assert {name: answer.status_code for name, answer in found.items()} == {"anna": 200, "second": 404, "bert": 404}


async def test_a_stream_takes_messages_of_its_own_token_only(tmp_path: Path) -> None:
    file, shown = tokens_in(
        tmp_path, anna=("full_access", ANNA), second=("full_access", ANNA), bert=("full_access", BERT)
    )
    async with (
        serving(backend_of(Service()), {TOKENS_FILE: file}) as served,
        served.stream("/sse", authorization=shown["anna"]) as lines,
    ):
        endpoint = await anext(line async for line in lines if line.startswith("data: "))
        where = endpoint.removeprefix("data: ")
        for name, status in (("second", 404), ("bert", 404), ("anna", 202)):
            assert (await served.ask("POST", where, json=PING, authorization=shown[name])).status_code == status


async def test_what_was_sealed_for_one_account_is_refused_by_another_although_the_key_is_shared(tmp_path: Path) -> None:
    file, shown = tokens_in(
        tmp_path, anna=("full_access", ANNA), second=("full_access", ANNA), bert=("full_access", BERT)
    )
    service = Service()
    settings = {TOKENS_FILE: file, STATE_KEY: "k" * 32}
    for account in service.accounts.values():
        add(account, UID)
    async with serving(backend_of(service), settings) as served, serving(backend_of(service), settings) as replica:
        asked = (await served.modern("tools/call", DELETE, authorization=shown["anna"]))["result"]
        answered = confirmed(DELETE, asked)
        for name in ("second", "bert"):
            refused = await replica.modern("tools/call", answered, authorization=shown[name])
            assert refused["error"]["code"] == -32602
        assert left(service.accounts["bert"]) == left(service.accounts["anna"]) == [UID]
        done = await replica.modern("tools/call", answered, authorization=shown["anna"])
        assert not done["result"].get("isError"), done
    assert (left(service.accounts["anna"]), left(service.accounts["bert"])) == ([], [UID])


async def test_an_account_is_told_apart_where_nobody_shows_who_they_are() -> None:
    service = Service()
    add(service.accounts["anna"], UID)
    add(service.accounts["bert"], UID)
    key = {STATE_KEY: "k" * 32}
    async with (
        serving(backend_of(service, TINYLYTICS_API_KEY=ANNA), key) as annas,
        serving(backend_of(service, TINYLYTICS_API_KEY=BERT), key) as berts,
    ):
        asked = (await annas.modern("tools/call", DELETE))["result"]
        assert (await berts.modern("tools/call", confirmed(DELETE, asked)))["error"]["code"] == -32602
    assert left(service.accounts["bert"]) == [UID]


async def test_only_the_account_itself_hears_of_its_changes(tmp_path: Path) -> None:
    file, shown = tokens_in(tmp_path, anna=("full_access", ANNA), guest=("read_only", ANNA), bert=("full_access", BERT))
    heard: list[str] = []

    async def listen(name: str, client: Client) -> None:
        async with client.listen(resource_subscriptions=["tinylytics://sites/456"]) as events:
            started[name].set()
            await anext(aiter(events))
            heard.append(name)

    started = {name: anyio.Event() for name in ("guest", "bert")}
    async with (
        serving(backend_of(Service()), {TOKENS_FILE: file}) as served,
        served.client(authorization=shown["anna"]) as anna,
        served.client(authorization=shown["guest"]) as guest,
        served.client(authorization=shown["bert"]) as bert,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(listen, "guest", guest)
        tasks.start_soon(listen, "bert", bert)
        for event in started.values():
            await event.wait()
        await anna.call_tool("create_hit", {"site": "456", "path": "/x"})
        with anyio.fail_after(5):
            while not heard:
                await anyio.lowlevel.checkpoint()
        await bert.list_tools()
        tasks.cancel_scope.cancel()
    assert set(heard) == {"guest"}
