"""The fields of a hit as they are written, and the rows of a batch checked before anything is sent."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, cast

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from tinylytics_tools import sanitize
from tinylytics_tools.arguments import Country
from tinylytics_tools.writes import validation

MOST_ROWS = 500

HitPath = Annotated[str, AfterValidator(validation.path)]
Url = Annotated[str | None, AfterValidator(validation.url)]
Referrer = Annotated[str | None, AfterValidator(validation.referrer)]
IpAddress = Annotated[str | None, AfterValidator(validation.ip_address)]
UserAgent = Annotated[str | None, AfterValidator(validation.user_agent)]
VisitorId = Annotated[str | None, AfterValidator(validation.visitor_id)]
Source = Annotated[str | None, AfterValidator(validation.source)]


class HitRow(BaseModel):
    """One hit to be written (API document, `POST /sites/:id/hits`)."""

    model_config = ConfigDict(extra="forbid")

    path: HitPath
    url: Url = None
    referrer: Referrer = None
    country: Country = None
    ip_address: IpAddress = None
    user_agent: UserAgent = None
    visitor_id: VisitorId = None
    source: Source = None


FIELDS = list(HitRow.model_fields)

HitRows = Annotated[
    list[Any],
    Field(
        min_length=1,
        max_length=MOST_ROWS,
        json_schema_extra={
            "items": {
                "type": "object",
                "properties": {name: {"type": "string"} for name in FIELDS},
                "required": ["path"],
                "additionalProperties": False,
            }
        },
    ),
]
"""Rows as a model writes them; `check` looks at each by itself, so that a wrong one is named by its index."""


@dataclass(frozen=True)
class GoodRow:
    """A row under its index in the call, as it is sent."""

    index: int
    body: dict[str, str]


@dataclass(frozen=True)
class BadRow:
    """A row that cannot be sent, and why."""

    index: int
    why: str


def check(rows: Sequence[Any]) -> tuple[list[GoodRow], list[BadRow]]:
    """Return the rows that can be sent, and those that cannot. A null is a field that was left out."""
    good: list[GoodRow] = []
    bad: list[BadRow] = []
    for index, row in enumerate(rows):
        if not isinstance(row, dict):
            bad.append(BadRow(index, "give an object with at least a path"))
            continue
        given = {str(name): value for name, value in cast("dict[Any, Any]", row).items() if value is not None}
        try:
            good.append(GoodRow(index, HitRow.model_validate(given).model_dump(exclude_none=True)))
        except ValidationError as error:
            bad.append(BadRow(index, "; ".join(_problem(problem) for problem in error.errors()[:2])))
    return good, bad


def _problem(problem: Any) -> str:
    name = sanitize.prose(str(problem["loc"][0]), cap=40)
    if problem["type"] == "missing":
        return f"{name} is missing"
    if problem["type"] == "extra_forbidden":
        near = difflib.get_close_matches(name, FIELDS, n=1)
        return f"{name} is not a field; " + (f"the nearest is {near[0]}" if near else f"those are {', '.join(FIELDS)}")
    text = sanitize.prose(str(problem["msg"]).removeprefix("Value error, "), cap=150).rstrip(".")
    return f"{name}: {text}"
