"""The header and the faulty rows of a file that is too large to be marked whole, and its sheet of faults."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Any, BinaryIO

import xlsxwriter
from xlsxwriter.exceptions import DuplicateWorksheetName, InvalidWorksheetName
from xlsxwriter.utility import xl_cell_to_rowcol, xl_col_to_name

from services.ingest.sheets.cell_values import shown
from services.ingest.sheets.grid import Cell, Grid
from services.ingest.sheets.marking import marked_notes
from services.ingest.sheets.marking.marked_notes import FAULT_COLOUR, FAULT_SHEET, MarkedCell, MarkingJob

_CSV_SHEET = "CSV"
_NOTE_SCALE = {"x_scale": 3.0, "y_scale": 2.0}


def write(grids: Iterable[Grid], marked: BinaryIO, job: MarkingJob) -> None:
    """Write them as a workbook; a row's number in the original stands in column A, its cells from B on."""
    book = xlsxwriter.Workbook(marked, {"strings_to_formulas": False, "strings_to_urls": False})
    try:
        sheet_of_faults = book.add_worksheet(FAULT_SHEET)
        placed: dict[tuple[str, int], str] = {}
        for grid in grids:
            if grid.name != FAULT_SHEET:
                placed |= _write_sheet(book, grid, job)
        _write_faults(book, sheet_of_faults, job, placed)
    finally:
        book.close()


def _add_sheet(book: Any, name: str) -> Any:
    """A sheet of that name, or of one that Excel allows where a file has another."""
    try:
        return book.add_worksheet(name or _CSV_SHEET)
    except (InvalidWorksheetName, DuplicateWorksheetName):
        return book.add_worksheet()


def _write_sheet(book: Any, grid: Grid, job: MarkingJob) -> dict[tuple[str, int], str]:
    """The place of each row of the original that is written, by its sheet and number: a link's target with
    ``{column}`` for the letters."""
    places = [place for place in marked_notes.cells(job.faults) if place.sheet == grid.name]
    by_row: dict[int, list[MarkedCell]] = {}
    for place in places:
        by_row.setdefault(place.row, []).append(place)
    sheet = _add_sheet(book, grid.name)
    fault = book.add_format({"bg_color": f"#{FAULT_COLOUR[2:]}"})
    sheet.write_string(0, 0, marked_notes.ONLY_FAULTY_ROWS)
    written: dict[tuple[str, int], str] = {}
    for number, cells in _wanted(grid, by_row, job.header_rows):
        row = len(written) + 1
        written[grid.name, number] = marked_notes.link(sheet.get_name(), f"{{column}}{row + 1}")
        sheet.write_number(row, 0, number)
        marked = {place.column: place for place in by_row.get(number, ())}
        for column, cell in enumerate(cells, start=1):
            _put(sheet, row, column, cell, fault if xl_col_to_name(column - 1) in marked else None)
        for letters, place in marked.items():
            column = 0 if letters is None else xl_cell_to_rowcol(f"{letters}1")[1] + 1
            if letters is not None and column > len(cells):
                sheet.write_blank(row, column, None, fault)
            sheet.write_comment(row, column, place.note, {"author": marked_notes.AUTHOR, **_NOTE_SCALE})
    return written


def _wanted(grid: Grid, faulty: dict[int, Any], header_rows: int) -> Iterator[tuple[int, list[Cell]]]:
    for number, cells in enumerate(grid.every_row(), start=1):
        if number <= header_rows or number in faulty:
            yield number, cells


def _put(sheet: Any, row: int, column: int, cell: Cell, format_: Any) -> None:
    if cell is None or cell == "":
        if format_ is not None:
            sheet.write_blank(row, column, None, format_)
    elif isinstance(cell, (int, float)) and not isinstance(cell, bool):
        sheet.write_number(row, column, cell, format_)
    elif isinstance(cell, (date, datetime)):
        sheet.write_string(row, column, f"{cell:%d/%m/%Y}", format_)
    else:
        sheet.write_string(row, column, marked_notes.text(shown(cell)), format_)


def _write_faults(book: Any, sheet: Any, job: MarkingJob, placed: dict[tuple[str, int], str]) -> None:
    bold = book.add_format({"bold": True})
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    linked = book.add_format({"font_color": "#0563C1", "underline": 1, "valign": "top"})
    sheet.write_string(0, 0, marked_notes.ONLY_FAULTY_ROWS, bold)
    for column, (head, width) in enumerate(
        zip(marked_notes.FAULT_HEADS, marked_notes.FAULT_WIDTHS, strict=True)
    ):
        sheet.set_column(column, column, width)
        sheet.write_string(2, column, head, bold)
    for number, fault in enumerate(job.faults, start=1):
        texts = marked_notes.fault_row(number, fault)
        for column, value in enumerate(texts):
            sheet.write_string(number + 2, column, value, wrapped)
        at = placed.get((fault.sheet or "", fault.row or 0))
        if at is not None:
            column = xl_cell_to_rowcol(f"{fault.column or 'A'}1")[1] + (1 if fault.column else 0)
            target = at.replace("{column}", xl_col_to_name(column))
            sheet.write_url(number + 2, 2, f"internal:{target}", linked, texts[2])
    sheet.freeze_panes(3, 0)
