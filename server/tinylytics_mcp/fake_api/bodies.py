"""Reads JSON bodies of writes and the fields in them; what is wrong is a 422 (API document, section 7)."""

import json
from fnmatch import fnmatchcase
from typing import cast

from tinylytics_mcp.fake_api.access import unprocessable
from tinylytics_mcp.fake_api.call import Body
from tinylytics_mcp.fake_api.store import Store


class Problem(Exception):
    """Why one field of one object cannot be stored."""


def json_object(body: bytes) -> Body:
    """The single object that a body must be."""
    value = _json(body)
    if not isinstance(value, dict):
        raise unprocessable("Body must be a single JSON object")
    return cast("Body", value)


def json_array(body: bytes) -> list[object]:
    """The top-level array that a batch must be."""
    value = _json(body)
    if not isinstance(value, list):
        raise unprocessable("Body must be a top-level JSON array")
    return cast("list[object]", value)


def optional_text(fields: Body, name: str) -> str | None:
    """A field that may be missing, null or empty."""
    value = fields.get(name)
    label = name.replace("_", " ").capitalize()
    if value is None:
        return None
    if not isinstance(value, str):
        raise Problem(f"{label} must be a string")
    if "\0" in value or not _is_unicode(value):
        raise Problem(f"{label} contains characters that cannot be stored")
    return value or None


def required_path(fields: Body) -> str:
    """The path, beginning with `/`."""
    path = (optional_text(fields, "path") or "").strip()
    if not path:
        raise Problem("Path can't be blank")
    return path if path.startswith("/") else f"/{path}"


def is_ignored(store: Store, site_id: int, path: str) -> bool:
    """Whether one of the site's ignore rules, such as `/wp-admin*`, matches."""
    rules = store.rows("SELECT pattern FROM ignore_rules WHERE site_id = ?", (site_id,))
    return any(fnmatchcase(path, rule["pattern"]) for rule in rules)


def _json(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise unprocessable("Body must be valid JSON") from error


def _is_unicode(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
