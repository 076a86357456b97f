"""Where disbursement is heading, worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest

from services.domain.baselines import Baseline, BaselineName, ClosingMonth, carried_on
from services.domain.course import Course
from services.domain.forecast import Forecast, forecast, recent_start
from services.domain.lag_rules import Policy
from services.domain.plan import BaselineKind
from services.domain.progress import Progress
from services.domain.snapshot import Snapshot
from tests.support import ca_mau
from tests.support.ledger_text import ledger

# 82.66 %: https://en.vietnamplus.vn/disbursed-social-investment-capital-in-2021-sees-lowest-increase/220146.vnp
# 96.13 %: https://en.vietnamplus.vn/90-percent-of-public-investment-plan-to-be-disbursed-by-q4/196424.vnp
OF_2020 = ClosingMonth(2020, Fraction("0.8266"), Fraction("0.9613"))
YEAR_END, CLOSING = date(2022, 12, 31), date(2023, 1, 31)


@pytest.mark.parametrize(
    ("day", "since"),
    [
        (date(2022, 3, 31), date(2021, 12, 31)),
        (date(2022, 4, 30), date(2022, 1, 31)),
        (date(2022, 5, 28), date(2022, 2, 28)),
        (date(2022, 5, 29), date(2022, 2, 28)),
        (date(2022, 5, 30), date(2022, 2, 28)),
        (date(2022, 5, 31), date(2022, 2, 28)),
        (date(2022, 6, 30), date(2022, 3, 31)),
        (date(2022, 7, 31), date(2022, 4, 30)),
        (date(2022, 8, 15), date(2022, 5, 15)),
        (date(2022, 9, 30), date(2022, 6, 30)),
        (date(2022, 11, 30), date(2022, 8, 31)),
        (date(2022, 12, 30), date(2022, 9, 30)),
        (date(2023, 1, 31), date(2022, 10, 31)),
        (date(2024, 5, 30), date(2024, 2, 29)),
        (date(2024, 5, 31), date(2024, 2, 29)),
    ],
)
def test_three_months_before_a_month_end_is_a_month_end(day: date, since: date) -> None:
    budget_year = 2022 if day.year == 2023 else day.year
    assert recent_start(day, budget_year) == since


def even() -> Baseline:
    """An equal twelfth of the plan each month."""
    return Snapshot.of(ledger("2022-01-10 plan P1 1200\n2022-06-30 cutoff"), Policy(()), None).named(
        BaselineName.LINEAR
    ) or pytest.fail("the straight line exists always")


def test_three_reports_by_the_month_lie_in_the_recent_pace() -> None:
    """Reports of 100 at each month's end but 40 in June: from 31 March to 30 June 240 of a planned 300."""
    course = Course(
        (30, 58, 89, 119, 150, 180), (100, 200, 300, 400, 500, 540), (0,) * 6, (0,) * 6, (1200,) * 6
    )
    found = forecast(even(), YEAR_END, day=date(2022, 6, 30), disbursed=540, plan=1200, course=course)
    # So far 540 of 600, so 540 more; lately 240 of 300, so 480 more.
    assert found == Forecast(YEAR_END, 1020, 1050, 1080, BaselineName.LINEAR)


def progress_of_2022(disbursed: int, day: str, *, last_year: str = "2021-12-31 previous 77.3%") -> Progress:
    return ledger(f"""
        2022-01-10 plan       P1 10000
        2021-11-30 previous   63.86%
        {last_year}
        {day}      statement  P1 {disbursed}
        {day}      cutoff
    """)


def snapshot(progress: Progress, closing_month: ClosingMonth | None = OF_2020) -> Snapshot:
    policy = Policy((), forecast_shape=BaselineName.PREVIOUS_YEAR, closing_month=closing_month)
    return Snapshot.of(progress, policy, None)


def test_january_of_2020_paid_three_quarters_of_what_was_left() -> None:
    """(96.13 - 82.66) / (100 - 82.66) = 13.47 / 17.34."""
    assert OF_2020.paid_of_rest == Fraction(1347, 1734)


def test_a_curve_that_ends_on_31_december_is_carried_on_by_the_january_of_another_year() -> None:
    """77.3 + 22.7 x 13.47 / 17.34 = 94.934 %: 5,000 on 30 November become 5,000 x 94.934 / 63.86 = 7,432.9;
    7,000 would become 10,406, which is cut off at the plan of 10,000."""
    at = snapshot(progress_of_2022(5_000, "2022-11-30"))
    found = at.forecast(None, CLOSING)
    assert found is not None
    assert (found.low, found.shape, found.january_of) == (7_432, BaselineName.PREVIOUS_YEAR, 2020)
    by_year_end = at.forecast(None, YEAR_END)
    assert by_year_end is not None
    assert (by_year_end.low, by_year_end.january_of) == (5_000 * 7730 // 6386, 0)
    full = snapshot(progress_of_2022(7_000, "2022-11-30")).forecast(None, CLOSING)
    assert full is not None
    assert full.central == 10_000


def test_without_a_closing_month_a_curve_that_ends_on_31_december_tells_no_january() -> None:
    at = snapshot(progress_of_2022(5_000, "2022-11-30"), None)
    assert at.reaching(BaselineName.PREVIOUS_YEAR, CLOSING) is None
    other = at.forecast(None, CLOSING)
    assert other is None or other.shape is not BaselineName.PREVIOUS_YEAR


def test_a_curve_that_ends_in_november_is_not_carried_on() -> None:
    at = snapshot(progress_of_2022(5_000, "2022-11-30", last_year=""))
    assert at.reaching(BaselineName.PREVIOUS_YEAR, CLOSING) is None


def test_a_curve_with_a_closing_figure_of_its_own_goes_by_itself() -> None:
    published = "2021-12-31 previous 77.3%\n2022-01-31 previous 90%"
    at = snapshot(progress_of_2022(5_000, "2022-11-30", last_year=published))
    found = at.forecast(None, CLOSING)
    assert found is not None
    assert (found.low, found.january_of) == (5_000 * 9000 // 6386, 0)


@pytest.mark.parametrize(
    ("by_year_end", "by_closing"), [("0.9", "0.8"), ("1", "1"), ("0.9", "1.01")], ids=["falls", "all", "more"]
)
def test_shares_that_leave_january_nothing_or_fall_are_refused(by_year_end: str, by_closing: str) -> None:
    with pytest.raises(ValueError, match="by_year_end"):
        ClosingMonth(2020, Fraction(by_year_end), Fraction(by_closing))


def test_what_is_carried_on_is_the_same_until_31_december() -> None:
    points = {date(2022, 6, 30): 3000, YEAR_END: 7511}
    progress = replace(ca_mau.province(), baselines=(ca_mau.schedule(BaselineKind.NATIONAL, "VN", points),))
    national = Snapshot.of(progress, Policy(()), None).named(BaselineName.NATIONAL)
    assert national is not None
    longer = carried_on(national, OF_2020)
    assert longer is not None
    for day in (date(2022, 3, 31), date(2022, 6, 30), YEAR_END):
        assert longer.share_on(day) == national.share_on(day)
    assert longer.share_on(CLOSING) > national.share_on(CLOSING) == Fraction("0.7511")
