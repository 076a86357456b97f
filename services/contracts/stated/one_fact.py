"""One fact of any kind as its sender states it: ``{"movement": {…}}``, to the fact and back."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import date
from enum import StrEnum
from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.contracts.stated.field_types import Text
from services.contracts.stated.models import (
    BaselineScheduleIn,
    CompletedWorkLineIn,
    MovementIn,
    OfficerIn,
    OwnerIn,
    PlanRevisionIn,
    ProjectIn,
    StatementLineIn,
)
from services.contracts.stated.reallocations import ReallocationIn
from services.domain.disbursement import CompletedWorkLine, Movement, StatementLine
from services.domain.field_rules import Fact
from services.domain.money import Money
from services.domain.plan import BaselinePoint, BaselineSchedule, PlanRevision
from services.domain.reallocation import Reallocation, ReallocationSide
from services.domain.register import OfficerAssignment, OwnerRegistration, ProjectRegistration

StatedModel = (
    MovementIn
    | StatementLineIn
    | CompletedWorkLineIn
    | PlanRevisionIn
    | ReallocationIn
    | BaselineScheduleIn
    | ProjectIn
    | OwnerIn
    | OfficerIn
)
# Named as the alternatives of an event's body in the contract (proto/giaingan/v1).
_KINDS: dict[type[Any], tuple[str, type[StatedModel]]] = {
    Movement: ("movement", MovementIn),
    StatementLine: ("statement_line", StatementLineIn),
    CompletedWorkLine: ("completed_work", CompletedWorkLineIn),
    PlanRevision: ("revision", PlanRevisionIn),
    Reallocation: ("reallocation", ReallocationIn),
    BaselineSchedule: ("schedule", BaselineScheduleIn),
    ProjectRegistration: ("project", ProjectIn),
    OwnerRegistration: ("owner", OwnerIn),
    OfficerAssignment: ("officer", OfficerIn),
}


class OneFactIn(BaseModel):
    """Exactly one fact, under the name of its kind."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    movement: MovementIn | None = None
    statement_line: StatementLineIn | None = None
    completed_work: CompletedWorkLineIn | None = None
    revision: PlanRevisionIn | None = None
    reallocation: ReallocationIn | None = None
    schedule: BaselineScheduleIn | None = None
    project: ProjectIn | None = None
    owner: OwnerIn | None = None
    officer: OfficerIn | None = None
    reason: Text = Field("", description="Why it is corrected; kept with the decision.")

    @model_validator(mode="after")
    def _one(self) -> Self:
        if len(self._given()) != 1:
            raise ValueError(
                "ghi đúng một mục, dưới tên loại của nó / give one fact, under the name of its kind"
            )
        return self

    @property
    def kind(self) -> str:
        """The name under which the fact is given."""
        return self._given()[0]

    def fact(self) -> Fact:
        """The fact, under its own identity."""
        stated: StatedModel = getattr(self, self.kind)
        return stated.fact()

    def _given(self) -> list[str]:
        return [name for name, _ in _KINDS.values() if getattr(self, name) is not None]


def kind_of(fact: Fact) -> str:
    """What the fact is called here and in the contract."""
    return _KINDS[type(fact)][0]


def as_stated(fact: Fact) -> dict[str, Any]:
    """The fact's fields as its sender writes them in JSON; ``read_stated`` takes them back."""
    _, model = _KINDS[type(fact)]
    stated: dict[str, Any] = {}
    for field in fields(fact):
        value = getattr(fact, field.name)
        if isinstance(value, Money):
            stated["currency"] = value.currency
        elif field.name == "points":
            stated["currency"] = next((p.amount.currency for p in value if p.amount), "VND")
        elif field.name == "sides":
            stated["currency"] = next((side.amount_after.currency for side in value), "VND")
        stated[field.name] = _as_json(value)
    if isinstance(fact, OfficerAssignment) and not fact.project_code:
        stated["project_code"] = None
    return {name: value for name, value in stated.items() if name in model.model_fields}


def read_stated(kind: str, stated: dict[str, Any]) -> Fact:
    """The fact of fields as ``as_stated`` gives them, under the identity that the doors derive.

    Raises ``pydantic.ValidationError`` where a field breaks its rule.
    """
    return OneFactIn.model_validate_json(json.dumps({kind: stated})).fact()


def _as_json(value: Any) -> Any:
    match value:
        case Money():
            return value.minor_units
        case StrEnum() | UUID():
            return str(value)
        case date():
            return value.isoformat()
        case tuple():
            return [_side(each) if isinstance(each, ReallocationSide) else _point(each) for each in value]
        case _:
            return value


def _point(point: BaselinePoint) -> dict[str, Any]:
    if point.amount is not None:
        return {"date": point.day.isoformat(), "amount": point.amount.minor_units}
    return {"date": point.day.isoformat(), "basis_points": point.basis_points}


def _side(side: ReallocationSide) -> dict[str, Any]:
    return {
        "project_code": side.project_code,
        "fund_source": side.fund_source,
        "amount_before": side.amount_before.minor_units,
        "amount_after": side.amount_after.minor_units,
    }
