"""Replays every example of the API document against the fake API."""

import json
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlencode

import pytest
from support.fake_api import MAIN, NOW, ask, epoch, made
from tinylytics_mcp.fake_api import READ_ONLY_KEY, FakeApi

pytestmark = pytest.mark.anyio

EXAMPLES = {
    file.stem: json.loads(file.read_text("utf-8"))
    for file in sorted((Path(__file__).parent / "examples").glob("*.json"))
}
MAY_BE_NULL = {"referrer", "country", "source", "is_mobile", "browser_name", "platform_name", "browser"}
"""Text in the document's examples that field notes 11 and the examples of created hits show as null."""
FREE = {"payload_excerpt"}
"""An object whose fields depend on the kind of signal."""


def shape_faults(example: object, answer: object, where: str = "$") -> list[str]:
    """Where an answer has other keys or JSON types than the example."""
    if isinstance(example, dict) and isinstance(answer, dict):
        wanted, got = cast("dict[str, object]", example), cast("dict[str, object]", answer)
        if wanted.keys() != got.keys():
            return [f"{where}: {sorted(wanted.keys() ^ got.keys())}"]
        return [
            fault
            for key, value in wanted.items()
            if key not in FREE and not (key in MAY_BE_NULL and got[key] is None)
            for fault in shape_faults(value, got[key], f"{where}.{key}")
        ]
    if isinstance(example, list) and isinstance(answer, list):
        wanted_items, items = cast("list[object]", example), cast("list[object]", answer)
        return [fault for item in items for fault in shape_faults(wanted_items[0], item, where)] if wanted_items else []
    same = example is None or kind(cast("object", example)) == kind(answer)
    return [] if same else [f"{where}: {answer!r} instead of {example!r}"]


def kind(value: object) -> str:
    """The JSON type of a value."""
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__


@pytest.fixture
def fake_api() -> FakeApi:
    """The usual account with the rows that the examples speak of."""
    fake_api = made(hits=3000)
    fake_api.add_kudos(
        456, [{"uid": "pricing-kudo-0", "path": "/pricing"}, {"uid": "pricing-kudo-1", "path": "/pricing"}]
    )
    return fake_api


@pytest.mark.parametrize("name", EXAMPLES)
async def test_an_example_of_the_document_is_answered_in_its_form(fake_api: FakeApi, name: str) -> None:
    example = EXAMPLES[name]
    request = example["request"]
    if name == "create_kudo":
        fake_api.connection.execute("DELETE FROM kudos WHERE uid = 'pricing-kudo-1'")
    query = f"?{urlencode(request['query'])}" if request["query"] else ""
    key = "tly-ro-revoked" if name == "invalid_key" else "tly-fa-fake-api"
    response = await ask(fake_api, request["path"] + query, method=request["method"], key=key, body=request["body"])
    assert response.status_code == example["status"]
    assert response.headers["content-type"] == "application/json"
    if example["exact"]:
        assert response.json() == example["reply"]
    else:
        assert shape_faults(example["reply"], response.json()) == []
        assert all(response.json()[key] for key, value in example["reply"].items() if value)


def test_a_wrong_form_is_noticed() -> None:
    assert shape_faults({"a": 1, "b": [{"c": "x"}]}, {"a": True, "b": [{"c": "x"}, {"c": None}]}) == [
        "$.a: True instead of 1",
        "$.b.c: None instead of 'x'",
    ]
    assert shape_faults({"a": 1}, {"b": 1}) == ["$: ['a', 'b']"]


def without_ids(value: Any) -> Any:
    """The JSON value without what no two databases agree on."""
    if isinstance(value, dict):
        fields = cast("dict[str, object]", value)
        return {k: without_ids(v) for k, v in fields.items() if k not in {"id", "unique_hash", "visitor_hash"}}
    if isinstance(value, list):
        return [without_ids(item) for item in cast("list[object]", value)]
    return value


@pytest.mark.parametrize("name", ["hits", "hits_grouped_by_path", "kudos", "leaderboard", "create_hit", "create_kudo"])
async def test_the_examples_data_give_the_examples_answer(name: str) -> None:
    example = EXAMPLES[name]
    request = example["request"]
    fake_api = made(hits=0, now=NOW.replace(hour=9) if name == "leaderboard" else NOW)
    if name in EXAMPLE_DATA:
        EXAMPLE_DATA[name](fake_api)
    query = f"?{urlencode(request['query'])}" if request["query"] else ""
    response = await ask(fake_api, request["path"] + query, method=request["method"], body=request["body"])
    assert without_ids(response.json()) == without_ids(example["reply"])


def one_hit(fake_api: FakeApi) -> None:
    fake_api.add_hits(
        456,
        [
            {
                "url": "https://example.com/pricing",
                "path": "/pricing",
                "referrer": "https://google.com",
                "country": "US",
                "browser_name": "Safari",
                "platform_name": "macOS",
                "is_mobile": 0,
                "source": "google",
                "created_at": epoch(2026, 2, 13, 14, 22),
            }
        ],
    )


def many_views(fake_api: FakeApi) -> None:
    moment = epoch(2026, 2, 13, 14, 22)
    fake_api.add_hits(456, [{"path": "/pricing", "unique_hash": f"{n % 98}", "created_at": moment} for n in range(142)])


def one_kudo(fake_api: FakeApi) -> None:
    moment = epoch(2026, 2, 10, 8, 15)
    fake_api.add_kudos(456, [{"uid": "pricing-kudo-1", "path": "/pricing", "created_at": moment}])


def an_eighth(fake_api: FakeApi) -> None:
    fake_api.add_hits(456, [{"path": "/blog/hello-world", "unique_hash": f"{n % 320}"} for n in range(540)])
    fake_api.add_hits(456, [{"path": "/"}] * (7 * 540))


def visitors(fake_api: FakeApi) -> None:
    """230 visitors, the newest of them the one in the example."""
    steps = [("/", 0), ("/blog", 5), ("/blog/hello-world", 9), ("/pricing", 12)]
    profile = {"referrer": "https://google.com", "country": "DE", "browser_name": "Firefox"}
    rows = [
        {**profile, "visitor_hash": "v1a2b3", "path": path, "created_at": epoch(2026, 1, 15, 10, minute)}
        for path, minute in steps
    ]
    ways = [*[("/", "/pricing")] * 59, *[("/blog", "/blog/hello-world")] * 30, *[("/other", "/end")] * 5]
    for number, way in enumerate(ways):
        rows += [
            {"visitor_hash": f"multi-{number}", "path": path, "created_at": epoch(2026, 1, 14, 10, minute)}
            for minute, path in enumerate(way)
        ]
    for number, path in enumerate(["/"] * 60 + ["/blog"] * 15 + [f"/other/{n}" for n in range(60)]):
        rows.append({"visitor_hash": f"single-{number}", "path": path, "created_at": epoch(2026, 1, 13)})
    fake_api.add_hits(456, rows)


EXAMPLE_DATA = {
    "hits": one_hit,
    "hits_grouped_by_path": many_views,
    "kudos": one_kudo,
    "leaderboard": an_eighth,
}


async def test_the_examples_visitors_give_the_examples_summary() -> None:
    example = EXAMPLES["user_journeys"]
    fake_api = made(hits=0)
    visitors(fake_api)
    query = urlencode(example["request"]["query"])
    answer = (await ask(fake_api, f"{MAIN}/user_journeys?{query}")).json()
    reply = example["reply"]
    assert answer["user_journeys"][0] == reply["user_journeys"][0]
    for part in ("summary", "pagination", "filters"):
        assert answer[part] == reply[part]
    # The example's exit pages leave out visitors of a single page, who leave where they come in.
    assert answer["insights"]["top_entry_pages"][:2] == reply["insights"]["top_entry_pages"]


async def test_a_read_only_key_may_call_every_get_example(fake_api: FakeApi) -> None:
    for name, example in EXAMPLES.items():
        if example["request"]["method"] == "GET" and example["status"] == 200:
            response = await ask(fake_api, example["request"]["path"], key=READ_ONLY_KEY)
            assert response.status_code == 200, name
    assert ("GET", f"/api/v1{MAIN}/uptime") in fake_api.requests
