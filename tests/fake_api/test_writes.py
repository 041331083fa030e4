"""Creating hits: fields, countries, sources, hashes, ignore rules, errors and batches."""

from datetime import timedelta
from typing import Any

import pytest
from support.fake_api import MAIN, NOW, PHOTOS, ask, made
from tinylytics_mcp.fake_api import FakeApi

pytestmark = pytest.mark.anyio

PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1 Version/18.0 Mobile/15E1 Safari/604.1"
DESK = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36"


async def created(fake_api: FakeApi, **fields: object) -> dict[str, Any]:
    response = await ask(fake_api, f"{MAIN}/hits", method="POST", body={"path": "/p", **fields})
    assert response.status_code == 201
    return response.json()["hit"]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"path": "pricing"}, {"path": "/pricing", "url": "https://example.com/pricing"}),
        ({"path": " /padded "}, {"path": "/padded"}),
        ({"url": "https://example.com/p?x=1"}, {"url": "https://example.com/p?x=1", "source": None}),
        ({"url": "https://example.com/p?ref=newsletter"}, {"source": "newsletter"}),
        ({"url": "https://example.com/p?utm_source=mastodon"}, {"source": "mastodon"}),
        ({"url": "https://example.com/p?ref=a", "source": "b"}, {"source": "b"}),
        ({"url": "https://[broken?ref=a"}, {"source": None}),
        ({"country": "PL", "ip_address": "8.8.8.8"}, {"country": "PL"}),
        ({"ip_address": "2001:4860:4860::8888"}, {"country": "US"}),
        ({"ip_address": "not an address"}, {"country": "XX"}),
        ({"ip_address": "203.0.113.9"}, {"country": "XX"}),
        ({}, {"country": "XX", "browser_name": None, "platform_name": None, "is_mobile": False, "referrer": None}),
        ({"referrer": None, "unknown": 1}, {"referrer": None}),
        ({"user_agent": PHONE}, {"browser_name": "Safari", "platform_name": "iOS", "is_mobile": True}),
        ({"user_agent": DESK}, {"browser_name": "Chrome", "platform_name": "Windows", "is_mobile": False}),
        ({"user_agent": "FeedBot/1.0 (+x)"}, {"browser_name": "FeedBot", "platform_name": None, "is_mobile": False}),
    ],
)
async def test_a_hit_is_stored_as_the_document_says(fields: dict[str, object], expected: dict[str, object]) -> None:
    fake_api = made(hits=0)
    hit = await created(fake_api, **fields)
    assert {name: hit[name] for name in expected} == expected
    listed = (await ask(fake_api, f"{MAIN}/hits")).json()["hits"]
    assert listed == [{name: value for name, value in hit.items() if not name.endswith("_hash")}]


async def test_a_visitor_is_the_same_for_half_a_day_and_on_one_site() -> None:
    clock = [NOW]
    fake_api = FakeApi(now=lambda: clock[0], hits=0)
    first, other_page = await created(fake_api, visitor_id="v"), await created(fake_api, visitor_id="v", path="/q")
    assert first["visitor_hash"] == other_page["visitor_hash"]
    assert first["unique_hash"] != other_page["unique_hash"]
    assert (await created(fake_api, visitor_id="v"))["unique_hash"] == first["unique_hash"]
    assert (await created(fake_api, visitor_id="w"))["visitor_hash"] != first["visitor_hash"]
    clock[0] += timedelta(hours=2)
    assert (await created(fake_api, visitor_id="v"))["visitor_hash"] != first["visitor_hash"]


async def test_a_site_without_unique_tracking_stores_no_hashes() -> None:
    response = await ask(made(), f"{PHOTOS}/hits", method="POST", body={"path": "/p", "visitor_id": "v"})
    assert (response.json()["hit"]["unique_hash"], response.json()["hit"]["visitor_hash"]) == (None, None)


@pytest.mark.parametrize(
    ("body", "part"),
    [
        ({"path": "  "}, "Path can't be blank"),
        ({}, "Path can't be blank"),
        ({"path": None}, "Path can't be blank"),
        ({"path": 5}, "Path must be a string"),
        ({"path": "/p", "country": "us"}, "Country"),
        ({"path": "/p", "country": "USA"}, "Country"),
        ({"path": "/p", "country": "US\n"}, "Country"),
        ({"path": "/p", "user_agent": ["x"]}, "User agent"),
        ({"path": "/p", "visitor_id": 7}, "Visitor"),
        ([{"path": "/p"}], "object"),
        ("text", "object"),
        (b"{", "JSON"),
        (b"", "JSON"),
        (b"\xff", "JSON"),
        (b"[" * 100_000, "JSON"),
        (b'{"path": "/\\ud800"}', "Path"),
        (b'{"path": "/\\u0000"}', "Path"),
    ],
)
async def test_a_wrong_hit_is_422_and_not_stored(body: object, part: str) -> None:
    fake_api = made(hits=0)
    response = await ask(fake_api, f"{MAIN}/hits", method="POST", body=body)
    assert (response.status_code, response.json()["status"]) == (422, "error")
    assert part in response.json()["errors"][0]
    assert fake_api.connection.execute("SELECT COUNT(*) FROM hits").fetchone()[0] == 0


@pytest.mark.parametrize("path", ["/wp-admin", "/wp-admin/x.php", "wp-admin", "/preview/1"])
async def test_an_ignored_hit_is_202_and_not_stored(path: str) -> None:
    fake_api = made(hits=0)
    response = await ask(fake_api, f"{MAIN}/hits", method="POST", body={"path": path})
    assert response.status_code == 202
    assert response.json() == {"status": "ignored", "reason": "Path matches ignore rule"}
    assert fake_api.connection.execute("SELECT COUNT(*) FROM hits").fetchone()[0] == 0


async def test_one_bad_row_does_not_fail_a_batch() -> None:
    fake_api = made(hits=0)
    rows = [{"path": "/a"}, {"path": "/wp-admin"}, {"path": ""}, {"path": "/b", "country": "x"}, 7, {"path": "c"}]
    response = await ask(fake_api, f"{MAIN}/hits/batch", method="POST", body=rows)
    assert response.status_code == 200
    assert response.json() == {
        "created_count": 2,
        "ignored_count": 1,
        "error_count": 3,
        "results": [
            {"index": 0, "status": "created"},
            {"index": 1, "status": "ignored", "reason": "Path matches ignore rule"},
            {"index": 2, "status": "error", "errors": ["Path can't be blank"]},
            {"index": 3, "status": "error", "errors": ["Country must be a 2-letter uppercase country code"]},
            {"index": 4, "status": "error", "errors": ["Row must be a JSON object"]},
            {"index": 5, "status": "created"},
        ],
    }
    stored = fake_api.connection.execute("SELECT path FROM hits ORDER BY id").fetchall()
    assert [row["path"] for row in stored] == ["/a", "/c"]


@pytest.mark.parametrize("body", [{"path": "/p"}, b"nonsense", "text", None])
async def test_a_batch_that_is_no_array_is_422(body: object) -> None:
    response = await ask(made(hits=0), f"{MAIN}/hits/batch", method="POST", body=body)
    assert (response.status_code, response.json()["status"]) == (422, "error")


async def test_an_empty_batch_stores_nothing() -> None:
    reply = (await ask(made(hits=0), f"{MAIN}/hits/batch", method="POST", body=[])).json()
    assert reply == {"created_count": 0, "ignored_count": 0, "error_count": 0, "results": []}


async def test_a_write_to_an_unknown_site_is_404() -> None:
    assert (await ask(made(), "/sites/9/hits", method="POST", body={"path": "/p"})).status_code == 404
