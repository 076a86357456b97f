"""What holds for every subject, whatever its figures."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from services.domain.baselines import DHSS, BaselineName, baselines_of, linear_baseline
from services.domain.course import Course
from services.domain.forecast import forecast
from services.domain.lag_rules import Policy, Preference
from services.domain.measures import measure_against
from services.domain.progress import FundLine, SubjectType
from services.domain.snapshot import Snapshot
from tests.support import ca_mau

DAYS = st.dates(date(2022, 1, 1), date(2023, 1, 31))
AMOUNTS = st.integers(0, 10**12)
TARGET = baselines_of(ca_mau.province(), plan=1, s_curve_constants=DHSS)[BaselineName.TARGET]


@given(DAYS, AMOUNTS, st.integers(1, 10**12), st.lists(AMOUNTS, max_size=12), st.booleans())
def test_a_forecast_lies_between_what_is_disbursed_and_the_plan(
    day: date, disbursed: int, plan: int, steps: list[int], is_linear: bool
) -> None:
    amounts = tuple(sorted(min(step, disbursed) for step in steps))
    course = Course(tuple(range(0, 30 * len(amounts), 30)), amounts, amounts, amounts, amounts)
    shape = linear_baseline(2022) if is_linear else TARGET
    found = forecast(shape, date(2022, 12, 31), day=day, disbursed=disbursed, plan=plan, course=course)
    assert found is not None
    assert disbursed <= found.low <= found.central <= found.high <= max(plan, disbursed)


@given(AMOUNTS, AMOUNTS)
def test_earned_schedule_never_falls_as_more_is_disbursed(one: int, other: int) -> None:
    low, high = sorted((one, other))
    assert TARGET.month_of(Fraction(low, 10**12)) <= TARGET.month_of(Fraction(high, 10**12))


@given(DAYS, AMOUNTS, st.integers(1, 10**12))
def test_an_index_below_one_is_a_shortfall_and_the_other_way_round(
    day: date, disbursed: int, plan: int
) -> None:
    measures = measure_against(TARGET, disbursed=disbursed, plan=plan, day=day)
    assert measures.dpi is not None
    assert (measures.dpi < 1) is (measures.shortfall > 0)


@given(st.permutations(list(BaselineName)), st.integers(0, 3))
def test_a_baseline_is_never_missing_where_the_straight_line_is_allowed(
    order: list[BaselineName], kept: int
) -> None:
    progress = replace(ca_mau.province(), baselines=ca_mau.BASELINES[:kept])
    policy = Policy((), (Preference(frozenset(SubjectType), tuple(order)),))
    assert Snapshot.of(progress, policy, None).preferred is not None


@given(st.dates(date(2020, 1, 1), date(2023, 12, 31)), st.integers(0, 1500), DAYS)
def test_an_s_curve_rises_from_nothing_to_the_whole_plan_of_the_year(
    starts_on: date, length: int, day: date
) -> None:
    subject = replace(ca_mau.province().subject, type=SubjectType.PROJECT)
    progress = replace(
        ca_mau.province(subject=subject),
        lines=(FundLine("all", 1, 1),),
        starts_on=starts_on,
        closed_on=starts_on + timedelta(days=length),
    )
    curve = baselines_of(progress, plan=1, s_curve_constants=DHSS).get(BaselineName.S_CURVE)
    if curve:
        assert 0 <= curve.share_on(day) <= curve.share_on(date(2023, 1, 31)) == 1
