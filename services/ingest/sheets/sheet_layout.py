"""Where a sheet's table is: the header rows by their words, the unit, and what the title rows state."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace

from services.domain.fiscal_calendar import MONTHS_TO_CLOSE
from services.ingest.sheets.grid import Cell, Grid, is_empty
from services.ingest.sheets.header_names import HeaderNames
from services.ingest.sheets.profiles.import_profile import ImportProfile, Unit
from services.ingest.sheets.profiles.profile_expansion import FUND_SOURCE, TOTAL, month_field
from services.ingest.sheets.sheet_head import SheetHead
from services.ingest.sheets.unit_words import UnitWords

_MOST_HEADER_ROWS = 3
_FEWEST_HEADERS = 2
_MOST_ROWS_OF_UNITS = 2
_COLUMN_NUMBER = re.compile(r"\(?(?:\d{1,2}|[A-Za-z])\)?(?:\s*=.*)?")
_FEWEST_COLUMN_NUMBERS = 3
_REMAINING = (
    "cột còn lại không được đọc: hệ thống tự tính từ kế hoạch đang có hiệu lực / "
    "what remains is not read: it is computed from the plan in force"
)


@dataclass(frozen=True, slots=True)
class Column:
    """A column that is read: its place, its header as written, the unit and the years its header states.

    ``heading`` is what stands above the month of its header. ``remark`` is why a column that is not read is
    not; ``is_period`` is one of months or a quarter that is read as none.
    """

    index: int
    header: str
    unit: Unit | None = None
    years: tuple[int, ...] = ()
    heading: str | None = None
    remark: str = "cột này không được đọc / this column is not read"
    is_period: bool = False


@dataclass(frozen=True, slots=True)
class Layout:
    """The header rows, their columns by field; ``repeated`` name a field again, ``unread`` name none.

    ``header_row`` is the last of them, units under it included. ``required`` are the fields that this table
    has to give. ``unclear_units`` are texts and columns of units under the header that are not understood.
    """

    header_row: int
    columns: dict[str, Column]
    repeated: tuple[tuple[str, Column], ...]
    unread: tuple[Column, ...]
    first_header_row: int
    required: tuple[str, ...]
    unclear_units: tuple[tuple[str, Column], ...] = ()


class HeaderMatcher:
    """Knows the header words of one profile."""

    def __init__(self, profile: ImportProfile) -> None:
        self._profile = profile
        self._units = UnitWords(profile.shared)
        self._names = HeaderNames(profile, self._units)
        self._required = tuple(name for name, field in profile.fields.items() if field.required)
        # Not a year: "Năm 2021" over an amount says which one it is.
        self._titles = [
            re.compile(field.title, re.IGNORECASE)
            for field in profile.fields.values()
            if field.title and field.type != "integer"
        ]
        self._amounts = {name for name, f in profile.fields.items() if f.type in ("money", "percent")}

    def find(self, grid: Grid) -> Layout | None:
        """The rows that name the most fields, of equals the fewest, with every row that belongs to them;
        ``None`` where none name two."""
        head = SheetHead(grid)
        best = max(
            (self._layout(head, row, depth) for row, depth in self._candidates(head)),
            key=lambda layout: len(layout.columns),
            default=None,
        )
        if best is None or len(best.columns) < _FEWEST_HEADERS:
            return None
        return self._with_units_below(head, self._whole(head, best))

    def score(self, grid: Grid) -> int:
        """How many fields the best header row names."""
        layout = self.find(grid)
        return len(layout.columns) if layout else 0

    def _candidates(self, head: SheetHead) -> Iterator[tuple[int, int]]:
        """Last row and number of rows of every header there may be: single rows before joined ones."""
        fixed = self._profile.header_row
        rows = (
            range(len(head.rows)) if fixed == "by-words" else [fixed - 1] if fixed <= len(head.rows) else []
        )
        for depth in range(1, _MOST_HEADER_ROWS + 1):
            yield from ((row, depth) for row in rows if row + 1 >= depth and head.may_be_joined(row, depth))

    def _whole(self, head: SheetHead, found: Layout) -> Layout:
        """The header with the rows above and below that belong to it: a part alone says something else.

        Above: cells merged into the header, or a heading over some of its columns. Below: what a heading
        is divided into. Where the profile fixes the header's last row, it is what cells are merged into.
        """
        first, last = found.first_header_row, found.header_row
        columns = found.columns
        words = [column.index for name, column in columns.items() if name not in self._amounts]
        amounts = [column.index for name, column in columns.items() if name in self._amounts]
        left = min(words, default=min(column.index for column in columns.values()))
        is_fixed = self._profile.header_row != "by-words"
        while first > 0 and (
            head.is_merged_across(first - 1)
            or (not is_fixed and self._is_heading(head, first - 1, left, amounts))
        ):
            first -= 1
        while not is_fixed and (head.is_merged_across(last) or self._divides(head, last + 1, left, amounts)):
            last += 1
        if (first, last) == (found.first_header_row, found.header_row):
            return found
        return self._layout(head, last, last - first + 1)

    def _is_heading(self, head: SheetHead, row: int, left: int, amounts: list[int]) -> bool:
        """Whether a row directly above the header stands over some of its columns, and is no title.

        It is one where cells are merged over columns to the right of ``left``, where a text stands over an
        amount, and where nothing but such texts is there.
        """
        over = [text for column, text in head.merged_over_some(row, but_not=left) if column > left]
        written = {column: text for column, text in enumerate(head.written(row)) if text}
        over += [text for column, text in written.items() if column in amounts]
        if written and min(written) > left:
            over += [text for column, text in written.items() if column < head.width(row + 1, 1)]
        return any(not self._units.alone(text) and not self._is_title(text) for text in over)

    def _is_title(self, text: str) -> bool:
        """Whether the text is nothing but what a title states: "Mã tỉnh: 96"."""
        return any(pattern.fullmatch(text.strip("() ")) for pattern in self._titles)

    def _divides(self, head: SheetHead, row: int, left: int, amounts: list[int]) -> bool:
        """Whether a row directly under the header says in words what its amounts are."""
        written = head.written(row)
        if not any(written) or head.has_numbers(row) or (left < len(written) and written[left]):
            return False
        below = [written[column] for column in amounts if column < len(written) and written[column]]
        return any(len(text) > 1 and text[0].isalpha() and not self._units.alone(text) for text in below)

    def _with_units_below(self, head: SheetHead, found: Layout) -> Layout:
        """The columns with the units that rows under the header state, which belong to it then."""
        columns = dict(found.columns)
        unclear: list[tuple[str, Column]] = []
        last = found.header_row
        for row in range(last + 1, last + 1 + _MOST_ROWS_OF_UNITS):
            written = head.written(row)
            stated = {index: each for index, text in enumerate(written) if (each := self._units.alone(text))}
            others = [text for index, text in enumerate(written) if text and index not in stated]
            if not all(text.strip("()[] ") == "%" or _COLUMN_NUMBER.fullmatch(text) for text in others):
                break
            if not stated:
                continue
            last = row
            for name, column in found.columns.items():
                if name not in self._amounts or column.index not in stated:
                    continue
                read, unit = stated[column.index]
                if unit is None or (column.unit and column.unit != unit):
                    unclear.append((read, column))
                columns[name] = replace(column, unit=unit)
        if last == found.header_row:
            return found
        return replace(found, columns=columns, header_row=last, unclear_units=tuple(unclear))

    def _layout(self, head: SheetHead, row: int, depth: int) -> Layout:
        columns: dict[str, Column] = {}
        repeated: list[tuple[str, Column]] = []
        unread: list[Column] = []
        last_month: dict[str, int] = {}
        for index in range(head.width(row, depth)):
            texts = head.texts(row, depth, index)
            if not texts:
                continue
            named = self._names.named(texts)
            name = named.field
            if name and (month := self._profile.fields[name].spread) and self._profile.months:
                # January to the right of a later month is that of the next year.
                is_next = month.part == "1" and last_month.get(month.of, 0) > 1
                name = month_field(month.of, MONTHS_TO_CLOSE) if is_next else name
                last_month[month.of] = int(month.part)
            column = Column(
                index, " > ".join(texts), named.unit, named.years, named.heading, is_period=named.is_period
            )
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


def title_values(grid: Grid, layout: Layout, pattern: str) -> list[str]:
    """The different texts that ``pattern`` finds above the header rows, in reading order."""
    compiled = re.compile(pattern, re.IGNORECASE)
    found = [
        match[1].strip()
        for text in title_texts(grid, layout)
        for match in compiled.finditer(text)
        if match[1]
    ]
    return list(dict.fromkeys(found))


def title_texts(grid: Grid, layout: Layout) -> Iterator[str]:
    """The texts above the header rows."""
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
