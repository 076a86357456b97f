"""A file as an office sends it, read into what it states: every fault at once, nothing guessed in silence.

Rows go through one at a time: the reader gives rows of cells (``csv_reader``, ``excel_reader``), the table's
layout makes them values by field (``table_reader``), the kind of row makes these items (``row_items``: the
seam between the two), and each item is handed on. Nothing here holds a whole file.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import BinaryIO

from services.domain.validation import Fact
from services.ingest.sheets import csv_reader, excel_reader, workbook_archive
from services.ingest.sheets.cell_values import CellReader
from services.ingest.sheets.faults import WHOLE_FILE, Findings
from services.ingest.sheets.grid import Grid, is_empty
from services.ingest.sheets.profiles import profile_files
from services.ingest.sheets.row_items import Item, RowItems, StatedRow
from services.ingest.sheets.sheet_layout import HeaderMatcher, Layout
from services.ingest.sheets.stated_once import StatedOnce
from services.ingest.sheets.table_reader import TableReader, TableRow
from services.ingest.slices import slices
from services.runtime.errors import FieldError, shortened

_CSV_ENDINGS = {".csv", ".tsv", ".txt"}
_ZIP_MAGIC = b"PK\x03\x04"
_CHUNK_BYTES = 1 << 16
_ROWS_SHOWN = 10
_ROWS_AT_ONCE = 200


class FileReading:
    """Goes once through a CSV or XLSX file by the profile ``policy_dir/import/{profile}.yaml``.

    ``defaults`` are texts by field name (and ``unit``) for what the file does not state. ``findings`` and
    ``rows_read`` (of items, faulty ones too) are whole when ``facts`` has come to its end.
    """

    def __init__(
        self,
        stream: BinaryIO,
        *,
        file_name: str,
        profile: str,
        source: str,
        defaults: Mapping[str, str],
        policy_dir: Path,
        max_rows: int,
    ) -> None:
        """Raises ``FileNotFoundError`` for an unknown profile."""
        self.findings = Findings()
        self.rows_read = 0
        self._stream = stream
        self._file_name = file_name
        self._source = source
        self._max_rows = max_rows
        self._profile = profile_files.load(policy_dir, profile)
        self._matcher = HeaderMatcher(self._profile)
        self._cells = CellReader(self._profile, source=source)
        self._once = StatedOnce(defaults, profile=self._profile, cells=self._cells, findings=self.findings)
        # The row that stated a reference first: its sheet and number, for the place of the second one.
        self._first_of: dict[tuple[str, str], tuple[Grid, int]] = {}

    def facts(self) -> Iterator[tuple[StatedRow, Fact]]:
        """What the file states, in order, each with its row. With any fault it is not all: refuse the file.

        Raises ``ProblemError``: 415 for a kind of file that is not read, 413 for one that is too large, 400
        for a damaged one. Every other fault is in ``findings``.
        """
        for batch in self.batches():
            yield from batch

    def batches(self) -> Iterator[list[tuple[StatedRow, Fact]]]:
        """``facts``, some rows at a time. One step for many rows takes half the time of many steps for each
        row in turn: the processor keeps what it needs for the step."""
        items = RowItems(self._profile, source=self._source, findings=self.findings)
        for rows in slices(self._rows(), _ROWS_AT_ONCE):
            stated = [each for row in rows for each in items.add(row)]
            yield [(each, self._once_only(each)) for each in stated]
        for some in slices(items.finish(), _ROWS_AT_ONCE):
            yield [(each, self._once_only(each)) for each in some]

    def _once_only(self, stated: StatedRow) -> Fact:
        """A reference twice in one file is a slip of the pen: a duplicate would vanish from the total."""
        fact = stated.item.fact()
        row = stated.row
        grid, first = self._first_of.setdefault((fact.source, fact.source_ref), (row.grid, row.row))
        if first != row.row or grid is not row.grid:
            self.findings.add(
                "duplicate-row", where=row.where(), other=grid.place(first), reference=fact.source_ref
            )
        return fact

    def _rows(self) -> Iterator[TableRow]:
        """The item rows of every sheet that has a header row; a sheet without one is named, not dropped."""
        profile, findings = self._profile, self.findings
        names: list[str] = []
        beginning: list[str] = []
        is_wanted = has_table = False
        for grid in self._grids():
            if profile.ignores_sheet(grid.name):
                continue
            names.append(grid.name)
            beginning += (str(cell) for row in grid.rows[:_ROWS_SHOWN] for cell in row if not is_empty(cell))
            if grid.name and not profile.reads_sheet(grid.name):
                continue
            is_wanted = True
            layout = self._matcher.find(grid)
            if layout is not None and grid.is_hidden:
                # A draft that was put away, or figures that nobody would see: either would be booked.
                has_table = True
                findings.add("hidden-sheet", where=grid.where(), read=grid.name)
            elif layout is not None:
                has_table = True
                yield from self._counted(self._table(grid, layout))
            elif any(not is_empty(cell) for row in grid.every_row() for cell in row):
                findings.warn(
                    grid.where(), "không có dòng tiêu đề, không đọc / no header row, so it is not read"
                )
        if names and not is_wanted:
            findings.add("sheet-not-found", where=WHOLE_FILE, read=", ".join(names), sheet=profile.sheet)
        elif not beginning:
            findings.add("empty-file", where=WHOLE_FILE)
        elif not has_table:
            expected = ", ".join(field.headers[0] for field in profile.fields.values() if field.required)
            read = shortened(" | ".join(beginning))
            findings.add("header-not-found", where=WHOLE_FILE, read=read, expected=expected)
        elif not self.rows_read and not findings.is_faulty:
            findings.add("no-rows", where=WHOLE_FILE)

    def _table(self, grid: Grid, layout: Layout) -> TableReader:
        return TableReader(
            grid,
            layout,
            profile=self._profile,
            cells=self._cells,
            unit=self._once.unit(grid, layout),
            stated=self._once.of(grid, layout),
            findings=self.findings,
        )

    def _counted(self, table: TableReader) -> Iterator[TableRow]:
        for row in table.read():
            self.rows_read += 1
            if self.rows_read > self._max_rows:
                raise workbook_archive.too_many_rows(f"> {self._max_rows}")
            yield row

    def _grids(self) -> Iterator[Grid]:
        if not _holds_anything(self._stream):
            return
        self._stream.seek(0)
        is_archive = self._stream.read(len(_ZIP_MAGIC)) == _ZIP_MAGIC
        if PurePath(self._file_name).suffix.lower() in _CSV_ENDINGS and not is_archive:
            yield csv_reader.read(self._stream, max_rows=self._max_rows, header_score=self._matcher.score)
        else:
            yield from excel_reader.read(self._stream, file_name=self._file_name, max_rows=self._max_rows)


@dataclass(frozen=True, slots=True)
class ReadFile:
    """What a file states, held as a whole. With any error the items are partial: refuse it as a whole.

    ``places`` names the row of each item in words (of a curve its first row); ``rows_read`` counts the rows
    that are items, faulty ones too.
    """

    items: list[Item]
    places: list[str]
    errors: list[FieldError]
    rows_read: int
    warnings: list[str]


def read_file(
    content: bytes,
    *,
    file_name: str,
    profile: str,
    source: str,
    defaults: Mapping[str, str],
    policy_dir: Path,
    max_rows: int,
) -> ReadFile:
    """Read a file in this process, as ``FileReading`` does: for files that are known to do no harm."""
    reading = FileReading(
        io.BytesIO(content),
        file_name=file_name,
        profile=profile,
        source=source,
        defaults=defaults,
        policy_dir=policy_dir,
        max_rows=max_rows,
    )
    stated = [each for each, _ in reading.facts()]
    return ReadFile(
        items=[each.item for each in stated],
        places=[str(each.row.where()) for each in stated],
        errors=reading.findings.faults,
        rows_read=reading.rows_read,
        warnings=reading.findings.warnings,
    )


def _holds_anything(stream: BinaryIO) -> bool:
    """Whether there is more in the stream than white space."""
    stream.seek(0)
    while chunk := stream.read(_CHUNK_BYTES):
        if chunk.strip():
            return True
    return False
