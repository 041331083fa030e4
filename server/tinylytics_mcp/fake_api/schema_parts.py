"""The small pieces that JSON schemas of the API are put together from."""

Schema = dict[str, object]


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def record(fields: dict[str, Schema], *, optional: tuple[str, ...] = ()) -> Schema:
    required = [name for name in fields if name not in optional]
    return {"type": "object", "properties": fields, "required": required}


def items(item: Schema) -> Schema:
    return {"type": "array", "items": item}


def or_null(kind: str, **more: object) -> Schema:
    return {"type": [kind, "null"], **more}


def one(word: str) -> Schema:
    return {"type": "string", "const": word}


TEXT: Schema = {"type": "string"}
COUNT: Schema = {"type": "integer"}
NUMBER: Schema = {"type": "number"}
TRUTH: Schema = {"type": "boolean"}
DATE: Schema = {"type": "string", "format": "date"}
TIME: Schema = {"type": "string", "format": "date-time"}
TEXT_OR_NULL = or_null("string")
TIME_OR_NULL = or_null("string", format="date-time")

DAYS: dict[str, Schema] = {
    "start_date": DATE,
    "end_date": DATE,
    "time_zone": {"type": "string", "enum": ["utc", "user"]},
}
SITE_FIELDS: dict[str, Schema] = {"id": COUNT, "uid": TEXT, "url": TEXT, "label": TEXT}
