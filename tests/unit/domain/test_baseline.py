"""Curves, by the worked examples of the literature and of the 2022 plan."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest

from services.domain.baseline import Curve, linear, s_curve
from services.domain.fiscal_calendar import month_position
from services.domain.money import Money
from services.domain.plan import BaselineKind, BaselinePoint, BaselineSchedule
from tests.support.ca_mau import TARGET, schedule

CA_MAU_TARGET = schedule(BaselineKind.TARGET, "96", TARGET)
CUMULATIVE_10_20_40_70_100 = Curve.through(
    (Fraction(month), Fraction(percent, 100))
    for month, percent in ((1, 10), (2, 20), (3, 40), (4, 70), (5, 100))
)


def share_on(of: BaselineSchedule, day: date, *, plan: int) -> Fraction:
    """Planned share of ``plan`` at the end of ``day``."""
    return Curve.of(of, plan=plan).share_at(month_position(day, of.budget_year))


@pytest.mark.parametrize(
    ("day", "percent"),
    [
        (date(2021, 12, 31), 0),
        (date(2022, 3, 31), 20),
        (date(2022, 4, 30), 30),
        (date(2022, 5, 31), 40),
        (date(2022, 6, 15), 45),
        (date(2022, 6, 30), 50),
        (date(2022, 12, 31), 100),
        (date(2023, 1, 31), 100),
    ],
)
def test_the_target_of_ca_mau_rises_by_the_day_between_its_milestones(day: date, percent: int) -> None:
    assert share_on(CA_MAU_TARGET, day, plan=1) == Fraction(percent, 100)


@pytest.mark.parametrize(
    ("x", "y"), [("0", "0"), ("0.25", "0.1525"), ("0.5", "0.4665"), ("0.75", "0.7973"), ("1", "1")]
)
def test_the_dhss_curve_gives_the_published_values(x: str, y: str) -> None:
    """C = 0.134, K = 3.884."""
    share = s_curve(Fraction(x), c=Fraction("0.134"), k=Fraction("3.884"))
    assert round(share, 4) == Fraction(y)


@pytest.mark.parametrize(
    ("percent", "month"),
    [(-5, "0"), (0, "0"), (5, "0.5"), (10, "1"), (35, "2.75"), (40, "3"), (100, "5"), (130, "5")],
)
def test_earned_schedule_is_the_month_that_had_planned_so_much(percent: int, month: str) -> None:
    assert CUMULATIVE_10_20_40_70_100.month_of(Fraction(percent, 100)) == Fraction(month)


def test_on_a_flat_stretch_the_last_month_counts() -> None:
    flat = Curve.through((Fraction(m), Fraction(s, 10)) for m, s in ((1, 2), (2, 2), (3, 4)))
    assert flat.month_of(Fraction(2, 10)) == 2


def test_a_linear_baseline_asks_58_3_percent_on_31_july() -> None:
    assert round(linear().share_at(Fraction(7)), 3) == Fraction("0.583")


def test_a_schedule_in_money_is_read_against_the_plan_in_force() -> None:
    registered = BaselineSchedule(
        source="s",
        source_ref="r",
        kind=BaselineKind.REGISTERED,
        scope_code="P1",
        budget_year=2022,
        points=(BaselinePoint(date(2022, 6, 30), amount=Money(300)),),
        decision_number="",
        effective_date=date(2022, 1, 1),
    )
    assert share_on(registered, date(2022, 6, 30), plan=1_200) == Fraction(1, 4)


@pytest.mark.parametrize(
    "points",
    [
        pytest.param([(3, 20), (6, 10)], id="falls"),
        pytest.param([(3, 20), (3, 30)], id="two shares in a month"),
        pytest.param([(3, -1)], id="below zero"),
    ],
)
def test_what_is_no_cumulative_curve_is_refused(points: list[tuple[int, int]]) -> None:
    with pytest.raises(ValueError, match=r"month [36]"):
        Curve.through((Fraction(month), Fraction(share, 100)) for month, share in points)
