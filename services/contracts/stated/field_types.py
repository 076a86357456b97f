"""The fields a sender may state: texts, codes and amounts, each with its own rules.

An amount is an integer or a text of digits and never a float; a text holds no character that cannot be
seen, so that two texts that look the same are the same. Days are in ``services.contracts.stated.days``.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    WrapValidator,
)
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


def _unspaced(text: str) -> str:
    if field_rules.has_space(text):
        raise PydanticCustomError("space_in_code", "the code holds white space")
    return text


_MEND_AMOUNT = {
    "int_type": "số tiền là số nguyên hoặc chuỗi chữ số, không có dấu chấm, dấu phẩy / "
    "an amount is an integer or a text of digits: no point, no comma",
    "greater_than_equal": "không ghi dấu trừ; một bút toán phải lớn hơn 0 / "
    "write no minus sign; a movement is above zero",
    "less_than_equal": "đơn vị là đồng, không phải triệu đồng / the unit is đồng, not million đồng",
}


def _separated(text: str) -> PydanticCustomError | None:
    """A figure with points or commas. Where it depends on who wrote it what it is, both readings are told."""
    if not re.fullmatch("[0-9]+([.,][0-9]+)+", text):
        return None
    vietnamese = _reading(text, group=".", decimal=",")
    english = _reading(text, group=",", decimal=".")
    if vietnamese is None and english is None:
        return None
    is_grouped = re.fullmatch("[0-9]{1,3}([.,][0-9]{3})+([.,][0-9]+)?", text) is not None
    if is_grouped and vietnamese and english:
        return PydanticCustomError(
            "ambiguous_number",
            "the Vietnamese way it is {vietnamese}, the English way {english}",
            {"vietnamese": vietnamese, "english": english},
        )
    only = vietnamese or english or ""
    if only.isdigit():
        return PydanticCustomError("grouped_number", "has grouping marks", {"number": only})
    return PydanticCustomError("fraction_of_minor_unit", "is no whole number of đồng")


def _reading(text: str, *, group: str, decimal: str) -> str | None:
    """What the text is where ``group`` parts thousands; ``None`` where it is no number then."""
    whole, _, fraction = text.partition(decimal)
    grouped = rf"[0-9]{{1,3}}({re.escape(group)}[0-9]{{3}})+|[0-9]+"
    if not re.fullmatch(grouped, whole) or not re.fullmatch("[0-9]*", fraction):
        return None
    return whole.replace(group, "") + (f" + {fraction}/{10 ** len(fraction)}" if fraction else "")


def _amount(value: Any, read: ValidatorFunctionWrapHandler) -> int:
    """An amount as a text of digits or an integer; a refusal says how an amount is written."""
    if isinstance(value, str):
        if re.fullmatch("-?[0-9]{1,18}", value):
            value = int(value)
        elif len(value) <= MAX_CODE and (separated := _separated(value)):
            raise separated
    try:
        number: int = read(value)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        raise PydanticCustomError(
            fault["type"],
            fault["msg"],
            {**fault.get("ctx", {}), "mend": _MEND_AMOUNT.get(fault["type"], "")},
        ) from error
    return number


def _amount_schema(minimum: int) -> WithJsonSchema:
    """What an amount looks like to a sender: without it, the description would not allow digits."""
    return WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": minimum, "maximum": MAX_MINOR_UNITS},
                {"type": "string", "pattern": "^0*[1-9][0-9]{0,15}$" if minimum else "^[0-9]{1,16}$"},
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
Code = Annotated[
    str,
    Field(min_length=1, max_length=MAX_CODE),
    AfterValidator(_clean),
    _short(MAX_CODE),
    AfterValidator(_unspaced),
]
Reference = Annotated[
    str, Field(min_length=1, max_length=MAX_REFERENCE), AfterValidator(_clean), _short(MAX_REFERENCE)
]
Reason = Annotated[str, Field(min_length=1, max_length=MAX_TEXT), AfterValidator(_clean), _short(MAX_TEXT)]
Name = Annotated[str, Field(max_length=MAX_REFERENCE), AfterValidator(_clean)]
Email = Annotated[str, Field(max_length=MAX_REFERENCE, pattern=field_rules.EMAIL), AfterValidator(_clean)]
FundSource = Annotated[str, Field(pattern=field_rules.FUND_SOURCE, max_length=MAX_CODE)]
ProvinceCode = Annotated[str, Field(pattern=field_rules.PROVINCE_CODE)]
BudgetYear = Annotated[int, Field(ge=BUDGET_YEARS.start, le=BUDGET_YEARS.stop - 1)]
Amount = Annotated[int, Field(ge=0, le=MAX_MINOR_UNITS), WrapValidator(_amount), _amount_schema(0)]
AmountAboveZero = Annotated[int, Field(ge=1, le=MAX_MINOR_UNITS), WrapValidator(_amount), _amount_schema(1)]
Currency = Annotated[str, Field(pattern="^(VND|USD|EUR|JPY)$")]
