"""What is measured of a subject on a day.

Disbursed over planned is a *disbursement performance index* (DPI), not SPI: cash out is not work
done, an advance least of all.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from services.domain.baseline import Curve
from services.domain.baselines import Baseline
from services.domain.course import Course
from services.domain.disbursement import Series
from services.domain.fiscal_calendar import (
    MONTHS_TO_CLOSE,
    YEAR_END_MONTH,
    closing_day,
    first_day,
    month_end,
    month_position,
)
from services.domain.progress import Progress


@dataclass(frozen=True, slots=True)
class Measures:
    """Disbursement against one baseline, from 1 January or over a period. Shares are of the plan; times are
    months; ``planned_value`` and ``shortfall`` in minor units."""

    planned_share: Fraction
    planned_value: Fraction
    shortfall: Fraction
    dpi: Fraction | None
    earned_schedule: Fraction
    actual_time: Fraction

    @property
    def time_variance(self) -> Fraction:
        """Months ahead of the baseline; below zero is behind."""
        return self.earned_schedule - self.actual_time

    @property
    def time_index(self) -> Fraction | None:
        """Earned schedule over actual time; ``None`` on the first day of the year."""
        return self.earned_schedule / self.actual_time if self.actual_time else None


def measure(*, disbursed: int, plan: int, curve: Curve, month: Fraction) -> Measures:
    """The measures of ``disbursed`` minor units against ``curve`` at ``month`` months elapsed.

    ``plan`` is in minor units, above zero. DPI is ``None`` while nothing is planned yet.
    """
    return _measures(
        disbursed, plan, curve.share_at(month), earned=curve.month_of(Fraction(disbursed, plan)), time=month
    )


def measure_against(baseline: Baseline, *, disbursed: int, plan: int, day: date) -> Measures:
    """The same against a baseline at the end of ``day``."""
    return _measures(
        disbursed,
        plan,
        baseline.share_on(day),
        earned=baseline.month_of(Fraction(disbursed, plan)),
        time=month_position(day, baseline.read_in),
    )


def _measures(disbursed: int, plan: int, share: Fraction, *, earned: Fraction, time: Fraction) -> Measures:
    planned_value = share * plan
    return Measures(
        planned_share=share,
        planned_value=planned_value,
        shortfall=planned_value - disbursed,
        dpi=disbursed / planned_value if planned_value else None,
        earned_schedule=earned,
        actual_time=time,
    )


@dataclass(frozen=True, slots=True)
class Period:
    """A calendar month, or as much of it as has passed: cumulative ratios hide recent change.

    ``disbursed`` in minor units from ``since`` to ``through``, both counted in. Its measures have planned and
    disbursed of these days alone; earned schedule is the months gained on the baseline in them.
    """

    since: date
    through: date
    disbursed: int
    measures: Measures


def month_so_far(progress: Progress, baseline: Baseline, day: date, *, plan: int) -> Period | None:
    """The month of ``day`` up to it; ``None`` without a course to take it from."""
    return _period(progress, baseline, day.replace(day=1), day, plan=plan)


def last_full_month(progress: Progress, baseline: Baseline, day: date, *, plan: int) -> Period | None:
    """The last month that has ended by ``day``; ``None`` in the first one, and without a course."""
    through = day if day == month_end(day) else day.replace(day=1) - timedelta(days=1)
    if through < first_day(progress.budget_year):
        return None
    return _period(progress, baseline, through.replace(day=1), through, plan=plan)


def _period(
    progress: Progress, baseline: Baseline, since: date, through: date, *, plan: int
) -> Period | None:
    if not progress.course.days or plan <= 0:
        return None
    year, before = progress.budget_year, since - timedelta(days=1)
    at_end = progress.course.on(through, year).disbursed
    at_start = progress.course.on(before, year).disbursed
    measures = _measures(
        at_end - at_start,
        plan,
        baseline.share_on(through) - baseline.share_on(before),
        earned=baseline.month_of(Fraction(at_end, plan)) - baseline.month_of(Fraction(at_start, plan)),
        time=month_position(through, year) - month_position(before, year),
    )
    return Period(since, through, at_end - at_start, measures)


def schedule_performance_index(progress: Progress, baseline: Baseline, day: date) -> Fraction | None:
    """SPI = EV / PV on the day of the owner's last report of completed work; never from cash.

    ``None`` where no work is reported by ``day``, or nothing was planned yet.
    """
    work = progress.completed_work
    if work is None or work.as_of > day:
        return None
    planned = baseline.share_on(work.as_of) * progress.current_plan
    return work.cumulative / planned if planned else None


def treasury_and_owner(progress: Progress) -> tuple[tuple[Series, int], tuple[Series, int]] | None:
    """What the treasury's and the owner's books say, in minor units, each by vouchers or else by
    statements; ``None`` where not both of them have any."""
    known = dict(progress.series)
    treasury = _first(known, Series.TREASURY_VOUCHERS, Series.TREASURY_STATEMENTS)
    owner = _first(known, Series.OWNER_VOUCHERS, Series.OWNER_STATEMENTS)
    return (treasury, owner) if treasury and owner else None


def _first(known: dict[Series, int], *wanted: Series) -> tuple[Series, int] | None:
    return next(((series, known[series]) for series in wanted if series in known), None)


@dataclass(frozen=True, slots=True)
class Pace:
    """What is still to be disbursed a month, and the best month there has been; minor units.

    ``by_year_end`` spreads what the plan still leaves over the months to 31 December, ``by_closing`` to
    31 January; ``None`` once that day has passed. ``best`` is the best calendar month of the year so far;
    ``None`` without a course.
    """

    by_year_end: Fraction | None
    by_closing: Fraction | None
    best: int | None
    best_month: date | None


def pace(progress: Progress, day: date, *, disbursed: int, plan: int) -> Pace:
    """The pace required from ``day`` on to disburse the whole plan."""
    year = progress.budget_year
    left = max(plan - disbursed, 0)
    month = month_position(day, year)
    best = _best_month(progress.course, day, year)
    return Pace(
        by_year_end=left / (YEAR_END_MONTH - month) if month < YEAR_END_MONTH else None,
        by_closing=left / (MONTHS_TO_CLOSE - month) if month < MONTHS_TO_CLOSE else None,
        best=best[0] if best else None,
        best_month=best[1] if best else None,
    )


def _best_month(course: Course, day: date, year: int) -> tuple[int, date] | None:
    if not course.days:
        return None
    ends, before, best = first_day(year), 0, None
    while ends <= min(day, closing_day(year)):
        first, ends = ends, month_end(ends) + timedelta(days=1)
        total = course.on(min(ends - timedelta(days=1), day), year).disbursed
        if best is None or total - before > best[0]:
            best = (total - before, first)
        before = total
    return best
