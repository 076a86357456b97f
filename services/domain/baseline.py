"""Curves: what share of the plan should be disbursed by a month. Baselines by name are in baselines.py."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from services.domain.fiscal_calendar import month_position
from services.domain.plan import BaselinePoint, BaselineSchedule


@dataclass(frozen=True, slots=True)
class Curve:
    """A piecewise-linear cumulative curve: (months elapsed, share of the plan), from (0, 0), rising.

    Constant after its last point.
    """

    points: tuple[tuple[Fraction, Fraction], ...]

    @classmethod
    def through(cls, points: Iterable[tuple[Fraction, Fraction]]) -> Curve:
        """The curve from (0, 0) through ``points``.

        Raises ``ValueError`` where a month repeats or the share falls.
        """
        knots: list[tuple[Fraction, Fraction]] = [(Fraction(0), Fraction(0))]
        for month, share in sorted(points):
            if month == knots[-1][0] and share != knots[-1][1]:
                raise ValueError(f"two shares at month {float(month):g}")
            if share < knots[-1][1]:
                raise ValueError(f"the cumulative share falls at month {float(month):g}")
            if month > knots[-1][0]:
                knots.append((month, share))
        return cls(tuple(knots))

    @classmethod
    def of(cls, schedule: BaselineSchedule, *, plan: int) -> Curve:
        """The curve of a schedule; points in money become shares of ``plan`` minor units."""
        return cls.through_points(schedule.points, budget_year=schedule.budget_year, plan=plan)

    @classmethod
    def through_points(cls, points: Iterable[BaselinePoint], *, budget_year: int, plan: int) -> Curve:
        """The curve through dated points of ``budget_year``."""
        return cls.through((month_position(point.day, budget_year), point.share_of(plan)) for point in points)

    def share_at(self, month: Fraction) -> Fraction:
        """Planned share at ``month`` months elapsed."""
        for (left, low), (right, high) in zip(self.points, self.points[1:], strict=False):
            if left <= month <= right:
                return low + (high - low) * (month - left) / (right - left)
        return self.points[-1][1]

    def month_of(self, share: Fraction) -> Fraction:
        """Earned schedule: the month at which the curve planned ``share``.

        ES = C + (D - PV_C) / (PV_{C+1} - PV_C), with C the last knot whose planned value is not above
        D (Lipke, "Schedule is different", The Measurable News, 2003). The last knot where ``share``
        is beyond the curve; 0 where it is below zero (more refunded than paid).
        """
        share = max(share, Fraction(0))
        month, planned = self.points[0]
        for right, high in self.points[1:]:
            if high > share:
                return month + (share - planned) / (high - planned) * (right - month)
            month, planned = right, high
        return month


def linear() -> Curve:
    """The same share every month of twelve: the last resort, named as such."""
    return Curve.through([(Fraction(12), Fraction(1))])


def s_curve(x: Fraction, *, c: Fraction, k: Fraction) -> Fraction:
    """Share of cost at share ``x`` of the duration, for a project with only start and finish.

    y = x + C x^2 - C x - (6 x^3 - 9 x^2 + 3 x) / K, the expenditure forecast of the UK Department of
    Health and Social Security (Hudson, "DHSS expenditure forecasting method", Chartered Surveyor,
    Building and Quantity Surveying Quarterly, 1978).
    """
    return x + c * x**2 - c * x - (6 * x**3 - 9 * x**2 + 3 * x) / k
