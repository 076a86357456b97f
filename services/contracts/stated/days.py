"""A day as a caller writes it: ISO 8601 and nothing else, in a body, a form or a query."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any

from pydantic import BeforeValidator, Strict
from pydantic_core import PydanticCustomError


def _iso_date(value: Any) -> Any:
    """A text as an ISO 8601 day; Pydantic alone takes "1640995200" and "0" for days too."""
    if not isinstance(value, str):
        return value
    try:
        if re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise PydanticCustomError("not_iso_date", "is no day of the calendar in ISO 8601, such as 2022-05-31")


Day = Annotated[date, Strict(), BeforeValidator(_iso_date)]
