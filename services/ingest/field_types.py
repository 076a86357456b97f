"""The fields a sender may state: texts, codes, amounts and days, each with its own rules.

An amount is an integer or a text of digits and never a float; a day is ISO 8601; a text holds no
character that cannot be seen, so that two texts that look the same are the same.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from services.domain import field_rules
from services.domain.field_rules import BUDGET_YEARS, MAX_CODE, MAX_REFERENCE, MAX_TEXT
from services.domain.money import MAX_MINOR_UNITS


def _clean(text: str) -> str:
    if hidden := field_rules.invisible_character(text):
        raise PydanticCustomError(
            "invisible_character", "holds the invisible character {character}", {"character": hidden}
        )
    return unicodedata.normalize("NFC", text).strip()


def _digits(value: Any) -> Any:
    """An amount as a text of digits or an integer; every other spelling is left to be refused."""
    if isinstance(value, str) and re.fullmatch("-?[0-9]{1,18}", value):
        return int(value)
    return value


def _iso_date(value: Any) -> Any:
    """A text as an ISO 8601 day and nothing else; Pydantic alone takes "1640995200" for a day too."""
    if not isinstance(value, str):
        return value
    try:
        if re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise PydanticCustomError("not_iso_date", "is no day of the calendar in ISO 8601, such as 2022-05-31")


def _amount_schema(minimum: int) -> WithJsonSchema:
    """What an amount looks like to a sender: without it, the description would not allow digits."""
    return WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": minimum, "maximum": MAX_MINOR_UNITS},
                {"type": "string", "pattern": "^[0-9]{0,14}[1-9]$" if minimum else "^[0-9]{1,15}$"},
            ]
        }
    )


def _short(length: int) -> AfterValidator:
    def check(text: str) -> str:
        if not 1 <= len(text) <= length:
            raise PydanticCustomError(
                "text_length", "is empty or longer than {length} characters", {"length": length}
            )
        return text

    return AfterValidator(check)


Text = Annotated[str, Field(max_length=MAX_TEXT), AfterValidator(_clean)]
Code = Annotated[str, Field(min_length=1, max_length=MAX_CODE), AfterValidator(_clean), _short(MAX_CODE)]
Reference = Annotated[
    str, Field(min_length=1, max_length=MAX_REFERENCE), AfterValidator(_clean), _short(MAX_REFERENCE)
]
FundSource = Annotated[str, Field(pattern=field_rules.FUND_SOURCE, max_length=MAX_CODE)]
ProvinceCode = Annotated[str, Field(pattern=field_rules.PROVINCE_CODE)]
BudgetYear = Annotated[int, Field(ge=BUDGET_YEARS.start, le=BUDGET_YEARS.stop - 1)]
Amount = Annotated[int, Field(ge=0, le=MAX_MINOR_UNITS), BeforeValidator(_digits), _amount_schema(0)]
AmountAboveZero = Annotated[int, Field(ge=1, le=MAX_MINOR_UNITS), BeforeValidator(_digits), _amount_schema(1)]
Currency = Annotated[str, Field(pattern="^(VND|USD|EUR|JPY)$")]
Day = Annotated[date, BeforeValidator(_iso_date)]
