"""A CSV file as a grid: UTF-8, the delimiter found out from the header row."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from itertools import islice

from services.ingest.sheets.grid import BrokenCell, Cell, Grid
from services.ingest.sheets.workbook_archive import too_many_rows
from services.runtime.errors import ProblemError

# Vietnamese Excel writes ";" because "," is its decimal mark.
_DELIMITERS = (";", "\t", ",")
_HEAD_ROWS = 60
# Title rows, totals and notes come on top of the rows that are counted.
_ROWS_BESIDE_ITEMS = 1_000


def read(content: bytes, *, max_rows: int, header_score: Callable[[Grid], int]) -> Grid:
    """The file's rows. ``header_score`` tells how many fields the best header row of a grid names.

    Raises ``ProblemError``: 415 not-utf8, 413 too-many-rows.
    """
    text = _decode(content)
    delimiter = max(_DELIMITERS, key=lambda sign: header_score(_grid(text, sign, _HEAD_ROWS)))
    grid = _grid(text, delimiter, max_rows + _ROWS_BESIDE_ITEMS + 1)
    if len(grid.rows) > max_rows + _ROWS_BESIDE_ITEMS:
        raise too_many_rows(f"> {max_rows}")
    return grid


def _decode(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ProblemError(
            415,
            "not-utf8",
            "The file is not UTF-8 text",
            f"Byte {error.start + 1} không phải UTF-8. Trong Excel: Lưu dưới dạng, CSV UTF-8. / "
            f"Byte {error.start + 1} is not UTF-8. In Excel: Save As, CSV UTF-8.",
        ) from error


def _grid(text: str, delimiter: str, most_rows: int) -> Grid:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[list[Cell]] = []
    try:
        for record in islice(reader, most_rows):
            rows.append([cell or None for cell in record])
    except csv.Error as error:
        rows.append([BrokenCell("unreadable-row", str(error))])
    return Grid("", rows)
