"""Subjects are sums of kinds of lines: what hangs on their order is as if each were added by itself."""

from __future__ import annotations

from datetime import date

from services.aggregation.lines_store import Line
from services.aggregation.province_books import LineBooks, ProvinceBooks
from services.aggregation.subject_progress import Evaluation, of_province
from services.domain.disbursement import Series
from services.domain.progress import Progress
from tests.support.alerting import FUND_SOURCES

DAY = date(2022, 6, 30)


def line(
    code: str, district: str, *, decided: date, number: str, owner_name: str = "Ban 1", officer: str = "An"
) -> LineBooks:
    """100 planned of "x" from day 0, 10 paid on day 5, by the treasury's vouchers."""
    of_line = Line(
        project_code=code,
        fund_source="x",
        project_name=code,
        level="project",
        owner_code="O1",
        owner_name=owner_name,
        accountable_officer=officer,
        unit_officer=None,
        project_group="B",
        district=district,
        sector="S",
        province_code="96",
        initial_plan=100,
        current_plan=100,
        allocated_plan=0,
        carry_over_plan=0,
        decision_number=number,
        plan_effective_date=decided,
        series=Series.TREASURY_VOUCHERS,
        disbursed=10,
        work_certified=10,
        advance_outstanding=0,
        last_movement_date=date(2022, 1, 6),
        includes_estimate=False,
    )
    return LineBooks(of_line, [(Series.TREASURY_VOUCHERS, 10)], [(5, 10, 10, 0)], [(0, 100)], None, ("kbnn",))


def told(*lines: LineBooks) -> dict[tuple[str, str], Progress]:
    books = ProvinceBooks(lines=lines, reaches={"kbnn": DAY})
    found = of_province(Evaluation("96", 2022, DAY, DAY, DAY, 1, 1), books, FUND_SOURCES)
    return {(each.subject.type, each.subject.code): each for each in found}


def test_of_equal_decisions_the_first_line_names_its_own() -> None:
    """District A is seen first, and its latest decision stands in a line after the one of B."""
    early, late = date(2022, 1, 1), date(2022, 5, 1)
    found = told(
        line("P1", "A", decided=early, number="1"),
        line("P2", "B", decided=late, number="2"),
        line("P3", "A", decided=late, number="3"),
    )
    assert found["district", "96/A"].plan_decision_number == "3"
    assert found["owner", "96/O1"].plan_decision_number == "2"
    assert found["province", "96"].plan_decision_number == "2"
    assert found["province", "96"].plan_effective_date == late


def test_an_owner_is_named_by_its_first_line_and_answered_for_by_whom_all_share() -> None:
    on = date(2022, 1, 1)
    found = told(
        line("P1", "B", decided=on, number="1", owner_name="Ban 1"),
        line("P2", "A", decided=on, number="1", owner_name="Ban hai"),
    )["owner", "96/O1"]
    assert (found.subject.owner_name, found.subject.accountable_officer) == ("Ban 1", "An")
    shared = told(
        line("P1", "B", decided=on, number="1"), line("P2", "A", decided=on, number="1", officer="Bình")
    )["owner", "96/O1"]
    assert shared.subject.accountable_officer == ""


def test_each_line_is_once_in_every_sum() -> None:
    on = date(2022, 1, 1)
    found = told(*(line(f"P{n}", "AB"[n % 2], decided=on, number="1") for n in range(5)))
    for key, lines in {
        ("province", "96"): 5,
        ("owner", "96/O1"): 5,
        ("sector", "96/S"): 5,
        ("fund_source", "96/x"): 5,
        ("district", "96/A"): 3,
        ("district", "96/B"): 2,
        ("project", "P1"): 1,
    }.items():
        each = found[key]
        assert (each.current_plan, each.disbursed) == (100 * lines, 10 * lines), key
        assert (each.course.days, each.course.disbursed) == ((0, 5), (0, 10 * lines)), key
        assert each.series == ((Series.TREASURY_VOUCHERS, 10 * lines),), key
