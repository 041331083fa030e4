"""get_openapi lists the operations in small, and unfolds one of them on demand, whatever the document holds."""

from typing import Any

import httpx2 as httpx
import pytest
from support.client import MODES, NOW, Mode, connect, rows_of, text_of
from support.replies import HOSTILE, HTML, answering, assert_safe, spoilt
from tinylytics_mcp.fake_api import FakeApi, Quirk
from tinylytics_mcp.fake_api.openapi import OPERATIONS

pytestmark = pytest.mark.anyio


def document(schema: Any, **schemas: Any) -> Any:
    """A service whose document has one operation that answers with this schema."""
    response = {"description": "Success", "content": {"application/json": {"schema": schema}}}
    described = {"operationId": "thing", "summary": "Show it", "responses": {"200": response}}
    return described_by({"paths": {"/things/{id}": {"get": described}}, "components": {"schemas": schemas}})


def described_by(found: Any) -> Any:
    """A service with this OpenAPI document."""
    return answering({"/openapi.json": found})


async def fields_of(service: Any) -> list[tuple[str, str, bool]]:
    """Name, type and necessity of each field of the one operation."""
    async with connect(service) as host:
        answer = await host.answer("get_openapi", operation="thing")
    return [(row["name"], row["type"], row["required"]) for row in rows_of(answer["fields"])]


@pytest.mark.parametrize("mode", MODES)
async def test_the_list_of_operations_is_small_and_complete(mode: Mode) -> None:
    async with connect(FakeApi(now=lambda: NOW, hits=0), mode=mode) as host:
        result = await host.call("get_openapi")
        assert "authorization" not in host.wire.requests[0].headers
    answer = result.structured_content
    assert answer is not None
    rows = rows_of(answer["operations"])
    assert len(rows) == answer["operations"]["of"] == len(OPERATIONS)
    assert {"method": "GET", "path": "/sites/:id/hits", "summary": "Raw or grouped analytics hits"} in rows
    assert f"The API has {len(OPERATIONS)} operations." in text_of(result)
    assert_safe(result)


@pytest.mark.parametrize(
    "operation", ["GET /sites/{id}/hits", "get /sites/:id/hits", "GET /sites/:site_id/hits/", "hits"]
)
async def test_one_operation_goes_by_route_or_id(operation: str) -> None:
    async with connect(FakeApi(now=lambda: NOW, hits=0)) as host:
        answer = await host.answer("get_openapi", operation=operation)
    assert answer["operation"] == "GET /sites/:id/hits"


async def test_all_fields_of_an_operation_can_be_read_by_going_on() -> None:
    async with connect(FakeApi(now=lambda: NOW, hits=0, quirks=[Quirk.EXTRA_FIELDS])) as host:
        answer = await host.answer("get_openapi", operation="GET /sites/{id}/uptime")
        rows = rows_of(answer["fields"])
        while (offset := answer["fields"]["next_offset"]) is not None:
            answer = await host.answer("get_openapi", operation="GET /sites/{id}/uptime", offset=offset)
            rows += rows_of(answer["fields"])
    assert len(rows) == answer["fields"]["of"] == len({(row["in"], row["name"]) for row in rows})
    types = {row["name"]: row["type"] for row in rows}
    assert types["per_page"] == "integer, at least 1, at most 100, default 100"
    assert types["monitor.ssl.days_until_expiry"] == "integer"
    assert types["downtimes.*.ended_at"].startswith("string or null")
    assert ["404", "Resource not found", "error"] in answer["responses"]["rows"]


async def test_a_request_body_is_unfolded_too() -> None:
    async with connect(FakeApi(now=lambda: NOW, hits=0)) as host:
        answer = await host.answer("get_openapi", operation="POST /sites/{id}/kudos")
    body = {row["name"]: row["required"] for row in rows_of(answer["fields"]) if row["in"] == "body"}
    assert body == {"path": True, "custom_uid": False}


@pytest.mark.parametrize(
    ("operation", "words"),
    [
        ("kudo", "POST /sites/:id/kudos"),
        ("/sites/{id}/hits", "Several operations fit. Name one with its method: GET /sites/:id/hits, POST"),
        ("GET /sites/{id}/uptimes", "Near ones: GET /sites/:id/uptime"),
        ("leaderbord", "Near ones: GET /sites/:id/leaderboard"),
        ("zzzzzz", "Without operation, get_openapi lists them all"),
        ('"<script>`', "No operation"),
    ],
)
async def test_an_operation_that_is_not_clear_is_an_error_that_names_near_ones(operation: str, words: str) -> None:
    async with connect(FakeApi(now=lambda: NOW, hits=0)) as host:
        said = await host.error("get_openapi", operation=operation)
    assert words in said
    assert "script" not in said


async def test_schemas_that_refer_to_themselves_come_to_an_end() -> None:
    node = {"type": "object", "properties": {"name": {"type": "string"}, "next": {"$ref": "#/components/schemas/Node"}}}
    assert await fields_of(document({"$ref": "#/components/schemas/Node"}, Node=node)) == [
        ("name", "string", False),
        ("next", "as further up", False),
    ]
    loop = {"$ref": "#/components/schemas/Loop"}
    assert await fields_of(document(loop, Loop=loop)) == [("none", "anything", True)]


async def test_a_small_document_that_unfolds_without_end_is_cut_and_said_to_be() -> None:
    doubled = {
        f"S{n}": {"properties": {f"p{k}": {"$ref": f"#/components/schemas/S{n + 1}"} for k in range(9)}}
        for n in range(12)
    }
    async with connect(document({"$ref": "#/components/schemas/S0"}, **doubled)) as host:
        answer = await host.answer("get_openapi", operation="thing")
    assert not answer["complete"]
    assert answer["fields"]["of"] == 300


async def test_types_are_told_in_words() -> None:
    schema = {
        "type": "object",
        "required": ["a", "c"],
        "properties": {
            "a": {"type": ["string", "null"], "format": "date"},
            "b": {"enum": ["x", "y", 3], "default": "x"},
            "c": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
            "d": {"type": "array", "items": {"type": "string"}},
            "e": {"type": "array", "items": {"allOf": [{"properties": {"f": {"const": 1}}, "required": ["f"]}]}},
            "g": {"additionalProperties": {"properties": {"h": {"type": "number", "minimum": 0}}}},
            "i": True,
            "j": {"type": "object"},
        },
    }
    assert await fields_of(document(schema)) == [
        ("a", "string or null date", True),
        ("b", "anything, one of x, y, 3, default x", False),
        ("c", "integer or null", True),
        ("d", "list of string", False),
        ("e.*.f", "anything, one of 1", False),
        ("g.*.h", "number, at least 0", False),
        ("i", "anything", False),
        ("j", "object", False),
    ]


@pytest.mark.parametrize(
    "found",
    [
        {},
        [],
        None,
        {"paths": 3},
        {"paths": {"/x": None, "/y": {"get": "no", "parameters": 7}}},
        {"paths": {"/y": {"get": {"parameters": [None, {"$ref": "#/a/b"}], "responses": {"200": 4, "x": 1}}}}},
    ],
)
async def test_a_document_of_any_form_is_read_as_far_as_it_goes(found: Any) -> None:
    async with connect(described_by({"paths": {}} if found is None else found)) as host:
        answer = await host.answer("get_openapi")
        for row in rows_of(answer["operations"]):
            await host.answer("get_openapi", operation=f"{row['method']} {row['path']}")


@pytest.mark.parametrize(("reply", "words"), [(HTML, "TINYLYTICS_BASE_URL"), (httpx.Response(500), "status 500")])
async def test_a_failing_service_is_an_error(reply: httpx.Response, words: str) -> None:
    async with connect(described_by(reply)) as host:
        assert words in await host.error("get_openapi")


@pytest.mark.parametrize("text", HOSTILE)
async def test_no_text_of_the_document_breaks_out(text: str) -> None:
    schema = {"type": "object", "properties": {text: {"type": text, "description": text, "enum": [text]}}}
    described = {
        "operationId": "thing",
        "parameters": [{"name": text, "in": text, "description": text, "schema": {"type": text, "default": text}}],
        "responses": {"200": {"description": text, "content": {text: {"schema": schema}}}, text: {}},
    }
    found = {"paths": {"/things": {"get": described}, f"/{text}": {"post": spoilt(described, text)}}}
    async with connect(described_by(found)) as host:
        for arguments in ({}, {"operation": "GET /things"}, {"operation": "POST"}):
            assert_safe(await host.call("get_openapi", **arguments))


async def test_a_single_operation_or_field_is_one() -> None:
    async with connect(document({"type": "object", "properties": {"id": {"type": "integer"}}})) as host:
        assert (await host.answer("get_openapi"))["headline"] == "The API has 1 operation."
        assert (await host.answer("get_openapi", operation="thing"))["headline"] == "GET /things/:id has 1 field."
