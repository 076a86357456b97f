"""A day and a moment as a caller writes them: ISO 8601 and nothing else, in a body, a form or a query."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, Strict, WithJsonSchema
from pydantic_core import PydanticCustomError


def iso_day(value: Any) -> Any:
    """A text as an ISO 8601 day; Pydantic alone takes "1640995200" and "0" for days too."""
    if not isinstance(value, str):
        return value
    try:
        if re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise PydanticCustomError("not_iso_date", "is no day of the calendar in ISO 8601, such as 2022-05-31")


Day = Annotated[date, Strict(), BeforeValidator(iso_day)]

MOMENT = r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?([Zz]|[+-]\d{2}:\d{2})"


def iso_moment(value: Any) -> Any:
    """A moment says from which meridian it counts: two offices could mean two moments by one text."""
    if isinstance(value, str) and re.fullmatch(MOMENT, value):
        try:
            return datetime.fromisoformat(value.upper())
        except ValueError:
            pass
    raise PydanticCustomError("not_a_moment", "is no moment in ISO 8601 with its offset from UTC")


def utc_moment(value: Any) -> Any:
    """A moment in UTC: an offset that the calendar knows may still be none that PostgreSQL takes."""
    try:
        return iso_moment(value).astimezone(UTC)
    except OverflowError:
        raise PydanticCustomError("not_a_moment", "is no moment of the calendar in UTC") from None


Moment = Annotated[
    datetime, BeforeValidator(iso_moment), WithJsonSchema({"type": "string", "format": "date-time"})
]
UtcMoment = Annotated[
    datetime, BeforeValidator(utc_moment), WithJsonSchema({"type": "string", "format": "date-time"})
]
