"""Who takes care of an open alert, and by when. Pure: what stands, what a person does, what time does.

    open -> acknowledged -> snoozed -> acknowledged ...
      any of them -> assigned (again to be acknowledged) | escalated (to the head of the unit, the supervisor)

The verdict alone ends an alert and raises it again (alert_lifecycle.py): each raising is handled anew, and
begins with the accountable officer. What is said of a closed alert is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import IntEnum, StrEnum

from services.domain.lag_rules import LAG_RULES, RuleName, Severity
from services.domain.progress import Subject, SubjectType


class Stage(StrEnum):
    """How far the handling of an open alert has come."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    ASSIGNED = "assigned"
    SNOOZED = "snoozed"
    ESCALATED = "escalated"


class Level(IntEnum):
    """Who is asked: each answers for the one before."""

    OFFICER = 0
    HEAD_OF_UNIT = 1
    SUPERVISOR = 2


class StepKind(StrEnum):
    """What a step does. ``WOKEN`` and most of ``ESCALATED`` are done by time."""

    ACKNOWLEDGED = "acknowledged"
    ASSIGNED = "assigned"
    SNOOZED = "snoozed"
    WOKEN = "woken"
    ESCALATED = "escalated"
    PROMISED = "promised"
    NOTED = "noted"


class Cause(StrEnum):
    """The causes by which delay is reported to the Government; an officer names one (docs/HANDLING.md)."""

    SITE_CLEARANCE = "site_clearance"
    MATERIALS = "materials"
    PREPARATION = "preparation"
    UNALLOCATED_PLAN = "unallocated_plan"
    CAPACITY = "capacity"
    DISCIPLINE = "discipline"
    PROCEDURES = "procedures"
    FOREIGN_LOAN = "foreign_loan"
    WEATHER = "weather"
    CHANGE_OF_AUTHORITY = "change_of_authority"


@dataclass(frozen=True, slots=True)
class Promise:
    """Why a subject lags, and the day by which its officer says it will no longer."""

    cause: Cause
    by: date


@dataclass(frozen=True, slots=True)
class Escalation:
    """What a policy says of handling.

    ``acknowledge_within`` by severity: how long each level has; a severity that is not there waits for ever.
    ``heads`` are heads of units by owner code, ``supervisor`` is who answers for all of them.
    """

    acknowledge_within: Mapping[Severity, timedelta]
    longest_snooze: timedelta
    supervisor: str
    heads: Mapping[str, str] = field(default_factory=dict)

    def deadline(self, severity: Severity, since: datetime) -> datetime | None:
        """By when somebody has to acknowledge what he was told at ``since``."""
        within = self.acknowledge_within.get(severity)
        return since + within if within is not None else None

    def who(self, level: Level, subject: Subject) -> str:
        """The officer of that level; the first is the accountable officer, empty where none is named."""
        if level is Level.OFFICER:
            return subject.accountable_officer
        if level is Level.SUPERVISOR:
            return self.supervisor
        unit = subject.owner_name or (subject.name if subject.type is SubjectType.OWNER else "")
        # A project, a sector, a source of funds has no head; the unit that answers for it has.
        head = f"Thủ trưởng {unit}" if unit else f"Thủ trưởng đơn vị phụ trách {subject.name}"
        return self.heads.get(subject.owner_code) or head


@dataclass(frozen=True, slots=True)
class Handling:
    """How the present raising of an alert is taken care of; ``steps`` is how many there have been.

    ``acknowledge_by`` is ``None`` where nobody has to any more, or no limit is set.
    """

    stage: Stage
    level: Level
    assignee: str
    acknowledge_by: datetime | None = None
    snoozed_until: datetime | None = None
    promise: Promise | None = None
    steps: int = 0

    def is_overdue(self, now: datetime, today: date) -> bool:
        """Whether it waits longer than it may for an acknowledgement, or past the day that was promised."""
        waits = self.acknowledge_by is not None and self.acknowledge_by <= now
        return waits or (self.promise is not None and self.promise.by < today)


@dataclass(frozen=True, slots=True)
class Handled:
    """What the handling is of: rule, severity and subject of the alert."""

    rule: RuleName
    severity: Severity
    subject: Subject


@dataclass(frozen=True, slots=True)
class Step:
    """What somebody wants to do. Fields that its kind does not use are ``None``."""

    kind: StepKind
    at: datetime
    # The day on which it is done, in Vietnam: a promise is made for a later one, or for this.
    today: date
    assignee: str | None = None
    until: datetime | None = None
    promise: Promise | None = None


class Refusal(StrEnum):
    """Why a step cannot be taken; the texts are in services/alert/handling_faults.py."""

    NOT_FROM_HERE = "not-from-here"
    NOBODY_ABOVE = "nobody-above"
    PROMISE_NEEDED = "promise-needed"
    PROMISE_PASSED = "promise-passed"
    SNOOZE_PASSED = "snooze-passed"
    SNOOZE_TOO_LONG = "snooze-too-long"


class StepRefusedError(Exception):
    """The step cannot be taken; nothing was changed."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.value)
        self.refusal = refusal


# From which stages a step may be taken. Who was asked has to acknowledge before he may rest.
LEGAL: Mapping[StepKind, frozenset[Stage]] = {
    StepKind.ACKNOWLEDGED: frozenset({Stage.OPEN, Stage.ASSIGNED, Stage.ESCALATED}),
    StepKind.ASSIGNED: frozenset(Stage),
    StepKind.SNOOZED: frozenset({Stage.ACKNOWLEDGED}),
    StepKind.WOKEN: frozenset({Stage.SNOOZED}),
    StepKind.ESCALATED: frozenset({Stage.OPEN, Stage.ACKNOWLEDGED, Stage.ASSIGNED, Stage.ESCALATED}),
    StepKind.PROMISED: frozenset({Stage.ACKNOWLEDGED, Stage.SNOOZED}),
    StepKind.NOTED: frozenset(Stage),
}


def raised(alert: Handled, at: datetime, escalation: Escalation) -> Handling:
    """The handling of an alert that was raised at ``at``, before anybody did anything."""
    return Handling(
        Stage.OPEN,
        Level.OFFICER,
        escalation.who(Level.OFFICER, alert.subject),
        acknowledge_by=escalation.deadline(alert.severity, at),
    )


def take(now: Handling, step: Step, alert: Handled, escalation: Escalation) -> Handling:
    """The handling after ``step``. Raises ``StepRefusedError``."""
    if now.stage not in LEGAL[step.kind]:
        raise StepRefusedError(Refusal.NOT_FROM_HERE)
    return replace(_TAKE[step.kind](now, step, alert, escalation), steps=now.steps + 1)


def due(now: Handling, at: datetime, today: date) -> Step | None:
    """What time alone does at ``at``: wakes what was put to rest, passes on what nobody acknowledged."""
    if now.snoozed_until is not None and now.snoozed_until <= at:
        return Step(StepKind.WOKEN, at, today)
    if now.acknowledge_by is not None and now.acknowledge_by <= at and now.level < Level.SUPERVISOR:
        return Step(StepKind.ESCALATED, at, today)
    return None


def _acknowledged(now: Handling, step: Step, alert: Handled, escalation: Escalation) -> Handling:
    if alert.rule in LAG_RULES and step.promise is None:
        raise StepRefusedError(Refusal.PROMISE_NEEDED)
    answered = replace(now, stage=Stage.ACKNOWLEDGED, acknowledge_by=None)
    return _promised(answered, step, alert, escalation) if step.promise else answered


def _assigned(now: Handling, step: Step, alert: Handled, escalation: Escalation) -> Handling:
    return replace(
        now,
        stage=Stage.ASSIGNED,
        assignee=step.assignee or "",
        acknowledge_by=escalation.deadline(alert.severity, step.at),
        snoozed_until=None,
    )


def _snoozed(now: Handling, step: Step, _: Handled, escalation: Escalation) -> Handling:
    if step.until is None or step.until <= step.at:
        raise StepRefusedError(Refusal.SNOOZE_PASSED)
    if step.until > step.at + escalation.longest_snooze:
        raise StepRefusedError(Refusal.SNOOZE_TOO_LONG)
    return replace(now, stage=Stage.SNOOZED, snoozed_until=step.until)


def _woken(now: Handling, _: Step, __: Handled, ___: Escalation) -> Handling:
    return replace(now, stage=Stage.ACKNOWLEDGED, snoozed_until=None)


def _escalated(now: Handling, step: Step, alert: Handled, escalation: Escalation) -> Handling:
    if now.level is Level.SUPERVISOR:
        raise StepRefusedError(Refusal.NOBODY_ABOVE)
    level = Level(now.level + 1)
    return replace(
        now,
        stage=Stage.ESCALATED,
        level=level,
        assignee=escalation.who(level, alert.subject),
        acknowledge_by=escalation.deadline(alert.severity, step.at),
    )


def _promised(now: Handling, step: Step, _: Handled, __: Escalation) -> Handling:
    if step.promise is None:
        raise StepRefusedError(Refusal.PROMISE_NEEDED)
    if step.promise.by < step.today:
        raise StepRefusedError(Refusal.PROMISE_PASSED)
    return replace(now, promise=step.promise)


def _noted(now: Handling, _: Step, __: Handled, ___: Escalation) -> Handling:
    return now


_TAKE = {
    StepKind.ACKNOWLEDGED: _acknowledged,
    StepKind.ASSIGNED: _assigned,
    StepKind.SNOOZED: _snoozed,
    StepKind.WOKEN: _woken,
    StepKind.ESCALATED: _escalated,
    StepKind.PROMISED: _promised,
    StepKind.NOTED: _noted,
}
