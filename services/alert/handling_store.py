"""The steps of handling: the last one of an alert's present raising is how it stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from psycopg2 import sql
from psycopg2.extras import execute_values

from services.alert.figures import SubjectFigures
from services.alert.readable_alerts import READABLE, READABLE_VALUES
from services.domain.alert_lifecycle import AlertState
from services.domain.handling import Cause, Handled, Handling, Level, Promise, Stage, StepKind
from services.domain.lag_rules import RuleName, Severity
from services.domain.progress import Subject, SubjectType
from services.runtime.postgres import Cursor


@dataclass(frozen=True, slots=True)
class Actor:
    """Who takes a step: a token by its name, or time."""

    name: str
    token_id: UUID | None = None


TIME = Actor("giaingan")


@dataclass(frozen=True, slots=True)
class AlertAtHand:
    """An alert with what its handling is of; ``handling`` is ``None`` before the first step since raised."""

    alert_id: UUID
    state: AlertState
    handled: Handled
    budget_year: int
    raised_sequence: int
    raised_at: datetime
    handling: Handling | None


@dataclass(frozen=True, slots=True)
class TakenStep:
    """A step as it was taken, and how the alert stood after it."""

    kind: StepKind
    raised_sequence: int
    taken_at: datetime
    actor: str
    note: str
    after: Handling


def lock(cursor: Cursor, alert_id: UUID, *, within: Mapping[str, object]) -> AlertAtHand | None:
    """The alert, locked until the transaction ends; ``None`` where the caller may see none of that id."""
    columns = [
        sql.SQL("a.{} = {}").format(sql.Identifier(name), sql.Placeholder(name)) for name in sorted(within)
    ]
    where = sql.SQL(" AND ").join([sql.SQL("a.id = %(alert_id)s"), READABLE, *columns])
    values = {"alert_id": alert_id, **READABLE_VALUES, **within}
    # First the lock, then the question: who waited for the lock would see the steps of before the wait.
    cursor.execute(sql.SQL("SELECT FROM alert.alert AS a WHERE {} FOR UPDATE").format(where), values)
    if not cursor.rowcount:
        return None
    cursor.execute(_AT_HAND, (alert_id,))
    row = cursor.fetchone()
    return _at_hand(row) if row else None


@dataclass(frozen=True, slots=True)
class Limit:
    """How long an alert of a severity may wait for its first step, in a province and budget year."""

    province_code: str
    budget_year: int
    severity: Severity
    within: timedelta


def where_open(cursor: Cursor) -> list[tuple[str, int]]:
    """The provinces and budget years that have open alerts."""
    cursor.execute("SELECT DISTINCT province_code, budget_year FROM alert.alert WHERE state = 'open'")
    return cursor.fetchall()


def due(cursor: Cursor, *, limits: Sequence[Limit], at: datetime, most: int) -> list[UUID]:
    """Open alerts that time moves at ``at``: whose last step named an instant that has passed, and those
    without a step that were raised longer ago than their limit."""
    cursor.execute(
        sql.SQL(_DUE).format(readable=READABLE),
        {
            **READABLE_VALUES,
            "provinces": [limit.province_code for limit in limits],
            "years": [limit.budget_year for limit in limits],
            "severities": [limit.severity for limit in limits],
            "within": [limit.within for limit in limits],
            "at": at,
            "most": most,
        },
    )
    return [alert_id for (alert_id,) in cursor.fetchall()]


def add(
    cursor: Cursor,
    alert: AlertAtHand,
    kind: StepKind,
    after: Handling,
    *,
    at: datetime,
    actor: Actor,
    note: str,
) -> None:
    """Append a step; the alert counts as updated, so that lists and feeds show it first."""
    promise = after.promise
    row = (
        uuid4(), alert.alert_id, alert.raised_sequence, after.steps, kind.value, after.stage.value,
        after.level.value, after.assignee, after.acknowledge_by, after.snoozed_until,
        promise.cause.value if promise else None, promise.by if promise else None,
        actor.token_id, actor.name, note, at,
    )  # fmt: skip
    execute_values(cursor, _ADD, [row])
    cursor.execute("UPDATE alert.alert SET updated_at = now() WHERE id = %s", (alert.alert_id,))


def steps_of(cursor: Cursor, alert_id: UUID) -> list[TakenStep]:
    """Every step of every raising, oldest first."""
    cursor.execute(_STEPS, (alert_id,))
    return [
        TakenStep(StepKind(kind), raised, taken_at, actor, note, handling_of(row))
        for kind, raised, taken_at, actor, note, *row in cursor.fetchall()
    ]


def handling_of(row: list[Any] | tuple[Any, ...]) -> Handling:
    """From stage, level, assignee, acknowledge_by, snoozed_until, cause, promised_by, step."""
    stage, level, assignee, acknowledge_by, snoozed_until, cause, promised_by, step = row
    promise = Promise(Cause(cause), promised_by) if cause else None
    return Handling(Stage(stage), Level(level), assignee, acknowledge_by, snoozed_until, promise, step)


def subject_of(figures: Mapping[str, Any]) -> Subject:
    """Whom an alert is about, as its figures name it."""
    told = SubjectFigures.model_validate(figures)
    return Subject(
        SubjectType(told.type), told.code, told.name, told.province_code,
        owner_code=told.owner_code, owner_name=told.owner_name, accountable_officer=told.accountable_officer,
    )  # fmt: skip


def _at_hand(row: tuple[Any, ...]) -> AlertAtHand:
    alert_id, state, rule, severity, subject, budget_year, raised_sequence, raised_at, *handling = row
    return AlertAtHand(
        alert_id=alert_id,
        state=AlertState(state),
        handled=Handled(RuleName(rule), Severity(severity), subject_of(subject)),
        budget_year=budget_year,
        raised_sequence=raised_sequence,
        raised_at=raised_at,
        handling=handling_of(handling) if handling[0] else None,
    )


HANDLING_COLUMNS = (
    "h.stage, h.level, h.assignee, h.acknowledge_by, h.snoozed_until, h.cause, h.promised_by, h.step"
)
# The raising that an alert stands in, r, and the last step since then, h.
HANDLING_JOINS = """
  JOIN LATERAL (
       SELECT sequence, recorded_at FROM alert.alert_change
        WHERE alert_id = a.id AND transition IN ('opened', 'reopened')
        ORDER BY sequence DESC LIMIT 1
  ) AS r ON true
  LEFT JOIN LATERAL (
       SELECT stage, level, assignee, acknowledge_by, snoozed_until, cause, promised_by, step
         FROM alert.handling_step
        WHERE alert_id = a.id AND raised_sequence = r.sequence
        ORDER BY step DESC LIMIT 1
  ) AS h ON true
"""

_AT_HAND = f"""
SELECT a.id, a.state, a.rule, a.severity, a.figures -> 'subject', a.budget_year, r.sequence, r.recorded_at,
       {HANDLING_COLUMNS}
  FROM alert.alert AS a {HANDLING_JOINS}
 WHERE a.id = %s
"""  # noqa: S608 - our own text

_DUE = f"""
SELECT a.id
  FROM alert.alert AS a {HANDLING_JOINS}
  LEFT JOIN unnest(%(provinces)s::text[], %(years)s::bigint[], %(severities)s::text[], %(within)s::interval[])
         AS l (province_code, budget_year, severity, within)
         ON l.province_code = a.province_code AND l.budget_year = a.budget_year AND l.severity = a.severity
 WHERE a.state = 'open' AND {{readable}}
   AND CASE WHEN h.stage IS NULL THEN r.recorded_at <= %(at)s - l.within
            ELSE h.snoozed_until <= %(at)s OR (h.acknowledge_by <= %(at)s AND h.level < 2) END
 ORDER BY r.recorded_at, a.id
 LIMIT %(most)s
"""  # noqa: S608 - our own text

_ADD = """
INSERT INTO alert.handling_step
       (step_id, alert_id, raised_sequence, step, kind, stage, level, assignee, acknowledge_by, snoozed_until,
        cause, promised_by, token_id, actor, note, taken_at)
VALUES %s
"""

_STEPS = """
SELECT kind, raised_sequence, taken_at, actor, note,
       stage, level, assignee, acknowledge_by, snoozed_until, cause, promised_by, step
  FROM alert.handling_step WHERE alert_id = %s ORDER BY raised_sequence, step
"""
