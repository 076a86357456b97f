"""Where disbursement is heading: the pace so far with the seasonal shape of a baseline."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from services.domain.baselines import Baseline, BaselineName
from services.domain.course import Course
from services.domain.fiscal_calendar import first_day

RECENT_MONTHS = 3


@dataclass(frozen=True, slots=True)
class Forecast:
    """Disbursed by ``day`` as far as can be told, in minor units: ``low`` <= ``central`` <= ``high``, never
    below what is disbursed, and not above the plan unless that is passed already."""

    day: date
    low: int
    central: int
    high: int
    shape: BaselineName


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
    share = shape.share_on(day)
    if share <= 0 or plan <= 0 or not shape.is_known_to(target):
        return None
    still = shape.share_on(target) - share
    paces = [Fraction(max(disbursed, 0)) / share]
    if course.days:
        before = _months_before(day, shape.read_in)
        gained = share - shape.share_on(before)
        if gained > 0:
            earlier = course.on(before, shape.read_in).disbursed if before >= first_day(shape.read_in) else 0
            paces.append(Fraction(max(disbursed - earlier, 0)) / gained)
    reached = sorted(_within(disbursed + still * pace, disbursed, plan) for pace in paces)
    central = _within(disbursed + still * sum(paces, Fraction(0)) / len(paces), disbursed, plan)
    return Forecast(target, reached[0], central, reached[-1], shape.name)


def _within(amount: Fraction, disbursed: int, plan: int) -> int:
    return max(min(int(amount), plan), disbursed)


def _months_before(day: date, budget_year: int) -> date:
    """The same place three months earlier, at most the eve of the budget year."""
    months = (day.year - budget_year) * 12 + day.month - 1 - RECENT_MONTHS
    if months < 0:
        return date(budget_year - 1, 12, 31)
    return date(budget_year + months // 12, months % 12 + 1, min(day.day, 28))
