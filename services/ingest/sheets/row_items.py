"""The values of a row as what a sender states, by the kind of file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from services.contracts.stated.models import (
    BaselinePointIn,
    BaselineScheduleIn,
    MovementIn,
    PlanRevisionIn,
    StatementLineIn,
)
from services.domain.disbursement import FigureStatus, MovementKind, RecoveryBooking, Reporter
from services.domain.plan import BaselineKind, PlanBase, PlanLevel

Item = MovementIn | StatementLineIn | PlanRevisionIn | BaselineScheduleIn
Values = Mapping[str, Any]

# Fields of a schedule that every row of one curve repeats.
CURVE_FIELDS = ("kind", "scope_code", "budget_year", "decision_number")
REPEATED_FIELDS = ("effective_date", "rate_base")


def movement(values: Values, *, source: str) -> MovementIn:
    """One voucher line. Raises ``pydantic.ValidationError``, as the others do."""
    given = dict(values)
    reference = f"{given.pop('voucher')}/{given.pop('line')}"
    given["reverses_event_id"] = given.pop("reverses", None)
    given["kind"] = MovementKind(given["kind"])
    given["recovery_booking"] = RecoveryBooking(given["recovery_booking"])
    return MovementIn(source=source, source_ref=reference, **_reported(given))


def statement_line(values: Values, *, source: str) -> StatementLineIn:
    """One line of a cumulative statement."""
    return StatementLineIn(source=source, **_reported(dict(values)))


def plan_revision(values: Values, *, source: str) -> PlanRevisionIn:
    """One line of a decision."""
    given = dict(values)
    given["level"] = PlanLevel(given["level"])
    given["base"] = PlanBase(given["base"])
    return PlanRevisionIn(source=source, **given)


def schedule(rows: list[Values], *, source: str) -> BaselineScheduleIn:
    """A curve of the rows that repeat its kind, scope, year and decision."""
    given = {name: rows[0][name] for name in (*CURVE_FIELDS, *REPEATED_FIELDS)}
    given["kind"] = BaselineKind(given["kind"])
    return BaselineScheduleIn(source=source, points=[point(row) for row in rows], **given)


def point(values: Values) -> BaselinePointIn:
    """One point of a curve: a share or an amount."""
    return BaselinePointIn(date=values["date"], basis_points=values.get("share"), amount=values.get("amount"))


def _reported(values: dict[str, Any]) -> dict[str, Any]:
    return values | {"status": FigureStatus(values["status"]), "reporter": Reporter(values["reporter"])}


ROW_ITEMS: dict[str, Callable[..., Item]] = {
    "plan": plan_revision,
    "disbursements": movement,
    "cumulative-statement": statement_line,
}
SCHEDULE_KIND = "schedule"
