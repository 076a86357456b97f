"""What is measured of a subject beside the baselines: recent change, pace, work done, rates, advances.

Computed exactly; rounded here, at the edge. What is not known is null, never zero. Of an earlier day
only the totals are known: its allocation, the age of its advances and its series are null.
"""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from math import ceil
from typing import Literal

from pydantic import Field

from services.alert.figure_types import Index, MinorUnits, Share, TypedFigures, rounded, six
from services.domain.baselines import BaselineName
from services.domain.disbursement import Series
from services.domain.finding import Finding
from services.domain.measures import Period, treasury_and_owner


class PeriodFigures(TypedFigures):
    """A calendar month, or as much of it as has passed, on its own: totals hide recent change."""

    since: date = Field(description="Its first day, counted in.")
    through: date = Field(description="Its last day, counted in.")
    planned: MinorUnits = Field(description="What the baseline asks for in these days, minor units.")
    disbursed: MinorUnits = Field(description="Disbursed in these days, minor units.")
    dpi: Index | None = Field(description="Disbursed over planned; null where nothing is planned in them.")
    baseline: BaselineName = Field(description="The baseline that planned it.")


class PaceFigures(TypedFigures):
    """What the plan still leaves, spread over the months that are left, against the best month so far."""

    left: MinorUnits = Field(description="Plan in force less disbursed, not below 0, minor units.")
    by_year_end: MinorUnits | None = Field(
        description="Needed a month to reach the plan by 31 December, rounded up; null once it has passed."
    )
    by_closing: MinorUnits | None = Field(
        description="The same to 31 January of the next year, when payments close."
    )
    best: MinorUnits | None = Field(description="Disbursed in the best month of the year so far.")
    best_month: date | None = Field(description="Its first day; null without a course of the year.")


class SpiFigures(TypedFigures):
    """Schedule performance index: completed work as its owner reports it over what was planned by then."""

    value: Index
    completed_work: MinorUnits = Field(description="Value of completed work since 1 January, minor units.")
    as_of: date = Field(description="The day of the report: planned is taken of that day, not of today.")
    baseline: BaselineName = Field(description="The baseline that planned it.")


class RateFigures(TypedFigures):
    """Disbursed over one stage of the plan. Rates of two bases are never compared without naming them."""

    base: Literal["initial", "current", "allocated"] = Field(
        description="As first assigned, as in force, or as allocated in detail."
    )
    plan: MinorUnits | None = Field(description="The amount of that stage; null where it is not known.")
    rate: Share | None = Field(description="Disbursed over that amount; null without one.")


class AdvanceFigures(TypedFigures):
    """Advances paid and not yet recovered."""

    outstanding: MinorUnits
    since: date | None = Field(description="Value date of the oldest one; null if not known.")
    age_days: int | None = Field(description="Days from then to the day of the figures.")


class DifferenceFigures(TypedFigures):
    """What the treasury's books say beside the owner's: compared, never added."""

    treasury_series: Series = Field(description="Vouchers, else statements.")
    treasury: MinorUnits
    owner_series: Series = Field(description="Vouchers, else statements.")
    owner: MinorUnits
    difference: MinorUnits = Field(description="Treasury less owner, minor units.")
    share: Share | None = Field(description="The difference, without sign, over the larger of the two.")


class MeasuredFigures(TypedFigures):
    """Everything measured beside the baselines."""

    month_so_far: PeriodFigures | None = Field(None, description="The month of `as_of` up to that day.")
    last_full_month: PeriodFigures | None = Field(
        None, description="The last month that had ended by `as_of`; null in the first one."
    )
    pace: PaceFigures | None = Field(None, description="What is needed a month; null without a plan.")
    spi: SpiFigures | None = Field(None, description="Null where no completed work is reported.")
    rates: list[RateFigures] = Field([], description="The execution rate on each base, by name.")
    unallocated_share: Share | None = Field(
        None, description="Share of the plan not allocated in detail; null where no allocation is known."
    )
    last_movement: date | None = Field(None, description="The last value date of a movement.")
    days_since_movement: int | None = Field(None, description="Days from then to `as_of`.")
    advance: AdvanceFigures | None = Field(None, description="Null where no advance is outstanding.")
    treasury_and_owner: DifferenceFigures | None = Field(
        None, description="Null where not both of them have books."
    )


def measured_figures(finding: Finding) -> MeasuredFigures:
    """What is measured of the finding's subject on its day."""
    moved = finding.at.last_movement
    return MeasuredFigures(
        month_so_far=_period(finding, finding.month_so_far),
        last_full_month=_period(finding, finding.last_full_month),
        pace=_pace(finding),
        spi=_spi(finding),
        rates=_rates(finding),
        unallocated_share=_unallocated(finding),
        last_movement=moved,
        days_since_movement=(finding.as_of - moved).days if moved else None,
        advance=_advance(finding),
        treasury_and_owner=_difference(finding),
    )


def _period(finding: Finding, period: Period | None) -> PeriodFigures | None:
    by = finding.measured_by
    if period is None or by is None:
        return None
    return PeriodFigures(
        since=period.since,
        through=period.through,
        planned=round(period.measures.planned_value),
        disbursed=period.disbursed,
        dpi=six(period.measures.dpi),
        baseline=by.name,
    )


def _pace(finding: Finding) -> PaceFigures | None:
    pace = finding.pace
    if pace is None:
        return None
    return PaceFigures(
        left=max(finding.plan - finding.disbursed, 0),
        # A pace told too low would not reach the plan.
        by_year_end=None if pace.by_year_end is None else ceil(pace.by_year_end),
        by_closing=None if pace.by_closing is None else ceil(pace.by_closing),
        best=pace.best,
        best_month=pace.best_month,
    )


def _spi(finding: Finding) -> SpiFigures | None:
    value, by, work = finding.spi, finding.measured_by, finding.progress.completed_work
    if value is None or by is None or work is None:
        return None
    return SpiFigures(
        value=rounded(value), completed_work=work.cumulative, as_of=work.as_of, baseline=by.name
    )


def _rates(finding: Finding) -> list[RateFigures]:
    progress = finding.progress
    initial = 0 if finding.is_past else progress.initial_plan
    allocated = 0 if finding.is_past else progress.allocated_plan
    return [
        _rate("initial", finding.disbursed, initial),
        _rate("current", finding.disbursed, finding.plan),
        _rate("allocated", finding.disbursed, allocated),
    ]


def _rate(base: Literal["initial", "current", "allocated"], disbursed: int, plan: int) -> RateFigures:
    if plan <= 0:
        return RateFigures(base=base, plan=None, rate=None)
    return RateFigures(base=base, plan=plan, rate=rounded(Fraction(disbursed, plan)))


def _unallocated(finding: Finding) -> float | None:
    allocated = 0 if finding.is_past else finding.progress.allocated_plan
    if allocated <= 0 or finding.plan <= 0:
        return None
    return rounded(Fraction(max(finding.plan - allocated, 0), finding.plan))


def _advance(finding: Finding) -> AdvanceFigures | None:
    outstanding = finding.at.advance_outstanding
    if outstanding <= 0:
        return None
    since = None if finding.is_past else finding.progress.advance_since
    age = (finding.as_of - since).days if since else None
    return AdvanceFigures(outstanding=outstanding, since=since, age_days=age)


def _difference(finding: Finding) -> DifferenceFigures | None:
    found = None if finding.is_past else treasury_and_owner(finding.progress)
    if found is None:
        return None
    (treasury_series, treasury), (owner_series, owner) = found
    larger = max(treasury, owner)
    return DifferenceFigures(
        treasury_series=treasury_series,
        treasury=treasury,
        owner_series=owner_series,
        owner=owner,
        difference=treasury - owner,
        share=rounded(Fraction(abs(treasury - owner), larger)) if larger > 0 else None,
    )
