"""A refused file comes back marked: cells coloured and noted, its faults in a sheet, the rest as it was."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest
from openpyxl.comments import Comment
from openpyxl.styles import PatternFill

from services.ingest.sheets.child_process import ReadingLimits
from services.ingest.sheets.marking import marked_file
from services.ingest.sheets.marking.marked_file import marked_in_child
from services.ingest.sheets.marking.marked_notes import AUTHOR, FAULT_COLOUR, FAULT_SHEET
from services.ingest.sheets.profiles import import_profile, profile_files
from services.runtime.errors import FieldError
from tests.support.profile_workbooks import workbook
from tests.unit.ingest.reading import POLICY, read

LIMITS = ReadingLimits(seconds=60, memory_bytes=1 << 30)


def _marked(
    content: bytes,
    faults: list[FieldError],
    *,
    file_name: str = "biểu.xlsx",
    limits: ReadingLimits = LIMITS,
) -> tuple[Any, bytes]:
    with marked_in_child(
        io.BytesIO(content), faults, file_name=file_name, max_rows=200_000, limits=limits
    ) as marked:
        written = marked.read()
    return openpyxl.load_workbook(io.BytesIO(written)), written


def _faulty(
    change: Callable[[Any], None], profile: str = "treasury-vouchers"
) -> tuple[bytes, list[FieldError]]:
    content = workbook(profile, change=change)
    faults = read(content, file_name="biểu.xlsx", profile=profile).errors
    assert faults
    return content, faults


def _two_faults(sheet: Any) -> None:
    sheet["G4"] = "7.788,703"
    sheet["E5"] = "NSXX"
    sheet["B6"].fill = PatternFill("solid", start_color="FF00FF00")
    sheet["B6"].number_format = "0.00"
    sheet["A4"].comment = Comment("xem lại", "Kế toán")
    sheet["I3"] = "Gấp đôi"
    sheet["I4"] = "=G4*2"


def _colour(cell: Any) -> str:
    return str(cell.fill.start_color.rgb) if cell.fill.fill_type else ""


def test_faulty_cells_are_coloured_and_say_why_and_the_rest_is_as_it_was() -> None:
    content, faults = _faulty(_two_faults)
    book, _ = _marked(content, faults)
    before = openpyxl.load_workbook(io.BytesIO(content))["Sheet"]
    sheet = book["Sheet"]
    assert [[cell.value for cell in row] for row in sheet.iter_rows()] == [
        [cell.value for cell in row] for row in before.iter_rows()
    ]
    coloured = {cell.coordinate for row in sheet.iter_rows() for cell in row if _colour(cell) == FAULT_COLOUR}
    assert coloured == {"G4", "E5"}
    note = sheet["G4"].comment
    assert note.author == AUTHOR
    for said in (
        "fraction-of-minor-unit",
        "không phải là số đồng chẵn",
        "is not a whole number of đồng",
        "→",
    ):
        assert said in note.text
    assert _colour(sheet["B6"]) == "FF00FF00"
    assert sheet["B6"].number_format == "0.00"
    assert sheet["A4"].comment.text == "xem lại"
    assert sheet["I4"].value == "=G4*2"


def test_a_sheet_lists_every_fault_with_a_link_to_its_cell() -> None:
    content, faults = _faulty(_two_faults)
    book, _ = _marked(content, faults)
    sheet = book.worksheets[0]
    assert sheet.title == FAULT_SHEET
    rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=4)]
    assert [(row[1], row[2], row[6]) for row in rows] == [
        ("Sheet", "G4", "fraction-of-minor-unit"),
        ("Sheet", "E5", "unknown-choice"),
    ]
    assert [sheet.cell(row, 3).hyperlink.location for row in (4, 5)] == ["'Sheet'!G4", "'Sheet'!E5"]
    assert "chưa ghi nhận dòng nào" in sheet["A1"].value


def test_the_name_of_the_fault_sheet_is_one_that_no_profile_reads() -> None:
    profile = profile_files.load(POLICY, "plan")
    assert profile.ignores_sheet(FAULT_SHEET)
    assert isinstance(profile, import_profile.ImportProfile)


def test_a_marked_workbook_is_mended_and_read_again() -> None:
    content, faults = _faulty(_two_faults)
    book, _ = _marked(content, faults)
    book["Sheet"]["G4"] = 7_788_703
    book["Sheet"]["I4"] = None
    stream = io.BytesIO()
    book.save(stream)
    # One fault is left: the mark of the other one goes, the fault sheet is not doubled.
    half = read(stream.getvalue(), file_name="a.xlsx", profile="treasury-vouchers")
    assert [(fault.code, fault.row, fault.column) for fault in half.errors] == [("unknown-choice", 5, "E")]
    again, _ = _marked(stream.getvalue(), half.errors)
    assert _colour(again["Sheet"]["G4"]) == ""
    assert again["Sheet"]["G4"].comment is None
    assert again.sheetnames == [FAULT_SHEET, "Sheet"]
    assert again[FAULT_SHEET].max_row == 4
    again["Sheet"]["E5"] = "NSTW"
    mended = io.BytesIO()
    again.save(mended)
    whole = read(mended.getvalue(), file_name="a.xlsx", profile="treasury-vouchers")
    assert (whole.errors, len(whole.items)) == ([], 3)


def test_a_csv_file_comes_back_as_a_workbook_of_its_rows() -> None:
    text = (
        "Số chứng từ;Ngày chứng từ;Mã dự án;Nguồn vốn;Năm ngân sách;Loại giao dịch;Số tiền (đồng)\n"
        "=1+1;31/05/2022;P1;NSTW;2022;thanh toán;1.500\n"
        "V-2;31/02/2022;P1;NSTW;2022;thanh toán;0012\n"
    ).encode()
    faults = read(text, file_name="a.csv", profile="treasury-vouchers").errors
    book, written = _marked(text, faults, file_name="a.csv")
    sheet = book["CSV"]
    assert (sheet["A2"].value, sheet["A2"].data_type, sheet["G3"].value) == ("=1+1", "s", "0012")
    assert _colour(sheet["B3"]) == FAULT_COLOUR
    assert book[FAULT_SHEET]["C4"].hyperlink.location == "'CSV'!B3"
    again = read(written, file_name="a.xlsx", profile="treasury-vouchers")
    assert [(fault.code, fault.row, fault.column) for fault in again.errors] == [("no-such-day", 3, "B")]


def test_what_a_sender_wrote_is_no_formula_in_the_sheet_of_faults() -> None:
    def change(sheet: Any) -> None:
        sheet["E5"] = '=HYPERLINK("http://x.example","y")'
        sheet["E5"].data_type = "s"
        sheet["E4"] = "+84\x0b".replace("\x0b", "")

    content, faults = _faulty(change)
    book, _ = _marked(content, faults)
    cells = [cell for row in book[FAULT_SHEET].iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} <= {"s"}
    assert [str(cell.value) for cell in cells if str(cell.value).startswith("'=HYPERLINK")]
    assert not [cell for cell in cells if str(cell.value)[0] in "=+-@"]


def test_a_fault_of_a_row_or_of_merged_cells_is_marked_too() -> None:
    def change(sheet: Any) -> None:
        sheet["A6"], sheet["B6"] = "02/RV", 1
        sheet.merge_cells("H4:H5")

    content, faults = _faulty(change)
    assert {fault.code for fault in faults} >= {"merged-cells", "duplicate-row"}
    sheet = _marked(content, faults)[0]["Sheet"]
    assert _colour(sheet["A6"]) == _colour(sheet["A4"]) == FAULT_COLOUR


def test_a_fault_inside_merged_cells_is_marked_where_their_value_is() -> None:
    content = workbook("treasury-vouchers", change=lambda sheet: sheet.merge_cells("A1:G1"))
    fault = FieldError(code="x", where="x", detail="d", mend="m", sheet="Sheet", row=1, column="C")
    sheet = _marked(content, [fault])[0]["Sheet"]
    assert _colour(sheet["A1"]) == FAULT_COLOUR
    assert sheet["A1"].comment.text.startswith("x")


@pytest.mark.parametrize("file_name", ["a.xlsx", "a.csv"])
def test_of_a_file_too_large_for_the_memory_only_the_faulty_rows_come_back(
    monkeypatch: pytest.MonkeyPatch, file_name: str
) -> None:
    lines = [f"V-{n};31/05/2022;P1;NSTW;2022;thanh toán;{n}" for n in range(1, 301)]
    lines[249] = lines[249].replace("NSTW", "=NSXX")
    heads = "Số chứng từ;Ngày chứng từ;Mã dự án;Nguồn vốn;Năm ngân sách;Loại giao dịch;Số tiền (đồng)"
    content = "\n".join([heads, *lines]).encode()
    if file_name == "a.xlsx":
        book = openpyxl.Workbook()
        book.active.title = "Trang 'A'"
        for line in content.decode().splitlines():
            book.active.append(line.split(";"))
            book.active.cell(book.active.max_row, 4).data_type = "s"
        stream = io.BytesIO()
        book.save(stream)
        content = stream.getvalue()
    faults = read(content, file_name=file_name, profile="treasury-vouchers").errors
    monkeypatch.setattr(marked_file, "_MEMORY_OF_XML", 1 << 40)
    monkeypatch.setattr(marked_file, "_MEMORY_OF_CSV", 1 << 40)
    marked, _ = _marked(content, faults, file_name=file_name)
    sheet = marked.worksheets[1]
    assert "dòng trong tệp gốc" in sheet["A1"].value
    rows = {row[0].value: row for row in sheet.iter_rows(min_row=2)}
    assert rows[1][4].value == "Nguồn vốn"
    assert (rows[251][1].value, rows[251][4].value) == ("V-250", "'=NSXX")
    assert rows[251][4].comment.text.startswith("unknown-choice")
    assert len(rows) < 70
    target = marked[FAULT_SHEET]["C4"].hyperlink.location
    assert target.endswith(f"!E{rows[251][4].row}")
    assert "300" not in rows


def test_a_child_that_runs_out_of_memory_is_followed_by_one_that_writes_less(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As much memory as reading needs, and less than openpyxl takes for this many cells."""
    monkeypatch.setattr(marked_file, "_MEMORY_OF_XML", 1)
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("S")
    sheet.append(
        [
            "Số chứng từ",
            "Ngày chứng từ",
            "Mã dự án",
            "Nguồn vốn",
            "Năm ngân sách",
            "Loại giao dịch",
            "Số tiền",
        ]
    )
    for number in range(30_000):
        fund = "NSXX" if number == 29_000 else "NSTW"
        sheet.append([f"V-{number}", "31/05/2022", "P1", fund, 2022, "thanh toán", number + 1])
    stream = io.BytesIO()
    book.save(stream)
    content = stream.getvalue()
    faults = read(content, file_name="a.xlsx", profile="treasury-vouchers", max_rows=50_000).errors
    small = ReadingLimits(seconds=60, memory_bytes=110 << 20)
    marked, _ = _marked(content, faults, limits=small)
    rows = {row[0].value for row in marked["S"].iter_rows(min_row=2)}
    assert 29_002 in rows
    assert len(rows) < 70
