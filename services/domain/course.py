"""A subject's totals through the budget year, day by day."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
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


@dataclass(slots=True)
class Changes:
    """By how much the totals of some lines changed on which days, for all that was added to it.

    ``by_day`` is by the days since 1 January: disbursed, work certified, advance outstanding and plan in
    force, in minor units.
    """

    by_day: dict[int, list[int]] = field(default_factory=dict)

    def add_line(
        self, movements: Iterable[Sequence[int]] = (), plans: Iterable[Sequence[int]] = ()
    ) -> Changes:
        """Add one line. A movement is its day, disbursed, work certified and advance outstanding, in any
        order and several a day; a plan is the day from which it is in force, and its amount, by day."""
        by_day = self.by_day
        for day, disbursed, work, advance in movements:
            sums = by_day.get(day)
            if sums is None:
                by_day[day] = [disbursed, work, advance, 0]
            else:
                sums[0] += disbursed
                sums[1] += work
                sums[2] += advance
        before = 0
        for day, plan in plans:
            by_day.setdefault(day, [0, 0, 0, 0])[3] += plan - before
            before = plan
        return self

    def add(self, other: Changes) -> None:
        """Add the lines of another sum."""
        by_day = self.by_day
        for day, (disbursed, work, advance, plan) in other.by_day.items():
            sums = by_day.get(day)
            if sums is None:
                by_day[day] = [disbursed, work, advance, plan]
            else:
                sums[0] += disbursed
                sums[1] += work
                sums[2] += advance
                sums[3] += plan

    @property
    def course(self) -> Course:
        """The course of all these lines together."""
        # Taken back on the day it came, nothing changed.
        days = [day for day in sorted(self.by_day) if any(self.by_day[day])]
        if not days:
            return EMPTY_COURSE
        sums = zip(*[self.by_day[day] for day in days], strict=True)
        return Course(tuple(days), *[tuple(accumulate(amounts)) for amounts in sums])
