"""The plan as a workbook that ``POST /v1/imports?profile=plan`` takes back: every line the same event.

Text that a spreadsheet would run as a formula is written as text (``services.contracts.stated.cell_text``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import IO, Any

import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from services.contracts.stated.cell_text import neutralised
from services.domain.plan import PlanBase, PlanLevel

# A sheet's rows, less that of the header.
MOST_LINES = 1_048_575

_BASES = {
    PlanBase.INITIAL: "giao đầu năm",
    PlanBase.ADJUSTED: "điều chỉnh",
    PlanBase.ALLOCATED: "phân bổ chi tiết",
    PlanBase.CARRY_OVER: "vốn kéo dài",
}
_LEVELS = {PlanLevel.PROJECT: "dự án", PlanLevel.FUND_LINE: "dòng vốn"}


@dataclass(frozen=True, slots=True)
class _Column:
    """A column as the import profile ``plan`` knows it (deploy/policy/import/plan.yaml), in the order of the
    query ``plan_lines``. ``written`` turns the value into what stands in the cell."""

    header: str
    width: int = 14
    format: str = ""
    written: Callable[[Any], object] = lambda value: value


_COLUMNS = (
    _Column("Nơi gửi số liệu", 18),
    _Column("Mã dự án"),
    _Column("Tên dự án", 50),
    _Column("Cấp", 10, written=lambda level: _LEVELS[PlanLevel(level)]),
    _Column("Mã chủ đầu tư"),
    _Column("Chủ đầu tư", 36),
    _Column("Cán bộ phụ trách", 24),
    _Column("Nguồn vốn", 24),
    _Column("Nhóm", 8),
    _Column("Huyện", 18),
    _Column("Ngành", 18),
    _Column("Mã tỉnh", 8),
    _Column("Năm ngân sách", 10),
    _Column("Loại kế hoạch", 18, written=lambda base: _BASES[PlanBase(base)]),
    _Column("Số vốn (đồng)", 20, format="#,##0"),
    _Column("Số quyết định", 22),
    _Column("Ngày quyết định", 14, format="dd/mm/yyyy"),
    _Column("Ngày hiệu lực", 14, format="dd/mm/yyyy"),
    _Column("Vốn của năm", 12, written=lambda year: year or ""),
    _Column("Lần sửa", 8),
)


def write(target: IO[bytes], lines: Iterable[Sequence[Any]]) -> int:
    """Write the workbook, row by row with little memory; returns how many lines it holds.

    ``lines``: rows of the query ``plan_lines``, at most ``MOST_LINES``.
    """
    workbook = xlsxwriter.Workbook(
        target, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    sheet = workbook.add_worksheet("Kế hoạch vốn")
    formats = [workbook.add_format({"num_format": c.format}) if c.format else None for c in _COLUMNS]
    bold = workbook.add_format({"bold": True, "text_wrap": True})
    for number, column in enumerate(_COLUMNS):
        sheet.set_column(number, number, column.width)
    sheet.freeze_panes(1, 0)
    for number, column in enumerate(_COLUMNS):
        sheet.write_string(0, number, column.header, bold)
    count = 0
    for count, line in enumerate(lines, start=1):
        for number, (column, value) in enumerate(zip(_COLUMNS, line, strict=True)):
            _write_cell(sheet, (count, number), column.written(value), formats[number])
    workbook.close()
    return count


def _write_cell(sheet: Worksheet, place: tuple[int, int], value: object, cell_format: object) -> None:
    """A number, a date or a text; a text is never left to the library to guess at."""
    if isinstance(value, int):
        sheet.write_number(*place, value, cell_format)
    elif isinstance(value, date):
        sheet.write_datetime(*place, value, cell_format)
    elif value:
        sheet.write_string(*place, neutralised(str(value)))
