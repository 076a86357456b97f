"""Workbooks: what Excel does to figures, and what hides in a zip file."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from services.ingest.sheets import workbook_archive
from services.ingest.sheets.sheet_rows import ReadFile
from services.runtime.errors import ProblemError
from tests.unit.ingest.reading import (
    STATEMENT_HEADERS,
    amounts,
    both,
    faults,
    fill_statement,
    read,
    saved,
    statement,
    workbook,
)

AMOUNT = both("sheet Sheet1, row 3, column E (Lũy kế giải ngân)")


def _read(content: bytes, **options: Any) -> ReadFile:
    return read(content, file_name="bao-cao.xlsx", **options)


def _read_sheet(fill: Callable[[Any], None], **options: Any) -> ReadFile:
    return _read(workbook(fill), **options)


def _rewritten(content: bytes, change: Callable[[str, bytes], bytes]) -> bytes:
    """The workbook with its members changed."""
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
    return stream.getvalue()


def _problem(content: bytes, *, file_name: str = "bao-cao.xlsx", **options: Any) -> tuple[int, str]:
    with pytest.raises(ProblemError) as caught:
        read(content, file_name=file_name, **options)
    return caught.value.problem.status, caught.value.problem.type.rpartition(":")[2]


def test_cells_are_read_and_rows_named_by_their_sheet() -> None:
    read_back = _read_sheet(lambda sheet: fill_statement(sheet, 113753, 78604.5))
    assert (amounts(read_back), read_back.errors) == ([113_753_000_000, 78_604_500_000], [])
    assert read_back.places == [both("sheet Sheet1, row 3"), both("sheet Sheet1, row 4")]


def test_what_xlsxwriter_writes_is_read() -> None:
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream)
    sheet = book.add_worksheet("Lũy kế")
    sheet.write_row(0, 0, STATEMENT_HEADERS)
    sheet.write_row(1, 0, ["P1", "NSTW", 2022])
    sheet.write_datetime(1, 3, datetime(2022, 7, 31), book.add_format({"num_format": "dd/mm/yyyy"}))  # noqa: DTZ001
    sheet.write_number(1, 4, 5)
    sheet.write_formula(2, 4, "=SUM(E2:E2)", None, 5)
    sheet.write_string(2, 0, "Tổng cộng")
    book.close()
    read_back = _read(stream.getvalue(), defaults={"unit": "tỷ đồng"})
    assert (amounts(read_back), read_back.errors) == ([5 * 10**9], [])
    assert read_back.places == [both("sheet Lũy kế, row 2")]


def test_leading_empty_rows_and_columns_do_not_shift_the_places() -> None:
    def fill(sheet: Any) -> None:
        sheet.cell(3, 3, "Đơn vị tính: triệu đồng")
        for column, text in enumerate(STATEMENT_HEADERS, start=3):
            sheet.cell(5, column, text)
        for column, value in enumerate(["P1", "NSTW", 2022, "31/07/2022", "x"], start=3):
            sheet.cell(6, column, value)

    assert faults(_read_sheet(fill)) == [
        ("not-a-number", both("sheet Sheet1, row 6, column G (Lũy kế giải ngân)"))
    ]


def test_a_voucher_number_typed_as_a_number_is_its_digits() -> None:
    def fill(sheet: Any) -> None:
        fill_statement(sheet, 1)
        sheet["A3"] = 7812345

    assert _read_sheet(fill).items[0].project_code == "7812345"  # type: ignore[union-attr]


def test_noise_of_a_formula_is_not_a_fraction() -> None:
    assert amounts(_read_sheet(lambda sheet: fill_statement(sheet, 12345.600000000002))) == [12_345_600_000]


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (2.0**54, "number-not-exact"),
        (0.0000001, "fraction-of-minor-unit"),
        (True, "not-a-number"),
        (date(2022, 1, 1), "not-a-number"),
        ("#REF!", "error-cell"),
        ("=1+1", "formula-without-value"),
    ],
)
def test_a_cell_that_is_no_amount_is_named(value: object, code: str) -> None:
    assert faults(_read_sheet(lambda sheet: fill_statement(sheet, value))) == [(code, AMOUNT)]


def test_an_error_cell_shows_what_it_holds() -> None:
    (fault,) = _read_sheet(lambda sheet: fill_statement(sheet, "#DIV/0!")).errors
    assert fault.read == "#DIV/0!"


def test_a_row_of_nothing_but_an_error_cell_is_not_an_empty_row() -> None:
    def fill(sheet: Any) -> None:
        fill_statement(sheet, 1)
        sheet["E9"] = "#N/A"

    assert ("error-cell", both("sheet Sheet1, row 9, column E (Lũy kế giải ngân)")) in faults(
        _read_sheet(fill)
    )


def test_a_broken_total_is_told() -> None:
    def fill(sheet: Any) -> None:
        fill_statement(sheet, 1, 2)
        sheet.append(["Tổng cộng", None, None, None, "=SUM(E3:E4)"])

    assert faults(_read_sheet(fill)) == [
        ("formula-without-value", both("sheet Sheet1, row 5, column E (Lũy kế giải ngân)"))
    ]


def test_date_cells_are_days_in_both_of_excels_calendars() -> None:
    for epoch in (None, CALENDAR_MAC_1904):
        book = openpyxl.Workbook()
        if epoch:
            book.epoch = epoch
        fill_statement(book.active, 1)
        book.active["D3"] = date(2022, 5, 31)
        assert _read(saved(book)).items[0].as_of == date(2022, 5, 31)  # type: ignore[union-attr]


def test_a_bare_serial_number_is_no_day() -> None:
    def fill(sheet: Any) -> None:
        fill_statement(sheet, 1)
        sheet["D3"] = 44712

    assert faults(_read_sheet(fill)) == [("not-a-date", both("sheet Sheet1, row 3, column D (Đến ngày)"))]


@pytest.mark.parametrize(("serial", "is_certain"), [(1, False), (59, False), (60, False), (61, True)])
def test_40_a_day_up_to_the_one_that_never_was_is_refused(serial: int, is_certain: bool) -> None:
    def fill(sheet: Any) -> None:
        fill_statement(sheet, 1)
        sheet["D3"] = serial
        sheet["D3"].number_format = "dd/mm/yyyy"

    place = both("sheet Sheet1, row 3, column D (Đến ngày)")
    assert (("ambiguous-date", place) in faults(_read_sheet(fill))) is not is_certain


def test_40_the_same_serials_are_days_where_the_workbook_counts_from_1904() -> None:
    book = openpyxl.Workbook()
    book.epoch = CALENDAR_MAC_1904
    fill_statement(book.active, 1)
    book.active["D3"] = 60
    book.active["D3"].number_format = "dd/mm/yyyy"
    assert _read(saved(book)).items[0].as_of == date(1904, 3, 1)  # type: ignore[union-attr]


def test_a_code_that_excel_made_a_date_is_refused() -> None:
    def fill(sheet: Any) -> None:
        fill_statement(sheet, 1)
        sheet["A3"] = date(2022, 3, 1)

    assert faults(_read_sheet(fill)) == [("not-text", both("sheet Sheet1, row 3, column A (Mã dự án)"))]


@pytest.mark.parametrize(
    ("value", "number_format", "basis_points"),
    [
        (0.2, "0%", 2000),
        (0.0861, "0.00%", 861),
        (0.2, '0.0" %"', 20),
        (20, "General", 2000),
        ("20 %", "General", 2000),
    ],
)
def test_a_percent_is_what_its_workbook_shows(value: object, number_format: str, basis_points: int) -> None:
    def fill(sheet: Any) -> None:
        sheet.append(["Loại", "Phạm vi", "Năm", "Đến ngày", "Tỷ lệ", "Văn bản", "Ngày hiệu lực"])
        sheet.append(["chỉ tiêu", "96", 2022, "31/03/2022", value, "CT 1", "01/01/2022"])
        sheet["E2"].number_format = number_format

    (curve,) = _read_sheet(fill, profile="schedule").items
    assert [point.basis_points for point in curve.points] == [basis_points]  # type: ignore[union-attr]


def test_cells_merged_over_rows_of_figures_are_refused() -> None:
    def fill(sheet: Any) -> None:
        fill_statement(sheet, 1, 2)
        sheet.merge_cells("B3:B4")

    assert ("merged-cells", both("sheet Sheet1, row 3")) in faults(_read_sheet(fill))


def test_merged_titles_and_totals_are_fine() -> None:
    def fill(sheet: Any) -> None:
        fill_statement(sheet, 1, 2)
        sheet.append(["Tổng cộng", None, None, None, 3])
        sheet.merge_cells("A1:E1")
        sheet.merge_cells("A5:D5")

    assert _read_sheet(fill).errors == []


def test_a_hidden_row_is_read_and_named() -> None:
    book = openpyxl.Workbook()
    fill_statement(book.active, 1, 2)
    book.active.row_dimensions[4].hidden = True
    read_back = _read(saved(book))
    assert amounts(read_back) == [1_000_000, 2_000_000]
    assert [warning.partition(":")[0] for warning in read_back.warnings] == [both("sheet Sheet, row 4")]


def test_a_table_on_a_hidden_sheet_is_refused_and_nothing_of_it_read() -> None:
    """A draft that was put away, or figures that nobody would see: either would be booked."""
    book = openpyxl.Workbook()
    fill_statement(book.active, 1)
    lists = book.create_sheet("Danh mục")
    lists["A1"] = "NSTW"
    lists.sheet_state = "hidden"
    assert faults(_read(saved(book))) == []
    draft = book.create_sheet("Nháp")
    fill_statement(draft, 3)
    draft["A3"] = "P3"
    draft.sheet_state = "hidden"
    read_back = _read(saved(book))
    assert faults(read_back) == [("hidden-sheet", both("sheet Nháp"))]
    assert amounts(read_back) == [1_000_000]


def test_a_sheet_without_a_table_is_named() -> None:
    book = openpyxl.Workbook()
    fill_statement(book.active, 1)
    book.create_sheet("Hướng dẫn")["A1"] = "Cách điền"
    book.create_sheet("Trống")
    read_back = _read(saved(book))
    assert len(read_back.items) == 1
    assert [warning.partition(":")[0] for warning in read_back.warnings] == [both("sheet Hướng dẫn")]


# --- files that are not read ----------------------------------------------------------------------

SOUND = workbook(lambda sheet: fill_statement(sheet, 1))
OLE = bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 512


@pytest.mark.parametrize(
    ("content", "file_name"),
    [
        (OLE, "a.xls"),
        (OLE, "a.xlsx"),
        (SOUND, "a.xlsm"),
        (SOUND, "a.csv"),
        (SOUND, "a"),
        (b"not a zip", "a.xlsx"),
        (b"%PDF-1.4", "a.xlsx"),
        (statement("1").encode(), "a.xlsx"),
        (
            _rewritten(SOUND, lambda _, content: content).replace(b"xl/workbook.xml", b"xl/workbooc.xml"),
            "a.xlsx",
        ),
    ],
)
def test_another_kind_of_file_is_refused(content: bytes, file_name: str) -> None:
    assert _problem(content, file_name=file_name) == (415, "unsupported-file")


def test_macros_are_refused_whatever_the_file_is_called() -> None:
    stream = io.BytesIO(SOUND)
    with zipfile.ZipFile(stream, "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"")
    assert _problem(stream.getvalue()) == (415, "unsupported-file")


def test_an_encrypted_member_is_refused() -> None:
    content = bytearray(SOUND)
    for magic, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(magic) + flags] |= 1
    assert _problem(bytes(content)) == (415, "unsupported-file")


def test_a_document_type_is_refused_before_its_entities_unfold() -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'

    def declare(name: str, content: bytes) -> bytes:
        return bomb + content if name == "xl/worksheets/sheet1.xml" else content

    assert _problem(_rewritten(SOUND, declare)) == (400, "malformed-workbook")


@pytest.mark.parametrize("content", [b"PK", b"PK\x03\x04 cut off", SOUND[: len(SOUND) // 2]])
def test_a_damaged_archive_is_a_damaged_workbook(content: bytes) -> None:
    assert _problem(content) == (400, "malformed-workbook")


def test_damaged_xml_is_refused() -> None:
    def cut(name: str, content: bytes) -> bytes:
        return content[:-30] if name == "xl/worksheets/sheet1.xml" else content

    assert _problem(_rewritten(SOUND, cut)) == (400, "malformed-workbook")


def test_a_workbook_that_inflates_too_far_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook_archive, "_BYTES_BESIDE_ROWS", 1_000)
    assert _problem(SOUND, max_rows=1) == (413, "inflates-too-far")


def test_a_member_larger_than_it_declares_is_refused() -> None:
    with zipfile.ZipFile(io.BytesIO(SOUND)) as archive:
        size = archive.getinfo("xl/worksheets/sheet1.xml").file_size
    lie = SOUND.replace(size.to_bytes(4, "little"), (size - 1).to_bytes(4, "little"))
    assert lie != SOUND
    assert _problem(lie) == (413, "inflates-too-far")


@pytest.mark.parametrize("far", ["A1048576", "XFD9000", "ZZ50000"])
def test_34_a_far_cell_is_named_before_the_sheet_is_laid_out(far: str) -> None:
    def fill(sheet: Any) -> None:
        fill_statement(sheet, 1)
        sheet[far] = "x"

    with pytest.raises(ProblemError) as caught:
        _read(workbook(fill), max_rows=100_000)
    (error,) = caught.value.problem.errors
    assert (caught.value.problem.status, error.code, error.read) == (422, "far-cell", far)
    assert error.where == both(f"sheet Sheet1, row {far.lstrip('AXFDZ')}, column {far.rstrip('0123456789')}")


def test_35_a_dimension_that_lies_is_not_believed() -> None:
    def lie(name: str, content: bytes) -> bytes:
        if name != "xl/worksheets/sheet1.xml":
            return content
        return re.sub(rb'<dimension ref="[^"]*"', b'<dimension ref="A1:XFD1048576"', content)

    lying = _rewritten(SOUND, lie)
    assert lying != SOUND
    assert _read(lying).errors == _read(SOUND).errors


def test_33_rows_beyond_the_limit_are_refused_as_they_inflate() -> None:
    row = "".join(f'<c r="{column}{{0}}"><v>1</v></c>' for column in "ABCDE")
    rows = "".join(f'<row r="{number}">{row.format(number)}</row>' for number in range(1, 30_001))

    def blow_up(name: str, content: bytes) -> bytes:
        if name != "xl/worksheets/sheet1.xml":
            return content
        return re.sub(rb"<sheetData>.*</sheetData>", f"<sheetData>{rows}</sheetData>".encode(), content)

    bomb = _rewritten(SOUND, blow_up)
    assert len(bomb) < 500_000
    assert _problem(bomb, max_rows=20_000) == (413, "too-many-rows")


def test_a_workbook_of_too_many_sheets_is_refused() -> None:
    book = openpyxl.Workbook()
    for number in range(200):
        book.create_sheet(f"S{number}")
    assert _problem(saved(book)) == (413, "too-many-sheets")


def test_two_members_of_one_name_are_refused() -> None:
    stream = io.BytesIO(SOUND)
    with zipfile.ZipFile(stream, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("xl/worksheets/sheet1.xml", b"<worksheet/>")
    assert _problem(stream.getvalue()) == (400, "malformed-workbook")


def test_too_many_rows_are_refused() -> None:
    content = workbook(lambda sheet: fill_statement(sheet, 1, 2, 3))
    assert len(_read(content, max_rows=3).items) == 3
    assert _problem(content, max_rows=2) == (413, "too-many-rows")
