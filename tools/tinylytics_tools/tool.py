"""Makes a tool out of an async function and the endpoints it asks: the SDK's own `Tool`, everything else derived."""

import difflib
import functools
import inspect
import re
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Annotated, Any, Union, cast, get_args, get_origin, get_type_hints

from mcp.server.mcpserver import Context
from mcp.server.mcpserver.resolve import build_resolver_plans, find_resolved_parameters
from mcp.server.mcpserver.tools import Tool
from mcp.server.mcpserver.utilities.func_metadata import ArgModelBase, FuncMetadata
from mcp.types import CallToolResult, ToolAnnotations
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, create_model
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import PydanticUndefined

from tinylytics_tools import sanitize
from tinylytics_tools.access import Access
from tinylytics_tools.answer import LARGEST_DEFAULT_HALF, Answer, Halves, Table
from tinylytics_tools.client import CallContext, current_api
from tinylytics_tools.endpoint import Endpoint
from tinylytics_tools.errors import InvalidArgument
from tinylytics_tools.transport.rate_limit import WITHOUT_STORE

WITHOUT_STORE_NOTE = (
    "this server's own store is out of reach: no answers are kept, nothing can be written, and "
    f"{WITHOUT_STORE} requests an hour are sent at most"
)


class ApiTool(Tool):
    """A tool and the endpoints it asks."""

    endpoints: tuple[Endpoint[Any], ...] = Field(default=(), exclude=True)

    @property
    def access(self) -> Access:
        """What a key must be allowed to do: the most that one of the endpoints takes."""
        levels = {endpoint.access for endpoint in self.endpoints}
        return Access.FULL_ACCESS if Access.FULL_ACCESS in levels else Access.READ_ONLY

    @property
    def creates(self) -> str | None:
        """What it creates, by the collection's name; None where it creates nothing."""
        return next((name for name in NO_PAST for e in self.endpoints if e.method == "POST" and name in e.path), None)


def tool(*endpoints: Endpoint[Any], title: str) -> Callable[[Callable[..., Awaitable[Answer]]], ApiTool]:
    """Declare a tool: arguments are the signature, the answer is the return type, the description is the docstring.

    An argument that may be left out is declared `T | None = None`; the model sees plain `T`, not required.
    """

    def declare(function: Callable[..., Awaitable[Answer]]) -> ApiTool:
        call = _answering(function, only_reads=_hints(endpoints).read_only_hint is True)
        resolved = find_resolved_parameters(call)
        arguments = _arguments_model(call, without=resolved)
        # A tool that asks the user nothing does without the SDK's resolving, which takes as long as all else it does.
        direct = next(iter(resolved)) if [marker.fn for marker, _ in resolved.values()] == [current_api] else None
        resolved = {} if direct else resolved
        # Tool.from_function would build each model and schema twice, and most of the start of a server is that.
        return ApiTool(
            fn=call,
            name=function.__name__,
            title=title,
            description=" ".join(inspect.cleandoc(function.__doc__ or "").split()),
            parameters=_schema_of(arguments, _SchemaOfArguments),
            # Without an output model: an answer is of its model already, the SDK need not check it once more.
            fn_metadata=FuncMetadata(
                arg_model=arguments, output_schema=_schema_of_answer(get_type_hints(function)["return"])
            ),
            is_async=True,
            context_kwarg=direct,
            resolved_params=resolved,
            resolver_plans=build_resolver_plans(resolved, set(arguments.model_fields)),
            annotations=_hints(endpoints),
            endpoints=endpoints,
        )

    return declare


def _answering(
    function: Callable[..., Awaitable[Answer]], *, only_reads: bool
) -> Callable[..., Awaitable[CallToolResult]]:
    """Return the function with its answer fitted, its costs added, and turned into a result; a question that only
    reads may be answered as it was a moment ago."""
    hints = get_type_hints(function, include_extras=True)
    answer_type = hints["return"]

    @functools.wraps(function)
    async def call(**arguments: Any) -> CallToolResult:
        half = LARGEST_DEFAULT_HALF if arguments.get("limit") is None else None
        for name, value in arguments.items():
            if isinstance(value, Context):
                arguments[name] = await current_api(cast("Context[Any, Any]", value))
        api = next(value for value in arguments.values() if isinstance(value, CallContext))

        async def make() -> Halves:
            return (await function(**arguments)).fitted(half=half)

        asked = {name: value for name, value in arguments.items() if value is not api}
        halves = await (api.reuse(f"{function.__name__} {asked}", make) if only_reads else make())
        costs = await api.costs()
        notes = [WITHOUT_STORE_NOTE] if api.stats.store_is_lost else []
        if notes or halves.oversize(costs, half):
            notes = [*halves.answer.notes, *notes]
            halves = halves.answer.model_copy(update={**costs, "notes": notes}).fitted(half=half)
        return halves.result(costs)

    parameters = [p.replace(annotation=hints[p.name]) for p in inspect.signature(function).parameters.values()]
    returned = Annotated[CallToolResult, answer_type]
    call.__annotations__ = {**hints, "return": returned}
    cast("Any", call).__signature__ = inspect.Signature(parameters, return_annotation=returned)
    return call


def _hints(endpoints: Sequence[Endpoint[Any]]) -> ToolAnnotations:
    verbs = {endpoint.method for endpoint in endpoints}
    return ToolAnnotations(
        read_only_hint=verbs <= {"GET"},
        destructive_hint="DELETE" in verbs,
        idempotent_hint="POST" not in verbs,
        open_world_hint=True,  # what it reads was written by strangers
    )


def _arguments_model(function: Callable[..., Any], *, without: Collection[str]) -> type[ArgModelBase]:
    """Return the model of a function's arguments: unknown ones are refused, and none has a null arm.

    A null is the same as leaving it out (the server drops nulls first). With the null arm the SDK would read the
    text "null" as nothing at all, and publish an `anyOf`.
    """
    fields: dict[str, Any] = {}
    for parameter in inspect.signature(function).parameters.values():
        if parameter.name not in without:
            default = PydanticUndefined if parameter.default is inspect.Parameter.empty else parameter.default
            field = FieldInfo.from_annotated_attribute(parameter.annotation, default)
            field.annotation = _without_none(field.annotation)
            fields[parameter.name] = (field.annotation, field)
    return create_model(f"{function.__name__}Arguments", __base__=_Arguments, **fields)


class _Arguments(ArgModelBase):
    model_config = ConfigDict(arbitrary_types_allowed=True, extra="forbid", defer_build=True)


class _Schema(GenerateJsonSchema):
    """Writes no titles, and defaults without a serializer for each: one that is JSON already stays as it is."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - pydantic's own signature
        return False

    def encode_default(self, dft: Any) -> Any:
        return dft if dft is None or type(dft) in (str, int, float, bool) else super().encode_default(dft)


class _SchemaOfArguments(_Schema):
    """Writes no null defaults either."""

    def default_schema(self, schema: Any) -> dict[str, Any]:
        found = super().default_schema(schema)
        return found if found.get("default", "") is not None else {k: v for k, v in found.items() if k != "default"}


@functools.cache
def _schema_of(model: type[BaseModel], generator: type[_Schema]) -> dict[str, Any]:
    schema = model.model_json_schema(schema_generator=generator)
    for part in (schema, *schema.get("$defs", {}).values()):
        part.pop("title", None)
    return schema


def _schema_of_answer(answer: type[Answer]) -> dict[str, Any]:
    """Return the schema of an answer from its fields; all answers share a few types, each worked out once.

    Made from the whole model it would be the same, and a quarter of the time that loading all tools takes.
    """
    properties: dict[str, Any] = {}
    for name, field in answer.model_fields.items():
        default = {} if field.default is PydanticUndefined else {"default": field.default}
        properties[name] = {**_schema_of_field(field.annotation), **default}
    schema = {
        "type": "object",
        "description": inspect.cleandoc(answer.__doc__ or ""),
        "properties": properties,
        "required": [name for name, field in answer.model_fields.items() if field.is_required()],
        "additionalProperties": False,
    }
    return {**schema, "$defs": {"Table": _schema_of(Table, _Schema)}} if "$ref" in str(properties) else schema


@functools.cache
def _schema_of_field(annotation: Any) -> dict[str, Any]:
    if annotation is Table:
        return {"$ref": "#/$defs/Table"}
    schema = TypeAdapter(annotation).json_schema(schema_generator=_Schema)
    schema.pop("$defs", None)  # a table, which stands beside the answer's fields
    return schema


def _without_none(annotation: Any) -> Any:
    if get_origin(annotation) not in (Union, type(int | None)):
        return annotation
    arms = [arm for arm in get_args(annotation) if arm is not type(None)]
    return arms[0] if len(arms) == 1 else annotation


def explain(declared: ApiTool, error: ValidationError) -> InvalidArgument:
    """What is wrong with a call's arguments, each with what it takes; values are not repeated. What is impossible comes
    before what is allowed."""
    known, found = list(declared.fn_metadata.arg_model.model_fields), error.errors()
    problems = " ".join(f"{problem(known, one)}." for one in found[:4])
    if declared.creates and any(is_past(one) for one in found):
        return InvalidArgument(f"Nothing was sent: {NO_PAST[declared.creates]} Invalid arguments. {problems}")
    return InvalidArgument(f"Invalid arguments. {problems}")


def problem(known: Sequence[str], found: Any, *, kind: str = "argument") -> str:
    """Return what is wrong with one argument, or one field, of those known."""
    place = sanitize.prose(".".join(str(part) for part in found["loc"]), cap=60)
    if found["type"] == "extra_forbidden":
        near = [] if is_past(found) else difflib.get_close_matches(place.rpartition(".")[2], known, n=1)
        hint = f"the nearest is {near[0]}" if near else f"those are {', '.join(known)}" if known else "there are none"
        return f"{place} is no {kind}; {hint}"
    if found["type"] == "missing":
        return f"{place} is required"
    said = sanitize.prose(str(found["msg"]).removeprefix("Value error, "), cap=250).rstrip(".")
    return f"{place}: {said}"


def is_past(found: Any) -> bool:
    """Return whether a problem is an unknown argument that names a moment, as for a hit of the past."""
    name = re.sub("(?<=[a-z])(?=[A-Z])|-", "_", str(found["loc"][-1])).lower()
    return found["type"] == "extra_forbidden" and _MOMENT.search(name) is not None


_MOMENT = re.compile("(^|_)(at|on|date|time|datetime|timestamp|ts|day|when|created)(_(ms|s|utc))?$")
NO_PAST = {
    "hits": "hits cannot be back-dated, each gets the time of its arrival. Do not send those of another time as if "
    "they were of today: they would count as today's traffic, and hits cannot be removed.",
    "kudos": "kudos cannot be back-dated, each takes the present time. Do not create those of another time as if they "
    "were of today.",
}
"""What cannot be done with a time, and what is not to be done instead (ANSWERS 5)."""
