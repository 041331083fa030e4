"""The OpenAPI document: all operations, no dangling reference, and every reply valid by it."""

import re
from typing import Any

import pytest
from fake_api_client import MAIN, PHOTOS, YOUNG, ask, made
from jsonschema import Draft202012Validator  # pyright: ignore[reportMissingTypeStubs]  (it has none)
from tinylytics_mcp.fake_api.operations import OPERATIONS

pytestmark = pytest.mark.anyio


def faults(document: dict[str, Any], name: str, answer: object) -> list[str]:
    """What is wrong with an answer by one of the document's schemas; no field may be missing from the schema."""
    schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
    validator: Any = Draft202012Validator(schema)
    return [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(answer)]


async def test_the_document_holds_all_sixteen_operations() -> None:
    document = (await ask(made(), "/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    listed = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert listed == {(operation.method, operation.template) for operation in OPERATIONS}
    assert len(listed) == 16
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
    document = (await ask(fake_api, "/openapi.json")).json()
    template = re.sub(r"/sites/\d+", "/sites/{id}", path.split("?")[0]) or "/"
    response = await ask(fake_api, path)
    content = document["paths"][template]["get"]["responses"][str(response.status_code)]["content"]
    name = content["application/json"]["schema"]["$ref"].rsplit("/", 1)[-1]
    assert faults(document, name, response.json()) == []


async def test_what_is_written_is_valid_by_the_document() -> None:
    fake_api = made(hits=0)
    document = (await ask(fake_api, "/openapi.json")).json()
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
        responses = document["paths"][f"/sites/{{id}}/{endpoint}"]["post"]["responses"]
        name = responses[str(response.status_code)]["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[-1]
        assert faults(document, name, response.json()) == [], (endpoint, body)


async def test_a_wrong_answer_is_noticed() -> None:
    document = (await ask(made(), "/openapi.json")).json()
    assert faults(document, "Kudo", {"id": "1", "uid": "a", "path": "/"})
