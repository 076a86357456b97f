"""Reads a JSON body so that every fault in it is told at once, those that span fields included."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from typing import get_args

from pydantic import ValidationError
from pydantic_core import from_json

from services.ingest.intake import StatedFact, faults
from services.ingest.models import DisbursementsIn, PlansIn, StatementsIn
from services.runtime.api import field_errors, invalid
from services.runtime.errors import FieldError

Body = DisbursementsIn | PlansIn | StatementsIn

# How to mend what Pydantic found, by its error type; what is not here says it in its detail.
MEND = {
    "missing": "điền trường này / add the field",
    "extra-forbidden": "bỏ trường này hoặc sửa tên / leave the field out or mend its name",
    "int-type": "số tiền là số nguyên hoặc chuỗi chữ số, không dấu chấm phẩy / "
    "an integer; an amount may be a text of digits: no point, no comma",
    "greater-than-equal": "xem giới hạn trong tài liệu API / see the bound in the API description",
    "less-than-equal": "đơn vị là đồng, không phải triệu đồng / the unit is đồng, not million đồng",
    "enum": "dùng một trong các giá trị liệt kê / use one of the values listed",
    "not-iso-date": "ghi ngày theo dạng năm-tháng-ngày: 2022-05-31 / write the day as 2022-05-31",
    "date-type": "ghi ngày dạng chuỗi 2022-05-31 / write the day as a text, 2022-05-31",
    "invisible-character": "xóa ký tự ẩn rồi gõ lại / delete the invisible character and type the text again",
    "text-length": "rút gọn hoặc điền nội dung / shorten the text, or fill it in",
    "string-too-long": "rút gọn / shorten the text",
    "string-too-short": "điền nội dung / fill it in",
    "string-pattern-mismatch": "viết theo mẫu trong mô tả / write it in the form of the pattern",
    "too-long": "chia thành nhiều yêu cầu / split it into several requests",
    "too-short": "gửi ít nhất một mục / send at least one item",
}


def read(model: type[Body], content: bytes, *, business_date: date) -> Body:
    """The body. Raises ``ProblemError`` with all faults, or ``ValidationError`` where it is no JSON."""
    try:
        return model.model_validate_json(content)
    except ValidationError as error:
        if error.errors(include_input=False)[0]["type"] == "json_invalid":
            raise
        spanning = faults(list(_sound_items(model, content, error)), business_date=business_date)
        raise invalid([*map(_mendable, field_errors(error)), *spanning]) from error


def stated(body: Body) -> list[StatedFact]:
    """Every fact of the body with its path in it."""
    return [
        StatedFact(item.fact(), f"{name}.{number}.")
        for name in type(body).model_fields
        for number, item in enumerate(getattr(body, name))
    ]


def _mendable(error: FieldError) -> FieldError:
    return error.model_copy(update={"mend": MEND.get(error.code, "")})


def _sound_items(model: type[Body], content: bytes, error: ValidationError) -> Iterator[StatedFact]:
    """The items of a faulty body that have no fault of their own."""
    faulty = {fault["loc"][:2] for fault in error.errors(include_input=False)}
    body = from_json(content)
    for name, field in model.model_fields.items():
        items = body.get(name) if isinstance(body, dict) else None
        if not isinstance(items, list) or (name,) in faulty:
            continue
        (item_model,) = get_args(field.annotation)
        for number, item in enumerate(items):
            if (name, number) not in faulty:
                # As JSON again: the strict rules for JSON and for Python objects differ.
                sound = item_model.model_validate_json(json.dumps(item))
                yield StatedFact(sound.fact(), f"{name}.{number}.")
