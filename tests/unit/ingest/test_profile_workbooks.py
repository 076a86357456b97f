"""What is read of one real-looking workbook of each profile, and what of it is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from services.contracts.stated.reallocations import ReallocationIn
from services.domain.disbursement import CompletedWorkLine, StatementLine
from services.domain.plan import BaselineSchedule, PlanBase, PlanRevision
from services.domain.reallocation import Reallocation
from services.domain.register import OfficerAssignment, OwnerRegistration, ProjectRegistration
from services.ingest.sheets.sheet_rows import ReadFile
from tests.support.profile_workbooks import WORKBOOKS, workbook
from tests.unit.ingest.reading import judged, read, read_text

MILLION = 10**6
SIDES = (
    "Mã dự án;Nguồn vốn;Năm ngân sách;Trước điều chuyển;Sau điều chuyển;"
    "Số quyết định;Ngày quyết định;Ngày hiệu lực"
)


def _read(profile: str, change: Callable[[Any], None] | None = None) -> ReadFile:
    return read(workbook(profile, change=change), file_name="bieu.xlsx", profile=profile)


def _put(**cells: object) -> Callable[[Any], None]:
    """A change of cells: ``_put(F9=5)``."""

    def change(sheet: Any) -> None:
        for cell, value in cells.items():
            sheet[cell] = value

    return change


def _found(read_back: ReadFile) -> list[tuple[str, int | None, str | None]]:
    return [(fault.code, fault.row, fault.column) for fault in read_back.errors]


def _facts(profile: str) -> list[Any]:
    read_back = _read(profile)
    assert read_back.errors == []
    return [item.fact() for item in read_back.items]


@pytest.mark.parametrize("profile", WORKBOOKS)
def test_the_workbook_of_a_profile_is_read_without_a_fault(profile: str) -> None:
    read_back = _read(profile)
    assert read_back.errors == []
    assert read_back.items
    assert all("còn lại" in warning or "bỏ qua dòng" in warning for warning in read_back.warnings)


def test_fund_sources_under_a_joined_header_are_a_line_each() -> None:
    lines: list[PlanRevision] = _facts("annual-plan")
    assert [(x.project_code, x.fund_source, x.amount.minor_units // MILLION, x.base) for x in lines] == [
        ("96001", "central", 900, PlanBase.INITIAL),
        ("96001", "local", 600, PlanBase.INITIAL),
        ("96002", "central", 2_000, PlanBase.INITIAL),
    ]
    assert {(x.budget_year, x.decision_number, x.province_code) for x in lines} == {
        (2022, "12/QĐ-UBND", "96")
    }


def test_the_printed_total_of_the_fund_sources_is_checked_in_each_row() -> None:
    read_back = _read("annual-plan", _put(F9=1_600, F11=3_600))
    assert _found(read_back) == [("row-sum-mismatch", 9, "F")]
    assert "G9 + H9" in read_back.errors[0].detail
    assert "1.500.000.000" in read_back.errors[0].detail


def test_a_printed_total_that_is_not_the_sum_of_its_parts_is_refused() -> None:
    """1,213,570 + 3,837,535 was printed as 5,023,546 in a real report."""

    def change(sheet: Any) -> None:
        _put(F9=5_051_105, G9=1_213_570, H9=3_837_535, F10=None, G10=None, H10=None)(sheet)
        _put(F11=5_023_546, G11=1_213_570, H11=3_837_535)(sheet)

    read_back = _read("annual-plan", change)
    assert ("total-mismatch", 11, "F") in _found(read_back)


def test_a_fund_source_beside_its_parts_is_their_sum() -> None:
    def change(sheet: Any, lottery: int = 110) -> None:
        sheet.delete_rows(6, 2)
        sheet.unmerge_cells("C3:E3")
        for cell, value in {"C3": "Lũy kế giải ngân", "C4": "Tổng số", "D4": "NSĐP", "E4": "XSKT",
                            "F3": None, "C5": 110, "D5": 110, "E5": lottery, "F5": None}.items():  # fmt: skip
            sheet[cell] = value
        sheet.merge_cells("C3:E3")

    read_back = _read("cumulative-statement", change)
    assert read_back.errors == []
    assert [item.fact().fund_source for item in read_back.items] == ["local.lottery"]  # type: ignore[union-attr]
    wrong = _read("cumulative-statement", lambda sheet: change(sheet, lottery=100))
    assert sorted(_found(wrong)) == [("row-sum-mismatch", 5, "C"), ("row-sum-mismatch", 5, "D")]


def test_each_row_of_an_adjustment_must_add_up() -> None:
    read_back = _read("plan-adjustment", _put(J6=1_300, J8=3_000))
    assert _found(read_back) == [("row-sum-mismatch", 6, "J")]
    assert "G6 + H6 − I6" in read_back.errors[0].detail


def test_the_rows_of_one_decision_are_one_reallocation() -> None:
    (decision,) = _facts("reallocation")
    assert isinstance(decision, Reallocation)
    assert (decision.decision_number, decision.budget_year) == ("77/QĐ-UBND", 2022)
    assert (decision.decision_date, decision.effective_date) == (date(2022, 7, 15), date(2022, 7, 20))
    assert [
        (s.project_code, s.fund_source, *(amount.minor_units // MILLION for amount in s.amounts))
        for s in decision.sides
    ] == [
        ("96002", "central", 1_700, 1_200),
        ("96001", "central", 1_200, 1_600),
        ("96001", "local", 600, 700),
    ]


def test_a_file_and_a_json_body_state_the_same_reallocation() -> None:
    """Whichever door it comes by, and in whatever order its rows stand: it counts once."""
    (of_file,) = _facts("reallocation")
    sides = [
        ("96001", "local", 600, 700),
        ("96001", "central", 1_200, 1_600),
        ("96002", "central", 1_700, 1_200),
    ]
    body = {
        "source": of_file.source,
        "budget_year": 2022,
        "decision_number": "77/QĐ-UBND",
        "decision_date": "2022-07-15",
        "effective_date": "2022-07-20",
        "sides": [
            {
                "project_code": code,
                "fund_source": fund_source,
                "amount_before": before * MILLION,
                "amount_after": after * MILLION,
            }
            for code, fund_source, before, after in sides
        ],
    }
    of_body = ReallocationIn.model_validate_json(json.dumps(body)).fact()
    assert (of_file.event_id, of_file.content_hash) == (of_body.event_id, of_body.content_hash)


def test_each_side_of_a_reallocation_must_add_up() -> None:
    assert _found(_read("reallocation", _put(H7=1_500, H9=3_400))) == [("row-sum-mismatch", 7, "H")]


def test_two_decisions_in_one_file_are_two_and_rows_of_one_that_disagree_are_refused() -> None:
    text = f"""
        Đơn vị tính: đồng
        {SIDES}
        P1;NSTW;2022;100;60;1/QĐ;01/06/2022;01/06/2022
        P2;NSTW;2022;100;140;1/QĐ;01/06/2022;{{effective}}
        P3;NSTW;2022;100;50;2/QĐ;02/06/2022;02/06/2022
        P4;NSTW;2022;100;150;2/QĐ;02/06/2022;02/06/2022
    """
    both = read_text(text.format(effective="01/06/2022"), profile="reallocation")
    assert both.errors == []
    assert [len(item.fact().sides) for item in both.items] == [2, 2]  # type: ignore[union-attr]
    other = read_text(text.format(effective="03/06/2022"), profile="reallocation")
    assert _found(other) == [("schedule-disagrees", 4, "H")]


@pytest.mark.parametrize(
    ("second", "faults"),
    [
        ("P2;NSTW;2022;100;150", [("sides-not-balanced", 3, None)]),
        ("P1;NSTW;2022;100;140", [("repeated-side", 3, None)]),
        ("P77;NSTW;2022;100;140", [("unknown-project", 4, "A")]),
        # Nor is a decision without that row said to have too few sides, or not to balance.
        ("P2;NSTW;2022;100;-140", [("negative-amount", 4, "E")]),
        ("P2;NSTW;2022;100;một", [("not-a-number", 4, "E")]),
    ],
    ids=["not balanced", "one line twice", "second project not known", "below nothing", "no number"],
)
def test_a_fault_of_a_side_is_told_at_its_own_row(
    second: str, faults: list[tuple[str, int | None, str | None]]
) -> None:
    text = f"""
        Đơn vị tính: đồng
        {SIDES}
        P1;NSTW;2022;100;60;1/QĐ;01/06/2022;01/06/2022
        {second};1/QĐ;01/06/2022;01/06/2022
    """
    told = judged(text, profile="reallocation")
    assert [(fault.code, fault.row, fault.column) for fault in told] == faults


def test_a_decision_of_too_many_sides_is_refused_by_their_number() -> None:
    rows = [f"P{n};NSTW;2022;100;100;77/QĐ;01/06/2022;01/06/2022" for n in range(201)]
    (fault, *_) = [
        e for e in read_text("\n".join([SIDES, *rows]), profile="reallocation").errors if e.row == 2
    ]
    assert (fault.code, fault.read) == ("too-long", "201")


def test_an_adjustment_that_does_not_balance_is_told() -> None:
    read_back = _read("plan-adjustment", _put(H6=400, J6=1_300, H8=400, J8=3_000))
    assert read_back.errors == []
    (told,) = read_back.warnings
    assert "100.000.000" in told


def test_an_adjustment_in_a_file_of_the_annual_plan_is_refused() -> None:
    def change(sheet: Any) -> None:
        sheet["A3"] = "Đơn vị tính: triệu đồng. Loại kế hoạch: điều chỉnh"

    assert [fault.code for fault in _read("annual-plan", change).errors] == ["title-disagrees"]


def test_a_cell_that_says_otherwise_than_the_profile_is_refused() -> None:
    read_back = _read("target-milestones", _put(D3="Loại", D4="Chỉ tiêu", D5="Cả nước", D6="Chỉ tiêu"))
    assert _found(read_back) == [("fixed-by-profile", 5, "D")]


def test_carry_over_names_the_year_it_comes_from() -> None:
    (line,) = _facts("carry-over")
    assert (line.base, line.budget_year, line.carried_from_year) == (PlanBase.CARRY_OVER, 2022, 2021)
    assert line.amount.minor_units == 150 * MILLION


def test_months_are_the_points_of_a_curve_added_up() -> None:
    first, second = _facts("registered-schedule")
    assert isinstance(first, BaselineSchedule)
    assert [point.amount.minor_units // MILLION for point in first.points if point.amount] == [
        *range(100, 1_300, 100), 1_250,
    ]  # fmt: skip
    assert [point.day for point in first.points][-2:] == [date(2022, 12, 31), date(2023, 1, 31)]
    assert [point.amount.minor_units // MILLION for point in second.points if point.amount][:4] == [
        0, 0, 500, 500,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        ({"Q6": 1_100, "Q8": 1_600}, ("row-sum-mismatch", 6, "Q")),
        ({"R6": 1_200, "R8": 1_700}, ("row-sum-mismatch", 6, "R")),
        ({"F8": 700}, ("total-mismatch", 8, "F")),
        ({"P5": "Tháng 1/2022"}, ("header-year-disagrees", 5, "P")),
        ({"P5": "Tháng 1/2024"}, ("header-year-disagrees", 5, "P")),
        ({"F5": "Tháng 2"}, ("column-repeated", 5, "F")),
        ({"H5": "Ghi chú"}, ("column-missing", 5, None)),
        (
            {"F7": None, "Q7": None, "R7": None, "F8": 100, "Q8": 1_200, "R8": 1_250},
            ("missing-value", 7, "D"),
        ),
        ({"F7": "500 tỷ"}, ("unit-disagrees", 7, "F")),
    ],
)
def test_a_wrong_month_is_refused_at_its_cell(
    cells: dict[str, object], found: tuple[str, int, str | None]
) -> None:
    assert found in _found(_read("registered-schedule", _put(**cells)))


@pytest.mark.parametrize(
    ("header", "alone"),
    [
        ("Lũy kế đến tháng {}", True),
        ("Luỹ kế đến hết tháng {}", True),
        ("T{}/2022", False),
        ("Tháng 0{}", False),
    ],
)
def test_a_column_says_itself_whether_it_is_cumulative(header: str, alone: bool) -> None:
    def change(sheet: Any) -> None:
        sheet.delete_rows(7, 2)
        sheet.unmerge_cells("D4:P4")
        for column in range(4, 20):
            for row in (4, 5, 6):
                sheet.cell(row, column).value = None
        for column, amount in enumerate((10, 30, 60), start=4):
            sheet.cell(5, column).value = header.format(column - 3)
            sheet.cell(6, column).value = amount

    (curve,) = (item.fact() for item in _read("registered-schedule", change).items)
    assert isinstance(curve, BaselineSchedule)
    reached = [point.amount.minor_units // MILLION for point in curve.points if point.amount]
    assert reached == ([10, 30, 60] if alone else [10, 40, 100])


def test_months_under_a_cumulative_heading_are_cumulative() -> None:
    def change(sheet: Any) -> None:
        sheet["D4"] = "Lũy kế giải ngân đăng ký"
        for row, amounts in ((6, range(100, 1_400, 100)), (7, [500] * 13)):
            for column, amount in enumerate(amounts, start=4):
                sheet.cell(row, column).value = amount
        sheet.delete_rows(8)
        for cell in ("Q5", "Q6", "Q7", "R6", "R7"):
            sheet[cell] = None

    first, _ = (item.fact() for item in _read("registered-schedule", change).items)
    assert isinstance(first, BaselineSchedule)
    assert [p.amount.minor_units // MILLION for p in first.points if p.amount] == list(range(100, 1_400, 100))


def test_numbers_under_the_word_month_are_months() -> None:
    def change(sheet: Any) -> None:
        sheet["D4"] = "Tháng"
        for month in range(1, 14):
            sheet.cell(5, month + 3).value = month

    first, _ = (item.fact() for item in _read("registered-schedule", change).items)
    assert len(first.points) == 13  # type: ignore[union-attr]


def test_what_the_register_says_is_read() -> None:
    bridge, school = _facts("projects")
    assert isinstance(bridge, ProjectRegistration)
    assert (bridge.starts_on, bridge.project_group) == (date(2021, 3, 1), "B")
    assert bridge.total_investment is not None
    assert bridge.total_investment.minor_units == 350_000 * MILLION
    assert (school.closed_on, school.project_group) == (date(2024, 12, 31), "C")
    (owner,) = _facts("owners")
    assert isinstance(owner, OwnerRegistration)
    assert (owner.head_name, owner.supervisor_name) == ("Nguyễn Văn A", "Sở KH&ĐT")
    of_project, of_unit = _facts("officers")
    assert isinstance(of_project, OfficerAssignment)
    assert (of_project.project_code, of_unit.project_code) == ("96001", "")


def test_completed_work_and_statements_take_their_day_from_the_title() -> None:
    work = _facts("completed-work")
    assert {(line.as_of, line.budget_year) for line in work} == {(date(2022, 5, 31), 2022)}
    assert [line.cumulative.minor_units // MILLION for line in work] == [520, 1_250]
    assert isinstance(work[0], CompletedWorkLine)
    lines = _facts("cumulative-statement")
    assert isinstance(lines[0], StatementLine)
    assert [(x.project_code, x.fund_source, x.cumulative.minor_units // MILLION) for x in lines] == [
        ("96001", "central", 340), ("96001", "local", 110), ("96002", "central", 20),
    ]  # fmt: skip


def test_the_wrong_unit_over_a_table_is_refused_where_a_line_cannot_be_so_large() -> None:
    """Figures in triệu under a title that says tỷ, as a real report printed them."""

    def change(sheet: Any) -> None:
        sheet["A3"] = "Đơn vị tính: tỷ đồng"
        _put(F9=1_213_570, G9=1_213_570, H9=None, F10=None, G10=None, H10=None)(sheet)
        _put(F11=1_213_570, G11=1_213_570, H11=None)(sheet)

    assert ("amount-too-large", 9, "G") in _found(_read("annual-plan", change))


def test_what_remains_is_not_read_whatever_it_was_computed_from() -> None:
    read_back = _read("cumulative-statement", _put(F5=999_999, F7=1))
    assert read_back.errors == []
    assert ["hệ thống tự tính" in warning for warning in read_back.warnings] == [True]


def test_a_fault_names_its_sheet_row_and_column_as_data() -> None:
    read_back = _read("treasury-vouchers", _put(G4="7.788,703", E5="NSXX"))
    (amount, fund) = read_back.errors
    assert (amount.sheet, amount.row, amount.column, amount.code) == (
        "Sheet", 4, "G", "fraction-of-minor-unit",
    )  # fmt: skip
    assert (fund.sheet, fund.row, fund.column) == ("Sheet", 5, "E")
    assert fund.where == "trang Sheet, dòng 5, cột E (Nguồn vốn) / sheet Sheet, row 5, column E (Nguồn vốn)"


def test_the_same_rows_in_another_order_are_the_same_facts() -> None:
    def reordered(sheet: Any) -> None:
        rows = [[cell.value for cell in sheet[number]] for number in (4, 5, 6)]
        for number, row in zip((6, 4, 5), rows, strict=True):
            for column, value in enumerate(row, start=1):
                sheet.cell(number, column).value = value

    first, again = _read("treasury-vouchers"), _read("treasury-vouchers", reordered)
    ids = [{item.fact().event_id for item in each.items} for each in (first, again)]
    assert ids[0] == ids[1]
