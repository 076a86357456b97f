"""What a rule found: everything to check it by hand, and what would clear it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING

from services.domain import event_identity
from services.domain.baselines import Baseline, BaselineName
from services.domain.forecast import Forecast
from services.domain.lag_rules import AdvanceBase, Milestone, RuleName, Severity
from services.domain.measures import (
    Measures,
    Pace,
    Period,
    last_full_month,
    measure_against,
    month_so_far,
    pace,
    schedule_performance_index,
)
from services.domain.progress import Progress

if TYPE_CHECKING:
    from services.domain.snapshot import Snapshot


class Standing(StrEnum):
    """On which side of a baseline a subject is."""

    AHEAD = "ahead"
    LEVEL = "level"
    BEHIND = "behind"


@dataclass(frozen=True, slots=True)
class Comparison:
    """The subject beside one baseline, by name."""

    baseline: Baseline
    measures: Measures

    @property
    def is_stated(self) -> bool:
        """Whether the baseline states a point for this day; if not, its share is worked out from others."""
        return self.measures.actual_time in self.baseline.stated

    @property
    def is_past_last_point(self) -> bool:
        """Whether the day is after every point of the baseline: its last share holds on."""
        return all(month < self.measures.actual_time for month in self.baseline.stated)

    @property
    def standing(self) -> Standing:
        if self.measures.shortfall == 0:
            return Standing.LEVEL
        return Standing.BEHIND if self.measures.shortfall > 0 else Standing.AHEAD


class Action(StrEnum):
    """What would clear a finding."""

    DISBURSE = "disburse"
    REFUND = "refund"
    RECOVER = "recover"
    ALLOCATE = "allocate"
    RECONCILE = "reconcile"
    BOOK = "book"
    REPORT = "report"


@dataclass(frozen=True, slots=True)
class Need:
    """How much by when, in minor units rounded up; 0 where no amount is asked for."""

    by: date
    amount: int


@dataclass(frozen=True, slots=True)
class Clearing:
    """What would clear the alert: what is to be done, by the day judged and by the next cut date."""

    action: Action
    needs: tuple[Need, ...]


@dataclass(frozen=True)
class Finding:
    """A rule that flags a subject, with everything needed to check it by hand.

    ``as_of``, ``disbursed`` and ``plan`` (minor units) are those of the day judged; ``is_past`` says that it
    is earlier than the day ``progress`` reaches. ``threshold`` is ``None`` for a rule that has none;
    ``measured`` is what was held against it. ``is_held`` says that only the wait for ``clear_at`` keeps the
    alert open. ``critical_below`` is ``None`` unless the index is below it, which makes the finding critical.
    ``ahead_of`` is the baseline that the subject is not behind by more than ``ahead_within`` of the plan,
    which makes it info; ``is_in_band`` that the better pace of the forecast reaches the limit, which does
    so too.
    ``excess`` is in minor units. ``inhibited`` are the rules that stale figures keep silent.
    """

    rule: RuleName
    rule_version: int
    threshold: Fraction | None
    severity: Severity
    at: Snapshot
    judge: Baseline | None = None
    clearing_of: Callable[[], Clearing] | None = field(default=None, compare=False, repr=False)
    measured: Fraction | None = None
    clear_at: Fraction | None = None
    is_held: bool = False
    critical_below: Fraction | None = None
    ahead_of: Baseline | None = None
    ahead_within: Fraction = Fraction(0)
    is_in_band: bool = False
    milestone: Milestone | None = None
    measured_on: AdvanceBase | None = None
    excess: int = 0
    over_fund_source: str = ""
    days_stale: int = 0
    stale_sources: tuple[str, ...] = ()
    inhibited: tuple[RuleName, ...] = ()

    @property
    def progress(self) -> Progress:
        return self.at.progress

    @property
    def as_of(self) -> date:
        return self.at.day

    @property
    def disbursed(self) -> int:
        return self.at.disbursed

    @property
    def plan(self) -> int:
        return self.at.plan

    @property
    def is_past(self) -> bool:
        return self.at.is_past

    @cached_property
    def clearing(self) -> Clearing | None:
        """What would clear the alert; ``None`` of a rule that does not flag."""
        return self.clearing_of() if self.clearing_of else None

    @property
    def measured_by(self) -> Baseline | None:
        """The judging baseline or, where the rule asks none, the preferred one."""
        return self.judge or self.at.preferred

    @cached_property
    def comparisons(self) -> tuple[Comparison, ...]:
        """The subject beside every baseline it has."""
        return tuple(
            Comparison(each, measure_against(each, disbursed=self.disbursed, plan=self.plan, day=self.as_of))
            for each in self.at.shown(self.judge)
        )

    @property
    def judged_by(self) -> Comparison | None:
        return next((c for c in self.comparisons if self.judge and c.baseline.name is self.judge.name), None)

    @property
    def month_so_far(self) -> Period | None:
        by = self.measured_by
        return month_so_far(self.progress, by, self.as_of, plan=self.plan) if by else None

    @property
    def last_full_month(self) -> Period | None:
        by = self.measured_by
        return last_full_month(self.progress, by, self.as_of, plan=self.plan) if by else None

    @property
    def spi(self) -> Fraction | None:
        """Schedule performance index, from reported work alone; not known of a past day."""
        by = self.measured_by
        return schedule_performance_index(self.progress, by, self.as_of) if by and not self.is_past else None

    @cached_property
    def forecasts(self) -> tuple[Forecast, ...]:
        """For 31 December and 31 January, as far as they can be told."""
        days = (self.at.year_end, self.at.closing)
        return tuple(f for day in days if self.plan > 0 and (f := self.at.forecast(self.measured_by, day)))

    @property
    def pace(self) -> Pace | None:
        if self.plan <= 0:
            return None
        return pace(self.progress, self.as_of, disbursed=self.disbursed, plan=self.plan)

    @property
    def execution_rate(self) -> Fraction | None:
        """Disbursed over the plan in force on the day; ``None`` without a plan."""
        return Fraction(self.disbursed, self.plan) if self.plan else None


def finding_digest(finding: Finding) -> bytes:
    """SHA-256 of what the finding says: rule, severity, figures and who answers for them.

    Left out is what changes while the figures stand still (the version, the ledger's watermark, the
    business date and the age of the books counted from it): judged again, it is the same finding.
    Without books even ``as_of`` is only the business date. That the books stopped says nothing of
    amounts or curves, so they are left out of it.
    """
    progress = finding.progress
    subject = progress.subject
    fields: dict[str, str | int | None] = {
        "rule": finding.rule,
        "rule_version": finding.rule_version,
        "threshold": str(finding.threshold),
        "severity": finding.severity,
        "subject_name": subject.name,
        "owner_code": subject.owner_code,
        "owner_name": subject.owner_name,
        "accountable_officer": subject.accountable_officer,
        "as_of": finding.as_of.isoformat() if progress.books_through else None,
        "books_through": progress.books_through.isoformat() if progress.books_through else None,
        "currency": progress.currency,
        "plan_decision_number": progress.plan_decision_number,
        "plan_effective_date": str(progress.plan_effective_date),
        "includes_estimate": int(progress.includes_estimate),
        "excess": finding.excess,
        "over_fund_source": finding.over_fund_source,
        "is_held": int(finding.is_held),
        "inhibited": ",".join(finding.inhibited),
        "stale_sources": ",".join(finding.stale_sources),
    }
    if finding.critical_below is not None:
        fields["critical_below"] = str(finding.critical_below)
    if finding.ahead_of is not None or finding.is_in_band:
        ahead_of = finding.ahead_of.name if finding.ahead_of else ""
        fields["info"] = f"{ahead_of} {finding.ahead_within} {int(finding.is_in_band)}"
    if finding.rule is RuleName.SOURCE_STALE:
        return event_identity.content_hash(fields)
    fields |= dict(_amounts(finding))
    return event_identity.content_hash(fields)


def _amounts(finding: Finding) -> Iterator[tuple[str, str | int]]:
    progress = finding.progress
    yield "disbursed", finding.disbursed
    yield "plan", finding.plan
    if finding.milestone:
        yield "milestone", f"{finding.milestone.month}-{finding.milestone.day} {finding.milestone.rate}"
    if not finding.is_past:
        for line in progress.lines:
            yield (
                f"line {line.fund_source}",
                (
                    f"{line.initial_plan} {line.current_plan} {line.allocated_plan} "
                    f"{line.disbursed} {line.work_certified} {line.advance_outstanding}"
                ),
            )
        for series, disbursed in progress.series:
            yield f"series {series}", disbursed
    for each in finding.forecasts:
        borrowed = f" {each.january_of}" if each.january_of else ""
        yield f"forecast {each.day}", f"{each.low} {each.central} {each.high} {each.shape}{borrowed}"
    if finding.spi is not None:
        yield "spi", str(finding.spi)
    for comparison in finding.comparisons:
        baseline = comparison.baseline
        # What others do moves the median from day to day; it is shown beside, and is no news of this subject.
        if baseline.name is BaselineName.PEER and comparison is not finding.judged_by:
            continue
        name = f"baseline {baseline.name} {baseline.scope_code} {baseline.budget_year} {baseline.rate_base}"
        yield name, f"{comparison.measures.planned_share} {baseline.decision_number}"


def stale_since(progress: Progress) -> date | None:
    """The last day the books reach, where that is before the business date."""
    if progress.books_through is None or progress.books_through >= progress.business_date:
        return None
    return progress.books_through
