"""What is answered of a project's plan as it was decided. Amounts are đồng."""

from __future__ import annotations

import datetime as dt
from typing import Literal
from uuid import UUID

from pydantic import Field

from services.aggregation.answers import KNOWN_AT, Answer, BaseRate, Closing, Date, Instant, Rate
from services.domain.plan import PlanBase
from services.domain.plan_history import BaseName, Placed, RevisionState


class Side(Answer):
    """A line that gives or takes by a reallocation."""

    project_code: str
    fund_source: str
    amount_before: int = Field(description="As the decision states it, đồng.")
    amount_after: int
    change: int


class ReallocationAnswer(Answer):
    """The decision that a revision is a side of."""

    sides: list[Side] = Field(description="Every side that the caller may see, this one included.")
    sides_outside_unit: int = Field(description="How many more there are, outside the caller's unit.")


class RevisionAnswer(Answer):
    """One revision: an amount from a fund source, set by a decision."""

    event_id: UUID
    source: str
    fund_source: str
    base: PlanBase
    carried_from_year: int | None = Field(description="For carry_over: the year whose plan it comes from.")
    amount: int = Field(description="The whole appropriation under the decision, đồng.")
    change: int | None = Field(description="Against the revision before it, đồng; null for the first.")
    amount_before: int | None = Field(description="Of a reallocation: what it says there was before it.")
    amount_before_differs_by: int | None = Field(
        description="Of a reallocation: amount_before less what the books hold; null where they agree."
    )
    decision_number: str
    decision_date: Date
    effective_date: Date
    revision: int
    state: RevisionState
    state_by: UUID | None = Field(description="The event that superseded or corrected it.")
    why: str = Field(description="Why it is in force or not, Vietnamese first.")
    stands_for: list[BaseName] = Field(description="The bases of rates whose amount it is on the day.")
    reallocation: ReallocationAnswer | None
    applied_at: dt.datetime = Field(description="Since when the ledger knows it.")


class CarriedOver(Answer):
    """Capital carried over into the year from one earlier year, and what was paid of it."""

    fund_source: str
    carried_from_year: int
    amount: int | None = Field(description="đồng; null where money was paid and no decision is known.")
    decision_number: str | None
    effective_date: Date | None
    series: str | None = Field(description="The account that counts.")
    disbursed: int = Field(description="Paid after the closing day of that year's plan, đồng.")
    rate_base: Literal["carry_over"] = "carry_over"
    rate_percent: Rate | None = Field(description="disbursed over amount; null without an amount.")


class PlanAnswer(Answer):
    """The plan of a project in a budget year, as it was decided."""

    as_of: Date
    known_at: Instant = KNOWN_AT
    budget_year: int
    currency: str
    project_code: str
    project_name: str | None
    rates: list[BaseRate] = Field(description="On each base: initial, current, allocated, carry_over.")
    closing: Closing | None = Field(description="null while the project is open.")
    revisions: list[RevisionAnswer] = Field(
        description="By fund source and kind of plan, in the order in which they count."
    )
    carry_over: list[CarriedOver]


def why(placed: Placed) -> str:
    """Why a revision is in force on the day, or is not."""
    decided = placed.decided
    match placed.state:
        case RevisionState.NOT_YET:
            return (
                f"chưa đến ngày hiệu lực {decided.effective_date:%d/%m/%Y} / "
                f"not in force before {decided.effective_date}"
            )
        case RevisionState.CORRECTED:
            return (
                f"đã được đính chính bởi {decided.corrected_by} / corrected by {decided.corrected_by}, "
                "a higher revision of the same decision"
            )
        case RevisionState.SUPERSEDED if placed.by:
            by = placed.by
            return (
                f"được thay bởi {by.decision_number}, hiệu lực từ {by.effective_date:%d/%m/%Y} / "
                f"superseded by {by.decision_number}, in force since {by.effective_date}"
            )
        case _:
            return (
                f"đang có hiệu lực: ngày hiệu lực muộn nhất, {decided.effective_date:%d/%m/%Y} / "
                f"in force: it has the latest effective date so far, {decided.effective_date}"
            )
