"""A sheet as its cells: what both readers hand over, and how a cell is named to the person who sent it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from itertools import islice
from typing import Any

from services.ingest.sheets.faults import Place

# Titles and headers stand in the first 60 rows, and a header may have a row of column numbers under it.
HEAD_ROWS = 64
_MOST_HEADED_COLUMNS = 1_000
_NOT_A_LETTER_OR_DIGIT = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class PercentCell:
    """A number that its workbook shows with a percent sign: 0.2 shown as 20 % is ``Decimal(20)``."""

    percent: Decimal


@dataclass(frozen=True, slots=True)
class ScaledCell:
    """A number that its workbook shows as another one: ``read`` is 9.041.600, ``shown`` as 9, in millions."""

    shown: str
    read: str


@dataclass(frozen=True, slots=True)
class BrokenCell:
    """A cell that holds no value although it is not empty. ``code`` is a fault of ``faults.FAULTS``."""

    code: str
    read: str


Cell = (
    str
    | int
    | float
    | bool
    | date
    | datetime
    | time
    | timedelta
    | PercentCell
    | ScaledCell
    | BrokenCell
    | None
)


@dataclass(frozen=True, slots=True)
class Grid:
    """One sheet. Row and column indexes count from 0; a person counts rows from 1 and columns from A.

    ``name`` is the sheet's name, empty for a CSV file. ``rows`` are its first ``HEAD_ROWS`` rows, where
    titles and headers are looked for; ``rest`` gives those after them, once, as they are read. ``merged``
    holds ranges as (first row, first column, last row, last column). With ``has_booleans`` some cell is TRUE
    or FALSE, which Python takes for 1 and 0. ``delimiter`` is that of a CSV file.
    """

    name: str
    rows: list[list[Cell]]
    rest: Iterator[list[Cell]] = field(default_factory=lambda: iter(()))
    merged: Sequence[tuple[int, int, int, int]] = ()
    hidden_rows: Set[int] = frozenset()
    notes: tuple[str, ...] = ()
    has_booleans: bool = False
    is_hidden: bool = False
    delimiter: str = ""

    @classmethod
    def of(cls, name: str, rows: Iterable[list[Cell]], **known: Any) -> Grid:
        """The sheet of these rows, of which only the head is read now."""
        rest = iter(rows)
        return cls(name, list(islice(rest, HEAD_ROWS)), rest, **known)

    def every_row(self) -> Iterator[list[Cell]]:
        """The head and then the rest, which is gone after that."""
        yield from self.rows
        yield from self.rest

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


def headed_columns(grid: Grid, first_row: int, last_row: int) -> frozenset[int]:
    """The columns that these rows of a header name, merged cells filled in."""
    rows = grid.rows[first_row : last_row + 1]
    columns = {index for cells in rows for index, cell in enumerate(cells) if not is_empty(cell)}
    for top, left, bottom, right in grid.merged:
        if top <= last_row and bottom >= first_row and top < len(grid.rows):
            named = grid.rows[top][left : left + 1]
            if any(not is_empty(cell) for cell in named):
                columns.update(range(left, min(right, _MOST_HEADED_COLUMNS) + 1))
    return frozenset(columns)


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
