"""The verdict: does a subject lag behind its plan, by which rule, with which figures."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction

from services.domain.fiscal_calendar import month_position
from services.domain.plan import BaselineKind, BaselineSchedule, PlanLevel
from services.domain.progress import Measures, Progress, SubjectType, measure_against


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


@dataclass(frozen=True, slots=True)
class Comparison:
    """The subject beside one baseline, by name."""

    baseline: BaselineSchedule
    measures: Measures


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that flags a subject, with everything needed to check it by hand."""

    rule: RuleName
    rule_version: int
    severity: Severity
    progress: Progress
    judged_by: Comparison | None
    comparisons: tuple[Comparison, ...]
    excess: int = 0
    over_fund_source: str = ""
    days_stale: int = 0


def evaluate(progress: Progress, rules: Iterable[Rule]) -> list[Finding]:
    """Every rule that flags ``progress``, in the order of ``rules``.

    Nothing is said of a subject without a plan: there is nothing to lag behind. A fund line is
    counted in the totals of its owner and province and is not judged as a project.
    """
    if progress.subject.level is PlanLevel.FUND_LINE or progress.current_plan == 0:
        return []
    month = month_position(progress.as_of, progress.budget_year)
    comparisons = tuple(
        Comparison(schedule, measure_against(progress, schedule)) for schedule in progress.baselines
    )
    findings = (
        _JUDGES[rule.name](progress, rule, comparisons)
        for rule in rules
        if progress.subject.type in rule.subjects and month >= rule.from_month
    )
    return [finding for finding in findings if finding]


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
    if excess <= 0:
        return None
    return _finding(progress, rule, comparisons, excess=excess, over_fund_source=fund_source)


def _source_stale(progress: Progress, rule: Rule, comparisons: tuple[Comparison, ...]) -> Finding | None:
    """Silence is not lag, but it is not nothing either: the books stopped."""
    since = progress.books_through or progress.plan_effective_date
    if since is None:
        return None
    days_stale = (progress.business_date - since).days
    if days_stale <= rule.threshold:
        return None
    return _finding(progress, rule, comparisons, days_stale=days_stale)


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
        severity=Severity.CRITICAL if critical else rule.severity,
        progress=progress,
        judged_by=judged_by,
        comparisons=comparisons,
        excess=excess,
        over_fund_source=over_fund_source,
        days_stale=days_stale,
    )


def stale_since(progress: Progress) -> date | None:
    """The last day the books reach, where that is before the business date."""
    if progress.books_through is None or progress.books_through >= progress.business_date:
        return None
    return progress.books_through
