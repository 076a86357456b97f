"""What is measured beside the baselines, reckoned by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from services.alert.figures import figures_of
from services.alert.measured_figures import MeasuredFigures, measured_figures
from services.domain.baselines import BaselineName
from services.domain.course import Course
from services.domain.disbursement import Series
from services.domain.finding import finding_digest
from services.domain.lag_rules import Policy, Rule, RuleName, Severity
from services.domain.progress import CompletedWork, Progress, SubjectType
from services.domain.verdict import unflagged
from tests.support.ledger_text import ledger

RULE = Rule(RuleName.BEHIND_TARGET, 1, Severity.WARNING, frozenset(SubjectType))
POLICY = Policy((RULE,))
# 31 January, 31 March, 30 April, 20 May: 50, 200, 250, 330.
COURSE = Course((30, 89, 119, 139), (50, 200, 250, 330), (0,) * 4, (90, 90, 60, 60), (1000,) * 4)


def project(**changes: object) -> Progress:
    told = ledger("""
        2022-01-10 plan       P1 1000
        2022-03-31 target     20%
        2022-06-30 target     50%
        2022-12-31 target     100%
        2022-05-31 statement  P1 330
        2022-05-31 cutoff
    """)
    (line,) = told.lines
    line = replace(line, initial_plan=800, allocated_plan=900, advance_outstanding=60)
    told = replace(told, lines=(line,), course=COURSE, last_movement_date=date(2022, 5, 20))
    return replace(told, **changes)  # type: ignore[arg-type]


def measured(progress: Progress, *, on: date | None = None) -> MeasuredFigures:
    return measured_figures(unflagged(progress, RULE, POLICY, on=on))


def test_the_last_month_on_its_own() -> None:
    """The target rises by 10 % a month from March to June: 100 in May, of which 80 were paid."""
    found = measured(project())
    assert found.month_so_far == found.last_full_month
    assert found.last_full_month is not None
    assert (found.last_full_month.since, found.last_full_month.through) == (
        date(2022, 5, 1),
        date(2022, 5, 31),
    )
    assert (found.last_full_month.planned, found.last_full_month.disbursed) == (100, 80)
    assert found.last_full_month.dpi == 0.8
    assert found.last_full_month.baseline is BaselineName.TARGET


def test_the_month_so_far_beside_the_last_full_one() -> None:
    """By 20 May 20 of 31 days: 100 x 20/31 = 64.5 planned, 80 paid; April: 100 planned, 50 paid."""
    found = measured(project(), on=date(2022, 5, 20))
    assert found.month_so_far is not None
    assert found.last_full_month is not None
    assert (found.month_so_far.planned, found.month_so_far.disbursed) == (65, 80)
    assert found.month_so_far.dpi == 1.24
    assert (found.last_full_month.through, found.last_full_month.disbursed) == (date(2022, 4, 30), 50)
    assert found.last_full_month.dpi == 0.5


def test_the_pace_that_is_needed_beside_the_best_month() -> None:
    """670 left over 7 months is 95.7, over 8 is 83.75: rounded up. In March 150 were paid."""
    found = measured(project()).pace
    assert found is not None
    assert (found.left, found.by_year_end, found.by_closing) == (670, 96, 84)
    assert (found.best, found.best_month) == (150, date(2022, 3, 1))


def test_no_course_no_best_month() -> None:
    found = measured(project(course=Course((), (), (), (), ())))
    assert found.pace is not None
    assert found.pace.by_year_end == 96
    assert found.pace.best is None
    assert found.month_so_far is None


def test_spi_is_of_the_day_of_the_report() -> None:
    """270 of work by 30 April, when 30 % of 1,000 were planned; cash never counts as work."""
    assert measured(project()).spi is None
    found = measured(project(completed_work=CompletedWork(270, date(2022, 4, 30)))).spi
    assert found is not None
    assert (found.value, found.completed_work, found.as_of) == (0.9, 270, date(2022, 4, 30))
    assert found.baseline is BaselineName.TARGET


def test_every_rate_names_its_base() -> None:
    rates = {each.base: (each.plan, each.rate) for each in measured(project()).rates}
    assert rates == {"initial": (800, 0.4125), "current": (1000, 0.33), "allocated": (900, 0.366667)}


def test_what_is_not_known_is_null() -> None:
    (line,) = project().lines
    found = measured(project(lines=(replace(line, initial_plan=0, allocated_plan=0),)))
    assert {each.base: each.rate for each in found.rates} == {
        "initial": None,
        "current": 0.33,
        "allocated": None,
    }
    assert found.unallocated_share is None


def test_of_an_earlier_day_only_totals_are_known() -> None:
    told = project(
        advance_since=date(2022, 1, 31),
        series=((Series.TREASURY_STATEMENTS, 330), (Series.OWNER_STATEMENTS, 300)),
    )
    found = measured(told, on=date(2022, 4, 30))
    assert [(each.base, each.rate) for each in found.rates] == [
        ("initial", None),
        ("current", 0.25),
        ("allocated", None),
    ]
    assert found.advance is not None
    assert (found.advance.outstanding, found.advance.since, found.advance.age_days) == (60, None, None)
    assert found.treasury_and_owner is None
    assert (found.last_movement, found.days_since_movement) == (date(2022, 4, 30), 0)


def test_shares_and_ages() -> None:
    found = measured(project(advance_since=date(2022, 3, 2)))
    assert found.unallocated_share == 0.1
    assert (found.last_movement, found.days_since_movement) == (date(2022, 5, 20), 11)
    assert found.advance is not None
    assert (found.advance.outstanding, found.advance.age_days) == (60, 90)


@pytest.mark.parametrize(("treasury", "owner", "difference"), [(330, 300, 30), (300, 330, -30)])
def test_treasury_beside_owner(treasury: int, owner: int, difference: int) -> None:
    """30 of the larger 330 is 9.09 %; vouchers come before statements."""
    series = (
        (Series.TREASURY_STATEMENTS, 1),
        (Series.TREASURY_VOUCHERS, treasury),
        (Series.OWNER_STATEMENTS, owner),
    )
    found = measured(project(series=series)).treasury_and_owner
    assert found is not None
    assert (found.treasury_series, found.owner_series) == (Series.TREASURY_VOUCHERS, Series.OWNER_STATEMENTS)
    assert (found.difference, found.share) == (difference, 0.090909)
    assert measured(project(series=series[:2])).treasury_and_owner is None


def test_the_digest_stands_still_where_only_the_calendar_moves() -> None:
    """Without newer books a day later every figure is the same, and so is the finding."""
    told = project(advance_since=date(2022, 3, 2))
    later = replace(told, business_date=told.business_date + timedelta(days=1), version=7)
    now, then = (unflagged(each, RULE, POLICY) for each in (later, told))
    assert finding_digest(now) == finding_digest(then)
    assert figures_of(now).measures == figures_of(then).measures
