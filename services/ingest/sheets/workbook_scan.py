"""What the workbook reader does not tell, read from the XML itself with every size bounded.

Error cells, formulas without a stored value, percent formats, merged cells, hidden rows: calamine gives
an empty or a bare cell for them. Nothing is kept in memory but these findings.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field

from services.ingest.sheets import workbook_archive
from services.ingest.sheets.grid import BrokenCell

# Title rows, totals and notes come on top of the rows that are counted.
_ROWS_BESIDE_ITEMS = 1_000
# calamine lays a sheet out as one full rectangle: two far cells in a kilobyte would fill the memory.
_MOST_CELLS_OF_RECTANGLE = 8_000_000
_BUILT_IN_PERCENT_FORMATS = {9, 10}
_REFERENCE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_QUOTED = re.compile(r'"[^"]*"|\\.')

Attributes = dict[str, str]


@dataclass(slots=True)
class SheetScan:
    """Findings of one sheet; cells as (row, column), counted from 0."""

    broken: dict[tuple[int, int], BrokenCell] = field(default_factory=dict)
    percents: set[tuple[int, int]] = field(default_factory=set)
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    hidden_rows: set[int] = field(default_factory=set)
    last_row: int = 0
    last_column: int = 0


def scan(content: bytes, *, max_rows: int) -> dict[str, SheetScan]:
    """The findings of every worksheet by its name, in workbook order.

    Raises ``ProblemError`` as ``workbook_archive.opened`` does, and 413 for cells too far out.
    """
    with workbook_archive.opened(content, max_rows=max_rows) as archive:
        percent_styles = _percent_styles(archive)
        return {
            name: _scan_sheet(archive, member, percent_styles, max_rows)
            for name, member in _sheet_members(archive).items()
        }


def _parse(archive: zipfile.ZipFile, member: str, start: Callable[[str, Attributes], None]) -> None:
    parser = workbook_archive.xml_parser()
    parser.StartElementHandler = lambda name, attributes: start(_local(name), attributes)
    workbook_archive.feed(archive, member, parser)


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _sheet_members(archive: zipfile.ZipFile) -> dict[str, str]:
    """Sheet name to the member that holds it, in workbook order."""
    targets: dict[str, str] = {}
    sheets: dict[str, str] = {}

    def relationship(tag: str, attributes: Attributes) -> None:
        if tag == "Relationship" and attributes.get("Type", "").endswith("/worksheet"):
            targets[attributes["Id"]] = posixpath.normpath(posixpath.join("/xl", attributes["Target"]))[1:]

    def sheet(tag: str, attributes: Attributes) -> None:
        if tag == "sheet":
            relation = next(
                value for name, value in attributes.items() if _local(name) == "id" and ":" in name
            )
            sheets[attributes["name"]] = relation

    _parse(archive, "xl/_rels/workbook.xml.rels", relationship)
    _parse(archive, "xl/workbook.xml", sheet)
    return {name: targets[relation] for name, relation in sheets.items() if relation in targets}


def _percent_styles(archive: zipfile.ZipFile) -> set[int]:
    """Indexes of the cell formats that show a percent sign."""
    if "xl/styles.xml" not in archive.namelist():
        return set()
    percent_formats = set(_BUILT_IN_PERCENT_FORMATS)
    format_of_style: list[int] = []
    inside: list[str] = []

    def style(tag: str, attributes: Attributes) -> None:
        if tag == "numFmt" and "%" in _QUOTED.sub("", attributes.get("formatCode", "")):
            percent_formats.add(int(attributes["numFmtId"]))
        if tag in ("cellXfs", "cellStyleXfs", "cellStyles", "dxfs"):
            inside[:] = [tag]
        if tag == "xf" and inside == ["cellXfs"]:
            format_of_style.append(int(attributes.get("numFmtId", 0)))

    _parse(archive, "xl/styles.xml", style)
    return {index for index, number in enumerate(format_of_style) if number in percent_formats}


def _scan_sheet(archive: zipfile.ZipFile, member: str, percent_styles: set[int], max_rows: int) -> SheetScan:
    handler = _SheetHandler(percent_styles, max_rows + _ROWS_BESIDE_ITEMS)
    parser = workbook_archive.xml_parser()
    parser.StartElementHandler = handler.start
    parser.EndElementHandler = handler.end
    parser.CharacterDataHandler = handler.text
    workbook_archive.feed(archive, member, parser)
    return handler.found


class _SheetHandler:
    """Walks one sheet's XML; a row or cell without a reference follows the one before it."""

    def __init__(self, percent_styles: set[int], most_rows: int) -> None:
        self.found = SheetScan()
        self._percent_styles = percent_styles
        self._most_rows = most_rows
        self._row = self._column = -1
        self._cell: Attributes = {}
        self._has_formula = self._has_value = self._in_value = False
        self._value: list[str] = []

    def start(self, name: str, attributes: Attributes) -> None:
        tag = _local(name)
        if tag == "row":
            self._row = int(attributes["r"]) - 1 if "r" in attributes else self._row + 1
            self._column = -1
            if attributes.get("hidden") in ("1", "true"):
                self.found.hidden_rows.add(self._row)
        elif tag == "c":
            self._begin_cell(attributes)
        elif tag == "f":
            self._has_formula = True
        elif tag in ("v", "is"):
            self._has_value = self._in_value = True
        elif tag == "mergeCell":
            self.found.merged.append(_range(attributes["ref"]))

    def text(self, text: str) -> None:
        if self._in_value and (self._has_formula or self._cell.get("t") == "e"):
            self._value.append(text)

    def end(self, name: str) -> None:
        tag = _local(name)
        if tag in ("v", "is"):
            self._in_value = False
        elif tag == "c":
            self._end_cell()

    def _begin_cell(self, attributes: Attributes) -> None:
        self._cell = attributes
        self._has_formula = self._has_value = False
        self._value.clear()
        if "r" in attributes:
            self._row, self._column = _cell(attributes["r"])
        else:
            self._column += 1

    def _end_cell(self) -> None:
        if not (self._has_value or self._has_formula):
            return
        place = (self._row, self._column)
        value = "".join(self._value)
        kind = self._cell.get("t", "n")
        if kind == "e":
            self.found.broken[place] = BrokenCell("error-cell", value)
        elif self._has_formula and not value and kind != "str":
            self.found.broken[place] = BrokenCell("formula-without-value", "")
        elif kind == "n" and int(self._cell.get("s", 0)) in self._percent_styles:
            self.found.percents.add(place)
        self._grow()

    def _grow(self) -> None:
        found = self.found
        found.last_row = max(found.last_row, self._row)
        found.last_column = max(found.last_column, self._column)
        rectangle = (found.last_row + 1) * (found.last_column + 1)
        if found.last_row >= self._most_rows or rectangle > _MOST_CELLS_OF_RECTANGLE:
            raise workbook_archive.too_many_rows(f"row {found.last_row + 1}, column {found.last_column + 1}")


def _cell(reference: str) -> tuple[int, int]:
    found = _REFERENCE.fullmatch(reference)
    if not found:
        raise ValueError(f"bad cell reference {reference[:20]!r}")
    column = 0
    for letter in found[1]:
        column = column * 26 + ord(letter) - ord("A") + 1
    return int(found[2]) - 1, column - 1


def _range(reference: str) -> tuple[int, int, int, int]:
    first, _, last = reference.partition(":")
    return (*_cell(first), *_cell(last or first))
