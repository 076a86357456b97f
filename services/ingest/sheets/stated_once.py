"""What a file states once for all its rows: in the title rows, with the upload, or by the profile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from services.ingest.sheets.cell_values import CellReader
from services.ingest.sheets.faults import CellFaultError, Findings, Place
from services.ingest.sheets.grid import Grid
from services.ingest.sheets.profiles.import_profile import ImportProfile, Unit
from services.ingest.sheets.sheet_layout import Column, Layout, title_values
from services.ingest.sheets.unit_words import StatedUnit, UnitWords
from services.runtime.field_faults import choices

UNIT = "unit"
# What the form beside a file may state for all its rows.
GIVEN_WITH_FILE = ("budget_year", "province_code", "as_of", UNIT)


class StatedOnce:
    """Values for empty cells and absent columns: ``given`` with the upload, then the profile's own."""

    def __init__(
        self, given: Mapping[str, str], *, profile: ImportProfile, cells: CellReader, findings: Findings
    ) -> None:
        self._profile = profile
        self._cells = cells
        self._findings = findings
        self._units = UnitWords(profile.shared)
        self._default_unit = self._known_unit(profile.default_unit)
        unstated = profile.unit_if_unstated
        self._unit_if_unstated = None if unstated is None else self._known_unit(unstated)
        self._given_unit: Unit | None = None
        self._profile_values = {
            name: self._read(name, field.if_empty, where=f"profile.{name}")
            for name, field in profile.fields.items()
            if field.if_empty is not None
        }
        self._given = self._read_given(given)

    def of(self, grid: Grid, layout: Layout) -> dict[str, Any]:
        """Field to value for one sheet: its title rows, what was given, the profile's defaults."""
        return self._profile_values | self._given | self._of_title(grid, layout)

    def unit(self, grid: Grid, layout: Layout) -> Unit:
        """The unit of the money columns whose header states none.

        A fault where a unit is stated that is not understood, where two are, and where nobody states one.
        """
        money = [name for name in self._profile.money_fields if name in layout.columns]
        if not money:
            return self._default_unit
        stated = list(self._stated_units(grid, layout))
        for found, where in stated:
            if found.unit is None:
                self._findings.add(
                    "unit-not-understood", where=where, read=found.read, known=self._known_units()
                )
        units = {found.unit.name: found.unit for found, _ in stated if found.unit}
        if self._given_unit:
            units[self._given_unit.name] = self._given_unit
        if len(units) > 1:
            self._disagree(grid, UNIT, list(units))
        if units:
            return next(iter(units.values()))
        bare = [layout.columns[name] for name in money if layout.columns[name].unit is None]
        if bare and all(found.unit for found, _ in stated):
            self._without_unit(grid, layout, bare[0])
        return self._unit_if_unstated or self._default_unit

    def _stated_units(self, grid: Grid, layout: Layout) -> Iterator[tuple[StatedUnit, Place]]:
        """The units that stand around the table, not those of its headers."""
        for row, cells in enumerate(grid.rows[: layout.first_header_row]):
            label = ""
            for index, cell in enumerate(cells):
                if isinstance(cell, str) and cell.strip():
                    text = f"{label} {cell}".strip()
                    label = cell if self._units.is_label(cell) else ""
                    yield from ((found, grid.where(row, index)) for found in self._units.stated(text))
        for column in layout.unread:
            where = grid.where(layout.header_row, column.index, column.header)
            if self._units.is_label(column.header):
                yield StatedUnit(column.header, None), where
            elif found := self._units.alone(column.header):
                yield found, where
        for read, column in layout.unclear_units:
            yield StatedUnit(read, None), grid.where(layout.header_row, column.index, column.header)

    def _without_unit(self, grid: Grid, layout: Layout, column: Column) -> None:
        where = grid.where(layout.header_row, column.index, column.header)
        if self._unit_if_unstated is None:
            self._findings.add("unit-missing", where=where, read=column.header, known=self._known_units())
        else:
            name = self._unit_if_unstated.name
            self._findings.warn(
                where,
                f"không ghi đơn vị tính, theo mẫu là {name} / no unit is stated, by the profile it is {name}",
            )

    def _known_units(self) -> str:
        return ", ".join(unit.name for unit in self._profile.shared.units.values())

    def _read_given(self, given: Mapping[str, str]) -> dict[str, Any]:
        values = {}
        # The unit first: an amount may stand before it.
        for name, text in sorted(given.items(), key=lambda item: item[0] != UNIT):
            where = name
            if name == UNIT:
                self._given_unit = self._profile.unit(text)
                if self._given_unit is None:
                    names = [unit.name for unit in self._profile.shared.units.values()]
                    self._findings.add(
                        "unknown-choice", where=where, read=text, **choices(names, is_all=True)
                    )
            elif name not in self._profile.fields:
                known = ", ".join(
                    field for field in GIVEN_WITH_FILE if field == UNIT or field in self._profile.fields
                )
                self._findings.add("unknown-default", where=where, read=text, known=known)
            elif text.strip():
                values[name] = self._read(name, text, where=where)
                if name in self._profile.money_fields and UNIT not in given:
                    self._findings.add("unit-missing", where=where, read=text, known=self._known_units())
        return values

    def _of_title(self, grid: Grid, layout: Layout) -> dict[str, Any]:
        values = {}
        for name, field in self._profile.fields.items():
            texts = title_values(grid, layout, field.title) if field.title else []
            read = {text: self._read(name, text, where=grid.where()) for text in texts}
            if name in self._given and texts:
                read["(upload)"] = self._given[name]
            if field.fixed is not None and texts:
                read["(profile)"] = self._profile_values[name]
            different = {value: text for text, value in read.items()}
            if len(different) > 1 and name not in layout.columns:
                self._disagree(grid, name, [str(value) for value in different])
            if len(different) == 1:
                values[name] = next(iter(different))
        return values

    def _read(self, name: str, text: str, *, where: Place | str) -> Any:
        try:
            return self._cells.read(name, text, unit=self._given_unit or self._default_unit).value
        except CellFaultError as error:
            self._findings.add(error.code, where=where, read=text, **error.values)
            return None

    def _disagree(self, grid: Grid, column: str, values: list[str]) -> None:
        self._findings.add("title-disagrees", where=grid.where(), column=column, values=", ".join(values))

    def _known_unit(self, word: str) -> Unit:
        unit = self._profile.unit(word)
        if unit is None:
            raise ValueError(f"the profile's unit {word!r} is not among the units")
        return unit
