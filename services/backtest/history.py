"""What the ledger holds of each subject, and its figures as they stood on each day of the replay. Pure.

Every row says from which day it is known: the first of all days where the replay looks back with all that
is known now, the day on which the ledger took it in where it asks what was known then. What a line holds on
a day is what ``aggregation.lines()`` says; ``tests/integration/backtest`` compares the two.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import accumulate
from uuid import UUID

from services.domain.course import Course
from services.domain.disbursement import Series
from services.domain.fiscal_calendar import closing_day, first_day
from services.domain.plan import BaselineSchedule, PlanBase
from services.domain.progress import FundLine, Progress, Subject
from services.domain.replay import JudgedDay

_STATEMENTS = {Series.TREASURY_STATEMENTS, Series.OWNER_STATEMENTS}
_OF_THE_YEAR = {PlanBase.INITIAL, PlanBase.ADJUSTED}

Amounts = tuple[int, int, int, int]
"""Disbursed, work certified, advance outstanding, plan: minor units."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What moved on a line on a day, by one series; amounts in minor units. A statement is here too with
    nothing moved: it is an account of the line, be it of zero."""

    known_on: date
    value_date: date
    series: Series
    disbursed: int
    work_certified: int
    advance_outstanding: int


@dataclass(frozen=True, slots=True)
class Decided:
    """One row of a decision on a line; ``amount`` is the whole appropriation under it, in minor units."""

    known_on: date
    effective_date: date
    decision_date: date
    base: PlanBase
    amount: int
    decision: tuple[str, str, int]
    """Number, source and year carried from: rows that share them differ by ``revision``."""
    revision: int
    event_id: UUID


@dataclass(frozen=True, slots=True)
class Curved:
    """A baseline schedule and since when it is known."""

    known_on: date
    schedule: BaselineSchedule


@dataclass(slots=True)
class Line:
    """A project's appropriation from one fund source."""

    fund_source: str
    moved: list[Moved] = field(default_factory=list)
    decided: list[Decided] = field(default_factory=list)

    def steps(self, series: Sequence[Series], known: date) -> list[tuple[date, Amounts]]:
        """What the line holds from each day on which that changed, by what was known on a day."""
        moved = sorted(
            (row for row in self.moved if row.known_on <= known and row.series in series),
            key=lambda row: row.value_date,
        )
        counting = latest_revisions(row for row in self.decided if row.known_on <= known)
        plan = {row.effective_date: 0 for row in counting if row.base in _OF_THE_YEAR}
        plan = {day: in_force(counting, _OF_THE_YEAR, day) for day in plan}
        accounts: dict[Series, list[int]] = {}
        steps: list[tuple[date, Amounts]] = []
        planned, place = 0, 0
        for day in sorted(plan.keys() | {row.value_date for row in moved}):
            planned = plan.get(day, planned)
            while place < len(moved) and moved[place].value_date == day:
                _add(accounts.setdefault(moved[place].series, [0, 0, 0]), moved[place])
                place += 1
            steps.append((day, (*_counted(accounts, series), planned)))
        return steps


def _add(sums: list[int], row: Moved) -> None:
    sums[0] += row.disbursed
    sums[1] += row.work_certified
    sums[2] += row.advance_outstanding


def _counted(accounts: dict[Series, list[int]], order: Sequence[Series]) -> tuple[int, int, int]:
    """The sums of the first series that is an account of the line; vouchers all taken back are none."""
    for name in order:
        sums = accounts.get(name)
        if sums and (name in _STATEMENTS or any(sums)):
            return (sums[0], sums[1], sums[2])
    return (0, 0, 0)


def latest_revisions(rows: Iterable[Decided]) -> list[Decided]:
    """Of one source's line of one decision, those with the highest revision."""
    by_line: dict[tuple[object, ...], list[Decided]] = defaultdict(list)
    for row in rows:
        by_line[row.base, *row.decision].append(row)
    return [
        row
        for same in by_line.values()
        for row in same
        if row.revision == max(other.revision for other in same)
    ]


def in_force(rows: Iterable[Decided], bases: set[PlanBase], on: date) -> int:
    """The amount in force on a day: of the latest effective date, then decision date; an adjustment before
    the first assignment of the same dates."""
    found = [row for row in rows if row.base in bases and row.effective_date <= on]
    if not found:
        return 0
    latest = max(
        found,
        key=lambda row: (
            row.effective_date,
            row.decision_date,
            row.base is PlanBase.ADJUSTED,
            row.revision,
            -row.event_id.int,
        ),
    )
    return latest.amount


def course_of(lines: Iterable[Line], series: Sequence[Series], *, known: date, budget_year: int) -> Course:
    """The sum of the lines day by day, by what was known on a day."""
    changes: dict[int, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    start = first_day(budget_year)
    for line in lines:
        before: Amounts = (0, 0, 0, 0)
        for day, amounts in line.steps(series, known):
            of_day = changes[max((day - start).days, 0)]
            for place, (now, then) in enumerate(zip(amounts, before, strict=True)):
                of_day[place] += now - then
            before = amounts
    days = sorted(day for day, change in changes.items() if any(change))
    columns = (tuple(accumulate(changes[day][place] for day in days)) for place in range(4))
    disbursed, work_certified, advance_outstanding, plan = columns
    return Course(tuple(days), disbursed, work_certified, advance_outstanding, plan)


class Books:
    """How far a province's books reach, by business day."""

    def __init__(self, rows: Iterable[tuple[date, date]]) -> None:
        """``rows``: known on, value date."""
        reached = date.min
        self._from: list[date] = []
        self._reach: list[date] = []
        for day, value_date in sorted((max(known, value), value) for known, value in rows):
            if value_date > reached:
                reached = value_date
                self._from.append(day)
                self._reach.append(reached)

    def through(self, day: date) -> date | None:
        """The last day they reach, as of a day; ``None`` before anything was reported."""
        place = bisect_right(self._from, day) - 1
        return self._reach[place] if place >= 0 else None


class Curves:
    """The curves of a subject in force by day. A tuple stays the same object while nothing changes."""

    def __init__(self, rows: Sequence[Curved], budget_year: int) -> None:
        self._rows = rows
        self._budget_year = budget_year
        self._known = sorted(row.known_on for row in rows)
        self._effective = sorted(row.schedule.effective_date for row in rows)
        self._kept: dict[tuple[int, int], tuple[BaselineSchedule, ...]] = {}

    def on(self, as_of: date, *, known: date) -> tuple[BaselineSchedule, ...]:
        """Of each kind and scope the latest decision's, as ``schedules_in_force.sql`` picks it."""
        key = (bisect_right(self._known, known), bisect_right(self._effective, as_of))
        if key not in self._kept:
            self._kept[key] = self._in_force(as_of, known)
        return self._kept[key]

    def _in_force(self, as_of: date, known: date) -> tuple[BaselineSchedule, ...]:
        there = [row.schedule for row in self._rows if row.known_on <= known]
        highest: dict[tuple[object, ...], int] = {}
        for schedule in there:
            line = _line_of(schedule)
            highest[line] = max(schedule.revision, highest.get(line, 0))
        latest: dict[tuple[object, ...], BaselineSchedule] = {}
        for schedule in sorted(there, key=_standing):
            if schedule.effective_date <= as_of and schedule.revision == highest[_line_of(schedule)]:
                latest[schedule.kind, schedule.scope_code, schedule.budget_year] = schedule
        return tuple(latest.values())


def _line_of(schedule: BaselineSchedule) -> tuple[object, ...]:
    return (
        schedule.kind,
        schedule.scope_code,
        schedule.budget_year,
        schedule.decision_number,
        schedule.source,
    )


def _standing(schedule: BaselineSchedule) -> tuple[object, ...]:
    """In rising order: of two, the later one counts."""
    return (schedule.effective_date, schedule.revision, -schedule.event_id.int)


@dataclass(frozen=True, slots=True)
class History:
    """A subject, its lines, its province's books, and what else is the same on every day (``like``)."""

    subject: Subject
    budget_year: int
    lines: tuple[Line, ...]
    books: Books
    curves: Curves
    series: tuple[Series, ...]
    like: Progress

    def days(self, days: Sequence[date]) -> Iterator[JudgedDay]:
        """Each day with the figures to judge it by. Figures stay the same object while nothing changes."""
        known_days = sorted({*self._known_days()})
        progress = self.like
        seen: tuple[int, tuple[BaselineSchedule, ...]] = (-1, ())
        for day in days:
            business_day = min(day, closing_day(self.budget_year))
            as_of = self.books.through(business_day)
            curves = self.curves.on(as_of or business_day, known=day)
            now = (bisect_right(known_days, day), curves)
            if now[0] != seen[0]:
                progress = replace(progress, course=self.course(day), baselines=curves)
            elif now[1] is not seen[1]:
                progress = replace(progress, baselines=curves)
            seen = now
            yield JudgedDay(day, progress, as_of)

    def course(self, known: date) -> Course:
        """The whole course, by what was known on a day."""
        return course_of(self.lines, self.series, known=known, budget_year=self.budget_year)

    def _known_days(self) -> Iterator[date]:
        for line in self.lines:
            yield from (row.known_on for row in line.moved)
            yield from (row.known_on for row in line.decided)


def fund_lines(lines: Iterable[Line], series: Sequence[Series], on: date) -> tuple[FundLine, ...]:
    """What the lines hold on a day by all that is known, by fund source."""
    by_fund: dict[str, FundLine] = {}
    for line in lines:
        held = next((amounts for day, amounts in reversed(line.steps(series, date.max)) if day <= on), None)
        disbursed, certified, advance, plan = held or (0, 0, 0, 0)
        counting = latest_revisions(line.decided)
        so_far = by_fund.get(line.fund_source, FundLine(line.fund_source))
        by_fund[line.fund_source] = replace(
            so_far,
            initial_plan=so_far.initial_plan + in_force(counting, {PlanBase.INITIAL}, on),
            current_plan=so_far.current_plan + plan,
            allocated_plan=so_far.allocated_plan + in_force(counting, {PlanBase.ALLOCATED}, on),
            disbursed=so_far.disbursed + disbursed,
            work_certified=so_far.work_certified + certified,
            advance_outstanding=so_far.advance_outstanding + advance,
        )
    return tuple(by_fund[name] for name in sorted(by_fund))
