"""A sheet as its cells: what both readers hand over, and how a cell is named to the person who sent it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache

from services.ingest.sheets.faults import Place

_NOT_A_LETTER_OR_DIGIT = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class PercentCell:
    """A number that its workbook shows with a percent sign: 0.2 shown as 20 % is ``Decimal(20)``."""

    percent: Decimal


@dataclass(frozen=True, slots=True)
class BrokenCell:
    """A cell that holds no value although it is not empty. ``code`` is a fault of ``faults.FAULTS``."""

    code: str
    read: str


Cell = str | int | float | bool | date | datetime | time | timedelta | PercentCell | BrokenCell | None


@dataclass(frozen=True, slots=True)
class Grid:
    """One sheet. Row and column indexes count from 0; a person counts rows from 1 and columns from A.

    ``name`` is the sheet's name, empty for a CSV file. ``merged`` holds ranges as (first row, first
    column, last row, last column).
    """

    name: str
    rows: list[list[Cell]]
    merged: tuple[tuple[int, int, int, int], ...] = ()
    hidden_rows: frozenset[int] = frozenset()
    notes: tuple[str, ...] = field(default=())

    def cell(self, row: int, column: int) -> Cell:
        cells = self.rows[row]
        return cells[column] if column < len(cells) else None

    def place(self, row: int) -> str:
        """The row's short name, for "row …": ``Sheet1!12``, for a CSV file ``12``."""
        return f"{self.name}!{row + 1}" if self.name else str(row + 1)

    def where(self, row: int | None = None, column: int | None = None, header: str = "") -> Place:
        """The sheet, its row or cell; indexes count from 0."""
        return Place(
            sheet=self.name,
            row=None if row is None else row + 1,
            column=None if column is None else column_letters(column),
            header=header,
        )


def is_empty(cell: Cell) -> bool:
    """Whether the cell says nothing: no value, or text of white space only."""
    return cell is None or (isinstance(cell, str) and not cell.strip())


def column_letters(column: int) -> str:
    """Column 0 is A, 26 is AA."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


# The same headers, labels and words come row after row.
@lru_cache(maxsize=4096)
def matching_form(text: str) -> str:
    """Text for comparing words: NFC, case folded, punctuation and runs of space as one space.

    Vietnamese marks stay: "cộng" (total) and "công" (work) are different words.
    """
    return _NOT_A_LETTER_OR_DIGIT.sub(" ", unicodedata.normalize("NFC", text.casefold())).strip()


def lookup(words: Mapping[str, list[str]]) -> dict[str, str]:
    """Matching form of every word, and of the meaning itself, to the meaning."""
    return {matching_form(word): meaning for meaning, spelt in words.items() for word in [meaning, *spelt]}
