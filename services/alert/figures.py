"""The figures behind an alert, typed as the API tells them.

Amounts are integers in the currency's minor unit (1 VND = 1 đồng). Shares, indices and months are
computed exactly and rounded to six decimals here, at the edge.
"""

from __future__ import annotations

from datetime import date

from pydantic import Field

from services.alert.figure_types import Index, MinorUnits, Months, Share, TypedFigures, rounded, six
from services.alert.measured_figures import MeasuredFigures, measured_figures
from services.domain.baselines import BaselineName
from services.domain.finding import Action, Comparison, Finding, Standing
from services.domain.lag_rules import RuleName, Severity
from services.domain.plan import PlanBase
from services.domain.progress import SubjectType


class SubjectFigures(TypedFigures):
    """What the alert is about, and who answers for it."""

    type: SubjectType = Field(description="Project, owner or province.")
    code: str = Field(description="Its code.")
    name: str = Field(description="Its name.")
    province_code: str = Field(description="Code of its province (General Statistics Office).")
    owner_code: str = Field(description="Code of the accountable unit; empty where not stated.")
    owner_name: str = Field(description="The accountable unit; empty where not stated.")
    accountable_officer: str = Field(description="The accountable officer; empty where not named.")


class PlanFigures(TypedFigures):
    """The appropriation the rates are taken of."""

    base: PlanBase = Field(description="initial where `current` is the amount first assigned, else adjusted.")
    current: MinorUnits
    initial: MinorUnits
    allocated: MinorUnits
    decision_number: str = Field(description="Number of the latest decision in force.")
    effective_date: date | None = Field(description="Its effective date.")


class LineFigures(TypedFigures):
    """Plan and disbursement of one fund source."""

    fund_source: str = Field(description="Code of the fund source.")
    initial_plan: MinorUnits
    current_plan: MinorUnits
    allocated_plan: MinorUnits
    disbursed: MinorUnits
    work_certified: MinorUnits
    advance_outstanding: MinorUnits


class SeriesFigures(TypedFigures):
    """What one series of books says. Series are compared, never added."""

    series: str = Field(description="Whose books and of which form.")
    disbursed: MinorUnits


class ComparisonFigures(TypedFigures):
    """The subject beside one baseline."""

    name: BaselineName = Field(description="Which curve it is; previous_year is last year's national one.")
    budget_year: int = Field(description="The budget year of the curve.")
    scope_code: str = Field(description="Project, owner, province or VN: whose curve it is.")
    rate_base: str = Field(description="What the curve's percentages are shares of.")
    decision_number: str = Field(description="The document that sets it.")
    is_stated: bool = Field(
        description="Whether the curve states a point for that day; if not, the share is worked out."
    )
    planned_share: Share
    planned_value: MinorUnits
    shortfall: MinorUnits = Field(description="Planned less disbursed, minor units; below zero is ahead.")
    dpi: Index | None = Field(description="Disbursement performance index: disbursed over planned.")
    earned_schedule: Months
    actual_time: Months
    time_variance: Months = Field(description="Months ahead of the baseline; below zero is behind.")
    time_index: Index | None = Field(description="Earned schedule over actual time.")
    standing: Standing = Field(description="On which side of the baseline the subject is.")


class NeedFigures(TypedFigures):
    """How much by when."""

    by: date = Field(description="By this day.")
    amount: MinorUnits


class ClearingFigures(TypedFigures):
    """What would clear the alert."""

    action: Action = Field(description="disburse, refund, recover, allocate, reconcile, book or report.")
    needs: list[NeedFigures] = Field(description="By the day judged and by the next cut date.")


class ForecastFigures(TypedFigures):
    """Where disbursement is heading: pace so far with the seasonal shape of a baseline."""

    day: date = Field(description="31 December, or 31 January after the year.")
    low: MinorUnits
    central: MinorUnits
    high: MinorUnits
    shape: BaselineName = Field(description="The baseline whose seasons it follows.")
    january_of: int = Field(
        0, description="Budget year whose January carries the shape on; 0 where it reaches the day itself."
    )


class Figures(TypedFigures):
    """Everything needed to check an alert by hand."""

    rule: RuleName = Field(description="The rule that judged.")
    rule_version: int = Field(description="Its version.")
    severity: Severity = Field(description="How urgent it is.")
    threshold: float | None = Field(
        description="Below it the rule flags an index, above it an age in days; null where it has none."
    )
    subject: SubjectFigures
    budget_year: int = Field(description="The budget year, which runs to 31 January of the next.")
    as_of: date = Field(description="The day up to which every figure counts.")
    business_date: date = Field(description="The day on which it was judged.")
    books_through: date | None = Field(description="The last day the books reach; null without books.")
    currency: str = Field(description="ISO 4217 code of every amount here.")
    plan: PlanFigures
    disbursed: MinorUnits
    execution_rate: Share | None = Field(description="Disbursed over the plan in force; 1 is all of it.")
    includes_estimate: bool = Field(description="Whether an estimate is among the figures.")
    judged_by: BaselineName | None = Field(description="Name of the baseline the rule judged by.")
    comparisons: list[ComparisonFigures] = Field(description="Every baseline, by name.")
    excess: MinorUnits = Field(description="Disbursed beyond the plan of a fund source, minor units.")
    over_fund_source: str = Field(description="That fund source; empty where none is over.")
    days_stale: int = Field(description="Age of the books in days, for source_stale; otherwise 0.")
    measured: float | None = Field(None, description="What was held against the threshold.")
    clear_at: float | None = Field(None, description="An open alert clears only here or beyond.")
    clearing: ClearingFigures | None = Field(None, description="What would clear the alert.")
    forecasts: list[ForecastFigures] = Field([], description="For 31 December and 31 January.")
    measures: MeasuredFigures | None = Field(
        None, description="What is measured beside the baselines; null where a version before told it."
    )
    stale_sources: list[str] = Field([], description="Sources whose figures are too old.")
    inhibited: list[RuleName] = Field([], description="Rules that stale figures keep silent.")
    lines: list[LineFigures] = Field(description="By fund source.")
    series: list[SeriesFigures] = Field(description="By series of books.")
    ledger_watermark: int = Field(description="The last ledger row behind the figures.")
    progress_version: int = Field(description="The progress that was judged.")


def figures_of(finding: Finding) -> Figures:
    """The finding as told outside."""
    progress = finding.progress
    subject = progress.subject
    return Figures(
        rule=finding.rule,
        rule_version=finding.rule_version,
        severity=finding.severity,
        threshold=six(finding.threshold),
        subject=SubjectFigures(
            type=subject.type,
            code=subject.code,
            name=subject.name,
            province_code=subject.province_code,
            owner_code=subject.owner_code,
            owner_name=subject.owner_name,
            accountable_officer=subject.accountable_officer,
        ),
        budget_year=progress.budget_year,
        as_of=finding.as_of,
        business_date=progress.business_date,
        books_through=progress.books_through,
        currency=progress.currency,
        plan=PlanFigures(
            base=progress.plan_base,
            current=finding.plan,
            initial=progress.initial_plan,
            allocated=progress.allocated_plan,
            decision_number=progress.plan_decision_number,
            effective_date=progress.plan_effective_date,
        ),
        disbursed=finding.disbursed,
        execution_rate=six(finding.execution_rate),
        includes_estimate=progress.includes_estimate,
        judged_by=finding.judged_by.baseline.name if finding.judged_by else None,
        comparisons=[_comparison(c) for c in finding.comparisons],
        measured=six(finding.measured),
        clear_at=six(finding.clear_at),
        clearing=_clearing(finding),
        forecasts=[
            ForecastFigures(
                day=f.day,
                low=f.low,
                central=f.central,
                high=f.high,
                shape=f.shape,
                january_of=f.january_of,
            )
            for f in finding.forecasts
        ],
        measures=measured_figures(finding),
        stale_sources=list(finding.stale_sources),
        inhibited=list(finding.inhibited),
        excess=finding.excess,
        over_fund_source=finding.over_fund_source,
        days_stale=finding.days_stale,
        lines=[
            LineFigures(
                fund_source=line.fund_source,
                initial_plan=line.initial_plan,
                current_plan=line.current_plan,
                allocated_plan=line.allocated_plan,
                disbursed=line.disbursed,
                work_certified=line.work_certified,
                advance_outstanding=line.advance_outstanding,
            )
            for line in progress.lines
        ],
        series=[SeriesFigures(series=series, disbursed=amount) for series, amount in progress.series],
        ledger_watermark=progress.ledger_watermark,
        progress_version=progress.version,
    )


def _clearing(finding: Finding) -> ClearingFigures | None:
    if finding.clearing is None:
        return None
    needs = [NeedFigures(by=need.by, amount=need.amount) for need in finding.clearing.needs]
    return ClearingFigures(action=finding.clearing.action, needs=needs)


def _comparison(comparison: Comparison) -> ComparisonFigures:
    baseline, measures = comparison.baseline, comparison.measures
    return ComparisonFigures(
        name=baseline.name,
        budget_year=baseline.budget_year,
        scope_code=baseline.scope_code,
        rate_base=baseline.rate_base,
        decision_number=baseline.decision_number,
        is_stated=comparison.is_stated,
        planned_share=rounded(measures.planned_share),
        planned_value=round(measures.planned_value),
        shortfall=round(measures.shortfall),
        dpi=six(measures.dpi),
        earned_schedule=rounded(measures.earned_schedule),
        actual_time=rounded(measures.actual_time),
        time_variance=rounded(measures.time_variance),
        time_index=six(measures.time_index),
        standing=comparison.standing,
    )
