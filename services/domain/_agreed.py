"""Until the verdict of this signature is merged: the present rules behind it."""
from __future__ import annotations
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date
from services.domain.lag_rules import Rule, RuleName, Finding, evaluate as _evaluate
from services.domain.progress import FundLine, Progress

LAG_RULES = frozenset({RuleName.BEHIND_TARGET, RuleName.NOTHING_DISBURSED, RuleName.BELOW_NATIONAL_AVERAGE})

@dataclass(frozen=True, slots=True)
class Policy:
    rules: tuple[Rule, ...]

def evaluate(progress: Progress, policy: Policy, *, on: date | None = None, open_rules: Collection[RuleName] = ()) -> list[Finding]:
    if on is not None:
        totals = progress.course.on(on, progress.budget_year)
        line = FundLine("all", totals.plan, totals.plan, 0, totals.disbursed, totals.work_certified, totals.advance_outstanding)
        progress = replace(progress, as_of=on, books_through=on, business_date=on, lines=(line,), plan_effective_date=progress.plan_effective_date)
    return _evaluate(progress, policy.rules)

ON_A_PAST_DAY = frozenset(RuleName) - {RuleName.SOURCE_STALE, RuleName.OVER_PLAN}
