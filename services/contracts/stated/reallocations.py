"""Reallocations of plan as senders state them: JSON bodies and rows of files."""

from __future__ import annotations

from pydantic import Field

from services.contracts.stated.days import Day
from services.contracts.stated.field_types import Amount, BudgetYear, Code, Currency, FundSource, Reference
from services.contracts.stated.stated_item import Revision, Stated, reference_of
from services.domain.field_rules import MAX_SIDES
from services.domain.money import Money
from services.domain.reallocation import Reallocation, ReallocationSide

MAX_REALLOCATIONS = 100


class ReallocationSideIn(Stated):
    """A line of the plan that gives or takes by a reallocation."""

    project_code: Code
    fund_source: FundSource
    amount_before: Amount = Field(description="The line's whole appropriation before, minor units.")
    amount_after: Amount = Field(description="The line's whole appropriation after, minor units.")


class ReallocationIn(Stated):
    """A decision that moves plan between projects (điều chuyển); its sides' changes sum to zero."""

    source: Code
    budget_year: BudgetYear
    decision_number: Reference
    decision_date: Day
    effective_date: Day = Field(description="From when on it counts.")
    currency: Currency = "VND"
    sides: list[ReallocationSideIn] = Field(
        min_length=1, max_length=MAX_SIDES, description="Two or more, each project and fund source once."
    )
    revision: Revision = 0

    def fact(self) -> Reallocation:
        return Reallocation(
            source=self.source,
            source_ref=reference_of("dc", self.decision_number, self.budget_year, revision=self.revision),
            budget_year=self.budget_year,
            decision_number=self.decision_number,
            decision_date=self.decision_date,
            effective_date=self.effective_date,
            sides=tuple(
                ReallocationSide(
                    side.project_code,
                    side.fund_source,
                    Money(side.amount_before, self.currency),
                    Money(side.amount_after, self.currency),
                )
                for side in self.sides
            ),
            revision=self.revision,
        )


class ReallocationsIn(Stated):
    """Body of POST /v1/reallocations: one to 100 decisions, all accepted or none."""

    reallocations: list[ReallocationIn] = Field(min_length=1, max_length=MAX_REALLOCATIONS)
