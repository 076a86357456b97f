"""Corrections judge the past again: what a subject's alerts would be by all that is known now.

Whatever comes late changes the course of days that were told before. Those days are judged again in their
order, each rule taken for open where the day before it left it open, as it would have gone had everything
been known in time. docs/adr/0024.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

from services.domain.alert_lifecycle import AlertState, Grounds, Judgement, Recorded
from services.domain.finding import Finding, finding_digest
from services.domain.fiscal_calendar import first_day, month_end
from services.domain.lag_rules import LAG_RULES, Policy, RuleName
from services.domain.progress import LateEvent, Progress
from services.domain.verdict import evaluate

# Totals are all that these need: they can be judged as of an earlier day.
JUDGED_BACK = frozenset(
    {
        RuleName.BEHIND_TARGET,
        RuleName.BELOW_MILESTONE,
        RuleName.BELOW_NATIONAL_AVERAGE,
        RuleName.NOTHING_DISBURSED,
        RuleName.YEAR_END_SHORTFALL,
    }
)


@dataclass(frozen=True, slots=True)
class Rejudged:
    """One rule's finding by all that is known now, ``None`` where it does not flag, and the judgement that
    the lifecycle decides by. ``open_rules`` bear on the finding and had alerts that were taken for open
    before: the rule itself, for source_stale also those that it keeps silent."""

    rule: RuleName
    finding: Finding | None
    open_rules: frozenset[RuleName]
    judgement: Judgement

    @property
    def was_open(self) -> bool:
        return self.rule in self.open_rules


def judge(
    progress: Progress, policy: Policy, recorded: Mapping[RuleName, Recorded]
) -> dict[RuleName, Rejudged]:
    """Every rule that flags, and every one that has an alert.

    Raises ``ValueError`` where ``evaluate`` does.
    """
    raised = _raised(progress, policy, recorded)
    moved = {rule for rule, grounds in raised.items() if grounds_on(progress, grounds.day) != grounds}
    reach = [*(raised[rule].day for rule in moved), *(event.value_date for event in progress.late_events)]
    days = _days(progress, policy, min(reach), raised.values()) if reach else []
    standing = {
        rule: each.grounds.day if each.grounds else None
        for rule, each in recorded.items()
        if each.state is AlertState.OPEN and not (reach and rule in raised and raised[rule].day >= min(reach))
    }
    held: set[tuple[RuleName, date]] = set()
    for day in days:
        flagged = {each.rule for each in evaluate(progress, policy, on=day, open_rules=standing.keys())}
        held |= {(rule, day) for rule in flagged}
        for rule in JUDGED_BACK:
            if rule in flagged:
                standing.setdefault(rule, day)
            else:
                standing.pop(rule, None)

    # Whether a rule that has not cleared was ever flagging, the course says: whoever judged on fewer days,
    # since the figures came at once, finds the same.
    waits = {
        rule.name: rule for rule in policy.rules if rule.clear_at is not None and rule.name in JUDGED_BACK
    }
    for name, waiting in waits.items() if progress.course.days else ():
        alone = replace(policy, rules=(waiting,), _in_force={})
        if not any(each.is_held for each in evaluate(progress, alone, open_rules=(name,))):
            continue
        if since := _flags_since(progress, alone, name):
            standing.setdefault(name, since)
        else:
            standing.pop(name, None)
    findings = {each.rule: each for each in evaluate(progress, policy, open_rules=standing.keys())}
    return {
        rule: Rejudged(
            rule,
            finding := findings.get(rule),
            _bearing_on(rule) & standing.keys(),
            Judgement(
                digest=finding_digest(finding) if finding else None,
                grounds=_grounds(progress, standing.get(rule), recorded.get(rule)) if finding else None,
                held_when_raised=(rule, raised[rule].day) in held if rule in moved and not finding else None,
            ),
        )
        for rule in RuleName
        if rule in findings or rule in recorded
    }


def reached(progress: Progress, day: date) -> tuple[LateEvent, ...]:
    """The late events that reach back to ``day`` or before it, the latest value date first."""
    late = (event for event in progress.late_events if event.value_date <= day)
    return tuple(sorted(late, key=lambda event: (event.value_date, event.event_id), reverse=True))


def grounds_on(progress: Progress, day: date) -> Grounds | None:
    """The totals of a day, by all that is known now; ``None`` without a course to read them from."""
    if not progress.course.days:
        return None
    totals = progress.course.on(day, progress.budget_year)
    return Grounds(day, totals.disbursed, totals.plan)


def _bearing_on(rule: RuleName) -> frozenset[RuleName]:
    """The rules whose alerts, where they are open, bear on what ``rule`` finds."""
    return LAG_RULES | {rule} if rule is RuleName.SOURCE_STALE else frozenset({rule})


def _flags_since(progress: Progress, alone: Policy, rule: RuleName) -> date | None:
    """Since when a rule flags without having cleared, before the day of the figures; ``None`` where it came
    down to its limit and never below. ``alone`` is the policy with that rule and no other."""
    since = None
    day = progress.as_of - timedelta(days=1)
    while day >= first_day(progress.budget_year):
        found = evaluate(progress, alone, on=day, open_rules=(rule,))
        if not found:
            break
        if not found[0].is_held:
            since = day
        day -= timedelta(days=1)
    return since


def _raised(
    progress: Progress, policy: Policy, recorded: Mapping[RuleName, Recorded]
) -> dict[RuleName, Grounds]:
    """What the alerts were raised on that can be judged again: as of an earlier day, by the rule as it is."""
    versions = {rule.name: rule.version for rule in policy.rules}
    return {
        rule: each.grounds
        for rule, each in recorded.items()
        if each.grounds
        and rule in JUDGED_BACK
        and versions.get(rule) == each.rule_version
        and each.grounds.day <= progress.as_of
        and progress.course.days
    }


def _days(progress: Progress, policy: Policy, since: date, raised: Iterable[Grounds]) -> list[date]:
    """The days to judge again from ``since``, before that of the figures: those on which an alert was raised,
    and each month's end and cut date."""
    since = max(since, first_day(progress.budget_year))
    cut_dates = (cut.on(progress.budget_year) for rule in policy.rules for cut in rule.milestones)
    days = {*(grounds.day for grounds in raised), *_month_ends(since, progress.as_of), *cut_dates}
    return sorted(day for day in days if since <= day < progress.as_of)


def _month_ends(since: date, until: date) -> Iterator[date]:
    day = month_end(since)
    while day < until:
        yield day
        day = month_end(day + timedelta(days=1))


def _grounds(progress: Progress, since: date | None, recorded: Recorded | None) -> Grounds | None:
    """What the rule flags on, since the day it does; not known of an open alert, it stays so."""
    if since is None and recorded is not None and recorded.state is AlertState.OPEN and not recorded.grounds:
        return None
    grounds = grounds_on(progress, since or progress.as_of)
    if grounds is None and recorded is not None and recorded.state is AlertState.OPEN:
        return recorded.grounds
    return grounds
