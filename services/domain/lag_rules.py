"""The verdict: does a subject lag behind its plan, by which rule, with which figures."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from fractions import Fraction

from services.domain import event_identity
from services.domain.fiscal_calendar import closing_day, first_day, month_position
from services.domain.plan import BaselineKind, BaselineSchedule, PlanLevel
from services.domain.progress import FundLine, Measures, Progress, SubjectType, measure_against


class RuleName(StrEnum):
    """Every rule there is; which apply, to whom and from when, is policy."""

    BEHIND_TARGET = "behind_target"
    NOTHING_DISBURSED = "nothing_disbursed"
    OVER_PLAN = "over_plan"
    BELOW_NATIONAL_AVERAGE = "below_national_average"
    SOURCE_STALE = "source_stale"


class Severity(StrEnum):
    """How urgent a finding is."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a policy. Text templates are the policy's too, but no concern of the verdict.

    ``threshold`` by rule: behind_target flags a DPI below it; below_national_average flags a rate
    below that share of the national one; source_stale flags books older than that many days; the
    others do not use it. ``from_month`` is the first month position at which the rule may flag.
    """

    name: RuleName
    version: int
    severity: Severity
    subjects: frozenset[SubjectType]
    threshold: Fraction = Fraction(1)
    critical_below: Fraction | None = None
    from_month: Fraction = Fraction(0)


class Standing(StrEnum):
    """On which side of a baseline a subject is."""

    AHEAD = "ahead"
    LEVEL = "level"
    BEHIND = "behind"


@dataclass(frozen=True, slots=True)
class Comparison:
    """The subject beside one baseline, by name."""

    baseline: BaselineSchedule
    measures: Measures

    @property
    def is_stated(self) -> bool:
        """Whether the baseline states a point for this day; if not, its share is worked out from others."""
        at = self.measures.actual_time
        year = self.baseline.budget_year
        return any(month_position(point.day, year) == at for point in self.baseline.points)

    @property
    def is_past_last_point(self) -> bool:
        """Whether the day is after every point of the baseline: its last share holds on."""
        year = self.baseline.budget_year
        return all(
            month_position(point.day, year) < self.measures.actual_time for point in self.baseline.points
        )

    @property
    def standing(self) -> Standing:
        if self.measures.shortfall == 0:
            return Standing.LEVEL
        return Standing.BEHIND if self.measures.shortfall > 0 else Standing.AHEAD


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that flags a subject, with everything needed to check it by hand.

    ``threshold`` is ``None`` for a rule that has none; ``critical_below`` is ``None`` unless the index
    is below it, which makes the finding critical. ``excess`` is in minor units.
    """

    rule: RuleName
    rule_version: int
    threshold: Fraction | None
    severity: Severity
    progress: Progress
    judged_by: Comparison | None
    comparisons: tuple[Comparison, ...]
    critical_below: Fraction | None = None
    excess: int = 0
    over_fund_source: str = ""
    days_stale: int = 0


@dataclass(frozen=True, slots=True)
class Policy:
    """Rules."""

    rules: tuple[Rule, ...]


JUDGED_BACK = frozenset({RuleName.BEHIND_TARGET, RuleName.NOTHING_DISBURSED, RuleName.BELOW_NATIONAL_AVERAGE})


def as_of_day(progress: Progress, day: date) -> Progress:
    """The progress as of an earlier day, as far as its course tells."""
    totals = progress.course.on(day, progress.budget_year)
    line = FundLine("all", totals.plan, totals.plan, 0, totals.disbursed)
    return replace(progress, as_of=day, lines=(line,))


def evaluate(
    progress: Progress, policy: Policy, *, on: date | None = None, open_rules: Collection[RuleName] = ()
) -> list[Finding]:
    """Every rule that flags ``progress``, in the order of ``rules``.

    A fund line is counted in the totals of its owner and province and is not judged as a project.
    A subject without a plan has nothing to lag behind; where a decision took its plan away (a lapse),
    what it disbursed is over the plan all the same.

    Raises ``ValueError`` where a baseline of ``progress`` is no curve, or a date is out of range.
    """
    if progress.subject.level is PlanLevel.FUND_LINE:
        return []
    rules = policy.rules
    if on is not None:
        progress = as_of_day(progress, on)
        rules = tuple(rule for rule in rules if rule.name in JUDGED_BACK)
    month = month_position(progress.as_of, progress.budget_year)
    comparisons = compare(progress)
    findings = (
        _JUDGES[rule.name](progress, rule, comparisons)
        for rule in rules
        if progress.subject.type in rule.subjects
        and month >= rule.from_month
        and (progress.current_plan > 0 or rule.name is RuleName.OVER_PLAN)
    )
    return [finding for finding in findings if finding]


def compare(progress: Progress) -> tuple[Comparison, ...]:
    """``progress`` beside every baseline it carries, this year's before last year's; none without a
    plan to take shares of."""
    if progress.current_plan <= 0:
        return ()
    ordered = sorted(progress.baselines, key=lambda b: (-b.budget_year, _ORDER.index(b.kind)))
    return tuple(Comparison(schedule, measure_against(progress, schedule)) for schedule in ordered)


def unflagged(progress: Progress, rule: Rule) -> Finding:
    """The figures of a subject that ``rule`` does not flag (any more): what a resolved alert shows."""
    comparisons = compare(progress)
    kind = _JUDGED_BY.get(rule.name)
    judged_by = _comparison(progress, comparisons, kind) if kind else None
    return _finding(progress, rule, comparisons, judged_by=judged_by)


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
        "as_of": progress.as_of.isoformat() if progress.books_through else None,
        "books_through": progress.books_through.isoformat() if progress.books_through else None,
        "currency": progress.currency,
        "plan_decision_number": progress.plan_decision_number,
        "plan_effective_date": str(progress.plan_effective_date),
        "includes_estimate": int(progress.includes_estimate),
        "excess": finding.excess,
        "over_fund_source": finding.over_fund_source,
    }
    if finding.critical_below is not None:
        fields["critical_below"] = str(finding.critical_below)
    if finding.rule is RuleName.SOURCE_STALE:
        return event_identity.content_hash(fields)
    for line in progress.lines:
        fields[f"line {line.fund_source}"] = (
            f"{line.initial_plan} {line.current_plan} {line.allocated_plan} "
            f"{line.disbursed} {line.work_certified} {line.advance_outstanding}"
        )
    for series, disbursed in progress.series:
        fields[f"series {series}"] = disbursed
    for comparison in finding.comparisons:
        baseline = comparison.baseline
        name = f"baseline {baseline.kind} {baseline.scope_code} {baseline.budget_year} {baseline.rate_base}"
        fields[name] = f"{comparison.measures.planned_share} {baseline.decision_number}"
    return event_identity.content_hash(fields)


def _behind_target(progress: Progress, rule: Rule, comparisons: tuple[Comparison, ...]) -> Finding | None:
    target = _comparison(progress, comparisons, BaselineKind.TARGET)
    if progress.books_through is None or target is None or target.measures.dpi is None:
        return None
    if target.measures.dpi >= rule.threshold:
        return None
    return _finding(progress, rule, comparisons, judged_by=target, index=target.measures.dpi)


def _below_national_average(
    progress: Progress, rule: Rule, comparisons: tuple[Comparison, ...]
) -> Finding | None:
    nation = _comparison(progress, comparisons, BaselineKind.NATIONAL)
    if progress.books_through is None or nation is None or nation.measures.dpi is None:
        return None
    if nation.measures.dpi >= rule.threshold:
        return None
    return _finding(progress, rule, comparisons, judged_by=nation, index=nation.measures.dpi)


def _nothing_disbursed(progress: Progress, rule: Rule, comparisons: tuple[Comparison, ...]) -> Finding | None:
    if progress.books_through is None or progress.disbursed > 0:
        return None
    target = _comparison(progress, comparisons, BaselineKind.TARGET)
    return _finding(progress, rule, comparisons, judged_by=target)


def _over_plan(progress: Progress, rule: Rule, comparisons: tuple[Comparison, ...]) -> Finding | None:
    """The appropriation is of a fund source: one line over its plan is over, whatever others hold."""
    excess, fund_source = max(
        ((line.disbursed - line.current_plan, line.fund_source) for line in progress.lines),
        default=(0, ""),
    )
    # Without any decision the plan may only not have arrived yet.
    if excess <= 0 or progress.plan_effective_date is None:
        return None
    return _finding(progress, rule, comparisons, excess=excess, over_fund_source=fund_source)


def _source_stale(progress: Progress, rule: Rule, comparisons: tuple[Comparison, ...]) -> Finding | None:
    """Silence is not lag, but it is not nothing either: the books stopped."""
    since = progress.books_through or progress.plan_effective_date
    if since is None:
        return None
    # No books are owed before the year begins, nor after it closes.
    since = max(since, first_day(progress.budget_year))
    until = min(progress.business_date, closing_day(progress.budget_year))
    days_stale = (until - since).days
    if days_stale <= rule.threshold:
        return None
    return _finding(progress, rule, comparisons, days_stale=days_stale)


_ORDER = (BaselineKind.TARGET, BaselineKind.REGISTERED, BaselineKind.NATIONAL)
_JUDGED_BY = {
    RuleName.BEHIND_TARGET: BaselineKind.TARGET,
    RuleName.NOTHING_DISBURSED: BaselineKind.TARGET,
    RuleName.BELOW_NATIONAL_AVERAGE: BaselineKind.NATIONAL,
}
_WITH_THRESHOLD = {RuleName.BEHIND_TARGET, RuleName.BELOW_NATIONAL_AVERAGE, RuleName.SOURCE_STALE}
_JUDGES = {
    RuleName.BEHIND_TARGET: _behind_target,
    RuleName.NOTHING_DISBURSED: _nothing_disbursed,
    RuleName.OVER_PLAN: _over_plan,
    RuleName.BELOW_NATIONAL_AVERAGE: _below_national_average,
    RuleName.SOURCE_STALE: _source_stale,
}


def _comparison(
    progress: Progress, comparisons: tuple[Comparison, ...], kind: BaselineKind
) -> Comparison | None:
    schedule = progress.baseline(kind)
    return next((c for c in comparisons if c.baseline is schedule), None)


def _finding(
    progress: Progress,
    rule: Rule,
    comparisons: tuple[Comparison, ...],
    *,
    judged_by: Comparison | None = None,
    index: Fraction | None = None,
    excess: int = 0,
    over_fund_source: str = "",
    days_stale: int = 0,
) -> Finding:
    critical = index is not None and rule.critical_below is not None and index < rule.critical_below
    return Finding(
        rule=rule.name,
        rule_version=rule.version,
        threshold=rule.threshold if rule.name in _WITH_THRESHOLD else None,
        severity=Severity.CRITICAL if critical else rule.severity,
        progress=progress,
        judged_by=judged_by,
        comparisons=comparisons,
        critical_below=rule.critical_below if critical else None,
        excess=excess,
        over_fund_source=over_fund_source,
        days_stale=days_stale,
    )


def stale_since(progress: Progress) -> date | None:
    """The last day the books reach, where that is before the business date."""
    if progress.books_through is None or progress.books_through >= progress.business_date:
        return None
    return progress.books_through
