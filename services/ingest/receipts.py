"""The receipt a sender gets for a request, and where it is kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field

from services.domain.disbursement import Movement
from services.domain.money import Money
from services.domain.plan import BaselineSchedule
from services.domain.validation import Fact
from services.runtime.postgres import Cursor


class Total(BaseModel):
    """The sum of the amounts as stated, of one fund source: for comparison with the sender's own total."""

    fund_source: str
    currency: str
    minor_units: int


class Receipt(BaseModel):
    """What became of a request: every event in it is in the log and in the journal, once."""

    receipt_id: UUID | None = Field(description="Null for a dry run, which leaves nothing behind.")
    kind: str = Field(description="What was sent.")
    received_at: datetime
    new: int = Field(description="Events accepted for the first time.")
    duplicate: int = Field(description="Events accepted before with the same content: nothing changes.")
    conflicting: int = Field(
        description="Events accepted before with other content: passed on for an officer to decide."
    )
    event_ids: list[UUID] = Field(description="The id of every event, in the order sent.")
    totals: list[Total] = Field(description="Sums of the amounts as stated, by fund source; curves left out.")
    file_name: str | None = None
    file_sha256: str | None = None
    rows_read: int | None = Field(None, description="Rows of the file that were read.")
    dry_run: bool = False
    warnings: list[str] = Field(default_factory=list, description="What was read with a remark.")


def totals(facts: Iterable[Fact]) -> list[Total]:
    """Sums by fund source and currency, sorted. Unsigned, as a file's own total line is."""
    sums: Counter[tuple[str, str]] = Counter()
    for fact in facts:
        if isinstance(fact, BaselineSchedule):
            continue
        amount = _stated_amount(fact)
        sums[fact.fund_source, amount.currency] += amount.minor_units
    return [
        Total(fund_source=fund_source, currency=currency, minor_units=minor_units)
        for (fund_source, currency), minor_units in sorted(sums.items())
    ]


def _stated_amount(fact: Fact) -> Money:
    match fact:
        case BaselineSchedule():
            raise TypeError("a curve states no single amount")
        case _ if isinstance(fact, Movement) or hasattr(fact, "amount"):
            return fact.amount
        case _:
            return fact.cumulative


def add(cursor: Cursor, receipt: Receipt) -> None:
    """Keep the receipt, in the transaction of the journal rows it speaks of."""
    cursor.execute(
        "INSERT INTO ingest.receipt (receipt_id, received_at, kind, file_name, file_sha256, body)"
        " VALUES (%s, %s, %s, %s, %s, %s)",
        (
            receipt.receipt_id,
            receipt.received_at,
            receipt.kind,
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
