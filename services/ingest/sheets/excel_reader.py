"""An .xlsx workbook as grids, one a worksheet. calamine reads the values, ``workbook_scan`` the rest."""

from __future__ import annotations

import io
from pathlib import PurePath

from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum

from services.ingest.sheets import numbers, workbook_archive, workbook_scan
from services.ingest.sheets.faults import CellFaultError
from services.ingest.sheets.grid import BrokenCell, Cell, Grid, PercentCell
from services.ingest.sheets.workbook_scan import SheetScan

_OLE_MAGIC = bytes.fromhex("d0cf11e0a1b11ae1")


def read(content: bytes, *, file_name: str, max_rows: int) -> list[Grid]:
    """Every worksheet that holds anything. Raises ``ProblemError`` as ``workbook_scan.scan`` does."""
    if PurePath(file_name).suffix.lower() != ".xlsx":
        raise workbook_archive.unsupported(
            f"the file is named {PurePath(file_name).suffix or 'without ending'}"
        )
    if content.startswith(_OLE_MAGIC):
        raise workbook_archive.unsupported("the content is an old .xls or a workbook with a password")
    scans = workbook_scan.scan(content, max_rows=max_rows)
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
        visible = {sheet.name: sheet.visible for sheet in workbook.sheets_metadata}
        return [
            _grid(workbook, name, found, hidden=visible[name] is not SheetVisibleEnum.Visible)
            for name, found in scans.items()
        ]
    except CalamineError as error:
        raise workbook_archive.unsupported(f"the workbook cannot be read ({error})") from error


def _grid(workbook: CalamineWorkbook, name: str, found: SheetScan, *, hidden: bool) -> Grid:
    # Laid out from A1: calamine otherwise leaves leading empty rows and columns out.
    values = workbook.get_sheet_by_name(name).to_python(skip_empty_area=False)
    rows: list[list[Cell]] = [[None if value == "" else value for value in row] for row in values]
    for (row, column), broken in found.broken.items():
        _put(rows, row, column, broken)
    for row, column in found.percents:
        _put(rows, row, column, _percent(rows[row][column]))
    return Grid(
        name,
        rows,
        merged=tuple(found.merged),
        hidden_rows=frozenset(found.hidden_rows),
        notes=(f"trang ẩn {name} cũng được đọc / the hidden sheet {name} is read too",) if hidden else (),
    )


def _put(rows: list[list[Cell]], row: int, column: int, cell: Cell) -> None:
    rows.extend([] for _ in range(row + 1 - len(rows)))
    rows[row].extend(None for _ in range(column + 1 - len(rows[row])))
    rows[row][column] = cell


def _percent(cell: Cell) -> Cell:
    if isinstance(cell, bool) or not isinstance(cell, (int, float)):
        return cell
    try:
        return PercentCell(numbers.from_number(cell) * 100)
    except CellFaultError as error:
        return BrokenCell(error.code, repr(cell))
