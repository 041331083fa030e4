"""Checks that a published schema is JSON Schema 2020-12 to the letter, and that a value is what it describes."""

import json
from functools import cache
from typing import Any, cast
from urllib.parse import urljoin

from jsonschema import Draft202012Validator, FormatChecker  # pyright: ignore[reportMissingTypeStubs]  (it has none)

_META: Any = Draft202012Validator.META_SCHEMA
_STRICT: dict[str, Any] = {
    "$schema": _META["$schema"],
    "$id": "https://tinylytics.test/strict",
    "$dynamicAnchor": "meta",  # so that the vocabularies hold each schema within the schema against this one
    "allOf": [{"$ref": urljoin(_META["$id"], part["$ref"])} for part in _META["allOf"]],
    "unevaluatedProperties": False,
}
"""The meta-schema without the words that it only tolerates."""


def problems_of_schema(schema: Any) -> list[str]:
    """Return what is wrong with a schema, unknown words among it; empty where nothing is.

    Schemas within it are checked by themselves, since those of many tools are the same: equal ones once.
    """
    whole: Any = schema
    problems: list[str] = []
    for word in ("properties", "$defs"):
        if isinstance(whole, dict) and isinstance(inner := cast("dict[str, Any]", whole).get(word), dict):
            parts = cast("dict[str, Any]", inner)
            problems += [f"{name}: {wrong}" for name, part in parts.items() for wrong in problems_of_schema(part)]
            whole = {**cast("dict[str, Any]", whole), word: dict.fromkeys(parts, True)}
    return problems + _problems_of_schema(json.dumps(whole, sort_keys=True))


@cache
def _problems_of_schema(schema: str) -> list[str]:
    check: Any = Draft202012Validator(_STRICT)
    return [_told(error) for error in check.iter_errors(json.loads(schema))]


def problems_of_value(value: Any, schema: Any) -> list[str]:
    """Where a value is not what a schema describes; dates are held to be dates."""
    validator: Any = Draft202012Validator(schema, format_checker=FormatChecker(formats=("date",)))
    return [_told(error) for error in validator.iter_errors(value)]


def _told(error: Any) -> str:
    return f"{'/'.join(map(str, error.absolute_path)) or 'the whole'}: {error.message[:200]}"
