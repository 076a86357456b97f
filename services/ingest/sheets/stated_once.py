"""What a file states once for all its rows: in the title rows, with the upload, or by the profile."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.ingest.sheets.cell_values import CellReader
from services.ingest.sheets.faults import CellFaultError, Findings, Place
from services.ingest.sheets.grid import Grid
from services.ingest.sheets.import_profile import ImportProfile, Unit
from services.ingest.sheets.sheet_layout import Layout, title_values
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
        self._default_unit = self._known_unit(profile.default_unit)
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
        """The unit of the money columns whose header states none; noted where nobody states one."""
        stated = [
            unit
            for text in title_values(grid, layout, self._profile.shared.unit_title)
            if (unit := self._leading_unit(text))
        ]
        units = {unit.name: unit for unit in [*stated, *([self._given_unit] if self._given_unit else [])]}
        if len(units) > 1:
            self._disagree(grid, UNIT, list(units))
        if units:
            return next(iter(units.values()))
        bare = [
            name
            for name in self._profile.money_fields
            if name in layout.columns and layout.columns[name].unit is None
        ]
        if bare:
            name = self._default_unit.name
            self._findings.warn(
                grid.where(),
                f"không ghi đơn vị tính, hiểu là {name} / no unit is stated, read as {name}",
            )
        return self._default_unit

    def _read_given(self, given: Mapping[str, str]) -> dict[str, Any]:
        values = {}
        for name, text in given.items():
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

    def _leading_unit(self, text: str) -> Unit | None:
        """The unit a text begins with: "triệu đồng" of "triệu đồng Mẫu số 01"."""
        words = text.split()
        found = (self._profile.unit(" ".join(words[:count])) for count in range(len(words), 0, -1))
        return next((unit for unit in found if unit), None)

    def _known_unit(self, word: str) -> Unit:
        unit = self._profile.unit(word)
        if unit is None:
            raise ValueError(f"the profile's default unit {word!r} is not among the units")
        return unit
