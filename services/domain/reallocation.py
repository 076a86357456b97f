"""Plan moved between projects (điều chuyển kế hoạch vốn): one decision, two or more sides, sum zero."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date

from services.domain import event_identity
from services.domain.money import Money

# ASCII "record separator" and "unit separator": validation refuses control characters, so no code holds one.
_BETWEEN_SIDES = "\x1e"
_BETWEEN_FIELDS = "\x1f"


@dataclass(frozen=True, slots=True)
class ReallocationSide:
    """A line of the plan that gives or takes: its whole appropriation before the decision and after it."""

    project_code: str
    fund_source: str
    amount_before: Money
    amount_after: Money

    @property
    def amounts(self) -> tuple[Money, Money]:
        """Before and after."""
        return self.amount_before, self.amount_after

    @property
    def change(self) -> int:
        """Minor units that the line takes; below zero: gives."""
        return self.amount_after.minor_units - self.amount_before.minor_units


@dataclass(frozen=True, slots=True)
class Reallocation(event_identity.Identified):
    """A decision that moves plan of one budget year between lines.

    One fact, so that all its sides have one fate; in whatever order they are stated, it is the same. A
    corrected decision has a higher ``revision`` and replaces every side.
    """

    source: str
    source_ref: str
    budget_year: int
    decision_number: str
    decision_date: date
    effective_date: date
    sides: tuple[ReallocationSide, ...]
    revision: int = 0

    @property
    def ordered_sides(self) -> list[ReallocationSide]:
        """By project code and fund source, in order of code points (as of UTF-8 bytes)."""
        return sorted(self.sides, key=lambda side: (side.project_code, side.fund_source))

    @property
    def content_hash(self) -> bytes:
        currencies = {amount.currency for side in self.sides for amount in side.amounts}
        return event_identity.content_hash(
            {
                "type": "reallocation",
                "budget_year": self.budget_year,
                "currency": ",".join(sorted(currencies)),
                "decision_number": self.decision_number,
                "decision_date": self.decision_date.isoformat(),
                "effective_date": self.effective_date.isoformat(),
                "sides": _BETWEEN_SIDES.join(_as_text(side) for side in self.ordered_sides),
                **event_identity.if_stated(revision=self.revision),
            }
        )

    def side_id(self, side: ReallocationSide) -> uuid.UUID:
        """Id of the plan revision that a side leads to."""
        return event_identity.reallocation_side_id(
            reallocation_event_id=self.event_id,
            project_code=side.project_code,
            fund_source=side.fund_source,
        )


def _as_text(side: ReallocationSide) -> str:
    amounts = (str(amount.minor_units) for amount in side.amounts)
    return _BETWEEN_FIELDS.join((side.project_code, side.fund_source, *amounts))
