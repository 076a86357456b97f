"""Rows without anything to say about them, read the quick way: what a cell says is remembered by column.

Codes, days, words and years come row after row; a column reads each of them once. Whatever is not sound, or
could be something else than an item, is left to ``TableReader``, which says why.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from operator import itemgetter
from typing import Any, Final

from services.ingest.sheets.cell_values import CellReader, check_limit
from services.ingest.sheets.faults import CellFaultError
from services.ingest.sheets.grid import BrokenCell, Cell, Grid, is_empty
from services.ingest.sheets.profiles.import_profile import ImportProfile, Unit
from services.ingest.sheets.sheet_layout import Layout

# A column of names that never come again is remembered this far.
_MOST_REMEMBERED = 10_000
# After so many rows it shows which columns hold few different words.
_SHOWS_AFTER = 500
_FEW = 50


class _Mark:
    """What a column says of a cell instead of a value."""


_EMPTY: Final = _Mark()
_NOT_SOUND: Final = _Mark()


class SoundRows:
    """Reads the sound rows under one header row."""

    def __init__(
        self,
        grid: Grid,
        layout: Layout,
        *,
        profile: ImportProfile,
        cells: CellReader,
        unit: Unit,
        stated: Mapping[str, Any],
        counts_as_item: Sequence[str],
        is_total_label: Callable[[str], bool],
        headed: Set[int],
        most_cells: int | None,
    ) -> None:
        """``counts_as_item``: fields that, filled, make an item of a row without an amount; ``headed``: the
        columns under the header; ``most_cells``: what a row may have, where cells may have been cut."""
        self.amounts: list[tuple[str, int]] = []
        self._stated = {
            name: value for name, value in stated.items() if value is not None and name in profile.fields
        }
        self._columns = [
            _Column(
                name,
                layout.columns[name].index,
                read=cells.reader(
                    name, unit=layout.columns[name].unit or unit, header=layout.columns[name].header
                ),
                whole_amount=(
                    cells.whole_amount(layout.columns[name].unit or unit) if field.type == "money" else None
                ),
                is_amount=field.type in ("money", "percent"),
                if_empty=_NOT_SOUND if name in layout.required and name not in self._stated else _EMPTY,
                is_total_label=is_total_label,
                remembers=not grid.has_booleans,
            )
            for name, field in profile.fields.items()
            if name in layout.columns
        ]
        self._headed = headed
        self._most_cells = most_cells
        self._single = self._columns
        self._few: list[_Column] = []
        self._few_cells: Callable[[list[Cell]], tuple[Cell, ...]] | None = None
        self._known: dict[tuple[Cell, ...], dict[str, Any]] = {}
        self._may_remember = not grid.has_booleans
        self._rows = 0
        self._read_columns = {column.index for column in self._columns}
        self._least_cells = max((column.index + 1 for column in self._columns), default=0)
        self._is_total_label = is_total_label
        self._harmless: set[Cell] = set()
        self._marks_an_item = [
            layout.columns[name].index if name in layout.columns else None
            for name in (*counts_as_item, profile.key)
        ]
        absent = [name for name in layout.required if name not in layout.columns and name not in self._stated]
        self._is_possible = not absent

    def values(self, cells: list[Cell]) -> dict[str, Any] | None:
        """The row's values by field, and its ``amounts``; ``None`` where the row needs a closer look."""
        if not self._is_possible:
            return None
        if len(cells) < self._least_cells:
            cells = [*cells, *[""] * (self._least_cells - len(cells))]
        self._rows += 1
        if self._rows == _SHOWS_AFTER and self._may_remember:
            self._look_up_together()
        values = self._together(cells)
        if values is None:
            return None
        amounts: list[tuple[str, int]] = []
        has_amount = False
        for column in self._single:
            cell = cells[column.index]
            value = column.whole_amount(cell) if column.whole_amount else column.remembered.get(cell)
            if value is None:
                value = column.learn(cell)
            if value is _EMPTY:
                continue
            if value is _NOT_SOUND:
                return None
            values[column.name] = value
            if column.is_amount:
                has_amount = True
                if column.whole_amount:
                    amounts.append((column.name, value))
        if not has_amount and any(at is None or is_empty(cells[at]) for at in self._marks_an_item):
            return None
        if len(cells) > len(self._columns) and not self._others_are_harmless(cells):
            return None
        self.amounts = amounts
        return values

    @property
    def settled(self) -> set[str]:
        """The fields whose cells have shown how their column is written."""
        return {column.name for column in self._columns if column.settles}

    def _look_up_together(self) -> None:
        """Columns of few words are looked up by all of these words at once."""
        few = [each for each in self._columns if not each.is_amount and len(each.remembered) <= _FEW]
        if len(few) > 1:
            self._few = few
            self._single = [each for each in self._columns if each not in few]
            self._few_cells = itemgetter(*(each.index for each in few))

    def _together(self, cells: list[Cell]) -> dict[str, Any] | None:
        """The values of the columns of few words, with what is stated for every row."""
        if self._few_cells is None:
            return self._stated.copy()
        key = self._few_cells(cells)
        values = self._known.get(key)
        if values is None:
            values = self._stated.copy()
            for column in self._few:
                value = column.remembered.get(cells[column.index])
                if value is None:
                    value = column.learn(cells[column.index])
                if value is _NOT_SOUND:
                    return None
                if value is not _EMPTY:
                    values[column.name] = value
            if len(self._known) < _MOST_REMEMBERED:
                self._known[key] = values
        return values.copy()

    def _others_are_harmless(self, cells: list[Cell]) -> bool:
        """Whether no cell that is not read is the label of a total, broken, or under no header."""
        if self._most_cells is not None and len(cells) > self._most_cells:
            return False
        for index, cell in enumerate(cells):
            if index in self._read_columns:
                continue
            if index not in self._headed and not is_empty(cell):
                return False
            if cell in self._harmless:
                continue
            if isinstance(cell, BrokenCell) or (isinstance(cell, str) and self._is_total_label(cell)):
                return False
            if len(self._harmless) < _MOST_REMEMBERED:
                self._harmless.add(cell)
        return True


class _Column:
    """One column that is read, and what its cells have said so far."""

    __slots__ = (
        "_is_total_label", "_read", "_remembers", "if_empty", "index", "is_amount", "name", "remembered",
        "settles", "whole_amount",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        index: int,
        *,
        read: Callable[[Cell], Any],
        whole_amount: Callable[[Cell], int | None] | None,
        is_amount: bool,
        if_empty: _Mark,
        is_total_label: Callable[[str], bool],
        remembers: bool,
    ) -> None:
        self.name = name
        self.index = index
        self.whole_amount = whole_amount
        self.is_amount = is_amount
        self.if_empty = if_empty
        self.remembered: dict[Cell, Any] = {"": if_empty, None: if_empty}
        self.settles = False
        self._read = read
        self._is_total_label = is_total_label
        # TRUE is 1 for a dictionary, and no number for an office.
        self._remembers = remembers

    def learn(self, cell: Cell) -> Any:
        """What a cell says that has not come before."""
        if is_empty(cell):
            return self.if_empty
        if isinstance(cell, str) and self._is_total_label(cell):
            return _NOT_SOUND
        try:
            read = self._read(cell)
            if self.whole_amount:
                check_limit(read.value)
        except CellFaultError:
            return _NOT_SOUND
        if read.doubt:
            return _NOT_SOUND
        self.settles |= read.settles
        if self._remembers and not self.whole_amount and len(self.remembered) < _MOST_REMEMBERED:
            self.remembered[cell] = read.value
        return read.value
