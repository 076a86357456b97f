"""The quick ways of reading say what the slow ones say: models, rows, and the XML of sheets."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from services.contracts.stated import models
from services.domain.disbursement import FigureStatus, MovementKind, Reporter
from services.ingest.sheets import quick_model, sound_rows, workbook_scan
from services.ingest.sheets.plain_rows import PlainRows
from services.ingest.sheets.quick_model import QuickModel
from services.ingest.sheets.sheet_rows import ReadFile
from services.ingest.sheets.sound_rows import SoundRows
from services.runtime.errors import ProblemError
from tests.unit.ingest.reading import read

SOUND: dict[str, Any] = {
    "source": "kbnn.test",
    "source_ref": "V-1/1",
    "project_code": "P1",
    "fund_source": "central",
    "budget_year": 2022,
    "kind": MovementKind.ADVANCE,
    "amount": 5,
    "value_date": date(2022, 3, 1),
}
# Values that are sound somewhere, and such as are equal to them and are something else.
VALUES = st.sampled_from(
    [
        "P1", "p 1", "", " P1 ", "P\u200b1", "central", "advance", "estimate", "VND", "USD", "x" * 300, "5",
        2022, 2022.0, 1999, 5, 5.0, 1, True, 1.0, 0, 10**16, None, date(2022, 3, 1), "2022-03-01",
        MovementKind.ADVANCE, MovementKind.REVERSAL, FigureStatus.ESTIMATE, Reporter.OWNER,
    ]
)  # fmt: skip
NAMES = st.sampled_from([*models.MovementIn.model_fields, "unknown"])


def nothing(*_: Any) -> None:
    """In place of a quick way: it never knows."""


def outcome(make: Any, values: dict[str, Any]) -> Any:
    try:
        return make(values)
    except ValidationError as error:
        return error.errors(include_url=False, include_context=False)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.dictionaries(NAMES, VALUES, max_size=3), min_size=1, max_size=8))
def test_a_model_built_quickly_is_the_model(changes: list[dict[str, Any]]) -> None:
    quick = QuickModel(models.MovementIn)
    # From the third row on, fields are looked up together.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(quick_model, "_SHOWS_AFTER", 3)
        for change in ({}, {}, {}, *changes, *changes):
            values = {**SOUND, **change}
            assert outcome(quick, values) == outcome(lambda given: models.MovementIn(**given), values)


MODELS = (models.MovementIn, models.StatementLineIn, models.PlanRevisionIn, models.ProjectIn, models.OwnerIn)


@pytest.mark.parametrize("model", MODELS)
def test_a_model_of_rows_has_its_quick_way(model: type[BaseModel]) -> None:
    assert QuickModel(model)._fields.keys() == model.model_fields.keys()


def test_rules_that_span_fields_are_left_to_the_model() -> None:
    assert QuickModel(models.BaselinePointIn)._fields == {}
    with pytest.raises(ValidationError, match="one of the two"):
        QuickModel(models.BaselinePointIn)({"date": date(2022, 3, 1)})


def test_a_quick_model_has_the_values_as_the_model_has_them() -> None:
    decomposed = {**SOUND, "source_ref": "  Ho\u0302\u0300 so\u031b ", "amount": "0005"}
    assert QuickModel(models.MovementIn)(decomposed) == models.MovementIn(**decomposed)


@pytest.mark.parametrize("alike", [2022.0, "2022"])
def test_a_value_that_equals_a_sound_one_and_is_another_is_refused(alike: Any) -> None:
    quick = QuickModel(models.MovementIn)
    for number in range(quick_model._SHOWS_AFTER + 2):
        quick({**SOUND, "source_ref": f"V-{number}/1"})
    with pytest.raises(ValidationError, match="budget_year"):
        quick({**SOUND, "budget_year": alike})
    with pytest.raises(ValidationError, match="kind"):
        quick({**SOUND, "kind": "advance"})


# --- rows ----------------------------------------------------------------------------------------

CELLS = st.sampled_from(
    [
        "",
        "P1",
        "P2",
        "NSTW",
        "2022",
        "31/07/2022",
        "1.5",
        "1,234",
        "7.788,703",
        "2",
        "0",
        "-3",
        "x",
        "Cộng",
        "tổng cộng",
        "1",
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(CELLS, min_size=4, max_size=7), max_size=12))
def test_rows_read_quickly_are_the_rows(rows: list[list[str]]) -> None:
    head = ["Mã dự án", "Nguồn vốn", "Năm ngân sách", "Đến ngày", "Lũy kế giải ngân", "Ghi chú"]
    good = [[f"P{number}", "NSTW", "2022", "31/07/2022", "1", ""] for number in range(10, 14)]
    text = "\n".join(";".join(row) for row in (["Đơn vị tính: đồng"], head, *good, *rows, *good[:1]))

    def found() -> ReadFile:
        return read(text.encode(), file_name="a.csv")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sound_rows, "_SHOWS_AFTER", 2)
        quick = found()
        patch.setattr(SoundRows, "values", nothing)
        slow = found()
    assert quick == slow


def test_after_many_sound_rows_what_is_none_is_still_seen() -> None:
    head = "Đơn vị tính: triệu đồng\nMã dự án;Nguồn vốn;Năm ngân sách;Đến ngày;Lũy kế giải ngân;Ghi chú\n"
    many = [f"P{number};NSTW;2022;31/07/2022;1,5;" for number in range(sound_rows._SHOWS_AFTER + 50)]
    doubtful = "Q1;NSTW;2022;31/07/2022;7.788,703;"
    for label in ("Cộng;NSTW;2022;31/07/2022;9;", ";NSTW;2022;31/07/2022;9;Tổng cộng"):
        read_back = read((head + "\n".join([*many, doubtful, label])).encode(), file_name="a.csv")
        assert [error.code for error in read_back.errors] == ["total-mismatch"]
        assert len(read_back.items) == len(many) + 1
        assert any("7.788,703" in warning for warning in read_back.warnings)


# --- the XML of sheets ---------------------------------------------------------------------------

PERCENT_STYLE, SCALED_STYLE = 5, 6
PLAIN = st.builds(
    '<c r="{column}{{row}}"><v>{value}</v></c>'.format,
    column=st.sampled_from(["A", "C", "AB"]),
    value=st.integers(0, 99),
)
ODD = st.sampled_from(
    [
        '<c r="B{row}" t="e"><v>#REF!</v></c>',
        "<c r='B{row}' t='e'><v>#N/A</v></c>",
        '<c r="B{row}" t = "e"><v>#DIV/0!</v></c>',
        '<c t="e"\nr="B{row}"><v>#NUM!</v></c>',
        '<c r="B{row}"><f>1+1</f></c>',
        '<c r="B{row}"><f>1+1</f><v>2</v></c>',
        '<c r="B{row}" s="5"><v>0.2</v></c>',
        '<c s="5" r="B{row}"><v>0.2</v></c>',
        '<c r="B{row}" s="&#53;"><v>0.2</v></c>',
        '<c r="B{row}" t="b"><v>1</v></c>',
        '<c r="B{row}" s="3"/>',
        '<c r="B{row}" s="6"><v>9041600</v></c>',
        '<c r="B{row}"><v>1</v><v>2</v></c>',
        '<c r="B{row}" t="inlineStr"><is><t>1</t></is><v>2</v></c>',
        '<c r="B1"><v>3</v></c>',
        '<c r="B{row}" r="C{row}"><v>3</v></c>',
        '<c r="B{row}" s="03"><v>3</v></c>',
        "<c><v>7</v></c>",
        '<x:c xmlns:x="u" r="B{row}" t="e"><v>#NAME?</v></x:c>',
        '<c r="B{row}" t="inlineStr"><is><t>hidden</t></is></c>',
        '<c r="B{row}"><!-- <c t="e"> --><v>1</v></c>',
    ]
)
ROW_TAGS = st.sampled_from(
    [
        *['<row r="{row}">', '<row r="{row}" spans="1:3" ht="15.5">', "<row>"] * 4,
        '<row r="{row}" hidden="1">',
        '<row spans="1:3" r="{row}">',
        '<row r="{row}" ht="15" ht="16">',
        '<row r="2">',
    ]
)
CELLS_OF_ROW = st.lists(st.one_of(PLAIN, PLAIN, ODD), max_size=3)
# Mostly in the order of their columns: what is not is refused, and hides what comes after it.
ORDERED = CELLS_OF_ROW.map(lambda cells: sorted(set(cells), key=_column_of))
ROWS = st.lists(st.tuples(ROW_TAGS, st.one_of(ORDERED, ORDERED, ORDERED, CELLS_OF_ROW)), max_size=12)


def _column_of(cell: str) -> tuple[int, str]:
    found = re.search(r"r *= *[\"']([A-Z]+)", cell)
    return (len(found[1]), found[1]) if found else (9, "")


def _sheet(rows: list[tuple[str, list[str]]]) -> bytes:
    body = "".join(
        (tag + "".join(cells)).format(row=number) + "</row>"
        for number, (tag, cells) in enumerate(rows, start=1)
    )
    merged = '<mergeCells><mergeCell ref="A1:B2"/></mergeCells>'
    xml = f"<worksheet><sheetData>{body}</sheetData>{merged}</worksheet>"
    styles = (
        '<styleSheet><numFmts><numFmt numFmtId="164" formatCode="#,##0,,"/></numFmts><cellXfs>'
        + '<xf numFmtId="0"/>' * PERCENT_STYLE
        + '<xf numFmtId="9"/><xf numFmtId="164"/></cellXfs></styleSheet>'
    )
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "xl/workbook.xml", '<workbook xmlns:r="r"><sheets><sheet name="S" r:id="a"/></sheets></workbook>'
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels", '<r><Relationship Id="a" Type="x/worksheet" Target="s.xml"/></r>'
        )
        archive.writestr("xl/styles.xml", styles)
        archive.writestr("xl/s.xml", xml)
    return stream.getvalue()


@settings(max_examples=200, deadline=None)
@given(ROWS)
def test_a_sheet_listened_to_in_places_is_the_sheet(rows: list[tuple[str, list[str]]]) -> None:
    content = _sheet(rows)

    def found() -> workbook_scan.SheetScan | str:
        try:
            return workbook_scan.scan(io.BytesIO(content), max_rows=100)["S"]
        except ProblemError as error:
            return re.sub(r"line \d+, column \d+", "", str(error))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(workbook_scan, "_by_rows", _row_by_row)
        quick = found()
        patch.setattr(PlainRows, "of", nothing)
        slow = found()
    assert quick == slow


def _row_by_row(pieces: Any) -> Any:
    """Every row a piece of its own, so that each is plain or not by itself."""
    for piece, whole in _BY_ROWS(pieces):
        if not whole:
            yield piece, whole
            continue
        for row in piece.split(b"</row>")[:-1]:
            yield row + b"</row>", True


_BY_ROWS = workbook_scan._by_rows
