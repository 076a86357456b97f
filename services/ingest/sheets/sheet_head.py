"""The first rows of a sheet as texts: where headers are looked for, and which rows are one header."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import pairwise

from services.ingest.sheets.grid import Cell, Grid

SEARCHED_ROWS = 60
_MOST_COLUMNS = 512


class SheetHead:
    """The first rows of a sheet as texts, merged cells filled in: what headers are looked for in."""

    def __init__(self, grid: Grid) -> None:
        self.rows = [[_text(cell) for cell in cells] for cells in grid.rows[:SEARCHED_ROWS]]
        self._numbers = [[_month_text(cell) for cell in cells] for cells in grid.rows[:SEARCHED_ROWS]]
        self._written = [list(texts) for texts in self.rows]
        self._is_merged: set[tuple[int, int]] = set()
        self._merged = [each for each in grid.merged if each[0] < len(self.rows)]
        for first_row, first_column, last_row, last_column in grid.merged:
            if first_row < len(self.rows):
                self._fill(first_row, first_column, min(last_row, len(self.rows) - 1), last_column)

    def may_be_joined(self, row: int, depth: int) -> bool:
        """Whether every row of the header holds words: an empty one is none."""
        return depth == 1 or all(any(texts) for texts in self.rows[row - depth + 1 : row + 1])

    def written(self, row: int) -> list[str]:
        """The texts of a row, each in the cell where it was written; of a row that is not there none."""
        return self._written[row] if 0 <= row < len(self._written) else []

    def has_numbers(self, row: int) -> bool:
        """Whether there is anything but words in a row."""
        return any(number for number in self._numbers[row])

    def is_merged_across(self, row: int) -> bool:
        """Whether a cell with a text is merged over the row and the one under it."""
        return any(
            first_row <= row < last_row and _at(self._written[first_row], first_column)
            for first_row, first_column, last_row, _ in self._merged
        )

    def merged_over_some(self, row: int, *, but_not: int) -> Iterator[tuple[int, str]]:
        """Column and text of cells of the row that are merged over columns, not over column ``but_not``."""
        for first_row, first_column, last_row, last_column in self._merged:
            is_over = first_row <= row <= last_row and first_column < last_column
            if is_over and not first_column <= but_not <= last_column:
                yield first_column, _at(self._written[first_row], first_column)

    def width(self, row: int, depth: int) -> int:
        return max(len(texts) for texts in self.rows[row - depth + 1 : row + 1])

    def texts(self, row: int, depth: int, column: int) -> list[str]:
        """The texts of one column from the top down, none twice running."""
        found = [self._at(upper, column, lowest=row) for upper in range(row - depth + 1, row + 1)]
        if depth > 1 and not found[-1] and any(found):
            found[-1] = _at(self._numbers[row], column)
        filled = [text for text in found if text]
        return filled[:1] + [lower for upper, lower in pairwise(filled) if lower != upper]

    def _at(self, row: int, column: int, *, lowest: int) -> str:
        """The text there; in an upper row, a heading to the left that is not merged goes on over columns
        which have a text of their own below. It is one if there is a text under it too."""
        text = _at(self.rows[row], column)
        if text or row == lowest or not self._below(row, column, lowest):
            return text
        left = (place for place in range(column - 1, -1, -1) if _at(self.rows[row], place))
        heading = next(left, None)
        if heading is None or (row, heading) in self._is_merged or not self._below(row, heading, lowest):
            return ""
        return self.rows[row][heading]

    def _below(self, row: int, column: int, lowest: int) -> bool:
        return any(_at(texts, column) for texts in self.rows[row + 1 : lowest + 1])

    def _fill(self, first_row: int, first_column: int, last_row: int, last_column: int) -> None:
        text = _at(self.rows[first_row], first_column)
        last_column = min(last_column, _MOST_COLUMNS)
        for row in range(first_row, last_row + 1):
            self._is_merged.update((row, column) for column in range(first_column, last_column + 1))
            cells = self.rows[row]
            cells.extend([""] * (last_column + 1 - len(cells)))
            cells[first_column : last_column + 1] = [text] * (last_column + 1 - first_column)


def _at(texts: list[str], column: int) -> str:
    return texts[column] if column < len(texts) else ""


def _text(cell: Cell) -> str:
    return " ".join(cell.split()) if isinstance(cell, str) else ""


def _month_text(cell: Cell) -> str:
    """A bare number under "Tháng", or what Excel made of "1/2023"."""
    if isinstance(cell, date):
        return f"Tháng {cell.month}/{cell.year}"
    if isinstance(cell, bool) or not isinstance(cell, (int, float)):
        return ""
    return str(int(cell)) if cell == int(cell) else ""
