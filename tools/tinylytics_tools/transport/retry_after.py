"""Tells when the service refuses for now, and for how long."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx2 as httpx


def asks_to_wait(response: httpx.Response) -> bool:
    """429, or 503 whether or not it names a time."""
    return response.status_code in (429, 503)


def retry_after_s(response: httpx.Response, now: datetime) -> float | None:
    """Seconds that `Retry-After` asks for, as seconds or as an HTTP date; None where there is none or it is neither."""
    text = response.headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,12})?", text):
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
        return max(0.0, ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now).total_seconds())
    except (ValueError, OverflowError):
        return None
