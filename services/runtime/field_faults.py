"""What Pydantic finds wrong with a field, as faults for the caller: code, place, what was read, remedy."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from services.runtime.errors import FieldError, shortened

_CHOOSE = "dùng một trong các giá trị liệt kê / use one of the values listed"
_BOUND = "xem giới hạn trong tài liệu API / see the bound in the API description"
_DIGITS = "chỉ ghi chữ số / write digits only"

# How to mend a fault, by its code. A field that knows better says so in the context of its own error.
MEND = {
    "missing": "điền trường này / add the field",
    "extra-forbidden": "bỏ trường này hoặc sửa tên / leave the field out or mend its name",
    "repeated": "chỉ gửi một lần / give it once",
    "int-type": "ghi số nguyên, không đặt trong ngoặc kép / an integer without quotation marks",
    "int-parsing": _DIGITS,
    "int-parsing-size": _DIGITS,
    "bool-parsing": "ghi true hoặc false / write true or false",
    "string-type": "đặt giá trị trong ngoặc kép / put the value in quotation marks",
    "model-type": "gửi một đối tượng JSON {…} / send a JSON object {…}",
    "list-type": "gửi một mảng JSON […] / send a JSON array […]",
    "uuid-type": "ghi mã sự kiện trong ngoặc kép / write the event id in quotation marks",
    "uuid-parsing": "chép nguyên mã sự kiện trong biên nhận / copy the event id from the receipt",
    "enum": _CHOOSE,
    "literal-error": _CHOOSE,
    "greater-than-equal": _BOUND,
    "less-than-equal": _BOUND,
    "value-error": "sửa theo mô tả lỗi / mend what the detail names",
    "not-iso-date": "ghi ngày theo dạng năm-tháng-ngày: 2022-05-31 / write the day as 2022-05-31",
    "date-type": "ghi ngày dạng chuỗi 2022-05-31 / write the day as a text, 2022-05-31",
    "invalid-character": "bỏ ký tự U+0000 / leave the character U+0000 out",
    "invisible-character": "xóa ký tự ẩn rồi gõ lại / delete the invisible character and type the text again",
    "space-in-code": "bỏ khoảng trắng trong mã / remove the white space from the code",
    "text-length": "rút gọn hoặc điền nội dung / shorten the text, or fill it in",
    "string-too-long": "rút gọn / shorten the text",
    "string-too-short": "điền nội dung / fill it in",
    "string-pattern-mismatch": "viết theo mẫu trong mô tả / write it in the form of the pattern",
    "too-long": "chia thành nhiều yêu cầu / split it into several requests",
    "too-short": "gửi ít nhất một mục / send at least one item",
}


def field_errors(error: ValidationError) -> list[FieldError]:
    """Pydantic's errors as ours: the code is Pydantic's error type with dashes."""
    return [_field_error(fault) for fault in error.errors(include_url=False)]


def plain_message(fault: Mapping[str, Any]) -> str:
    """The message of one of Pydantic's errors, without the prefix it puts before a ``ValueError``'s."""
    return str(fault["msg"]).removeprefix("Value error, ")


def as_json(value: Any) -> str:
    """A value the way its sender wrote it, shortened: ``true``, ``null``, ``"text"``."""
    return shortened(json.dumps(value, ensure_ascii=False, default=str))


def _field_error(fault: Mapping[str, Any]) -> FieldError:
    code = fault["type"].replace("_", "-")
    return FieldError(
        code=code,
        where=".".join(str(part) for part in fault["loc"]),
        read="" if code == "missing" else as_json(fault["input"]),
        detail=plain_message(fault),
        mend=fault.get("ctx", {}).get("mend") or MEND.get(code, ""),
    )
