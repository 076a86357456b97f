"""What a header of several rows names, and what nothing is read from: money misread is worse than refused."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from services.contracts.stated.models import BaselineScheduleIn
from services.ingest.sheets.sheet_rows import ReadFile
from tests.unit.ingest.reading import amounts, read, read_text, workbook

MILLION = 10**6
STATEMENT = {"budget_year": "2022", "as_of": "2022-05-31"}
PLAN_TITLE = ["Quyết định số 3626/QĐ-UBND ngày 10/12/2021, hiệu lực từ 01/01/2022; mã tỉnh: 96"]
UNIT = ["Đơn vị tính: triệu đồng"]
OF_A_PLAN = ["Mã dự án", "Tên dự án", "Mã chủ đầu tư", "Chủ đầu tư", "Nguồn vốn"]
LINE_OF_A_PLAN = ["P1", "Cầu", "O1", "Ban", "NSTW"]
OF_A_SCHEDULE = ["Mã dự án", "Văn bản", "Hiệu lực từ"]
LINE_OF_A_SCHEDULE = ["P1", "15/BQL", "01/01/2022"]
Rows = list[list[Any]]


def _read(rows: Rows, *merged: str, profile: str = "cumulative-statement", **defaults: str) -> ReadFile:
    def fill(sheet: Any) -> None:
        for row in rows:
            sheet.append(row)
        for cells in merged:
            sheet.merge_cells(cells)

    return read(
        workbook(fill), file_name="a.xlsx", profile=profile, defaults={"budget_year": "2022", **defaults}
    )


def _statement(upper: list[Any], lower: list[Any], line: list[Any], *merged: str) -> ReadFile:
    rows: Rows = [UNIT, ["Mã dự án", "Nguồn vốn", *upper], [None, None, *lower], ["P1", "NSTW", *line]]
    return _read(rows, *merged, as_of="2022-05-31")


def _plan(upper: list[Any], lower: list[Any], line: list[Any], *merged: str, profile: str) -> ReadFile:
    rows = [UNIT, PLAN_TITLE, [*OF_A_PLAN, *upper], [None] * 5 + lower, [*LINE_OF_A_PLAN, *line]]
    down = [f"{column}3:{column}4" for column in "ABCDE"]
    return _read(rows, *down, *merged, profile=profile)


def _months(upper: list[Any], lower: list[Any], line: list[Any], *merged: str) -> ReadFile:
    rows = [UNIT, [*OF_A_SCHEDULE, *upper], [None] * 3 + lower, [*LINE_OF_A_SCHEDULE, *line]]
    return _read(rows, "A2:A3", "B2:B3", "C2:C3", *merged, profile="registered-schedule")


def _codes(read_back: ReadFile) -> list[str]:
    return [fault.code for fault in read_back.errors]


def _curve(read_back: ReadFile) -> list[int]:
    (item,) = read_back.items
    assert isinstance(item, BaselineScheduleIn)
    return [point.amount // MILLION for point in item.points if point.amount is not None]


# --- every row of a header counts -----------------------------------------------------------------


@pytest.mark.parametrize("merged", [("A2:A3", "B2:B3", "C2:C3", "D2:F2"), ()])
def test_months_under_a_merged_cumulative_heading_are_cumulative(merged: tuple[str, ...]) -> None:
    rows: Rows = [
        UNIT,
        [*OF_A_SCHEDULE, "Đăng ký (lũy kế)", None, None],
        [None, None, None, "Tháng 1", "Tháng 2", "Tháng 3"],
        [*LINE_OF_A_SCHEDULE, 10, 20, 30],
    ]
    assert _curve(_read(rows, *merged, profile="registered-schedule")) == [10, 20, 30]


def test_a_heading_in_a_row_of_its_own_belongs_to_the_header() -> None:
    rows: Rows = [
        [None, None, None, "Đăng ký (lũy kế)", None, None],
        [*OF_A_SCHEDULE, "Tháng 1", "Tháng 2", "Tháng 3"],
        [*LINE_OF_A_SCHEDULE, 10, 20, 30],
    ]
    curve = _read(rows, profile="registered-schedule", unit="triệu đồng")
    assert (_codes(curve), _curve(curve)) == ([], [10, 20, 30])
    for left in (None, "Thông tin dự án"):
        rows = [
            UNIT,
            [left, None, "Cùng kỳ năm trước"],
            ["Mã dự án", "Nguồn vốn", "Lũy kế giải ngân"],
            ["P1", "NSTW", 9],
        ]
        for merged in ((), ("A2:B2",)):
            read_back = _read(rows, *merged, as_of="2022-05-31")
            assert "column-missing" in _codes(read_back)
            assert read_back.items == []


def test_a_heading_over_another_column_goes_on_over_the_amount() -> None:
    rows: Rows = [
        UNIT,
        [None, None, "Cùng kỳ năm trước", None],
        ["Mã dự án", "Nguồn vốn", "Kế hoạch", "Lũy kế giải ngân"],
        ["P1", "NSTW", 9, 8],
    ]
    read_back = _read(rows, as_of="2022-05-31")
    assert (_codes(read_back), read_back.items) == (["column-missing"], [])


@pytest.mark.parametrize("merged", [("A2:A3", "B2:B3", "C2:D2"), ()])
def test_the_unit_of_an_upper_heading_holds_for_its_columns(merged: tuple[str, ...]) -> None:
    rows: Rows = [
        ["Báo cáo"],
        ["Mã dự án", "Nguồn vốn", "Giải ngân năm 2022 (triệu đồng)", None],
        [None, None, "Trong tháng", "Lũy kế từ đầu năm"],
        ["P1", "NSTW", 10, 55_934],
    ]
    read_back = _read(rows, *merged, as_of="2022-05-31")
    assert (_codes(read_back), amounts(read_back)) == ([], [55_934 * MILLION])


def test_a_heading_that_is_divided_below_is_not_read_alone() -> None:
    text = """
        Đơn vị tính: triệu đồng
        Mã dự án;Nguồn vốn;Lũy kế giải ngân;
        ;;Cùng kỳ năm trước;Từ đầu năm
        P1;NSTW;9;70
    """
    read_back = read_text(text, defaults=STATEMENT)
    assert (_codes(read_back), read_back.items) == (["column-missing"], [])
    years = read_text(text.replace("Cùng kỳ năm trước;Từ đầu năm", "Năm 2021;Năm 2022"), defaults=STATEMENT)
    assert "header-year-disagrees" in _codes(years)


def test_a_title_over_the_table_is_no_part_of_its_header() -> None:
    rows: Rows = [
        ["Đến ngày 31/05/2022", None, "Đơn vị tính: triệu đồng"],
        ["Mã dự án", "Nguồn vốn", "Lũy kế giải ngân"],
        ["P1", "NSTW", 9],
    ]
    for merged in ((), ("A1:B1",)):
        read_back = _read(rows, *merged)
        assert (_codes(read_back), amounts(read_back)) == ([], [9 * MILLION])
    rows[0] = ["Báo cáo lũy kế đến ngày 31/05/2022 (triệu đồng)", None, None]
    assert amounts(_read(rows, "A1:C1")) == [9 * MILLION]


# --- the last part alone ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("heading", "field"),
    [
        ("Từ khởi công đến nay", "Lũy kế giải ngân"),
        ("Cùng kỳ năm trước", "Lũy kế giải ngân"),
        ("Trong tháng", "Đã giải ngân"),
        ("Giải ngân (triệu USD)", "Lũy kế"),
        ("Giải ngân", "Lũy kế (%)"),
    ],
)
@pytest.mark.parametrize("merged", [("A2:A3", "B2:B3", "C2:D2"), ("A2:A3", "B2:B3"), ()])
def test_cumulative_under_a_heading_that_is_not_known_is_not_the_years(
    heading: str, field: str, merged: tuple[str, ...]
) -> None:
    read_back = _statement([heading, None], ["Kế hoạch", field], [9, 800], *merged)
    assert (_codes(read_back), read_back.items) == (["column-missing"], [])


@pytest.mark.parametrize(
    ("heading", "field"),
    [
        ("Tổng mức đầu tư", "Số tiền"),
        ("Trung hạn 2021-2025", "Kế hoạch vốn"),
        ("Dự án", "Số vốn"),
    ],
)
def test_an_amount_under_a_heading_that_is_not_known_is_not_the_plan(heading: str, field: str) -> None:
    upper, lower = [heading, None, "Dự kiến"], [field, "Khác", None]
    read_back = _plan(upper, lower, [350_000, 5, 100], "F3:G3", "H3:H4", profile="annual-plan")
    assert (_codes(read_back), read_back.items) == (["column-missing"], [])


def test_the_decision_on_the_investment_is_not_that_on_the_plan() -> None:
    upper = ["Quyết định đầu tư", None, "Kế hoạch vốn năm 2022"]
    lower = ["Số quyết định", "Ngày quyết định", None]
    line = ["99/QĐ-ĐT", "01/02/2019", 100]
    read_back = _plan(upper, lower, line, "F3:G3", "H3:H4", profile="annual-plan")
    assert _codes(read_back) == []
    assert [(item.decision_number, item.amount) for item in read_back.items] == [  # type: ignore[union-attr]
        ("3626/QĐ-UBND", 100 * MILLION)
    ]
    two = _plan(
        ["Quyết định giao kế hoạch", "Kế hoạch vốn"], ["Số quyết định", None], ["9/QĐ", 100],
        "G3:G4", profile="annual-plan",
    )  # fmt: skip
    assert [item.decision_number for item in two.items] == ["9/QĐ"]  # type: ignore[union-attr]


def test_what_was_asked_for_is_not_what_was_paid() -> None:
    rows: Rows = [
        ["Đơn vị tính: đồng"],
        ["Số chứng từ", "Mã dự án", "Nguồn vốn", "Loại", "Đề nghị thanh toán", None, "Ngày hạch toán"],
        [None, None, None, None, "Số tiền", "Số duyệt", None],
        ["12", "P1", "NSTW", "thanh toán", 1_500, 1_200, "01/05/2022"],
    ]
    down = [f"{column}2:{column}3" for column in "ABCDG"]
    read_back = _read(rows, *down, profile="treasury-vouchers")
    assert (_codes(read_back), read_back.items) == (["column-missing"], [])


# --- months -----------------------------------------------------------------------------------------


def test_months_that_were_paid_are_no_schedule() -> None:
    names = [f"Tháng {month}" for month in range(1, 13)]
    upper = ["Giải ngân thực tế", None, None, "Đăng ký", *[None] * 8]
    read_back = _months(upper, names, [10] * 12, "D2:F2", "G2:O2")
    assert (_codes(read_back), read_back.items) == (["column-missing"], [])
    upper = ["Kế hoạch", *[None] * 11, "Giải ngân thực tế"]
    curve = _curve(_months(upper, [*names, "Tháng 1"], [*[10] * 12, 7], "D2:O2"))
    assert curve == list(range(10, 130, 10))


def test_months_of_two_schedules_are_refused() -> None:
    read_back = _months(
        ["Đăng ký", None, "Kế hoạch", None], [f"Tháng {month}" for month in range(1, 5)], [1] * 4,
        "D2:E2", "F2:G2",
    )  # fmt: skip
    assert _codes(read_back) == ["months-under-two-headings"]
    assert "đăng ký, kế hoạch" in read_back.errors[0].detail


def test_the_unit_over_months_is_theirs() -> None:
    rows: Rows = [
        [*OF_A_SCHEDULE, "Đăng ký giải ngân năm 2022 (tỷ đồng)", None],
        [None, None, None, "Tháng 1", "Tháng 2"],
        [*LINE_OF_A_SCHEDULE, 1, 2],
    ]
    read_back = _read(rows, "A1:A2", "B1:B2", "C1:C2", "D1:E1", profile="registered-schedule")
    assert (_codes(read_back), _curve(read_back)) == ([], [1_000, 3_000])


@pytest.mark.parametrize("quarter", ["Quý II", "Quý 2/2022", "Các tháng còn lại", "Tháng 4 - 12"])
def test_a_quarter_is_no_month_and_is_refused(quarter: str) -> None:
    rows: Rows = [
        UNIT,
        [*OF_A_SCHEDULE, "Tháng 1", "Tháng 2", "Tháng 3", quarter],
        [*LINE_OF_A_SCHEDULE, 10, 10, 10, 40],
    ]
    read_back = _read(rows, profile="registered-schedule")
    assert (_codes(read_back), read_back.items) == (["period-not-read"], [])
    assert read_back.errors[0].column == "G"


def test_a_quarter_beside_its_months_says_nothing_more() -> None:
    rows: Rows = [
        UNIT,
        [*OF_A_SCHEDULE, "Tháng 1", "Tháng 2", "Tháng 3", "Quý I"],
        [*LINE_OF_A_SCHEDULE, 10, 10, 10, 30],
    ]
    read_back = _read(rows, profile="registered-schedule")
    assert (_codes(read_back), _curve(read_back)) == ([], [10, 20, 30])


def test_a_title_that_says_cumulative_over_plain_months_is_refused() -> None:
    rows: Rows = [
        UNIT,
        ["Đăng ký tiến độ giải ngân (số lũy kế từ đầu năm)"],
        [*OF_A_SCHEDULE, "Tháng 1", "Tháng 2"],
        [*LINE_OF_A_SCHEDULE, 10, 20],
    ]
    assert _codes(_read(rows, profile="registered-schedule")) == ["title-says-cumulative"]


# --- years, adjustments, estimates ------------------------------------------------------------------


@pytest.mark.parametrize(
    "header",
    ["Lũy kế giải ngân năm 2021", "Lũy kế giải ngân 2021", "Lũy kế giải ngân năm 2021 (triệu đồng)"],
)
def test_a_header_of_another_year_than_the_budget_year_is_refused(header: str) -> None:
    rows: Rows = [UNIT, ["Mã dự án", "Nguồn vốn", header], ["P1", "NSTW", 1], ["P2", "NSTW", 1]]
    (fault,) = _read(rows, as_of="2022-05-31").errors
    assert (fault.code, fault.column) == ("header-year-disagrees", "C")
    rows[1][2] = header.replace("2021", "2022")
    assert amounts(_read(rows, as_of="2022-05-31")) == [MILLION, MILLION]


def test_a_year_in_an_upper_heading_counts_too() -> None:
    read_back = _statement(["Giải ngân năm 2021", None], ["Kế hoạch", "Lũy kế"], [9, 8], "A2:A3", "C2:D2")
    assert _codes(read_back) == ["header-year-disagrees"]
    plan = _plan(["Kế hoạch năm 2021", None], ["NSTW", "NSĐP"], [1, 2], "F3:G3", profile="annual-plan")
    assert set(_codes(plan)) == {"column-repeated", "header-year-disagrees"}


def test_an_adjustment_without_what_it_is_added_to_is_refused() -> None:
    upper, lower = ["Số vốn", "Điều chỉnh", None], [None, "Tăng", "Giảm"]
    read_back = _plan(upper, lower, [100, 50, 0], "F3:F4", "G3:H3", profile="plan-adjustment")
    assert _codes(read_back) == ["column-missing"]
    assert "before" in read_back.errors[0].detail
    upper, lower = ["Kế hoạch vốn", "Điều chỉnh (+/-)"], [None, None]
    single = _plan(upper, lower, [100, 50], "F3:F4", "G3:G4", profile="plan-adjustment")
    assert _codes(single) == ["column-missing"]


def test_what_the_title_calls_an_estimate_is_one() -> None:
    rows: Rows = [
        UNIT,
        ["ƯỚC GIẢI NGÂN ĐẾN 31/12/2022 CÁC DỰ ÁN CẢ NƯỚC"],
        ["Mã dự án", "Nguồn vốn", "Lũy kế giải ngân"],
        ["P1", "NSTW", 10],
    ]
    (item,) = _read(rows).items
    assert (item.status, item.as_of) == ("estimate", date(2022, 12, 31))  # type: ignore[union-attr]
    rows[1] = ["GIẢI NGÂN ĐẾN 31/12/2022 CÁC DỰ ÁN CẢ NƯỚC"]
    assert [item.status for item in _read(rows).items] == ["actual"]  # type: ignore[union-attr]
