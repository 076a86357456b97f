"""What is wrong with a field, as a fault for the caller: code, place, what was read, why, remedy.

One table words them all, in Vietnamese first: what Pydantic finds in a JSON body, a question, a form or the
row of a file, and what no model can find. The bounds and choices come from the error's own context.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from services.domain import field_rules
from services.runtime.errors import FieldError, shortened
from services.runtime.wording import Wording

_CHOICE = Wording(
    "không phải là một trong: {choices}",
    "is not one of: {choices}",
    "dùng một trong: {choices}",
    "use one of: {choices}",
)
_NOT_DIGITS = Wording("không phải là số nguyên", "is no integer", "chỉ ghi chữ số", "write digits only")
# Every fault of one field, by its code.
FAULTS = {
    "missing": Wording("thiếu trường này", "the field is missing", "điền trường này", "add the field"),
    "extra-forbidden": Wording(
        "không có trường này",
        "there is no such field",
        "bỏ trường này hoặc sửa tên",
        "leave the field out or mend its name",
    ),
    "repeated": Wording("gửi hai lần", "given twice", "chỉ gửi một lần", "give it once"),
    "int-type": Wording(
        "không phải là số nguyên",
        "is no integer",
        "ghi số nguyên, không đặt trong ngoặc kép",
        "an integer without quotation marks",
    ),
    "int-parsing": _NOT_DIGITS,
    "int-parsing-size": Wording(
        "số quá dài", "the number is too long", "chỉ ghi chữ số", "write digits only"
    ),
    "bool-parsing": Wording(
        "không phải true hoặc false",
        "is neither true nor false",
        "ghi true hoặc false",
        "write true or false",
    ),
    "string-type": Wording(
        "không phải là chuỗi ký tự",
        "is no text",
        "đặt giá trị trong ngoặc kép",
        "put the value in quotation marks",
    ),
    "model-type": Wording(
        "không phải là đối tượng JSON",
        "is no JSON object",
        "gửi một đối tượng JSON {{…}}",
        "send a JSON object {{…}}",
    ),
    "list-type": Wording(
        "không phải là mảng JSON", "is no JSON array", "gửi một mảng JSON […]", "send a JSON array […]"
    ),
    "uuid-type": Wording(
        "mã sự kiện không phải là chuỗi ký tự",
        "the event id is no text",
        "ghi mã sự kiện trong ngoặc kép",
        "write the event id in quotation marks",
    ),
    "uuid-parsing": Wording(
        "không phải là mã sự kiện (UUID)",
        "is no event id (UUID)",
        "chép nguyên mã sự kiện trong biên nhận",
        "copy the event id from the receipt",
    ),
    "enum": _CHOICE,
    "literal-error": _CHOICE,
    "greater-than-equal": Wording(
        "nhỏ hơn {ge}", "is below {ge}", "ghi số từ {ge} trở lên", "write a number of {ge} or more"
    ),
    "less-than-equal": Wording(
        "lớn hơn {le}", "is above {le}", "ghi số không quá {le}", "write a number of {le} or less"
    ),
    "value-error": Wording("{error_vi}", "{error_en}", "sửa theo mô tả lỗi", "mend what the detail names"),
    "not-iso-date": Wording(
        "không phải là ngày có thật dạng năm-tháng-ngày (ISO 8601)",
        "is no day of the calendar in ISO 8601",
        "ghi ngày theo dạng năm-tháng-ngày: 2022-05-31",
        "write the day as 2022-05-31",
    ),
    "date-type": Wording(
        "ngày không phải là chuỗi ký tự",
        "the day is no text",
        "ghi ngày dạng chuỗi 2022-05-31",
        "write the day as a text, 2022-05-31",
    ),
    "not-a-moment": Wording(
        "không phải thời điểm ISO 8601 có múi giờ",
        "is no moment in ISO 8601 with its offset from UTC",
        "ghi 2022-05-31T08:00:00Z, hoặc kết thúc bằng %2B07:00",
        "write 2022-05-31T08:00:00Z, or end it in %2B07:00",
    ),
    "ambiguous-number": Wording(
        "theo kiểu Việt Nam là {vietnamese}, theo kiểu Anh là {english}",
        "the Vietnamese way it is {vietnamese}, the English way {english}",
        "chỉ ghi chữ số, đơn vị đồng, không dấu chấm, dấu phẩy",
        "write digits only, in đồng: no point, no comma",
    ),
    "grouped-number": Wording(
        "số có dấu phân nhóm ({number})",
        "the number has grouping marks ({number})",
        "chỉ ghi chữ số: {number}",
        "write digits only: {number}",
    ),
    "fraction-of-minor-unit": Wording(
        "không phải là số đồng chẵn",
        "is no whole number of đồng",
        "chỉ ghi chữ số, đơn vị đồng, không dấu chấm, dấu phẩy",
        "write digits only, in đồng: no point, no comma",
    ),
    "invalid-character": Wording(
        "có ký tự U+0000", "holds U+0000", "bỏ ký tự U+0000", "leave the character U+0000 out"
    ),
    "invisible-character": Wording(
        "có ký tự ẩn {character}",
        "holds the invisible character {character}",
        "xóa ký tự ẩn rồi gõ lại",
        "delete the invisible character and type the text again",
    ),
    "space-in-code": Wording(
        "mã có khoảng trắng",
        "the code holds white space",
        "bỏ khoảng trắng trong mã",
        "remove the white space from the code",
    ),
    "text-length": Wording(
        "trống hoặc dài hơn {length} ký tự",
        "is empty or longer than {length} characters",
        "rút gọn hoặc điền nội dung",
        "shorten the text, or fill it in",
    ),
    "string-too-long": Wording(
        "dài hơn {max_length} ký tự", "is longer than {max_length} characters", "rút gọn", "shorten the text"
    ),
    "string-too-short": Wording("trống", "is empty", "điền nội dung", "fill it in"),
    "string-pattern-mismatch": Wording(
        "không đúng dạng: {form_vi}",
        "is not of the form: {form_en}",
        "ghi theo dạng: {form_vi}",
        "write it as: {form_en}",
    ),
    "too-long": Wording(
        "có {actual_length} mục, nhiều nhất là {max_length}",
        "has {actual_length} items, at most {max_length}",
        "chia thành nhiều yêu cầu",
        "split it into several requests",
    ),
    "too-short": Wording(
        "không có mục nào",
        "has no item",
        "gửi ít nhất {min_length} mục",
        "send at least {min_length} item(s)",
    ),
    "unknown-choice": Wording(
        "Không có trong danh mục.",
        "Not one of the known values.",
        "{use_vi}: {known}.",
        "{use_en}: {known}.",
    ),
}

# What a pattern asks for, in words.
_FORMS = {
    field_rules.EMAIL: (
        "địa chỉ thư điện tử, ví dụ ten@coquan.vn",
        "an e-mail address, such as name@office.vn",
    ),
    field_rules.FUND_SOURCE: (
        "mã nguồn vốn gồm chữ thường, dấu _ và dấu chấm",
        "the code of a fund source in small letters, _ and points",
    ),
    field_rules.PROVINCE_CODE: ("mã tỉnh hai chữ số, ví dụ 96", "a province's two digits, such as 96"),
    r"^\d{2}$": ("mã tỉnh hai chữ số, ví dụ 96", "a province's two digits, such as 96"),
    field_rules.PROJECT_GROUP: ("A, B, C hoặc để trống", "A, B, C or nothing"),
    "^(VND|USD|EUR|JPY)$": ("VND, USD, EUR hoặc JPY", "VND, USD, EUR or JPY"),
    r"^[^\x00-\x1f\x7f]*$": ("chữ và dấu, không có ký tự điều khiển", "a text without control characters"),
}


def field_fault(code: str, *, where: str, read: str = "", **values: Any) -> FieldError:
    """The fault of ``FAULTS`` with its words filled in. Raises ``KeyError`` for a code that is not there."""
    wording = FAULTS[code]
    return FieldError(
        code=code, where=where, read=read, detail=wording.detail(values), mend=wording.mend(values)
    )


def choices(known: Iterable[str], *, is_all: bool) -> dict[str, str]:
    """What "unknown-choice" is filled in with: all that there is, or the nearest of it."""
    return {
        "known": ", ".join(known),
        "use_vi": "Dùng một trong" if is_all else "Dùng một giá trị của danh mục; gần nhất là",
        "use_en": "Use one of" if is_all else "Use a value of the list; nearest are",
    }


def field_errors(error: ValidationError) -> list[FieldError]:
    """Pydantic's errors as ours: the code is Pydantic's error type with dashes."""
    return [
        worded(
            fault,
            where=".".join(str(part) for part in fault["loc"]),
            read="" if fault["type"] == "missing" else as_json(fault["input"]),
        )
        for fault in error.errors(include_url=False)
    ]


def worded(fault: Mapping[str, Any], *, where: str, read: str) -> FieldError:
    """One of Pydantic's errors in our words. A field that knows a better remedy says so in its context."""
    code = str(fault["type"]).replace("_", "-")
    context = fault.get("ctx", {})
    wording = FAULTS.get(code)
    if wording is None:
        said = shortened(plain_message(fault))
        detail, mend = f"giá trị không hợp lệ ({said}) / not valid: {said}", "sửa giá trị / mend the value"
    else:
        values = _values(fault)
        detail, mend = wording.detail(values), wording.mend(values)
    return FieldError(code=code, where=where, read=read, detail=detail, mend=context.get("mend") or mend)


def plain_message(fault: Mapping[str, Any]) -> str:
    """The message of one of Pydantic's errors, without the prefix it puts before a ``ValueError``'s."""
    return str(fault["msg"]).removeprefix("Value error, ")


def as_json(value: Any) -> str:
    """A value the way its sender wrote it, shortened: ``true``, ``null``, ``"text"``."""
    return shortened(json.dumps(value, ensure_ascii=False, default=str))


def _values(fault: Mapping[str, Any]) -> dict[str, Any]:
    """What the words of a fault are filled in with: its context, and what follows from it."""
    values = dict(fault.get("ctx", {}))
    if "expected" in values:
        # 'a', 'b' or 'c'
        values["choices"] = ", ".join(re.findall("'([^']*)'", values["expected"])) or values["expected"]
    if "pattern" in values:
        values["form_vi"], values["form_en"] = _FORMS.get(values["pattern"], (values["pattern"],) * 2)
    if fault["type"] == "value_error":
        # The models' own rules are worded in both languages.
        message = plain_message(fault)
        values["error_vi"], _, english = message.partition(" / ")
        values["error_en"] = english or message
    return values
