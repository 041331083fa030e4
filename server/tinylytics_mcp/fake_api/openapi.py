"""The OpenAPI document of the API, and the routing table that is read from it."""

import functools
import json
import re
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Literal
from urllib.parse import unquote

from tinylytics_mcp.fake_api.access import Refusal, refused

DOCUMENT: dict[str, Any] = json.loads(files("tinylytics_mcp.fake_api").joinpath("openapi.json").read_text("utf-8"))
"""The only place of routes, access levels and bounds; `servers` is empty, as each request has its own base URL."""


@dataclass(frozen=True)
class Operation:
    """One method on one path; `query` has the schema of each query parameter."""

    name: str
    method: str
    template: str
    summary: str
    access: Literal["public", "read", "full"]
    subscription: bool
    query: dict[str, dict[str, Any]]


def find_operation(method: str, path: str) -> tuple[Operation, dict[str, str]]:
    """Return the operation of a method and path with the values in the path.

    Raises:
        Refusal: 404 for an unknown path; 405 for another method on a known one, 204 for OPTIONS, both with `Allow`.
    """
    found = [(operation, match) for operation in OPERATIONS if (match := _match(operation.template, path))]
    if not found:
        raise refused(404, "Not found")
    for operation, match in found:
        if operation.method == ("GET" if method == "HEAD" else method):
            return operation, {name: unquote(value) for name, value in match.groupdict().items()}
    methods = {operation.method for operation, _ in found} | {"OPTIONS"}
    allow = {"Allow": ", ".join(sorted(methods | {"HEAD"} if "GET" in methods else methods))}
    raise Refusal(204, None, allow) if method == "OPTIONS" else Refusal(405, {"error": "Method not allowed"}, allow)


def _match(template: str, path: str) -> re.Match[str] | None:
    return _pattern(template).fullmatch(path.strip("/"))


@functools.cache
def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(template.strip("/"))))


def _operation(template: str, method: str, described: dict[str, Any]) -> Operation:
    """Return one row of the routing table: a read that may answer 403 is one for subscribers."""
    is_read = method == "get"
    access = ("read" if is_read else "full") if described["security"] else "public"
    return Operation(
        name=described["operationId"],
        method=method.upper(),
        template=template,
        summary=described["summary"],
        access=access,
        subscription=is_read and "403" in described["responses"],
        query={each["name"]: each["schema"] for each in described["parameters"] if each["in"] == "query"},
    )


OPERATIONS = tuple(
    _operation(template, method, described)
    for template, methods in DOCUMENT["paths"].items()
    for method, described in methods.items()
)
