"""A file as an office sends it, read into what it states: every fault at once, nothing guessed in silence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath

from pydantic import ValidationError

from services.ingest.sheets import csv_reader, excel_reader, import_profile, row_items, workbook_archive
from services.ingest.sheets.cell_values import CellReader
from services.ingest.sheets.faults import FAULTS, WHOLE_FILE, Findings
from services.ingest.sheets.grid import Grid, is_empty
from services.ingest.sheets.import_profile import ImportProfile
from services.ingest.sheets.row_items import CURVE_FIELDS, REPEATED_FIELDS, ROW_ITEMS, SCHEDULE_KIND, Item
from services.ingest.sheets.sheet_layout import HeaderMatcher
from services.ingest.sheets.stated_once import StatedOnce
from services.ingest.sheets.table_reader import TableReader, TableRow
from services.runtime.errors import FieldError, shortened
from services.runtime.field_faults import plain_message

KINDS = (*ROW_ITEMS, SCHEDULE_KIND)

_CSV_ENDINGS = {".csv", ".tsv", ".txt"}
_ZIP_MAGIC = b"PK\x03\x04"
# Shares up to 1 % all along are more likely fractions (0,2 for 20 %).
_LIKELY_A_FRACTION_BASIS_POINTS = 100


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
    kind: str,
    source: str,
    defaults: Mapping[str, str],
    policy_dir: Path,
    max_rows: int,
) -> ReadFile:
    """Read a CSV or XLSX file of ``kind`` by the profile ``policy_dir/import/{kind}.yaml``.

    ``defaults`` are texts by field name (and ``unit``) for what the file does not state.
    Raises ``ProblemError``: 415 for a kind of file that is not read, 413 for one that is too large, 400
    for a damaged one; ``ValueError`` for an unknown ``kind``. Every other fault is in ``errors``.
    """
    if kind not in KINDS:
        raise ValueError(f"no kind of file {kind!r}; known: {', '.join(KINDS)}")
    profile = import_profile.load(policy_dir, kind)
    findings = Findings()
    matcher = HeaderMatcher(profile)
    grids = _grids(content, file_name=file_name, max_rows=max_rows, matcher=matcher)
    rows = _read_tables(
        grids,
        profile=profile,
        matcher=matcher,
        cells=CellReader(profile, source=source),
        defaults=defaults,
        findings=findings,
        max_rows=max_rows,
    )
    if kind == SCHEDULE_KIND:
        stated = _curves(rows, source=source, findings=findings)
    else:
        stated = _items(rows, kind=kind, source=source, findings=findings)
    _refuse_repeated(stated, findings)
    return ReadFile(
        items=[item for _, item in stated],
        places=[str(row.where()) for row, _ in stated],
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
    layouts = [(grid, matcher.find(grid)) for grid in grids]
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


def _items(
    rows: list[TableRow], *, kind: str, source: str, findings: Findings
) -> list[tuple[TableRow, Item]]:
    make = ROW_ITEMS[kind]
    stated: list[tuple[TableRow, Item]] = []
    for row in rows:
        if row.values is None:
            continue
        try:
            stated.append((row, make(row.values, source=source)))
        except ValidationError as error:
            _note_refusal(error, row, findings)
    return stated


def _curves(rows: list[TableRow], *, source: str, findings: Findings) -> list[tuple[TableRow, Item]]:
    """Rows that repeat kind, scope, year and decision are the points of one curve."""
    curves: dict[tuple[object, ...], list[TableRow]] = {}
    for row in rows:
        if row.values is not None and _is_point(row, findings):
            curves.setdefault(tuple(row.values[name] for name in CURVE_FIELDS), []).append(row)
    stated: list[tuple[TableRow, Item]] = []
    for first, *others in curves.values():
        _refuse_disagreement(first, others, findings)
        values = [row.values for row in (first, *others) if row.values is not None]
        if max(value.get("share", 10_000) for value in values) <= _LIKELY_A_FRACTION_BASIS_POINTS:
            findings.warn(
                first.where(),
                "mọi tỷ lệ đều không quá 1 %: 0,2 có nghĩa là 20 %? / "
                "no share is above 1 %: is 0.2 meant as 20 %?",
            )
        try:
            stated.append((first, row_items.schedule(values, source=source)))
        except ValidationError as error:
            _note_refusal(error, first, findings)
    return stated


def _is_point(row: TableRow, findings: Findings) -> bool:
    try:
        row_items.point(row.values or {})
    except ValidationError as error:
        _note_refusal(error, row, findings)
        return False
    return True


def _refuse_disagreement(first: TableRow, others: list[TableRow], findings: Findings) -> None:
    for row in others:
        for name in REPEATED_FIELDS:
            if row.values and first.values and row.values.get(name) != first.values.get(name):
                findings.add(
                    "schedule-disagrees",
                    where=row.where(name),
                    read=row.values.get(name),
                    column=name,
                    other=first.place,
                )


def _note_refusal(error: ValidationError, row: TableRow, findings: Findings) -> None:
    """The model's refusal, at the cell its field was read from."""
    column_of = {"source_ref": "voucher", "basis_points": "share"}
    for refused in error.errors(include_url=False):
        name = str(refused["loc"][0]) if refused["loc"] else ""
        where = row.where(column_of.get(name, name))
        code = refused["type"].replace("_", "-")
        if code in FAULTS:
            findings.add(code, where=where, read=refused["input"], **refused.get("ctx", {}))
        else:
            reason = f"{name}: {plain_message(refused)}"
            findings.add("refused", where=where, read=refused["input"], reason=reason)


def _refuse_repeated(stated: list[tuple[TableRow, Item]], findings: Findings) -> None:
    """A reference twice in one file is a slip of the pen: as a duplicate it would vanish from the total."""
    first_row: dict[str, TableRow] = {}
    for row, item in stated:
        reference = item.fact().source_ref
        first = first_row.setdefault(reference, row)
        if first is not row:
            findings.add("duplicate-row", where=row.where(), other=first.place, reference=reference)
