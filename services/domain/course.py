"""A subject's totals through the budget year, day by day."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate

from services.domain.fiscal_calendar import first_day


@dataclass(frozen=True, slots=True)
class Totals:
    """Plan in force and what moved up to the end of a day, in minor units."""

    disbursed: int = 0
    work_certified: int = 0
    advance_outstanding: int = 0
    plan: int = 0


@dataclass(frozen=True, slots=True)
class Course:
    """One entry for each day on which a total changed, as the totals stood at its end.

    ``days`` counts from 1 January of the budget year (0 is 1 January) and rises; every other tuple is as
    long. Amounts are cumulative, in minor units: a step function, constant between its days, by all that
    is known now, whenever it came to be known.
    """

    days: tuple[int, ...] = ()
    disbursed: tuple[int, ...] = ()
    work_certified: tuple[int, ...] = ()
    advance_outstanding: tuple[int, ...] = ()
    plan: tuple[int, ...] = ()

    def on(self, day: date, budget_year: int) -> Totals:
        """The totals at the end of ``day``; zero before the first entry."""
        place = bisect_right(self.days, (day - first_day(budget_year)).days) - 1
        if place < 0:
            return Totals()
        return Totals(
            self.disbursed[place],
            self.work_certified[place],
            self.advance_outstanding[place],
            self.plan[place],
        )

    def last_day(self, budget_year: int) -> date | None:
        """The last day on which a total changed."""
        return first_day(budget_year) + timedelta(days=self.days[-1]) if self.days else None


EMPTY_COURSE = Course()


@dataclass(frozen=True, slots=True)
class Changes:
    """By how much a line's totals changed on which days, in minor units; a day may be there more than once,
    in any order. Every sequence is as long as ``days``."""

    days: Sequence[int] = ()
    disbursed: Sequence[int] = ()
    work_certified: Sequence[int] = ()
    advance_outstanding: Sequence[int] = ()
    plan: Sequence[int] = ()


def course_of(lines: Iterable[Changes]) -> Course:
    """The course of all these lines together."""
    by_day: dict[int, list[int]] = {}
    for line in lines:
        for day, disbursed, work, advance, plan in zip(
            line.days, line.disbursed, line.work_certified, line.advance_outstanding, line.plan, strict=True
        ):
            sums = by_day.get(day)
            if sums is None:
                by_day[day] = [disbursed, work, advance, plan]
            else:
                sums[0] += disbursed
                sums[1] += work
                sums[2] += advance
                sums[3] += plan
    # Taken back on the day it came, nothing changed.
    changed = sorted((day, sums) for day, sums in by_day.items() if any(sums))
    if not changed:
        return EMPTY_COURSE
    days, sums_of_days = zip(*changed, strict=True)
    return Course(days, *(tuple(accumulate(amounts)) for amounts in zip(*sums_of_days, strict=True)))
