"""Sums of the amounts as stated, by fund source: for comparison with the sender's own total."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from pydantic import BaseModel, Field

from services.domain.disbursement import CompletedWorkLine, Movement, StatementLine
from services.domain.money import Money
from services.domain.plan import PlanRevision
from services.domain.validation import Fact


class Total(BaseModel):
    """The sum of the amounts as stated, of one fund source: for comparison with the sender's own total."""

    fund_source: str = Field(description="Empty for completed work, which is stated without one.")
    currency: str
    minor_units: int


class StatedTotals:
    """Adds facts up, one after the other. Unsigned, as a file's own total line is."""

    def __init__(self) -> None:
        self._sums: Counter[tuple[str, str]] = Counter()

    def add(self, fact: Fact) -> None:
        """Curves and entries of the register add nothing."""
        if amount := _stated_amount(fact):
            self._sums[getattr(fact, "fund_source", ""), amount.currency] += amount.minor_units

    @property
    def totals(self) -> list[Total]:
        """By fund source and currency, sorted."""
        return [
            Total(fund_source=fund_source, currency=currency, minor_units=minor_units)
            for (fund_source, currency), minor_units in sorted(self._sums.items())
        ]


def totals(facts: Iterable[Fact]) -> list[Total]:
    """The totals of all the facts."""
    stated = StatedTotals()
    for fact in facts:
        stated.add(fact)
    return stated.totals


def _stated_amount(fact: Fact) -> Money | None:
    """The amount a file's own total line would add up; none for curves and entries of the register."""
    match fact:
        case Movement() | PlanRevision():
            return fact.amount
        case StatementLine() | CompletedWorkLine():
            return fact.cumulative
        case _:
            return None
