"""The steps that foreign clients take, taken by the Python client; and what of the answers may differ."""

import json
import re
from typing import Any

from mcp import Client, MCPError
from mcp.client import ClientRequestContext
from mcp.types import (
    ElicitRequestFormParams,
    ElicitRequestParams,
    ElicitResult,
    PromptReference,
    ResourceTemplateReference,
)
from pydantic import BaseModel, TypeAdapter
from support.client import Json
from support.npm import HERE

STEPS: list[dict[str, Any]] = json.loads((HERE / "steps.json").read_text("utf-8"))

_REFERENCE: TypeAdapter[PromptReference | ResourceTemplateReference] = TypeAdapter(
    PromptReference | ResourceTemplateReference
)
_VARIES = {"requests_used", "requests_left", "stored_s", "id", "size", "lastModified"}
"""They tell of the moment, or of what others have done on the same server."""
_VARYING_TEXT = re.compile(r"(?m)^(requests|id): .*$|\d+ s ago")
_OF_THE_ERA = {"_meta", "resultType", "ttlMs", "cacheScope"}
"""Of a result: what only one of the eras has."""


async def done(url: str, *, name: str) -> dict[str, Any]:
    """What the Python client is answered at a URL of Streamable HTTP, with what the user was asked on the way."""
    asked: list[dict[str, Any]] = []
    consent = ElicitResult(action="cancel")

    async def answer(context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:  # noqa: ARG001 - the SDK's
        assert isinstance(params, ElicitRequestFormParams)
        asked.append({"message": params.message, "form": params.requested_schema})
        return consent

    answers: dict[str, Any] = {}
    uid = ""
    async with Client(url, elicitation_callback=answer) as client:
        for step in STEPS:
            if "consent" in step:
                consent = ElicitResult.model_validate(step["consent"])
            filled = json.dumps(step.get("params", {})).replace("$name", name).replace("$uid", uid)
            try:
                result = await _ask(client, step["method"], json.loads(filled))
            except MCPError as error:
                answers[step["as"]] = {"error": {"code": error.error.code, "message": error.error.message}}
            else:
                answers[step["as"]] = result.model_dump(mode="json", by_alias=True, exclude_none=True)
            if step["as"] == "created":
                uid = answers["created"]["structuredContent"]["uid"]
    return {**answers, "asked": asked}


async def _ask(client: Client, method: str, params: dict[str, Any]) -> BaseModel:
    match method:
        case "listTools":
            return await client.list_tools()
        case "listResources":
            return await client.list_resources()
        case "listResourceTemplates":
            return await client.list_resource_templates()
        case "listPrompts":
            return await client.list_prompts()
        case "callTool":
            return await client.call_tool(params["name"], params["arguments"])
        case "readResource":
            return await client.read_resource(params["uri"])
        case "complete":
            return await client.complete(_REFERENCE.validate_python(params["ref"]), params["argument"])
        case _:
            return await client.get_prompt(params["name"], params["arguments"])


def comparable(answers: dict[str, Any], *, name: str) -> dict[str, Any]:
    """By step, answers without what tells of the moment, of the connection and of the protocol's era."""
    created = answers["created"]["structuredContent"]
    text = json.dumps(answers).replace(created["uid"], "UID").replace(created["created_at"], "TIME")
    told = json.loads(text.replace(name, "NAME"))
    steps = {step["as"]: result(told[step["as"]]) for step in STEPS}
    return {**steps, "asked": [(question["message"], question["form"]["properties"]) for question in told["asked"]]}


def result(answer: dict[str, Any]) -> Any:
    """One answer without what tells of the moment and of the protocol's era."""
    return _steady({key: value for key, value in answer.items() if key not in _OF_THE_ERA})


def _steady(value: Json) -> Json:
    if isinstance(value, dict):
        return {key: _steady(member) for key, member in value.items() if key not in _VARIES}
    if isinstance(value, list):
        return [_steady(item) for item in value]
    return _VARYING_TEXT.sub("...", value) if isinstance(value, str) else value
