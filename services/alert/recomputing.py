"""The figures of a change once more: from the record that was judged, and from the ledger as it knew then."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from services.alert.explanation_store import KeptChange
from services.alert.figures import Figures, figures_of
from services.alert.rule_definitions import policy_of
from services.domain.course import Course
from services.domain.disbursement import Series
from services.domain.fiscal_calendar import first_day
from services.domain.lag_rules import RuleName, Severity
from services.domain.money import Money
from services.domain.plan import BaselineKind, BaselinePoint, BaselineSchedule
from services.domain.progress import CompletedWork, FundLine, Progress
from services.domain.verdict import evaluate, unflagged

_FLAGGED = {"opened", "updated", "reopened"}
# Of the telling, not of the figures: the ledger does not know them.
_OF_THE_TELLING = {"progress_version"}


def judged_again(progress: Progress, kept: KeptChange) -> tuple[bool, Figures]:
    """Whether the rule as it was then flags ``progress`` on the day judged, and the figures.

    Raises ``ValueError`` where the change was kept without its rule.
    """
    if kept.definition is None or kept.judged_on is None:
        raise ValueError("the change was kept without its rule")
    policy = policy_of(kept.definition)
    (rule,) = policy.rules
    on = kept.judged_on if kept.judged_on != progress.as_of else None
    open_rules = {rule.name} if kept.was_open else set[RuleName]()
    for finding in evaluate(progress, policy, on=on, open_rules=open_rules):
        if finding.rule is rule.name:
            return True, figures_of(finding)
    finding = unflagged(progress, rule, policy, on=on)
    return False, figures_of(replace(finding, severity=Severity(kept.figures["severity"])))


def differences(kept: KeptChange, flagged: bool, again: Figures) -> list[tuple[str, str, str]]:
    """Each figure that was told and does not come out so: where, as told, as reckoned again."""
    told = {**kept.figures, "flagged": kept.transition in _FLAGGED}
    now = {**again.model_dump(mode="json"), "flagged": flagged}
    return [each for each in _differ("", told, now) if each[0] not in _OF_THE_TELLING]


def from_ledger(progress: Progress, evidence: Mapping[str, Any]) -> Progress:
    """``progress`` with every figure as aggregation reckons it from the ledger. Raises ``KeyError`` and
    ``ValueError`` for an answer that is none."""
    year = progress.budget_year
    start = first_day(year)
    days = evidence["course"]
    return replace(
        progress,
        books_through=_day(evidence["books_through"]),
        currency=evidence["currency"],
        lines=tuple(
            FundLine(**{name: line[name] for name in FundLine.__dataclass_fields__})
            for line in evidence["lines"]
        ),
        series=tuple((Series(each["series"]), each["disbursed"]) for each in evidence["series"]),
        includes_estimate=evidence["includes_estimate"],
        plan_decision_number=evidence["plan_decision_number"],
        plan_effective_date=_day(evidence["plan_effective_date"]),
        last_movement_date=_day(evidence["last_movement_date"]),
        advance_since=_day(evidence["advance_since"]),
        completed_work=_work(evidence["completed_work"]),
        ledger_watermark=evidence["ledger_watermark"],
        course=Course(
            tuple((date.fromisoformat(each["date"]) - start) // timedelta(days=1) for each in days),
            *(
                tuple(each[name] for each in days)
                for name in ("disbursed", "work_certified", "advance_outstanding", "plan")
            ),
        ),
        baselines=tuple(_baseline(each, evidence["currency"]) for each in evidence["baselines"]),
    )


def _baseline(stated: Mapping[str, Any], currency: str) -> BaselineSchedule:
    return BaselineSchedule(
        source=stated["source"],
        source_ref=stated["source_ref"],
        kind=BaselineKind(stated["baseline"]),
        scope_code=stated["scope_code"],
        budget_year=stated["budget_year"],
        points=tuple(
            BaselinePoint(
                date.fromisoformat(point["date"]),
                basis_points=point["basis_points"],
                amount=None if point["amount"] is None else Money(point["amount"], currency),
            )
            for point in stated["points"]
        ),
        decision_number=stated["decision_number"],
        effective_date=date.fromisoformat(stated["effective_date"]),
        rate_base=stated["rate_base"],
        revision=stated["revision"],
    )


def _work(stated: Mapping[str, Any] | None) -> CompletedWork | None:
    return CompletedWork(stated["cumulative"], date.fromisoformat(stated["as_of"])) if stated else None


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _differ(path: str, told: Any, now: Any) -> Iterator[tuple[str, str, str]]:
    match told, now:
        case dict(), dict():
            # What only a later version tells was not told: it is no difference.
            for name in told:
                yield from _differ(f"{path}.{name}".lstrip("."), told.get(name), now.get(name))
        case list(), list() if len(told) == len(now):
            for number, pair in enumerate(zip(told, now, strict=True)):
                yield from _differ(f"{path}[{number}]", *pair)
        case _ if told != now:
            yield path, str(told), str(now)
