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

from services.domain.money import MAX_MINOR_UNITS

# Control, format (zero-width, bidirectional), surrogate, private-use and unassigned characters: two
# texts that look the same must be the same.
_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn"}


def _clean(text: str) -> str:
    for character in text:
        if unicodedata.category(character) in _INVISIBLE:
            raise PydanticCustomError(
                "invisible_character",
                "holds the invisible character {character}",
                {"character": f"U+{ord(character):04X}"},
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


Text = Annotated[str, Field(max_length=500), AfterValidator(_clean)]
Code = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(_clean), _short(64)]
Reference = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_clean), _short(200)]
FundSource = Annotated[str, Field(pattern=r"^[a-z][a-z_]*(\.[a-z][a-z_]*)*$", max_length=64)]
ProvinceCode = Annotated[str, Field(pattern="^[0-9]{2}$")]
BudgetYear = Annotated[int, Field(ge=2000, le=2100)]
Amount = Annotated[int, Field(ge=0, le=MAX_MINOR_UNITS), BeforeValidator(_digits), _amount_schema(0)]
AmountAboveZero = Annotated[int, Field(ge=1, le=MAX_MINOR_UNITS), BeforeValidator(_digits), _amount_schema(1)]
Currency = Annotated[str, Field(pattern="^(VND|USD|EUR|JPY)$")]
Day = Annotated[date, BeforeValidator(_iso_date)]
