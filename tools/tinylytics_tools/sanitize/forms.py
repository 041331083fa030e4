"""Shows values that have one fixed form: countries, hashes and times."""

import re
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

from tinylytics_tools.sanitize.values import UNKNOWN_NAME

UNKNOWN: Final = UNKNOWN_NAME
"""What is missing, or not in its form."""

_COUNTRY: Final = re.compile(r"[A-Z]{2}")
_HEX: Final = re.compile(r"[0-9A-Fa-f]{1,64}")
_HEX_OF_OTHERS: Final = 12


def country(value: str | None) -> str:
    """A country's code of two capitals (`XX` is the API's own word for one it could not find)."""
    return value if value and _COUNTRY.fullmatch(value) else UNKNOWN


def hex_hash(value: str | None) -> str:
    """A visitor's or a hit's hash; what is not hex becomes twelve hex digits of its SHA-256, so that two stay two."""
    if not value or value == UNKNOWN:
        return UNKNOWN
    return (
        value if _HEX.fullmatch(value) else sha256(value.encode("utf-8", "surrogatepass")).hexdigest()[:_HEX_OF_OTHERS]
    )


def time(value: str | datetime | None) -> str:
    """A moment as `2026-02-14T10:00:00Z`; without an offset it is UTC, as the API's times are (field notes 16)."""
    if value is None:
        return UNKNOWN
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return aware.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"
    except (ValueError, OverflowError):
        return UNKNOWN
