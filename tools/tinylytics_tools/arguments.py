"""The arguments that several tools take, each declared once: its type, its bounds and its words."""

import re
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from tinylytics_tools.periods import Compare as CompareWith
from tinylytics_tools.periods import Period as NamedPeriod


def _text(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _day(value: Any) -> Any:
    if isinstance(value, date) or (isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value.strip())):
        return value.strip() if isinstance(value, str) else value
    raise ValueError("give a day as YYYY-MM-DD, for example 2026-02-13")  # a bare number would pass for a timestamp


def _country(value: str) -> str:
    code = value.strip().upper()
    if not re.fullmatch(r"[A-Z]{2}", code):
        raise ValueError("give the two-letter country code, for example DE")
    return code


def _path(value: str) -> str:
    path = value.strip()
    if not path:
        raise ValueError("give a path such as /about")
    return path if path.startswith("/") else f"/{path}"


Site = Annotated[
    str | None,
    BeforeValidator(_text),
    Field(description="Site id, uid, domain, URL or label; not needed if there is one site.", max_length=300),
]
Period = Annotated[NamedPeriod | None, Field(description="Default last_30_days; or give start_date and end_date.")]
StartDate = Annotated[date | None, BeforeValidator(_day), Field(description="First day, YYYY-MM-DD.")]
EndDate = Annotated[date | None, BeforeValidator(_day), Field(description="Last day, included.")]
TimeZone = Annotated[
    Literal["utc", "user"] | None, Field(description="Whose days: UTC (default) or the account's time zone.")
]
Compare = Annotated[CompareWith | None, Field(description="Default previous_period.")]
Country = Annotated[str | None, AfterValidator(_country), Field(description="Two-letter code.", max_length=4)]
Path = Annotated[
    str | None, AfterValidator(_path), Field(description="One page, as an answer shows it.", max_length=2000)
]
Referrer = Annotated[str | None, Field(description="Part of the referring URL or host.", min_length=1, max_length=2000)]
Search = Annotated[str | None, Field(description="Keep names that contain this.", min_length=1, max_length=200)]
Limit = Annotated[int | None, Field(description="Rows, at most 50.", ge=1, le=50)]
Offset = Annotated[int | None, Field(description="Rows to pass over, as an answer names it.", ge=0, le=10_000_000)]
