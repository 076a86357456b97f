"""The verdict: does a subject lag behind its plan, by which rule, with which figures."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import date
from fractions import Fraction

from services.domain import flags
from services.domain.finding import Finding
from services.domain.lag_rules import LAG_RULES, Policy, Rule, RuleName
from services.domain.plan import PlanLevel
from services.domain.progress import Progress
from services.domain.snapshot import Snapshot


def evaluate(
    progress: Progress, policy: Policy, *, on: date | None = None, open_rules: Collection[RuleName] = ()
) -> list[Finding]:
    """Every rule of ``policy`` that flags ``progress``, in the policy's order.

    ``on`` judges as of an earlier day by the course of totals; rules that need more than totals are left
    out then. ``open_rules`` have an open alert, which clears only at ``clear_at``. A fund line is counted
    in the totals of its owner and province and is not judged as a project. A subject without a plan has
    nothing to lag behind; where a decision took its plan away (a lapse), what it disbursed is over the plan
    all the same. Rules that figures too old keep silent are named by the finding of ``source_stale``.

    Raises ``ValueError`` where a baseline of ``progress`` is no curve, or a date is out of range.
    """
    if progress.subject.level is PlanLevel.FUND_LINE:
        return []
    at = Snapshot.of(progress, policy, on)
    found = []
    for rule in policy.in_force(progress.subject, at.day, progress.budget_year):
        if rule.name is not RuleName.SOURCE_STALE and (at.plan > 0 or rule.name is RuleName.OVER_PLAN):
            finding = flags.JUDGES[rule.name](at, rule, rule.name in open_rules)
            if finding:
                found.append(finding)
    return found if at.is_past else _with_staleness(at, found, open_rules)


def unflagged(progress: Progress, rule: Rule, policy: Policy, *, on: date | None = None) -> Finding:
    """The figures of a subject that ``rule`` does not flag (any more): what a resolved alert shows."""
    at = Snapshot.of(progress, policy, on)
    judge = flags.judge_of(at, rule) if rule.name in flags.JUDGED_BY_BASELINE else None
    return flags.finding(at, rule, judge=judge)


def _with_staleness(at: Snapshot, found: list[Finding], open_rules: Collection[RuleName]) -> list[Finding]:
    """Figures too old say that nothing lags: their lag flags are kept back, and which is said."""
    rule = at.policy.rule(RuleName.SOURCE_STALE)
    if rule is None:
        return found
    days, sources = flags.staleness(at, rule, is_open=rule.name in open_rules)
    if days is None:
        return found
    inhibited: tuple[RuleName, ...] = ()
    if flags.is_too_old(at, rule):
        silent = {each.rule for each in found} | set(open_rules)
        inhibited = tuple(name for name in RuleName if name in silent & LAG_RULES)
        found = [each for each in found if each.rule not in LAG_RULES]
    is_told = at.plan > 0 and rule in at.policy.in_force(at.progress.subject, at.day, at.progress.budget_year)
    if not is_told and not inhibited:
        return found
    stale = flags.finding(at, rule, measured=Fraction(days), clearing=lambda: flags.report_from(at, rule))
    return [*found, replace(stale, days_stale=days, stale_sources=sources, inhibited=inhibited)]
