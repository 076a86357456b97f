"""Where disbursement is heading: the pace so far with the seasonal shape of a baseline."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import lru_cache

from services.domain.baselines import Baseline, BaselineName
from services.domain.course import Course
from services.domain.fiscal_calendar import month_end

RECENT_MONTHS = 3


@dataclass(frozen=True, slots=True)
class Forecast:
    """Disbursed by ``day`` as far as can be told, in minor units: ``low`` <= ``central`` <= ``high``, never
    below what is disbursed, and not above the plan unless that is passed already. ``january_of`` is the
    budget year whose January carries the shape on; 0 where it reaches the day itself."""

    day: date
    low: int
    central: int
    high: int
    shape: BaselineName
    january_of: int = 0


def forecast(
    shape: Baseline, target: date, *, day: date, disbursed: int, plan: int, course: Course
) -> Forecast | None:
    """The forecast for ``target`` from ``day``; ``None`` where nothing is known to make one of.

    Method: the share of the plan that ``shape`` still has to come, s(target) - s(day), times two paces
    (disbursed for each unit of that share): the cumulative one, D / s(day), and that of the last three
    months, (D - D3) / (s(day) - s3), from 1 January at most. The central value is their mean, the band
    lies between them. A pace below zero (more refunded than paid) counts as none.
    Not known: a shape that does not reach ``target``, or that has planned nothing by ``day``.
    """
    ahead = _ahead(shape, day, target)
    if ahead is None or plan <= 0:
        return None
    by_cumulative, by_recent, before = ahead
    so_far = max(disbursed, 0)
    low = high = so_far * by_cumulative.numerator // by_cumulative.denominator
    central = low
    if by_recent is not None and course.days:
        recent = max(disbursed - course.on(before, shape.read_in).disbursed, 0)
        other = recent * by_recent.numerator // by_recent.denominator
        low, central, high = min(low, other), (low + other) // 2, max(high, other)
    low, central, high = (max(min(disbursed + each, plan), disbursed) for each in (low, central, high))
    borrowed = shape.january_of if target > date(shape.read_in, 12, 31) else 0
    return Forecast(target, low, central, high, shape.name, borrowed)


@lru_cache(maxsize=8_192)
def _ahead(shape: Baseline, day: date, target: date) -> tuple[Fraction, Fraction | None, date] | None:
    """What is still to come on ``shape`` for each unit of what it planned so far, and of what it planned in
    the last three months (from the day returned); ``None`` where the shape tells nothing."""
    share = shape.share_on(day)
    if share <= 0 or not shape.is_known_to(target):
        return None
    still, before = shape.share_on(target) - share, recent_start(day, shape.read_in)
    gained = share - shape.share_on(before)
    return still / share, still / gained if gained > 0 else None, before


def recent_start(day: date, budget_year: int) -> date:
    """Where the recent pace is taken from: three months earlier, at most the eve of the budget year.

    From a month's end it is a month's end, so that three reports by the month lie between the two.
    """
    months = (day.year - budget_year) * 12 + day.month - 1 - RECENT_MONTHS
    if months < 0:
        return date(budget_year - 1, 12, 31)
    ends = month_end(date(budget_year + months // 12, months % 12 + 1, 1))
    return ends if day == month_end(day) else ends.replace(day=min(day.day, ends.day))
