"""The OpenAPI 3.1 document, derived from the directory of operations."""

from tinylytics_mcp.fake_api.analytics import GROUPS
from tinylytics_mcp.fake_api.call import Body, Call
from tinylytics_mcp.fake_api.operations import OPERATIONS, Operation
from tinylytics_mcp.fake_api.schemas import SCHEMAS, Schema

_DESCRIPTIONS = {
    "id": "Site numeric ID.",
    "kudo_uid": "Kudo UID to delete.",
    "start_date": "Range start (YYYY-MM-DD). Defaults to 30 days ago in the selected timezone mode.",
    "end_date": "Range end (YYYY-MM-DD). Defaults to today in the selected timezone mode.",
    "time_zone": "Date-boundary mode: utc (default) or user (use account timezone).",
    "country": "Filter by exact 2-letter country code.",
    "path": "Filter by path: exact, but a case-insensitive part on the leaderboard.",
    "referrer": "Case-insensitive partial match on referrer.",
    "uid": "Filter by exact kudo UID.",
    "grouped": "Set to true to return grouped/aggregated results.",
    "group_by": "What to group by.",
    "page": "Page number.",
    "per_page": "Page size.",
}
_TYPES: dict[str, Schema] = {
    "id": {"type": "integer"},
    "start_date": {"type": "string", "format": "date"},
    "end_date": {"type": "string", "format": "date"},
    "time_zone": {"type": "string", "enum": ["utc", "user"], "default": "utc"},
    "grouped": {"type": "boolean", "default": False},
    "group_by": {"type": "string", "enum": list(GROUPS)},
    "page": {"type": "integer", "minimum": 1, "default": 1},
}
_ERRORS = {
    400: "Invalid parameter(s)",
    401: "Missing/invalid/revoked API key",
    403: "Premium endpoint requires subscription, write access required, or feature disabled",
    404: "Resource not found",
    422: "Validation or payload format error",
    429: "Rate limit exceeded",
}
_SUCCESSES = {200: "Success", 201: "Resource created", 202: "Accepted but skipped"}


def openapi(call: Call) -> tuple[int, Body]:
    """`GET /openapi.json`."""
    paths: dict[str, Body] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.template, {})[operation.method.lower()] = _described(operation)
    return 200, {
        "openapi": "3.1.0",
        "info": {"title": "Tinylytics API", "version": "v1"},
        "servers": [{"url": call.base_url}],
        "paths": paths,
        "components": {
            "schemas": SCHEMAS,
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


def _described(operation: Operation) -> Body:
    segments = [name for name in ("id", "kudo_uid") if f"{{{name}}}" in operation.template]
    described: Body = {
        "operationId": operation.name,
        "summary": operation.purpose,
        "security": [] if operation.access == "public" else [{"bearer": []}],
        "parameters": [
            *(_parameter(operation, name, "path") for name in segments),
            *(_parameter(operation, name, "query") for name in operation.parameters),
        ],
        "responses": {
            **{str(status): _response(_SUCCESSES[status], name) for status, name in operation.replies.items()},
            **{
                str(status): _response(_ERRORS[status], "ValidationError" if status == 422 else "Error")
                for status in _errors(operation)
            },
        },
    }
    if operation.body:
        described["requestBody"] = {"required": True, "content": _json(operation.body)}
    return described


def _errors(operation: Operation) -> list[int]:
    possible = {
        400: bool(operation.parameters),
        401: operation.access != "public",
        403: operation.access == "full" or operation.subscription,
        404: "{id}" in operation.template,
        422: operation.body is not None,
        429: operation.access != "public",
    }
    return [status for status, can_happen in possible.items() if can_happen]


def _parameter(operation: Operation, name: str, where: str) -> Body:
    schema = _TYPES.get(name, {"type": "string"})
    if name == "per_page":
        schema = {
            "type": "integer",
            "minimum": 1,
            "maximum": operation.per_page,
            "default": operation.default_per_page,
        }
    return {
        "name": name,
        "in": where,
        "required": where == "path",
        "description": _DESCRIPTIONS[name],
        "schema": schema,
    }


def _response(description: str, schema: str) -> Body:
    return {"description": description, "content": _json(schema)}


def _json(schema: str) -> Body:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
