"""The behaviours of the live service that the API document does not state, each to be switched on by itself."""

from enum import StrEnum
from typing import cast

UNKNOWN_FIELD = "do-not-leak"


class Quirk(StrEnum):
    """One unverified behaviour (field notes); all are off unless asked for."""

    HTML_FOR_BAD_KEY = "html_for_bad_key"
    """A bad key gets 200 and the HTML of the marketing site (field notes 2)."""
    REDIRECT_FOR_BAD_KEY = "redirect_for_bad_key"
    """A bad key gets 302 to another host (field notes 2)."""
    SERVER_ERROR_FOR_UID = "server_error_for_uid"
    """A site id that is not numeric gets 500 instead of 404 (field notes 1)."""
    UNSORTED = "unsorted"
    """Rows and groups come in a scrambled, reproducible order (field notes 7)."""
    BARE_429 = "bare_429"
    """The hourly limit answers in plain text without `Retry-After` (field notes 20)."""
    NO_SOURCE_GROUPS = "no_source_groups"
    """`group_by=source` gets 400, as before May 2026 (field notes 9)."""
    WRAPPED = "wrapped"
    """`/me` is `{"user": …}` and `/sites/:id` is `{"site": …}` (field notes 26)."""
    EXTRA_FIELDS = "extra_fields"
    """Every object of a reply carries an unknown field, `do-not-leak` (field notes 26)."""


def with_unknown_fields(value: object) -> object:
    """The JSON value with the unknown field in each of its objects."""
    if isinstance(value, dict):
        fields = cast("dict[str, object]", value)
        return {name: with_unknown_fields(field) for name, field in fields.items()} | {UNKNOWN_FIELD: UNKNOWN_FIELD}
    if isinstance(value, list):
        return [with_unknown_fields(item) for item in cast("list[object]", value)]
    return value
