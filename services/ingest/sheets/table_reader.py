"""One sheet's table, row by row: items, totals that must agree with them, and what is neither."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from services.ingest.sheets import numbers
from services.ingest.sheets.cell_values import CellReader, Doubt, check_limit, shown
from services.ingest.sheets.faults import CellFaultError, Findings, Place
from services.ingest.sheets.grid import (
    BrokenCell,
    Cell,
    Grid,
    column_letters,
    headed_columns,
    is_empty,
    matching_form,
)
from services.ingest.sheets.profiles.import_profile import ImportProfile, Unit
from services.ingest.sheets.sheet_layout import Layout, numbers_the_columns
from services.ingest.sheets.sound_rows import SoundRows
from services.ingest.slices import slices

_ROWS_AT_ONCE = 200
# Beside the key of the profile; a total may well be of one owner or province.
_NAMES_AN_ITEM = ("project_code", "scope_code")
# As many as faults are listed, and one.
_MOST_DOUBTFUL = 2_001


class TableRow(NamedTuple):
    """The values of one row by field; ``values`` is ``None`` where a cell of it has a fault."""

    grid: Grid
    layout: Layout
    row: int
    values: Mapping[str, Any] | None
    cells: Sequence[Cell] = ()

    def shown(self, field: str) -> str:
        """The text of the cell of ``field``; empty where the table has no such column."""
        column = self.layout.columns.get(field)
        return "" if column is None or column.index >= len(self.cells) else shown(self.cells[column.index])

    @property
    def place(self) -> str:
        return self.grid.place(self.row)

    def where(self, field: str = "") -> Place:
        """The row, or its cell of ``field``."""
        column = self.layout.columns.get(field)
        if column is None:
            return self.grid.where(self.row)
        return self.grid.where(self.row, column.index, column.header)


class TableReader:
    """Reads the rows under one header row; faults and warnings go to ``findings``."""

    def __init__(
        self,
        grid: Grid,
        layout: Layout,
        *,
        profile: ImportProfile,
        cells: CellReader,
        unit: Unit,
        stated: Mapping[str, Any],
        findings: Findings,
    ) -> None:
        self._grid = grid
        self._layout = layout
        self._profile = profile
        self._cells = cells
        self._unit = unit
        self._stated = stated
        self._findings = findings
        shared = profile.shared
        self._subtotals = {matching_form(label) for label in shared.subtotal_labels}
        self._labels = self._subtotals | {matching_form(label) for label in shared.total_labels}
        self._labels_end_in_digits = any(label[-1:].isdigit() for label in self._labels)
        self._keys = [name for name in (profile.key, *_NAMES_AN_ITEM) if name in profile.fields]
        self._amounts = [n for n, f in profile.fields.items() if f.type in ("money", "percent")]
        self._required = [
            name for name in layout.required if name in layout.columns and name not in self._amounts
        ]
        # Amounts of every row so far, and how much of them a total row has taken up already.
        self._sums = dict.fromkeys(profile.money_fields, 0)
        self._taken_up = dict.fromkeys(profile.money_fields, 0)
        self._amount_seen = False
        self._unsummable: set[str] = set()
        self._total_seen = False
        self._item_rows = array("Q")
        self._headed = headed_columns(grid, layout.first_header_row, layout.header_row)
        self._lacks_columns = any(
            name not in layout.columns and name not in stated for name in layout.required
        )
        # Unquoted, the comma of a number cuts it in two: every comma more than in the header may be one.
        header_rows = grid.rows[layout.first_header_row : layout.header_row + 1]
        self._most_cells = max(map(len, header_rows)) if grid.delimiter == "," else None
        # Doubtful cells by column, until the whole column tells how it is written.
        self._doubtful: dict[str, list[tuple[int, Cell, Doubt]]] = {}
        self._settled: set[str] = set()
        self._sound_rows = SoundRows(
            grid,
            layout,
            profile=profile,
            cells=cells,
            unit=unit,
            stated=stated,
            counts_as_item=tuple(self._required),
            is_total_label=self._is_total_label,
            headed=self._headed,
            most_cells=self._most_cells,
        )

    def read(self) -> Iterator[TableRow]:
        """Every item row in order."""
        self._check_columns()
        totals_on_top: list[tuple[int, list[Cell]]] = []
        # Some rows are taken from the file at a time: see ``FileReading.batches``.
        every_row = (cells for some in slices(self._grid.every_row(), _ROWS_AT_ONCE) for cells in some)
        for row, cells in enumerate(every_row):
            if row <= self._layout.header_row:
                continue
            if (values := self._sound_values(row, cells)) is not None:
                yield TableRow(self._grid, self._layout, row, values, cells)
                continue
            if all(is_empty(cell) for cell in cells):
                continue
            label = self._total_label(cells)
            if label and not self._amount_seen:
                totals_on_top.append((row, cells))
            elif label:
                self._compare_total(row, cells, since_last=label in self._subtotals)
                self._total_seen = True
            elif not self._is_beside_the_table(row, cells):
                yield self._item(row, cells)
        for row, cells in totals_on_top:
            self._compare_total(row, cells, since_last=False)
        self._tell_doubtful()
        self._refuse_merged_items()

    def _sound_values(self, row: int, cells: list[Cell]) -> dict[str, Any] | None:
        """The values of an item without anything to say about it, the quick way: most rows are such."""
        if row == self._layout.header_row + 1 or row in self._grid.hidden_rows:
            return None
        values = self._sound_rows.values(cells)
        if values is not None:
            self._item_rows.append(row)
            for name, minor_units in self._sound_rows.amounts:
                self._add_up(name, minor_units)
        return values

    # --- columns -----------------------------------------------------------------------------

    def _check_columns(self) -> None:
        grid, layout = self._grid, self._layout
        for name, column in layout.repeated:
            where = grid.where(layout.header_row, column.index, column.header)
            first, expected = layout.columns[name], self._profile.fields[name].headers[0]
            if first is column:
                # The fund source is named, and has columns of its own.
                first = next(each for field, each in layout.columns.items() if "@" in field)
            other = f"{column_letters(first.index)} ({first.header})"
            self._findings.add(
                "column-repeated", where=where, read=column.header, column=expected, other=other
            )
        for column in layout.unread:
            where = grid.where(layout.header_row, column.index, column.header)
            self._findings.warn(where, column.remark)
        seen = ", ".join(column.header for column in [*layout.columns.values(), *layout.unread])
        for name in layout.required:
            field = self._profile.fields[name]
            if name not in layout.columns and name not in self._stated:
                self._findings.add(
                    "column-missing",
                    where=grid.where(layout.header_row),
                    column=f"{field.headers[0]} ({name})",
                    seen=seen,
                    expected=", ".join(field.headers),
                )
        for note in grid.notes:
            self._findings.warn(grid.where(), note)

    # --- rows that are no items --------------------------------------------------------------

    def _total_label(self, cells: list[Cell]) -> str:
        """The row's label in matching form where it is one of a total, else empty.

        A row that has what an item is known by is an item, whatever its other cells are called.
        """
        label = ""
        for cell in cells:
            if isinstance(cell, str) and (form := matching_form(cell)) in self._labels:
                label = form
                break
        return label if label and not any(self._is_named(self._cell(cells, n)) for n in self._keys) else ""

    def _is_named(self, cell: Cell) -> bool:
        return not is_empty(cell) and not (isinstance(cell, str) and matching_form(cell) in self._labels)

    def _is_total_label(self, text: str) -> bool:
        # To match a text costs more than all else that is done with a cell.
        if text[-1:].isdigit() and not self._labels_end_in_digits:
            return False
        return matching_form(text) in self._labels

    def _is_beside_the_table(self, row: int, cells: list[Cell]) -> bool:
        """Column numbers, headings of groups, and, under a total, notes and signatures.

        None of them holds an amount: a row that does is an item, and its faults are told.
        """
        if row == self._layout.header_row + 1 and numbers_the_columns(cells):
            return True
        if any(isinstance(cell, BrokenCell) for cell in cells):
            return False
        if any(_may_be_an_amount(self._cell(cells, name)) for name in self._amounts):
            return False
        filled = [not is_empty(self._cell(cells, name)) for name in self._required]
        if self._total_seen:
            return not all(filled)
        if sum(filled) * 2 > len(filled):
            return False
        is_heading = is_empty(self._cell(cells, self._profile.key))
        if is_heading:
            text = next(shown(cell) for cell in cells if not is_empty(cell))
            where = self._grid.where(row)
            self._findings.warn(
                where, f"bỏ qua dòng không có số tiền: {text} / skipped, it has no amount: {text}"
            )
        return is_heading

    def _compare_total(self, row: int, cells: list[Cell], *, since_last: bool) -> None:
        for name in self._profile.money_fields:
            cell = self._cell(cells, name)
            if name not in self._layout.columns or is_empty(cell):
                continue
            printed = self._read(row, name, cell, is_total=True)
            summed = self._sums[name] - (self._taken_up[name] if since_last else 0)
            self._taken_up[name] = self._sums[name]
            if printed is None or name in self._unsummable or printed == summed:
                continue
            self._findings.add(
                "total-mismatch",
                where=self._where(row, name),
                read=shown(cell),
                printed=numbers.written(printed),
                summed=numbers.written(summed),
                difference=numbers.written(abs(printed - summed)),
            )

    # --- items -------------------------------------------------------------------------------

    def _item(self, row: int, cells: list[Cell]) -> TableRow:
        self._item_rows.append(row)
        if any(isinstance(cell, BrokenCell) and cell.code == "unreadable-row" for cell in cells):
            self._findings.add("unreadable-row", where=self._grid.where(row), reason=shown(cells[0]))
            return TableRow(self._grid, self._layout, row, None)
        self._check_surroundings(row, cells)
        values: dict[str, Any] = {}
        is_sound = True
        for name in self._profile.fields:
            cell = self._cell(cells, name)
            if not is_empty(cell):
                values[name] = self._read(row, name, cell)
                is_sound &= values[name] is not None
                if name in self._sums:
                    self._add_up(name, values[name])
            elif self._stated.get(name) is not None:
                values[name] = self._stated[name]
            elif name in self._layout.required:
                is_sound = False
                if name in self._layout.columns:
                    self._findings.add(
                        "missing-value",
                        where=self._where(row, name),
                        column=self._layout.columns[name].header,
                    )
        return TableRow(self._grid, self._layout, row, values if is_sound else None, cells)

    def _read(self, row: int, name: str, cell: Cell, *, is_total: bool = False) -> Any:
        """The cell's value; ``None`` where it has a fault."""
        column = self._layout.columns[name]
        try:
            read = self._cells.read(name, cell, unit=column.unit or self._unit, header=column.header)
            if name in self._sums and not is_total:
                check_limit(read.value)
        except CellFaultError as error:
            self._findings.add(error.code, where=self._where(row, name), read=shown(cell), **error.values)
            return None
        if read.settles:
            self._settled.add(name)
        if read.doubt and not is_total:
            self._note_doubtful(row, name, cell, read.doubt)
        return read.value

    def _note_doubtful(self, row: int, name: str, cell: Cell, doubt: Doubt) -> None:
        doubtful = self._doubtful.setdefault(name, [])
        if len(doubtful) < _MOST_DOUBTFUL:
            doubtful.append((row, cell, doubt))

    def _tell_doubtful(self) -> None:
        settled = self._settled | self._sound_rows.settled
        for name, doubtful in self._doubtful.items():
            for row, cell, (error, remark) in doubtful:
                where = self._where(row, name)
                if name not in settled:
                    self._findings.add(error.code, where=where, read=shown(cell), **error.values)
                elif remark:
                    self._findings.warn(where, f"{shown(cell)} {remark}")

    def _add_up(self, name: str, minor_units: int | None) -> None:
        if minor_units is None:
            # A total over an unreadable amount would only repeat the fault.
            self._unsummable.add(name)
        self._sums[name] += minor_units or 0
        self._amount_seen = True

    def _check_surroundings(self, row: int, cells: list[Cell]) -> None:
        """What a person should know of the row: it is hidden, or a cell that is not read is broken."""
        if row in self._grid.hidden_rows:
            self._findings.warn(self._grid.where(row), "dòng ẩn cũng được đọc / the hidden row is read too")
        self._refuse_beyond_header(row, cells)
        read_columns = {column.index for column in self._layout.columns.values()}
        for index, cell in enumerate(cells):
            if isinstance(cell, BrokenCell) and index not in read_columns:
                self._findings.warn(self._grid.where(row, index), f"ô báo lỗi {cell.read} / an error cell")

    def _refuse_beyond_header(self, row: int, cells: list[Cell]) -> None:
        """What stands under no header may be the rest of a number, or pushed aside by the rest of a name."""
        if self._lacks_columns:
            # A header that was not read whole heads no columns.
            return
        beyond = [
            index for index, cell in enumerate(cells) if index not in self._headed and not is_empty(cell)
        ]
        if not beyond and self._most_cells is not None and len(cells) > self._most_cells:
            beyond = [self._most_cells]
        if beyond:
            where = self._grid.where(row, beyond[0])
            self._findings.add("cells-beyond-header", where=where, read=shown(cells[beyond[0]]))

    def _refuse_merged_items(self) -> None:
        for first_row, first_column, last_row, last_column in self._grid.merged:
            place = bisect_left(self._item_rows, first_row)
            if place < len(self._item_rows) and self._item_rows[place] <= last_row:
                start, end = column_letters(first_column), column_letters(last_column)
                cells = f"{start}{first_row + 1}:{end}{last_row + 1}"
                where = self._grid.where(self._item_rows[place])
                self._findings.add("merged-cells", where=where, cells=cells)

    def _cell(self, cells: list[Cell], name: str) -> Cell:
        column = self._layout.columns.get(name)
        return None if column is None or column.index >= len(cells) else cells[column.index]

    def _where(self, row: int, name: str) -> Place:
        column = self._layout.columns[name]
        return self._grid.where(row, column.index, column.header)


def _may_be_an_amount(cell: Cell) -> bool:
    """Whether the cell holds anything but words: a signature often stands under the amounts."""
    return any(sign.isdigit() for sign in cell) if isinstance(cell, str) else not is_empty(cell)
