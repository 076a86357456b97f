"""What a request says it reverses. Needs no database: the process that reads a file says it too."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from services.domain.disbursement import Movement
from services.domain.validation import Fact


class NamedReversal(NamedTuple):
    """A reversal's own event id, that of the movement it cancels, its place in the request (up to the field's
    name), and what must be the movement's too: line, amount in minor units, and the year whose carry-over
    capital it is on (``None``: on the year's own plan)."""

    reversal_id: UUID
    reversed_id: UUID
    place: str
    project_code: str
    fund_source: str
    budget_year: int
    amount: int
    carried_into: int | None

    @classmethod
    def of(cls, fact: Fact, *, place: str) -> NamedReversal | None:
        """``None`` for a fact that reverses nothing."""
        if not isinstance(fact, Movement) or fact.reverses_event_id is None:
            return None
        return cls(
            fact.event_id,
            fact.reverses_event_id,
            place,
            fact.project_code,
            fact.fund_source,
            fact.budget_year,
            fact.amount.minor_units,
            fact.carried_into,
        )
