"""The OpenAPI document of the API, and the routing table that is read from it."""

import json
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Literal
from urllib.parse import unquote

from tinylytics_mcp.fake_api.access import Refusal, refused

DOCUMENT: dict[str, Any] = json.loads(files("tinylytics_mcp.fake_api").joinpath("openapi.json").read_text("utf-8"))
"""The only place of routes, access levels and bounds; `servers` is empty, as each request has its own base URL."""


@dataclass(frozen=True)
class Operation:
    """One method on one path; `per_page` is the largest page size, 0 where there are no pages."""

    name: str
    method: str
    template: str
    summary: str
    access: Literal["public", "read", "full"]
    subscription: bool
    per_page: int
    default_per_page: int


def choices(name: str) -> tuple[str, ...]:
    """Return the values that the document allows for a query parameter of the hits."""
    parameters = DOCUMENT["paths"]["/sites/{id}/hits"]["get"]["parameters"]
    return next(tuple(parameter["schema"]["enum"]) for parameter in parameters if parameter["name"] == name)


def find_operation(method: str, path: str) -> tuple[Operation, dict[str, str]]:
    """Return the operation of a method and path with the values in the path.

    Raises:
        Refusal: 404 for an unknown path; 405 for another method on a known one, 204 for OPTIONS, both with `Allow`.
    """
    segments = path.strip("/").split("/")
    operations = [operation for operation in OPERATIONS if _fits(operation.template, segments)]
    if not operations:
        raise refused(404, "Not found")
    for operation in operations:
        if operation.method == ("GET" if method == "HEAD" else method):
            pairs = zip(operation.template.strip("/").split("/"), segments, strict=True)
            return operation, {name[1:-1]: unquote(value) for name, value in pairs if name.startswith("{")}
    methods = {operation.method for operation in operations} | {"OPTIONS"}
    allow = {"Allow": ", ".join(sorted(methods | {"HEAD"} if "GET" in methods else methods))}
    if method == "OPTIONS":
        raise Refusal(204, None, allow)
    raise Refusal(405, {"error": "Method not allowed"}, allow)


def _fits(template: str, segments: list[str]) -> bool:
    wanted = template.strip("/").split("/")
    return len(wanted) == len(segments) and all(
        name == value or (name.startswith("{") and value) for name, value in zip(wanted, segments, strict=True)
    )


def _operation(template: str, method: str, described: dict[str, Any]) -> Operation:
    """Return one row of the routing table: a read that may answer 403 is one for subscribers."""
    sizes = [parameter["schema"] for parameter in described["parameters"] if parameter["name"] == "per_page"]
    is_read = method == "get"
    access = ("read" if is_read else "full") if described["security"] else "public"
    return Operation(
        name=described["operationId"],
        method=method.upper(),
        template=template,
        summary=described["summary"],
        access=access,
        subscription=is_read and "403" in described["responses"],
        per_page=sizes[0]["maximum"] if sizes else 0,
        default_per_page=sizes[0]["default"] if sizes else 0,
    )


OPERATIONS = tuple(
    _operation(template, method, described)
    for template, methods in DOCUMENT["paths"].items()
    for method, described in methods.items()
)
