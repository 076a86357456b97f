"""What could be read as another amount than was meant is refused, by the quick ways too."""

from __future__ import annotations

import io
import re
import zipfile
from typing import Any

import pytest

from services.ingest.sheets.number_formats import odd_format
from services.ingest.sheets.sheet_rows import ReadFile
from services.runtime.errors import ProblemError
from tests.unit.ingest.reading import (
    STATEMENT_HEADERS,
    amounts,
    both,
    faults,
    fill_statement,
    read,
    read_text,
    statement,
    workbook,
)

MANY = 3_000
AMOUNT = both("row 3, column E (Lũy kế giải ngân)")


def _read_sheet(fill: Any, **options: Any) -> ReadFile:
    return read(workbook(fill), file_name="a.xlsx", max_rows=2 * MANY, **options)


def _rewritten(content: bytes, member: str, old: str, new: str) -> bytes:
    """The workbook with the first ``old`` in one of its members made ``new``."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as before, zipfile.ZipFile(stream, "w") as after:
        for name in before.namelist():
            text = before.read(name)
            if name == member:
                changed = re.sub(old.encode(), new.encode(), text, count=1)
                assert changed != text
                text = changed
            after.writestr(name, text)
    return stream.getvalue()


# --- formats that show another number --------------------------------------------------------------


@pytest.mark.parametrize(
    ("number_format", "shown"),
    [
        ("#,##0,,", "9"),
        ('0.0,," tr"', "9,0"),
        ("#,##0,", "9.042"),
        ("#,##0,.00", "9.041,60"),
        ('_-* #,##0,,_-;-* #,##0,,_-;_-* "-"_-', "9"),
        ("[$-409]#,##0,_);(#,##0,)", "9.042"),
        ('#,##0".000"', "9.041.600.000"),
        (r"#,##0\.000", None),
    ],
)
def test_a_format_that_shows_another_number_is_refused(number_format: str, shown: str | None) -> None:
    def fill(sheet: Any) -> None:
        fill_statement(sheet, 9_041_600)
        sheet["E3"].number_format = number_format

    read_back = _read_sheet(fill)
    if shown is None:
        assert amounts(read_back) == [9_041_600_000_000]
        return
    (fault,) = read_back.errors
    assert (fault.code, fault.row, fault.column) == ("scaled-format", 3, "E")
    assert f"hiện {shown}, lưu 9.041.600" in fault.detail


@pytest.mark.parametrize(
    "number_format",
    [
        "General", "0", "#,##0", "#,##0.00", '#,##0" đ"', '#,##0 "m2"', "#,##0_);(#,##0)", "dd/mm/yyyy",
        '_(* #,##0_);_(* (#,##0);_(* "-"??_);_(@_)', '#"."###"."##0', r"[$-F800]dddd\,\ mmmm\ dd\,\ yyyy",
        "@", "[$₫-42A] #,##0", "0.00E+00", '"Quý "0',
    ],
)  # fmt: skip
def test_a_format_that_shows_the_number_itself_is_none_of_these(number_format: str) -> None:
    assert odd_format(number_format) is None


def test_a_scaled_cell_among_many_plain_rows_is_refused() -> None:
    def fill(sheet: Any) -> None:
        fill_statement(sheet, *range(1, MANY))
        sheet[f"E{MANY // 2}"].number_format = "#,##0,,"

    assert faults(_read_sheet(fill)) == [
        ("scaled-format", both(f"sheet Sheet1, row {MANY // 2}, column E (Lũy kế giải ngân)"))
    ]


def test_a_cell_without_a_format_has_the_first_one() -> None:
    content = workbook(lambda sheet: fill_statement(sheet, *range(1, MANY)))
    odd = _rewritten(content, "xl/styles.xml", r'(<cellXfs[^>]*><xf [^>]*?numFmtId=)"0"', r'\1"9"')
    errors = read(odd, file_name="a.xlsx", max_rows=2 * MANY).errors
    assert {error.row for error in errors if error.column == "E"} >= {3, 700}


def test_a_scaled_total_is_refused_and_a_scaled_cell_that_is_not_read_is_fine() -> None:
    def fill(sheet: Any) -> None:
        sheet.append(["Đơn vị tính: triệu đồng"])
        sheet.append([*STATEMENT_HEADERS, "Kế hoạch"])
        sheet.append(["P1", "NSTW", 2022, "31/07/2022", 5, 9_041_600])
        sheet.append(["Tổng cộng", None, None, None, 5, 9_041_600])
        for cell in ("F3", "F4", "E4"):
            sheet[cell].number_format = "#,##0,,"

    assert [(code, "row 4" in where) for code, where in faults(_read_sheet(fill))] == [
        ("scaled-format", True)
    ]


# --- groups and decimals ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "vietnamese", "english"),
    [
        ("0.500", "500", "0,500"),
        ("0.125", "125", "0,125"),
        ("012.345", "12.345", "12,345"),
        ("00.123", "123", "0,123"),
    ],
)
def test_a_group_that_begins_with_a_nought_is_ambiguous(text: str, vietnamese: str, english: str) -> None:
    (fault,) = read_text(statement(text, unit="tỷ đồng")).errors
    assert (fault.code, fault.where) == ("ambiguous-number", AMOUNT)
    assert f"theo kiểu Việt Nam là {vietnamese}, theo kiểu Anh là {english};" in fault.detail


@pytest.mark.parametrize("text", ["0 500", "2022 567", "12 34 567", "1 207.200"])
def test_spaces_group_as_dots_do(text: str) -> None:
    assert faults(read_text(statement(text))) == [("not-a-number", AMOUNT)]


@pytest.mark.parametrize(("text", "grouped"), [("7.788,703", "7.788.703"), ("1,234", "1.234")])
def test_three_decimals_alone_are_refused(text: str, grouped: str) -> None:
    """The first is printed in a real report, for 7.788.703 triệu."""
    (fault,) = read_text(statement(text, "2.500")).errors
    assert (fault.code, fault.where, fault.read) == ("three-decimals", AMOUNT, text)
    assert f"là {text} triệu đồng, hay là {grouped} triệu đồng?" in fault.detail
    assert fault.mend.startswith(f"Ghi {grouped} nếu không có phần lẻ; nếu có, ghi thêm một số 0: {text}0.")
    assert read_text(statement(f"{text}0")).errors == []


@pytest.mark.parametrize("other", ["12,5", "1.234,25", "0,125", "1,2345"])
def test_three_decimals_are_read_where_another_number_of_the_column_has_decimals(other: str) -> None:
    for texts in (("7.788,703", other), (other, "7.788,703")):
        read_back = read_text(statement(*texts))
        assert 7_788_703_000 in amounts(read_back)
        assert (read_back.errors, len(read_back.warnings)) == ([], 1)
        assert "7.788,703 đọc là 7.788,703 triệu đồng" in read_back.warnings[0]


def test_another_column_settles_nothing() -> None:
    text = statement("7.788,703").replace("Lũy kế giải ngân", "Lũy kế giải ngân;Tỷ lệ")
    assert [code for code, _ in faults(read_text(text.replace("7.788,703", "7.788,703;12,5")))] == [
        "three-decimals"
    ]


# --- cells under no header -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "row", "column"),
    [
        ("Mã dự án,Nguồn vốn,Lũy kế giải ngân (triệu đồng)", "P1,NSTW,90,416", "D"),
        ("Mã dự án,Nguồn vốn,Lũy kế giải ngân (triệu đồng)", "P1,NSTW,12,5", "D"),
        ("Mã dự án,Tên dự án,Nguồn vốn,Lũy kế giải ngân", "P1,Cầu A, đường B,NSTW,90", "E"),
        ("Mã dự án,Nguồn vốn,Kế hoạch trong quý,Lũy kế giải ngân", "P1,NSTW,1,200,90", "E"),
        ("Mã dự án,Nguồn vốn,Lũy kế giải ngân,Ghi chú", "P1,NSTW,90,416,", "E"),
    ],
)
@pytest.mark.parametrize("rows_before", [0, 700])
def test_a_number_cut_in_two_by_its_comma_is_refused(
    header: str, row: str, column: str, rows_before: int
) -> None:
    words = header.split(",")
    good = ",".join("NSTW" if w == "Nguồn vốn" else "1" for w in words).removeprefix("1")
    lines = [header, *(f"Q{number}{good}" for number in range(rows_before)), row]
    read_back = read(
        "\n".join(lines).encode(),
        file_name="a.csv",
        defaults={"budget_year": "2022", "as_of": "2022-05-31"},
    )
    found = [(error.row, error.column) for error in read_back.errors if error.code == "cells-beyond-header"]
    assert found == [(rows_before + 2, column)]


@pytest.mark.parametrize("rows_before", [0, 700])
def test_a_cell_of_a_workbook_under_no_header_is_refused(rows_before: int) -> None:
    def fill(sheet: Any) -> None:
        fill_statement(sheet, *range(1, rows_before + 2))
        sheet.cell(rows_before + 3, 7).value = 999

    assert faults(_read_sheet(fill)) == [
        ("cells-beyond-header", both(f"sheet Sheet1, row {rows_before + 3}, column G"))
    ]


def test_empty_cells_behind_a_row_and_columns_that_are_not_read_are_fine() -> None:
    text = statement("1", "2", below="Tổng cộng;;;;3;;ký tên").replace("ngân\n", "ngân;Tỷ lệ\n")
    read_back = read_text(text.replace("\nP2", "\nP2").replace(";2\n", ";2;55;;;\n"))
    assert (amounts(read_back), read_back.errors) == ([1_000_000, 2_000_000], [])
    assert ["cột này không được đọc" in warning for warning in read_back.warnings] == [True]


def test_a_merged_header_heads_all_its_columns() -> None:
    def fill(sheet: Any) -> None:
        sheet.append(["Đơn vị tính: triệu đồng"])
        sheet.append([*STATEMENT_HEADERS, "Ghi chú"])
        sheet.append(["P1", "NSTW", 2022, "31/07/2022", 5, "a", "b"])
        sheet.merge_cells("F2:G2")

    assert _read_sheet(fill).errors == []


# --- items that are called a total -----------------------------------------------------------------


@pytest.mark.parametrize("label", ["Tổng", "Cộng", "Total"])
def test_a_row_with_its_project_is_an_item_whatever_a_note_says(label: str) -> None:
    header = ";".join((*STATEMENT_HEADERS, "Ghi chú"))
    text = f"{header}\nP1;NSTW;2022;31/07/2022;10;\nP2;NSTW;2022;31/07/2022;10;{label}"
    read_back = read_text("Đơn vị tính: triệu đồng\n" + text)
    assert (amounts(read_back), read_back.errors) == ([10_000_000, 10_000_000], [])


def test_a_voucher_with_its_project_is_an_item_and_lacks_its_number() -> None:
    text = """
    Đơn vị tính: đồng
    Số chứng từ;Dòng;Mã dự án;Nguồn vốn;Loại giao dịch;Số tiền;Ngày chứng từ;Ghi chú
    1;1;P1;NSTW;tạm ứng;10;01/03/2022;
    ;1;P2;NSTW;tạm ứng;10;01/03/2022;Tổng
    """
    read_back = read_text(text, profile="treasury-vouchers", defaults={"budget_year": "2022"})
    assert [code for code, _ in faults(read_back)] == ["missing-value"]


# --- shares ----------------------------------------------------------------------------------------


def _curve(*shares: object, header: str = "Tỷ lệ", number_format: str = "General") -> ReadFile:
    def fill(sheet: Any) -> None:
        sheet.append(["Loại", "Phạm vi", "Năm", "Đến ngày", header, "Văn bản", "Ngày hiệu lực"])
        for month, share in enumerate(shares, start=1):
            sheet.append(["chỉ tiêu", "96", 2022, f"28/{month:02}/2022", share, "CT 1", "01/01/2022"])
            sheet.cell(month + 1, 5).number_format = number_format

    return _read_sheet(fill, profile="schedule")


@pytest.mark.parametrize(
    ("shares", "refused"),
    [
        ((0.2, 0.95, 1.05), [2, 3, 4]),
        ((0.2, 0.5, 1), [2, 3, 4]),
        (("0,2", "0,5", "1"), [2, 3, 4]),
        ((0.5, 20, 50), [2]),
        ((1,), [2]),
    ],
)
def test_shares_that_may_be_fractions_are_refused(shares: tuple[object, ...], refused: list[int]) -> None:
    errors = _curve(*shares).errors
    assert [(error.code, error.row, error.column) for error in errors] == [
        ("share-or-fraction", row, "E") for row in refused
    ]


@pytest.mark.parametrize(
    ("shares", "options", "points"),
    [
        ((1, 20, 50), {}, [100, 2_000, 5_000]),
        ((0, 20, 100), {}, [0, 2_000, 10_000]),
        (("0,5 %", "0,95%", "1 %"), {}, [50, 95, 100]),
        ((0.2, 0.95, 1), {"header": "Tỷ lệ %"}, [20, 95, 100]),
        ((0.2, 0.95, 1), {"header": "Tỷ lệ (%)"}, [20, 95, 100]),
        ((0.2, 0.95, 1), {"number_format": "0%"}, [2_000, 9_500, 10_000]),
        ((0.2, 0.95, 1), {"number_format": '0.00" %"'}, [20, 95, 100]),
    ],
)
def test_shares_with_a_sign_or_beside_larger_ones_are_read(
    shares: tuple[object, ...], options: dict[str, str], points: list[int]
) -> None:
    read_back = _curve(*shares, **options)
    assert (read_back.errors, read_back.warnings) == ([], [])
    (curve,) = read_back.items
    assert [point.basis_points for point in curve.points] == points  # type: ignore[union-attr]


# --- what comes twice in a sheet -------------------------------------------------------------------


def _damaged(old: str, new: str, *, rows: int) -> bytes:
    content = workbook(lambda sheet: fill_statement(sheet, *range(100, 100 + rows)))
    return _rewritten(content, "xl/worksheets/sheet1.xml", old, new)


@pytest.mark.parametrize("rows", [3, MANY])
@pytest.mark.parametrize(
    ("old", "new"),
    [
        (r'<c r="E4"( t="n")?><v>101</v></c>', r'\g<0><c r="E4"><v>999</v></c>'),
        (r'<c r="E4"( t="n")?><v>101</v></c>', r'<c r="E5"><v>101</v></c>'),
        (r'<c r="E4"( t="n")?><v>101</v>', r"\g<0><v>7</v>"),
        ("</sheetData>", '<row r="4"><c r="E4"><v>555</v></c></row></sheetData>'),
        ("</sheetData>", '</sheetData><sheetData><row r="9999"/></sheetData>'),
        ('(<row [^>]*><c r="A4".*?</row>)', r"\1\1"),
    ],
    ids=["cell twice", "cell of another row", "two values", "row again", "two tables", "row twice"],
)
def test_what_comes_twice_in_a_sheet_is_damage(old: str, new: str, rows: int) -> None:
    with pytest.raises(ProblemError, match="malformed-workbook"):
        read(_damaged(old, new, rows=rows), file_name="a.xlsx", max_rows=2 * MANY)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (rf'<c r="E{MANY - 900}"[^>]*><v>\d+</v></c>', rf'\g<0><c r="E{MANY - 900}"><v>999</v></c>'),
        (rf'<c r="E{MANY - 900}"([^>]*><v>\d+)</v>', r"\g<0><v>7</v>"),
        (rf'<row r="{MANY - 900}"', rf'<row r="{MANY - 901}"'),
    ],
)  # fmt: skip
def test_what_comes_twice_among_many_plain_rows_is_damage(old: str, new: str) -> None:
    with pytest.raises(ProblemError, match="malformed-workbook"):
        read(_damaged(old, new, rows=MANY), file_name="a.xlsx", max_rows=2 * MANY)
