"""SPI of sums: from completed work that every project reports as of one day, and from nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pytest

from services.aggregation.lines_store import Line
from services.aggregation.province_books import LineBooks, ProvinceBooks
from services.aggregation.subject_progress import Evaluation, of_province
from services.domain.progress import CompletedWork, Progress, SubjectType
from tests.support.alerting import FUND_SOURCES

JULY = date(2022, 7, 31)
JUNE = date(2022, 6, 30)


def _line(project: str, plan: int, disbursed: int, fund_source: str) -> LineBooks:
    line = Line(
        project_code=project,
        fund_source=fund_source,
        project_name=None,
        level=None,
        owner_code="O1",
        owner_name="Ban QLDA",
        accountable_officer=None,
        unit_officer=None,
        project_group="B",
        district="Năm Căn",
        sector="giao thông",
        province_code="96",
        initial_plan=plan,
        current_plan=plan,
        allocated_plan=0,
        carry_over_plan=0,
        decision_number="1/QĐ",
        plan_effective_date=date(2022, 1, 1),
        series=None,
        disbursed=disbursed,
        work_certified=disbursed,
        advance_outstanding=0,
        last_movement_date=None,
        includes_estimate=False,
    )
    return LineBooks(line, (), (), (), None, ())


def _sums(works: Mapping[str, CompletedWork]) -> dict[SubjectType, Progress]:
    """P1 of two fund sources and P2, with a plan of 1,000; P3 has none. Payments certify work of 600."""
    lines = (
        _line("P1", 300, 200, "local.balance"),
        _line("P1", 300, 100, "central.sector"),
        _line("P2", 400, 300, "local.balance"),
        _line("P3", 0, 0, "local.balance"),
    )
    books = ProvinceBooks(lines, completed_works=works)
    told = of_province(Evaluation("96", 2022, JULY, JULY, JULY, 1, 1), books, FUND_SOURCES)
    return {each.subject.type: each for each in told if each.subject.type is not SubjectType.PROJECT}


@pytest.mark.parametrize(
    ("works", "sum_of_them"),
    [
        ({}, None),
        ({"P1": CompletedWork(400, JULY)}, None),
        ({"P1": CompletedWork(400, JULY), "P2": CompletedWork(250, JUNE)}, None),
        ({"P1": CompletedWork(400, JULY), "P3": CompletedWork(5, JULY)}, None),
        ({"P1": CompletedWork(400, JULY), "P2": CompletedWork(250, JULY)}, CompletedWork(650, JULY)),
    ],
    ids=["nobody reports", "one of two", "as of two days", "one and one without a plan", "all of one day"],
)
def test_work_is_summed_where_all_report_as_of_one_day_and_never_taken_from_payments(
    works: Mapping[str, CompletedWork], sum_of_them: CompletedWork | None
) -> None:
    sums = _sums(works)
    for kind in (SubjectType.PROVINCE, SubjectType.OWNER, SubjectType.DISTRICT, SubjectType.SECTOR):
        assert sums[kind].completed_work == sum_of_them, kind
    assert sums[SubjectType.FUND_SOURCE].completed_work is None, "work is not reported by fund source"
