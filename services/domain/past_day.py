"""The verdict on a past day: the rules of a policy over a subject's totals as they stood then.

Rules that need more than totals are left out: what a fund source held, how old the books were.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date

from services.domain import lag_rules
from services.domain.lag_rules import Finding, Rule, RuleName
from services.domain.plan import WHOLE_PLAN_BASIS_POINTS, BaselineKind, BaselinePoint, BaselineSchedule
from services.domain.progress import FundLine, Progress

# What says that a subject lags; the others say something of its books or its appropriation.
LAG_RULES = frozenset({RuleName.BEHIND_TARGET, RuleName.NOTHING_DISBURSED, RuleName.BELOW_NATIONAL_AVERAGE})
ON_A_PAST_DAY = LAG_RULES
_JUDGED_BY = {
    RuleName.BEHIND_TARGET: BaselineKind.TARGET,
    RuleName.BELOW_NATIONAL_AVERAGE: BaselineKind.NATIONAL,
}


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules for a subject. ``is_linear``: a straight line to 31 December in place of the target."""

    rules: tuple[Rule, ...]
    is_linear: bool = False


def evaluate(
    progress: Progress,
    policy: Policy,
    *,
    on: date,
    open_rules: Collection[RuleName] = (),  # noqa: ARG001 - no rule has hysteresis yet
) -> list[Finding]:
    """Every rule that flags ``progress`` as its course stood at the end of ``on``. Raises ``ValueError`` as
    ``lag_rules.evaluate`` does."""
    rules = tuple(rule for rule in policy.rules if rule.name in ON_A_PAST_DAY)
    totals = progress.course.on(on, progress.budget_year)
    then = replace(
        progress,
        as_of=on,
        business_date=on,
        books_through=on,
        lines=(
            FundLine(
                "",
                current_plan=totals.plan,
                disbursed=totals.disbursed,
                work_certified=totals.work_certified,
                advance_outstanding=totals.advance_outstanding,
            ),
        ),
        baselines=_judging(progress, policy, rules),
    )
    return lag_rules.evaluate(then, rules)


def _judging(progress: Progress, policy: Policy, rules: tuple[Rule, ...]) -> tuple[BaselineSchedule, ...]:
    """The curves that these rules judge by; the others would only be shown beside them."""
    kinds = {_JUDGED_BY.get(rule.name) for rule in rules}
    curves = (_linear(progress.budget_year), *progress.baselines) if policy.is_linear else progress.baselines
    judging: dict[BaselineKind, BaselineSchedule] = {}
    for curve in curves:
        if curve.kind in kinds and curve.budget_year == progress.budget_year:
            judging.setdefault(curve.kind, curve)
    return tuple(judging.values())


def _linear(budget_year: int) -> BaselineSchedule:
    return BaselineSchedule(
        source="",
        source_ref="",
        kind=BaselineKind.TARGET,
        scope_code="",
        budget_year=budget_year,
        points=(BaselinePoint(date(budget_year, 12, 31), basis_points=WHOLE_PLAN_BASIS_POINTS),),
        decision_number="",
        effective_date=date(budget_year, 1, 1),
    )
