"""Measures and balances, by the worked examples."""

from __future__ import annotations

from fractions import Fraction

import pytest

from services.domain.baseline import Curve
from services.domain.baselines import DHSS, BaselineName, baselines_of
from services.domain.measures import measure, measure_against
from services.domain.plan import PlanBase
from services.domain.progress import FundLine, Progress
from tests.support import ca_mau
from tests.support.ledger_text import ledger


def test_ca_mau_at_the_end_of_may_2022() -> None:
    """1,207.2 of 3,551 billion against a target of 40 %."""
    progress = ca_mau.province()
    target = baselines_of(progress, plan=progress.current_plan, s_curve_constants=DHSS)[BaselineName.TARGET]
    measures = measure_against(
        target, disbursed=progress.disbursed, plan=progress.current_plan, day=progress.as_of
    )
    assert progress.execution_rate is not None
    assert measures.dpi is not None
    assert measures.time_index is not None
    assert round(progress.execution_rate, 2) == Fraction("0.34")
    assert measures.planned_share == Fraction("0.40")
    assert round(measures.dpi, 2) == Fraction("0.85")
    assert round(measures.earned_schedule, 1) == Fraction("4.4")
    assert round(measures.time_variance, 1) == Fraction("-0.6")
    assert round(measures.time_index, 2) == Fraction("0.88")
    assert measures.shortfall == 213_200_000_000
    # The same to the last digit: D / (0.40 x 3,551), 3 + (D / 3,551 - 0.20) / (0.50 - 0.20) x 3 months.
    assert measures.dpi == Fraction(12_072, 14_204)
    assert measures.earned_schedule == 3 + (Fraction(12_072, 35_510) - Fraction(1, 5)) * 10
    assert measures.time_variance == measures.earned_schedule - 5
    assert measures.time_index == measures.earned_schedule / 5


def test_ca_mau_had_its_plan_adjusted() -> None:
    assert ca_mau.province().plan_base is PlanBase.ADJUSTED
    assert ledger("2022-01-10 plan P1 1200\n2022-03-31 cutoff").plan_base is PlanBase.INITIAL


def test_35_percent_done_in_period_3_of_a_budget_of_100_000() -> None:
    curve = Curve.through(
        (Fraction(period), Fraction(percent, 100))
        for period, percent in ((1, 10), (2, 20), (3, 40), (4, 70), (5, 100))
    )
    measures = measure(disbursed=35_000, plan=100_000, curve=curve, month=Fraction(3))
    assert measures.planned_value == 40_000
    assert measures.dpi == Fraction("0.875")
    assert measures.earned_schedule == Fraction("2.75")
    assert measures.time_index is not None
    assert round(measures.time_index, 3) == Fraction("0.917")
    assert measures.time_index == Fraction(11, 12)
    assert measures.time_variance == Fraction("-0.25")


@pytest.mark.parametrize(
    ("booking", "disbursed", "work_certified", "advance_outstanding"),
    [("", 340, 70, 270), ("net", 370, 100, 270)],
    ids=["gross", "net"],
)
def test_advance_300_then_payment_70_with_recovery_30(
    booking: str, disbursed: int, work_certified: int, advance_outstanding: int
) -> None:
    progress = ledger(f"""
        2022-01-10 plan      P1 1200
        2022-02-01 advance   P1 300 {booking}
        2022-03-01 payment   P1 70  {booking}
        2022-03-01 recovery  P1 30  {booking}
        2022-03-31 cutoff
    """)
    (line,) = progress.lines
    assert (line.disbursed, line.work_certified, line.advance_outstanding) == (
        disbursed,
        work_certified,
        advance_outstanding,
    )


# Quảng Nam at 31 July 2022, in million đồng: fund source, plan, disbursed.
# https://skhdt.quangnam.gov.vn/webcenter/portal/sokhdt/pages_tin-tuc/chi-tiet?dDocName=PORTAL354629
QUANG_NAM = {
    "central.sector": (839_001, 113_753),
    "central.foreign_grant": (565_125, 78_604),
    "local.domestic": (3_817_838, 1_773_802),
    "local.on_lent": (639_300, 126_757),
}


@pytest.mark.parametrize(
    ("funds", "plan", "disbursed", "percent"),
    [
        ("", 5_861_264, 2_092_916, "35.7"),
        ("central", 1_404_126, 192_357, "13.7"),
        ("local", 4_457_138, 1_900_559, "42.6"),
    ],
    ids=["in all", "central", "local"],
)
def test_quang_nam_at_the_end_of_july_2022(funds: str, plan: int, disbursed: int, percent: str) -> None:
    lines = tuple(
        FundLine(fund, initial_plan=planned, current_plan=planned, disbursed=paid)
        for fund, (planned, paid) in QUANG_NAM.items()
        if fund.startswith(funds)
    )
    template = ca_mau.province()
    progress = Progress(
        subject=template.subject,
        budget_year=2022,
        as_of=template.as_of,
        business_date=template.as_of,
        books_through=template.as_of,
        lines=lines,
    )
    assert (progress.current_plan, progress.disbursed) == (plan, disbursed)
    assert progress.execution_rate is not None
    assert round(progress.execution_rate * 100, 1) == Fraction(percent)


def test_nothing_planned_yet_gives_no_index() -> None:
    curve = Curve.through([(Fraction(3), Fraction(0)), (Fraction(6), Fraction(1, 2))])
    measures = measure(disbursed=5, plan=100, curve=curve, month=Fraction(2))
    assert measures.dpi is None
    assert measures.shortfall == -5
