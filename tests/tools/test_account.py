"""get_account says whose key it is, and what it may do by its own prefix, whatever /me says."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from support.client import MODES, NOW, Mode, connect, text_of
from support.redis_server import KINDS, stores_of
from support.replies import HOSTILE, HTML, ME, NOT_SUBSCRIBED, answering, assert_safe, spoilt
from support.writes import fake_api
from tinylytics_mcp.fake_api import FULL_ACCESS_KEY, READ_ONLY_KEY, FakeApi, Quirk
from tinylytics_tools.access import ApiKey
from tinylytics_tools.transport import open_store

pytestmark = pytest.mark.anyio

NULLS: dict[str, Any] = {**dict.fromkeys(ME), "id": 123}


@pytest.mark.parametrize("quirks", [[], [Quirk.WRAPPED], [Quirk.WRAPPED, Quirk.EXTRA_FIELDS]])
@pytest.mark.parametrize(("key", "access"), [(READ_ONLY_KEY, "read_only"), (FULL_ACCESS_KEY, "full_access")])
@pytest.mark.parametrize("mode", MODES)
async def test_the_key_may_do_what_its_prefix_says(mode: Mode, key: str, access: str, quirks: list[Quirk]) -> None:
    async with connect(FakeApi(now=lambda: NOW, hits=0, quirks=quirks), key=key, mode=mode) as host:
        result = await host.call("get_account")
    answer = result.structured_content
    assert answer is not None
    assert (answer["key_access"], answer["key_access_by_tinylytics"]) == (access, access)
    assert answer["key_may_write"] == (access == "full_access")
    assert (answer["email"], answer["subscribed"], answer["user_id"]) == ("blogger@example.com", True, 123)
    assert answer["since"] == "2025-02-21T00:00:00Z"
    assert not [note for note in answer["notes"] if "mismatch" in note]
    verb = "read and write" if access == "full_access" else "only read"
    assert f"Account blogger@example.com, with a subscription; the key may {verb}." in text_of(result)
    assert key not in text_of(result) + str(answer)
    assert_safe(result)


@pytest.mark.parametrize(
    ("key", "said", "words"),
    [
        ("tly-xx-1", "full_access", "lets the key only read"),
        ("tly-ro-1", "Full Access", "lets the key only read"),
        ("tly-fa-1", "read_only", "may refuse writes"),
        ("tly-fa-1", "owner", "may refuse writes"),
        ("tly-fa-1", "Full Access", None),
        ("tly-ro-1", None, None),
    ],
)
async def test_a_mismatch_with_the_prefix_is_said(key: str, said: str | None, words: str | None) -> None:
    me = {**ME, "api_key": {"name": "CLI", "access_type": said}}
    async with connect(answering({"/me": me}), key=key) as host:
        answer = await host.answer("get_account")
    assert answer["key_may_write"] == key.startswith("tly-fa-")
    told = [note for note in answer["notes"] if note.startswith("mismatch")]
    assert [words in note for note in told] == ([] if words is None else [True])


async def test_without_a_subscription_it_says_what_is_missing() -> None:
    async with connect(answering({"/me": NOT_SUBSCRIBED})) as host:
        answer = await host.answer("get_account")
    assert answer["subscribed"] is False
    assert "without a subscription" in answer["headline"]
    assert "insights, uptime and content checks need a subscription" in answer["notes"][-1]


@pytest.mark.parametrize("reply", [NULLS, {"user": NULLS}])
async def test_what_the_service_does_not_say_is_unknown(reply: dict[str, Any]) -> None:
    async with connect(answering({"/me": reply}), key="tly-ro-1") as host:
        answer = await host.answer("get_account")
    assert answer["email"] == answer["since"] == answer["key_name"] == answer["key_access_by_tinylytics"] == "unknown"
    assert answer["subscribed"] is None
    assert answer["key_access"] == "read_only"


@pytest.mark.parametrize("reply", [HTML, httpx.Response(401, json={"error": "Invalid API key"})])
async def test_a_key_that_is_not_accepted_is_an_error(reply: httpx.Response) -> None:
    async with connect(answering({"/me": reply})) as host:
        assert "did not accept the API key" in await host.error("get_account")


@pytest.mark.parametrize("text", HOSTILE)
async def test_no_text_of_the_account_breaks_out(text: str) -> None:
    async with connect(answering({"/me": spoilt(ME, text, keep=("created_at", "last_used_at"))})) as host:
        result = await host.call("get_account")
    assert not result.is_error, text_of(result)
    assert_safe(result)


@pytest.mark.parametrize("kind", KINDS)
async def test_the_hour_resets_when_the_oldest_request_counted_leaves_it_and_not_an_hour_from_now(
    kind: str, request: pytest.FixtureRequest
) -> None:
    time = [NOW]
    key = ApiKey(FULL_ACCESS_KEY).fingerprint
    async with stores_of(kind, lambda: request.getfixturevalue("redis_port")) as new_store:
        store = new_store()
        for at in (NOW - timedelta(minutes=90), NOW - timedelta(minutes=57), NOW - timedelta(minutes=10)):
            await store.requests.reserve(key, 900, lambda at=at: at)
        async with connect(fake_api(), store=store, clock=lambda: time[0]) as host:
            first = await host.call("get_account")
            time[0] += timedelta(minutes=1)
            await host.answer("list_sites")
            again = await host.answer("get_account")
            time[0] += timedelta(minutes=3)
            later = await host.answer("get_account")  # the reply of /me is as good as new
            assert [request.url.path for request in host.wire.requests].count("/api/v1/me") == 1
    answer = first.structured_content
    assert answer is not None
    assert (answer["hourly_limit"], answer["requests_left"]) == (900, 897)
    assert answer["hourly_resets_at"] == again["hourly_resets_at"] == "2026-11-23T09:33:00Z"
    assert again["requests_left"] == 896  # what was asked in between
    assert (later["requests_left"], later["hourly_resets_at"]) == (897, "2026-11-23T10:20:00Z")
    assert "hourly_limit: 900\nhourly_resets_at: 2026-11-23T09:33:00Z" in text_of(first)


async def test_without_the_store_the_hour_is_not_known_and_never_told_from_memory(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("a file where a folder should be")
    async with connect(fake_api(), store=open_store(blocked / "state.sqlite")) as host:
        answer = await host.answer("get_account")
    assert (answer["hourly_limit"], answer["hourly_resets_at"]) == (None, None)
    assert any("limit and its reset are not known" in note for note in answer["notes"])


async def test_a_pause_that_tinylytics_asked_for_is_told_beside_what_is_left() -> None:
    store, time = open_store(None), [NOW]
    async with connect(fake_api(), store=store, clock=lambda: time[0]) as host:
        await host.answer("get_account")
        key = ApiKey(FULL_ACCESS_KEY).fingerprint
        await store.requests.refused(key, 90.0, NOW.timestamp(), lambda: NOW, is_outage=False)
        answer = await host.answer("get_account")
    assert any("wants no request for 90 s" in note for note in answer["notes"])
