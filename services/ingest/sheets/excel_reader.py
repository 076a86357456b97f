"""An .xlsx workbook as grids, one a worksheet. calamine reads the values, ``workbook_scan`` the rest."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from pathlib import PurePath
from typing import BinaryIO

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetVisibleEnum

from services.ingest.sheets import numbers, workbook_archive, workbook_scan
from services.ingest.sheets.faults import CellFaultError
from services.ingest.sheets.grid import BrokenCell, Cell, Grid, PercentCell, ScaledCell
from services.ingest.sheets.number_formats import OddFormat
from services.ingest.sheets.workbook_scan import COLUMN_BITS, SheetScan

_OLE_MAGIC = bytes.fromhex("d0cf11e0a1b11ae1")


def read(stream: BinaryIO, *, file_name: str, max_rows: int) -> Iterator[Grid]:
    """Every worksheet in turn; the next one is loaded when it is asked for, and the one before is gone.

    Raises ``ProblemError`` as ``workbook_scan.scan`` does.
    """
    if PurePath(file_name).suffix.lower() != ".xlsx":
        ending = PurePath(file_name).suffix
        raise workbook_archive.unsupported(
            f"Tên tệp có đuôi {ending}" if ending else "Tên tệp không có đuôi",
            f"the file is named {ending or 'without ending'}",
        )
    stream.seek(0)
    if stream.read(len(_OLE_MAGIC)) == _OLE_MAGIC:
        raise workbook_archive.unsupported(
            "Đây là tệp .xls đời cũ hoặc tệp Excel có mật khẩu",
            "the content is an old .xls or a workbook with a password",
        )
    scans = workbook_scan.scan(stream, max_rows=max_rows)
    stream.seek(0)
    try:
        workbook = CalamineWorkbook.from_filelike(stream)
        visible = {sheet.name: sheet.visible for sheet in workbook.sheets_metadata}
        for name in list(scans):
            is_hidden = visible[name] is not SheetVisibleEnum.Visible
            yield _grid(workbook.get_sheet_by_name(name), scans.pop(name), is_hidden=is_hidden)
    except CalamineError as error:
        raise workbook_archive.unsupported(
            "Không đọc được tệp Excel này", f"the workbook cannot be read ({error})"
        ) from error


def _grid(sheet: CalamineSheet, found: SheetScan, *, is_hidden: bool) -> Grid:
    return Grid.of(
        sheet.name,
        _rows(sheet, found),
        merged=found.merged,
        hidden_rows=found.hidden_rows,
        is_hidden=is_hidden,
        has_booleans=found.has_booleans,
    )


def _rows(sheet: CalamineSheet, found: SheetScan) -> Iterator[list[Cell]]:
    """The sheet's rows from A1, with what the scan found in its places."""
    special = heapq.merge(sorted(found.broken), sorted(found.odd), sorted(found.percents))
    place = next(special, None)
    # calamine leaves leading empty columns out, and rows whose only cells are broken.
    margin: list[Cell] = [""] * (sheet.start[1] if sheet.start else 0)
    row = -1
    for row, values in enumerate(sheet.iter_rows()):
        cells: list[Cell] = [*margin, *values] if margin else values  # type: ignore[assignment]
        while place is not None and place >> COLUMN_BITS == row:
            _put(cells, place, found)
            place = next(special, None)
        yield cells
    while place is not None:
        row += 1
        cells = []
        while place is not None and place >> COLUMN_BITS == row:
            _put(cells, place, found)
            place = next(special, None)
        yield cells


def _put(cells: list[Cell], place: int, found: SheetScan) -> None:
    column = place & (1 << COLUMN_BITS) - 1
    cells.extend("" for _ in range(column + 1 - len(cells)))
    if place in found.broken:
        cells[column] = found.broken[place]
    elif place in found.odd:
        cells[column] = _as_shown(cells[column], found.odd[place])
    else:
        cells[column] = _percent(cells[column], 100)


def _as_shown(cell: Cell, odd: OddFormat) -> Cell:
    if odd.names_percent:
        return _percent(cell, 1)
    if isinstance(cell, bool) or not isinstance(cell, (int, float)):
        return cell
    try:
        number = numbers.from_number(cell)
    except CellFaultError as error:
        return BrokenCell(error.code, repr(cell))
    return ScaledCell(shown=odd.shown(number), read=numbers.written(number))


def _percent(cell: Cell, whole: int) -> Cell:
    """A number as a percent; ``whole`` is what the percent of 1 is."""
    if isinstance(cell, bool) or not isinstance(cell, (int, float)):
        return cell
    try:
        return PercentCell(numbers.from_number(cell) * whole)
    except CellFaultError as error:
        return BrokenCell(error.code, repr(cell))
