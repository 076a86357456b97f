"""Where a sheet's table is: the header rows by their words, the unit, and what the title rows state."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from services.domain.fiscal_calendar import MONTHS_TO_CLOSE
from services.ingest.sheets.grid import Cell, Grid, is_empty, lookup, matching_form
from services.ingest.sheets.import_profile import ImportProfile, Unit
from services.ingest.sheets.profile_expansion import FUND_SOURCE, TOTAL, MonthHeaders, month_field

_SEARCHED_ROWS = 60
_MOST_HEADER_ROWS = 3
_MOST_COLUMNS = 512
_FEWEST_HEADERS = 2
_YEAR_AT_END = re.compile(r" (?:năm )?\d{4}$")
_COLUMN_NUMBER = re.compile(r"\(?(?:\d{1,2}|[A-Za-z])\)?(?:\s*=.*)?")
_FEWEST_COLUMN_NUMBERS = 3
_REMAINING = (
    "cột còn lại không được đọc: hệ thống tự tính từ kế hoạch đang có hiệu lực / "
    "what remains is not read: it is computed from the plan in force"
)


@dataclass(frozen=True, slots=True)
class Column:
    """A column that is read: its place, its header as written, the unit and the year its header states.

    ``remark`` is why a column that is not read is not.
    """

    index: int
    header: str
    unit: Unit | None = None
    year: int | None = None
    remark: str = "cột này không được đọc / this column is not read"


@dataclass(frozen=True, slots=True)
class Layout:
    """The header rows, their columns by field; ``repeated`` name a field again, ``unread`` name none.

    ``header_row`` is the last of them. ``required`` are the fields that this table has to give.
    """

    header_row: int
    columns: dict[str, Column]
    repeated: tuple[tuple[str, Column], ...]
    unread: tuple[Column, ...]
    first_header_row: int
    required: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Named:
    """What a header names: a field, or nothing that is read."""

    field: str | None
    unit: Unit | None = None
    year: int | None = None
    is_ignored: bool = False
    is_remaining: bool = False


class HeaderMatcher:
    """Knows the header words of one profile."""

    def __init__(self, profile: ImportProfile) -> None:
        shared = profile.shared
        self._profile = profile
        self._fields = lookup({name: field.every_header for name, field in profile.fields.items()})
        self._ignored = {matching_form(word) for word in shared.ignored_headers}
        self._remaining = {matching_form(word) for word in shared.remaining_headers}
        self._joining = {matching_form(word) for word in shared.joining_words}
        self._months = MonthHeaders(profile.months) if profile.months else None
        spellings = [(matching_form(word), unit) for unit in shared.units.values() for word in unit.words]
        self._unit_ends = tuple(f" {word}" for word, _ in spellings)
        self._units = sorted(spellings, key=lambda spelling: len(spelling[0]), reverse=True)
        self._required = tuple(name for name, field in profile.fields.items() if field.required)

    def find(self, grid: Grid) -> Layout | None:
        """The rows that name the most fields, of equals the fewest; ``None`` where none name two."""
        head = _Head(grid)
        best = max(
            (self._layout(head, row, depth) for row, depth in self._candidates(head)),
            key=lambda layout: len(layout.columns),
            default=None,
        )
        return best if best and len(best.columns) >= _FEWEST_HEADERS else None

    def score(self, grid: Grid) -> int:
        """How many fields the best header row names."""
        layout = self.find(grid)
        return len(layout.columns) if layout else 0

    def _candidates(self, head: _Head) -> Iterator[tuple[int, int]]:
        """Last row and number of rows of every header there may be: single rows before joined ones."""
        fixed = self._profile.header_row
        rows = (
            range(len(head.rows)) if fixed == "by-words" else [fixed - 1] if fixed <= len(head.rows) else []
        )
        for depth in range(1, _MOST_HEADER_ROWS + 1):
            yield from ((row, depth) for row in rows if row + 1 >= depth and head.may_be_joined(row, depth))

    def _layout(self, head: _Head, row: int, depth: int) -> Layout:
        columns: dict[str, Column] = {}
        repeated: list[tuple[str, Column]] = []
        unread: list[Column] = []
        last_month: dict[str, int] = {}
        for index in range(head.width(row, depth)):
            texts = head.texts(row, depth, index)
            if not texts:
                continue
            named = self._named(texts)
            name = named.field
            if name and self._months and (month := self._profile.fields[name].spread):
                # January to the right of a later month is that of the next year.
                is_next = month.part == "1" and last_month.get(month.of, 0) > 1
                name = month_field(month.of, MONTHS_TO_CLOSE) if is_next else name
                last_month[month.of] = int(month.part)
            column = Column(index, " > ".join(texts), named.unit, named.year)
            if named.is_remaining:
                unread.append(Column(index, column.header, remark=_REMAINING))
            elif name is None:
                if not named.is_ignored:
                    unread.append(column)
            elif name in columns:
                repeated.append((name, column))
            else:
                columns[name] = column
        required = self._settle_fund_sources(columns, repeated)
        return Layout(row, columns, tuple(repeated), tuple(unread), row - depth + 1, required)

    def _settle_fund_sources(
        self, columns: dict[str, Column], repeated: list[tuple[str, Column]]
    ) -> tuple[str, ...]:
        """With a column for each fund source, a table needs no other amount and no column that names them."""
        amount = self._profile.by_fund_source
        if amount is None:
            return self._required
        total = f"{amount}@{TOTAL}"
        if not any(name.startswith(f"{amount}@") and name != total for name in columns):
            if total in columns and amount not in columns:
                columns[amount] = columns.pop(total)
            return self._required
        if amount in columns and total not in columns:
            columns[total] = columns.pop(amount)
        if FUND_SOURCE in columns:
            repeated.append((FUND_SOURCE, columns[FUND_SOURCE]))
        return tuple(name for name in self._required if name not in (amount, FUND_SOURCE))

    # --- one header ------------------------------------------------------------------------------

    def _named(self, texts: list[str]) -> _Named:
        """What a header names, also with a unit or a year behind: "Số vốn năm 2022 (triệu đồng)"."""
        forms = [matching_form(text) for text in texts]
        if any(form in self._remaining or self._bare(form)[0] in self._remaining for form in forms):
            return _Named(None, is_remaining=True)
        if month := self._months.find(self._without_units(forms)) if self._months else None:
            unit = next((unit for form in reversed(forms) if (unit := self._unit_at_end(form)[1])), None)
            return _Named(month_field(month.of, month.month), unit, month.year)
        for parts in self._joined(forms):
            if (joined := " ".join(parts)) in self._fields:
                return _Named(self._fields[joined])
            bare = [self._bare(part) for part in parts]
            if (joined := " ".join(form for form, _ in bare if form)) in self._fields:
                return _Named(self._fields[joined], next((unit for _, unit in reversed(bare) if unit), None))
        return _Named(None, is_ignored=forms[-1] in self._ignored)

    def _joined(self, forms: list[str]) -> Iterator[list[str]]:
        """The parts that may name a field together: all, all but "trong đó", the ends, the last alone."""
        plain = [form for form in forms if form not in self._joining] or forms
        yield from (forms, plain, [plain[0], plain[-1]], plain[-1:])

    def _bare(self, form: str) -> tuple[str, Unit | None]:
        form, unit = self._unit_at_end(form)
        return _YEAR_AT_END.sub("", form), unit

    def _unit_at_end(self, form: str) -> tuple[str, Unit | None]:
        # Asked of every cell of the head; hardly one has a unit.
        if not form.endswith(self._unit_ends):
            return form, None
        for word, unit in self._units:
            if form.endswith(f" {word}"):
                return form.removesuffix(f" {word}"), unit
        return form, None

    def _without_units(self, forms: list[str]) -> list[str]:
        return [self._unit_at_end(form)[0] for form in forms]


class _Head:
    """The first rows of a sheet as texts, merged cells filled in: what headers are looked for in."""

    def __init__(self, grid: Grid) -> None:
        self.rows = [[_text(cell) for cell in cells] for cells in grid.rows[:_SEARCHED_ROWS]]
        self._numbers = [[_month_text(cell) for cell in cells] for cells in grid.rows[:_SEARCHED_ROWS]]
        self._is_merged: set[int] = set()
        for first_row, first_column, last_row, last_column in grid.merged:
            if first_row < len(self.rows):
                self._fill(first_row, first_column, min(last_row, len(self.rows) - 1), last_column)

    def may_be_joined(self, row: int, depth: int) -> bool:
        """Whether every row of the header holds words: an empty one is none."""
        return depth == 1 or all(any(texts) for texts in self.rows[row - depth + 1 : row + 1])

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
        """The text there; in an upper row without merged cells, that to the left goes on over columns
        which have a text of their own below."""
        text = _at(self.rows[row], column)
        if text or row == lowest or row in self._is_merged or not _below(self, row, column):
            return text
        return next((text for text in reversed(self.rows[row][:column]) if text), "")

    def _fill(self, first_row: int, first_column: int, last_row: int, last_column: int) -> None:
        text = _at(self.rows[first_row], first_column)
        last_column = min(last_column, _MOST_COLUMNS)
        for row in range(first_row, last_row + 1):
            self._is_merged.add(row)
            cells = self.rows[row]
            cells.extend([""] * (last_column + 1 - len(cells)))
            cells[first_column : last_column + 1] = [text] * (last_column + 1 - first_column)


def _below(head: _Head, row: int, column: int) -> bool:
    return row + 1 < len(head.rows) and bool(_at(head.rows[row + 1], column))


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


def title_values(grid: Grid, layout: Layout, pattern: str) -> list[str]:
    """The different texts that ``pattern`` finds above the header rows, in reading order."""
    compiled = re.compile(pattern, re.IGNORECASE)
    found = [
        match[1].strip()
        for text in _title_texts(grid, layout)
        for match in compiled.finditer(text)
        if match[1]
    ]
    return list(dict.fromkeys(found))


def _title_texts(grid: Grid, layout: Layout) -> Iterator[str]:
    for cells in grid.rows[: layout.first_header_row]:
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
