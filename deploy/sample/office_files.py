"""Writes tables as an office does: title rows, Vietnamese headers, triệu đồng, a total row, notes."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import xlsxwriter

TableCell = str | int | date
UNIT = "Đơn vị tính: triệu đồng"
# Fixed, so that the same figures give the same bytes.
_CREATED = datetime(2022, 7, 31)  # noqa: DTZ001 - a workbook's property has no time zone
_WIDEST_COLUMN = 60


@dataclass(frozen=True, slots=True)
class Table:
    """A table with what stands around it. ``total`` is the label and the sum of column ``total_column``."""

    title: Sequence[str]
    headers: Sequence[str]
    rows: Sequence[Sequence[TableCell]]
    total_column: int | None = None
    notes: Sequence[str] = ()

    @property
    def total(self) -> int:
        """Sum of the total column."""
        return sum(cell for row in self.rows if isinstance(cell := row[self.total_column or 0], int))


def grouped(number: int) -> str:
    """1.207.200, the Vietnamese way."""
    return f"{number:,}".replace(",", ".")


def day_first(day: date) -> str:
    """31/05/2022."""
    return f"{day:%d/%m/%Y}"


def write_csv(path: Path, table: Table) -> None:
    """As Vietnamese Excel saves it: UTF-8 with a mark in front, ";" between cells, CRLF."""
    total = [] if table.total_column is None else [_total_row(table, grouped(table.total))]
    rows: list[Sequence[TableCell]] = [[text] for text in table.title]
    rows += [table.headers, *table.rows, *total, *([note] for note in table.notes)]
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, delimiter=";", lineterminator="\r\n")
        width = len(table.headers)
        writer.writerows([*(_as_text(cell) for cell in row), *[""] * (width - len(row))] for row in rows)


def write_workbook(path: Path, table: Table, *, sheet_name: str) -> None:
    """An .xlsx workbook of one sheet; the total is a formula with its value stored."""
    workbook = xlsxwriter.Workbook(str(path))
    workbook.set_properties({"created": _CREATED, "author": "giaingan deploy.sample"})
    bold = workbook.add_format({"bold": True})
    header = workbook.add_format({"bold": True, "text_wrap": True, "border": 1, "align": "center"})
    amount = workbook.add_format({"num_format": "#,##0"})
    day = workbook.add_format({"num_format": "dd/mm/yyyy"})
    sheet = workbook.add_worksheet(sheet_name)
    for row, text in enumerate(table.title):
        sheet.write_string(row, 0, text, bold)
    header_row = len(table.title) + 1
    for column, text in enumerate(table.headers):
        sheet.write_string(header_row, column, text, header)
        sheet.set_column(column, column, _width(table, column))
    for row, cells in enumerate(table.rows, start=header_row + 1):
        for column, cell in enumerate(cells):
            _write(sheet, row, column, cell, amount=amount, day=day)
    end = header_row + 1 + len(table.rows)
    if table.total_column is not None:
        sheet.write_string(end, 1, "Tổng cộng", bold)
        letter = xlsxwriter.utility.xl_col_to_name(table.total_column)
        formula = f"=SUM({letter}{header_row + 2}:{letter}{end})"
        sheet.write_formula(end, table.total_column, formula, amount, table.total)
    for row, text in enumerate(table.notes, start=end + 1):
        sheet.write_string(row, 0, text)
    workbook.close()


def _write(
    sheet: xlsxwriter.worksheet.Worksheet,
    row: int,
    column: int,
    cell: TableCell,
    *,
    amount: xlsxwriter.format.Format,
    day: xlsxwriter.format.Format,
) -> None:
    if isinstance(cell, date):
        sheet.write_datetime(row, column, cell, day)
    elif isinstance(cell, int):
        sheet.write_number(row, column, cell, amount)
    else:
        sheet.write_string(row, column, cell)


def _total_row(table: Table, total: str) -> list[str]:
    cells = [""] * len(table.headers)
    cells[1] = "Tổng cộng"
    cells[table.total_column or 0] = total
    return cells


def _as_text(cell: TableCell) -> str:
    if isinstance(cell, date):
        return day_first(cell)
    return grouped(cell) if isinstance(cell, int) else cell


def _width(table: Table, column: int) -> int:
    longest = max((len(_as_text(row[column])) for row in table.rows), default=0)
    return min(max(longest + 2, 10), _WIDEST_COLUMN)
