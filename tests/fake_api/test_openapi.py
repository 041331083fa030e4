"""The OpenAPI document: every operation routed, no dangling reference, every reply valid, every bound enforced."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from jsonschema import Draft202012Validator  # pyright: ignore[reportMissingTypeStubs]  (it has none)
from support.fake_api import MAIN, NOW, PHOTOS, YOUNG, ask, made
from tinylytics_mcp.fake_api import FULL_ACCESS_KEY, READ_ONLY_KEY, FakeApi
from tinylytics_mcp.fake_api.openapi import DOCUMENT, OPERATIONS

pytestmark = pytest.mark.anyio

EXAMPLES = [json.loads(file.read_text("utf-8")) for file in sorted((Path(__file__).parent / "examples").glob("*.json"))]


def reply_schema(method: str, path: str, status: int) -> str:
    """Return the name of the schema of a reply."""
    template = (
        re.sub(r"/kudos/.+", "/kudos/{kudo_uid}", re.sub(r"/sites/\d+", "/sites/{id}", path.split("?")[0])) or "/"
    )
    content = DOCUMENT["paths"][template][method.lower()]["responses"][str(status)]["content"]
    return content["application/json"]["schema"]["$ref"].rsplit("/", 1)[-1]


def faults(document: dict[str, Any], name: str, answer: object) -> list[str]:
    """What is wrong with an answer by one of the document's schemas; no field may be missing from the schema."""
    schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
    validator: Any = Draft202012Validator(schema)
    return [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(answer)]


async def test_the_document_holds_all_operations_with_their_path_values() -> None:
    document = (await ask(made(), "/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    listed = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert listed == {(operation.method, operation.template) for operation in OPERATIONS}
    for path, methods in document["paths"].items():
        for operation in methods.values():
            in_path = {parameter["name"] for parameter in operation["parameters"] if parameter["in"] == "path"}
            assert in_path == set(re.findall(r"{(\w+)}", path))
            assert operation["responses"]


async def test_every_reference_leads_somewhere_and_every_schema_is_used() -> None:
    response = await ask(made(), "/openapi.json")
    named = set(re.findall(r'"#/components/schemas/(\w+)"', response.text))
    assert named == set(response.json()["components"]["schemas"])


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/openapi.json",
        "/me",
        "/sites",
        *(
            f"{site}{endpoint}"
            for site in (MAIN, PHOTOS, YOUNG)
            for endpoint in (
                "",
                "/hits",
                "/hits?grouped=true",
                "/hits?grouped=true&group_by=source",
                "/hits?start_date=x",
                "/kudos",
                "/leaderboard",
                "/user_journeys",
                "/insights",
                "/uptime",
                "/content",
            )
        ),
    ],
)
async def test_what_is_read_is_valid_by_the_document(path: str) -> None:
    fake_api = made(hits=3000)
    response = await ask(fake_api, path)
    assert faults(DOCUMENT, reply_schema("GET", path, response.status_code), response.json()) == []


async def test_what_is_written_is_valid_by_the_document() -> None:
    fake_api = made(hits=0)
    for endpoint, body in (
        ("hits", {"path": "/p"}),
        ("hits", {"path": "/wp-admin"}),
        ("hits", {}),
        ("hits/batch", [{"path": "/p"}, {"path": "/wp-admin"}, {}]),
        ("kudos", {"path": "/p"}),
        ("kudos", {"path": "/wp-admin"}),
        ("kudos", {}),
    ):
        response = await ask(fake_api, f"{MAIN}/{endpoint}", method="POST", body=body)
        name = reply_schema("POST", f"{MAIN}/{endpoint}", response.status_code)
        assert faults(DOCUMENT, name, response.json()) == [], (endpoint, body)


async def test_a_kudo_deleted_and_one_not_found_are_valid_by_the_document() -> None:
    fake_api = made()
    for status in (200, 404):
        response = await ask(fake_api, f"{MAIN}/kudos/test-kudo-1", method="DELETE")
        assert response.status_code == status
        assert faults(DOCUMENT, reply_schema("DELETE", f"{MAIN}/kudos/x", status), response.json()) == []


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["request"]["path"])
def test_every_example_of_the_api_document_is_valid_by_it(example: dict[str, Any]) -> None:
    request = example["request"]
    name = reply_schema(request["method"], request["path"], example["status"])
    assert faults(DOCUMENT, name, example["reply"]) == []


async def test_every_operation_is_routed_for_those_who_may_call_it() -> None:
    for operation in OPERATIONS:
        path = operation.template.format(id=456, kudo_uid="test-kudo-1")
        fake_api, unsubscribed = made(), FakeApi(now=lambda: NOW, subscribed=False)
        method = operation.method
        full = (await ask(fake_api, path, method=method, body={"path": "/p"}, key=FULL_ACCESS_KEY)).status_code
        # A batch is no object: it was routed to its handler, which says so.
        assert full in {200, 201, 422 if path.endswith("/batch") else 200}, operation.name
        read = (await ask(made(), path, method=method, body={"path": "/p"}, key=READ_ONLY_KEY)).status_code
        assert (read == 403) is (operation.access == "full"), operation.name
        none = (await ask(made(), path, method=method, key=None)).status_code
        assert (none == 401) is (operation.access != "public"), operation.name
        premium = (await ask(unsubscribed, path, method=method, body={"path": "/p"})).status_code
        assert (premium == 403) is operation.subscription, operation.name


def values_at_the_bounds(parameter: dict[str, Any]) -> Iterator[tuple[str, bool]]:
    """Yield values just inside (True) and just outside (False) what the document states of a query parameter."""
    schema = parameter["schema"]
    yield from ((value, True) for value in schema.get("enum", ()))
    if "enum" in schema:
        yield f"{schema['enum'][-1]}x", False
    for bound, step in (("minimum", -1), ("maximum", 1)):
        if bound in schema:
            yield str(schema[bound]), True
            yield str(schema[bound] + step), False
    if schema["type"] == "integer":
        yield "1.5", False
    if schema["type"] == "boolean":
        yield from (("true", True), ("false", True), ("maybe", False))
    if schema.get("format") == "date":
        yield from (("2026-01-31", True), ("2026-01-32", False), ("20260131", False))


def bounds() -> list[tuple[str, bool]]:
    """Return each query at a bound that the document states, and whether it is inside."""
    return [
        (f"{path.format(id=456)}?{parameter['name']}={quote(value)}", fits)
        for path, methods in DOCUMENT["paths"].items()
        for parameter in methods.get("get", {"parameters": []})["parameters"]
        if parameter["in"] == "query"
        for value, fits in values_at_the_bounds(parameter)
    ]


@pytest.mark.parametrize(("query", "fits"), bounds())
async def test_a_query_is_answered_up_to_the_bounds_that_the_document_states(query: str, *, fits: bool) -> None:
    assert (await ask(made(hits=0), query)).status_code == (200 if fits else 400)


def test_every_paged_or_windowed_parameter_has_a_bound() -> None:
    named = {query.partition("?")[2].partition("=")[0] for query, fits in bounds() if not fits}
    assert named == {"page", "per_page", "group_by", "grouped", "time_zone", "start_date", "end_date"}


async def test_a_range_has_at_most_the_days_that_the_document_states() -> None:
    parameters = DOCUMENT["paths"]["/sites/{id}/hits"]["get"]["parameters"]
    described = next(parameter["description"] for parameter in parameters if parameter["name"] == "end_date")
    days = int(re.findall(r"(\d+) days", described)[0])
    for more, status in ((0, 200), (1, 400)):
        start = (NOW - timedelta(days=days - 1 + more)).date()
        assert (await ask(made(hits=0), f"{MAIN}/hits?start_date={start}")).status_code == status


@pytest.mark.parametrize("endpoint", ["hits", "kudos"])
async def test_a_body_is_stored_up_to_the_bounds_that_the_document_states(endpoint: str) -> None:
    content = DOCUMENT["paths"][f"/sites/{{id}}/{endpoint}"]["post"]["requestBody"]["content"]
    name = content["application/json"]["schema"]["$ref"].rsplit("/", 1)[-1]
    schema = DOCUMENT["components"]["schemas"][name]
    valid = {"path": "/p"}
    bodies: list[object] = [valid, {}, {"path": ""}, {"path": " "}, {"path": "p"}, [valid], "text", None]
    bodies += [{**valid, name: 1} for name in schema["properties"]]
    bodies += [{**valid, name: "XX"} for name in schema["properties"] if name != "path"]
    if "country" in schema["properties"]:
        bodies += [{**valid, "country": country} for country in ("DE", "D", "DEU", "de", "D1")]
    outcomes: set[int] = set()
    for body in bodies:
        response = await ask(made(hits=0), f"{MAIN}/{endpoint}", method="POST", body=body)
        assert response.status_code == (422 if faults(DOCUMENT, name, body) else 201), body
        outcomes.add(response.status_code)
    assert outcomes == {201, 422}


async def test_a_wrong_answer_is_noticed() -> None:
    document = (await ask(made(), "/openapi.json")).json()
    assert faults(document, "Kudo", {"id": "1", "uid": "a", "path": "/"})
