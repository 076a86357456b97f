"""Where a sheet's table is: the header row by its words, the unit, and what the title rows state."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from services.ingest.sheets.grid import Cell, Grid, is_empty, lookup, matching_form
from services.ingest.sheets.import_profile import ImportProfile, Unit

_SEARCHED_ROWS = 60
_FEWEST_HEADERS = 2
_YEAR_AT_END = re.compile(r" (?:năm )?\d{4}$")
_COLUMN_NUMBER = re.compile(r"\(?(?:\d{1,2}|[A-Za-z])\)?(?:\s*=.*)?")
_FEWEST_COLUMN_NUMBERS = 3


@dataclass(frozen=True, slots=True)
class Column:
    """A column that is read: its place, its header as written, the unit its header states."""

    index: int
    header: str
    unit: Unit | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """The header row, its columns by field; ``repeated`` name a field again, ``unread`` name none."""

    header_row: int
    columns: dict[str, Column]
    repeated: tuple[tuple[str, Column], ...]
    unread: tuple[Column, ...]


class HeaderMatcher:
    """Knows the header words of one profile."""

    def __init__(self, profile: ImportProfile) -> None:
        self._fields = lookup({name: field.headers for name, field in profile.fields.items()})
        self._ignored = {matching_form(word) for word in profile.shared.ignored_headers}
        spellings = [
            (matching_form(word), unit) for unit in profile.shared.units.values() for word in unit.words
        ]
        self._units = sorted(spellings, key=lambda spelling: len(spelling[0]), reverse=True)

    def find(self, grid: Grid) -> Layout | None:
        """The row that names the most fields, the first of equals; ``None`` where none names two."""
        best = max(
            (self._layout(grid, row) for row in range(min(len(grid.rows), _SEARCHED_ROWS))),
            key=lambda layout: len(layout.columns),
            default=None,
        )
        return best if best and len(best.columns) >= _FEWEST_HEADERS else None

    def score(self, grid: Grid) -> int:
        """How many fields the best header row names."""
        layout = self.find(grid)
        return len(layout.columns) if layout else 0

    def _layout(self, grid: Grid, row: int) -> Layout:
        columns: dict[str, Column] = {}
        repeated: list[tuple[str, Column]] = []
        unread: list[Column] = []
        for index, cell in enumerate(grid.rows[row]):
            if not isinstance(cell, str) or is_empty(cell):
                continue
            name, unit = self._field(cell)
            column = Column(index, " ".join(cell.split()), unit)
            if name is None:
                if matching_form(cell) not in self._ignored:
                    unread.append(column)
            elif name in columns:
                repeated.append((name, column))
            else:
                columns[name] = column
        return Layout(row, columns, tuple(repeated), tuple(unread))

    def _field(self, header: str) -> tuple[str | None, Unit | None]:
        """The field a header names, also with a unit or a year behind: "Số vốn năm 2022 (triệu đồng)"."""
        form = matching_form(header)
        if form in self._fields:
            return self._fields[form], None
        for word, unit in self._units:
            if form.endswith(f" {word}"):
                bare = _YEAR_AT_END.sub("", form.removesuffix(f" {word}"))
                return self._fields.get(bare), unit
        return self._fields.get(_YEAR_AT_END.sub("", form)), None


def title_values(grid: Grid, layout: Layout, pattern: str) -> list[str]:
    """The different texts that ``pattern`` finds above the header row, in reading order."""
    compiled = re.compile(pattern, re.IGNORECASE)
    found = [
        match[1].strip()
        for text in _title_texts(grid, layout)
        for match in compiled.finditer(text)
        if match[1]
    ]
    return list(dict.fromkeys(found))


def _title_texts(grid: Grid, layout: Layout) -> Iterator[str]:
    for cells in grid.rows[: layout.header_row]:
        for cell in cells:
            if isinstance(cell, str):
                yield " ".join(unicodedata.normalize("NFC", cell).split())


def numbers_the_columns(cells: list[Cell]) -> bool:
    """Whether the row under a header only numbers the columns: (1) (2) (3), or A B 1 2."""
    filled = [cell for cell in cells if not is_empty(cell)]
    return len(filled) >= _FEWEST_COLUMN_NUMBERS and all(
        isinstance(cell, (str, int, float)) and _COLUMN_NUMBER.fullmatch(_as_written(cell).strip())
        for cell in filled
    )


def _as_written(cell: str | int | float) -> str:
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)
