"""An empty workbook of a profile: the headers as they are read, and a sheet that says what goes where."""

from __future__ import annotations

import io
from typing import Any

import xlsxwriter

from services.ingest.sheets.profiles.import_profile import FieldProfile, ImportProfile
from services.ingest.sheets.profiles.profile_listing import TYPES, columns, header_of

_HEADER_ROW = 3
_ROWS_WITH_FORMATS = 2_000
_LONGEST_LIST = 250
_NUMBER_FORMATS = {"money": "#,##0.###", "date": "dd/mm/yyyy", "percent": "0.00%", "integer": "0"}
# Codes and numbers of vouchers: as text, or Excel makes dates and numbers of them.
_TEXT_FORMAT = "@"
_GUIDE_HEADS = (
    "Cột / Column", "Bắt buộc / Required", "Kiểu / Type", "Giá trị nhận / Values", "Để trống / If empty",
    "Ví dụ / Example", "Ghi chú / Note",
)  # fmt: skip
_HOW_TO_FILL_IN = (
    "Ghi đơn vị tính của số tiền ở trên bảng.",
    "State the unit of the amounts above the table.",
    "Điều cả tệp nói một lần (năm, quyết định, mã tỉnh) có thể ghi ở phần tiêu đề thay cho cột.",
    "What holds for the whole file (year, decision, province) may stand in the title in place of a column.",
    "Trang này không được đọc khi nhập. / This sheet is not read.",
)


def workbook(profile: ImportProfile) -> bytes:
    """The .xlsx file. A file filled in from it is read by the profile as it is."""
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True, "strings_to_formulas": False})
    try:
        _fill_form(book, profile)
        _fill_guide(book, profile)
    finally:
        book.close()
    return stream.getvalue()


def _fill_form(book: Any, profile: ImportProfile) -> None:
    sheet = book.add_worksheet(_form_name(profile))
    bold = book.add_format({"bold": True, "font_size": 13})
    required = book.add_format({"bold": True, "text_wrap": True, "border": 1, "bg_color": "#F2DCDB"})
    optional = book.add_format({"text_wrap": True, "border": 1, "bg_color": "#EAF1DD"})
    sheet.write_string(0, 0, profile.label.vi.upper(), bold)
    unit = profile.unit(profile.default_unit)
    if any(field.type == "money" for _, field in columns(profile)):
        sheet.write_string(1, 0, f"Đơn vị tính: {unit.name if unit else profile.default_unit}")
    for index, (_, field) in enumerate(columns(profile)):
        format_ = book.add_format({"num_format": _NUMBER_FORMATS.get(field.type, _TEXT_FORMAT)})
        sheet.set_column(index, index, max(12, min(28, len(field.headers[0]) + 4)), format_)
        sheet.write_string(_HEADER_ROW - 1, index, header_of(field), required if field.required else optional)
        sheet.write_comment(_HEADER_ROW - 1, index, _told(field), {"x_scale": 2})
        _offer_choices(sheet, index, field)
    sheet.set_row(_HEADER_ROW - 1, 32)
    sheet.freeze_panes(_HEADER_ROW, 0)


def _form_name(profile: ImportProfile) -> str:
    """A sheet's name that the profile reads."""
    return "Biểu mẫu" if "*" in profile.sheet or "?" in profile.sheet else profile.sheet


def _offer_choices(sheet: Any, column: int, field: FieldProfile) -> None:
    words = [spelt[0] if spelt else value for value, spelt in field.choices.items()]
    if not words or any("," in word for word in words) or len(",".join(words)) > _LONGEST_LIST:
        return
    # A warning, not a stop: other words for the same are read too.
    options = {"validate": "list", "source": words, "error_type": "warning"}
    sheet.data_validation(_HEADER_ROW, column, _HEADER_ROW + _ROWS_WITH_FORMATS, column, options)


def _fill_guide(book: Any, profile: ImportProfile) -> None:
    sheet = book.add_worksheet(profile.shared.ignored_sheets[0])
    bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
    plain = book.add_format({"text_wrap": True, "valign": "top"})
    sheet.set_column(0, len(_GUIDE_HEADS) - 1, 24, plain)
    lines = [
        f"{profile.label.vi} / {profile.label.en} ({profile.name})",
        profile.about.vi,
        profile.about.en,
        *_HOW_TO_FILL_IN,
    ]
    for row, line in enumerate(lines):
        sheet.write_string(row, 0, line, bold if row == 0 else plain)
        sheet.merge_range(row, 0, row, len(_GUIDE_HEADS) - 1, line, bold if row == 0 else plain)
        sheet.set_row(row, 30)
    first = len(lines) + 1
    for column, head in enumerate(_GUIDE_HEADS):
        sheet.write_string(first, column, head, bold)
    for row, (_, field) in enumerate(columns(profile), start=first + 1):
        for column, text in enumerate(_guide_row(field)):
            sheet.write_string(row, column, text, plain)


def _guide_row(field: FieldProfile) -> tuple[str, ...]:
    takes = TYPES[field.type]
    choices = "\n".join(f"{words[0] if words else value} ({value})" for value, words in field.choices.items())
    return (
        f"{header_of(field)} / {field.en}",
        "có / yes" if field.required else "không / no",
        f"{takes.vi} / {takes.en}",
        choices,
        field.default or "",
        field.example,
        f"{field.note.vi} / {field.note.en}" if field.note else "",
    )


def _told(field: FieldProfile) -> str:
    """The note at a header."""
    _, required, takes, _, _, example, note = _guide_row(field)
    lines = [
        f"Bắt buộc / required: {required}",
        takes,
        f"Ví dụ / example: {example}" if example else "",
        note,
    ]
    return "\n".join(line for line in lines if line)
