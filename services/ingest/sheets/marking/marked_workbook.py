"""The officer's own workbook with its faulty cells marked; a CSV file as a workbook with the same marks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, BinaryIO

# Which XML library openpyxl takes must not depend on what else is installed.
os.environ["OPENPYXL_LXML"] = "False"

import openpyxl
from openpyxl.cell.cell import Cell, MergedCell
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.hyperlink import Hyperlink

from services.ingest.sheets.grid import Grid
from services.ingest.sheets.marking import marked_notes
from services.ingest.sheets.marking.marked_notes import (
    AUTHOR,
    FAULT_COLOUR,
    FAULT_SHEET,
    MarkedCell,
    MarkingJob,
)

_FILL = PatternFill("solid", start_color=FAULT_COLOUR, end_color=FAULT_COLOUR)
_NO_FILL = PatternFill()
_CSV_SHEET = "CSV"
_NOTE_WIDTH, _NOTE_HEIGHT = 420, 180


def mark_workbook(content: BinaryIO, marked: BinaryIO, job: MarkingJob) -> None:
    """Write the workbook with its marks; values, formulas and formats stay as they are.

    A formula's stored result is not kept: the workbook says that it is to be calculated when it is opened.
    """
    book = openpyxl.load_workbook(content, rich_text=True)
    _forget_earlier_marks(book)
    _mark(book, job)
    book.calculation.fullCalcOnLoad = True
    book.save(marked)


def mark_grid(grid: Grid, marked: BinaryIO, job: MarkingJob) -> None:
    """Write the rows of a CSV file, each cell the text it was, with their marks."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = _CSV_SHEET
    for row, cells in enumerate(grid.every_row(), start=1):
        for column, value in enumerate(cells, start=1):
            if value not in (None, ""):
                _write(sheet.cell(row, column), str(value)).number_format = "@"
    faults = [fault.model_copy(update={"sheet": _CSV_SHEET}) if fault.row else fault for fault in job.faults]
    _mark(book, job.model_copy(update={"faults": faults}))
    book.save(marked)


def _mark(book: Any, job: MarkingJob) -> None:
    for place in marked_notes.cells(job.faults):
        if place.sheet in book.sheetnames:
            _mark_cell(book[place.sheet], place)
    _add_fault_sheet(book, job)


def _mark_cell(sheet: Any, place: MarkedCell) -> None:
    cell = _cell(sheet, place)
    cell.fill = _FILL
    said = f"{cell.comment.text}\n\n" if cell.comment else ""
    comment = Comment(said + place.note, AUTHOR)
    comment.width, comment.height = _NOTE_WIDTH, _NOTE_HEIGHT
    cell.comment = comment


def _cell(sheet: Any, place: MarkedCell) -> Cell:
    """The cell that is marked: of merged cells the one with the value, of a row its first filled one."""
    if place.column is None:
        filled = (
            (cell for cell in sheet[place.row] if cell.value is not None)
            if sheet.max_row >= place.row
            else ()
        )
        return next(iter(filled), None) or sheet.cell(place.row, 1)
    cell = sheet[f"{place.column}{place.row}"]
    if isinstance(cell, MergedCell):
        merged = next(each for each in sheet.merged_cells.ranges if cell.coordinate in each)
        return sheet.cell(merged.min_row, merged.min_col)
    return cell


def _add_fault_sheet(book: Any, job: MarkingJob) -> None:
    """All faults, each with a link to its cell, as the first sheet."""
    names = set(book.sheetnames)
    sheet = book.create_sheet(FAULT_SHEET, 0)
    book.active = 0
    for other in book.worksheets[1:]:
        other.sheet_view.tabSelected = False
    _write(sheet.cell(1, 1), marked_notes.WHOLE).font = Font(bold=True)
    for column, (head, width) in enumerate(
        zip(marked_notes.FAULT_HEADS, marked_notes.FAULT_WIDTHS, strict=True), start=1
    ):
        _write(sheet.cell(3, column), head).font = Font(bold=True)
        sheet.column_dimensions[get_column_letter(column)].width = width
    for number, fault in enumerate(job.faults, start=1):
        row = number + 3
        for column, value in enumerate(marked_notes.fault_row(number, fault), start=1):
            _write(sheet.cell(row, column), value).alignment = Alignment(wrap_text=True, vertical="top")
        if fault.row is not None and fault.sheet is not None and fault.sheet in names:
            place = sheet.cell(row, 3)
            target = marked_notes.link(fault.sheet, f"{fault.column or 'A'}{fault.row}")
            place.hyperlink = Hyperlink(ref=place.coordinate, location=target)
            place.font = Font(color="FF0563C1", underline="single")
    sheet.freeze_panes = "A4"


def _write(cell: Any, value: str) -> Any:
    """A text as text, whatever it begins with."""
    cell.value = value
    cell.data_type = "s"
    return cell


def _forget_earlier_marks(book: Any) -> None:
    """A file that was sent back before and is mended in part: its old marks would mislead."""
    if FAULT_SHEET in book.sheetnames:
        del book[FAULT_SHEET]
    for sheet in book.worksheets:
        for cell in _marked_before(sheet):
            cell.comment = None
            if cell.fill.fill_type == "solid" and cell.fill.start_color.rgb == FAULT_COLOUR:
                cell.fill = _NO_FILL


def _marked_before(sheet: Any) -> Iterator[Any]:
    for row in sheet.iter_rows():
        yield from (cell for cell in row if cell.comment is not None and cell.comment.author == AUTHOR)
