"""What the rows of a file state, by the kind of file."""

from __future__ import annotations

from datetime import date

import pytest

from services.contracts.stated.models import MovementIn, PlanRevisionIn
from services.domain import event_identity
from services.domain.disbursement import MovementKind
from services.domain.plan import BaselineKind, PlanBase, PlanLevel
from tests.unit.ingest.reading import both, faults, judged, read_text

VOUCHERS = """
    Đơn vị tính: triệu đồng;;;;;;
    Số chứng từ;Dòng;Ngày chứng từ;Mã dự án;Nguồn vốn;Loại giao dịch;Số tiền
    12/RV;;31/05/2022;P1;XSKT;Tạm ứng;300
    13/RV;1;31/05/2022;P1;XSKT;Thanh toán KLHT;70
    13/RV;2;31/05/2022;P1;XSKT;Thu hồi tạm ứng;30
"""
YEAR = {"budget_year": "2022"}


def test_a_voucher_line_is_a_movement_named_by_voucher_and_line() -> None:
    read_back = read_text(VOUCHERS, profile="treasury-vouchers", defaults=YEAR)
    assert read_back.errors == []
    movements = [item.fact() for item in read_back.items if isinstance(item, MovementIn)]
    assert [(m.source_ref, m.kind, m.amount.minor_units) for m in movements] == [
        ("12/RV/1", MovementKind.ADVANCE, 300_000_000),
        ("13/RV/1", MovementKind.COMPLETED_WORK_PAYMENT, 70_000_000),
        ("13/RV/2", MovementKind.ADVANCE_RECOVERY, 30_000_000),
    ]
    assert {(m.source, m.fund_source, m.value_date) for m in movements} == {
        ("kbnn.test", "local.lottery", date(2022, 5, 31))
    }


def test_a_voucher_line_given_twice_is_refused() -> None:
    text = VOUCHERS.replace("13/RV;2", "13/RV;1")
    assert faults(read_text(text, profile="treasury-vouchers", defaults=YEAR)) == [
        ("duplicate-row", both("row 5"))
    ]


def test_a_reversal_names_the_voucher_line_it_cancels() -> None:
    text = (
        VOUCHERS.replace("Số tiền\n", "Số tiền;Chứng từ bị hủy\n")
        + "14/RV;1;31/05/2022;P1;XSKT;Hủy chứng từ;70;13/RV/1\n"
    )
    *_, reversal = read_text(text, profile="treasury-vouchers", defaults=YEAR).items
    assert isinstance(reversal, MovementIn)
    assert reversal.kind is MovementKind.REVERSAL
    assert reversal.reverses_event_id == event_identity.event_id(source="kbnn.test", source_ref="13/RV/1")


def test_zero_is_no_movement() -> None:
    text = VOUCHERS.replace(";300", ";0")
    assert faults(read_text(text, profile="treasury-vouchers", defaults=YEAR)) == [
        ("greater-than-equal", both("row 3, column G (Số tiền)"))
    ]


def test_a_fault_of_a_file_shows_the_cell_and_names_columns_as_the_file_does() -> None:
    text = (
        VOUCHERS.replace("Số tiền\n", "Số tiền;Chứng từ bị hủy\n")
        + "14/RV;1;31/05/2022;P1;XSKT;Hủy chứng từ;70;\n"
    )
    (found,) = judged(text, profile="treasury-vouchers", defaults=YEAR)
    assert (found.code, found.column, found.read) == ("reversal-without-reference", "H", "")
    assert "vào cột Chứng từ bị hủy" in found.mend
    assert "mã sự kiện" not in found.mend
    late = VOUCHERS.replace("31/05/2022", "31/05/2025", 1)
    found = judged(late, profile="treasury-vouchers", defaults=YEAR)[0]
    assert (found.code, found.read) == ("outside-budget-year", "31/05/2025")


def test_vouchers_on_carried_over_capital_are_of_the_year_the_plan_comes_from() -> None:
    of_2021 = {"budget_year": "2021"}
    assert judged(VOUCHERS, profile="treasury-vouchers", defaults=of_2021) == []
    items = read_text(VOUCHERS, profile="treasury-vouchers", defaults=of_2021).items
    assert {item.fact().carried_into for item in items} == {2022}  # type: ignore[union-attr]


def test_a_plan_takes_what_its_title_states_for_every_row() -> None:
    read_back = read_text(
        """
        KẾ HOẠCH VỐN ĐẦU TƯ CÔNG NĂM 2022;;;;;
        Quyết định số 3626/QĐ-UBND ngày 10/12/2021, áp dụng từ ngày 01/01/2022;;;;;
        Loại kế hoạch: giao đầu năm;;;;;
        Mã tỉnh: 49;;;;Đơn vị tính: triệu đồng;
        Mã dự án;Tên dự án;Mã chủ đầu tư;Chủ đầu tư;Nguồn vốn;Kế hoạch vốn năm 2022 (tỷ đồng)
        P1;Cầu;49-UBND;UBND tỉnh;vốn vay lại;639,3
        """,
        profile="plan",
    )
    (revision,) = read_back.items
    assert isinstance(revision, PlanRevisionIn)
    assert read_back.errors == []
    assert revision.amount == 639_300_000_000
    assert (revision.decision_number, revision.decision_date) == ("3626/QĐ-UBND", date(2021, 12, 10))
    assert (revision.effective_date, revision.budget_year) == (date(2022, 1, 1), 2022)
    assert (revision.base, revision.level) == (PlanBase.INITIAL, PlanLevel.PROJECT)
    assert (revision.province_code, revision.fund_source) == ("49", "local.on_lent_foreign")


SCHEDULE = """
    Loại;Phạm vi;Năm ngân sách;Đến ngày;Tỷ lệ;Văn bản;Ngày hiệu lực;Cơ sở tính tỷ lệ
    Cả nước;VN;2022;28/02/2022;8,61%;MOF;01/01/2022;pm_assigned
    Cả nước;VN;2022;30/04/2022;18,48;MOF;01/01/2022;pm_assigned
    Chỉ tiêu;96;2022;31/03/2022;20 %;CTHĐ;01/01/2022;plan
"""


def test_rows_of_one_curve_gather() -> None:
    read_back = read_text(SCHEDULE, profile="schedule")
    national, target = (item.fact() for item in read_back.items)
    assert [p.basis_points for p in national.points] == [861, 1848]  # type: ignore[union-attr]
    assert (target.kind, target.scope_code) == (BaselineKind.TARGET, "96")  # type: ignore[union-attr]
    assert (read_back.places, read_back.rows_read) == ([both("row 2"), both("row 4")], 3)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "18,48;MOF;01/01/2022",
            "18,48;MOF;01/02/2022",
            ("schedule-disagrees", both("row 3, column G (Ngày hiệu lực)")),
        ),
        ("18,48;", "18,481;", ("too-precise", both("row 3, column E (Tỷ lệ)"))),
        ("18,48;", ";", ("value-error", both("row 3"))),
        ("18,48;", "118,48;", ("less-than-equal", both("row 3, column E (Tỷ lệ)"))),
        ("Chỉ tiêu", "Kế hoạch", ("unknown-choice", both("row 4, column A (Loại)"))),
        ("96;2022", "96;hai", ("not-an-integer", both("row 4, column C (Năm ngân sách)"))),
        ("96;2022", "96;2022,5", ("not-an-integer", both("row 4, column C (Năm ngân sách)"))),
    ],
)
def test_a_faulty_point_is_refused(old: str, new: str, expected: tuple[str, str]) -> None:
    assert faults(read_text(SCHEDULE.replace(old, new), profile="schedule")) == [expected]


def test_a_share_that_looks_like_a_fraction_is_refused() -> None:
    read_back = read_text(SCHEDULE.replace("20 %", "0,2"), profile="schedule")
    assert faults(read_back) == [("share-or-fraction", both("row 4, column E (Tỷ lệ)"))]
