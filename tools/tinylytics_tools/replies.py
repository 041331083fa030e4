"""The shapes that the replies of several endpoints share."""

from datetime import UTC, date, datetime
from typing import Annotated, Any, cast

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


Time = Annotated[datetime, AfterValidator(_aware)]
"""A moment that can be compared with others: one without an offset is UTC (field notes 16)."""


class Reply(BaseModel):
    """Something Tinylytics said: read-only; fields that are not declared are ignored (field notes 26)."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class Wrapped(Reply):
    """A reply that older forms of the API put under one key, `{"site": {…}}` (field notes 26)."""

    @model_validator(mode="before")
    @classmethod
    def unwrap(cls, value: Any) -> Any:
        """Take the inner object, and what stands beside it."""
        if isinstance(value, dict):
            outer = cast("dict[str, Any]", value)
            for name in ("user", "site"):
                if isinstance(outer.get(name), dict):
                    return {**outer, **outer[name]}
        return cast("Any", value)


class Pagination(Reply):
    """How much there is; `total_count` counts rows, or groups where they are grouped (field notes 6)."""

    per_page: int = Field(ge=1)
    total_count: int = Field(ge=0)

    @property
    def total_pages(self) -> int:
        """Derived, so that it cannot contradict the count."""
        return -(-self.total_count // self.per_page)


class Dates(Reply):
    """The window that the service used, both days included, in the zone mode that was asked for."""

    start_date: date
    end_date: date


class JsonReply(Reply):
    """Any JSON, of which the API document does not give the form."""

    body: Any

    @model_validator(mode="before")
    @classmethod
    def keep(cls, value: Any) -> Any:
        """Take the whole reply as it is."""
        return {"body": value}
