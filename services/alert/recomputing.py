"""The figures of a change once more: from the record that was judged, and from the ledger as it knew then."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from services.alert.explanation_store import KeptChange
from services.alert.figures import Figures, figures_of
from services.alert.rule_definitions import policy_of, silenced_by
from services.domain.alert_lifecycle import AlertState, AlertTransition, state_after
from services.domain.course import Course
from services.domain.disbursement import Series
from services.domain.fiscal_calendar import first_day
from services.domain.lag_rules import RuleName, Severity
from services.domain.money import Money
from services.domain.plan import BaselineKind, BaselinePoint, BaselineSchedule, PlanLevel
from services.domain.progress import (
    CompletedWork,
    FundLine,
    PeerCurve,
    Progress,
    SourceReach,
    Subject,
    SubjectType,
)
from services.domain.verdict import evaluate, unflagged

# Their names are the policy's and this project's own, not the books'.
_NAMED_ELSEWHERE = {SubjectType.PROVINCE, SubjectType.FUND_SOURCE}
_RULES = frozenset(RuleName)


class NotKeptError(Exception):
    """What the change follows from was not kept with it; the message says what."""


def judged_again(progress: Progress, kept: KeptChange) -> tuple[bool, Figures]:
    """Whether the rule as it was then flags ``progress`` on the day judged, and the figures.

    Raises ``NotKeptError`` where the change was kept without its rule or, of source_stale, without those that
    it keeps silent.
    """
    if kept.definition is None:
        raise NotKeptError("the change was kept without its rule")
    policy = policy_of(kept.definition)
    (rule,) = policy.rules
    if rule.name is RuleName.SOURCE_STALE:
        silenced = silenced_by(kept.definition)
        if silenced is None or kept.open_rules is None:
            raise NotKeptError("the change was kept without the rules that it keeps silent")
        policy = replace(policy, rules=(rule, *silenced), _in_force={})
    for finding in evaluate(progress, policy, on=kept.judged_on, open_rules=_open_rules(kept, rule.name)):
        if finding.rule is rule.name:
            return True, figures_of(finding)
    finding = unflagged(progress, rule, policy, on=kept.judged_on)
    return False, figures_of(replace(finding, severity=Severity(kept.figures["severity"])))


def _open_rules(kept: KeptChange, rule: RuleName) -> set[RuleName]:
    """Those that bear on the finding and were held to be open; a version before kept whether its own was."""
    if kept.open_rules is None:
        return {rule} if kept.was_open else set()
    return {RuleName(name) for name in kept.open_rules if name in _RULES}


def differences(kept: KeptChange, flagged: bool, again: Figures) -> list[tuple[str, str, str]]:
    """Each figure that was told and does not come out so: where, as told, as reckoned again."""
    told = {**kept.figures, "flagged": _left_open(kept)}
    now = {**again.model_dump(mode="json"), "flagged": flagged}
    return list(_differ("", told, now))


def _left_open(kept: KeptChange) -> bool:
    return state_after(AlertTransition(kept.transition)) is AlertState.OPEN


def from_ledger(progress: Progress, evidence: Mapping[str, Any]) -> Progress:
    """``progress`` as aggregation reckons it from the ledger, for the same day and instant of knowledge.

    What the books do not know is taken from the record: the telling's own business date and version, which
    late events it named, and the names of provinces and fund sources. Raises ``KeyError``, ``TypeError`` and
    ``ValueError`` for an answer that is no evidence.
    """
    year = progress.budget_year
    start = first_day(year)
    days = evidence["course"]
    return replace(
        progress,
        subject=_subject(evidence["subject"], progress.subject),
        books_through=_day(evidence["books_through"]),
        currency=evidence["currency"],
        lines=tuple(FundLine(**_of(FundLine, line)) for line in evidence["lines"]),
        series=tuple((Series(each["series"]), each["disbursed"]) for each in evidence["series"]),
        includes_estimate=evidence["includes_estimate"],
        plan_decision_number=evidence["plan_decision_number"],
        plan_effective_date=_day(evidence["plan_effective_date"]),
        last_movement_date=_day(evidence["last_movement_date"]),
        advance_since=_day(evidence["advance_since"]),
        completed_work=_work(evidence["completed_work"]),
        ledger_watermark=evidence["ledger_watermark"],
        sources=tuple(
            SourceReach(each["source"], date.fromisoformat(each["reaches"])) for each in evidence["sources"]
        ),
        starts_on=_day(evidence["starts_on"]),
        closed_on=_day(evidence["closed_on"]),
        total_investment=evidence["total_investment"],
        peers=_peers(evidence["peers"], evidence["currency"]),
        course=Course(
            tuple((date.fromisoformat(each["date"]) - start) // timedelta(days=1) for each in days),
            *(
                tuple(each[name] for each in days)
                for name in ("disbursed", "work_certified", "advance_outstanding", "plan")
            ),
        ),
        baselines=tuple(_baseline(each, evidence["currency"]) for each in evidence["baselines"]),
    )


def _subject(stated: Mapping[str, Any], told: Subject) -> Subject:
    named = {"type": SubjectType(stated["type"]), "level": PlanLevel(stated["level"])}
    subject = Subject(**(_of(Subject, stated) | named))
    return replace(subject, name=told.name) if told.type in _NAMED_ELSEWHERE else subject


def _of(shape: type[FundLine | Subject], stated: Mapping[str, Any]) -> dict[str, Any]:
    return {name: stated[name] for name in shape.__dataclass_fields__}


def _peers(stated: Mapping[str, Any] | None, currency: str) -> PeerCurve | None:
    if stated is None:
        return None
    points = tuple(_point(each, currency) for each in stated["points"])
    return PeerCurve(stated["scope_code"], stated["members"], points)


def _point(stated: Mapping[str, Any], currency: str) -> BaselinePoint:
    return BaselinePoint(
        date.fromisoformat(stated["date"]),
        basis_points=stated["basis_points"],
        amount=None if stated["amount"] is None else Money(stated["amount"], currency),
    )


def _baseline(stated: Mapping[str, Any], currency: str) -> BaselineSchedule:
    return BaselineSchedule(
        source=stated["source"],
        source_ref=stated["source_ref"],
        kind=BaselineKind(stated["baseline"]),
        scope_code=stated["scope_code"],
        budget_year=stated["budget_year"],
        points=tuple(_point(each, currency) for each in stated["points"]),
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
