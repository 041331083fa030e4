"""Recording many hits: checked first, a hundred at a time, and told by index."""

import json
from typing import Any

import httpx2 as httpx
import pytest
from inline_snapshot import snapshot
from support.client import MODES, NOW, Mode, connect, network_of, rows_of, text_of
from support.faults import Fault, Faulty, once
from support.writes import WHOLE, add, fake_api, hits, sent, verbs
from tinylytics_mcp.fake_api import FULL_ACCESS_KEY
from tinylytics_tools.access import ApiKey
from tinylytics_tools.transport import open_store

pytestmark = pytest.mark.anyio


def many(count: int) -> list[dict[str, str]]:
    """Rows that differ."""
    return [{"path": f"/{number}"} for number in range(count)]


@pytest.mark.parametrize("mode", MODES)
async def test_the_example_of_the_document_is_created_whole(mode: Mode) -> None:
    service = fake_api()
    site = add(service)
    rows = [
        {"path": "/valid", "country": "PL"},
        {"path": "/from-ip", "ip_address": "8.8.8.8"},
        {"path": "/fallback-xx", "ip_address": "999.999.999.999"},
    ]
    async with connect(service, mode=mode) as host:
        answer = await host.answer("create_hits", site=site, hits=rows)
        assert sent(host.wire.requests) == [rows]
    assert (answer["rows"], answer["created"], answer["not_created"]["rows"]) == (3, 3, [])
    assert answer["complete"] is True


async def test_five_hundred_rows_go_in_hundreds_one_after_the_other() -> None:
    service = fake_api()
    site = add(service)
    async with connect(service) as host:
        answer = await host.answer("create_hits", site=site, hits=many(450))
        assert [len(body) for body in sent(host.wire.requests)] == [100, 100, 100, 100, 50]
    assert answer["created"] == 450
    assert hits(service) == [row["path"] for row in many(450)]


async def test_more_rows_than_may_be_and_none_are_refused() -> None:
    async with connect(fake_api()) as host:
        for rows in ([], many(501)):
            assert (await host.error("create_hits", hits=rows)).startswith("Invalid arguments. hits: ")
        assert host.wire.requests == []


async def test_equal_rows_of_one_call_are_all_meant() -> None:
    service = fake_api()
    site = add(service)
    async with connect(service) as host:
        answer = await host.answer("create_hits", site=site, hits=[{"path": "/same"}] * 250)
    assert answer["created"] == len(hits(service)) == 250


async def test_only_rows_that_were_not_created_are_told_by_their_index() -> None:
    service = fake_api()
    site = add(service)
    rows = many(8)
    for index in (1, 2, 3, 6):
        rows[index] = {"path": "/wp-admin/x"}
    async with connect(service) as host:
        answer = await host.answer("create_hits", site=site, hits=rows)
    assert (answer["created"], answer["ignored"]) == (4, 4)
    assert rows_of(answer["not_created"]) == [
        {"indexes": "1-3, 6", "count": 4, "status": "ignored", "why": "Path matches ignore rule"}
    ]


WRONG: list[Any] = [
    {"path": "/good"},
    {"pth": "/x"},
    {"path": "/x", "contry": "DE"},
    {"path": "/x", "country": "Germany"},
    {"path": "  "},
    "a text",
    {"path": "/x", "visitor_id": 7},
    {"path": "/x\u202e"},
]


async def test_wrong_rows_are_named_by_index_and_field_before_anything_is_sent() -> None:
    service = fake_api()
    site = add(service)
    async with connect(service) as host:
        said = await host.error("create_hits", site=site, hits=WRONG)
        assert verbs(host) == []
    assert said == snapshot(
        "Nothing was sent: 7 of 8 rows are wrong, counted from 0. Row 1: path is required; pth is "
        "no field; the nearest "
        "is path. Row 2: contry is no field; the nearest is country. Row 3: country: give the "
        "two-letter country code, "
        "for example DE, and 4 more. Correct them, or let skip_invalid send the others."
    )


async def test_skip_invalid_sends_the_good_rows_and_tells_the_others() -> None:
    service = fake_api()
    site = add(service)
    async with connect(service) as host:
        answer = await host.answer("create_hits", site=site, hits=WRONG, skip_invalid=True)
        assert sent(host.wire.requests) == [[{"path": "/good"}]]
    assert (answer["created"], answer["invalid"], answer["complete"]) == (1, 7, True)
    assert [(row["indexes"], row["why"]) for row in rows_of(answer["not_created"])] == snapshot(
        [
            ("1", "path is required; pth is no field; the nearest is path"),
            ("2", "contry is no field; the nearest is country"),
            ("3", "country: give the two-letter country code, for example DE"),
            ("4", "path: it is blank"),
            ("5", "give an object with at least a path"),
            ("6", "visitor_id: Input should be a valid string"),
            ("7", "path: it has a character that cannot be seen, U+202E; take it out"),
        ]
    )


async def test_rows_that_are_all_wrong_are_refused_even_where_they_may_be_skipped() -> None:
    service = fake_api()
    site = add(service)
    async with connect(service) as host:
        said = await host.error("create_hits", site=site, hits=WRONG[1:2], skip_invalid=True)
        assert verbs(host) == []
    assert said.startswith("Nothing was sent: 1 of 1 rows are wrong")


async def test_a_lost_answer_leaves_a_hundred_rows_unknown_and_stops_there() -> None:
    service = fake_api()
    site = add(service)
    network = Faulty(network_of(service), once("POST", None, Fault.LOST_ANSWER))
    async with connect(network) as host:
        answer = await host.answer("create_hits", site=site, hits=many(350))
        assert len(verbs(host)) == 2
        again = await host.answer("create_hits", site=site, hits=many(350))
        assert len(verbs(host)) == 2
    assert answer["complete"] is False
    assert (answer["created"], answer["unknown"], answer["not_sent"]) == (100, 100, 150)
    assert [(row["indexes"], row["status"]) for row in rows_of(answer["not_created"])] == [
        ("100-199", "unknown"),
        ("200-349", "not sent"),
    ]
    assert answer["headline"] == snapshot("Recorded 100 of 350 hits on “My Blog”; 100 unknown; 150 not sent.")
    assert (again["repeated"], again["created"], again["unknown"]) == (True, 100, 100)
    whys = [rows_of(one["not_created"])[0]["why"] for one in (answer, again)]
    assert whys == snapshot(["sent once, and the answer was lost", "perhaps sent once, by the same call 0 s ago"])
    assert len(hits(service)) == 200


async def test_a_hundred_that_is_refused_as_a_whole_stops_the_rest_and_says_why() -> None:
    service = fake_api()
    site = add(service)
    async with connect(Faulty(network_of(service), once("POST", None, Fault.NO_CONNECTION))) as host:
        answer = await host.answer("create_hits", site=site, hits=many(250))
        assert (answer["created"], answer["not_sent"], answer["complete"]) == (100, 150, False)
        more = await host.answer("create_hits", site=site, hits=many(250))
    assert (more["created"], more["repeated"]) == (250, True)
    assert hits(service) == [row["path"] for row in many(250)]


@pytest.mark.parametrize("refused", [1, 0])
async def test_a_hundred_that_the_service_refused_is_not_told_as_not_sent_and_the_reason_is_whole(refused: int) -> None:
    service, answers = fake_api(), 0
    site, passing = add(service), network_of(service)

    async def answer(request: httpx.Request) -> httpx.Response:
        nonlocal answers
        answers += request.method == "POST"
        if answers == 2 and refused:
            return httpx.Response(422, json={"error": "Not these. None of them"})
        response = await passing.handle_async_request(request)
        if answers == 1 and not refused:  # its answer is good, and what comes next is kept here
            now = NOW.timestamp()
            await store.requests.refused(key, 600.0, now, lambda: NOW, is_outage=False)
        return response

    key, store = ApiKey(FULL_ACCESS_KEY).fingerprint, open_store(None)
    async with connect(httpx.MockTransport(answer), store=store) as host:
        told = await host.answer("create_hits", site=site, hits=many(250))
    assert (told["created"], told["refused"], told["not_sent"]) == (100, 100 * refused, 150 - 100 * refused)
    first, second = sorted(rows_of(told["not_created"]), key=lambda row: row["indexes"])
    assert (first["indexes"], second["indexes"], second["status"]) == ("100-199", "200-249", "not sent")
    assert ("It said: “Not these. None of them”." if refused else "Ask again in 10 min") in first["why"]


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"status": "error", "errors": "Path is wrong"}, ["0", 1, "refused", "Path is wrong"]),
        ({"status": "error", "errors": ["Path", "Country"]}, ["0", 1, "refused", "Path; Country"]),
        ({"status": "error", "errors": {"path": ["is wrong"]}}, ["0", 1, "refused", "‘path’: – ‘is wrong’"]),
        ({"status": "error", "error": 7}, ["0", 1, "refused", "7"]),
        ({"status": "duplicate", "reason": "Seen"}, ["0", 1, "unknown", "Seen"]),
    ],
)
async def test_whatever_form_one_row_has_the_others_are_not_told_as_unknown(row: dict[str, Any], told: object) -> None:
    service = fake_api()
    site, passing = add(service), network_of(service)

    async def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return await passing.handle_async_request(request)
        return httpx.Response(200, json={"results": [{"index": 0, **row}, {"index": 1, "status": "created"}]})

    async with connect(httpx.MockTransport(answer)) as host:
        result = await host.answer("create_hits", site=site, hits=many(2))
    assert (result["created"], result["not_created"]["rows"]) == (1, [told])


async def test_where_an_answer_has_to_be_shortened_the_rows_of_the_next_call_stay_in_it() -> None:
    service = fake_api()
    site = add(service)
    rows = [{"path": f"/{number}"} if number % 2 else {f"field {number}": "x"} for number in range(500)]
    async with connect(Faulty(network_of(service), once("POST", None, Fault.LOST_ANSWER))) as host:
        answer = await host.answer("create_hits", site=site, hits=rows, skip_invalid=True)
    assert len(answer["not_created"]["rows"]) < answer["not_created"]["of"]
    assert [row["status"] for row in rows_of(answer["not_created"])][:3] == ["unknown", "not sent", "invalid"]


async def test_where_the_first_hundred_never_left_the_call_fails() -> None:
    service = fake_api()
    site = add(service)
    async with connect(Faulty(network_of(service), once("POST", Fault.NO_CONNECTION))) as host:
        assert "Nothing was changed" in await host.error("create_hits", site=site, hits=many(150))


async def test_a_dry_run_shows_the_rows_and_sends_nothing() -> None:
    service = fake_api()
    site = add(service)
    async with connect(service) as host:
        answer = await host.answer("create_hits", site=site, hits=[WHOLE, {"path": "/b"}], dry_run=True)
        assert verbs(host) == []
    table = answer["would_send"]
    assert table["columns"] == ["index", *WHOLE]
    assert (table["of"], table["rows"][1][:3]) == (2, [1, "/b", None])
    assert hits(service) == []


async def test_rows_sent_as_text_are_read_as_rows() -> None:
    service = fake_api()
    site = add(service)
    async with connect(service) as host:
        answer = await host.answer("create_hits", site=site, hits=json.dumps(many(2)))
    assert answer["created"] == 2


async def test_a_null_in_a_row_is_a_field_that_was_left_out() -> None:
    service = fake_api()
    site = add(service)
    async with connect(service) as host:
        await host.answer("create_hits", site=site, hits=[{"path": "/a", "country": None, "url": None}])
        assert sent(host.wire.requests) == [[{"path": "/a"}]]


async def test_a_row_that_the_service_refuses_is_told_with_its_reason() -> None:
    def service(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, json={"sites": [{"id": 1, "created_at": "2026-01-01T00:00:00Z"}]})
        results: list[Any] = [{"index": 0, "status": "created"}, {"index": 1, "status": "error", "error": "Path <bad>"}]
        return httpx.Response(200, json={"created_count": 1, "results": results})

    async with connect(service) as host:
        answer = await host.answer("create_hits", hits=many(3))
    assert (answer["created"], answer["refused"], answer["unknown"], answer["complete"]) == (1, 1, 1, False)
    assert [(row["indexes"], row["why"]) for row in rows_of(answer["not_created"])] == [
        ("2", "the service did not say"),
        ("1", "Path bad"),
    ]


async def test_beside_rows_that_an_earlier_call_stored_none_says_that_nothing_was_changed() -> None:
    service = fake_api()
    faults = once("POST", None, Fault.NO_CONNECTION, Fault.NO_CONNECTION)
    async with connect(Faulty(network_of(service), faults)) as host:
        site = add(service)
        for _ in range(2):
            result = await host.call("create_hits", site=site, hits=many(150))
            assert "Recorded 100 of 150 hits" in text_of(result)
            assert "Nothing was changed" not in text_of(result)
