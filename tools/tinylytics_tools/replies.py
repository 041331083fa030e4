"""The shapes that the replies of several endpoints share, and the bounds of every value in them.

A value out of bounds is refused like any other malformed reply, so that no later step can overflow or show a figure
that cannot be.
"""

import json
from datetime import UTC, date, datetime
from typing import Annotated, Any, cast

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

FIRST_DAY, LAST_DAY = date(1970, 1, 1), date(2199, 12, 31)
"""The days that a reply may name."""
_FIRST_TIME = datetime(1970, 1, 1, tzinfo=UTC)
_AFTER_LAST = datetime(2200, 1, 1, tzinfo=UTC)
_MOST = 2**53 - 1
"""The largest whole number that every JSON reader keeps exact."""


def _number(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("a boolean is not a number")  # noqa: TRY004 - pydantic reports a ValueError by its field
    return value


def _moment(moment: datetime) -> datetime:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    # Compared before it is converted: in the years 1 and 9999 the conversion itself overflows.
    if not _FIRST_TIME <= aware < _AFTER_LAST:
        raise ValueError("the year is not from 1970 to 2199")
    return aware.astimezone(UTC)


_NotBool = BeforeValidator(_number)

Count = Annotated[int, _NotBool, Field(ge=0, le=_MOST)]
"""How many of something."""
Id = Annotated[int, _NotBool, Field(ge=0, le=2**63 - 1)]
"""An identifier that the service gave."""
Time = Annotated[datetime, AfterValidator(_moment)]
"""A moment in UTC; one without an offset is UTC already (field notes 16)."""
Day = Annotated[date, Field(ge=FIRST_DAY, le=LAST_DAY)]
"""A calendar day."""
Percent = Annotated[float, _NotBool, Field(ge=0, le=100)]
"""A share or rate, 0 to 100 (field notes 14)."""
Seconds = Annotated[float, _NotBool, Field(ge=0, le=10**10)]
"""A duration, at most some 300 years."""
DaysLeft = Annotated[float, _NotBool, Field(ge=-(10**6), le=10**6)]
"""Days until something ends, negative once it has ended."""
Score = Annotated[float, _NotBool, Field(ge=0, le=_MOST)]
"""A weight, on a scale that the API document does not give."""
HttpStatus = Annotated[int, _NotBool, Field(ge=0, le=999)]
"""A status code of HTTP; 0 stands for no answer in some services."""


def json_object(text: str | bytes) -> dict[str, Any]:
    """Return the JSON object that a text holds; an empty one where it holds none."""
    try:
        found: Any = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


class Reply(BaseModel):
    """A reply of Tinylytics: read-only; fields that are not declared are ignored (field notes 26)."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False, defer_build=True)


class Wrapped(Reply):
    """A reply that older forms of the API put under one key, `{"site": {…}}` (field notes 26)."""

    @model_validator(mode="before")
    @classmethod
    def unwrap(cls, value: Any) -> Any:
        if isinstance(value, dict):
            outer = cast("dict[str, Any]", value)
            for name in ("user", "site"):
                if isinstance(outer.get(name), dict):
                    return {**outer, **outer[name]}
        return cast("Any", value)


class Pagination(Reply):
    """How much there is; `total_count` counts rows, or groups where they are grouped (field notes 6)."""

    per_page: Annotated[int, _NotBool, Field(ge=1, le=10**6)]
    total_count: Count

    @property
    def total_pages(self) -> int:
        """Derived, so that it cannot contradict the count."""
        return -(-self.total_count // self.per_page)


class Paged(Reply):
    """A reply that is a page of a list."""

    pagination: Pagination


class Dates(Reply):
    """The window that the service used, both days included, in the zone mode of the request."""

    start_date: Day
    end_date: Day


class JsonReply(Reply):
    """Any JSON, of which the API document does not give the form."""

    body: Any

    @model_validator(mode="before")
    @classmethod
    def keep(cls, value: Any) -> Any:
        return {"body": value}
