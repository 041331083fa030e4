"""Reads an OpenAPI document, whatever it holds, into short guarded lines: operations, parameters and fields."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, cast

from tinylytics_tools import sanitize

VERBS = ("get", "post", "put", "patch", "delete", "head", "options")
ROUTE = re.compile(rf"({'|'.join(VERBS)})\s+(\S+)(?:\s+(.*))?", re.IGNORECASE | re.DOTALL)
"""`GET /sites/:id`, with or without words behind it."""
MOST_FIELDS = 300
"""Of one schema: references can be nested so that a small document unfolds without end."""
DEEPEST = 8

_COMBINED = ("allOf", "oneOf", "anyOf")
_STATUS = re.compile(r"[1-5](?:[0-9]{2}|XX)|default")
_NESTING = ("properties", "items", "additionalProperties", *_COMBINED)


@dataclass(frozen=True)
class Operation:
    """A verb on a path, with its description as the document has it."""

    method: str
    path: str
    described: dict[str, Any]
    shared: list[Any]

    @property
    def route(self) -> str:
        """The path as the API document writes it, `/sites/:id`; guarded."""
        return route(self.path)

    @property
    def summary(self) -> str:
        """What it is for; guarded."""
        said = text(self.described.get("summary")) or text(self.described.get("description"))
        return sanitize.prose(said, cap=100) or sanitize.UNKNOWN

    @property
    def id(self) -> str:
        """The operationId; guarded."""
        return sanitize.source(text(self.described.get("operationId")) or None)


@dataclass(frozen=True)
class Field:
    """A parameter, or one value inside a body, by its dotted name; `*` stands for each item. All guarded."""

    name: str
    type: str
    required: bool
    about: str


def operations(document: Any) -> list[Operation]:
    """All operations, in the order of the document."""
    return [
        Operation(verb.upper(), path, mapping(item[verb]), array(item.get("parameters")))
        for path, value in mapping(mapping(document).get("paths")).items()
        for item in [mapping(value)]
        for verb in item
        if verb in VERBS
    ]


def parameters(document: Any, operation: Operation) -> list[tuple[str, Field]]:
    """Where each parameter goes (`path`, `query`, …) and what it is."""
    found = [resolve(document, one) for one in (*operation.shared, *array(operation.described.get("parameters")))]
    return [
        (
            sanitize.source(text(one.get("in")) or None),
            Field(
                sanitize.path(text(one.get("name"))),
                type_of(document, one.get("schema")),
                one.get("required") is True,
                sanitize.prose(text(one.get("description")), cap=100),
            ),
        )
        for one in found
    ]


def body_schema(document: Any, holder: Any) -> Any:
    """The schema of a request body or a response; the JSON one where there are several."""
    content = mapping(resolve(document, holder).get("content"))
    kind = next((kind for kind in content if "json" in kind), next(iter(content), ""))
    return mapping(content.get(kind)).get("schema")


def responses(operation: Operation) -> Iterator[tuple[str, Any]]:
    """Each status, such as 200, 2XX or default, and what it brings."""
    found = mapping(operation.described.get("responses")).items()
    return ((status, response) for status, response in found if _STATUS.fullmatch(status))


def fields(document: Any, schema: Any) -> list[Field]:
    """Every value inside a schema, at most `MOST_FIELDS`; alternatives one after the other, none of them required."""
    found: dict[str, Field] = {}
    for field in islice(_fields(document, schema, "", required=True, seen=()), MOST_FIELDS):
        found.setdefault(field.name, field)
    return list(found.values())


def _fields(document: Any, schema: Any, name: str, *, required: bool, seen: tuple[str, ...]) -> Iterator[Field]:
    reference = text(mapping(schema).get("$ref"))
    if reference in seen or len(seen) >= DEEPEST:
        why = "as further up" if reference in seen else "nested too deep to show"
        yield Field(sanitize.path(name), why, required, "")
        return
    seen = (*seen, reference or f"{len(seen)}")
    node = resolve(document, schema)
    parts = [(part, key) for key in _COMBINED for part in array(node.get(key)) if _has_fields(document, part)]
    properties, must = mapping(node.get("properties")), array(node.get("required"))
    inner = node.get("items") if "items" in node else node.get("additionalProperties")
    if not (parts or properties or _has_fields(document, inner)):
        about = sanitize.prose(text(node.get("description")), cap=100)
        yield Field(sanitize.path(name), type_of(document, node), required, about)
        return
    for part, key in parts:
        yield from _fields(document, part, name, required=required and key == "allOf", seen=seen)
    for key, value in properties.items():
        if not isinstance(value, dict | bool):
            continue
        dotted = f"{name}.{key}" if name else key
        yield from _fields(document, value, dotted, required=required and key in must, seen=seen)
    if _has_fields(document, inner):
        yield from _fields(document, inner, f"{name}.*" if name else "*", required=required, seen=seen)


def type_of(document: Any, schema: Any) -> str:
    """A type in words: `integer, 1 to 1000, default 100`; guarded."""
    node = resolve(document, schema)
    kinds = [text(kind) for kind in array(node.get("type")) or [node.get("type")]]
    alternatives = [resolve(document, part) for key in _COMBINED for part in array(node.get(key))]
    kinds += [text(part.get("type")) for part in alternatives]
    said = " or ".join(dict.fromkeys(kind for kind in kinds if kind)) or "anything"
    if "items" in node:
        said = f"list of {text(resolve(document, node['items']).get('type')) or 'anything'}"
    if text(node.get("format")):
        said += f" {text(node['format'])}"
    values = array(node.get("enum")) or ([node["const"]] if "const" in node else [])
    if values:
        said += f", one of {', '.join(str(value) for value in values[:12])}"
    for key, words in (("minimum", "at least"), ("maximum", "at most"), ("default", "default")):
        if isinstance(node.get(key), str | int | float):
            said += f", {words} {node[key]}"
    return sanitize.prose(said, cap=120)


def resolve(document: Any, value: Any) -> dict[str, Any]:
    """The object itself, or what its `$ref` leads to inside this document; empty where that is nothing."""
    node = mapping(value)
    for _ in range(DEEPEST):
        reference = text(node.get("$ref"))
        if not reference.startswith("#/"):
            break
        found: Any = document
        for step in reference[2:].split("/"):
            found = mapping(found).get(step.replace("~1", "/").replace("~0", "~"))
        node = mapping(found)
    return node


def route(path: str) -> str:
    """A path with its placeholders as in `/sites/:id`; guarded."""
    return sanitize.path(re.sub(r"\{([^{}]*)\}", r":\1", path))


def mapping(value: Any) -> dict[str, Any]:
    """The value if it is an object, else an empty one."""
    return {str(key): part for key, part in cast("dict[Any, Any]", value).items()} if isinstance(value, dict) else {}


def array(value: Any) -> list[Any]:
    """The value if it is a list, else an empty one."""
    return cast("list[Any]", value) if isinstance(value, list) else []


def text(value: Any) -> str:
    """The value if it is text, else none."""
    return value if isinstance(value, str) else ""


def _has_fields(document: Any, schema: Any) -> bool:
    node = resolve(document, schema)
    return any(node.get(key) for key in _NESTING)
