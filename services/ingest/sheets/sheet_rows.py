"""A file as an office sends it, read into what it states: every fault at once, nothing guessed in silence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath

from services.ingest.sheets import csv_reader, excel_reader, profile_files, workbook_archive
from services.ingest.sheets.cell_values import CellReader
from services.ingest.sheets.faults import WHOLE_FILE, Findings
from services.ingest.sheets.grid import Grid, is_empty
from services.ingest.sheets.import_profile import ImportProfile
from services.ingest.sheets.row_items import Item, RowItems, StatedRow
from services.ingest.sheets.sheet_layout import HeaderMatcher
from services.ingest.sheets.stated_once import StatedOnce
from services.ingest.sheets.table_reader import TableReader, TableRow
from services.runtime.errors import FieldError, shortened

_CSV_ENDINGS = {".csv", ".tsv", ".txt"}
_ZIP_MAGIC = b"PK\x03\x04"


@dataclass(frozen=True, slots=True)
class ReadFile:
    """What a file states. With any error the items are partial: refuse the file as a whole.

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
    """Read a CSV or XLSX file by the profile ``policy_dir/import/{profile}.yaml``.

    ``defaults`` are texts by field name (and ``unit``) for what the file does not state.
    Raises ``ProblemError``: 415 for a kind of file that is not read, 413 for one that is too large, 400
    for a damaged one; ``FileNotFoundError`` for an unknown profile. Every other fault is in ``errors``.
    """
    wanted = profile_files.load(policy_dir, profile)
    findings = Findings()
    matcher = HeaderMatcher(wanted)
    grids = _grids(content, file_name=file_name, max_rows=max_rows, matcher=matcher)
    rows = _read_tables(
        grids,
        profile=wanted,
        matcher=matcher,
        cells=CellReader(wanted, source=source),
        defaults=defaults,
        findings=findings,
        max_rows=max_rows,
    )
    items = RowItems(wanted, source=source, findings=findings)
    stated = [each for row in rows for each in items.add(row)]
    stated += items.finish()
    _refuse_repeated(stated, findings)
    return ReadFile(
        items=[each.item for each in stated],
        places=[str(each.row.where()) for each in stated],
        errors=findings.faults,
        rows_read=len(rows),
        warnings=findings.warnings,
    )


def _grids(content: bytes, *, file_name: str, max_rows: int, matcher: HeaderMatcher) -> list[Grid]:
    if not content.strip():
        return []
    is_text = PurePath(file_name).suffix.lower() in _CSV_ENDINGS and not content.startswith(_ZIP_MAGIC)
    if is_text:
        return [csv_reader.read(content, max_rows=max_rows, header_score=matcher.score)]
    return excel_reader.read(content, file_name=file_name, max_rows=max_rows)


def _read_tables(
    grids: list[Grid],
    *,
    profile: ImportProfile,
    matcher: HeaderMatcher,
    cells: CellReader,
    defaults: Mapping[str, str],
    findings: Findings,
    max_rows: int,
) -> list[TableRow]:
    """The item rows of every sheet that has a header row; a sheet without one is named, not dropped."""
    stated_once = StatedOnce(defaults, profile=profile, cells=cells, findings=findings)
    rows: list[TableRow] = []
    grids = [grid for grid in grids if not profile.ignores_sheet(grid.name)]
    wanted = [grid for grid in grids if not grid.name or profile.reads_sheet(grid.name)]
    if grids and not wanted:
        seen = ", ".join(grid.name for grid in grids)
        findings.add("sheet-not-found", where=WHOLE_FILE, read=seen, sheet=profile.sheet)
        return rows
    layouts = [(grid, matcher.find(grid)) for grid in wanted]
    for grid, layout in layouts:
        if layout is None:
            if any(not is_empty(cell) for cells_of_row in grid.rows for cell in cells_of_row):
                findings.warn(
                    grid.where(), "không có dòng tiêu đề, không đọc / no header row, so it is not read"
                )
            continue
        table = TableReader(
            grid,
            layout,
            profile=profile,
            cells=cells,
            unit=stated_once.unit(grid, layout),
            stated=stated_once.of(grid, layout),
            findings=findings,
        )
        rows.extend(table.read())
    if not _beginning(grids):
        findings.add("empty-file", where=WHOLE_FILE)
    elif all(layout is None for _, layout in layouts):
        expected = ", ".join(field.headers[0] for field in profile.fields.values() if field.required)
        findings.add("header-not-found", where=WHOLE_FILE, read=_beginning(grids), expected=expected)
    elif not rows:
        findings.add("no-rows", where=WHOLE_FILE)
    if len(rows) > max_rows:
        raise workbook_archive.too_many_rows(f"{len(rows)} > {max_rows}")
    return rows


def _beginning(grids: list[Grid]) -> str:
    texts = [str(cell) for grid in grids for row in grid.rows[:10] for cell in row if not is_empty(cell)]
    return shortened(" | ".join(texts))


def _refuse_repeated(stated: list[StatedRow], findings: Findings) -> None:
    """A reference twice in one file is a slip of the pen: as a duplicate it would vanish from the total."""
    first_row: dict[str, TableRow] = {}
    for each in stated:
        reference = each.item.fact().source_ref
        first = first_row.setdefault(reference, each.row)
        if first is not each.row:
            findings.add("duplicate-row", where=each.row.where(), other=first.place, reference=reference)
