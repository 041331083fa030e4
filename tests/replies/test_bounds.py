"""A value that cannot be is refused with its place, in whichever field of whichever reply it stands."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import httpx2 as httpx
import pytest
from support.client import NOW, an_hour_later_each_time, connect, text_of
from support.replies import answering, paging
from support.writes import agreeing

pytestmark = pytest.mark.anyio

EXAMPLES: dict[str, Any] = {
    file.stem: json.loads(file.read_text("utf-8"))
    for file in sorted((Path(__file__).parents[1] / "fake_api" / "examples").glob("*.json"))
}
"""The examples of the API document."""

Key = str | int
Place = tuple[Key, ...]

ABSURD: dict[str, Any] = {
    "negative": -1,
    "10**30": 10**30,
    "2**63": 2**63,
    "nan": "NaN",
    "true": True,
    "year 1": "0001-01-01T00:00:00+05:00",
    "first moment": "0001-01-01T00:00:00+14:00",
    "year 9999": "9999-12-31T23:59:59-14:00",
    "day 9999": "9999-12-31",
    "list": [],
}
"""What is put in the place of each value; the list in that of each object."""

HIT, GROUPED, ROOT = "hits", "hits_grouped_by_path", "root"
DOCUMENT = "openapi"
OTHERS: dict[str, Any] = {
    ROOT: {"name": "Tinylytics API", "version": "v1", "endpoints": [{"method": "GET", "path": "/me"}]},
    DOCUMENT: {"openapi": "3.1.0", "info": {"title": "API", "version": "1"}, "paths": {"/me": {"get": {}}}},
}
"""Two replies that the API document gives no example of."""

CALLS: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "me": [("get_account", {})],
    "sites": [("list_sites", {}), ("get_overview", {"period": "all_time"}), ("list_hits", {"period": "all_time"})],
    "site": [("get_site", {"site": "456"})],
    "leaderboard": [("get_leaderboard", {})],
    "user_journeys": [("get_user_journeys", {}), ("summarize_traffic", {"period": "yesterday"})],
    "insights": [("get_insights", {})],
    "uptime": [("get_uptime", {}), ("check_health", {"site": "456"})],
    "content": [("get_content_status", {}), ("check_health", {"site": "456"})],
    "kudos": [("list_kudos", {"period": "yesterday"}), ("get_overview", {"period": "yesterday"})],
    HIT: [
        ("list_hits", {"period": "yesterday", "time_zone": "user"}),
        ("rank_traffic", {"dimension": "device", "period": "yesterday", "compare": "none"}),
        ("summarize_traffic", {"period": "yesterday", "compare": "none"}),
    ],
    GROUPED: [("rank_traffic", {"dimension": "path", "period": "yesterday", "compare": "none"})],
    ROOT: [("get_api_info", {})],
    DOCUMENT: [("get_openapi", {}), ("get_openapi", {"operation": "GET /me"})],
}
"""The tools that read each reply."""

WRITES: dict[str, tuple[str, dict[str, Any]]] = {
    "create_hit": ("create_hit", {"path": "/pricing"}),
    "create_hits": ("create_hits", {"hits": [{"path": "/a"}, {"path": "/b"}, {"path": "/c"}]}),
    "create_kudo": ("create_kudo", {"path": "/pricing", "custom_uid": "pricing-kudo-2"}),
    "delete_kudo": ("delete_kudo", {"uid": "pricing-kudo-1"}),
}


def read() -> dict[str, Any]:
    """The reply of each example of a reading endpoint, its days those that the tests ask about."""
    yesterday = (NOW - timedelta(days=1)).date().isoformat()
    told = {name: EXAMPLES[name]["reply"] for name in EXAMPLES if name in CALLS} | OTHERS
    told[HIT] = {**told[HIT], "hits": [{**told[HIT]["hits"][0], "created_at": f"{yesterday}T14:22:00Z"}]}
    told[HIT]["filters"] = {**told[HIT]["filters"], "end_date": NOW.date().isoformat()}
    return told


def places(value: Any, inside: Place = ()) -> Iterator[Place]:
    """Every place in a reply, its objects and lists among them."""
    if inside:
        yield inside
    if isinstance(value, dict):
        for name, part in cast("dict[str, Any]", value).items():
            yield from places(part, (*inside, name))
    elif isinstance(value, list):
        for index, part in enumerate(cast("list[Any]", value)):
            yield from places(part, (*inside, index))


def at(reply: Any, place: Place) -> Any:
    """What stands at a place."""
    for key in place:
        reply = reply[key]
    return reply


def put(reply: Any, place: Place, value: Any) -> Any:
    """The reply with another value at a place."""
    changed = json.loads(json.dumps(reply))
    at(changed, place[:-1])[place[-1]] = value
    return changed


def service(replies: Callable[[], dict[str, Any]], *, write: str | None = None) -> Any:
    """The whole API in these replies, as they are at each request."""

    def told(name: str) -> Callable[[httpx.Request], Any]:
        return lambda _: httpx.Response(200, json=replies()[name])

    def hits(request: httpx.Request) -> Any:
        if request.method == "POST":
            return httpx.Response(201, json=replies()["create_hit"])
        if request.url.params.get("group_by") not in (None, "path", "referrer"):
            return {"grouped_hits": [], "pagination": paging(0)}
        return replies()[GROUPED] if request.url.params.get("grouped") else replies()[HIT]

    def kudos(request: httpx.Request) -> Any:
        if request.method == "POST":
            return httpx.Response(201, json=replies()["create_kudo"])
        of = request.url.params.get("uid")
        # Found beforehand where it is to be deleted; not there before it is created, nor after.
        return {"kudos": [], "pagination": paging(0)} if of and write == "create_kudo" else replies()["kudos"]

    one = "/sites/456"
    return answering(
        {
            "": told(ROOT),
            "/openapi.json": told(DOCUMENT),
            "/me": told("me"),
            "/sites": told("sites"),
            one: told("site"),
            f"{one}/hits": hits,
            f"{one}/hits/batch": told("create_hits"),
            f"{one}/kudos": kudos,
            f"{one}/kudos/pricing-kudo-1": told("delete_kudo"),
            **{
                f"{one}/{name}": told(name)
                for name in ("leaderboard", "user_journeys", "insights", "uptime", "content")
            },
        }
    )


ALL = read() | {name: EXAMPLES[name]["reply"] for name in WRITES}


def numbers(value: Any, name: str = "") -> Iterator[tuple[str, float]]:
    """Every number of an answer with its name; a table's cell by its column."""
    if isinstance(value, dict):
        node = cast("dict[str, Any]", value)
        if "columns" in node and "rows" in node:
            for row in node["rows"]:
                for column, cell in zip(node["columns"], row, strict=True):
                    yield from numbers(cell, column)
            return
        for key, part in node.items():
            yield from numbers(part, key)
    elif isinstance(value, list):
        for part in cast("list[Any]", value):
            yield from numbers(part, name)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield name, value


def absurd(answer: dict[str, Any]) -> list[tuple[str, float]]:
    """The numbers of an answer that no service can mean; days left and changes may be below zero."""
    signed = ("days_left", "change")
    return [
        (name, number)
        for name, number in numbers(answer)
        if number >= 2**53 or (number < 0 and not any(word in name for word in signed))
    ]


def spoilt_replies(name: str) -> Iterator[tuple[str, Any]]:
    """A reply with one value changed, and which in words: an object becomes the list, others each other value."""
    for place in places(ALL[name]):
        for label, value in ABSURD.items():
            if (label == "list") is isinstance(at(ALL[name], place), dict):
                yield f"{'.'.join(map(str, place))} is {label}", put(ALL[name], place, value)


@pytest.mark.parametrize("name", CALLS)
async def test_no_reply_can_crash_a_tool_or_make_it_tell_an_absurd_figure(name: str) -> None:
    faults: list[str] = []
    refused = 0
    said = dict(ALL)
    async with connect(service(lambda: said), network_clock=an_hour_later_each_time()) as host:
        for where, reply in spoilt_replies(name):
            said[name] = reply
            for tool, arguments in CALLS[name]:
                result = await host.call(tool, **arguments)
                text = text_of(result)
                if "Error executing" in text:
                    faults.append(f"{tool}, {where}: crashed")
                if result.is_error:
                    refused += 1
                    field = where.partition(" ")[0].rpartition(".")[2]
                    if name not in (ROOT, DOCUMENT) and field not in text and "time_zone utc" not in text:
                        faults.append(f"{tool}, {where}: {text}")
                elif found := absurd(result.structured_content or {}):
                    faults.append(f"{tool}, {where}: {found}")
    assert faults == []
    assert refused or name in (ROOT, DOCUMENT)


BOUNDED = [
    (name, place, label)
    for name, place, labels in [
        ("me", ("id",), ("negative", "10**30", "2**63", "nan", "true")),
        ("me", ("created_at",), ("year 1", "first moment", "year 9999")),
        ("me", ("api_key", "last_used_at"), ("year 1", "first moment", "year 9999")),
        ("sites", ("sites", 0, "lifetime_hits"), ("negative", "10**30", "2**63", "nan", "true")),
        ("sites", ("sites", 0, "created_at"), ("negative", "year 1", "first moment", "year 9999")),
        ("site", ("lifetime_kudos",), ("negative", "10**30", "2**63", "nan", "true")),
        ("leaderboard", ("leaderboard", 0, "total_hits"), ("negative", "10**30", "2**63", "nan", "true")),
        ("leaderboard", ("pagination", "total_count"), ("negative", "10**30", "2**63", "nan", "true")),
        ("leaderboard", ("pagination", "per_page"), ("negative", "10**30", "2**63", "nan", "true")),
        ("leaderboard", ("cache_info", "cached_at"), ("year 1", "first moment", "year 9999")),
        ("user_journeys", ("summary", "bounce_rate"), ("negative", "10**30", "2**63", "nan", "true")),
        ("user_journeys", ("user_journeys", 0, "session_duration"), ("negative", "10**30", "nan", "true")),
        ("user_journeys", ("insights", "top_exit_pages", 0, "visitors"), ("negative", "10**30", "true")),
        ("insights", ("insights", 0, "insights_for_date"), ("negative", "year 1", "day 9999")),
        ("insights", ("insights", 0, "signals", 0, "importance_score"), ("negative", "10**30", "nan", "true")),
        ("uptime", ("monitor", "uptime"), ("negative", "10**30", "2**63", "nan", "true")),
        ("uptime", ("monitor", "ssl", "days_until_expiry"), ("10**30", "2**63", "nan", "true")),
        ("uptime", ("downtimes", 0, "duration"), ("negative", "10**30", "2**63", "nan", "true")),
        ("content", ("stats", "broken_links_count"), ("negative", "10**30", "2**63", "nan", "true")),
        ("kudos", ("kudos", 0, "created_at"), ("year 1", "first moment", "year 9999")),
        (HIT, ("pagination", "total_count"), ("negative", "10**30", "2**63", "nan", "true")),
        (GROUPED, ("grouped_hits", 0, "views"), ("negative", "10**30", "2**63", "nan", "true")),
    ]
    for label in labels
]
"""Values that must be refused, whatever else a tool might make of them."""


@pytest.mark.parametrize(("name", "place", "label"), BOUNDED)
async def test_a_value_out_of_bounds_is_refused_with_its_place(name: str, place: Place, label: str) -> None:
    said = ALL | {name: put(ALL[name], place, ABSURD[label])}
    tool, arguments = CALLS[name][0]
    async with connect(service(lambda: said)) as host:
        text = await host.error(tool, **arguments)
    assert "in a form that the API document does not describe" in text
    assert ".".join(map(str, place)) in text


@pytest.mark.parametrize("name", WRITES)
async def test_a_write_whose_answer_cannot_be_is_unknown_or_done_and_never_a_crash(name: str) -> None:
    tool, arguments = WRITES[name]
    faults: list[str] = []
    for where, reply in spoilt_replies(name):
        async with connect(service(lambda reply=reply: ALL | {name: reply}, write=name), elicitation=agreeing) as host:
            result = await host.call(tool, **arguments)
        text = text_of(result)
        if "Error executing" in text:
            faults.append(f"{where}: crashed")
        if not result.is_error and (found := absurd(result.structured_content or {})):
            faults.append(f"{where}: {found}")
        if result.is_error and not any(words in text for words in ("not known", "could not be read")):
            faults.append(f"{where}: {text}")
    assert faults == []


@pytest.mark.parametrize(
    ("name", "place", "label", "words"),
    [
        ("create_hit", ("hit", "id"), "negative", "It is not known whether the hit"),
        ("create_hit", ("hit",), "list", "It is not known whether the hit"),
        ("create_hits", ("results", 0, "index"), "negative", "3 unknown"),
        ("create_hits", ("results", 1, "index"), "10**30", "3 unknown"),
        ("create_hits", ("results", 2, "status"), "true", "3 unknown"),
        ("create_kudo", ("kudo", "created_at"), "first moment", "The answer could not be read at kudo.created_at"),
        ("delete_kudo", ("status",), "negative", "The answer could not be read at status"),
    ],
)
async def test_a_write_whose_answer_is_out_of_bounds_is_told_as_unknown(
    name: str, place: Place, label: str, words: str
) -> None:
    said = ALL | {name: put(ALL[name], place, ABSURD[label])}
    tool, arguments = WRITES[name]
    async with connect(service(lambda: said, write=name), elicitation=agreeing) as host:
        result = await host.call(tool, **arguments)
        sent = [request for request in host.wire.requests if request.method != "GET"]
    assert words in text_of(result)
    assert len(sent) == 1


@pytest.mark.parametrize("days", [-2, -1, 0, 1, 2])
async def test_the_running_day_of_the_account_is_the_one_that_the_service_names(days: int) -> None:
    day = (NOW + timedelta(days=days)).date().isoformat()
    said = ALL | {HIT: put(ALL[HIT], ("filters", "end_date"), day)}
    async with connect(service(lambda: said)) as host:
        answer = await host.answer("list_hits", period="today", time_zone="user")
    assert answer["last_day"] == day


@pytest.mark.parametrize("days", [-3, 3, 400, 60_000])
async def test_a_running_day_far_from_this_machines_clock_is_refused(days: int) -> None:
    day = (NOW + timedelta(days=days)).date().isoformat()
    said = ALL | {HIT: put(ALL[HIT], ("filters", "end_date"), day)}
    async with connect(service(lambda: said)) as host:
        for tool, arguments in (("list_hits", {}), ("get_overview", {}), ("list_kudos", {"period": "this_year"})):
            text = await host.error(tool, time_zone="user", **arguments)
            assert f"today is {day}" in text
            assert "2026-11-23 by the clock of this machine" in text
            assert "time_zone utc" in text


@pytest.mark.parametrize(
    ("tool", "arguments", "name"),
    [
        ("rank_traffic", {"dimension": "path", "period": "yesterday"}, GROUPED),
        ("list_hits", {"referrer": "t.co", "period": "yesterday"}, GROUPED),
        ("summarize_traffic", {"period": "yesterday"}, HIT),
        ("list_kudos", {"period": "yesterday"}, "kudos"),
        ("get_leaderboard", {}, "leaderboard"),
        ("get_insights", {}, "insights"),
        ("get_uptime", {}, "uptime"),
        ("get_user_journeys", {}, "user_journeys"),
    ],
)
async def test_the_largest_count_of_rows_in_the_shortest_pages_takes_few_requests(
    tool: str, arguments: dict[str, Any], name: str
) -> None:
    endless = {**ALL[name]["pagination"], "per_page": 1, "total_count": 2**53 - 1}
    said = ALL | {name: put(ALL[name], ("pagination",), endless)}
    async with connect(service(lambda: said)) as host:
        result = await host.call(tool, **arguments)
        assert len(host.wire.requests) <= 60
    # A sum of hits is what the service says; all others would be of rows that were not read.
    assert result.is_error or name == HIT or (result.structured_content or {})["complete"] is False
    assert "Error executing" not in text_of(result)
