"""What people and time do with open alerts: each step in one transaction, with its audit row.

alert locked -> how it stands -> step taken (services/domain/handling.py) -> appended
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from services.alert import handling_faults, handling_store
from services.alert.alert_queries import AlertRow
from services.alert.handling_store import TIME, Actor, AlertAtHand, Limit
from services.alert.policy import Policies
from services.domain import handling
from services.domain.alert_lifecycle import AlertState
from services.domain.handling import Escalation, Handled, Handling, Promise, Step, StepKind, StepRefusedError
from services.domain.lag_rules import Severity
from services.runtime import logs, metrics
from services.runtime.access import Caller, audit
from services.runtime.clock import VIETNAM, Clock
from services.runtime.postgres import CONNECTION_ERRORS, Cursor, Pool

_log = logs.get(__name__)
_CHECK_SECONDS = 10.0
# So many alerts are looked at in a round, and so many moved in one transaction.
_MOST, _AT_ONCE = 10_000, 200


@dataclass(frozen=True, slots=True)
class Wanted:
    """The step a person wants to take."""

    kind: StepKind
    note: str | None = None
    assignee: str | None = None
    until: datetime | None = None
    promise: Promise | None = None


class HandleAlerts:
    """Takes steps; as a loop, those that time alone takes."""

    def __init__(self, pool: Pool, policies: Policies, *, clock: Clock) -> None:
        self._pool = pool
        self._policies = policies
        self._clock = clock

    def take(
        self, alert_id: UUID, wanted: Wanted, *, caller: Caller, within: Mapping[str, object]
    ) -> Handling | None:
        """Take a step; ``None`` where the caller may see no alert of that id. Raises ``ProblemError``."""
        now = self._clock.now()
        step = Step(
            wanted.kind, now, now.astimezone(VIETNAM).date(), wanted.assignee, wanted.until, wanted.promise
        )
        with self._pool.transaction() as cursor:
            alert = handling_store.lock(cursor, alert_id, within=within)
            if alert is None:
                return None
            if alert.state is not AlertState.OPEN:
                raise handling_faults.closed()
            actor = Actor(caller.name, caller.token_id)
            try:
                after = self._apply(cursor, alert, step, actor=actor, note=wanted.note or "")
            except StepRefusedError as error:
                stage = self.standing(alert).stage
                raise handling_faults.refused(error.refusal, wanted.kind, stage) from error
            audit.accepted(cursor, caller, action=f"alert-{wanted.kind.value}", target=str(alert_id))
        metrics.HANDLING_STEPS.labels(wanted.kind.value, "person").inc()
        return after

    def standing(self, alert: AlertAtHand | AlertRow) -> Handling:
        """How it stands: as the last step left it or, before any, as it was raised."""
        return alert.handling or self.begun(alert.handled, alert.budget_year, alert.raised_at)

    def begun(self, handled: Handled, budget_year: int, raised_at: datetime) -> Handling:
        """How an alert that was raised then stands before the first step."""
        return handling.raised(handled, raised_at, self._escalation(handled, budget_year))

    def run(self, stop: threading.Event) -> None:
        """Every few seconds do what time does, until ``stop``."""
        while not stop.is_set():
            try:
                self.tick()
            except CONNECTION_ERRORS as error:
                _log.warning("escalation waits", error=str(error).strip())
            stop.wait(_CHECK_SECONDS)

    def tick(self) -> int:
        """Wake and escalate whatever is due; returns how many alerts were moved."""
        now = self._clock.now()
        with self._pool.transaction() as cursor:
            limits = [
                Limit(province_code, budget_year, severity, within)
                for province_code, budget_year in handling_store.where_open(cursor)
                for severity, within in self._limits(province_code, budget_year).items()
            ]
            due = handling_store.due(cursor, limits=limits, at=now, most=_MOST)
        return sum(self._move(due[first : first + _AT_ONCE], now) for first in range(0, len(due), _AT_ONCE))

    def _move(self, alert_ids: Sequence[UUID], now: datetime) -> int:
        taken = []
        with self._pool.transaction() as cursor:
            for alert_id in alert_ids:
                alert = handling_store.lock(cursor, alert_id, within={})
                if alert is None or alert.state is not AlertState.OPEN:
                    continue
                step = handling.due(self.standing(alert), now, now.astimezone(VIETNAM).date())
                if step is not None:
                    self._apply(cursor, alert, step, actor=TIME, note="")
                    taken.append((alert_id, step.kind))
        for alert_id, kind in taken:
            metrics.HANDLING_STEPS.labels(kind.value, "time").inc()
            _log.info("alert handled by time", alert=str(alert_id), step=kind.value)
        return len(taken)

    def _apply(self, cursor: Cursor, alert: AlertAtHand, step: Step, *, actor: Actor, note: str) -> Handling:
        escalation = self._escalation(alert.handled, alert.budget_year)
        after = handling.take(self.standing(alert), step, alert.handled, escalation)
        handling_store.add(cursor, alert, step.kind, after, at=step.at, actor=actor, note=note)
        return after

    def _limits(self, province_code: str, budget_year: int) -> Mapping[Severity, timedelta]:
        policy = self._policies.escalation_for(province_code=province_code, budget_year=budget_year)
        return policy.acknowledge_within

    def _escalation(self, handled: Handled, budget_year: int) -> Escalation:
        return self._policies.escalation_for(
            province_code=handled.subject.province_code, budget_year=budget_year
        )
