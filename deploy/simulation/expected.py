"""What the books must hold after a log was read once, in order, without faults: a model of its own.

It shares nothing with aggregation but the facts, so that a mistake there is none here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from services.contracts import codec
from services.domain.disbursement import Movement, MovementKind, StatementLine

# Project, fund source, series, day -> disbursed in all up to and including the day.
Balances = dict[tuple[str, str, str, date], int]
_DISBURSED = {
    MovementKind.ADVANCE: 1,
    MovementKind.COMPLETED_WORK_PAYMENT: 1,
    MovementKind.REFUND: -1,
}


@dataclass
class Books:
    """Of one partition; a project's events are all in one."""

    movements: dict[UUID, Movement] = field(default_factory=dict)
    # Movement -> the reversal that took it back.
    reversed_by: dict[UUID, Movement] = field(default_factory=dict)
    waiting: list[Movement] = field(default_factory=list)
    statements: dict[UUID, StatementLine] = field(default_factory=dict)
    garbage: int = 0

    def read(self, stated: Iterable[codec.Fact | None]) -> Books:
        """Every fact in the order of the log."""
        for fact in stated:
            match fact:
                case Movement() if fact.kind is MovementKind.REVERSAL:
                    self._reverse(fact)
                case Movement():
                    self.movements.setdefault(fact.event_id, fact)
                    for waiting in [each for each in self.waiting if each.reverses_event_id == fact.event_id]:
                        self.waiting.remove(waiting)
                        self._reverse(waiting)
                case StatementLine():
                    self.statements.setdefault(fact.event_id, fact)
                case _:
                    self.garbage += 1
        return self

    def _reverse(self, reversal: Movement) -> None:
        target_id = reversal.reverses_event_id
        if target_id is None:
            raise ValueError("a reversal names a movement")
        target = self.movements.get(target_id)
        if target is None:
            self.waiting.append(reversal)
        elif target_id not in self.reversed_by and reversal.amount == target.amount:
            self.reversed_by[target_id] = reversal

    def event_ids(self) -> set[UUID]:
        """Of what is in the ledger or among the statements."""
        reversals = {reversal.event_id for reversal in self.reversed_by.values()}
        return {*self.movements, *reversals, *self.statements}

    def balances(self) -> Balances:
        """What each line's series stands at on each day on which it moved."""
        moved: Counter[tuple[str, str, str, date]] = Counter()
        for movement in self.movements.values():
            signed = _DISBURSED[movement.kind] * movement.amount.minor_units
            key = (movement.project_code, movement.fund_source, "treasury_vouchers")
            moved[*key, movement.value_date] += signed
            if reversal := self.reversed_by.get(movement.event_id):
                moved[*key, reversal.value_date] -= signed
        running: Counter[tuple[str, str, str]] = Counter()
        balances: Balances = {}
        for (project, fund_source, series, day), amount in sorted(moved.items()):
            running[project, fund_source, series] += amount
            balances[project, fund_source, series, day] = running[project, fund_source, series]
        return balances | self._stated_balances()

    def _stated_balances(self) -> Balances:
        latest: dict[tuple[str, str, str, date], StatementLine] = {}
        for line in self.statements.values():
            key = (line.project_code, line.fund_source, "treasury_statements", line.as_of)
            other = latest.get(key)
            if other is None or line.revision > other.revision:
                latest[key] = line
        return {key: line.cumulative.minor_units for key, line in latest.items()}
