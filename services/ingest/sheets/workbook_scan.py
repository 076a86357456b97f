"""What the workbook reader does not tell, read from the XML itself with every size bounded.

Error cells, formulas without a stored value, formats that show another number than the cell holds, merged
cells, hidden rows: calamine gives an empty or a bare cell for them; of a cell or row that comes twice it
takes the last. Every byte goes through an XML parser, so that damage and document types are refused, or
through one pattern that knows plain rows (``plain_rows``).
"""

from __future__ import annotations

import posixpath
import re
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from services.ingest.sheets import number_formats, workbook_archive
from services.ingest.sheets.faults import Place, fault
from services.ingest.sheets.grid import BrokenCell, column_letters
from services.ingest.sheets.number_formats import OddFormat
from services.ingest.sheets.plain_rows import Plain, PlainRows
from services.ingest.sheets.workbook_archive import Archive
from services.runtime.errors import ProblemError

# Title rows, totals and notes come on top of the rows that are counted.
_ROWS_BESIDE_ITEMS = 1_000
# calamine lays a sheet out as one full rectangle: two far cells in a kilobyte would fill the memory.
_MOST_CELLS_OF_RECTANGLE = 8_000_000
_MOST_COLUMNS = 26 * 27
_MOST_SHEETS = 200
_BUILT_IN_PERCENT_FORMATS = {9, 10}
_REFERENCE = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")
_ROW_NUMBER = re.compile(r"[1-9][0-9]{0,6}")
# A place as one number: the row above these bits, the column in them.
COLUMN_BITS = 14
_END_OF_ROW = b"</row>"
_LONGEST_ROW_BYTES = 1 << 20

Attributes = dict[str, str]


@dataclass(slots=True)
class SheetScan:
    """Findings of one sheet, counted from 0; ``broken``, ``odd`` and ``percents`` by place (``place_of``)."""

    broken: dict[int, BrokenCell] = field(default_factory=dict)
    odd: dict[int, OddFormat] = field(default_factory=dict)
    percents: array[int] = field(default_factory=lambda: array("Q"))
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    hidden_rows: set[int] = field(default_factory=set)
    has_booleans: bool = False


@dataclass(slots=True)
class _Styles:
    """Indexes of the cell formats that show another number than the cell holds."""

    percents: set[int] = field(default_factory=set)
    odd: dict[int, OddFormat] = field(default_factory=dict)


def place_of(row: int, column: int) -> int:
    """A cell as one number; in the order of the rows, then of the columns."""
    return row << COLUMN_BITS | column


def scan(stream: BinaryIO, *, max_rows: int) -> dict[str, SheetScan]:
    """The findings of every worksheet by its name, in workbook order.

    Raises ``ProblemError`` as ``workbook_archive.opened`` does, 413 for too many rows or sheets, and 422
    for a cell that is far out.
    """
    with workbook_archive.opened(stream, max_rows=max_rows) as archive:
        styles = _styles(archive)
        members = _sheet_members(archive)
        if len(members) > _MOST_SHEETS:
            raise _too_many_sheets(len(members))
        found = {
            name: _SheetHandler(name, styles, max_rows + _ROWS_BESIDE_ITEMS).read(archive, member)
            for name, member in members.items()
        }
        archive.count_the_rest()
        return found


def _too_many_sheets(count: int) -> ProblemError:
    return ProblemError(
        413,
        "too-many-sheets",
        "Tệp Excel có quá nhiều trang / the workbook has too many sheets",
        f"{count} trang, nhiều nhất là {_MOST_SHEETS}; hãy chia thành nhiều tệp. / "
        f"{count} sheets, at most {_MOST_SHEETS}; split it into several files.",
    )


def _parse(archive: Archive, member: str, start: Callable[[str, Attributes], None]) -> None:
    parser = workbook_archive.xml_parser()
    parser.StartElementHandler = lambda name, attributes: start(_local(name), attributes)
    for piece in archive.pieces(member):
        parser.Parse(piece, False)
    parser.Parse(b"", True)


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _sheet_members(archive: Archive) -> dict[str, str]:
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


def _styles(archive: Archive) -> _Styles:
    if "xl/styles.xml" not in archive.names:
        return _Styles()
    percent_formats = set(_BUILT_IN_PERCENT_FORMATS)
    odd_formats: dict[int, OddFormat] = {}
    format_of_style: list[int] = []
    inside: list[str] = []

    def style(tag: str, attributes: Attributes) -> None:
        if tag == "numFmt":
            number, code = int(attributes["numFmtId"]), attributes.get("formatCode", "")
            odd = number_formats.odd_format(code)
            if number_formats.shows_percent(code):
                percent_formats.add(number)
            if odd:
                odd_formats[number] = odd
        if tag in ("cellXfs", "cellStyleXfs", "cellStyles", "dxfs"):
            inside[:] = [tag]
        if tag == "xf" and inside == ["cellXfs"]:
            format_of_style.append(int(attributes.get("numFmtId", 0)))

    _parse(archive, "xl/styles.xml", style)
    numbered = list(enumerate(format_of_style))
    return _Styles(
        percents={index for index, number in numbered if number in percent_formats},
        odd={index: odd_formats[number] for index, number in numbered if number in odd_formats},
    )


class _SheetHandler:
    """Walks one sheet's XML; a row or cell without a reference follows the one before it.

    Raises ``ValueError`` for a row, a cell or a value that comes twice, or out of its order.
    """

    def __init__(self, sheet: str, styles: _Styles, most_rows: int) -> None:
        self.found = SheetScan()
        self._sheet = sheet
        self._styles = styles
        self._most_rows = most_rows
        self._most_cells = max(_MOST_CELLS_OF_RECTANGLE, 26 * most_rows)
        self._plain_rows = PlainRows({*styles.percents, *styles.odd})
        self._row = self._column = -1
        self._last_row = self._last_column = 0
        self._rows_with_values = self._tables = 0
        self._cell: Attributes = {}
        self._has_formula = self._has_value = self._in_value = self._in_cell = False
        self._value: list[str] = []
        # Cells of one code and text are one object, however many there are.
        self._broken_alike: dict[tuple[str, str], BrokenCell] = {}

    def read(self, archive: Archive, member: str) -> SheetScan:
        """The findings of the whole sheet."""
        parser = workbook_archive.xml_parser()
        for piece, is_whole_rows in _by_rows(archive.pieces(member)):
            plain = self._plain_rows.of(piece) if is_whole_rows else None
            # Which of its cells is too far out, the parser tells.
            if plain and not self._has_room(plain.last_row, plain.last_column):
                plain = None
            if plain:
                self._pass_over(plain)
                if plain.is_sound_xml:
                    continue
            parser.StartElementHandler = None if plain else self.start
            parser.EndElementHandler = None if plain else self.end
            parser.CharacterDataHandler = None if plain else self.text
            parser.Parse(piece, False)
        parser.Parse(b"", True)
        return self.found

    def _pass_over(self, plain: Plain) -> None:
        if plain.first_row <= self._row:
            raise ValueError(f"row {plain.first_row + 1} comes twice or out of order")
        self._row = plain.end_row
        if plain.rows:
            self._rows_with_values += plain.rows - (plain.last_row > self._last_row)
            self._grow(plain.last_row, plain.last_column)

    def start(self, name: str, attributes: Attributes) -> None:
        tag = _local(name)
        if tag == "row":
            self._begin_row(attributes)
        elif tag == "c":
            self._begin_cell(attributes)
        elif tag == "f":
            self._has_formula = True
        elif tag in ("v", "is"):
            if self._in_cell and self._has_value:
                raise ValueError(f"two values in one cell of row {self._row + 1}")
            self._has_value = self._in_value = True
        elif tag == "mergeCell":
            self.found.merged.append(_range(attributes["ref"]))
        elif tag == "sheetData":
            self._tables += 1
            if self._tables > 1:
                raise ValueError("the rows of a sheet come twice")

    def text(self, text: str) -> None:
        if self._in_value and (self._has_formula or self._cell.get("t") == "e"):
            self._value.append(text)

    def end(self, name: str) -> None:
        tag = _local(name)
        if tag in ("v", "is"):
            self._in_value = False
        elif tag == "c":
            self._end_cell()

    def _begin_row(self, attributes: Attributes) -> None:
        row = _row(attributes["r"]) if "r" in attributes else self._row + 1
        if row <= self._row:
            raise ValueError(f"row {row + 1} comes twice or out of order")
        self._row, self._column = row, -1
        if attributes.get("hidden") in ("1", "true"):
            self.found.hidden_rows.add(row)

    def _begin_cell(self, attributes: Attributes) -> None:
        self._cell = attributes
        self._in_cell, self._has_formula, self._has_value = True, False, False
        self._value.clear()
        row, column = _cell(attributes["r"]) if "r" in attributes else (self._row, self._column + 1)
        if row != self._row or column <= self._column:
            raise ValueError(f"cell {column_letters(column)}{row + 1} comes twice or out of order")
        self._column = column

    def _end_cell(self) -> None:
        self._in_cell = False
        if not (self._has_value or self._has_formula):
            return
        self._grow(self._row, self._column)
        place = place_of(self._row, self._column)
        value = "".join(self._value)
        kind = self._cell.get("t", "n")
        if kind == "e":
            self._note_broken(place, "error-cell", value)
        elif self._has_formula and not value and kind != "str":
            self._note_broken(place, "formula-without-value", "")
        elif kind == "n":
            self._note_format(place, int(self._cell.get("s", 0)))
        elif kind == "b":
            self.found.has_booleans = True

    def _note_format(self, place: int, style: int) -> None:
        if style in self._styles.odd:
            self.found.odd[place] = self._styles.odd[style]
        elif style in self._styles.percents:
            self.found.percents.append(place)

    def _note_broken(self, place: int, code: str, value: str) -> None:
        broken = BrokenCell(code, value)
        self.found.broken[place] = self._broken_alike.setdefault((code, value), broken)

    def _grow(self, row: int, column: int) -> None:
        """Raises ``ProblemError``: 413 where the sheet is that long, 422 where one cell makes it so."""
        has_room = self._has_room(row, column)
        if row > self._last_row:
            self._rows_with_values += 1
            self._last_row = row
        self._last_column = max(self._last_column, column)
        if has_room:
            return
        if column < _MOST_COLUMNS and self._rows_with_values * 2 > row:
            raise workbook_archive.too_many_rows(f"row {row + 1}, column {column + 1}")
        raise _far_cell(self._sheet, row, column)

    def _has_room(self, row: int, column: int) -> bool:
        """Whether the sheet with a cell there can be laid out."""
        rectangle = (max(row, self._last_row) + 1) * (max(column, self._last_column) + 1)
        return row < self._most_rows and column < _MOST_COLUMNS and rectangle <= self._most_cells


def _by_rows(pieces: Iterator[bytes]) -> Iterator[tuple[bytes, bool]]:
    """The pieces cut after the ends of rows, and whether a piece is nothing but whole rows.

    What stands before the first row's end is not, nor what follows the last, nor endless rows.
    """
    held, is_start = b"", True
    for piece in pieces:
        held += piece
        end = held.rfind(_END_OF_ROW)
        if end >= 0:
            end += len(_END_OF_ROW)
            first = held.find(_END_OF_ROW) + len(_END_OF_ROW) if is_start else 0
            if first:
                yield held[:first], False
            if end > first:
                yield held[first:end], True
            held, is_start = held[end:], False
        elif len(held) > _LONGEST_ROW_BYTES:
            yield held, False
            held, is_start = b"", True
    yield held, False


def _far_cell(sheet: str, row: int, column: int) -> ProblemError:
    place = Place(sheet=sheet, row=row + 1, column=column_letters(column))
    return ProblemError(
        422,
        "invalid",
        "Không nhận được tệp này / the file cannot be accepted",
        errors=[fault("far-cell", where=place, read=f"{column_letters(column)}{row + 1}")],
    )


def _cell(reference: str) -> tuple[int, int]:
    found = _REFERENCE.fullmatch(reference)
    if not found:
        raise ValueError(f"bad cell reference {reference[:20]!r}")
    column = 0
    for letter in found[1]:
        column = column * 26 + ord(letter) - ord("A") + 1
    return int(found[2]) - 1, column - 1


def _row(number: str) -> int:
    if not _ROW_NUMBER.fullmatch(number):
        raise ValueError(f"bad row number {number[:20]!r}")
    return int(number) - 1


def _range(reference: str) -> tuple[int, int, int, int]:
    first, _, last = reference.partition(":")
    return (*_cell(first), *_cell(last or first))
