"""The arguments that several tools take, each declared once: its type, its bounds and its description."""

import re
from contextlib import suppress
from datetime import date
from typing import Annotated, Any, Literal, cast

from pydantic import AfterValidator, BeforeValidator, Field

from tinylytics_tools.periods import Compare as CompareWith
from tinylytics_tools.periods import Period as NamedPeriod


def _text(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _day(value: Any) -> Any:
    with suppress(ValueError):
        if isinstance(value, str) and re.fullmatch("[0-9-]{10}", value.strip()):  # a number would pass for a timestamp
            return date.fromisoformat(value.strip())
    raise ValueError("give a day of the calendar as YYYY-MM-DD, for example 2026-02-13")


def _of(least: int, most: int) -> AfterValidator:
    """Return bounds of a text's length that stay out of the schema, to keep it short."""

    def check(value: str) -> str:
        if not least <= len(bare := value.strip()) <= most:
            raise ValueError(f"give {least} to {most} characters")
        return bare

    return AfterValidator(check)


def _number(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("give a whole number")  # noqa: TRY004 - pydantic tells the caller of a ValueError
    return value


def _country(value: str) -> str:
    code = value.strip().upper()
    if not re.fullmatch(r"[A-Z]{2}", code):
        raise ValueError("give the two-letter country code, for example DE")
    return code


def _path(value: str) -> str:
    path = value.strip()
    if re.match(r"[a-z][a-z0-9+.-]*://", path, re.IGNORECASE):
        raise ValueError("give the path alone, such as /about, not a whole address")
    return path if path.startswith("/") else f"/{path}"


MOST_NAMES, LONGEST_NAME = 20, 200
"""Names in one argument, and characters of one of them."""


def several(value: Any) -> Any:
    """Return several names; a text is taken for names apart by commas: as one, "a,b" would be found nowhere."""
    value = "null" if value is None else _text(value)  # the SDK takes that text for a null
    names = value.split(",") if isinstance(value, str) else value
    if not isinstance(names, list):
        return value
    cleaned = [name.strip() if isinstance(name, str) else _text(name) for name in cast("list[Any]", names)]
    cleaned = [name for name in cleaned if name != ""]
    if not 1 <= len(cleaned) <= MOST_NAMES or any(len(str(name)) > LONGEST_NAME for name in cleaned):
        raise ValueError(f"give 1 to {MOST_NAMES} names of at most {LONGEST_NAME} characters, such as /blog,/about")
    return cleaned


Site = Annotated[
    str | None,
    BeforeValidator(_text),
    _of(1, 300),
    Field(description="Id, uid, domain, URL or label; not needed if there is one site."),
]
ALL = "all"
"""The name of all sites of the account, where a tool can answer for them."""


def _site_or_all(value: str) -> str:
    return ALL if value.strip().casefold() == ALL else value


SiteOrAll = Annotated[
    str | None,
    BeforeValidator(_text),
    _of(1, 300),
    AfterValidator(_site_or_all),
    Field(description="Id, uid, domain, URL or label; all: every site."),
]
Period = Annotated[NamedPeriod | None, Field(description="Default last_30_days; or give dates.")]
StartDate = Annotated[date | None, BeforeValidator(_day)]
EndDate = Annotated[date | None, BeforeValidator(_day)]
Day = Annotated[date | None, BeforeValidator(_day), Field(description="One day, instead of a period.")]
TimeZone = Annotated[Literal["utc", "user"] | None, Field(description="Whose days; user: the account's zone.")]
Compare = Annotated[CompareWith | None, Field(description="Default previous_period.")]
Country = Annotated[str | None, AfterValidator(_country), Field(description="Two letters.")]
Path = Annotated[str | None, _of(1, 2000), AfterValidator(_path), Field(description="Exact, such as /about.")]
Referrer = Annotated[str | None, _of(1, 2000), Field(description="Host, or part of the URL.")]
Status = Annotated[int | None, Field(ge=0, le=999, description="HTTP status, such as 404."), BeforeValidator(_number)]
Search = Annotated[list[str] | None, BeforeValidator(several), Field(description="Contains one of these.")]
# The bounds stand next to the type: after a validator pydantic could not publish them as minimum and maximum.
Limit = Annotated[int | None, Field(ge=1, le=50), BeforeValidator(_number)]
LeastViews = Annotated[int | None, Field(ge=0, description="With rate; default 30."), BeforeValidator(_number)]
Offset = Annotated[int | None, Field(ge=0, le=10_000_000), BeforeValidator(_number)]
