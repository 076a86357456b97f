"""The receipt a sender gets for a request, and where it is kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field, model_validator

from services.domain.disbursement import CompletedWorkLine, Movement, StatementLine
from services.domain.money import Money
from services.domain.plan import PlanRevision
from services.domain.validation import Fact
from services.runtime.postgres import Cursor


class Total(BaseModel):
    """The sum of the amounts as stated, of one fund source: for comparison with the sender's own total."""

    fund_source: str = Field(description="Empty for completed work, which is stated without one.")
    currency: str
    minor_units: int


# A list of ids is for senders of single requests; that of a long file would be longer than the file.
MOST_EVENT_IDS = 1_000


class Receipt(BaseModel):
    """What became of a request: every event in it is in the log and in the journal, once."""

    receipt_id: UUID | None = Field(description="Null for a dry run, which leaves nothing behind.")
    profile: str = Field(
        description="What was sent: the import profile of a file, or the door of a JSON body."
    )
    received_at: datetime
    accepted_by: str = Field("", description="Name of the token that it was sent with.")
    unit: str = Field("", description="The unit that token is bound to; empty for everything.")
    new: int = Field(description="Events accepted for the first time.")
    duplicate: int = Field(description="Events accepted before with the same content: nothing changes.")
    conflicting: int = Field(
        description="Events accepted before with other content: passed on for an officer to decide."
    )
    event_ids: list[UUID] = Field(
        description=f"The id of every event, in the order sent; empty above {MOST_EVENT_IDS} events."
    )
    totals: list[Total] = Field(description="Sums of the amounts as stated, by fund source; curves left out.")
    file_name: str | None = None
    file_sha256: str | None = None
    rows_read: int | None = Field(None, description="Rows of the file that were read.")
    dry_run: bool = False
    warnings: list[str] = Field(default_factory=list, description="What was read with a remark.")

    @model_validator(mode="before")
    @classmethod
    def _of_before_profiles(cls, kept: Any) -> Any:
        """Receipts given before there were profiles name a kind."""
        if isinstance(kept, dict) and "kind" in kept:
            return {"profile": kept["kind"], **{name: kept[name] for name in kept if name != "kind"}}
        return kept


def totals(facts: Iterable[Fact]) -> list[Total]:
    """Sums by fund source and currency, sorted. Unsigned, as a file's own total line is."""
    sums: Counter[tuple[str, str]] = Counter()
    for fact in facts:
        if amount := _stated_amount(fact):
            sums[getattr(fact, "fund_source", ""), amount.currency] += amount.minor_units
    return [
        Total(fund_source=fund_source, currency=currency, minor_units=minor_units)
        for (fund_source, currency), minor_units in sorted(sums.items())
    ]


def _stated_amount(fact: Fact) -> Money | None:
    """The amount a file's own total line would add up; none for curves and entries of the register."""
    match fact:
        case Movement() | PlanRevision():
            return fact.amount
        case StatementLine() | CompletedWorkLine():
            return fact.cumulative
        case _:
            return None


def add(cursor: Cursor, receipt: Receipt) -> None:
    """Keep the receipt, in the transaction of the journal rows it speaks of."""
    cursor.execute(
        "INSERT INTO ingest.receipt"
        " (receipt_id, received_at, kind, accepted_by, unit, file_name, file_sha256, body)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
        (
            receipt.receipt_id,
            receipt.received_at,
            receipt.profile,
            receipt.accepted_by,
            receipt.unit,
            receipt.file_name,
            receipt.file_sha256,
            receipt.model_dump_json(),
        ),
    )


def find(cursor: Cursor, receipt_id: UUID) -> Receipt | None:
    """The receipt as it was given; ``None`` where there is none of that id."""
    cursor.execute("SELECT body FROM ingest.receipt WHERE receipt_id = %s", (receipt_id,))
    row = cursor.fetchone()
    return Receipt.model_validate(row[0]) if row else None
